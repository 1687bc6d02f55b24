"""Figures of a graph's statistics: degrees, eigenvalues, paths, and statistics beside nulls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Int, Num
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, label, new_axes
from neuroloom.report.wording import brief

__all__ = ["NullRange", "degree_distributions", "eigenvalue_cloud", "null_ranges", "path_histogram"]

_COLORS = (GROUP_COLORS["default"], GROUP_COLORS["null"], GROUP_COLORS["ceiling"])
_STYLES = ("-", "--", ":")
_N_POINTS = 300
_N_LENGTHS = 30


@dataclass(frozen=True)
class NullRange:
    """A statistic over one null wiring.

    Attributes:
        name: Of the null, in words.
        mean: Over its draws.
        low: Where 95 % of further draws fall, from here.
        high: To here.
        z: How many SD of the draws the real wiring lies above their mean; NaN where there is none.
        kept: Whether the null cannot change the statistic.
    """

    name: str
    mean: float
    low: float
    high: float
    z: float
    kept: bool = False


@house_style()
def degree_distributions(
    degrees: Mapping[str, Num[np.ndarray, " neuron"]], what: str, ax: Axes | None = None
) -> Axes:
    """The share of nodes with at least so many partners or contacts, both axes logarithmic.

    Args:
        degrees: One number a node, by the name of its line.
        what: What is counted, for the axis.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.8, 0.6, 0.25, 0.75), height=3.9)
    for (name, values), color, style in zip(degrees.items(), _COLORS, _STYLES, strict=False):
        shown = np.sort(values[values > 0])
        if not shown.size:
            continue
        x, first = np.unique(shown, return_index=True)
        share = (shown.size - first) / values.size
        if x.size > _N_POINTS:  # evenly along the logarithmic axis
            at = np.searchsorted(x, np.geomspace(x[0], x[-1], _N_POINTS))
            keep = np.unique(np.r_[at.clip(0, x.size - 1), x.size - 1])
            x, share = x[keep], share[keep]
        none = int((values == 0).sum())
        text = f"{name}: median {np.median(values):,.10g}, most {values.max():,.10g}"
        text += f"; {none:,} have none" if none else ""
        ax.plot(x, share, style, color=color, lw=1.6, drawstyle="steps-pre", label=text)
    ax.set(xscale="log", yscale="log", xlabel=what, ylabel="share of nodes with at least so many")
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylim(top=1.3)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), handlelength=2.4, borderaxespad=0.2)
    ax.grid(which="major")
    return ax


@house_style()
def eigenvalue_cloud(
    values: Complex[np.ndarray, " eigenvalue"], unit: str, ax: Axes | None = None
) -> Axes:
    """Eigenvalues in the complex plane, with the circle of the largest.

    Args:
        values: The largest first.
        unit: Of a weight.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.75, 0.6, 0.25, 0.35), width=4.4, height=4.35)
    radius = float(np.abs(values[0]))
    ax.axhline(0, lw=0.6, color=MUTED, zorder=0)
    ax.plot([0, 0], [-radius, radius], lw=0.6, color=MUTED, zorder=0)
    ax.add_patch(Circle((0, 0), radius, fill=False, ec=GROUP_COLORS["null"], lw=1.1, ls="--"))
    ax.plot(
        np.real(values),
        np.imag(values),
        "o",
        ms=2.6,
        color=GROUP_COLORS["default"],
        alpha=0.6,
        mew=0,
    )
    largest = np.abs(np.abs(values) - radius) < 1e-6 * radius
    ax.plot(
        np.real(values[largest]),
        np.imag(values[largest]),
        "o",
        ms=6,
        mfc="none",
        mec=GROUP_COLORS["null"],
    )
    ax.annotate(
        f"largest |λ| = {brief(radius)}",
        (0, radius),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=8.8,
        color=GROUP_COLORS["null"],
    )
    limit = 1.08 * radius
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    ax.set(xlabel=f"real part ({unit})", ylabel=f"imaginary part ({unit})")
    return ax


@house_style()
def path_histogram(
    n_of_length: Int[np.ndarray, " length"], n_unreached: int, ax: Axes | None = None
) -> Axes:
    """Ordered pairs by the length of their shortest path, and those without one.

    Args:
        n_of_length: The first entry is for one step.
        n_unreached: Pairs without a path.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(0.75, 0.6, 0.25, 0.25), height=3.4)
    total = int(n_of_length.sum()) + n_unreached
    shown = n_of_length[:_N_LENGTHS]
    names = [str(n_steps) for n_steps in range(1, shown.size + 1)]
    places = [float(n_steps) for n_steps in range(1, shown.size + 1)]
    numbers = shown.tolist()
    longer = int(n_of_length[_N_LENGTHS:].sum())
    for name, n in ((f"over\n{_N_LENGTHS}", longer), ("no\npath", n_unreached)):
        if n:
            names.append(name)
            places.append(places[-1] + 1.6)
            numbers.append(n)
    height = 100 * np.array(numbers) / total
    color = [GROUP_COLORS["default"] if name.isdecimal() else MUTED for name in names]
    ax.bar(places, height, width=0.8, color=color)
    few = len(names) <= 14
    for place, percent in zip(places, height.tolist(), strict=True):
        if few and percent >= 1:
            ax.annotate(
                f"{percent:.0f}" if percent >= 9.5 else f"{percent:.1f}",
                (place, percent),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8.4,
            )
    ticks = [i for i, name in enumerate(names) if few or not name.isdecimal() or int(name) % 5 == 0]
    ax.set_xticks([places[i] for i in ticks], [names[i] for i in ticks])
    ax.set(xlabel="steps on the shortest path", ylabel="share of ordered pairs (%)")
    ax.tick_params(axis="x", length=0)
    ax.margins(y=0.12)
    return ax


@house_style()
def null_ranges(
    value: float, unit: str, nulls: Sequence[NullRange], title: str, ax: Axes | None = None
) -> Axes:
    """A statistic of the real wiring as a line; of each null its mean and range.

    Args:
        value: Of the real wiring.
        unit: Of the value; empty where it has none.
        nulls: One row each.
        title: Name of the statistic, for the axis.
        ax: Axes to draw on.
    """
    ax = ax or new_axes(box=(1.75, 0.58, 0.75, 0.3), width=4.9, height=0.95 + 0.3 * len(nulls))
    color = GROUP_COLORS["null"]
    ax.axvline(value, color=GROUP_COLORS["default"], lw=1.8)
    for y, null in enumerate(nulls):
        if null.kept:
            ax.plot(value, y, "D", ms=5, mfc="none", mec=color)
        else:
            if np.isfinite(null.low):
                ax.hlines(y, null.low, null.high, color=color, lw=4, alpha=0.55)
                ax.plot([null.low, null.high], [y, y], "|", color=color, ms=8, mew=1.4)
            ax.plot(null.mean, y, "D", color=color, ms=5)
        z = f"z {null.z:+.1f}" if abs(null.z) < 100 else f"z {null.z:+.0f}"
        ax.annotate(
            "kept" if null.kept else z.replace("-", "−") if np.isfinite(null.z) else "same",
            (1.03, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.8,
            color=MUTED if null.kept else INK,
        )
    ax.annotate(
        f"real wiring {brief(value)}",
        (value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=8.8,
        fontweight="bold",
        color=GROUP_COLORS["default"],
    )
    ax.set_yticks(range(len(nulls)), [label(null.name, 28) for null in nulls])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(nulls) - 0.4, -0.6)
    ax.margins(x=0.1)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.grid(axis="x")
    ax.set_xlabel(label(f"{title} ({unit})" if unit else title, 60))
    return ax
