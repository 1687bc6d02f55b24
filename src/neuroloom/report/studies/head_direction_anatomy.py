"""Figures of anatomy: the sorted matrix, nine profiles, the spectrum and the ring."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from neuroloom.analysis.anatomy import nine_pairs
from neuroloom.report.layout import Picture
from neuroloom.report.studies.head_direction_classes import CLASS_COLORS
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.head_direction.classes.units import MIXTURE

__all__ = ["anatomy_pictures"]

Arrays = Mapping[str, np.ndarray]


def anatomy_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those that the run has numbers for."""
    cells = list(contents.arrays("anatomy"))
    if not cells:
        return ()
    at, first = cells[0]
    found = [
        Picture(
            "attractor",
            "Spectrum, and where the network rests",
            f"Network {at['seed']:.0f}. Left: eigenvalues of its weights; a darker one is more of "
            "a cosine of preferred headings; right of the dashed line a linear network grows. "
            "Middle: outputs two seconds after a heading was shown (gray), and where the network "
            "is still without input: fixed points, and points that move by less than 0.05 a "
            "second. Right: largest eigenvalues of the network, linearized at each of them; on a "
            "continuous ring the first is 0 everywhere.",
            _draw_attractor(first),
            wide=True,
            full=True,
        )
    ]
    if first[f"{MIXTURE} matrix"].size:
        matrix = Picture(
            "sorted-matrix",
            "Who connects to whom",
            f"Weights of network {at['seed']:.0f}, by class (mixture; lines between) and preferred "
            "heading within a class. Blue: below 0, red: above. A band along a diagonal is a bump "
            "that keeps itself; bands off it push the bump to one side.",
            _draw_matrix(first),
            wide=True,
        )
        found.insert(0, matrix)
    profiles = [dict(arrays) for _, arrays in cells]
    if any(np.isfinite(arrays[f"{MIXTURE} wide mean"]).any() for arrays in profiles):
        picture = Picture(
            "nine-profiles",
            "Weights by the difference of preferred headings",
            "Mean weight against the preferred heading of the receiver less that of the sender, "
            "class by class (mixture); the sender's class is on top, the receiver's at the side. "
            "Thin: in windows of 5 deg, as published, mean over networks; thick: in windows of 30 "
            "deg; dotted: of each network. A profile that peaks right of the dashed line pushes "
            "the bump counter-clockwise.",
            _draw_profiles(profiles),
            wide=True,
            full=True,
        )
        found.append(picture)
    return tuple(found)


@house_style()
def _draw_matrix(arrays: Arrays) -> Axes:
    weight = arrays[f"{MIXTURE} matrix"]
    classes = arrays[f"{MIXTURE} classes"].astype(str)
    figure = new_figure(5.8, 5.0)
    ax = new_axes(figure, (1.0, 0.75, 1.05, 0.5))
    limit = float(np.quantile(np.abs(weight), 0.99)) if weight.size else 1.0
    ax.imshow(weight, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    starts = [0, *(np.flatnonzero(classes[1:] != classes[:-1]) + 1).tolist(), len(classes)]
    for line in starts[1:-1]:
        ax.axhline(line - 0.5, color=INK, lw=0.9)
        ax.axvline(line - 0.5, color=INK, lw=0.9)
    middles = [(a + b - 1) / 2 for a, b in pairwise(starts)]
    names = [str(classes[a]) for a in starts[:-1]]
    ax.set_xticks(middles, names)
    ax.set_yticks(middles, names)
    ax.tick_params(length=0)
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        for tick, name in zip(ticks, names, strict=True):
            tick.set_color(CLASS_COLORS[name])
    ax.set(xlabel="from", ylabel="to")
    side = figure.add_axes((0.86, 0.2, 0.022, 0.6))
    figure.colorbar(ScalarMappable(Normalize(-limit, limit), "RdBu_r"), cax=side)
    side.set_ylabel("weight (state / rate)")
    return ax


@house_style()
def _draw_attractor(arrays: Arrays) -> Axes:
    figure = new_figure(10.0, 3.4)
    wide = 2.3
    spectrum = new_axes(figure, (0.65, 0.6, 10.0 - 0.65 - wide, 0.4))
    real, imaginary = arrays["eigenvalue"]
    spectrum.scatter(
        real, imaginary, c=arrays["eigenvalue_share"], cmap="Blues", vmin=-0.25, vmax=1, s=20,
        edgecolors=MUTED, linewidths=0.4,
    )  # fmt: skip
    spectrum.axvline(1, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    spectrum.set(xlabel="real part", ylabel="imaginary part", title="eigenvalues of W")
    side = figure.add_axes((0.302, 0.24, 0.01, 0.5))
    figure.colorbar(ScalarMappable(Normalize(0, 1), "Blues"), cax=side)
    side.set_ylabel("share of the first harmonic")
    ring = new_axes(figure, (4.35, 0.6, 10.0 - 4.35 - wide, 0.4))
    ring.plot(*arrays["rested_output"].T[::-1], "o", color=MUTED, ms=2.2, label="after 2 s of rest")
    none = np.zeros(0)
    stable, fixed = (arrays.get(name, none).astype(bool) for name in ("fixed_stable", "fixed"))
    outputs = arrays.get("fixed_output", np.zeros((0, 2)))
    blue, orange = GROUP_COLORS["default"], GROUP_COLORS["null"]
    for here, marker, fill, edge, name in (
        (~fixed, ".", INK, INK, "slow"),
        (fixed & ~stable, "s", "none", orange, "fixed, not stable"),
        (fixed & stable, "o", blue, blue, "fixed and stable"),
    ):
        label = f"{name}: {here.sum()}"
        ring.plot(*outputs[here].T[::-1], marker, mfc=fill, color=edge, ms=4.5, label=label)
    ring.set(aspect="equal", xlabel="output for cosine", ylabel="output for sine")
    ring.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), title="rest")
    ring.legend(loc="center", fontsize=7.4, handletextpad=0.2)
    rates = new_axes(figure, (7.55, 0.6, 0.15, 0.4))
    angle = np.degrees(arrays.get("fixed_angle", none)) % 360
    leading = arrays.get("fixed_leading", np.zeros((0, 3)))
    for k, color in enumerate((INK, GROUP_COLORS["variant"], GROUP_COLORS["null"])):
        names = ("first", "second", "third")
        rates.plot(angle, leading[:, k], "o", color=color, ms=3, label=names[k])
    rates.axhline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
    rates.set(xlabel="heading of the point (deg)", ylabel="real part (1/s)", xlim=(0, 360))
    rates.set_xticks([0, 90, 180, 270, 360])
    rates.set_title("eigenvalues where it is still")
    rates.legend(loc="lower right", ncol=3, columnspacing=0.8, handletextpad=0.1)
    for ax in (spectrum, rates):
        ax.grid()
    return spectrum


@house_style()
def _draw_profiles(cells: Sequence[Arrays]) -> Axes:
    figure = new_figure(9.6, 7.0)
    wide, high = 2.65, 1.75
    offset = cells[0][f"{MIXTURE} offset"]
    profiles = np.stack([arrays[f"{MIXTURE} mean"] for arrays in cells])
    wide_offset = cells[0][f"{MIXTURE} wide offset"]
    broad = np.stack([arrays[f"{MIXTURE} wide mean"] for arrays in cells])
    names = list(dict.fromkeys(pre for pre, _ in nine_pairs()))
    limit = float(np.nanmax(np.abs(broad))) * 1.1
    for k, (pre, post) in enumerate(nine_pairs()):
        row, column = names.index(post), names.index(pre)
        left, top = 1.05 + column * (wide + 0.18), 0.45 + row * (high + 0.2)
        ax = new_axes(figure, (left, 7.0 - top - high, 9.6 - left - wide, top))
        ax.plot(offset, mean_of(profiles[:, k]), color=CLASS_COLORS[pre], lw=0.6, alpha=0.6)
        for own in broad[:, k]:
            ax.plot(wide_offset, own, color=CLASS_COLORS[pre], lw=0.7, alpha=0.6, ls=":")
        ax.plot(wide_offset, mean_of(broad[:, k]), color=CLASS_COLORS[pre], lw=2.0)
        ax.axhline(0, color=MUTED, lw=0.7)
        ax.axvline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        ax.set(xlim=(-180, 180), ylim=(-limit, limit))
        ax.set_xticks([-120, -60, 0, 60, 120])
        ax.grid()
        if row == 0:
            ax.set_title(f"from {pre}")
        if column == 0:
            ax.set_ylabel(f"to {post}\nmean weight")
        else:
            ax.tick_params(labelleft=False)
        if row == 2:
            ax.set_xlabel("to less from (deg)")
        else:
            ax.tick_params(labelbottom=False)
    return figure.axes[0]


def mean_of(profiles: np.ndarray) -> np.ndarray:
    """Mean over networks of each window; NaN where none has pairs.

    Args:
        profiles: A row a network.
    """
    n = np.isfinite(profiles).sum(axis=0)
    return np.nansum(profiles, axis=0) / np.where(n > 0, n, np.nan)
