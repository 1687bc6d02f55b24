import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom import InputError
from neuroloom.arena import BoundaryCells, PlaceCells, rectangle

BOX = rectangle(1.0, 1.0)


@pytest.fixture(scope="module")
def boundary():
    return BoundaryCells.draw(20, furthest=1.0, key=jax.random.key(1), n_rays=36)


@pytest.fixture(scope="module")
def cells(boundary):
    return PlaceCells.draw(6, boundary, BOX, key=jax.random.key(2), step=0.1)


def test_rates_are_the_weighted_sum_above_the_threshold(boundary, cells, rng):
    position = rng.uniform(0, 1, (9, 2))
    sent = boundary.rates(BOX, position)
    expected = np.zeros((9, 6))
    for post in range(6):
        for at in range(9):
            summed = sum(cells.weight[post, pre] * sent[at, pre] for pre in range(20))
            expected[at, post] = max(10 * summed - cells.threshold[post], 0)
    np.testing.assert_allclose(cells.rates(BOX, position), expected, atol=1e-12)
    inside_jit = jax.jit(cells.rates_from)(jnp.asarray(BOX.walls), jnp.asarray(position))
    np.testing.assert_allclose(inside_jit, expected, atol=1e-12)
    assert (expected > 0).any()
    assert (expected == 0).any()


def test_a_boundary_cell_drives_the_place_cell_in_its_row_only():
    """Two to three: a transpose would be refused or heard in another cell."""
    boundary = BoundaryCells(np.array([0.1, 0.1]), np.array([0.0, np.pi]))
    weight = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    cells = PlaceCells(boundary, weight, weight != 0, np.zeros(3))
    north, south = cells.rates(BOX, np.array([[0.5, 0.9], [0.5, 0.1]]))
    assert south[0] > 5 * north[0]
    assert not south[1:].any()
    with pytest.raises(InputError, match="Rows are postsynaptic"):
        PlaceCells(boundary, weight.T, weight.T != 0, np.zeros(2))


def test_thresholds_are_the_fraction_of_the_largest_drive_on_the_grid_of_training(boundary, cells):
    largest = cells.drive(boundary.rates(BOX, BOX.grid(0.1))).max(axis=0)
    np.testing.assert_allclose(cells.threshold, 0.8 * largest)
    strict = cells.with_thresholds(BOX, BOX.grid(0.1), fraction=0.9)
    np.testing.assert_allclose(strict.rates(BOX, BOX.grid(0.1)).max(axis=0), 0.1 * largest)


def test_thresholds_do_not_depend_on_what_is_evaluated_first_and_the_published_do(cells, rng):
    first, second = rng.uniform(0, 0.5, (8, 2)), rng.uniform(0.5, 1, (8, 2))
    before = cells.threshold.copy()
    one_way = [cells.rates(BOX, first), cells.rates(BOX, second)]
    other_way = [cells.rates(BOX, second), cells.rates(BOX, first)][::-1]
    np.testing.assert_array_equal(one_way, other_way)
    np.testing.assert_array_equal(cells.threshold, before)
    published = [cells.with_thresholds(BOX, batch).rates(BOX, second) for batch in (first, second)]
    assert np.abs(published[0] - published[1]).max() > 0.1


def test_wiring_is_drawn_as_published_and_by_its_key(boundary):
    many = PlaceCells.draw(400, boundary, BOX, key=jax.random.key(3), step=0.2)
    np.testing.assert_array_equal(many.connected.sum(axis=1), 15)
    assert many.connected.sum(axis=0).min() > 400 * 15 / 20 * 0.85
    drawn = many.weight[many.connected]
    assert drawn.mean() == pytest.approx(1, abs=0.05)
    assert drawn.std() == pytest.approx(1, abs=0.05)
    assert not many.weight[~many.connected].any()
    again = PlaceCells.draw(400, boundary, BOX, key=jax.random.key(3), step=0.2)
    np.testing.assert_array_equal(again.weight, many.weight)


def test_a_cell_that_nothing_drives_is_silent_and_nan_stays_nan(boundary):
    weight = np.zeros((1, 20))
    weight[0, 0] = -1.0
    cells = PlaceCells(boundary, weight, weight != 0, np.ones(1)).with_thresholds(
        BOX, BOX.grid(0.1)
    )
    assert cells.threshold[0] == 0
    found = cells.rates(BOX, np.array([[0.5, 0.5], [np.nan, 0.5]]))[:, 0]
    np.testing.assert_array_equal(found, [0, np.nan])


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (
            lambda b: PlaceCells.draw(2, b, BOX, key=jax.random.key(0), n_inputs=21),
            "Draw more of them",
        ),
        (
            lambda b: PlaceCells.draw(2, b, BOX, key=jax.random.key(0), fraction=1.0, step=0.5),
            "Published: 0.8",
        ),
        (
            lambda b: PlaceCells(b, np.ones((1, 20)), np.zeros((1, 20), bool), np.zeros(1)),
            "Take `connected = weight != 0`",
        ),
        (
            lambda b: PlaceCells(b, np.full((1, 20), np.nan), np.ones((1, 20), bool), np.zeros(1)),
            "Draw or read them again",
        ),
        (
            lambda b: PlaceCells(b, np.ones((1, 20)), np.ones((1, 20), bool), np.zeros(1), 0.0),
            "`gain` must be above 0",
        ),
        (
            lambda b: PlaceCells(
                b, np.ones((1, 20)), np.ones((1, 20), bool), np.zeros(1)
            ).with_thresholds(BOX, np.full((1, 2), np.nan)),
            "arena.grid",
        ),
    ],
)
def test_what_makes_no_place_cell_is_refused(boundary, make, instruction):
    with pytest.raises(InputError, match=instruction):
        make(boundary)
