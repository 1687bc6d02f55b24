"""Scores of predicted activity over time, and the word they lead to."""

import numpy as np
import pandas as pd
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.studies.activity.scoring import (
    COLUMNS,
    HELD_OUT,
    OBSERVED,
    identification,
    score_activity,
    score_neurons,
)


@pytest.fixture
def recording(rng):
    activity = rng.normal(size=(2, 50, 4))
    activity[0, :10, 1] = np.nan
    return Recording(activity, np.arange(4), kind="rate", dt=0.1, unit="Hz")


def everywhere(recording):
    return np.ones(recording.activity.shape, bool)


def test_a_perfect_prediction_has_no_error_and_full_correlation(recording):
    table = score_neurons(np.nan_to_num(recording.activity), recording, everywhere(recording))
    np.testing.assert_allclose(table["correlation"], 1.0)
    np.testing.assert_array_equal(table["mse"], 0.0)
    assert table["n"].tolist() == [100, 90, 100, 100]


def test_entries_not_measured_or_not_scored_never_count(recording, rng):
    scored = everywhere(recording)
    scored[:, 25:, 2] = False
    predicted = rng.normal(size=recording.activity.shape)
    before = score_neurons(predicted, recording, scored)
    changed = np.where(scored & recording.observed, predicted, 1e9)
    pd.testing.assert_frame_equal(before, score_neurons(changed, recording, scored))


def test_neurons_of_fewer_than_three_scored_entries_are_left_out(recording):
    scored = everywhere(recording)
    scored[:, :, 3] = False
    scored[0, :2, 3] = True
    predicted = np.zeros(recording.activity.shape)
    assert score_neurons(predicted, recording, scored)["neuron"].tolist() == [0, 1, 2]


def test_a_constant_prediction_has_correlation_zero(recording):
    table = score_neurons(np.ones(recording.activity.shape), recording, everywhere(recording))
    np.testing.assert_array_equal(table["correlation"], 0.0)


def test_a_prediction_that_is_not_finite_is_refused_with_the_way_out(recording):
    predicted = np.full(recording.activity.shape, np.nan)
    with pytest.raises(InputError, match="Leave diverged members out"):
        score_neurons(predicted, recording, everywhere(recording))


def scores_of(predicted, recording, n_draws=1):
    return score_activity(
        {"default": [predicted] * n_draws},
        recording,
        {HELD_OUT: everywhere(recording)},
        n_resamples=50,
        rng=np.random.default_rng(0),
    ).set_index("measure")


def test_the_right_shape_at_the_wrong_size_keeps_its_correlation_and_loses_r2(recording):
    table = scores_of(3 * np.nan_to_num(recording.activity), recording)
    assert table["value"]["correlation"] == pytest.approx(1.0)
    assert table["value"]["identity_r2"] < -2
    assert table["value"]["identity_r2_median"] < -2
    assert table["unit"]["mse"] == "(Hz)^2"


def test_one_loud_neuron_decides_the_pooled_r2_and_not_the_median(recording):
    loud = np.where(np.arange(4) == 0, 100.0, 1.0) * recording.activity
    recording = Recording(loud, np.arange(4), kind="rate", dt=0.1, unit="Hz")
    predicted = np.nan_to_num(loud) * (np.arange(4) > 0)
    table = scores_of(predicted, recording)
    assert table["value"]["identity_r2"] < 0.05
    assert table["value"]["identity_r2_median"] == pytest.approx(1.0)


def test_r2_is_one_minus_summed_error_over_summed_variance(recording, rng):
    predicted = rng.normal(size=recording.activity.shape)
    error, spread = 0.0, 0.0
    for neuron in range(4):
        known = recording.observed[:, :, neuron]
        y = recording.activity[:, :, neuron][known]
        error += ((predicted[:, :, neuron][known] - y) ** 2).sum()
        spread += ((y - y.mean()) ** 2).sum()
    table = scores_of(predicted, recording)
    assert table["value"]["identity_r2"] == pytest.approx(1 - error / spread)


def test_an_arm_of_several_draws_has_the_interval_of_its_draws(recording):
    exact, wrong = np.nan_to_num(recording.activity), np.zeros(recording.activity.shape)
    table = score_activity(
        {"null: rewire": [exact, wrong]},
        recording,
        {HELD_OUT: everywhere(recording)},
        n_resamples=50,
        rng=np.random.default_rng(0),
    ).set_index("measure")
    row = table.loc["correlation"]
    assert row["n"] == 2
    assert row["value"] == pytest.approx(0.5)
    assert row["low"] < 0.05
    assert row["high"] > 0.95


def table_of(observed, held_out, **controls):
    rows = [("default", OBSERVED, observed), ("default", HELD_OUT, held_out)]
    rows += [(arm.replace("__", ": "), HELD_OUT, value) for arm, value in controls.items()]
    return pd.DataFrame(
        [[arm, split, "identity_r2_median", "", v, v, v + 0.2, 9] for arm, split, v in rows],
        columns=COLUMNS,
    )


@pytest.mark.parametrize(
    ("observed", "held_out", "controls", "word", "why"),
    [
        (0.8, 0.6, {"null__rewire": 0.3, "baseline__mean": 0.5}, "identified", "carries over"),
        (0.8, 0.3, {"null__rewire": 0.0}, "not identified", "misses the held-out ones"),
        (0.8, 0.6, {"null__rewire": 0.45}, "not identified", "null: rewire: 0.650"),
        (0.8, 0.6, {"baseline__mean": 0.7}, "not identified", "baseline: mean: 0.700"),
        (0.8, 0.6, {"ceiling__halves": 0.9, "variant__x": 0.9}, "identified", "0.600"),
        (0.05, 0.05, {"null__rewire": -1.0}, "not explained", "even the observed"),
    ],
)
def test_the_word_follows_from_observed_held_out_and_controls(
    observed, held_out, controls, word, why
):
    found, sentence = identification(table_of(observed, held_out, **controls), above=0.5)
    assert found == word
    assert why in sentence
    assert sentence.lower().startswith(word.lower())
