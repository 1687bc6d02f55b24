"""How many recordings networks of several sizes take, beside their dimension: Fig 3."""

import math

import numpy as np

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    line_picture,
    line_through,
    repeats,
    steps,
)
from neuroloom.report.studies.constrained_networks.wiring import RECORDED
from neuroloom.report.study_contents import StudyContents

__all__ = ["LOW_RANK", "chaotic_panels", "low_rank_panels", "pictures", "spectrum_lines"]

LOW_RANK, CHAOTIC = "low-rank", "chaotic"
ENOUGH = 0.2
"""1 - mean rho at which the published M* is read off."""
SIZE = "neurons N"
LEAST_SHARE = 1e-6
"""Components of less variance are not drawn."""


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Low-rank and chaotic networks."""
    rows = [r for r in contents.measurements if r.measure == "enough_recorded"]
    n_without = sum(math.isnan(row.value) for row in rows)
    censored = (
        f" {n_without} of {len(rows)} teachers have no M* within the numbers recorded; they are in "
        "the dashed line alone."
        if n_without
        else ""
    )
    return (
        *line_picture(
            contents,
            "low-rank",
            "Two-dimensional dynamics",
            "Students of rank-two teachers of N neurons. 1 − mean |correlation| is blind to size "
            "and sign, so squared error and gains stand beside it.",
            low_rank_panels(contents),
            (LOW_RANK,),
        ),
        *line_picture(
            contents,
            "chaotic",
            "Recordings needed, size and dimension",
            "Students of chaotic teachers of N neurons. M* is where 1 − mean correlation falls "
            f"below {ENOUGH:g} for good, interpolated; the dashed line is the last M above it. If "
            "M* follows dimension, both grow alike with N." + censored,
            chaotic_panels(contents),
            (CHAOTIC,),
        ),
        *line_picture(
            contents,
            "spectrum",
            "Variance of teachers by principal component",
            "Share of the variance of the teachers' activity, largest component first, down to "
            f"{LEAST_SHARE:g}.",
            (
                Panel(
                    "Teachers", "principal component", "share of variance", spectrum_lines(contents)
                ),
            ),
            (CHAOTIC, LOW_RANK),
        ),
    )


def low_rank_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """1 - |rho|, squared error and gain error against M, a line a size."""
    return tuple(
        Panel(
            title,
            RECORDED,
            f"{what}, unrecorded{unit}",
            _by_size(contents, LOW_RANK, measure),
            _untrained(contents, LOW_RANK, measure),
        )
        for title, measure, what, unit in (
            ("Correlation", "one_minus_abs_rho", "1 − mean |correlation|", ""),
            ("Squared error", "mse", "mean squared error", " (rate²)"),
            ("Gains", "gain_rmse", "rms error of gains", " (1)"),
        )
    )


def chaotic_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """1 - rho against M; M* against N; dimension against N."""
    enough = (
        *line_through(
            contents, "M*", "default", CHAOTIC, "unrecorded", "enough_recorded", "n_neurons"
        ),
        *line_through(
            contents,
            "last M above it",
            "default",
            CHAOTIC,
            "unrecorded",
            "enough_recorded_above",
            "n_neurons",
        ),
    )
    dimension = tuple(
        line
        for arm, group in ((CHAOTIC, "default"), (LOW_RANK, "transfer"))
        for line in line_through(
            contents, f"{arm} teachers", group, arm, "teacher", "participation_ratio", "n_neurons"
        )
    )
    has_sweep = _by_size(contents, CHAOTIC, "one_minus_rho")
    around = (
        *_untrained(contents, CHAOTIC, "one_minus_rho"),
        Level("M* is read off here", ENOUGH, group="null"),
    )
    what = "1 − mean correlation, unrecorded"
    return (
        Panel("Error", RECORDED, what, has_sweep, around),
        Panel("Recordings needed", SIZE, "M* (neurons)", enough),
        Panel(
            "Dimension of activity",
            SIZE,
            "participation ratio (dimensions)",
            dimension if has_sweep else (),
        ),
    )


def spectrum_lines(contents: StudyContents) -> tuple[Line, ...]:
    """Median over teachers of each component's share of the variance shown."""
    lines = []
    for arm in (CHAOTIC, LOW_RANK):
        by_size: dict[float, list[np.ndarray]] = {}
        for at, arrays in contents.arrays(arm):
            if "variance_spectrum" in arrays:
                found = np.asarray(arrays["variance_spectrum"], float)
                by_size.setdefault(float(at["n_neurons"]), []).append(found / found.sum())
        for n, found in sorted(by_size.items()):
            shares = np.array([one[: min(map(len, found))] for one in found])
            ends = (shares.min(0), shares.max(0)) if len(shares) > 1 else (np.nan, np.nan)
            points = np.empty((shares.shape[1], 4))
            points[:, 0], points[:, 1] = 1 + np.arange(len(points)), np.median(shares, axis=0)
            points[:, 2], points[:, 3] = ends
            lines.append(Line(f"{arm}, N {n:g}", arm, points[points[:, 1] > LEAST_SHARE]))
    return tuple(lines)


def _by_size(contents: StudyContents, arm: str, measure: str) -> tuple[Line, ...]:
    return tuple(
        line
        for n in steps(contents, "n_neurons", arm)
        for line in line_through(contents, f"N {n:g}", "", arm, "unrecorded", measure, n_neurons=n)
    )


def _untrained(contents: StudyContents, arm: str, measure: str) -> tuple[Level, ...]:
    """Untrained students of all sizes as one band: the smallest to the largest."""
    found = [
        repeats(contents, arm, "unrecorded", measure, n_recorded=0, n_neurons=n)
        for n in steps(contents, "n_neurons", arm)
    ]
    values = np.concatenate([*found, []])
    if not values.size:
        return ()
    return (
        Level("untrained, all N", float(np.median(values)), values.min(), values.max(), "other"),
    )
