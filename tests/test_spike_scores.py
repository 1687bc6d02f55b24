"""Likelihood scores of spikes: their nulls, their expectations, and other implementations."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import d2_tweedie_score, r2_score

from neuroloom.analysis import forecasts as fc
from neuroloom.errors import InputError


def poisson(rng, rates):
    return rng.poisson(rates).astype(float)


def rates_of(rng, shape=(4, 200, 3), *, depth=0.8):
    return 0.4 * np.exp(depth * rng.normal(size=shape) - depth**2 / 2)


def null_of(spikes):
    return np.broadcast_to(np.nanmean(spikes, axis=(0, 1)), spikes.shape).copy()


def test_bits_per_spike_by_hand():
    spikes = np.array([[[0.0], [2.0]]])
    rates = np.array([[[0.5], [1.5]]])
    model = 0.5 + (1.5 - 2 * np.log(1.5) + np.log(2))
    null = 2 * 1.0 + np.log(2)
    assert fc.bits_per_spike(rates, spikes) == pytest.approx((null - model) / (2 * np.log(2)))
    table = fc.neuron_scores(rates, spikes, scoring=fc.SPIKES)
    assert table["nll"][0] == pytest.approx(model / 2)
    assert table["mcfadden_r2"][0] == pytest.approx(1 - model / null)


def test_the_null_scores_0_and_anything_worse_scores_below(rng):
    spikes = poisson(rng, rates_of(rng))
    spikes[:, ::7] = np.nan
    null = null_of(spikes)
    for score in (fc.bits_per_spike, fc.poisson_d2, fc.mcfadden_r2):
        assert score(null, spikes) == pytest.approx(0, abs=1e-12)
        assert score(2 * null, spikes) < 0
        assert score(0.5 * null, spikes) < 0


def test_the_true_rates_score_what_they_must_on_average(rng):
    r"""With rates mu known, the gain is $\sum \mu \log(\mu / \bar\mu)$, less half a nat a neuron.

    That half is what the null gains from being fitted to the spikes it is scored on (Wilks).
    """
    rates = rates_of(rng, (10, 4000, 3))
    gained = (rates * np.log(rates / rates.mean(axis=(0, 1)))).sum() - 3 / 2
    expected = gained / (rates.sum() * np.log(2))
    found = [fc.bits_per_spike(rates, poisson(rng, rates)) for _ in range(12)]
    assert expected > 0.3
    assert np.mean(found) == pytest.approx(expected, abs=4 * stats.sem(found))
    assert stats.sem(found) < 0.01 * expected


def test_the_likelihood_is_that_of_scipy_and_the_null_pools_by_spikes(rng):
    rates = rates_of(rng)
    spikes = poisson(rng, rates)
    log_p = stats.poisson.logpmf(spikes, rates)
    null = stats.poisson.logpmf(spikes, null_of(spikes))
    by_hand = (log_p - null).sum() / spikes.sum() / np.log(2)
    assert fc.bits_per_spike(rates, spikes) == pytest.approx(by_hand)
    table = fc.neuron_scores(rates, spikes, scoring=fc.SPIKES)
    np.testing.assert_allclose(table["nll"], -log_p.mean(axis=(0, 1)))
    share = spikes.sum(axis=(0, 1)) / spikes.sum()
    assert share @ table["bits_per_spike"] == pytest.approx(by_hand)
    assert 1 - log_p.sum() / null.sum() == pytest.approx(fc.mcfadden_r2(rates, spikes))


def test_d2_equals_scikit_learn(rng):
    rates = rates_of(rng, (1, 300, 1))
    spikes = poisson(rng, rates)
    expected = d2_tweedie_score(spikes.ravel(), rates.ravel(), power=1)
    assert fc.poisson_d2(rates, spikes) == pytest.approx(expected)
    assert fc.poisson_d2(np.where(spikes > 0, spikes, 0.0), spikes) == pytest.approx(1)


def test_masked_bins_count_neither_in_the_model_nor_in_the_null(rng):
    rates = rates_of(rng)
    spikes = poisson(rng, rates)
    short = fc.bits_per_spike(rates[:, :150], spikes[:, :150])
    hidden = spikes.copy()
    hidden[:, 150:] = np.nan
    assert fc.bits_per_spike(rates, hidden) == pytest.approx(short)
    silent = rates.copy()
    silent[:, 150:] = np.nan
    assert fc.bits_per_spike(silent, spikes) == pytest.approx(short)


def test_a_rate_of_0_counts_as_a_billionth_of_a_spike():
    spikes = np.array([[[0.0], [1.0]]])
    rates = np.array([[[0.0], [0.0]]])
    null = 2 * 0.5 - np.log(0.5)
    model = 2e-9 - np.log(1e-9)
    assert fc.bits_per_spike(rates, spikes) == pytest.approx((null - model) / np.log(2))
    assert np.isnan(fc.bits_per_spike(rates, np.zeros((1, 2, 1))))


def test_co_smoothing_and_forward_prediction_are_scores_of_a_part(rng):
    rates = rates_of(rng)
    spikes = poisson(rng, rates)
    held_out = np.array([False, True, False])
    forward = np.arange(200) >= 160
    wrong = rates.copy()
    wrong[:, :, [0, 2]] = 9.0
    assert fc.co_smoothing(wrong, spikes, held_out) == pytest.approx(
        fc.bits_per_spike(rates[:, :, 1:2], spikes[:, :, 1:2])
    )
    wrong = rates.copy()
    wrong[:, :160] = 9.0
    assert fc.forward_prediction(wrong, spikes, forward) == pytest.approx(
        fc.bits_per_spike(rates[:, 160:], spikes[:, 160:])
    )


def latents_and_spikes(rng, n_trials, *, n_neurons=4):
    z = rng.normal(size=(n_trials, 40, 2))
    readout = np.linspace(-0.8, 0.8, 2 * n_neurons).reshape(2, n_neurons)
    rates = np.exp(-0.7 + z @ readout)
    return z, rates, poisson(rng, rates)


def test_few_shot_co_smoothing_rises_with_trials_to_the_true_rates(rng):
    z, _, spikes = latents_and_spikes(rng, 30)
    test_z, test_rates, test_spikes = latents_and_spikes(rng, 30)
    few, many = (
        fc.few_shot_co_smoothing(z, spikes, test_z, test_spikes, k=k, rng=rng, n_draws=4).value
        for k in (1, 30)
    )
    best = fc.bits_per_spike(test_rates, test_spikes)
    assert few < many < best + 0.01
    assert many == pytest.approx(best, abs=0.02)


def test_extraneous_latents_cost_a_few_shot_readout_more_than_one_of_all_trials(rng):
    z, _, spikes = latents_and_spikes(rng, 40)
    test_z, _, test_spikes = latents_and_spikes(rng, 40)
    extra, test_extra = (np.concatenate([x, rng.normal(size=(40, 40, 12))], 2) for x in (z, test_z))

    def cost(k):
        plain, gamed = (
            fc.few_shot_co_smoothing(
                a, spikes, b, test_spikes, k=k, rng=np.random.default_rng(1), n_draws=4
            ).value
            for a, b in ((z, test_z), (extra, test_extra))
        )
        return plain - gamed

    assert cost(2) > 0.1 > 5 * cost(40)


def test_few_shot_draws_differ_and_a_silent_neuron_gets_no_rate(rng):
    z, _, spikes = latents_and_spikes(rng, 6)
    found = fc.few_shot_co_smoothing(z, spikes, z, spikes, k=2, rng=rng, n_draws=5)
    assert found.trials.shape == (5, 2)
    assert (found.trials[:, 0] != found.trials[:, 1]).all()
    assert len(set(found.draws)) > 1
    assert found.value == pytest.approx(found.draws.mean())
    silent = np.zeros((6, 40, 1))
    once = silent.copy()
    once[0, 0] = 1
    value = fc.few_shot_co_smoothing(z, silent, z, once, k=3, rng=rng, n_draws=1).value
    null = 1 - np.log(1 / 240)
    assert value == pytest.approx((null - (240e-9 - np.log(1e-9))) / np.log(2))


def test_psth_r2_equals_that_of_scikit_learn_on_condition_means(rng):
    condition = np.array(["b", "a", "b", "a", "b"])
    predicted, measured = rates_of(rng, (5, 30, 3)), rates_of(rng, (5, 30, 3))
    means = [
        np.stack([x[condition == c].mean(axis=0) for c in "ab"]) for x in (predicted, measured)
    ]
    np.testing.assert_allclose(fc.condition_means(measured, condition), means[1])
    expected = r2_score(
        means[1].reshape(-1, 3), means[0].reshape(-1, 3), multioutput="uniform_average"
    )
    assert fc.psth_r2(predicted, measured, condition).mean() == pytest.approx(expected)
    measured[1] = np.nan
    np.testing.assert_allclose(fc.condition_means(measured, condition)[0], measured[3])
    predicted[1] = 1e9
    assert np.abs(fc.psth_r2(predicted, measured, condition)).max() < 1e3
    silent, hidden = predicted.copy(), measured.copy()
    silent[0, :9], hidden[0, :9] = np.nan, np.nan
    np.testing.assert_allclose(
        fc.psth_r2(silent, measured, condition), fc.psth_r2(predicted, hidden, condition)
    )


def test_behavior_is_decoded_with_a_penalty_chosen_on_training(rng):
    rates = rng.normal(size=(6, 50, 4))
    velocity = rates @ rng.normal(size=(4, 2)) + np.array([1.0, -2.0])
    found = fc.decode_behavior(rates[:4], velocity[:4], rates[4:], velocity[4:])
    np.testing.assert_allclose(found.r2, 1, atol=1e-6)
    assert found.penalty == 1e-4
    gap, test_gap = rates.copy(), rates.copy()
    gap[0, :10, 2] = np.nan
    test_gap[5, 3, 1] = np.nan
    again = fc.decode_behavior(gap[:4], velocity[:4], test_gap[4:], velocity[4:])
    np.testing.assert_allclose(again.r2, 1, atol=1e-6)
    assert np.argwhere(np.isnan(again.predicted)).tolist() == [[1, 3, 0], [1, 3, 1]]
    unrelated = rng.normal(size=(4, 50, 1))
    noise = fc.decode_behavior(rates[:4], unrelated, rates[4:], velocity[4:, :, :1])
    assert noise.penalty == 1.0
    assert noise.r2[0] < 0.2


def test_wrong_spikes_and_rates_are_refused_with_what_to_do(rng):
    rates = rates_of(rng)
    spikes = poisson(rng, rates)
    with pytest.raises(InputError, match="after the link function"):
        fc.bits_per_spike(-rates, spikes)
    with pytest.raises(InputError, match="Score counts by bin"):
        fc.bits_per_spike(rates, spikes / 2)
    with pytest.raises(InputError, match="Hold some out before fitting"):
        fc.co_smoothing(rates, spikes, np.zeros(3, bool))
    with pytest.raises(InputError, match="Hold some out before fitting"):
        fc.forward_prediction(rates, spikes, np.zeros(200, bool))
    z, _, n = latents_and_spikes(rng, 3)
    with pytest.raises(InputError, match="Draw fewer trials"):
        fc.few_shot_co_smoothing(z, n, z, n, k=4, rng=rng)
    with pytest.raises(InputError, match="Cut both alike"):
        fc.few_shot_co_smoothing(z, n[:, 1:], z, n, k=1, rng=rng)
    with pytest.raises(InputError, match="Cut the first lags off"):
        fc.few_shot_co_smoothing(np.where(z > 2, np.nan, z), n, z, n, k=1, rng=rng)
    with pytest.raises(InputError, match="Take the trial column"):
        fc.condition_means(rates, np.array(["a"]))
    with pytest.raises(InputError, match="Leave out channels"):
        fc.decode_behavior(z, np.full((3, 40, 2), np.nan), z, z)
    with pytest.raises(InputError, match="Put NaN where nothing was predicted"):
        fc.bits_per_spike(rates[:, 1:], spikes)
