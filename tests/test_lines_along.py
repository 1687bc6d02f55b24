"""Lines against a number: what is far away does not squeeze them."""

import itertools

import numpy as np

from neuroloom.report.figures.along import Level, Line, lines_along


def test_a_level_far_above_the_lines_is_named_and_does_not_squeeze_them():
    points = np.array([(2, 3.0, 1, 4), (10, 2.0, 1, 3)])
    far, near = Level("far", 5e9, 1.0, 6e9), Level("near", 8.0, 7.0, 5e9)
    ax = lines_along([Line("a", "a", points)], "n", "mse", levels=(far, near))
    assert ax.get_ylim()[1] < 100
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["a", "far (5e+09, far above)", "near"]


def test_a_bar_that_reaches_far_above_is_cut_at_the_end_of_the_axis():
    points = np.array([(2, 3.0, 1, 4e12), (10, 0.02, 0.01, 0.03), (40, 0.001, 0.001, 0.002)])
    ax = lines_along([Line("a", "a", points)], "n", "mse")
    low, high = ax.get_ylim()
    assert 3 < high < 100
    assert low < 0.001
    (bars,) = ax.collections
    ends = [segment[:, 1].max() for segment in bars.get_segments()]
    assert ends[0] > high  # it leaves the axes
    np.testing.assert_allclose(ends[1:], [0.03, 0.002])


def test_a_bar_that_reaches_a_little_above_is_drawn_in_full():
    points = np.array([(2, 3.0, 1, 200.0), (10, 0.02, 0.01, 0.03)])
    ax = lines_along([Line("a", "a", points)], "n", "mse")
    assert ax.get_ylim()[1] > 200


def test_names_of_many_points_do_not_run_into_each_other():
    x = 0.08754753805900532 * np.arange(1, 21)
    ax = lines_along([Line("a", "a", np.stack([x, x, x, x], axis=1))], "ahead (s)", "r")
    figure = ax.get_figure(root=True)
    figure.canvas.draw()
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels()]
    assert len(boxes) > 3
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
