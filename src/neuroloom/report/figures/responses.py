"""What stimulating each neuron would do: the matrix of responses, and their course over time."""

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from neuroloom.report.figures.matrices import DIVERGING, add_colorbar, name_axes
from neuroloom.report.theme import (
    ABSENT,
    GROUP_COLORS,
    INK,
    MUTED,
    house_style,
    label,
    new_axes,
    new_figure,
)

__all__ = ["predicted_responses", "response_scatter"]

NAMED = 40
"""Neurons whose names fit beside the matrix."""
STRONGEST = 6


@house_style()
def predicted_responses(
    matrix: Float[np.ndarray, "post stimulated"],
    course: Float[np.ndarray, "time post"],
    names: Shaped[np.ndarray, " post"],
    stimulated: int,
    *,
    dt: float = 1.0,
    unit: str = "",
) -> Axes:
    """Responses of all neurons to a push of each, and the course of the strongest to one of them.

    The diagonal, a neuron's own response, is left blank: it would outshine the others.

    Args:
        matrix: From `push_responses`, per unit of the push.
        course: From `pulse_responses` of the neuron `stimulated`, or `response`.
        names: Of the neurons.
        stimulated: Position of the neuron whose responses are drawn over time.
        dt: Seconds a step.
        unit: Of activity.
    """
    n = len(names)
    figure = new_figure(10.2, 5.6)
    ax = new_axes(figure, (0.95, 1.5, 4.75, 0.35))
    off = ~np.eye(n, dtype=bool)
    size = np.abs(matrix[off])
    limit = float(np.quantile(size[size > 0], 0.99)) if (size > 0).any() else 1.0
    image = ax.imshow(
        np.ma.masked_where(~off, matrix),
        cmap=DIVERGING,
        norm=Normalize(-limit, limit),
        aspect="auto",
        interpolation="none",
    )
    ax.set_facecolor(ABSENT)
    if n <= NAMED:
        name_axes(ax, names, names, "responds", "stimulated")
    else:
        ax.set_xlabel(f"stimulated ({n} neurons)")
        ax.set_ylabel("responds")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
    add_colorbar(ax, image, "response per unit of push")
    right = new_axes(figure, (6.35, 1.5, 1.45, 0.35))
    others = np.delete(np.arange(n), stimulated)
    strongest = others[np.argsort(-np.abs(course[:, others]).max(axis=0), kind="stable")]
    colors = [*GROUP_COLORS.values(), INK]
    time = dt * np.arange(len(course))
    for place, color in zip(strongest[:STRONGEST], colors, strict=False):
        right.plot(time, course[:, place], "o-", ms=3, lw=1.2, color=color)
        right.plot([], [], color=color, label=label(str(names[place]), 16))
    right.axhline(0.0, color=MUTED, lw=0.8)
    right.set_title(label(f"{names[stimulated]} stimulated at 0", 36))
    right.set_xlabel("time after stimulation (s)")
    right.set_ylabel(f"response ({unit})" if unit else "response (unit of activity)")
    right.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), title="responds")
    right.grid()
    return ax


@house_style()
def response_scatter(
    panels: dict[str, tuple[Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]],
) -> Axes:
    """Predicted against true responses, a panel a system, with the line on which they are equal.

    Args:
        panels: Predicted and true responses per unit of the push, by title.
    """
    figure = new_figure(3.6 * len(panels) + 0.2, 3.6)
    all_axes = []
    for i, (title, (predicted, truth)) in enumerate(panels.items()):
        right = (len(panels) - 1 - i) * 3.6 + 0.3
        ax = new_axes(figure, (0.75 + 3.6 * i, 0.6, right, 0.35))
        ends = np.array([min(predicted.min(), truth.min()), max(predicted.max(), truth.max())])
        ax.plot(ends, ends, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        step = max(1, len(truth) // 3_000)
        ax.plot(predicted[::step], truth[::step], ".", ms=2.5, color=GROUP_COLORS["default"])
        ax.set_title(label(title, 40))
        ax.set_xlabel("predicted response / push (1)")
        ax.set_ylabel("true response / push (1)")
        ax.grid()
        all_axes.append(ax)
    return all_axes[0]
