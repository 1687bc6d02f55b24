"""Coupling against stimulation: planted networks, two neurons, strata, judges, both arms."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.analysis.perturbation import gain_within_strata, growth
from neuroloom.analysis.response_scores import STRATA, Pairs
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.studies.functional_connectivity.config import PRESETS
from neuroloom.studies.functional_connectivity.perturbation import stimulation
from neuroloom.studies.functional_connectivity.perturbation.config import PerturbationConfig
from neuroloom.studies.functional_connectivity.perturbation.linear_response import (
    ResponseCoupling,
    WiringGains,
    held,
    wiring_weight,
)
from neuroloom.studies.functional_connectivity.simulators.cell_types import (
    draw_network,
    simulate_cell_types,
)
from neuroloom.studies.functional_connectivity.simulators.config import CellTypesConfig, DriveConfig
from responses import planted_responses, small_worm

FAST = PRESETS["fast"]
SMALL = PerturbationConfig(
    n_folds=3, n_fold_draws=1, n_null_draws=3, n_fitted_null_draws=0, n_resamples=20
)


def chain_and_gap():
    """a -> b by 4 contacts, b = c by 2 gap junctions."""
    return Connectome(
        np.array(["a", "b", "c"]),
        pre=np.array([0, 1]),
        post=np.array([1, 2]),
        kind=np.array([0, 1]),
        count=np.array([4, 2]),
        sign=np.array([0, 0]),
    )


def test_wiring_goes_from_pre_to_post_and_gap_junctions_both_ways():
    weight = wiring_weight(chain_and_gap(), 0.5, 0.5)
    np.testing.assert_allclose(weight, [[0, 0, 0], [1.0, 0, 0.5], [0, 0.5, 0]])
    assert growth(weight[None]) == pytest.approx(0.5)
    no_gap = wiring_weight(chain_and_gap(), 0.5, 0.0)
    np.testing.assert_allclose(no_gap, [[0, 0, 0], [8, 0, 0], [0, 0, 0]])  # no cycle: left as it is


def test_holding_a_neuron_is_the_solution_with_its_row_taken_out(rng):
    weight = 0.3 * rng.normal(size=(6, 6)) * ~np.eye(6, dtype=bool)
    found = held(weight)
    others = np.array([0, 1, 3, 4, 5])
    inner = np.eye(5) - weight[np.ix_(others, others)]
    np.testing.assert_allclose(found[others, 2], np.linalg.solve(inner, weight[others, 2]))
    np.testing.assert_allclose(np.diag(found), 1.0)


def linear_animal(rng, *, n=30, push=2.0, noise=0.02, hidden=0.1):
    """Steady responses of a linear network whose couplings are unlike its contacts."""
    there = rng.random((n, n)) < 0.12
    np.fill_diagonal(there, False)
    post, pre = np.nonzero(there)
    count = rng.integers(1, 6, len(pre))
    names = np.array([f"N{i:02d}" for i in range(n)])
    connectome = Connectome(
        names, pre, post, np.zeros(len(pre), int), count, np.zeros(len(pre), int)
    )
    weight = np.zeros((n, n))
    weight[post, pre] = count * rng.choice([0.0, 0.4, 2.0], len(pre))
    weight *= 0.6 / max(growth(weight[None]), 1e-9)
    response = push * held(weight).T + noise * rng.normal(size=(n, n))
    blank = np.eye(n, dtype=bool) | (rng.random((n, n)) < hidden)
    q = np.where(np.abs(response) > 0.1, 0.01, 0.5)
    counts = np.where(blank, 0, rng.integers(1, 12, (n, n)))
    recording = Recording(
        np.where(blank, np.nan, response)[:, None],
        names,
        kind="response",
        trials={"stimulated": names},
        n_observations=counts[:, None],
        annotations={"q": np.where(blank, np.nan, q)[:, None]},
        unit="dF/F",
    )
    return connectome, recording, weight, push * held(weight).T


def test_fitted_coupling_finds_what_the_contacts_do_not_say(rng):
    connectome, recording, weight, _ = linear_animal(rng)
    prior = WiringGains().fit(connectome, recording, rng=rng)
    found = ResponseCoupling().fit(connectome, recording, rng=rng)
    off = ~np.eye(len(weight), dtype=bool)
    before, after = (np.corrcoef(one.weight[off], weight[off])[0, 1] for one in (prior, found))
    assert after > 0.9
    assert after > before + 0.1
    backward = np.corrcoef(found.weight.T[off], weight[off])[0, 1]
    assert abs(backward) < 0.3


def test_responses_of_a_held_out_neuron_follow_from_the_others(rng):
    connectome, recording, _, truth = linear_animal(rng)
    out = np.arange(recording.n_trials) < 6
    blank = out[:, None, None]
    training = replace(
        recording,
        activity=np.where(blank, np.nan, recording.activity),
        annotations={"q": np.where(blank, np.nan, recording.annotations["q"])},
    )
    other = replace(training, activity=np.where(blank, np.nan, recording.activity[::-1, :, ::-1]))
    found = ResponseCoupling().fit(connectome, training, rng=rng)
    effect = found.predict(training).effect[:6, 0, :, 0]
    off = ~np.eye(len(truth), dtype=bool)[:6]
    right = np.corrcoef(effect[off], truth[:6][off])[0, 1]
    assert right > 0.5
    wrong = ResponseCoupling().fit(connectome, other, rng=rng).predict(training).effect
    assert right > np.corrcoef(wrong[:6, 0, :, 0][off], truth[:6][off])[0, 1] + 0.15


def test_trials_enter_a_chance_only_where_they_may(rng):
    connectome = small_worm(rng)
    recording = planted_responses(connectome, rng)
    more = replace(recording, n_observations=recording.n_observations * 4)
    blind = WiringGains().fit(connectome, recording, rng=rng)
    np.testing.assert_array_equal(
        blind.predict(recording).probability, blind.predict(more).probability
    )
    knows = WiringGains(trials_known=True).fit(connectome, recording, rng=rng)
    one, other = (knows.predict(target).probability for target in (recording, more))
    seen = recording.observed
    assert ((one != other) == seen).all()
    assert blind.predict(recording).calibrated is False


@pytest.mark.parametrize("method", [WiringGains(), ResponseCoupling()])
def test_a_neurons_answer_to_its_own_stimulation_changes_nothing(method, rng):
    connectome, recording, _, _ = linear_animal(rng)
    own = np.eye(recording.n_neurons, dtype=bool)[:, None]
    told = replace(
        recording,
        activity=np.where(own, 5.0, recording.activity),
        n_observations=np.where(own, 9, recording.n_observations),
        annotations={"q": np.where(own, 0.0, recording.annotations["q"])},
    )
    one, other = (method.fit(connectome, given, rng=rng) for given in (recording, told))
    np.testing.assert_array_equal(one.weight, other.weight)
    assert one.push == other.push


def strata_pairs(rng, n=3_000):
    """Detection grows with trials, and within like numbers with x."""
    trials = rng.integers(1, 13, n)
    x = rng.normal(size=n)
    detected = rng.random(n) < 1 / (1 + np.exp(3.0 - 0.3 * trials - x))
    group = rng.integers(0, 60, n).astype(str)
    where = np.ones((1, 1, n), bool)
    return Pairs(where, detected, x, trials, group), x


def test_a_gain_within_strata_is_not_that_of_trial_counts(rng):
    pairs, x = strata_pairs(rng)
    trials = pairs.n_trials.astype(float)
    gain = gain_within_strata(x, [trials], pairs, rng=rng, n_resamples=50)
    assert gain.low > 0
    assert set(gain.by_stratum) == set(STRATA)
    assert gain.value == pytest.approx(np.mean(list(gain.by_stratum.values())))
    stratum = 10.0 * (pairs.n_trials > 3) + 10.0 * (pairs.n_trials > 7)
    same = gain_within_strata(x + stratum, [x], pairs, rng=rng, n_resamples=50)
    assert same == (0.0, 0.0, 0.0, dict.fromkeys(STRATA, 0.0))
    noise = rng.normal(size=len(x))
    worse = gain_within_strata(noise, [x], pairs, rng=rng, n_resamples=50)
    assert worse.high < 0
    two = gain_within_strata(x, [noise, x], pairs, rng=np.random.default_rng(1), n_resamples=50)
    one = gain_within_strata(x, [noise], pairs, rng=np.random.default_rng(1), n_resamples=50)
    assert two.value == pytest.approx(one.value / 2)
    assert two.low == pytest.approx(one.low / 2)


def test_a_stratum_holds_its_first_and_its_last_number_of_trials(rng):
    pairs, x = strata_pairs(rng)
    for numbers in ([1, 4, 8], [3, 7, 12]):
        ends = replace(pairs, n_trials=rng.choice(numbers, len(x)))
        gain = gain_within_strata(x, [-x], ends, rng=rng, n_resamples=5)
        assert set(gain.by_stratum) == set(STRATA)


def test_strata_without_both_classes_are_left_out_and_none_is_refused(rng):
    pairs, x = strata_pairs(rng)
    few = replace(pairs, detected=pairs.detected & (pairs.n_trials < 8))
    assert list(gain_within_strata(x, [x], few, rng=rng, n_resamples=5).by_stratum) == [
        name for name in STRATA if "8" not in name
    ]
    with pytest.raises(InputError, match="Pool more recordings"):
        gain_within_strata(x, [x], replace(pairs, detected=pairs.detected & False), rng=rng)


def two_neurons(size):
    """a drives b; nothing else."""
    weight = np.zeros((2, 2))
    weight[1, 0] = size
    return weight, np.zeros(2)


@pytest.mark.parametrize("size", [0.8, -0.8])
def test_a_true_response_goes_from_pre_to_post_with_its_sign(size, rng):
    weight, bias = two_neurons(size)
    x = 1e-3 * rng.normal(size=(50, 2))
    found = stimulation.stimulated_responses(x, weight, bias, range(0, 40, 3), size=1e-3, horizon=2)
    assert found.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(found[:, 0], np.tile(np.eye(2), (2, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(found[:, 1, 1, 0], size, atol=1e-3)
    assert (found[:, :, 0, 1] == 0).all()


def test_a_true_response_is_that_of_the_system_simulated_again(rng):
    config = CellTypesConfig(n_neurons=50, n_steps=40, drive=DriveConfig(strength=2.0))
    simulated = simulate_cell_types(config, rng=np.random.default_rng(5))
    weight, bias = draw_network(config, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(weight, simulated.weight)
    x = simulated.activity[0]
    added = x[1:] - np.tanh(x[:-1] @ weight.T + bias)
    moments = [3, 11, 20]
    half = stimulation.stimulated_responses(x, weight, bias, moments, size=2.0, horizon=3)
    found = half[0] * 2 / 3 + half[1] / 3
    expected = np.zeros((4, 50))
    for t in moments:
        y = x[t].copy()
        for step in range(4):
            if step:
                y = np.tanh(weight @ y + bias) + added[t + step - 1]
            y[7] += 2.0
            expected[step] += (y - x[t + step]) / 2.0 / len(moments)
    np.testing.assert_allclose(found[:, :, 7], expected, atol=1e-9)
