"""The picture of a decoded path: what is drawn is what was given, axes named with units."""

import numpy as np

from neuroloom.report.figures.decoded_path import decoded_path, decoded_plane
from neuroloom.report.theme import as_svg


def test_coordinates_are_drawn_over_time_with_units(rng):
    time = np.r_[np.arange(20), 50 + np.arange(10)] * 0.1
    true, decoded, entropy = rng.random((30, 2)), rng.random((30, 2)), rng.random(30)
    ax = decoded_path(time, true, decoded, entropy, unit="pixel")
    lanes = ax.figure.axes
    names = [lane.get_ylabel() for lane in lanes]
    assert names == ["x (pixel)", "y (pixel)", "entropy (bit)"]
    assert lanes[-1].get_xlabel() == "time (s)"
    line, dots = lanes[1].lines
    drawn = line.get_ydata()
    assert np.isnan(drawn).sum() == 1
    np.testing.assert_array_equal(drawn[~np.isnan(drawn)], true[:, 1])
    np.testing.assert_array_equal(dots.get_ydata(), decoded[:, 1])
    assert "pixel" in as_svg(ax.figure, "path", "A path")


def test_a_track_has_one_coordinate(rng):
    ax = decoded_path(
        np.arange(5.0), np.ones((5, 1)), np.ones((5, 1)), np.ones(5), unit="m", names=("along",)
    )
    assert [lane.get_ylabel() for lane in ax.figure.axes] == ["along (m)", "entropy (bit)"]


def test_the_plane_has_walls_and_one_scale(rng):
    true, decoded = rng.random((9, 2)), rng.random((9, 2))
    walls = np.array([[[0.0, 0.0], [1.0, 0.0]]])
    starts = np.zeros(9, bool)
    starts[[0, 4]] = True
    ax = decoded_plane(true, decoded, unit="m", walls=walls, starts=starts)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("x (m)", "y (m)", 1.0)
    np.testing.assert_array_equal(ax.collections[0].get_segments(), walls)
    x = ax.lines[1].get_xdata()
    np.testing.assert_array_equal(x[~np.isnan(x)], true[:, 0])
    assert np.isnan(x[4])
