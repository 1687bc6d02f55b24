"""Null wirings: what each keeps is equal, what it shuffles differs, one generator, one result."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuroloom.connectome import (
    NULLS,
    Connectome,
    erdos_renyi,
    rewire,
    rewire_within_type,
    shuffle_signs,
    shuffle_weights,
)
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of, random_connectome

seeds = st.integers(0, 1000)


def generator(seed):
    return np.random.default_rng(seed)


def degrees(connectome):
    """In- and out-degree by kind and sign, electrical partners by kind; counted row by row."""
    found = Counter()
    for pre, post, kind, _, sign in edges_of(connectome):
        found["electrical" if kind == 1 else "out", kind, sign, pre] += 1
        found["electrical" if kind == 1 else "in", kind, sign, post] += 1
    return found


def counts(connectome):
    found = defaultdict(list)
    for *_, kind, count, sign in edges_of(connectome):
        found[kind, sign].append(count)
    return {block: sorted(values) for block, values in found.items()}


def sent(connectome):
    found = defaultdict(list)
    for pre, _, kind, count, sign in edges_of(connectome):
        if kind != 1:
            found[pre, kind, sign].append(count)
    return {sender: sorted(values) for sender, values in found.items()}


def between_types(connectome):
    type_of = dict(
        zip(connectome.neuron_id.tolist(), connectome.column("cell_type").tolist(), strict=True)
    )
    found = Counter()
    for pre, post, kind, _, sign in edges_of(connectome):
        ends = type_of[pre], type_of[post]
        found[tuple(sorted(ends)) if kind == 1 else ends, kind, sign] += 1
    return found


def loops(connectome):
    return sorted(row for row in edges_of(connectome) if row[0] == row[1])


def typed(connectome, seed=0):
    types = generator(seed).choice(["A", "B"], connectome.n_neurons)
    return replace(connectome, neurons={"cell_type": types})


def overlap(one, two):
    ends = [{row[:3] for row in edges_of(c)} for c in (one, two)]
    return len(ends[0] & ends[1]) / len(ends[0])


@settings(max_examples=80)
@given(connectomes(), seeds)
def test_rewiring_keeps_every_in_and_out_degree_per_kind_and_sign(connectome, seed):
    made = rewire(connectome, rng=generator(seed))
    assert degrees(made) == degrees(connectome)
    assert sent(made) == sent(connectome)
    assert counts(made) == counts(connectome)
    assert loops(made) == loops(connectome)
    assert_same(made, connectome, but=("pre", "post", "audit"))
    assert made.audit[:-1] == connectome.audit


@settings(max_examples=80)
@given(connectomes(), seeds)
def test_rewiring_within_type_keeps_degrees_and_connections_between_types(connectome, seed):
    connectome = typed(connectome, seed)
    made = rewire_within_type(connectome, rng=generator(seed))
    assert degrees(made) == degrees(connectome)
    assert between_types(made) == between_types(connectome)
    assert sent(made) == sent(connectome)
    assert_same(made, connectome, but=("pre", "post", "audit"))


@settings(max_examples=80)
@given(connectomes(), seeds)
def test_shuffling_weights_keeps_connections_and_the_counts_of_each_kind_and_sign(connectome, seed):
    made = shuffle_weights(connectome, rng=generator(seed))
    assert counts(made) == counts(connectome)
    assert_same(made, connectome, but=("count", "audit"))


@settings(max_examples=80)
@given(connectomes(dale=True), seeds)
def test_shuffling_signs_keeps_dale_and_the_numbers_of_senders(connectome, seed):
    made = shuffle_signs(connectome, rng=generator(seed))
    assert_same(made, connectome, but=("sign", "audit"))
    for c in (made, connectome):
        assert c.obeys_dale
    senders = [
        Counter({pre: sign for pre, _, kind, _, sign in edges_of(c) if kind != 1}.values())
        for c in (made, connectome)
    ]
    assert senders[0] == senders[1]


@settings(max_examples=80)
@given(connectomes(), seeds)
def test_erdos_renyi_keeps_density_signs_and_counts_and_makes_no_self_connection(connectome, seed):
    try:
        made = erdos_renyi(connectome, rng=generator(seed))
    except InputError:
        places, wanted = Counter(), Counter()
        ends = defaultdict(lambda: (set(), set()))
        for pre, post, kind, _, sign in edges_of(connectome):
            ends[kind, sign][0].update([pre, post] if kind == 1 else [pre])
            ends[kind, 9][1].update([pre, post] if kind == 1 else [post])
            wanted[kind, sign] += 1
        tight = False
        for kind, sign in wanted:
            out, into = ends[kind, sign][0], ends[kind, 9][1]
            places = {
                tuple(sorted((a, b))) if kind == 1 else (a, b) for a in out for b in into if a != b
            }
            others = sum(n for (k, s), n in wanted.items() if k == kind and s != sign)
            tight |= len(places) < wanted[kind, sign] + others
        assert tight
        return
    numbers = [
        Counter((kind, sign) for *_, kind, _, sign in edges_of(c)) for c in (made, connectome)
    ]
    assert numbers[0] == numbers[1]
    assert counts(made) == counts(connectome)
    assert loops(made) == []
    for c in (made, connectome):
        assert len({row[:3] for row in edges_of(c)}) == c.n_connections
    senders = [{(r[0], r[2], r[4]) for r in edges_of(c) if r[2] != 1} for c in (made, connectome)]
    assert senders[0] <= senders[1]
    assert made.obeys_dale or not connectome.obeys_dale
    receivers = [{(r[1], r[2]) for r in edges_of(c) if r[2] != 1} for c in (made, connectome)]
    assert receivers[0] <= receivers[1]
    assert_same(made, connectome, but=("pre", "post", "count", "audit"))


@pytest.mark.parametrize("name", NULLS)
@settings(max_examples=20)
@given(connectome=connectomes(dale=True, loops=False), seed=seeds)
def test_the_same_generator_gives_the_same_null(name, connectome, seed):
    connectome = typed(connectome)
    try:
        made = [NULLS[name](connectome, rng=generator(seed)) for _ in range(2)]
    except InputError:
        assume(False)
    assert_same(*made)


@pytest.fixture(scope="module")
def large():
    return random_connectome(150, 1500, generator(0))


@pytest.mark.parametrize("name", NULLS)
def test_what_a_null_destroys_differs_and_other_generators_differ(name, large):
    one, two = (NULLS[name](large, rng=generator(seed)) for seed in (1, 2))
    what = {"shuffle_weights": "count", "shuffle_signs": "sign"}.get(name, "post")
    for a, b in ((one, large), (two, large), (one, two)):
        assert (getattr(a, what) != getattr(b, what)).mean() > 0.2
    assert one.audit[-1].startswith("null wiring: ")
    assert one.audit[-1] != two.audit[-1] or what == "post"


@pytest.mark.parametrize("null", [rewire, erdos_renyi])
def test_few_connections_survive_a_rewiring(null, large):
    """At 6 % density chance alone leaves some: about that share of the directed ones."""
    assert overlap(large, null(large, rng=generator(1))) < 0.2
    electrical = large.of_kind("electrical")
    assert overlap(electrical, null(electrical, rng=generator(1))) < 0.2


def test_rewiring_within_type_mixes_within_types(large):
    assert overlap(large, rewire_within_type(large, rng=generator(1))) < 0.5


def test_rewiring_reaches_every_wiring_of_a_ring_about_equally_often():
    """Four neurons in a ring: nine wirings without a self-connection, of which each comes up."""
    ring = Connectome(
        np.array(["a", "b", "c", "d"]),
        *(np.array(x) for x in ([0, 1, 2, 3], [1, 2, 3, 0], [0] * 4, [1, 2, 3, 4], [1] * 4)),
    )
    found = Counter(tuple(rewire(ring, rng=generator(seed)).post.tolist()) for seed in range(600))
    assert len(found) == 9  # derangements of four
    assert max(found.values()) < 2 * min(found.values())


def test_erdos_renyi_fills_even_the_densest_graph():
    n = 30
    pre, post = np.nonzero(~np.eye(n, dtype=bool))
    full = Connectome(
        np.arange(n),
        pre,
        post,
        np.zeros(pre.size, int),
        np.arange(pre.size),
        np.ones(pre.size, int),
    )
    made = erdos_renyi(full, rng=generator(0))
    assert {row[:2] for row in edges_of(made)} == {row[:2] for row in edges_of(full)}


def test_erdos_renyi_hits_all_places_equally():
    sparse = random_connectome(12, 30, generator(3)).of_kind("chemical")
    signs = replace(sparse, sign=np.ones_like(sparse.sign))
    hits = Counter(
        r[:2] for s in range(400) for r in edges_of(erdos_renyi(signs, rng=generator(s)))
    )
    senders, receivers = ({r[end] for r in edges_of(signs)} for end in (0, 1))
    places = {(a, b) for a in senders for b in receivers if a != b}
    assert set(hits) == places
    expected = 400 * signs.n_connections / len(places)
    assert max(abs(n - expected) for n in hits.values()) < 5 * expected**0.5


def test_erdos_renyi_repeats_no_place_where_a_neuron_sends_several_signs():
    rng = generator(0)
    places = rng.permutation(60 * 60)[:700]
    pre, post, sign = places // 60, places % 60, rng.integers(-1, 2, 700)
    mixed = Connectome(np.arange(60), pre, post, np.zeros(700, int), np.ones(700, int), sign)
    made = erdos_renyi(mixed, rng=rng)
    assert len({row[:2] for row in edges_of(made)}) == 700


def test_a_graph_without_places_is_answered_with_a_way_out():
    loop = Connectome(np.array(["a"]), *(np.array([x]) for x in (0, 0, 0, 1, 1)))
    with pytest.raises(InputError, match=r"offer 0\. Use `rewire` instead"):
        erdos_renyi(loop, rng=generator(0))


def test_signs_of_a_neuron_that_sends_both_are_not_shuffled():
    both = Connectome(
        np.array(["a", "b", "c"]),
        *(np.array(x) for x in ([0, 0], [1, 2], [0, 0], [1, 1], [1, -1])),
    )
    with pytest.raises(InputError, match="Resolve signs with a rule"):
        shuffle_signs(both, rng=generator(0))


def test_within_type_needs_the_column(a_to_b):
    with pytest.raises(InputError, match="must have a neuron column `cell_type`"):
        rewire_within_type(a_to_b, rng=generator(0))


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_a_null_of_a_million_connections_keeps_how_many_there_are_of_each_kind(name):
    large = random_connectome(20_000, 1_000_000, generator(0))
    made = NULLS[name](large, rng=generator(1))
    assert np.array_equal(np.bincount(made.kind), np.bincount(large.kind))
    moved = made.pre * made.n_neurons + made.post != large.pre * large.n_neurons + large.post
    changed = moved | (made.count != large.count) | (made.sign != large.sign)
    assert changed.mean() > 0.3
