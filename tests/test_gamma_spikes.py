"""Counts of gamma renewal processes, against renewal theory and against listed intervals."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.tasks import (
    GammaSpikes,
    standardized_by_itself,
    target_scale,
    with_output_noise,
)

TWO = GammaSpikes(beta=(10.0, 3.0), n_bins=4, n_intervals=40)


def expected(beta, time):
    """Mean number of spikes up to a time after a spike, for intervals Gamma(2, beta)."""
    return beta * time / 2 - 0.25 + np.exp(-2 * beta * time) / 4


def test_mean_counts_are_those_of_renewal_theory_in_every_bin(key):
    counts = np.asarray(TWO(key, 4_000))
    edges = np.arange(5.0)
    for channel, beta in enumerate(TWO.beta):
        theory = np.diff(expected(beta, edges))
        error = counts[:, :, channel].std(0) / np.sqrt(4_000)
        assert (np.abs(counts[:, :, channel].mean(0) - theory) < 4 * error).all()
    assert counts[:, 0, 0].mean() == pytest.approx(4.75, abs=0.1)  # a quarter less than beta / 2


def test_counts_are_distributed_as_those_of_listed_intervals(key):
    listed = np.asarray(TWO.counted(TWO.intervals(key, 1_000)))
    drawn = np.asarray(TWO(jax.random.key(1), 1_000))
    for moment in (np.mean, np.var):
        np.testing.assert_allclose(moment(listed, 0), moment(drawn, 0), rtol=0.15, atol=0.1)
    for counts in (listed, drawn):  # more regular than Poisson: half its variance, and a bit
        assert 0.48 < counts[:, 2, 0].var() / counts[:, 2, 0].mean() < 0.65


def test_intervals_are_gamma_of_shape_two_and_counts_add_up(key):
    intervals = np.asarray(TWO.intervals(key, 400))
    for channel, beta in enumerate(TWO.beta):
        own = intervals[:, :, channel].ravel()
        assert own.mean() == pytest.approx(2 / beta, rel=0.02)
        assert own.std() / own.mean() == pytest.approx(np.sqrt(0.5), rel=0.03)
    by_hand = np.zeros((400, 4, 2))
    for trial, one in enumerate(np.cumsum(intervals, 1)):
        for channel in range(2):
            by_hand[trial, :, channel] = np.histogram(one[:, channel], np.arange(5.0))[0]
    np.testing.assert_array_equal(TWO.counted(jnp.asarray(intervals)), by_hand)


def test_settled_trials_hold_beta_over_alpha_spikes_a_bin(key):
    settled = replace(TWO, settle=3, n_intervals=80)
    counts = np.asarray(settled(key, 4_000))
    assert counts.shape == (4_000, 4, 2)
    np.testing.assert_allclose(counts.mean((0, 1)), [5, 1.5], atol=0.04)
    later = settled.counted(settled.intervals(key, 200))
    np.testing.assert_allclose(np.asarray(later).mean((0, 1)), [5, 1.5], atol=0.09)


def test_spikes_end_after_the_given_number_of_intervals(key):
    short = GammaSpikes(beta=(10.0,), n_bins=50, n_intervals=250)
    assert np.asarray(short(key, 300)).sum((1, 2)).max() == 250


def test_a_population_has_rates_about_ten_and_keeps_them(key):
    spikes = GammaSpikes.drawn(key, 400)
    assert np.mean(spikes.beta) == pytest.approx(10, abs=0.2)
    assert np.std(spikes.beta) == pytest.approx(1, abs=0.15)
    one, other = spikes(key, 2), spikes(jax.random.key(1), 2)
    np.testing.assert_array_equal(one, spikes(key, 2))
    assert (one != other).any()


def test_trials_pair_counts_with_the_answers_to_them(key):
    trials = TWO.trials(key, 3, lambda u: u[:, :, :1] * 2)
    np.testing.assert_array_equal(trials.inputs, TWO(key, 3))
    np.testing.assert_array_equal(trials.targets, trials.inputs[:, :, :1] * 2)
    assert trials.mask.all()


def test_targets_are_scaled_by_training_trials_whatever_the_split(rng):
    training = jnp.asarray(rng.normal(3, 2, (30, 5, 3))).at[:, :, 2].set(7.0)
    held_out = jnp.asarray(rng.normal(5, 4, (10, 5, 3)))
    scale = target_scale(training)
    own = scale.scale(training)
    np.testing.assert_allclose(own.mean((0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(own.std((0, 1), ddof=1), [1, 1, 0], atol=1e-12)
    by_hand = (held_out[:, :, 0] - training[:, :, 0].mean()) / training[:, :, 0].std(ddof=1)
    np.testing.assert_allclose(scale.scale(held_out)[:, :, 0], by_hand)
    assert (scale.scale(held_out)[:, :, 2] == 0).all()
    np.testing.assert_allclose(scale.restore(own), training, atol=1e-12)
    with pytest.raises(InputError, match="Scale the circuit"):
        target_scale(training.at[0, 0, 0].set(jnp.inf))
    with pytest.raises(InputError, match="more trials"):
        target_scale(training[:1, :1])


def test_published_scaling_hides_a_shift_of_the_test_set(rng):
    training = jnp.asarray(rng.normal(size=(50, 5, 2)))
    shifted = jnp.asarray(rng.normal(size=(50, 5, 2))) + 3
    by_itself = standardized_by_itself(shifted)
    np.testing.assert_allclose(by_itself.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(by_itself.std(0, ddof=1), 1)
    assert float(target_scale(training).scale(shifted).mean()) == pytest.approx(3, abs=0.3)
    assert (standardized_by_itself(jnp.ones((3, 2, 2))) == 0).all()


def test_output_noise_has_its_sd(key):
    noisy = with_output_noise(jnp.zeros((100, 50, 2)), 0.01, key=key)
    assert float(noisy.std()) == pytest.approx(0.01, rel=0.05)
    with pytest.raises(InputError, match="as published"):
        with_output_noise(jnp.zeros((1, 1, 1)), -1.0, key=key)


def test_wrong_populations_are_refused_with_a_way_out():
    for wrong, instruction in (
        ({"beta": ()}, "drawn"),
        ({"beta": (10.0, -1.0)}, "drawn"),
        ({"beta": (10.0,), "alpha": 0}, "2 as published"),
        ({"beta": (10.0,), "n_bins": 0}, "Use 50, 0 and 1"),
        ({"beta": (10.0,), "n_bins": 500}, "fewer bins"),
    ):
        with pytest.raises(InputError, match=instruction):
            GammaSpikes(**wrong)
