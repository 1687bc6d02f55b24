"""Figures of trained networks: training, an example trial, error over time and by turning."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.figures.panels import axes_in_a_row
from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import BAND, GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.head_direction.trained.arms import BLIND, HOLD, TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.networks import DT

__all__ = ["RANGE_COLORS", "trained_pictures", "without_jumps"]

RANGE_COLORS = (GROUP_COLORS["variant"], GROUP_COLORS["default"], GROUP_COLORS["null"])
SD_OVER_PIECE = 68.0  # deg/s, of means of 20 steps of AR(1) with momentum .8 and SD 115 deg/s
PUBLISHED = 1.0


def trained_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those that the run has numbers for."""
    found = []
    cells = list(contents.arrays("trained", trained_at=PUBLISHED))
    if cells:
        at, arrays = cells[0]
        found.append(
            Picture(
                "example-trial",
                "A trial that was not trained on",
                f"Network {at['seed']:.0f}, the trial of its test that turns most, without noise. "
                "Above: how fast the animal turns, which is all that the network is shown after "
                "the first quarter of a second. Below: true heading and what the network says.",
                _draw_example(arrays["example"]),
                wide=True,
                full=True,
            )
        )
    if any(row.arm == "trained" and row.measure == "heading_error" for row in contents.scores):
        found.append(
            Picture(
                "error-time-turning",
                "Error over time and by turning",
                "Networks trained in the published range of angular velocity; means over networks "
                "with 95 % intervals. Left: mean error of the heading in trials twice as long as "
                "those of training (dashed), in a tenth of the range, in it, and in three times "
                "it. Middle: turning that is decoded against true turning, over half a second; on "
                "the dotted line it is right. Right: its mean error. Shaded: 3 SD of the turning "
                "over half a second in training.",
                _draw_errors(contents),
                wide=True,
                full=True,
            )
        )
    if cells:
        found.append(
            Picture(
                "training",
                "Training",
                "Mean squared error on fresh training trials, with noise, between checks; a line a "
                "network. Steps up are where trials become longer.",
                _draw_training([dict(arrays) for _, arrays in cells]),
            )
        )
        found.append(
            Picture(
                "error-controls",
                "Error beside what cannot integrate",
                "Normalized error on held-out trials of 500 and 1,000 steps in the trained range; "
                "a point a network. 100 % is what the mean of the targets makes.",
                _draw_controls(contents),
            )
        )
    return tuple(found)


@house_style()
def _draw_example(example: np.ndarray) -> Axes:
    velocity, heading, decoded = example
    time = np.arange(example.shape[1]) * DT
    figure = new_figure(9.6, 3.7)
    above = new_axes(figure, (0.75, 2.4, 0.2, 0.4))
    above.plot(time, np.degrees(velocity) / DT, color=MUTED, lw=0.9)
    above.set_ylabel("turning (deg/s)")
    above.tick_params(labelbottom=False)
    below = new_axes(figure, (0.75, 0.55, 0.2, 1.4))
    for angle, color, width, name in (
        (heading, INK, 2.6, "true heading"),
        (decoded, GROUP_COLORS["null"], 1.1, "decoded"),
    ):
        below.plot(time, without_jumps(np.degrees(angle) % 360), color=color, lw=width, label=name)
    below.set(
        xlabel="time (s)", ylabel="heading (deg)", ylim=(0, 360), yticks=(0, 90, 180, 270, 360)
    )
    figure.legend(*below.get_legend_handles_labels(), loc="upper right", ncol=2)
    for ax in (above, below):
        ax.set_xlim(0, time[-1])
        ax.grid()
    return above


def without_jumps(degrees: np.ndarray) -> np.ndarray:
    """The angles with NaN where they wrap, so that no line crosses the plot there.

    Args:
        degrees: 0 to 360, in time.
    """
    jump = np.flatnonzero(np.abs(np.diff(degrees)) > 180)
    broken = degrees.astype(float).copy()
    broken[jump] = np.nan
    return broken


@house_style()
def _draw_errors(contents: StudyContents) -> Axes:
    time, turned, error = axes_in_a_row(3, (0.7, 0.6, 0.15, 0.35), 3.3, 3.0)
    at: dict[str, Any] = {"trained_at": PUBLISHED}
    rows = [r for r in contents.scores if r.arm == "trained" and r.measure == "heading_error"]
    tested = sorted({float(row.at["tested_at"]) for row in rows})
    longest = max(float(row.at["n_steps"]) for row in rows)
    for speed, color in zip(tested, RANGE_COLORS, strict=False):
        points = contents.line(
            "time", "trained", TRAINED, "heading_error", tested_at=speed, n_steps=longest, **at
        )
        _band(time, points, color, f"x{speed:g}")
    shortest = min(float(row.at["n_steps"]) for row in rows)
    time.axvline(shortest * DT, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    time.set(
        xlabel="time (s)", ylabel="mean error of heading (deg)", title="over time", ylim=(0, 125)
    )
    time.legend(title="range of turning", loc="upper left", ncol=3, columnspacing=0.9)
    limit = 3 * SD_OVER_PIECE
    widest = 1.0
    for speed, color in zip(tested, RANGE_COLORS, strict=False):
        by = {"tested_at": speed, "n_steps": shortest, **at}
        for ax, measure in ((turned, "turning_decoded"), (error, "turning_error")):
            points = contents.line("turning", "trained", TRAINED, measure, **by)
            _band(ax, points, color, f"x{speed:g}", lw=1.8 if speed == PUBLISHED else 1.1)
            widest = max(widest, float(np.abs(points[:, 0]).max(initial=0)))
    for ax in (turned, error):
        ax.axvspan(-limit, limit, color=BAND, lw=0, zorder=0)
        ax.set(xlabel="true turning (deg/s)", xlim=(-widest, widest))
    turned.plot([-widest, widest], [-widest, widest], color=MUTED, lw=0.9, ls=":")
    turned.set(ylabel="decoded turning (deg/s)", title="turning that is decoded")
    error.set(ylabel="mean error of turning (deg/s)", title="by turning", ylim=(0, None))
    for ax in (time, turned, error):
        ax.grid()
    return time


def _band(ax: Axes, points: np.ndarray, color: str, name: str, *, lw: float = 1.5) -> None:
    if len(points):
        x, value, low, high = points.T
        ax.plot(x, value, color=color, lw=lw, label=name)
        ax.fill_between(x, low, high, color=color, alpha=0.18, lw=0)


@house_style()
def _draw_training(cells: list[Mapping[str, np.ndarray]]) -> Axes:
    ax = new_axes()
    for arrays in cells:
        ax.plot(*arrays["history"].T, color=GROUP_COLORS["default"], lw=1.0, alpha=0.7)
    ax.set(xlabel="updates", ylabel="mean squared error", yscale="log")
    ax.grid()
    return ax


@house_style()
def _draw_controls(contents: StudyContents) -> Axes:
    names = {TRAINED: "default", BLIND: "null", HOLD: "baseline", UNTRAINED: "baseline"}
    ax = new_axes(width=4.7, height=3.2, box=(1.75, 0.6, 0.2, 0.3))
    rows = [r for r in contents.measurements if r.arm == "trained" and r.measure == "error"]
    for place, (name, group) in enumerate(names.items()):
        for n_steps, marker, up in ((500.0, "o", -0.14), (1000.0, "s", 0.14)):
            values = [
                row.value
                for row in rows
                if row.split == name
                and row.at["n_steps"] == n_steps
                and row.at["trained_at"] == row.at["tested_at"] == PUBLISHED
            ]
            label = f"{n_steps:,.0f} steps" if place == 0 else None
            ax.plot(
                values,
                np.full(len(values), place + up),
                marker,
                color=GROUP_COLORS[group],
                ms=4,
                alpha=0.75,
                label=label,
            )
    ax.set_yticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    ax.set(xlabel="normalized error (%)", xscale="log", ylim=(len(names) - 0.5, -0.5))
    for bound in (3, 10):
        ax.axvline(bound, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.minorticks_off()
    ax.legend(loc="center", bbox_to_anchor=(0.64, 0.42))
    ax.grid(axis="x")
    return ax
