"""Lines against a number: what is far away does not squeeze them."""

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
