"""A measure over two coordinates: every value where it belongs, one scale of colors."""

import numpy as np

from neuroloom.report.figures.surfaces import Surface, surfaces


def test_values_lie_at_their_coordinates_and_panels_share_a_scale():
    one = np.array([[0.0, 1.0, 2.0], [3.0, np.nan, 5.0]])
    ax = surfaces(
        [Surface("one", one), Surface("ten times", 10 * one)],
        along=(-1.0, 0.0, 1.0),
        up=(0, 30),
        coordinate="log SD",
        side="epochs",
        measure="squared error (variances)",
    )
    first, second = ax.get_figure().axes
    image = first.images[0]
    assert np.array_equal(np.ma.filled(image.get_array(), np.nan), one, equal_nan=True)
    assert image.origin == "lower"  # the first row is the lowest
    assert [t.get_text() for t in first.get_xticklabels()] == ["-1", "0", "1"]
    assert [t.get_text() for t in first.get_yticklabels()] == ["0", "30"]
    assert first.get_ylabel() == "epochs"
    assert first.get_xlabel() == second.get_xlabel() == "log SD"
    assert image.get_clim() == second.images[0].get_clim() == (0.0, 50.0)
