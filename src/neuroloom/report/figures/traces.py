"""Predicted and measured activity of neurons over time, one lane each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from neuroloom.report.theme import BAND, GROUP_COLORS, INK, house_style, label, new_axes

__all__ = ["Trace", "activity_traces"]

_LANE = 6.0
_CUT = 2.9


@dataclass(frozen=True)
class Trace:
    """One neuron in one trial.

    Attributes:
        name: What stands beside its lane.
        measured: NaN where it was not observed.
        predicted: Mean over members, in the same unit.
        low: Lower end of the interval around the prediction; NaN where there is none.
        high: Upper end.
    """

    name: str
    measured: Float[np.ndarray, " time"]
    predicted: Float[np.ndarray, " time"]
    low: Float[np.ndarray, " time"]
    high: Float[np.ndarray, " time"]


@house_style()
def activity_traces(
    time: Float[np.ndarray, " time"], traces: list[Trace], ax: Axes | None = None
) -> Axes:
    """Lanes of measured (dark) and predicted (blue, with band) activity.

    Each lane is in units of that neuron's own measured standard deviation, around its measured
    mean, and is cut where it would enter the next lane.

    Args:
        time: In seconds.
        traces: From top to bottom.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(1.25, 0.55, 0.5, 0.35), width=7.6, height=0.95 + 0.62 * len(traces))
    step = max(1, int(np.ceil(time.size / 700)))
    kept = slice(None, None, step)
    for place, trace in enumerate(traces):
        middle = -place * _LANE
        known = trace.measured[np.isfinite(trace.measured)]
        mean, scale = (known.mean(), known.std()) if known.size else (0.0, 1.0)
        scale = scale if scale > 0 else 1.0

        def lane(
            values: np.ndarray, *, mean: float = mean, scale: float = scale, at: float = middle
        ) -> np.ndarray:
            return at + np.clip((values[kept] - mean) / scale, -_CUT, _CUT)

        ax.fill_between(time[kept], lane(trace.low), lane(trace.high), color=BAND, lw=0)
        ax.plot(time[kept], lane(trace.measured), color=INK, lw=0.8)
        ax.plot(time[kept], lane(trace.predicted), color=GROUP_COLORS["default"], lw=1.5)
    # 2 standard deviations, beside the first lane.
    ax.plot(
        [1.015, 1.015],
        [-1, 1],
        color=INK,
        lw=1.6,
        clip_on=False,
        transform=ax.get_yaxis_transform(),
    )
    ax.annotate(
        "2 SD", (1.03, 0), xycoords=("axes fraction", "data"), va="center", fontsize=8.4, color=INK
    )
    ax.set_yticks(
        [-place * _LANE for place in range(len(traces))],
        [label(trace.name, 26) for trace in traces],
        fontsize=8.4,
    )
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(time[0], time[-1] if time.size > 1 else time[0] + 1)
    ax.set_ylim(-(len(traces) - 1) * _LANE - _LANE / 2, _LANE / 2)
    ax.set_xlabel("time (s)")
    ax.plot([], [], color=INK, lw=0.8, label="measured")
    ax.plot([], [], color=GROUP_COLORS["default"], lw=1.5, label="predicted")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handlelength=1.6)
    return ax
