"""What a recorded set tells: against dense linear algebra, finite differences and Monte Carlo."""

from dataclasses import replace
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import rate_network
from neuroloom.analysis.identifiability import (
    Sensitivity,
    leading_modes,
    leading_sensitivity,
    left_by_gradient_descent,
    linearize,
    modes,
    predicted_error,
)
from neuroloom.analysis.identifiability.modes import most_modes, n_products
from neuroloom.errors import InputError
from neuroloom.simulation import simulate


@pytest.fixture
def network(rng):
    return rate_network(6, rng)


@pytest.fixture
def outputs(rng):
    inputs = jnp.asarray(rng.normal(size=(2, 20, 6)))
    return lambda n: n.rate(simulate(n, inputs, dt=0.02, adjoint=False))


def both(n):
    return n.gain.value, n.bias.value


def test_sensitivities_are_finite_differences_of_the_simulation(network, outputs):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5), every=4)
    s = found.sensitivity().value
    assert s.shape == (6, 10, 12)

    def activity(theta):
        made = outputs(found.unravel(jnp.asarray(theta)))[:, 3::4]
        return np.moveaxis(np.asarray(made), 2, 0).reshape(6, -1)

    np.testing.assert_array_equal(activity(found.parameters), found.activity)
    # eqx.tree_at keeps the order of the network's own fields: bias comes after gain
    for one, sd in ((0, 0.3), (5, 0.3), (6, 0.5), (11, 0.5)):
        step = np.zeros(12)
        step[one] = 1e-5
        slope = (activity(found.parameters + step) - activity(found.parameters - step)) / 2e-5
        np.testing.assert_allclose(s[:, :, one], slope * sd, atol=1e-7)


def test_every_sample_is_that_of_its_own_neuron(network, outputs):
    found = linearize(network, outputs, trainable=both, prior_sd=(1.0, 1.0))
    made = np.asarray(outputs(network))
    np.testing.assert_array_equal(found.activity[4], made[:, :, 4].ravel())
    assert found.activity.shape == (6, 40)


def test_products_with_s_and_its_transpose_are_those_of_the_matrix(network, outputs, rng):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5))
    matrix = found.sensitivity().value.reshape(-1, 12)
    right, left = rng.normal(size=(12, 70)), rng.normal(size=(6, 40, 3))
    np.testing.assert_allclose(found.apply(right).reshape(-1, 70), matrix @ right, atol=1e-10)
    np.testing.assert_allclose(
        found.apply_transposed(left), matrix.T @ left.reshape(-1, 3), atol=1e-10
    )


def test_the_sensitivity_runs_from_pre_to_post(a_to_b):
    from neuroloom.networks import Linear, RateNetwork, per_neuron

    network = RateNetwork.from_connectome(
        a_to_b, activation=Linear(), bias=per_neuron(0.0, 2, unit="state")
    )
    found = linearize(
        network,
        lambda n: simulate(n, jnp.zeros((1, 300, 2)), dt=0.01, adjoint=False),
        trainable=lambda n: n.bias.value,
        prior_sd=1.0,
        every=300,
    )
    np.testing.assert_allclose(found.sensitivity().value[:, 0], [[0.0, 0.0], [2.0, 0.0]], atol=1e-9)


def test_the_posterior_is_that_of_dense_linear_algebra(rng):
    per_parameter = rng.normal(size=(5, 4, 9))
    root = rng.normal(size=(9, 9))
    prior = root @ root.T + np.eye(9)
    recorded = np.array([True, False, True, False, False])
    rows = per_parameter[recorded].reshape(-1, 9)
    covariance = np.linalg.inv(rows.T @ rows / 0.2**2 + np.linalg.inv(prior))
    variance = np.einsum("nkp,pq,nkq->nk", per_parameter, covariance, per_parameter)
    s = Sensitivity.with_covariance(per_parameter, prior)
    found = predicted_error(s, recorded, noise=0.2)
    np.testing.assert_allclose(found.sd, np.sqrt(variance))
    np.testing.assert_allclose(found.mean_square, variance.mean(axis=1))


def test_what_gradient_descent_leaves_is_what_the_projectors_say(rng):
    per_parameter = rng.normal(size=(5, 2, 9))
    sd = rng.uniform(0.5, 2, 9)
    recorded = np.array([True, False, True, False, False])
    rows = per_parameter[recorded].reshape(-1, 9)
    blind = np.eye(9) - np.linalg.pinv(rows) @ rows
    inner = blind @ np.diag(sd**2) @ blind
    expected = np.einsum("nkp,pq,nkq->n", per_parameter, inner, per_parameter) / 2
    found = left_by_gradient_descent(per_parameter, recorded, sd)
    np.testing.assert_allclose(found.mean_square, expected, atol=1e-12)
    # and by descending: students that start wrong by draws from the prior
    wrong = rng.normal(size=(9, 4_000)) * sd[:, None]
    for _ in range(4_000):
        wrong -= 0.02 * rows.T @ (rows @ wrong)
    left = ((per_parameter.reshape(-1, 9) @ wrong) ** 2).mean(axis=1).reshape(5, 2).mean(axis=1)
    np.testing.assert_allclose(found.mean_square, left, rtol=0.1, atol=1e-9)


def test_with_equal_priors_and_no_noise_both_forms_agree(rng):
    value = rng.normal(size=(5, 2, 9))
    recorded = np.array([True, False, True, False, False])
    one = predicted_error(Sensitivity(value), recorded, noise=0.0)
    other = left_by_gradient_descent(value, recorded, np.ones(9))
    np.testing.assert_allclose(one.sd, other.sd)


def test_the_predicted_error_is_the_one_that_happens(rng):
    """A linear network: draw truths from the prior, record with noise, predict by least squares."""
    w = 0.6 * rng.normal(size=(12, 12)) / np.sqrt(12)
    response = np.linalg.solve(np.eye(12) - w, w)
    recorded = np.arange(12) < 4
    found = predicted_error(Sensitivity(response[:, None, :]), recorded, noise=0.1)
    truth = rng.normal(size=(12, 20_000))
    seen = response[recorded] @ truth + 0.1 * rng.normal(size=(4, 20_000))
    ridge = np.linalg.solve(
        response[recorded].T @ response[recorded] + 0.1**2 * np.eye(12), response[recorded].T
    )
    error = ((response @ (ridge @ seen - truth)) ** 2).mean(axis=1)
    np.testing.assert_allclose(found.mean_square, error, rtol=0.05)
    assert found.mean_square[~recorded].min() > 5 * found.mean_square[recorded].max()


def test_intervals_of_a_nonlinear_network_near_its_prior_mean_cover(network, outputs, rng):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.01, 0.01))
    s = found.sensitivity()
    recorded = np.arange(6) < 2
    sd = predicted_error(s, recorded, noise=1e-3).sd
    z = rng.normal(size=(12, 200))
    seen = s.rows(recorded)
    gain = np.linalg.solve(seen.T @ seen + 1e-6 * np.eye(12), seen.T)
    inside = []
    for draw in z.T:
        truth = found.unravel(jnp.asarray(found.parameters + found.prior_sd * draw))
        true = np.moveaxis(np.asarray(outputs(truth)), 2, 0).reshape(6, -1)
        change = true - found.activity
        guess = gain @ (change[recorded].ravel() + 1e-3 * rng.normal(size=len(seen)))
        error = s.value @ guess - change
        inside.append((np.abs(error) <= 1.645 * sd)[~recorded].mean())
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)


def test_modes_are_the_eigenvectors_of_the_gauss_newton_matrix(rng):
    s = Sensitivity(rng.normal(size=(5, 3, 7)))
    recorded = np.arange(5) < 2
    rows = s.value[recorded].reshape(-1, 7)
    found = modes(s, recorded)
    values = np.linalg.eigvalsh(rows.T @ rows)[::-1]
    np.testing.assert_allclose(found.stiffness, np.maximum(values, 0), atol=1e-9)
    np.testing.assert_allclose(
        rows.T @ rows @ found.direction, found.direction * found.stiffness, atol=1e-9
    )
    assert found.n_stiff(noise=1e-3) == 6  # 2 neurons x 3 samples tell of 6 directions out of 7
    assert found.participation_ratio == pytest.approx(values.sum() ** 2 / (values**2).sum())


def test_randomized_and_exact_modes_agree(network, outputs, rng):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5))
    recorded = np.arange(6) < 3
    exact = modes(found.sensitivity(), recorded)
    for n in (4, 12):
        quick = leading_modes(found, recorded, n_modes=n, rng=rng)
        np.testing.assert_allclose(quick.stiffness, exact.stiffness[:n], rtol=1e-6, atol=1e-12)
        overlap = np.abs(np.sum(quick.direction[:, :4] * exact.direction[:, :4], axis=0))
        np.testing.assert_allclose(overlap, 1.0, atol=1e-5)
        assert quick.complete == (n == 12)


def test_a_randomized_spectrum_of_many_parameters_finds_the_stiff_ones(rng):
    """200 parameters, more than probes, with eigenvalues that fall by decades."""
    import equinox as eqx

    class Linear(eqx.Module):
        theta: jax.Array

    matrix = rng.normal(size=(30, 200)) * 0.7 ** np.arange(30)[:, None]
    found = linearize(
        Linear(jnp.zeros(200)),
        lambda n: (jnp.asarray(matrix) @ n.theta).reshape(2, 3, 5),
        trainable=lambda n: n.theta,
        prior_sd=1.0,
    )
    assert found.n_at_once == 64
    exact = modes(found.sensitivity())
    quick = leading_modes(found, n_modes=8, rng=rng)
    np.testing.assert_allclose(quick.stiffness, exact.stiffness[:8], rtol=1e-4)
    share = exact.stiffness[:8].sum() / exact.stiffness.sum()
    assert quick.explained == pytest.approx(share, rel=0.2)
    assert not quick.complete


def test_a_sensitivity_in_leading_modes_predicts_the_same_errors(network, outputs, rng):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5))
    recorded = np.arange(6) < 2
    exact = predicted_error(found.sensitivity(), recorded, noise=0.1)
    reduced = leading_sensitivity(found, n_modes=12, rng=rng)
    quick = predicted_error(reduced, recorded, noise=0.1)
    np.testing.assert_allclose(quick.sd, exact.sd, atol=1e-8)
    assert reduced.explained == pytest.approx(1)


@pytest.mark.parametrize("n_modes", [1, 12])
def test_every_product_moves_the_bar(network, outputs, rng, n_modes):
    ticks = []
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5))
    leading_sensitivity(replace(found, done=ticks.append), n_modes=n_modes, rng=rng)
    assert sum(ticks) == n_products(n_modes, found.n_parameters)


def test_as_many_modes_are_allowed_as_memory_is_said_to_hold(network, outputs, rng, monkeypatch):
    found = linearize(network, outputs, trainable=both, prior_sd=(0.3, 0.5))
    size = max(found.n_parameters, found.activity.size)
    module = import_module("neuroloom.analysis.identifiability.modes")  # beside a function's name
    monkeypatch.setattr(module, "LARGEST", 15 * size)
    assert most_modes(found) == 5
    leading_modes(found, n_modes=5, rng=rng)
    with pytest.raises(InputError, match="fewer trials"):
        leading_modes(found, n_modes=6, rng=rng)


def test_members_of_an_ensemble_are_unknowns(rng):
    predictions = rng.normal(size=(7, 2, 3, 4))
    s = Sensitivity.from_members(predictions)
    spread = predicted_error(s, np.zeros(4, bool), noise=0.1).sd
    np.testing.assert_allclose(spread[3], predictions[:, :, :, 3].std(axis=0, ddof=1).ravel())


def test_more_recordings_never_make_a_prediction_worse(rng):
    s = Sensitivity(rng.normal(size=(6, 2, 8)))
    recorded = np.zeros(6, bool)
    before = predicted_error(s, recorded, noise=0.3).sd
    for neuron in range(6):
        recorded[neuron] = True
        after = predicted_error(s, recorded, noise=0.3).sd
        assert (after <= before + 1e-12).all()
        before = after


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"prior_sd": 0.3}, "in the same structure"),
        ({"prior_sd": (0.0, 1.0)}, "leave it out of `trainable`"),
        ({"prior_sd": (1.0, np.ones(4))}, "one number or one a parameter"),
        ({"every": 0}, "1 keeps all"),
        ({"every": 21}, "1 keeps all"),
    ],
)
def test_a_linearization_that_makes_no_sense_is_refused(network, outputs, options, instruction):
    with pytest.raises(InputError, match=instruction):
        linearize(network, outputs, trainable=both, **({"prior_sd": (1.0, 1.0)} | options))


def test_wrong_noise_masks_priors_and_outputs_are_refused(network, outputs, rng):
    s = Sensitivity(rng.normal(size=(4, 2, 3)))
    with pytest.raises(InputError, match="Use 0 for recordings without noise"):
        predicted_error(s, np.zeros(4, bool), noise=-1.0)
    with pytest.raises(InputError, match=r"np.isin\(connectome"):
        predicted_error(s, np.zeros(3, bool), noise=1.0)
    with pytest.raises(InputError, match="not positive definite"):
        Sensitivity.with_covariance(s.value, -np.eye(3))
    with pytest.raises(InputError, match="not symmetric"):
        Sensitivity.with_covariance(s.value, np.triu(np.ones((3, 3))))
    with pytest.raises(InputError, match="Fit more members"):
        Sensitivity.from_members(rng.normal(size=(1, 2, 3, 4)))
    with pytest.raises(InputError, match="smaller `dt`"):
        Sensitivity(np.full((1, 1, 1), np.nan))
    with pytest.raises(InputError, match="Put trials in front"):
        linearize(network, lambda n: outputs(n)[0], trainable=both, prior_sd=(1.0, 1.0))
    found = linearize(network, outputs, trainable=both, prior_sd=(1.0, 1.0))
    with pytest.raises(InputError, match="Ask for fewer"):
        leading_modes(found, n_modes=13, rng=rng)
