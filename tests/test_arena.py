import dataclasses

import numpy as np
import pytest

from neuroloom import InputError
from neuroloom.arena import Arena, circle, polygon, rectangle, rooms

L_SHAPE = np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]], float)


def test_a_rectangle_has_four_walls_and_what_is_inside_is_contained():
    arena = rectangle(3.2, 1.6)
    assert arena.walls.shape == (4, 2, 2)
    np.testing.assert_array_equal(arena.walls[:, 1], np.roll(arena.walls[:, 0], -1, axis=0))
    position = np.array([[[0.1, 0.1], [3.1, 1.5]], [[1.5, 3.1], [-0.1, 0.1]]])
    np.testing.assert_array_equal(arena.contains(position), [[True, True], [False, False]])
    assert not arena.contains(np.array([np.nan, 0.5]))


def test_a_concave_outline_leaves_its_notch_outside():
    arena = polygon(L_SHAPE)
    np.testing.assert_array_equal(
        arena.contains(np.array([[1.5, 0.5], [0.5, 1.5], [1.5, 1.5]])), [True, True, False]
    )
    assert arena.area == pytest.approx(3)
    assert polygon(L_SHAPE[::-1]).area == pytest.approx(3)


def test_a_circle_of_64_corners_has_the_area_of_its_polygon():
    arena = circle(0.5)
    assert arena.area == pytest.approx(32 * 0.25 * np.sin(2 * np.pi / 64))
    assert arena.contains(np.array([0.5, 0.5]))
    assert not arena.contains(np.array([0.95, 0.95]))
    with pytest.raises(InputError, match="three corners"):
        circle(0.5, n_corners=2)


def test_the_grid_is_the_centres_of_cells_that_are_inside():
    np.testing.assert_allclose(rectangle(0.4, 0.2).grid(0.2), [[0.1, 0.1], [0.3, 0.1]], atol=1e-12)
    arena = polygon(L_SHAPE)
    position, within = arena.lattice(0.5)
    assert position.shape == (4, 4, 2)
    np.testing.assert_array_equal(arena.grid(0.5), position[within])
    assert within.sum() == 12
    assert len(rectangle(3.2, 3.2).grid(0.1)) == 32**2


def test_a_centre_on_a_wall_is_not_in_the_grid():
    notched = polygon(np.array([[0, 0], [0.6, 0], [0.6, 0.1], [0.3, 0.1], [0.3, 0.6], [0, 0.6]]))
    np.testing.assert_allclose(notched.grid(0.2), [[0.1, 0.1], [0.1, 0.3], [0.1, 0.5]])
    split = rectangle(0.6, 0.2).with_barriers(np.array([[[0.3, 0.0], [0.3, 0.2]]]))
    np.testing.assert_allclose(split.grid(0.2), [[0.1, 0.1], [0.5, 0.1]], atol=1e-12)


def test_rooms_are_joined_by_a_door_in_every_wall_between_two():
    arena = rooms(3.2, 3.2, 2, 2, 0.4)
    assert len(arena.barriers) == 8
    lengths = np.linalg.norm(arena.barriers[:, 1] - arena.barriers[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(4 * (1.6 - 0.4))
    assert len(rooms(3.0, 1.0, 3, 1, 0.2).barriers) == 4
    assert len(rooms(3.0, 1.0, 1, 1, 0.2).barriers) == 0


def test_a_barrier_is_a_wall_of_the_new_arena_only():
    arena = rectangle(1.0, 1.0)
    more = arena.with_barriers(np.array([[[0, 0.5], [0.5, 0.5]]]), name="shelf")
    assert len(arena.walls) == 4
    assert len(more.walls) == 5
    np.testing.assert_array_equal(more.walls[4], [[0, 0.5], [0.5, 0.5]])
    assert repr(more) == "Arena('shelf', 1 m x 1 m, 4 corners, 1 barriers)"
    with pytest.raises(ValueError, match="read-only"):
        more.walls[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        more.name = "x"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("corners", "instruction"),
    [
        ([[0, 0], [1, 0]], "every corner once"),
        ([[0, 0], [1, 0], [1, np.nan]], "corner 2 is not"),
        ([[0, 0], [1, 0], [1, 1], [0, 0]], "Leave the second out"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "walls 0 and 2 do.*in order"),
        ([[0, 0], [2, 0], [1, 0]], "must not cross or touch itself"),
        ([[0, 0], [2, 0], [2, 1], [1, 0], [0, 1]], "must not cross or touch itself"),
    ],
)
def test_an_outline_must_enclose_one_area(corners, instruction):
    with pytest.raises(InputError, match=instruction):
        Arena("wrong", np.array(corners, float))


@pytest.mark.parametrize(
    ("barrier", "instruction"),
    [
        ([[0.5, 0.5], [0.5, 2.5]], "barrier 1.*Shorten it"),
        ([[1.5, 0.5], [0.5, 1.9]], "barrier 1.*Shorten it"),  # both ends in, the notch between
        ([[0.5, 0.5], [0.5, 0.5]], "barrier 1 has none"),
        ([[0.5, 0.5], [0.5, np.inf]], "barrier 1 is not"),
    ],
)
def test_a_barrier_must_stand_inside(barrier, instruction):
    arena = polygon(L_SHAPE).with_barriers(np.array([[[0.2, 0.2], [0.2, 0.4]]]))
    with pytest.raises(InputError, match=instruction):
        arena.with_barriers(np.array([barrier]))


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: rectangle(0.0, 1.0), "Give it in metres"),
        (lambda: rectangle(1.0, np.inf), "`height` must be above 0"),
        (lambda: circle(-1.0), "`radius` must be above 0"),
        (lambda: rooms(1.0, 1.0, 0, 1, 0.1), "Add a room"),
        (lambda: rooms(1.0, 1.0, 2, 2, 0.5), "Take a narrower door"),
        (lambda: rectangle(1.0, 1.0).grid(0.0), "Try 0.05"),
        (lambda: polygon(np.array([[0, 0], [1, 0], [0, 1]], float)).grid(1.9), "smaller step"),
    ],
)
def test_lengths_that_make_no_arena_are_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()
