"""Intervals of neurons that were never recorded: do they hold, how wide are they, and where."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from neuroloom.report.figures.traces import Trace
from neuroloom.report.records import CoverageAt
from neuroloom.report.theme import BAND, GROUP_COLORS, MUTED, house_style, label, new_axes
from neuroloom.report.wording import number

__all__ = ["coverage_by_level", "interval_widths", "unrecorded_traces"]

_LANE = 6.0
_HALF = 2.6


@house_style()
def coverage_by_level(rows: Sequence[CoverageAt], ax: Axes | None = None) -> Axes:
    """What intervals achieve against what they promise, and what the spread alone achieves.

    Args:
        rows: One a level.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.8)
    level, achieved, low, high, spread = (
        100 * np.array([getattr(row, name) for row in rows], float)
        for name in ("level", "achieved", "low", "high", "ensemble")
    )
    ax.plot([0, 100], [0, 100], color=MUTED, lw=0.9, ls=(0, (4, 3)), label="achieved = promised")
    color = GROUP_COLORS["default"]
    ax.vlines(level, low, high, color=color, lw=1.4)
    ax.plot(level, achieved, "o-", color=color, ms=4.5, lw=1.2, label="intervals")
    if np.isfinite(spread).any():
        ax.plot(level, spread, "s-", color=GROUP_COLORS["null"], ms=4, lw=1.0, label="spread alone")
    least = np.nanmin([level.min(), np.nanmin(spread) if np.isfinite(spread).any() else 100])
    ax.set_xlim(max(level.min() - 5, 0), 100)
    ax.set_ylim(max(min(least, np.nanmin(low)) - 5, 0), 101.5)
    ax.set_xlabel("nominal coverage: promised (%)")
    ax.set_ylabel("achieved on held-out neurons (%)")
    ax.grid()
    ax.legend(loc="lower right", handlelength=1.8)
    return ax


@house_style()
def interval_widths(
    held_out: Float[np.ndarray, " held_out"],
    unrecorded: Float[np.ndarray, " unrecorded"],
    unit: str,
    ax: Axes | None = None,
) -> Axes:
    """Half width of the interval of each neuron, from the narrowest to the widest.

    Args:
        held_out: Mean over samples, of each held-out neuron; finite.
        unrecorded: The same of neurons that were never recorded.
        unit: Of both.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.2, 0.2), width=4.7, height=3.8)
    for values, group, name in (
        (unrecorded, "default", "never recorded"),
        (held_out, "baseline", "held out"),
    ):
        if values.size:
            share = 100 * (np.arange(values.size) + 0.5) / values.size
            ax.plot(
                share,
                np.sort(values),
                "o-",
                color=GROUP_COLORS[group],
                ms=3,
                lw=1.0,
                label=f"{name} ({values.size:,})",
            )
    ax.set_xlim(0, 100)
    ax.set_ylim(0, None)
    ax.set_xlabel("neurons with a narrower interval (%)")
    ax.set_ylabel(label(f"half width of the interval ({unit})", 50))
    ax.grid()
    ax.legend(loc="lower right", handlelength=1.8)
    return ax


@house_style()
def unrecorded_traces(
    time: Float[np.ndarray, " time"], traces: list[Trace], unit: str, ax: Axes | None = None
) -> Axes:
    """Lanes of predicted activity, each as high as its neuron's interval reaches.

    Args:
        time: In seconds.
        traces: From top to bottom. What was measured is not drawn: there is nothing.
        unit: Of the activity, beside each name.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(2.1, 0.55, 0.3, 0.35), width=7.6, height=0.95 + 0.62 * len(traces))
    step = max(1, int(np.ceil(time.size / 700)))
    kept = slice(None, None, step)
    names = []
    for place, trace in enumerate(traces):
        middle = float(trace.predicted.mean())
        reach = float(max(np.abs(trace.low - middle).max(), np.abs(trace.high - middle).max()))
        scale = _HALF / (reach if reach > 0 else 1.0)
        low, high, mean = (
            -place * _LANE + scale * (values[kept] - middle)
            for values in (trace.low, trace.high, trace.predicted)
        )
        ax.fill_between(time[kept], low, high, color=BAND, lw=0)
        ax.plot(time[kept], mean, color=GROUP_COLORS["default"], lw=1.2)
        half = number(float((trace.high - trace.low).mean() / 2), 3)
        names.append(f"{label(trace.name, 22)}\n{number(middle, 3)} ± {half} {label(unit, 10)}")
    ax.set_yticks([-place * _LANE for place in range(len(traces))], names, fontsize=8.4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(time[0], time[-1] if time.size > 1 else time[0] + 1)
    ax.set_ylim(-(len(traces) - 1) * _LANE - _LANE / 2, _LANE / 2)
    ax.set_xlabel("time (s)")
    ax.plot([], [], color=GROUP_COLORS["default"], lw=1.2, label="predicted")
    ax.fill_between([], [], [], color=BAND, lw=0, label="interval")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handlelength=1.6)
    return ax
