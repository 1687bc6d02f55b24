"""Second-order steps against dense linear algebra, and inside `fit`."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from circuits import rate_network, with_values
from neuroloom.errors import InputError
from neuroloom.fitting import LevenbergMarquardt, SumOfSquares, fit
from neuroloom.fitting.levenberg_marquardt import conjugate_gradients
from neuroloom.simulation import simulate


def linear(matrix, target):
    return lambda p: {"only": matrix @ p - target}


def test_conjugate_gradients_solve_in_as_many_steps_as_unknowns(rng):
    root = rng.normal(size=(6, 6))
    matrix, right = root @ root.T + np.eye(6), rng.normal(size=6)
    found = conjugate_gradients(lambda p: jnp.asarray(matrix) @ p, jnp.asarray(right), 6)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-9)


def test_conjugate_gradients_rest_at_zero():
    np.testing.assert_array_equal(conjugate_gradients(lambda p: p, jnp.zeros(3), 5), np.zeros(3))


def test_a_step_equals_the_damped_normal_equations(rng):
    matrix, target, start = rng.normal(size=(9, 4)), rng.normal(size=9), rng.normal(size=4)
    method = LevenbergMarquardt(damping=0.3, n_inner=8)
    moved, trust, loss = method.step(
        linear(jnp.asarray(matrix), jnp.asarray(target)), jnp.asarray(start), method.init(start)
    )
    residual = matrix @ start - target
    step = np.linalg.solve(matrix.T @ matrix + 0.3 * np.eye(4), -matrix.T @ residual)
    np.testing.assert_allclose(moved, start + step, rtol=1e-9)
    np.testing.assert_allclose(loss, ((matrix @ (start + step) - target) ** 2).sum(), rtol=1e-9)
    assert trust.damping == pytest.approx(0.3 / 4)


def test_what_the_residuals_do_not_determine_stays_where_it_started(rng):
    matrix, start = rng.normal(size=(2, 5)), rng.normal(size=5)
    method = LevenbergMarquardt(damping=1e-8, n_inner=5)
    moved, _, loss = method.step(
        linear(jnp.asarray(matrix), jnp.zeros(2)), jnp.asarray(start), method.init(start)
    )
    null = np.linalg.svd(matrix)[2][2:]
    np.testing.assert_allclose(null @ np.asarray(moved), null @ start, atol=1e-7)
    assert loss < 1e-12


def overshoots(p):
    """From 3, the tangent leads to -9.5, where it is worse."""
    return jnp.arctan(p)


def breaks(p):
    """From 3, the tangent leads to where there is no value."""
    return jnp.sqrt(p - 2)


@pytest.mark.parametrize("residuals", [overshoots, breaks])
def test_a_step_that_does_not_help_is_not_taken_and_the_next_is_shorter(residuals):
    start, method = jnp.array([3.0]), LevenbergMarquardt(damping=1e-6, n_inner=2)
    moved, trust, loss = method.step(residuals, start, method.init(start))
    np.testing.assert_array_equal(moved, start)
    assert trust.damping == pytest.approx(8e-6)
    assert loss == pytest.approx(float(residuals(start)[0] ** 2))


def errors(network, batch, weight, key):
    """Of the rates, as a mean."""
    inputs, targets = batch
    found = network.rate(simulate(network, inputs, dt=0.02, adjoint=False))
    return weight[:, None, None] * (found - targets) / np.sqrt(targets.size)


@pytest.fixture(scope="module")
def lesson():
    rng = np.random.default_rng(2)
    teacher = rate_network(5, rng)
    inputs = jnp.asarray(rng.normal(size=(4, 50, 5)))
    student = with_values(teacher, np.full(5, 0.7), np.zeros(5))
    return teacher, student, (inputs, teacher.rate(simulate(teacher, inputs, dt=0.02)))


SETTINGS = {
    "trainable": lambda n: (n.gain.value, n.bias.value),
    "key": jax.random.key(0),
    "n_members": 3,
    "n_steps": 15,
    "check_every": 5,
    "initialize": lambda n, k: with_values(n, 0.7 + 0.1 * jax.random.normal(k, (5,)), jnp.zeros(5)),
    "progress": False,
}


def test_fifteen_steps_recover_what_thousands_of_adam_do(lesson):
    teacher, student, trials = lesson
    found = fit(
        student, trials, SumOfSquares(errors), optimizer=LevenbergMarquardt(n_inner=10), **SETTINGS
    )
    for i in range(3):
        np.testing.assert_allclose(found.member(i).gain.value, teacher.gain.value, atol=1e-5)
        np.testing.assert_allclose(found.member(i).bias.value, teacher.bias.value, atol=1e-5)
    adam = fit(student, trials, SumOfSquares(errors), optimizer=optax.adam(0.01), **SETTINGS)
    assert found.history[-1].max() < 1e-10 < adam.history[-1].min()


@pytest.mark.parametrize("together", [2, 3])
def test_members_run_together_end_where_they_end_alone(lesson, together):
    _, student, trials = lesson
    method = LevenbergMarquardt(n_inner=6)
    short = SETTINGS | {"n_steps": 5}
    alone, batched = (
        fit(student, trials, SumOfSquares(errors), optimizer=method, together=k, **short)
        for k in (1, together)
    )
    np.testing.assert_allclose(
        batched.parameters.gain.value, alone.parameters.gain.value, rtol=1e-7
    )


def test_the_loss_of_the_residuals_is_their_sum_of_squares(lesson):
    _, student, trials = lesson
    loss = SumOfSquares(errors)(student, trials, jnp.ones(4), jax.random.key(0))
    states = simulate(student, trials[0], dt=0.02)
    assert loss == pytest.approx(float(jnp.mean((student.rate(states) - trials[1]) ** 2)))


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"loss": lambda *_: 0.0}, "Wrap the function of the residuals"),
        ({"clip_norm": 1.0}, "Its damping bounds the steps"),
    ],
)
def test_what_does_not_go_with_it_is_refused(lesson, change, instruction):
    _, student, trials = lesson
    choices = {"loss": SumOfSquares(errors), "optimizer": LevenbergMarquardt()} | SETTINGS | change
    with pytest.raises(InputError, match=instruction):
        fit(student, trials, **choices)


@pytest.mark.parametrize("numbers", [{"damping": 0.0}, {"n_inner": 0}, {"least_damping": -1.0}])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(InputError, match="Leave them out for the defaults"):
        LevenbergMarquardt(**numbers)


def test_a_checkpoint_keeps_the_damping(lesson, tmp_path):
    _, student, trials = lesson
    choices = SETTINGS | {"optimizer": LevenbergMarquardt(n_inner=6)}
    path = tmp_path / "fit.checkpoint"
    whole = fit(student, trials, SumOfSquares(errors), **choices)
    fit(student, trials, SumOfSquares(errors), checkpoint=path, **choices)
    again = fit(student, trials, SumOfSquares(errors), checkpoint=path, **choices)
    np.testing.assert_array_equal(again.parameters.gain.value, whole.parameters.gain.value)
    assert eqx.tree_equal(again.parameters, whole.parameters)
