"""Connectomes for tests: a Hypothesis strategy, a large one, and equality of everything in them."""

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from neuroloom.connectome import COUNT_UNITS, Connectome

words = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,5}", fullmatch=True).map(lambda s: f"c{s}")
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"))
large_ids = st.integers(10**17, 10**18 - 1)


@st.composite
def connectomes(draw, dale=False, loops=True, kinds=(0, 1, 2), max_neurons=7):
    """Any connectome: all kinds, mixed and unknown signs, self-connections, ids of 18 digits.

    With `dale`, every neuron sends one sign.
    """
    n = draw(st.integers(1, max_neurons))
    ids = draw(
        st.lists(draw(st.sampled_from([words, large_ids])), min_size=n, max_size=n, unique=True)
    )
    codes = draw(st.sets(st.integers(0, n * n * len(kinds) - 1), max_size=20))
    rows = [(c // n % n, c % n, kinds[c // (n * n)]) for c in codes]
    rows = [(min(a, b), max(a, b), k) if k == 1 else (a, b, k) for a, b, k in rows]
    rows = [row for row in dict.fromkeys(rows) if loops or row[0] != row[1]]
    pre, post, kind = np.array(rows, np.int64).reshape(-1, 3).T
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = len(rows)
    own = rng.integers(-1, 2, n)
    sign = own[pre] if dale else rng.integers(-1, 2, size)
    unit = draw(st.sampled_from(COUNT_UNITS))
    count = rng.uniform(0, 1e6, size) if unit == "mean_synapses" else rng.integers(0, 10**6, size)
    note = draw(st.lists(texts, min_size=1, max_size=3))
    columns = {
        "cell_type": rng.choice(["A", "B"], n),
        "node_kind": rng.choice(["neuron", "muscle"], n),
        "note": rng.choice([text[:9] for text in note], n),
        "x_nm": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n) * 1e5),
        "group": 10**17 + rng.integers(0, 10**17, n),
        "traced": rng.random(n) < 0.5,
        "code": np.array([f"0{i}" for i in range(n)]),
    }
    return Connectome(
        neuron_id=np.array(ids),
        pre=pre,
        post=post,
        kind=kind,
        count=count,
        sign=np.where(kind == 1, 0, sign),
        count_unit=unit,
        neurons={name: columns[name] for name in draw(st.sets(st.sampled_from(sorted(columns))))},
        name=draw(st.sampled_from(["", "a worm", 'odd, "name"\n'])),
        audit=tuple(draw(st.lists(texts, max_size=2))),
    )


def random_connectome(n_neurons, n_connections, rng):
    """Many chemical and some electrical connections, with Dale's law and types."""
    share = n_connections // 10
    pre, post = rng.integers(n_neurons, size=(2, 2 * n_connections))
    directed = np.unique(pre * n_neurons + post)
    directed = rng.permutation(directed)[: n_connections - share]
    a, b = rng.integers(n_neurons, size=(2, 4 * share + 16))
    low, high = np.minimum(a, b), np.maximum(a, b)
    undirected = rng.permutation(np.unique(low * n_neurons + high))[:share]
    both = np.r_[directed, undirected]
    kind = np.repeat([0, 1], [directed.size, undirected.size])
    own = rng.choice([-1, 1], n_neurons)
    pre, post = both // n_neurons, both % n_neurons
    return Connectome(
        neuron_id=720575940600000000 + np.arange(n_neurons),
        pre=pre,
        post=post,
        kind=kind,
        count=rng.integers(1, 100, both.size),
        sign=np.where(kind == 1, 0, own[pre]),
        neurons={"cell_type": rng.choice(list("ABCDEFGH"), n_neurons)},
    )


def edges_of(connectome):
    """Each connection as a plain row; an oracle without NumPy indexing."""
    names = connectome.neuron_id.tolist()
    return [
        (names[a], names[b], k, c, s)
        for a, b, k, c, s in zip(
            *(getattr(connectome, f).tolist() for f in ("pre", "post", "kind", "count", "sign")),
            strict=True,
        )
    ]


def assert_same(one, two, *, but=()):
    """Every field is equal, NaN to NaN, with the same types."""
    for field in fields(Connectome):
        if field.name in but:
            continue
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype.kind == b.dtype.kind, field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)
        elif hasattr(a, "items"):
            assert set(a) == set(b), field.name
            for name, values in a.items():
                assert values.dtype.kind == b[name].dtype.kind, name
                np.testing.assert_array_equal(values, b[name], err_msg=name)
        else:
            assert a == b, field.name
