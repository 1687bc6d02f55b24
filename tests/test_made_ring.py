"""The hand-built ring does what others test on it: it turns, and which way is planted."""

import jax.numpy as jnp
import numpy as np
import pytest

from made_ring import made_inputs, made_ring, ring_network
from neuroloom.analysis.tuning import head_direction_tuning, published_classes
from neuroloom.simulation import perform


def turned(ring, velocity, n_steps=80):
    """Angle gained a step at constant velocity, rad."""
    inputs = np.zeros((1, n_steps, 3))
    inputs[:, :10, 2] = 1.0
    inputs[:, 10:, 0] = velocity
    path = np.unwrap(ring.decoded(ring.run(inputs))[0])
    return (path[-1] - path[-41]) / 40


@pytest.mark.parametrize("velocity", [0.005, 0.05, 0.15, -0.1])
def test_it_turns_as_fast_as_it_is_told(velocity):
    np.testing.assert_allclose(turned(made_ring(), velocity), velocity, rtol=0.01)


def test_it_stays_where_it_is_told():
    assert abs(turned(made_ring(), 0.0)) < 1e-6


def test_shifters_displaced_the_other_way_turn_the_other_way():
    assert turned(made_ring(shift=-np.pi / 4), 0.05) < -0.02


def test_the_published_bounds_know_its_classes_and_headings(rng):
    ring = made_ring(rng=rng, n_silent=3)
    inputs, heading, velocity = made_inputs(rng)
    rates = ring.run(inputs)
    error = np.angle(np.exp(1j * (ring.decoded(rates) - heading)))[:, 10:]
    assert np.sqrt((error**2).mean()) < np.deg2rad(6)  # it lags behind by two time constants
    tuning = head_direction_tuning(heading[:, 10:], velocity[:, 10:], rates[:, 10:])
    np.testing.assert_array_equal(published_classes(tuning), ring.classes)
    off = np.angle(np.exp(1j * (tuning.preferred - ring.preferred)))
    compass = ring.classes == "compass"
    assert np.abs(off[compass]).max() < np.deg2rad(10)
    assert np.isnan(off[ring.classes == "removed"]).all()


def test_the_order_of_its_units_is_all_that_the_generator_changes(rng):
    plain, shuffled = made_ring(n_silent=2), made_ring(n_silent=2, rng=rng)
    assert (plain.preferred != shuffled.preferred).any()
    np.testing.assert_allclose(turned(plain, 0.05), turned(shuffled, 0.05), rtol=1e-9)


def test_as_a_task_network_it_does_the_same(rng):
    ring = made_ring(6, rng=rng, n_silent=1)
    inputs, _, _ = made_inputs(rng, 2, 30)
    done = perform(ring_network(ring), jnp.asarray(inputs), dt=ring.dt)
    rates = ring.run(inputs)
    np.testing.assert_allclose(done.rates, rates, atol=1e-10)
    np.testing.assert_allclose(done.outputs, rates @ ring.output_weight.T, atol=1e-10)
