"""Null circuits keep what they promise, and tables and comparisons tell them from the real one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom import datasets
from neuroloom.analysis.anatomy import (
    MOTIF,
    Circuit,
    null_circuits,
    null_p_value,
    pair_table,
    resemblance,
    rewire_weights,
    rewired,
    shuffled_preferred,
)
from neuroloom.analysis.anatomy.rewiring import _check
from neuroloom.errors import InputError, SimulationError
from ring_circuits import planted

seeds = st.integers(0, 2**32 - 1)


def totals(weight, classes, number):
    """What each neuron sends to and receives from each class, by sign; without itself."""
    off = weight * ~np.eye(len(weight), dtype=bool)
    found = []
    for sign in (1, -1):
        part = np.maximum(sign * off, 0)
        part = part > 0 if number else part
        for one in np.unique(classes):
            found += [part[:, classes == one].sum(axis=1), part[classes == one].sum(axis=0)]
    return np.array(found, float)


@given(seed=seeds, dense=st.booleans(), strengths=st.booleans())
@settings(max_examples=12)
def test_rewiring_keeps_degrees_and_strengths_of_either_sign_towards_every_class(
    seed, dense, strengths
):
    rng = np.random.default_rng(seed)
    classes = np.repeat(["a", "b"], [14, 11])
    weight = rng.normal(size=(25, 25)) * (dense | (rng.random((25, 25)) < 0.5))
    made = rewire_weights(weight, rng=rng, classes=classes, strengths=strengths and dense)
    np.testing.assert_array_equal(totals(weight, classes, True), totals(made, classes, True))
    np.testing.assert_array_equal(np.diag(weight), np.diag(made))
    if strengths and dense:
        np.testing.assert_allclose(
            totals(weight, classes, False), totals(made, classes, False), rtol=1e-5
        )
    else:
        np.testing.assert_array_equal(np.sort(weight, axis=0), np.sort(made, axis=0))
    off = ~np.eye(25, dtype=bool)
    assert (made != weight)[off & (weight != 0)].mean() > 0.8


def test_rewiring_forgets_the_wiring_and_is_the_same_for_the_same_rng():
    circuit = planted(12)
    made = rewire_weights(circuit.weight, rng=np.random.default_rng(1))
    again = rewire_weights(circuit.weight, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(made, again)
    off = ~np.eye(36, dtype=bool)
    assert abs(np.corrcoef(made[off], circuit.weight[off])[0, 1]) < 0.1


def test_one_to_one_wiring_becomes_another_one_to_one_wiring(rng):
    weight = np.zeros((20, 20))
    weight[np.arange(10) + 10, np.arange(10)] = 3.0  # neuron k sends to neuron k + 10
    classes = np.repeat(["sends", "receives"], 10)
    made = rewire_weights(weight, rng=rng, classes=classes)
    assert ((made > 0).sum(axis=0)[:10] == 1).all()
    assert ((made > 0).sum(axis=1)[10:] == 1).all()
    np.testing.assert_allclose(made[made > 0], 3.0)
    assert (made != weight).any()


def test_a_broken_promise_is_found_when_a_null_is_built(rng):
    weight = rng.normal(size=(6, 6))
    block = np.zeros(6, np.int64)
    for broken in (weight.T, -weight, weight + np.eye(6), np.roll(weight, 1, axis=0)):
        with pytest.raises(SimulationError, match="please report"):
            _check(weight, broken, block, True)
    stronger = weight.copy()
    stronger[0, 1] *= 2
    for strengths in (True, False):
        with pytest.raises(SimulationError, match="please report"):
            _check(weight, stronger, block, strengths)


def test_strengths_that_no_weights_on_the_new_wiring_can_have_are_refused():
    weight = np.zeros((8, 8))
    weight[np.arange(4) + 4, np.arange(4)] = [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(SimulationError, match="strengths=False"):
        rewire_weights(weight, rng=np.random.default_rng(0))
    made = rewire_weights(weight, rng=np.random.default_rng(0), strengths=False)
    assert sorted(made[made > 0]) == [1.0, 2.0, 3.0, 4.0]


def test_shuffling_keeps_the_directions_of_every_class_and_the_wiring(rng):
    circuit = planted(10)
    circuit = replace(circuit, preferred=circuit.preferred + 0.001 * np.arange(30))
    circuit.preferred[4] = np.nan
    made = shuffled_preferred(circuit, rng=rng)
    for one in MOTIF:
        at = circuit.classes == one
        np.testing.assert_array_equal(np.sort(made.preferred[at]), np.sort(circuit.preferred[at]))
    assert np.isnan(made.preferred[4])
    assert (made.preferred != circuit.preferred).sum() > 15
    assert made.weight is circuit.weight


def test_planted_shifts_stand_out_of_both_nulls_and_the_nulls_do_not(rng):
    circuit = planted(15, noise=0.1, rng=rng)
    nulls = null_circuits(circuit, rng=rng, n_draws=39)
    pairs = [("shifter+", "compass"), ("shifter-", "compass"), ("compass", "shifter+")]
    plus, minus, straight = pair_table(circuit, rng=rng, nulls=nulls, pairs=pairs, n_resamples=50)
    assert plus.sideways > 0 > minus.sideways
    assert plus.shift_low < 45 < plus.shift_high
    assert minus.shift_low < -45 < minus.shift_high
    for name in ("shuffled preferred", "rewired"):
        assert plus.nulls[name].p_sideways == minus.nulls[name].p_sideways == 1 / 40
        assert straight.nulls[name].p_sharpness == 1 / 40
        assert straight.nulls[name].p_sideways > 0.05
        assert straight.sharpness > straight.nulls[name].sharpness_95
        assert straight.nulls[name].n == 39
    assert straight.centered == pytest.approx(straight.sharpness, abs=1e-2)
    assert plus.n_pairs == 225
    assert plus.flat()["p_sideways (rewired)"] == 1 / 40
    drawn = nulls["rewired"][0]
    (of_null,) = pair_table(drawn, rng=rng, nulls={"r": nulls["rewired"][1:]}, pairs=pairs[:1])
    assert of_null.nulls["r"].p_sideways > 0.05


def test_a_group_that_is_empty_has_no_numbers_and_a_neuron_alone_no_pair(rng):
    circuit = planted(6)
    classes = np.where(circuit.classes == "shifter-", "weak", circuit.classes)
    row = pair_table(replace(circuit, classes=classes), rng=rng, pairs=[("shifter-", "compass")])[0]
    assert row.n_pairs == 0
    assert np.isnan([row.weight, row.shift, row.sharpness, row.shift_low]).all()


def test_supersets_go_by_the_sign_of_the_slope_also_for_compass_neurons():
    circuit = planted(6)
    slope = np.where(np.arange(18) % 2 == 0, 0.1, -0.1)
    slope[0] = 0.0
    both = circuit.with_supersets(slope)
    assert both.members("positive").sum() == 8
    assert both.members("negative").sum() == 9
    assert both.members("positive")[2]
    assert both.members("compass").sum() == 6
    assert not both.members("removed").any()


def test_a_circuit_resembles_itself_turned_and_not_its_nulls(rng):
    circuit = planted(16, noise=0.05, rng=rng)
    turned = replace(circuit, preferred=circuit.preferred + 1.0, weight=3 * circuit.weight)
    found = resemblance(
        circuit,
        turned,
        rng=rng,
        nulls=null_circuits(circuit, rng=rng, n_draws=19),
        n_resamples=20,
    )
    assert found.mean_correlation == pytest.approx(1.0)
    assert found.sign_agreement == 1.0
    assert found.above_all()
    assert found.p_mean == {"shuffled preferred": 1 / 20, "rewired": 1 / 20}
    assert found.p_pooled["rewired"] == 1 / 20
    assert found.n_null == {"shuffled preferred": 19, "rewired": 19}
    for pair in found.pairs:
        assert pair.shift_difference == pytest.approx(0.0, abs=1e-6)
        assert pair.low <= pair.correlation + 1e-9
        assert pair.low > 0.8
        assert pair.n_offsets == 16
        assert pair.sharpness == pytest.approx(pair.other_sharpness)


def test_the_mirror_of_a_circuit_is_told_from_it_by_its_shifts(rng):
    circuit = planted(16)
    mirror = replace(circuit, preferred=-circuit.preferred)
    found = {
        (pair.pre, pair.post): pair
        for pair in resemblance(circuit, mirror, rng=rng, n_resamples=0).pairs
    }
    assert found["shifter+", "compass"].shift_difference == pytest.approx(90.0)
    assert found["shifter-", "compass"].shift_difference == pytest.approx(-90.0)
    assert found["compass", "shifter+"].shift_difference == pytest.approx(0.0, abs=1e-9)
    opposite = resemblance(circuit, replace(circuit, weight=-circuit.weight), rng=rng)
    assert opposite.mean_correlation == pytest.approx(-1.0)
    assert opposite.sign_agreement == 0.0
    assert not opposite.above_all()


def test_a_planted_circuit_is_compared_with_the_flys_rules_profile_by_profile(rng):
    fly = datasets.connectome("fly-heading-rules")
    weight = np.zeros((fly.n_neurons, fly.n_neurons))
    np.add.at(weight, (fly.post, fly.pre), fly.sign * fly.count)
    names = {("EPG", "L"): "compass", ("EPG", "R"): "compass"}
    names |= {("PEN", "L"): "shifter+", ("PEN", "R"): "shifter-"}
    ends = zip(fly.column("cell_type"), fly.column("side"), strict=True)
    classes = np.array([names.get(pair, "other") for pair in ends])
    animal = Circuit(weight, fly.column("heading_rad"), classes, name="fly")
    model = planted(16)
    nulls = null_circuits(model, rng=rng, n_draws=19)
    found = resemblance(model, animal, rng=rng, nulls=nulls, n_resamples=0)
    by_pair = {(pair.pre, pair.post): pair for pair in found.pairs}
    for pre in ("shifter+", "shifter-"):
        assert by_pair[pre, "compass"].correlation > 0.7
        assert abs(by_pair[pre, "compass"].shift_difference) < 22.5
    assert by_pair["compass", "shifter+"].correlation > 0.7
    assert np.isnan(by_pair["compass", "compass"].correlation)  # E-PGs do not reach E-PGs
    assert found.above_all(0.05)


def test_p_counts_the_observed_and_leaves_out_what_is_not_defined():
    assert null_p_value(1.0, np.array([0.0, 0.5, np.nan])) == 1 / 3
    assert null_p_value(1.0, np.array([1.0, 2.0])) == 1.0
    assert np.isnan(null_p_value(np.nan, np.array([1.0])))
    assert np.isnan(null_p_value(1.0, np.array([np.nan])))


def test_a_rewired_circuit_keeps_its_directions_and_loses_its_shift(rng):
    circuit = planted(15)
    made = rewired(circuit, rng=rng, within_classes=False)
    np.testing.assert_array_equal(made.preferred, circuit.preferred)
    before, after = (c.profile("shifter+", "compass", window=20.0) for c in (circuit, made))
    assert np.nanstd(after.mean) < 0.5 * np.nanstd(before.mean)


def test_what_does_not_fit_is_refused(rng):
    circuit = planted(4)
    with pytest.raises(InputError, match="with NaN as preferred"):
        replace(circuit, weight=circuit.weight[:-1])
    with pytest.raises(InputError, match="Write 0 where"):
        replace(circuit, weight=circuit.weight * np.nan)
    with pytest.raises(InputError, match="199 give p"):
        null_circuits(circuit, rng=rng, n_draws=0)
    with pytest.raises(InputError, match="leave it out"):
        pair_table(circuit, rng=rng, nulls={"untrained": ()})
    with pytest.raises(InputError, match="leave it out"):
        resemblance(circuit, circuit, rng=rng, nulls={"untrained": ()})
    with pytest.raises(InputError, match="Name the classes alike"):
        resemblance(circuit, replace(circuit, classes=np.full(12, "EPG")), rng=rng)
    with pytest.raises(InputError, match=r"Give W\[post, pre\]"):
        rewire_weights(circuit.weight[:3], rng=rng)
    with pytest.raises(InputError, match="keep totals only"):
        rewire_weights(circuit.weight, rng=rng, classes=circuit.classes[:3])
