"""How well P-EN1 of one fly are foretold: trace by trace, and which way they go in a turn."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import binomtest, wilcoxon

from neuroloom.studies.constrained_networks.heading.rois import RoiMap

__all__ = ["Score", "paired_p", "score", "sign_p", "turn_response"]


class Score(NamedTuple):
    """Of one fly in one condition.

    Attributes:
        correlation: Over time, mean over regions; 0 for a region foretold to be constant.
        mse: In squared SDs of the fly's P-EN1, about the mean of each region.
        r2: 1 - mse / variance: 0 for the fly's own mean.
    """

    correlation: float
    mse: float
    r2: float


def score(
    predicted: Float[np.ndarray, "trial time roi"], measured: Float[np.ndarray, "trial time roi"]
) -> Score:
    """Compare over all trials of a condition; the mean of each region over them is not compared.

    Args:
        predicted: In SDs of the fly.
        measured: In the same unit.
    """
    x, y = (a.reshape(-1, a.shape[-1]) for a in (predicted, measured))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    sizes = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    correlation = np.where(sizes > 1e-9, (x * y).sum(axis=0) / np.maximum(sizes, 1e-9), 0.0)
    mse = float(((x - y) ** 2).mean())
    return Score(float(correlation.mean()), mse, 1 - mse / float((y**2).mean()))


def turn_response(
    pen1: Float[np.ndarray, "trial time roi"],
    epg: Float[np.ndarray, "trial time roi"],
    turning: Float[np.ndarray, "trial time"],
    rois: RoiMap,
    threshold: float,
) -> float:
    """Which way P-EN1 go in a turn: turns one way minus turns the other.

    Ellipsoid body: how far the bump of P-EN1 is ahead of that of E-PG, in degrees. Bridge: the mean
    of the right half minus that of the left, in the unit of `pen1`.

    Args:
        pen1: P-EN1, measured or foretold, in the order of `rois.pen1_rois`.
        epg: E-PG, in the order of `rois.epg_rois`.
        turning: In rad/s.
        rois: The regions.
        threshold: In rad/s.

    Returns:
        NaN if the fly does not turn both ways.
    """
    ways: list[Bool[np.ndarray, "trial time"]] = [turning > threshold, turning < -threshold]
    if not all(way.any() for way in ways):
        return float("nan")
    if rois.region == "PB":
        right = np.array([rois.names[i].endswith("R") for i in rois.pen1_rois])
        half = pen1[..., right].mean(axis=-1) - pen1[..., ~right].mean(axis=-1)
        return float(half[ways[0]].mean() - half[ways[1]].mean())
    pen1_bump, epg_bump = (
        (a - a.mean(axis=(0, 1))) @ np.exp(1j * rois.angle[seen])
        for a, seen in ((pen1, rois.pen1_rois), (epg, rois.epg_rois))
    )
    ahead = pen1_bump * epg_bump.conj()
    return float(np.degrees(np.angle(ahead[ways[0]].sum() * ahead[ways[1]].sum().conj())))


def paired_p(ours: Float[np.ndarray, " fly"], theirs: Float[np.ndarray, " fly"]) -> float:
    """One-sided Wilcoxon signed-rank p that ours are above theirs, fly by fly; 1 if all equal."""
    difference = ours - theirs
    if not difference.any():
        return 1.0
    result: Any = wilcoxon(difference, alternative="greater")
    return float(result.pvalue)


def sign_p(predicted: Float[np.ndarray, " fly"], measured: Float[np.ndarray, " fly"]) -> float:
    """One-sided binomial p that signs agree in more than half of the flies; 0 agrees with none."""
    agree = int((predicted * measured > 0).sum())
    return float(binomtest(agree, len(measured), alternative="greater").pvalue)
