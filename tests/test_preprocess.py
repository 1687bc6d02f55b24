from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.recording.clock import resample as resample_values
from neuroloom.recording.clock import step_of
from neuroloom.recording.preprocess import fit_baseline, fit_scale, fit_trend, resample
from neuroloom.recording.splits import HeldOutNeurons, TimeBlocks

FITS = [fit_baseline, fit_trend, fit_scale]


def calcium(n_trials=2, n_steps=40, n_neurons=3, seed=0):
    rng = np.random.default_rng(seed)
    activity = 5 + rng.random((n_trials, n_steps, n_neurons))
    activity[0, 3:6, 1] = np.nan
    return Recording(activity, np.arange(n_neurons), kind="calcium", dt=0.5, start=10.0)


def training_of(recording):
    fold = TimeBlocks(4).folds(recording, rng=np.random.default_rng(0))[2]
    return fold.entries(recording)[0]


@pytest.mark.parametrize("fit", FITS)
def test_what_is_held_out_changes_nothing_that_is_learned(fit):
    recording = calcium()
    training = training_of(recording)
    spoiled = replace(recording, activity=np.where(training, recording.activity, 1e6))
    one, two = fit(recording, training), fit(spoiled, training)
    np.testing.assert_array_equal(
        one.apply(recording).activity[training], two.apply(spoiled).activity[training]
    )


@pytest.mark.parametrize("fit", FITS)
def test_what_was_not_observed_stays_so_and_the_audit_grows(fit):
    recording = calcium()
    changed = fit(recording, training_of(recording)).apply(recording)
    np.testing.assert_array_equal(changed.observed, recording.observed)
    assert len(changed.audit) == 1
    assert "training entries" in changed.audit[0]


def test_df_over_f_is_relative_to_the_quantile_of_training():
    recording = calcium()
    training = training_of(recording)
    changed = fit_baseline(recording, training, quantile=0.5).apply(recording)
    for n in range(3):
        f0 = np.nanmedian(recording.activity[..., n][training[..., n]])
        np.testing.assert_allclose(
            changed.activity[..., n], recording.activity[..., n] / f0 - 1, rtol=1e-12
        )
    assert changed.unit == "dF/F"


@given(st.integers(1, 3), st.integers(0, 1000))
def test_a_polynomial_drift_is_removed_exactly_also_where_it_was_not_fitted(degree, seed):
    rng = np.random.default_rng(seed)
    time = 10 + 0.5 * np.arange(40)
    drift = sum(c * ((time - 20) / 10) ** k for k, c in enumerate(rng.normal(size=degree + 1)))
    recording = replace(calcium(), activity=np.tile(drift[None, :, None], (2, 1, 3)))
    training = training_of(recording)
    changed = fit_trend(recording, training, degree=degree).apply(recording)
    level = recording.activity[..., 0][training[..., 0]].mean()
    np.testing.assert_allclose(changed.activity, level, atol=1e-9)


def test_a_trend_keeps_the_mean_of_training():
    recording = calcium()
    training = training_of(recording) & recording.observed
    changed = fit_trend(recording, training, degree=2).apply(recording)
    for n in range(3):
        seen = training[..., n]
        assert changed.activity[..., n][seen].mean() == pytest.approx(
            recording.activity[..., n][seen].mean()
        )


def test_z_scores_have_mean_0_and_sd_1_in_training_and_can_be_undone():
    recording = calcium()
    training = training_of(recording) & recording.observed
    scale = fit_scale(recording, training)
    changed = scale.apply(recording)
    for n in range(3):
        z = changed.activity[..., n][training[..., n]]
        assert z.mean() == pytest.approx(0, abs=1e-9)
        assert z.std() == pytest.approx(1)
    back = scale.undo(changed, unit=recording.unit)
    np.testing.assert_allclose(back.activity, recording.activity, rtol=1e-12)


def test_held_out_neurons_are_normalized_by_the_others_or_not_at_all():
    recording = calcium()
    (fold,) = HeldOutNeurons(ids=(1,)).folds(recording, rng=np.random.default_rng(0))
    training = fold.entries(recording)[0]
    with pytest.raises(InputError, match="`pooled=True`"):
        fit_scale(recording, training)
    scale = fit_scale(recording, training, pooled=True)
    others = recording.activity[:, :, [0, 2]]
    np.testing.assert_allclose(scale.mean, others.mean())
    np.testing.assert_allclose(scale.sd, others.std())


def test_a_line_is_resampled_exactly_and_the_audit_says_how():
    time = np.array([0.0, 0.9, 2.1, 3.0, 4.0])
    new, values, sentence = resample_values(time, 2 * time[:, None] + 1, 0.5)
    np.testing.assert_allclose(new, np.arange(9) / 2)
    np.testing.assert_allclose(values[:, 0], 2 * new + 1)
    assert sentence == (
        "resampled 5 samples, 0.9 to 1.2 s apart, to 9 samples 0.5 s apart by linear "
        "interpolation from 0 s on"
    )


def test_resampling_never_bridges_what_was_not_observed():
    time = np.arange(5.0)
    _, values, _ = resample_values(time, np.array([0.0, 1.0, np.nan, 3.0, 4.0]), 0.5)
    assert np.isnan(values).tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert values[2] == 1.0


def test_a_recording_resampled_twice_as_fast_keeps_its_samples():
    recording = calcium()
    faster = resample(recording, 0.25)
    np.testing.assert_allclose(faster.activity[:, ::2], recording.activity, rtol=1e-12)
    assert faster.dt == 0.25
    assert faster.start == 10.0


@pytest.mark.parametrize(
    ("act", "instruction"),
    [
        (lambda r, t: fit_baseline(r, t, quantile=2.0), "For rates use"),
        (lambda r, t: fit_baseline(replace(r, activity=r.activity - 9), t), "leave this step out"),
        (lambda r, t: fit_baseline(r, t[:1]), "fold.entries"),
        (lambda r, t: fit_trend(r, t, degree=0), "degree of at least 1"),
        (lambda r, t: fit_trend(r, np.zeros_like(t)), "Check the fold"),
        (lambda r, t: fit_scale(replace(r, activity=np.ones((2, 40, 3))), t), "pooled=True"),
        (lambda r, t: fit_scale(r, t).apply(r.select(neurons=r.neuron_id > 0)), "before fitting"),
        (lambda r, t: resample(r, 0.0), "seconds above 0"),
        (lambda r, t: resample(r, 1e-9), "near the median"),
        (lambda r, t: resample(replace(r, annotations={"q": r.activity}), 0.1), "Drop them first"),
        (lambda r, t: step_of(np.array([0.0, 1.0, 2.5])), "resample=1.25"),
        (lambda r, t: step_of(np.array([0.0, 1.0, 1.0])), "drop repeated"),
        (lambda r, t: step_of(np.array([0.0, np.nan])), "Remove those samples"),
        (lambda r, t: step_of(np.array([0.0])), "State `dt`"),
        (lambda r, t: step_of(np.array([0.0, 1.0]), stated=2.0), "Remove one of the two"),
    ],
)
def test_what_cannot_be_normalized_says_what_to_do(act, instruction):
    recording = calcium()
    with pytest.raises(InputError, match=instruction):
        act(recording, training_of(recording))
