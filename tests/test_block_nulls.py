"""Null wirings by block: what each keeps is equal, what it shuffles differs, broken ones refused.

What is kept is counted row by row here, in plain Python, apart from the checks of the package.
"""

import functools
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom.connectome import BLOCK_NULLS, Connectome
from neuroloom.connectome.block_nulls import (
    block_distances,
    block_model,
    blocks,
    erdos_renyi_blocks,
    own_signs,
    permute_weights,
    promises,
    rewire_blocks,
    rewire_gap_junctions,
    with_group,
)
from neuroloom.datasets import connectome
from neuroloom.errors import InputError, SimulationError
from strategies import assert_same, connectomes

seeds = st.integers(0, 1000)
ELECTRICAL = 1
CIRCUITS = ("worm-motor", "worm-motor-segments")
REWIRED = ("rewire_blocks", "rewire_gap_junctions")
DRAWN = ("block_model", "erdos_renyi_blocks")


@functools.cache
def motor_circuit(name="worm-motor"):
    return connectome(name)


def generator(seed):
    return np.random.default_rng(seed)


def rows(connectome, by):
    """(sender, receiver, kind, sign, count, block) of every connection."""
    group = connectome.column(by).tolist()
    fields = (getattr(connectome, f).tolist() for f in ("pre", "post", "kind", "sign", "count"))
    for a, b, kind, sign, count in zip(*fields, strict=True):
        ends = (group[a], group[b])
        yield a, b, kind, sign, count, (kind, sign, *(sorted(ends) if kind == 1 else ends))


def degrees(connectome, by):
    found = Counter()
    for a, b, kind, _, _, block in rows(connectome, by):
        found["partner" if kind == ELECTRICAL else "sends", a, block] += 1
        found["partner" if kind == ELECTRICAL else "receives", b, block] += 1
    return found


def sizes(connectome, by):
    return Counter(block for *_, block in rows(connectome, by))


def counts(connectome, by):
    return Counter((block, count) for *_, count, block in rows(connectome, by))


def sent(connectome, by):
    found = defaultdict(Counter)
    for a, _, kind, _, count, block in rows(connectome, by):
        if kind != ELECTRICAL:
            found[a][block, count] += 1
    return found


def places(connectome):
    return [row[:3] for row in rows(connectome, "node_kind")]


def loops(connectome):
    return Counter(place for place in places(connectome) if place[0] == place[1])


def kind_rows(connectome, electrical):
    return [r for r in rows(connectome, "node_kind") if (r[2] == ELECTRICAL) == electrical]


def signs_of_senders(connectome):
    found = defaultdict(set)
    for a, _, kind, sign, *_ in rows(connectome, "node_kind"):
        if kind != ELECTRICAL:
            found[a].add(sign)
    return found


def with_groups(connectome, seed):
    rng = generator(seed)
    n = connectome.n_neurons
    return replace(
        connectome,
        neurons={
            "cell_type": rng.choice(["A", "B"], n),
            "node_kind": rng.choice(["neuron", "muscle"], n),
        },
    )


def check(name, connectome, made, by):
    """Everything that the null promises, by the oracles above."""
    assert len(set(places(made))) == made.n_connections == connectome.n_connections
    assert sizes(made, by) == sizes(connectome, by)
    assert loops(made) == loops(connectome)
    assert counts(made, by) == counts(connectome, by)
    still = name != "rewire_gap_junctions"  # which kinds are left alone
    assert kind_rows(made, still) == kind_rows(connectome, still)
    if name in REWIRED:
        assert degrees(made, by) == degrees(connectome, by)
        assert sent(made, by) == sent(connectome, by)
    if name == "permute_weights":
        assert places(made) == places(connectome)
        assert np.array_equal(made.sign, connectome.sign)
    if name in DRAWN:
        was, now = signs_of_senders(connectome), signs_of_senders(made)
        assert all(len(signs) == 1 for signs in now.values())
        assert all(now[a] == was[a] for a in now if a in was)


@pytest.mark.parametrize("name", [name for name in BLOCK_NULLS if name != "shuffle_signs"])
@pytest.mark.parametrize("by", ["cell_type", "node_kind"])
@settings(max_examples=25)
@given(connectome=connectomes(dale=True), seed=seeds)
def test_a_null_by_block_keeps_what_it_says(name, by, connectome, seed):
    connectome = with_groups(connectome, seed)
    made = BLOCK_NULLS[name](connectome, rng=generator(seed), by=by)
    check(name, connectome, made, by)
    assert_same(made, connectome, but=("pre", "post", "count", "audit"))
    assert made.audit[:-1] == connectome.audit
    again = BLOCK_NULLS[name](connectome, rng=generator(seed), by=by)
    assert_same(made, again)


@pytest.mark.parametrize("which", CIRCUITS)
@pytest.mark.parametrize("name", [name for name in BLOCK_NULLS if name != "shuffle_signs"])
def test_nulls_of_the_motor_circuits_keep_what_they_say_and_differ(name, which):
    circuit = motor_circuit(which)
    by = "cell_type" if name == "block_model" else "node_kind"
    one, two = (BLOCK_NULLS[name](circuit, rng=generator(seed)) for seed in (1, 2))
    for made in (one, two):
        check(name, circuit, made, by)
        assert made.obeys_dale
        assert made.audit[-1].startswith("null wiring: ")
    moved = circuit.kind == ELECTRICAL if name == "rewire_gap_junctions" else circuit.kind != 1
    what = "count" if name == "permute_weights" else "post"
    for a, b in ((one, circuit), (two, circuit), (one, two)):
        assert (getattr(a, what) != getattr(b, what))[moved].mean() > 0.4


def test_the_motor_circuit_has_the_blocks_of_its_release():
    """Cook 2019: pairs of gap junctions are stored once (239 and 192 entries are 121 and 96)."""
    found = {
        b.name: (b.inside.size, motor_circuit().count[b.inside].sum())
        for b in blocks(motor_circuit())
    }
    assert found == {
        "chemical +, neuron -> neuron": (348, 2337),
        "chemical -, neuron -> neuron": (53, 145),
        "electrical, neuron - neuron": (121, 408),
        "electrical, muscle - neuron": (4, 7),
        "electrical, muscle - muscle": (96, 1427),
        "neuromuscular +, neuron -> muscle": (363, 1399),
        "neuromuscular -, neuron -> muscle": (121, 609),
    }


@pytest.mark.parametrize("name", ["rewire_blocks", "rewire_gap_junctions", *DRAWN])
def test_nulls_of_the_motor_circuit_mix_well_in_every_large_block(name):
    """By chance alone a share `density` of a block would stay; hubs add some."""
    circuit = motor_circuit()
    made = BLOCK_NULLS[name](circuit, rng=generator(3))
    for found in block_distances(circuit, made):
        moved = found.block.startswith("electrical") == (name == "rewire_gap_junctions")
        if not moved:
            assert found.new == found.recounted == 0
        elif found.n_connections > 50:
            assert 0.75 < found.new <= 1


def test_twenty_rounds_are_as_far_as_four_hundred():
    def new(n_rounds):
        made = [
            rewire_blocks(motor_circuit(), rng=generator(s), n_rounds=n_rounds) for s in range(6)
        ]
        return np.mean([[d.new for d in block_distances(motor_circuit(), m)] for m in made], axis=0)

    np.testing.assert_allclose(new(20), new(200), atol=0.06)


def test_the_audit_says_how_many_exchanges_were_made():
    said = rewire_blocks(motor_circuit(), rng=generator(0)).audit[-1]
    assert "of 885 connections are new" in said
    assert "offered exchanges were made" in said


def test_exchanges_reach_every_wiring_of_given_degrees_equally_often():
    """Three senders with 2, 1, 1 connections to three receivers with 2, 1, 1: five wirings, which
    a chi-square finds equally frequent."""
    pre, post = np.array([0, 0, 1, 2]), np.array([3, 4, 3, 5])
    small = Connectome(
        np.arange(6),
        pre,
        post,
        np.zeros(4, int),
        np.ones(4, int),
        np.ones(4, int),
        neurons={"node_kind": np.repeat(["neuron", "muscle"], 3)},
    )
    senders = ((0, 0, 1, 2),)
    possible = {
        frozenset(zip(senders[0], ends, strict=True))
        for ends in np.stack(np.meshgrid(*[[3, 4, 5]] * 4), -1).reshape(-1, 4).tolist()
        if sorted(ends) == [3, 3, 4, 5] and len(set(zip(senders[0], ends, strict=True))) == 4
    }
    draws = [rewire_blocks(small, rng=generator(seed), n_rounds=12) for seed in range(400)]
    found = Counter(frozenset(zip(m.pre.tolist(), m.post.tolist(), strict=True)) for m in draws)
    assert set(found) == possible
    expected = 400 / len(possible)
    chi2 = sum((n - expected) ** 2 / expected for n in found.values())
    assert chi2 < 18.5  # 0.1 % of chi-square with 4 degrees of freedom


def test_erdos_renyi_hits_all_places_of_a_sign_equally_often_and_no_other():
    """Two + and one - senders; each place of its sign is hit about equally often over draws."""
    ends = np.array([(0, 3), (0, 4), (1, 3), (2, 5)])
    small = Connectome(
        np.arange(7),
        ends[:, 0],
        ends[:, 1],
        np.full(4, 2),
        np.array([1, 2, 3, 4]),
        np.array([1, 1, 1, -1]),
        neurons={"node_kind": np.repeat(["neuron", "muscle"], [3, 4])},
    )
    hits = Counter()
    for seed in range(400):
        made = erdos_renyi_blocks(small, rng=generator(seed))
        hits.update(zip(made.pre.tolist(), made.post.tolist(), made.sign.tolist(), strict=True))
    excited = [hits[a, b, 1] for a in (0, 1) for b in range(3, 7)]
    inhibited = [hits[2, b, -1] for b in range(3, 7)]
    assert (sum(excited), sum(inhibited)) == (1200, 400)
    assert max(abs(n - 150) for n in excited) < 50
    assert max(abs(n - 100) for n in inhibited) < 45


def test_the_class_model_forgets_which_cell_of_a_class_sends_but_not_which_class():
    """DB to muscle is 7 cells; the model gives each about as many, the animal does not."""
    circuit = motor_circuit()
    kinds = circuit.column("cell_type")
    out = np.zeros(circuit.n_neurons)
    for seed in range(20):
        made = block_model(circuit, rng=generator(seed))
        out += np.bincount(made.pre[made.kind == 2], minlength=circuit.n_neurons) / 20
    for cls in ("DB", "VD"):
        cells = kinds == cls
        was = np.bincount(circuit.pre[circuit.kind == 2], minlength=circuit.n_neurons)[cells]
        assert out[cells].sum() == pytest.approx(was.sum())
        assert out[cells].std() < 0.5 * was.std()


def test_a_null_can_keep_which_sides_and_segments_connect():
    """By kind alone half of the muscles are on the wrong side and one in six at the right place."""

    def kept(circuit, column):
        directed = circuit.kind == 2
        at = circuit.column(column)
        return (at[circuit.pre] == at[circuit.post])[directed].mean()

    circuit = motor_circuit("worm-motor-segments")
    loose = rewire_blocks(circuit, rng=generator(0))
    for column in ("side_dv", "segment"):
        assert kept(loose, column) < 0.7
        assert kept(circuit, column) > 0.8
        grouped = with_group(circuit, "node_kind", column)
        for null in (rewire_blocks, erdos_renyi_blocks):
            made = null(grouped, rng=generator(0), by="group")
            check(null.__name__, grouped, made, "group")
            assert kept(made, column) == kept(circuit, column)
            assert (made.post != circuit.post)[circuit.kind != 1].mean() > 0.3


def test_a_silent_cell_may_send_what_its_class_sends_only_if_that_is_one_sign():
    def made(sign_of_second):
        three = Connectome(
            np.arange(5),
            np.array([0, 1]),
            np.array([3, 4]),
            np.array([2, 2]),
            np.array([1, 1]),
            np.array([1, sign_of_second]),
            neurons={
                "cell_type": np.array(["X", "X", "X", "M", "M"]),
                "node_kind": np.array(["neuron"] * 3 + ["muscle"] * 2),
            },
        )
        drawn = [block_model(three, rng=generator(s)) for s in range(30)]
        return {a for m in drawn for a in m.pre.tolist()}

    assert made(1) == {0, 1, 2}
    assert made(-1) == {0, 1}


def test_wrong_nulls_are_refused_with_what_they_broke():
    """Each promise meets a wiring that breaks it and nothing else that it checks."""
    circuit = motor_circuit()
    directed = np.flatnonzero(circuit.kind == 2)
    plus = directed[circuit.sign[directed] == 1]
    elsewhere = circuit.post.copy()
    free = np.setdiff1d(
        np.unique(circuit.post[plus]), circuit.post[circuit.pre == circuit.pre[plus[0]]]
    )
    elsewhere[plus[0]] = free[0]
    moved = replace(circuit, post=elsewhere)
    louder = replace(circuit, count=circuit.count + (np.arange(circuit.n_connections) == plus[0]))
    flipped = circuit.sign.copy()
    flipped[plus[0]] = -1
    mixed = replace(circuit, sign=flipped)
    turned = replace(
        circuit, sign=np.where(circuit.pre == circuit.pre[plus[0]], -circuit.sign, circuit.sign)
    )
    fewer = circuit.select(np.arange(circuit.n_neurons) < circuit.n_neurons - 1)
    own = circuit.post.copy()
    chemical = np.flatnonzero((circuit.kind == 0) & (circuit.pre != circuit.post))[0]
    own[chemical] = circuit.pre[chemical]
    looped = replace(circuit, post=own)
    wide = np.zeros(circuit.n_connections, bool)
    wide[plus] = True
    swapped = circuit.count.copy()
    other = plus[(circuit.pre[plus] != circuit.pre[plus[0]]) & (swapped[plus] != swapped[plus[0]])]
    swapped[[plus[0], other[0]]] = swapped[[other[0], plus[0]]]
    dealt = replace(circuit, count=swapped)
    promises.keeps_counts(circuit, dealt, "node_kind")
    for broken, rule in (
        (lambda: promises.keeps_degrees(circuit, moved, "node_kind"), "in- and out-degree"),
        (lambda: promises.keeps_counts(circuit, louder, "node_kind"), "counts that occur"),
        (lambda: promises.keeps_sent_counts(circuit, dealt, "node_kind"), "every node sends"),
        (lambda: promises.keeps_block_sizes(circuit, mixed, "node_kind"), "of every block"),
        (lambda: promises.keeps_senders_signs(circuit, turned), "sign that every node sends"),
        (lambda: promises.keeps_nodes(circuit, fewer), "every node and its columns"),
        (lambda: promises.keeps_nodes(circuit, circuit.of_kind("chemical")), "none merged"),
        (lambda: promises.keeps_self_connections(circuit, looped), "make no new one"),
        (lambda: promises.keeps_connections_of(circuit, louder, wide), "leaves alone"),
        (lambda: promises.keeps_ends(circuit, moved), "the ends, kind and sign"),
    ):
        with pytest.raises(SimulationError, match=rule):
            broken()
    with pytest.raises(InputError, match="Resolve signs with a rule"):
        own_signs(mixed)


def test_a_null_that_needs_dale_refuses_neurons_of_several_signs():
    circuit = motor_circuit()
    sign = np.where(np.arange(circuit.n_connections) == 0, -circuit.sign, circuit.sign)
    mixed = replace(circuit, sign=sign)
    assert not mixed.obeys_dale
    for null in (block_model, erdos_renyi_blocks):
        with pytest.raises(InputError, match="Resolve signs with a rule"):
            null(mixed, rng=generator(0))


def test_a_missing_column_and_other_nodes_are_answered(a_to_b):
    for null in (rewire_blocks, rewire_gap_junctions, block_model, permute_weights):
        with pytest.raises(InputError, match="must have a neuron column `cell_tipe`"):
            null(a_to_b, rng=generator(0), by="cell_tipe")
    for wrong in (lambda: with_group(a_to_b), lambda: with_group(a_to_b, "x", name="node_kind")):
        with pytest.raises(InputError, match="choose a `name` that is not taken"):
            wrong()
    with pytest.raises(InputError, match="Compare with the wiring that it was made from"):
        block_distances(a_to_b, motor_circuit())
