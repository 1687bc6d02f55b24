"""The response matrix with its courses, and predicted against true responses."""

import numpy as np

from neuroloom.analysis.perturbation import pulse_responses, push_responses
from neuroloom.report.figures.responses import predicted_responses, response_scatter


def test_the_matrix_and_the_strongest_courses_are_drawn():
    weight = np.zeros((1, 4, 4))
    weight[0, 1, 0], weight[0, 2, 1], weight[0, 0, 0] = 0.5, -0.8, 0.6
    names = np.array(["a", "b", "c", "d"])
    course = pulse_responses(weight, 6)[:, :, 0]
    ax = predicted_responses(push_responses(weight), course, names, 0, dt=0.5, unit="dF/F")
    shown = ax.images[0].get_array()
    assert shown.mask.sum() == 4
    assert shown[1, 0] == 1.25
    assert shown[2, 0] == -1.0
    assert shown[0, 1] == 0
    assert ax.get_xlabel() == "stimulated"
    right = ax.get_figure().axes[-1]
    assert right.get_ylabel() == "response (dF/F)"
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["b", "c", "d"]
    line = right.lines[0]
    np.testing.assert_allclose(line.get_xdata(), [0, 0.5, 1, 1.5, 2, 2.5])
    np.testing.assert_allclose(line.get_ydata(), course[:, 1])


def test_many_neurons_stay_without_names_and_nothing_to_see_is_drawn():
    n = 60
    names = np.array([f"n{i}" for i in range(n)])
    ax = predicted_responses(np.eye(n), np.zeros((3, n)), names, 5)
    assert ax.get_xlabel() == "stimulated (60 neurons)"


def test_a_panel_a_system():
    x = np.linspace(-1, 1, 50)
    ax = response_scatter({"S1": (x, x), "S2": (x, -x)})
    assert [one.get_title(loc="left") for one in ax.get_figure().axes] == ["S1", "S2"]
    assert ax.get_xlabel() == "predicted response / push (1)"
