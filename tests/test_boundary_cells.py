import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from neuroloom import InputError
from neuroloom.arena import (
    BoundaryCells,
    boundary_distance,
    circle,
    polygon,
    published_boundary_rates,
    ray_lengths,
    rectangle,
)

NORTH, EAST, SOUTH, WEST = np.pi / 2 * np.arange(4)  # bearings
FAR = 1e4  # m; walls so far that no cell sees them


def cells_at(distance, bearing, **more):
    one = np.atleast_1d(np.asarray(distance, float)), np.atleast_1d(np.asarray(bearing, float))
    return BoundaryCells(*one, **more)


def test_axis_aligned_walls_and_barriers_are_met_exactly():
    arena = rectangle(2.0, 1.0).with_barriers(np.array([[[1.5, 0.25], [1.5, 0.75]]]))
    east_north_west_south = np.pi / 2 * np.arange(4)
    found = boundary_distance(
        arena, np.array([[0.5, 0.5], [1.75, 0.5], [0.5, 0.8]]), east_north_west_south
    )
    np.testing.assert_allclose(
        found,
        [[1.0, 0.5, 0.5, 0.5], [0.25, 0.5, 0.25, 0.5], [1.5, 0.2, 0.5, 0.8]],
        rtol=0,
        atol=1e-15,
    )


def test_rays_to_slanted_walls_are_as_long_as_trigonometry_says(rng):
    arena = circle(1.0, n_corners=500)
    position = np.array([1.0, 1.0]) + rng.uniform(-0.6, 0.6, (7, 2))
    angle = rng.uniform(0, 2 * np.pi, 11)
    x, u = position - 1.0, np.stack([np.cos(angle), np.sin(angle)], axis=1)
    xu = x @ u.T
    exact = -xu + np.sqrt(xu**2 - (x**2).sum(1, keepdims=True) + 1)
    np.testing.assert_allclose(boundary_distance(arena, position, angle), exact, atol=5e-5)


def test_no_ray_leaks_through_a_corner_in_either_precision():
    arena = circle(1.0)
    corner = np.arctan2(arena.outline[:, 1] - 0.8, arena.outline[:, 0] - 1.1)
    found = boundary_distance(arena, np.array([1.1, 0.8]), corner)
    exact = np.linalg.norm(arena.outline - [1.1, 0.8], axis=1)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    single = [jnp.asarray(a, jnp.float32) for a in (arena.walls, [[1.1, 0.8]], corner)]
    np.testing.assert_allclose(ray_lengths(*single)[0], exact, atol=3e-5)


def test_rays_keep_the_axes_of_positions_and_say_nan_and_infinity():
    arena, angle = rectangle(1.0, 1.0), np.array([0.1, 2.0, 4.0])
    position = np.array([[[0.2, 0.3], [np.nan, 0.3]], [[0.9, 0.9], [5.0, 5.0]]])
    found = boundary_distance(arena, position, angle)
    assert found.shape == (2, 2, 3)
    np.testing.assert_allclose(found[0, 0], boundary_distance(arena, position[0, 0], angle))
    assert np.isnan(found[0, 1]).all()
    assert np.isinf(found[1, 1, 0])
    assert boundary_distance(arena, np.zeros((0, 2)), angle).shape == (0, 3)


def test_more_positions_than_a_batch_give_what_each_gives_alone(rng):
    arena, cells = rectangle(1.0, 1.0), cells_at([0.1, 0.5], [1.0, 5.0], n_rays=24)
    position = rng.uniform(0, 1, (2100, 2))
    found = cells.rates(arena, position)
    some = [0, 2047, 2048, 2099]
    np.testing.assert_allclose(found[some], cells.rates(arena, position[some]), rtol=1e-12)


def half_plane(distance, bearing, wall_distance, s0=0.122, s_angle=0.2):
    """The bounded rate before one endless wall to the North, as an integral over the angle."""
    width = (distance / 1.83 + 1) * s0

    def direction(turn):
        return np.exp((np.cos(turn - bearing) - 1) / s_angle**2)

    def seen(turn):
        length = wall_distance / np.cos(turn)
        return np.exp(-((length - distance) ** 2) / 2 / width**2) * direction(turn)

    edge = np.pi / 2 - 1e-9
    return (
        integrate.quad(seen, -edge, edge, limit=200)[0]
        / integrate.quad(direction, -np.pi, np.pi, points=[bearing])[0]
    )


@pytest.mark.parametrize("wall_distance", [0.1, 0.4, 1.0])
@pytest.mark.parametrize(("distance", "bearing"), [(0.4, 0.0), (0.8, 0.5), (0.1, -0.3)])
def test_a_cell_before_one_endless_wall_has_the_rate_of_the_integral(
    distance, bearing, wall_distance
):
    arena = polygon(np.array([[-FAR, -FAR], [FAR, -FAR], [FAR, 0], [-FAR, 0]]))
    found = cells_at(distance, bearing, n_rays=720).rates(arena, np.array([0, -wall_distance]))
    np.testing.assert_allclose(found[0], half_plane(distance, bearing, wall_distance), atol=2e-6)


@pytest.mark.parametrize(
    ("bearing", "wall"),
    [(NORTH, [0.5, 0.9]), (EAST, [0.9, 0.5]), (SOUTH, [0.5, 0.1]), (WEST, [0.1, 0.5])],
)
def test_bearings_are_clockwise_from_north(bearing, wall):
    position = np.array([[0.5, 0.9], [0.9, 0.5], [0.5, 0.1], [0.1, 0.5]])
    rates = cells_at(0.1, bearing).rates(rectangle(1.0, 1.0), position)[:, 0]
    assert position[np.argmax(rates)].tolist() == wall
    assert rates.max() > 5 * np.sort(rates)[-2]


def test_turning_square_position_and_cells_by_90_degrees_changes_no_rate(rng):
    arena = rectangle(1.0, 1.0).with_barriers(np.array([[[0.2, 0.3], [0.6, 0.7]]]))
    turned_arena = rectangle(1.0, 1.0).with_barriers(np.array([[[0.3, 0.8], [0.7, 0.4]]]))
    position = rng.uniform(0.05, 0.95, (20, 2))
    turned = np.stack([position[:, 1], 1 - position[:, 0]], axis=1)  # clockwise
    distance, bearing = rng.uniform(0, 1, 9), rng.uniform(0, 2 * np.pi, 9)
    before = BoundaryCells(distance, bearing).rates(arena, position)
    after = BoundaryCells(distance, bearing + np.pi / 2).rates(turned_arena, turned)
    np.testing.assert_allclose(after, before, atol=1e-9)
    still = BoundaryCells(distance, bearing).rates(turned_arena, turned)
    assert np.abs(still - before).max() > 0.1


def test_fields_go_on_across_north_where_the_published_ones_lose_half():
    arena, position = rectangle(1.0, 1.0), rectangle(1.0, 1.0).grid(0.1)
    cells = BoundaryCells(np.full(3, 0.3), np.array([0.0, 2 * np.pi, 1e-6]), s0=0.366)
    wrapped = cells.rates(arena, position)
    np.testing.assert_allclose(wrapped[:, 1], wrapped[:, 0], atol=1e-12)
    np.testing.assert_allclose(wrapped[:, 2], wrapped[:, 0], atol=1e-5)
    across = BoundaryCells(np.full(2, 0.3), np.array([0.0, EAST]), s0=0.366)
    lost, whole = published_boundary_rates(across, arena, np.array([0.5, 0.5]))
    assert lost / whole == pytest.approx(0.5, abs=0.02)
    bounded = across.rates(arena, np.array([0.5, 0.5]))
    assert bounded[0] == pytest.approx(bounded[1])


def published_by_loops(distance, bearing, length, s0, s_angle):
    """The published double loop, for the lengths of 360 rays clockwise from North, in m."""
    s = (distance / 1.83 + 1) * s0 * 1000
    total = 0.0
    for k, said in enumerate(np.linspace(0, 2 * np.pi, 360)):
        off, turn = 1000 * (length[k] - distance) / s, (said - bearing) / s_angle
        total += np.exp(-(off**2) / 2 - turn**2 / 2) / (2 * np.pi * s * s_angle) * np.pi / 180
    return total


def test_the_published_form_is_that_of_the_published_loops():
    arena, position = rectangle(2.0, 1.0), np.array([0.7, 0.2])
    cells = BoundaryCells(np.array([0.4, 0.9]), np.array([0.1, 4.0]), s0=0.366)
    clockwise = np.pi / 2 - np.pi / 180 * np.arange(360)
    length = boundary_distance(arena, position, clockwise)
    expected = [published_by_loops(d, b, length, 0.366, 0.2) for d, b in ((0.4, 0.1), (0.9, 4.0))]
    np.testing.assert_allclose(published_boundary_rates(cells, arena, position), expected)


def test_away_from_north_the_published_form_is_the_bounded_one_times_its_prefactor():
    arena = rectangle(2.0, 2.0)
    cells = BoundaryCells(np.array([0.4, 0.9]), np.array([2.0, 4.0]), s0=0.366)
    position = arena.grid(0.25)
    expected = cells.rates(arena, position) / (np.sqrt(2 * np.pi) * 1000 * cells.radial_width)
    found = published_boundary_rates(cells, arena, position)
    # The published rays are up to one degree beside where their angle says.
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.03 * expected.max())


def test_cells_are_drawn_as_published_and_by_their_key(key):
    cells = BoundaryCells.draw(4000, furthest=2.0, key=key, n_rays=8)
    for values, largest in ((cells.distance, 2.0), (cells.bearing, 2 * np.pi)):
        assert values.min() >= 0
        assert values.max() <= largest
        assert (
            np.abs(np.quantile(values / largest, [0.25, 0.5, 0.75]) - [0.25, 0.5, 0.75]).max()
            < 0.03
        )
    assert abs(np.corrcoef(cells.distance, cells.bearing)[0, 1]) < 0.05
    again = BoundaryCells.draw(4000, furthest=2.0, key=key, n_rays=8)
    np.testing.assert_array_equal(again.distance, cells.distance)
    np.testing.assert_allclose(cells.radial_width, 0.122 + cells.distance * 0.122 / 1.83)


def test_rates_are_at_most_one_and_their_gradient_is_that_of_finite_differences(key, rng):
    arena = rectangle(1.0, 1.0)
    cells = BoundaryCells.draw(5, furthest=0.5, key=key, n_rays=36)
    position = rng.uniform(0.1, 0.9, (6, 2))
    rates = cells.rates(arena, position)
    assert rates.max() <= 1
    walls = jnp.asarray(arena.walls)

    @jax.jit
    @jax.grad
    def gradient(x):
        return cells.rates_from(walls, x).sum()

    step = 1e-6 * np.array([1.0, 0.0])
    by_steps = (cells.rates(arena, position + step) - cells.rates(arena, position - step)) / 2e-6
    found = gradient(jnp.asarray(position))[:, 0]
    np.testing.assert_allclose(found, by_steps.sum(1), atol=1e-5)


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: cells_at(-0.1, 0), "distance of the wall"),
        (lambda: cells_at(np.nan, 0), "`distance` must be 0 m or more"),
        (lambda: cells_at(0.1, np.inf), "clockwise from North"),
        (lambda: cells_at(0.1, 0, s_angle=0.0), "Leave it at its default"),
        (
            lambda: BoundaryCells.draw(3, furthest=0.0, key=jax.random.key(0)),
            "side of the arena",
        ),
    ],
)
def test_tunings_that_make_no_cell_are_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()
