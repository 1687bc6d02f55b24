"""Scores of forecasts against hand-computed cases and what must hold for any data."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroloom.analysis import forecasts as fc
from neuroloom.analysis.forecasts.next_step import COLUMNS
from neuroloom.errors import InputError


def row(table, measure, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    (found,) = table[table["measure"] == measure].to_dict("records")
    return found


def value(table, measure, **where):
    return row(table, measure, **where)["value"]


def walk(rng, shape=(2, 60, 4), *, memory=0.8):
    x = rng.normal(size=shape)
    for t in range(1, shape[1]):
        x[:, t] += memory * x[:, t - 1]
    return x


def test_next_step_scores_by_hand(rng):
    measured = np.array([[[0.0, 1.0], [1.0, 3.0], [3.0, 2.0]]])
    predicted = np.array([[[np.nan, np.nan], [2.0, 2.0], [2.0, 0.0]]])
    by_neuron = fc.neuron_scores(predicted, measured)
    assert by_neuron["n"].tolist() == [2, 2]
    # Neuron 0: errors 1, 1; copying errs by 1 and 2. Neuron 1: errors 1, 4; copying 2 and 1.
    assert by_neuron["mse"].tolist() == [1.0, 2.5]
    np.testing.assert_allclose(by_neuron["skill"], [1 - 2 / 5, 1 - 5 / 5])
    np.testing.assert_allclose(by_neuron["identity_r2"], [1 - 2 / 2, 1 - 5 / 0.5])
    assert by_neuron["r"].tolist() == [0.0, 1.0]
    table = fc.forecast_scores({"model": predicted}, measured, rng=rng, unit="dF/F")
    assert list(table.columns) == COLUMNS
    assert value(table, "r") == 0.5
    assert value(table, "mse") == 1.75
    assert value(table, "skill") == pytest.approx(1 - 7 / 10)
    assert row(table, "mse")["unit"] == "(dF/F)^2"
    assert set(table["n"]) == {2}
    assert table["reduction"].str.startswith(("mean over neurons", "pooled")).all()


def test_r_is_the_mean_of_each_neurons_correlation_and_not_that_of_the_flattened_array(rng):
    measured = walk(rng)
    predicted = measured + rng.normal(size=measured.shape) * np.array([0.1, 0.5, 1, 3])
    each = [
        np.corrcoef(predicted[..., i].ravel(), measured[..., i].ravel())[0, 1] for i in range(4)
    ]
    np.testing.assert_allclose(fc.neuron_scores(predicted, measured)["r"], each)
    table = fc.forecast_scores({"": predicted}, measured, rng=rng)
    assert value(table, "r") == pytest.approx(np.mean(each))
    # Offsets between neurons make the flattened r look good; ours does not see them.
    apart = np.array([0.0, 50, 100, 150])
    assert value(
        fc.forecast_scores({"": predicted + apart}, measured + apart, rng=rng), "r"
    ) == pytest.approx(np.mean(each))


def test_a_perfect_forecast_and_a_copied_frame_have_their_scores(rng):
    measured = walk(rng)
    copied = np.full(measured.shape, np.nan)
    copied[:, 1:] = measured[:, :-1]
    table = fc.forecast_scores({"perfect": measured, "copy": copied}, measured, rng=rng)
    perfect = {m: value(table, m, arm="perfect") for m in ("r", "mse", "skill", "identity_r2")}
    assert perfect == pytest.approx({"r": 1, "mse": 0, "skill": 1, "identity_r2": 1})
    assert value(table, "skill", arm="copy") == 0


def test_r_is_blind_to_scale_and_the_other_scores_are_not(rng):
    measured = walk(rng)
    table = fc.forecast_scores({"": 3 * measured + 1}, measured, rng=rng)
    assert value(table, "r") == pytest.approx(1)
    assert value(table, "identity_r2") < 0
    scaled = fc.forecast_scores({"": 7 * measured[:, :, ::-1]}, 7 * measured, rng=rng)
    plain = fc.forecast_scores({"": measured[:, :, ::-1]}, measured, rng=rng)
    assert value(scaled, "mse") == pytest.approx(49 * value(plain, "mse"))
    for measure in ("r", "skill", "identity_r2"):
        assert value(scaled, measure) == pytest.approx(value(plain, measure))


def test_nan_is_not_scored_whatever_stands_on_the_other_side(rng):
    measured, predicted = walk(rng), walk(rng)
    holes = rng.random(measured.shape) < 0.2
    measured[holes] = np.nan
    wild = np.where(holes, 1e6, predicted)
    for other in (wild, np.where(holes, np.nan, predicted), np.where(holes, np.inf, predicted)):
        np.testing.assert_allclose(
            fc.neuron_scores(other, measured), fc.neuron_scores(predicted, measured)
        )
    assert fc.neuron_scores(predicted, measured)["n"].sum() == (~holes).sum()


def test_the_copied_frame_is_of_the_same_trial_and_was_observed(rng):
    measured, predicted = walk(rng), walk(rng)
    measured[0, 10, 2] = np.nan
    skill = fc.neuron_scores(predicted, measured)["skill"]
    ours, copied = [], []
    for trial in range(2):
        for t in range(1, 60):
            if np.isfinite(measured[trial, t - 1 : t + 1, 2]).all():
                ours.append(predicted[trial, t, 2] - measured[trial, t, 2])
                copied.append(measured[trial, t - 1, 2] - measured[trial, t, 2])
    assert skill[2] == pytest.approx(1 - np.sum(np.square(ours)) / np.sum(np.square(copied)))


def test_a_constant_forecast_explains_nothing_and_a_constant_neuron_is_not_scored(rng):
    measured = walk(rng)
    measured[..., 3] = 0.1
    predicted = measured.copy()
    predicted[..., 0] = 0.1 + 0.2  # not exact in binary
    table = fc.neuron_scores(predicted, measured)
    assert table["r"][0] == 0
    assert np.isnan(table["r"][3])
    assert np.isnan(table["identity_r2"][3])
    total = fc.forecast_scores({"": predicted}, measured, rng=rng)
    assert value(total, "r") == pytest.approx(2 / 3)


def test_no_arm_gains_by_being_silent_where_it_is_hard(rng):
    measured = walk(rng)
    honest = measured + rng.normal(size=measured.shape)
    shy = honest.copy()
    hard = np.abs(honest - measured) > 0.5
    shy[hard] = np.nan
    table = fc.forecast_scores({"honest": honest, "shy": shy}, measured, rng=rng)
    for measure in ("r", "mse", "skill", "identity_r2"):
        assert value(table, measure, arm="honest") == value(table, measure, arm="shy")


def test_an_interval_over_neurons_covers_and_is_paired_between_arms():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(100):
        size = rng.uniform(0.5, 1.5, 40)
        measured = np.zeros((1, 30, 40))
        predicted = np.broadcast_to(np.sqrt(size), measured.shape).copy()
        table = fc.forecast_scores({"": predicted}, measured, rng=rng, n_resamples=200)
        inside += row(table, "mse")["low"] <= 1 <= row(table, "mse")["high"]
    assert 85 <= inside <= 99
    twice = fc.forecast_scores({"a": predicted, "b": predicted}, measured, rng=rng)
    first, second = (twice[twice["arm"] == arm].drop(columns="arm") for arm in ("a", "b"))
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_blocks_cover_where_single_samples_do_not():
    """The squared error has memory; its mean is 1. Blocks of one sample are too sure."""
    rng = np.random.default_rng(5)
    inside = {1: 0, 60: 0}
    for _ in range(40):
        x = walk(rng, (2, 1200, 1), memory=0.9) * np.sqrt(1 - 0.81)
        x[:, 0] = rng.normal(size=(2, 1))
        for length in inside:
            table = fc.forecast_scores(
                {"": np.zeros_like(x)},
                x,
                rng=rng,
                resampling=fc.OverBlocks(length),
                n_resamples=100,
            )
            inside[length] += row(table, "mse")["low"] <= 1 <= row(table, "mse")["high"]
    assert inside[60] >= 33
    assert inside[1] <= 27


def test_every_sample_is_drawn_equally_often_and_blocks_hold_together(rng):
    drawn = fc.OverBlocks(7).draw((3, 20, 1), n_resamples=4000, rng=rng)
    weight = drawn.entry.reshape(4000, 3, 20)
    assert drawn.neuron is None
    np.testing.assert_array_equal(weight.sum(axis=(1, 2)), 63)  # 9 blocks of 7
    np.testing.assert_allclose(weight.mean(axis=0), 63 / 60, atol=0.08)
    alone = fc.OverBlocks(7).draw((1, 8, 1), n_resamples=1, rng=np.random.default_rng(0)).entry[0]
    first = np.random.default_rng(0).integers(8, size=2)
    expected = np.zeros(8)
    for start in first:
        expected[(start + np.arange(7)) % 8] += 1
    np.testing.assert_array_equal(alone, expected)
    whole = fc.OverBlocks(99).draw((5, 4, 1), n_resamples=50, rng=rng).entry.reshape(50, 5, 4)
    assert (whole == whole[:, :, :1]).all()


@pytest.mark.parametrize("memory", [0.3, 0.8])
def test_the_length_of_blocks_is_that_of_the_formula_for_an_autoregression(memory):
    rng = np.random.default_rng(7)
    n = 40_000
    lengths = [fc.block_length(walk(rng, (1, n, 1), memory=memory)[..., 0]) for _ in range(5)]
    expected = (1.5 * (2 * memory / (1 - memory**2)) ** 2 * n) ** (1 / 3)
    assert np.mean(lengths) == pytest.approx(expected, rel=0.2)


def test_white_noise_needs_short_blocks_and_trials_are_not_joined(rng):
    assert fc.block_length(rng.normal(size=(4, 2000))) < 15
    assert fc.block_length(np.ones((2, 50))) == 1
    slow = np.repeat(rng.normal(size=(200, 1)), 50, axis=1)
    assert fc.block_length(slow) > 40


def test_the_gain_is_the_difference_of_the_scores_and_its_interval_is_paired(rng):
    shared, measured = walk(rng, (1, 800, 5)), walk(rng, (1, 800, 5))
    measured = measured + 4 * shared
    base = 4 * shared + 20 * rng.normal(size=(1, 800, 1))
    better = base + 0.3 * (measured - base)
    gain = fc.coupling_gain(better, base, measured, rng=rng)
    for measure in ("r", "mse", "skill", "identity_r2"):
        arms = fc.forecast_scores({"a": better, "b": base}, measured, rng=rng)
        assert value(gain, measure) == pytest.approx(
            value(arms, measure, arm="a") - value(arms, measure, arm="b")
        )
    alone = fc.forecast_scores({"a": better}, measured, rng=rng, resampling=fc.OverBlocks(5))
    width = row(gain, "r")["high"] - row(gain, "r")["low"]
    assert row(gain, "r")["low"] > 0
    assert width < 2 * (row(alone, "r")["high"] - row(alone, "r")["low"])
    assert row(gain, "mse")["high"] < 0
    nothing = fc.coupling_gain(base, base, measured, rng=rng, resampling=fc.OverBlocks(20))
    assert (nothing[["value", "low", "high"]] == 0).all(axis=None)


def test_a_gain_of_nothing_is_not_found_more_often_than_promised():
    rng = np.random.default_rng(11)
    above = 0
    for _ in range(60):
        measured = walk(rng, (1, 300, 3))
        a, b = (measured + walk(rng, measured.shape) for _ in range(2))
        gain = row(fc.coupling_gain(a, b, measured, rng=rng, n_resamples=200), "identity_r2")
        above += gain["low"] > 0 or gain["high"] < 0
    assert above <= 9


def test_a_gain_in_bits_per_spike_of_a_population_that_drives(rng):
    drive = np.exp(walk(rng, (1, 1500, 1), memory=0.5) * 0.5)
    rates = 0.3 * drive * np.ones(4)
    spikes = rng.poisson(rates).astype(float)
    flat = np.broadcast_to(rates.mean(), rates.shape)
    gain = fc.coupling_gain(rates, flat.copy(), spikes, rng=rng, scoring=fc.SPIKES)
    assert row(gain, "bits_per_spike")["low"] > 0
    assert row(gain, "nll")["high"] < 0


def test_over_recordings_each_counts_once_and_the_interval_is_students(rng):
    tables = {}
    for name, n in (("a", 2), ("b", 9), ("c", 5)):
        measured = walk(rng, (1, 50, n))
        tables[name] = fc.forecast_scores(
            {"x": measured + rng.normal(size=measured.shape)}, measured, rng=rng, n_resamples=10
        )
    total = fc.over_recordings(tables)
    each = np.array([value(t, "skill") for t in tables.values()])
    found = row(total, "skill")
    assert found["value"] == pytest.approx(each.mean())
    low, high = stats.t.interval(0.95, 2, loc=each.mean(), scale=stats.sem(each))
    assert (found["low"], found["high"], found["n"]) == pytest.approx((low, high, 3))
    one = fc.over_recordings({"a": tables["a"]})
    assert one["low"].isna().all()
    tables["b"] = tables["b"].iloc[1:]
    with pytest.raises(InputError, match="Score the same arms and measures in all"):
        fc.over_recordings(tables)
    with pytest.raises(InputError, match="Score one first"):
        fc.over_recordings({})


def test_a_wrong_forecast_is_refused_with_what_to_do(rng):
    x = walk(rng)
    with pytest.raises(InputError, match="Leave a diverged model out"):
        fc.neuron_scores(np.where(x > 1, np.inf, x), x)
    with pytest.raises(InputError, match="Put NaN where an arm says nothing"):
        fc.forecast_scores({"short": x[:, 1:]}, x, rng=rng)
    with pytest.raises(InputError, match="Check the lags"):
        fc.neuron_scores(np.full(x.shape, np.nan), x)
    with pytest.raises(InputError, match="Add a forecast"):
        fc.forecast_scores({}, x, rng=rng)
    with pytest.raises(InputError, match="Take shorter blocks"):
        fc.OverBlocks(60).draw((1, 60, 2), n_resamples=3, rng=rng)
    with pytest.raises(InputError, match="Take `block_length`"):
        fc.OverBlocks(0)
    with pytest.raises(InputError, match="Choose blocks by hand"):
        fc.block_length(np.array([[1.0, np.nan, 2.0]]))
