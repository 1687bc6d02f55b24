"""The closed-form inverse against hand-made circuits, where the truth is known."""

import numpy as np
import pytest

from circuits import circuit
from inverse_circuits import DT, assert_found, drawn, run, self_exciting
from neuroloom.connectome import Connectome
from neuroloom.fitting.inverse import (
    CleanDerivative,
    FiniteDifference,
    Instruments,
    LeastSquares,
    MultiStep,
    NoiseCorrected,
    WeightPrior,
    identity_r2,
    observation_noise_sd,
    recover_parameters,
)


def test_without_noise_everything_is_recovered_exactly(rng):
    connectome, weight, tau, rest, inputs, states, _ = drawn(6, 400, rng)
    found = recover_parameters(connectome, states, inputs, DT)
    assert not found.findings
    assert_found(found, weight, tau, rest)
    np.testing.assert_allclose(found.input_gain[:3], 1, rtol=1e-6)
    assert np.isnan(found.input_gain[3:]).all()


@pytest.mark.parametrize("target", [FiniteDifference(), MultiStep(1), MultiStep(4)])
@pytest.mark.parametrize("estimator", [LeastSquares(), Instruments(2)])
def test_every_target_and_estimator_is_exact_without_noise(rng, target, estimator):
    connectome, weight, tau, rest, inputs, states, _ = drawn(5, 400, rng)
    found = recover_parameters(connectome, states, inputs, DT, target=target, estimator=estimator)
    assert_found(found, weight, tau, rest, rtol=1e-5)


def test_the_weight_is_found_from_pre_to_post(a_to_b, rng):
    inputs = rng.normal(size=(200, 2))
    truth = np.array([0.7]), np.array([0.05, 0.1]), np.array([0.2, -0.3])
    states, _ = run(a_to_b, *truth, inputs, rng)
    found = recover_parameters(a_to_b, states, inputs, DT)
    assert (found.pre.tolist(), found.post.tolist()) == ([0], [1])
    assert_found(found, *truth)


def test_an_input_belongs_to_the_step_that_it_drives(a_to_b, rng):
    inputs = rng.normal(size=(200, 2))
    truth = np.array([0.7]), np.array([0.05, 0.1]), np.array([0.2, -0.3])
    states, _ = run(a_to_b, *truth, inputs, rng)
    late = recover_parameters(a_to_b, states[:-1], inputs[1:], DT)
    assert np.abs(late.input_gain - 1).min() > 0.2


def test_the_clean_derivative_is_recovered_from_under_heavy_noise(rng):
    connectome, weight, tau, rest, inputs, states, dvdt = drawn(6, 300, rng, step_sd=0.5)
    found = recover_parameters(connectome, states, inputs, DT, target=CleanDerivative(dvdt))
    assert_found(found, weight, tau, rest)


def test_simulate_and_the_inverse_agree_on_time_and_orientation(rng):
    import jax.numpy as jnp

    from neuroloom.networks import GainSide, RateNetwork, Relu, per_neuron
    from neuroloom.simulation import simulate

    connectome = circuit(6, rng, gaps=False)
    tau, rest = rng.uniform(0.05, 0.2, 6), rng.normal(size=6)
    network = RateNetwork.from_connectome(
        connectome,
        tau=per_neuron(tau, 6, unit="s"),
        bias=per_neuron(rest, 6, unit="state"),
        scale=0.05,
        activation=Relu(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    inputs = rng.normal(size=(300, 6))
    after = simulate(network, jnp.asarray(inputs), dt=DT, initial=jnp.asarray(rest))
    found = recover_parameters(connectome, np.vstack([rest, after]), inputs, DT)
    assert_found(found, np.asarray(network.weight), tau, rest)


def test_trials_are_stacked_and_never_joined(rng):
    connectome, weight, tau, rest, inputs, _, _ = drawn(5, 240, rng)
    inputs = inputs.reshape(4, 60, 5)
    states = np.stack([run(connectome, weight, tau, rest, u, rng)[0] for u in inputs])
    found = recover_parameters(connectome, states, inputs, DT, target=MultiStep(3))
    assert_found(found, weight, tau, rest, rtol=1e-5)
    assert "from 232 samples" in found.audit[0]


def test_some_neurons_are_found_as_among_all(rng):
    connectome, _, _, _, inputs, states, _ = drawn(6, 200, rng, step_sd=0.1)
    every = recover_parameters(connectome, states, inputs, DT)
    some = recover_parameters(connectome, states, inputs, DT, neurons=np.array([4, 1]))
    assert some.neuron.tolist() == [4, 1]
    np.testing.assert_allclose(some.tau, every.tau[[4, 1]])
    for place in (1, 4):
        np.testing.assert_array_equal(
            some.weight[some.post == place], every.weight[every.post == place]
        )


def linear(x):
    return x


def without_autapses(connectome):
    """In a linear network they cannot be told from tau."""
    keep = connectome.pre != connectome.post
    ends = {k: getattr(connectome, k)[keep] for k in ("pre", "post", "kind", "count", "sign")}
    return Connectome(neuron_id=connectome.neuron_id, **ends)


def z_scores(found, weight, tau, rest):
    """Errors in units of their standard errors."""
    return np.concatenate(
        [
            (found.weight - weight[found.connection]) / found.weight_sd,
            (found.tau - tau) / found.tau_sd,
            (found.rest - rest) / found.rest_sd,
        ]
    )


def noisy_trials(rng, n_trials, *, step_sd, observed_sd):
    """Linear circuits with noise, drawn anew each."""
    for _ in range(n_trials):
        connectome = without_autapses(circuit(5, rng, gaps=False))
        weight = 0.3 * connectome.sign * rng.lognormal(-1.0, 0.5, connectome.n_connections)
        truth = weight, rng.uniform(0.05, 0.15, 5), rng.normal(size=5)
        inputs = np.repeat(rng.normal(size=(600, 5)), 4, axis=0)
        states, _ = run(connectome, *truth, inputs, rng, step_sd=step_sd, phi=linear)
        yield connectome, truth, inputs, states + observed_sd * rng.normal(size=states.shape)


def test_standard_errors_are_calibrated_under_noise_in_the_state(rng):
    z = [
        z_scores(recover_parameters(connectome, states, inputs, DT, activation=linear), *truth)
        for connectome, truth, inputs, states in noisy_trials(rng, 12, step_sd=0.2, observed_sd=0)
    ]
    assert 0.8 < np.concatenate(z).std() < 1.2


@pytest.mark.parametrize("estimator", [Instruments(), NoiseCorrected(0.2)])
def test_standard_errors_are_calibrated_under_noise_of_observation(rng, estimator):
    trials = noisy_trials(rng, 12, step_sd=0.1, observed_sd=0.2)
    z = [
        z_scores(
            recover_parameters(
                connectome, states, inputs, DT, activation=linear, estimator=estimator
            ),
            *truth,
        )
        for connectome, truth, inputs, states in trials
    ]
    assert 0.7 < np.concatenate(z).std() < 1.3


def test_noise_of_observation_biases_least_squares_and_the_correction_removes_it(rng):
    errors = {}
    for estimator in (LeastSquares(), Instruments(), NoiseCorrected(0.2)):
        trials = noisy_trials(np.random.default_rng(1), 6, step_sd=0.1, observed_sd=0.2)
        errors[type(estimator)] = np.concatenate(
            [
                recover_parameters(
                    connectome, states, inputs, DT, activation=linear, estimator=estimator
                ).tau
                / truth[1]
                - 1
                for connectome, truth, inputs, states in trials
            ]
        )
    assert errors[LeastSquares].mean() < -0.3  # tau far too short
    for better in (Instruments, NoiseCorrected):
        assert abs(errors[better].mean()) < 0.05
    assert errors[NoiseCorrected].std() < errors[Instruments].std()


def test_under_noise_in_the_state_differences_are_unbiased_and_windows_are_not(rng):
    """Why averaging over steps is no remedy there."""
    ratio = {}
    for target in (FiniteDifference(), MultiStep(4)):
        trials = noisy_trials(np.random.default_rng(1), 6, step_sd=0.5, observed_sd=0)
        ratio[target] = np.mean(
            [
                recover_parameters(
                    connectome, states, inputs, DT, activation=linear, target=target
                ).tau
                / truth[1]
                for connectome, truth, inputs, states in trials
            ]
        )
    assert abs(ratio[FiniteDifference()] - 1) < 0.05
    assert abs(ratio[MultiStep(4)] - 1) > 0.3


@pytest.mark.parametrize("observed_sd", [0.0, 0.1, 0.3])
def test_the_level_of_the_noise_of_observation_is_found(rng, observed_sd):
    ((connectome, _, inputs, states),) = noisy_trials(rng, 1, step_sd=0.1, observed_sd=observed_sd)
    found = observation_noise_sd(connectome, states, inputs, DT, activation=linear)
    assert found == pytest.approx(observed_sd, rel=0.1, abs=0.03)


def test_the_prior_improves_what_little_data_say_and_gives_calibrated_errors(rng):
    connectome, weight, tau, _, inputs, states, _ = drawn(
        40, 300, rng, step_sd=0.3, mean=0.2, density=0.25
    )
    alone = recover_parameters(connectome, states, inputs, DT)
    helped = recover_parameters(connectome, states, inputs, DT, prior=WeightPrior())
    r2 = [identity_r2(weight[f.connection], f.weight) for f in (alone, helped)]
    assert r2[0] < 0
    assert r2[1] > 0.5
    assert r2[1] > identity_r2(weight[helped.connection], helped.prior_weight)
    z = (helped.weight - weight[helped.connection]) / helped.weight_sd
    assert 0.7 < z.std() < 1.3
    assert identity_r2(tau, helped.tau) > identity_r2(tau, alone.tau)


def test_with_much_data_the_prior_gives_way(rng):
    connectome, weight, tau, rest, inputs, states, _ = drawn(6, 400, rng)
    found = recover_parameters(connectome, states, inputs, DT, prior=WeightPrior(power=1.0))
    assert_found(found, weight, tau, rest, rtol=1e-3)


def test_scores_leave_out_what_they_say(rng):
    connectome, truth = self_exciting(np.array([5.0, 0.0]))
    inputs = rng.uniform(size=(400, 2))
    states, dvdt = run(connectome, *truth, inputs, rng)
    found = recover_parameters(connectome, states, inputs, DT, target=CleanDerivative(dvdt))
    sizes = {s.where: (s.n_connections, s.n_neurons) for s in found.scores(*truth)}
    assert sizes == {
        "all": (2, 2),
        "without autapses": (1, 2),
        "without autapse neurons": (1, 1),
        "identified": (1, 1),
    }


def test_the_identity_line_sees_a_slope_that_correlation_does_not():
    true = np.arange(10.0)
    assert identity_r2(true, true) == 1
    assert identity_r2(true, np.full(10, true.mean())) == 0
    assert identity_r2(true, 2 * true) < 0
    assert np.isnan(identity_r2(np.ones(3), np.ones(3)))


def test_a_large_ridge_shrinks_toward_no_weight(a_to_b, rng):
    inputs = rng.normal(size=(200, 2))
    truth = np.array([0.7]), np.array([0.05, 0.1]), np.array([0.2, -0.3])
    states, _ = run(a_to_b, *truth, inputs, rng)
    found = recover_parameters(a_to_b, states, inputs, DT, estimator=LeastSquares(ridge=100.0))
    coefficient = found.weight / found.tau[1]
    assert 0 < coefficient[0] < 0.02 * 0.7 / 0.1


def test_standard_errors_are_the_spread_over_draws_of_the_noise(a_to_b):
    """With a strong weight the errors of weight and tau go together; their sum must count."""
    truth = np.array([3.0]), np.array([0.1, 0.1]), np.array([0.5, 1.0])
    found = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        inputs = rng.normal(size=(300, 2)) * np.array([2.0, 0.0])
        states, _ = run(a_to_b, *truth, inputs, rng, step_sd=0.1, phi=linear)
        found.append(recover_parameters(a_to_b, states, inputs, DT, activation=linear))
    for name, place in (("weight", 0), ("tau", 1), ("rest", 1)):
        spread = np.std([getattr(f, name)[place] for f in found])
        stated = np.mean([getattr(f, f"{name}_sd")[place] for f in found])
        assert stated == pytest.approx(spread, rel=0.2)


def test_the_correction_knows_that_a_neuron_hears_its_own_noise(rng):
    """The noise of a state that excites itself is in two regressors at once."""
    connectome, truth = self_exciting(np.array([0.3, 0.0]))
    inputs = 3 * rng.normal(size=(4_000, 2))
    states, _ = run(connectome, *truth, inputs, rng, step_sd=0.02)
    seen = states + 0.3 * rng.normal(size=states.shape)
    found = recover_parameters(connectome, seen, inputs, DT, estimator=NoiseCorrected(0.3))
    assert found.weight[0] == pytest.approx(0.5, abs=0.2)
    assert found.tau[0] == pytest.approx(0.1, rel=0.2)
