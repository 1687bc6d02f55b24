"""How far decoded headings are from true ones: over time, by turning, and at rest."""

import numpy as np
import pytest

from neuroloom.studies.head_direction.trained.scores import (
    error_over_time,
    stationary_drift,
    turning,
    wrapped,
)

DT = 0.025


def spin(speed, n_steps=200, n=3):
    """Headings that turn at `speed` in deg/s, from different starts, in rad."""
    start = np.linspace(-3, 3, n)[:, None]
    return wrapped(start + np.radians(speed) * DT * np.arange(n_steps))


def test_errors_over_time_are_of_their_block_and_across_the_wrap():
    heading = spin(90)
    decoded = wrapped(heading + np.radians(np.where(np.arange(200) < 110, 10, 350)))
    middle, error = error_over_time(decoded, heading, first=10, every=100)
    np.testing.assert_allclose(middle, [59.5, 154.5])
    np.testing.assert_allclose(error, [10, 10])
    decoded = wrapped(heading + np.radians(np.where(np.arange(200) < 110, 10, 30)))
    np.testing.assert_allclose(error_over_time(decoded, heading, first=10, every=100)[1], [10, 30])


def test_turning_that_is_decoded_at_half_speed_is_found_with_its_sign():
    edges = np.arange(-200.0, 201.0, 40.0)
    for speed in (-90, 90):
        found = turning(spin(speed / 2), spin(speed), edges, first=10, piece=4, dt=DT)
        (k,) = np.flatnonzero(found.n)
        assert edges[k] <= speed < edges[k + 1]
        assert found.speed[k] == pytest.approx(speed)
        assert found.decoded[k] == pytest.approx(speed / 2)
        assert found.error[k] == pytest.approx(45)
        assert np.isnan(np.delete(found.decoded, k)).all()


def test_drift_is_of_rests_that_are_long_enough_without_their_start():
    speed = np.zeros((2, 200))
    speed[0, 50:60] = 100  # moves while it settles
    speed[0, 60:150] = 12  # drifts
    decoded = wrapped(np.radians(np.cumsum(speed * DT, axis=1)) + 3.0)
    still = np.zeros((2, 200), bool)
    still[0, 50:150] = True
    still[1, :25] = True  # too short
    drift = stationary_drift(decoded, still, settle=10, least=20, dt=DT)
    np.testing.assert_allclose(drift, [12.0])
    assert stationary_drift(decoded, still, settle=10, least=95, dt=DT).size == 0
