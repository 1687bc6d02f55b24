import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.fitting import detection_loss, squared_error


def test_squared_error_is_zero_at_the_target_and_the_weighted_mean_elsewhere():
    measured = jnp.array([1.0, 2.0, 3.0])
    weight = jnp.array([1.0, 1.0, 2.0])
    assert squared_error(measured, measured, weight) == 0
    predicted = measured + jnp.array([1.0, 0.0, 2.0])
    assert squared_error(predicted, measured, weight) == pytest.approx((1 + 2 * 4) / 4)


def test_detection_loss_is_the_negative_log_likelihood():
    logit = jnp.array([0.3, -1.2, 2.0])
    p = 1 / (1 + np.exp(-np.asarray(logit)))
    expected = -(2 * np.log(p[0]) + np.log(1 - p[1]) + 0.5 * np.log(p[2]))
    detected, weight = jnp.array([1.0, 0.0, 1.0]), jnp.array([2.0, 1.0, 0.5])
    assert detection_loss(logit, detected, weight) == pytest.approx(expected)


def test_detection_loss_vanishes_where_certainty_is_right():
    value = detection_loss(jnp.array([60.0, -60.0]), jnp.array([1.0, 0.0]), jnp.ones(2))
    assert value < 1e-20


@pytest.mark.parametrize("loss", [squared_error, detection_loss])
def test_masked_entries_change_no_value_and_no_gradient(loss):
    predicted = jnp.array([0.5, 1e30, jnp.nan, -0.4])
    measured = jnp.array([1.0, jnp.nan, 0.0, 0.0])
    weight = jnp.array([1.0, 1.0, 0.0, 1.0])
    value, gradient = jax.value_and_grad(loss)(predicted, measured, weight)
    kept = jnp.array([0, 3])
    alone = jax.value_and_grad(loss)(predicted[kept], measured[kept], weight[kept])
    assert value == alone[0]
    np.testing.assert_array_equal(gradient[kept], alone[1])
    assert gradient[1] == gradient[2] == 0


@pytest.mark.parametrize("loss", [squared_error, detection_loss])
def test_nothing_measured_gives_zero_and_no_gradient(loss):
    nothing = jnp.full(3, jnp.nan)
    value, gradient = jax.value_and_grad(loss)(jnp.ones(3), nothing, jnp.ones(3))
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros(3))
