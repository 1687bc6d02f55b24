"""Claim 4 in the linear network: stiff modes shrink, and greedy beats random beats worst."""

import numpy as np
import pytest

from neuroloom.analysis.identifiability import Sensitivity, mode_shrinkage, modes
from neuroloom.analysis.linear_students import (
    low_rank_response,
    students_by_theory,
    students_by_training,
)
from neuroloom.analysis.recording_order import linear_order
from neuroloom.errors import InputError

NUMBERS = (0, 2, 5, 10, 15)


@pytest.fixture
def response(rng):
    return low_rank_response(60, 12, rng=rng)


def test_the_response_has_the_rank_and_solves_the_network(response, rng):
    assert np.linalg.matrix_rank(response) == 12
    b = rng.normal(size=60)
    x = response @ b
    w = response @ np.linalg.inv(np.eye(60) + response)  # M = (I - W)^-1 W turned round
    np.testing.assert_allclose(x, w @ (x + b), atol=1e-8)


def test_greedy_leaves_less_than_random_and_random_less_than_worst(response, rng):
    error = rng.normal(0, 4.5, (50, 60))
    orders = {"greedy": linear_order(response, 15), "worst": linear_order(response, 15, worst=True)}
    left = {n: students_by_theory(response, o, NUMBERS, error) for n, o in orders.items()}
    random = np.mean(
        [students_by_theory(response, rng.permutation(60), NUMBERS, error) for _ in range(15)], 0
    )
    middle = slice(1, 4)
    assert (left["greedy"][middle] < random[middle]).all()
    assert (random[middle] < left["worst"][middle]).all()
    np.testing.assert_allclose(left["greedy"][4], 0, atol=1e-9)  # 15 neurons, rank 12


def test_training_ends_where_theory_says(response, rng):
    error = rng.normal(size=(5, 60))
    order = linear_order(response, 15)
    rate = 1 / np.linalg.norm(response, 2) ** 2
    trained = students_by_training(
        response, order, (0, 2), error, learning_rate=rate, n_steps=20_000
    )
    np.testing.assert_allclose(
        trained, students_by_theory(response, order, (0, 2), error), rtol=1e-3
    )
    early = students_by_training(response, order, (2,), error, learning_rate=rate, n_steps=3)
    assert early[0] > trained[1]


def test_descent_shrinks_stiff_modes_more(response, rng):
    """(v.e)^2 shrinks by (1 - rate s^2)^2 a step: monotone in stiffness, and known exactly."""
    found = modes(Sensitivity(response[:, None, :]))
    rate = 0.5 / found.stiffness[0]
    initial = rng.normal(size=(200, 60))
    final = initial.copy()
    for _ in range(3):
        final = final - rate * (final @ response.T) @ response
    seen = mode_shrinkage(found, initial, final, n_bins=4)
    np.testing.assert_allclose(seen.left, (1 - rate * found.stiffness) ** 6, atol=1e-9)
    assert seen.correlation < -0.3  # 48 of 60 modes tie at stiffness 0
    stiff = mode_shrinkage(
        type(found)(found.stiffness[:12], found.direction[:, :12], False, 1.0),
        initial,
        final,
        n_bins=4,
    )
    assert stiff.monotone
    assert stiff.correlation == pytest.approx(-1)
    backwards = mode_shrinkage(
        type(found)(found.stiffness[:12], found.direction[:, :12], False, 1.0),
        final,
        initial,
        n_bins=4,
    )
    assert not backwards.monotone


def test_what_does_not_fit_is_refused(response, rng):
    found = modes(Sensitivity(response[:, None, :]))
    with pytest.raises(InputError, match="Use fewer"):
        mode_shrinkage(found, np.ones((2, 60)), np.ones((2, 60)), n_bins=61)
    with pytest.raises(InputError, match="Take both in the order"):
        mode_shrinkage(found, np.ones((2, 59)), np.ones((2, 59)))
    with pytest.raises(InputError, match="Choose fewer"):
        low_rank_response(5, 6, rng=rng)
    with pytest.raises(InputError, match="for every order alike"):
        students_by_training(
            response, np.arange(60), (1,), np.ones((1, 60)), learning_rate=1e9, n_steps=1
        )
