"""Connectome errors: what each changes, what it keeps, and how often."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom.connectome import (
    Connectome,
    with_missing_connections,
    with_spurious_connections,
    with_weight_noise,
)
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of

seeds = st.integers(0, 1000)
LONG_ID = 720575940621039145


def generator(seed):
    return np.random.default_rng(seed)


def random_wiring(n=60, density=0.3, loops=True, seed=1):
    """Signs by sender, fractional counts, ids that no float can hold."""
    rng = generator(seed)
    present = rng.random((n, n)) < density
    if not loops:
        np.fill_diagonal(present, False)
    post, pre = np.nonzero(present)
    return Connectome(
        neuron_id=LONG_ID + np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(pre.size, int),
        count=rng.uniform(0.5, 2.0, pre.size),
        sign=rng.choice([1, -1], n)[pre],
        count_unit="mean_synapses",
    )


@settings(max_examples=50)
@given(connectomes(), seeds, st.floats(0, 2))
def test_noise_keeps_who_connects_to_whom_and_leaves_gap_junctions_alone(connectome, seed, sd):
    connectome = replace(connectome, count_unit="mean_synapses")
    made = with_weight_noise(connectome, sd, rng=generator(seed))
    assert_same(made, connectome, but=("count", "sign", "audit"))
    gap = connectome.kind == 1
    np.testing.assert_array_equal(made.count[gap], connectome.count[gap])
    np.testing.assert_array_equal(np.abs(made.sign), np.abs(connectome.sign))
    flipped = int((made.sign != connectome.sign).sum())
    assert f"{flipped} of them changed sign" in made.audit[-1]


def test_noise_is_relative_to_each_weight_and_has_the_stated_spread():
    true = random_wiring(200)
    made = with_weight_noise(true, 0.1, rng=generator(0))
    relative = made.count * made.sign / (true.count * true.sign) - 1
    assert relative.std() == pytest.approx(0.1, rel=0.03)
    assert abs(relative.mean()) < 0.005
    assert abs(np.corrcoef(np.abs(relative), true.count)[0, 1]) < 0.03


def test_a_weight_that_noise_turns_over_changes_its_sign_and_not_its_place():
    true = random_wiring(100)
    made = with_weight_noise(true, 1.0, rng=generator(0))
    share = (made.sign != true.sign).mean()
    assert share == pytest.approx(0.159, abs=0.02)  # P(xi < -1)
    assert (made.count >= 0).all()


def test_noise_of_zero_changes_nothing():
    true = random_wiring()
    assert_same(with_weight_noise(true, 0.0, rng=generator(0)), true, but=("audit",))


def test_noise_on_whole_counts_says_that_they_became_fractions(a_to_b):
    made = with_weight_noise(a_to_b, 0.1, rng=generator(0))
    assert made.count_unit == "mean_synapses"
    assert made.count[0] != 2


def test_noise_on_sections_is_refused_with_the_way_out(a_to_b):
    sections = replace(a_to_b, count_unit="em_sections")
    with pytest.raises(InputError, match="say so first with"):
        with_weight_noise(sections, 0.1, rng=generator(0))


@settings(max_examples=80)
@given(connectomes(), seeds, st.floats(0, 1))
def test_spurious_connections_come_on_top_of_all_that_was_there(connectome, seed, probability):
    made = with_spurious_connections(connectome, probability, rng=generator(seed))
    n = connectome.n_connections
    for name in ("pre", "post", "kind", "count", "sign"):
        np.testing.assert_array_equal(getattr(made, name)[:n], getattr(connectome, name))
    assert_same(made, connectome, but=("pre", "post", "kind", "count", "sign", "audit"))
    own = {}
    for pre, _, kind, count, sign in edges_of(connectome):
        if kind == 0 and count > 0:
            own.setdefault(pre, set()).add((count, sign))
    is_neuron = dict(zip(connectome.neuron_id.tolist(), connectome.is_neuron, strict=True))
    was = {row[:3] for row in edges_of(connectome)}
    for pre, post, kind, count, sign in edges_of(made):
        if (pre, post, kind) not in was:
            assert kind == 0
            assert (count, sign) in own[pre]
            assert is_neuron[post]


@given(connectomes(loops=False, kinds=(0,)), seeds)
def test_with_probability_one_every_absent_pair_of_a_sender_is_filled(connectome, seed):
    made = with_spurious_connections(connectome, 1.0, rng=generator(seed))
    senders = np.unique(connectome.pre[connectome.count > 0])
    neurons = np.flatnonzero(connectome.is_neuron)
    wanted = {(a, b) for a in senders for b in neurons if a != b}
    there = set(zip(made.pre.tolist(), made.post.tolist(), strict=True))
    assert wanted <= there
    assert not (made.pre == made.post).any()


def test_absent_pairs_are_drawn_equally_often_and_independently():
    true = random_wiring(12, density=0.4)
    absent = np.ones((12, 12), bool)
    absent[true.post, true.pre] = False
    drawn = np.zeros((12, 12))
    n_new = []
    for seed in range(600):
        made = with_spurious_connections(true, 0.2, rng=generator(seed))
        new = slice(true.n_connections, None)
        drawn[made.post[new], made.pre[new]] += 1
        n_new.append(made.pre[new].size)
    assert (drawn[~absent] == 0).all()
    assert drawn[absent].mean() / 600 == pytest.approx(0.2, abs=0.01)
    assert np.abs(drawn[absent] / 600 - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 600)
    assert np.var(n_new) == pytest.approx(0.2 * 0.8 * absent.sum(), rel=0.2)


def test_without_self_connections_none_is_added_and_with_them_they_are_offered():
    for loops in (False, True):
        true = random_wiring(40, loops=loops)
        made = with_spurious_connections(true, 0.5, rng=generator(0))
        new = slice(true.n_connections, None)
        assert (made.pre[new] == made.post[new]).any() == loops


def test_a_neuron_that_sends_nothing_gets_nothing_and_is_counted(a_to_b):
    made = with_spurious_connections(a_to_b, 1.0, rng=generator(0))
    assert made.n_connections == 1
    assert "1 neurons send nothing chemical and got none" in made.audit[-1]


def test_signs_by_sender_survive_spurious_connections():
    made = with_spurious_connections(random_wiring(), 0.3, rng=generator(0))
    assert made.obeys_dale
    assert made.neuron_id[0] == LONG_ID


@settings(max_examples=50)
@given(connectomes(), seeds, st.floats(0, 1))
def test_missing_connections_leave_the_others_as_they_were(connectome, seed, probability):
    made = with_missing_connections(connectome, probability, rng=generator(seed))
    rows = edges_of(connectome)
    assert set(edges_of(made)) <= set(rows)
    assert_same(made, connectome, but=("pre", "post", "kind", "count", "sign", "audit"))
    lost = len(rows) - made.n_connections
    assert f"left out {lost} of {len(rows)} connections" in made.audit[-1]


def test_missing_connections_are_as_many_as_the_probability_says():
    true = random_wiring(200)
    made = with_missing_connections(true, 0.1, rng=generator(0))
    assert made.n_connections / true.n_connections == pytest.approx(0.9, abs=0.01)
    assert with_missing_connections(true, 0.0, rng=generator(0)).n_connections == len(true.pre)
    assert with_missing_connections(true, 1.0, rng=generator(0)).n_connections == 0


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(a_to_b, wrong):
    for error in (with_spurious_connections, with_missing_connections):
        with pytest.raises(InputError, match="For 5 %, say"):
            error(a_to_b, wrong, rng=generator(0))
    with pytest.raises(InputError, match="stands for 5 %"):
        with_weight_noise(a_to_b, -wrong if wrong > 0 else wrong, rng=generator(0))
