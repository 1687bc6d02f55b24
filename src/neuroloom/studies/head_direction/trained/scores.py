"""How far decoded headings are from true ones: over time, by turning, and at rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["Turning", "error_over_time", "stationary_drift", "turning", "wrapped"]


def wrapped(angle: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The same angle between -pi and pi, in rad.

    Example:
        >>> wrapped(np.array([0.0, 3 * np.pi / 2])).round(3).tolist()
        [0.0, -1.571]
    """
    return (np.asarray(angle, float) + np.pi) % (2 * np.pi) - np.pi


def error_over_time(
    decoded: Float[np.ndarray, "trial time"],
    heading: Float[np.ndarray, "trial time"],
    *,
    first: int,
    every: int,
) -> tuple[Float[np.ndarray, " block"], Float[np.ndarray, " block"]]:
    """Mean |decoded - true heading| of every block of steps, in deg.

    Args:
        decoded: In rad.
        heading: In rad.
        first: Step at which the first block starts, after the cue.
        every: Steps of a block; the last one may be shorter.

    Returns:
        Middle of each block in steps, and its error.
    """
    error = np.degrees(np.abs(wrapped(decoded - heading)))
    starts = np.arange(first, error.shape[1], every)
    ends = np.minimum(starts + every, error.shape[1])
    means = [error[:, start:end].mean() for start, end in zip(starts, ends, strict=True)]
    return (starts + ends - 1) / 2, np.array(means)


class Turning(NamedTuple):
    """What is decoded while the animal turns, by how fast it does.

    Attributes:
        speed: True turning of each bin, in deg/s.
        decoded: Mean turning of what is decoded, in deg/s.
        error: Mean |decoded - true turning|, in deg/s.
        n: Pieces in each bin.
    """

    speed: Float[np.ndarray, " bin"]
    decoded: Float[np.ndarray, " bin"]
    error: Float[np.ndarray, " bin"]
    n: Float[np.ndarray, " bin"]


def turning(
    decoded: Float[np.ndarray, "trial time"],
    heading: Float[np.ndarray, "trial time"],
    edges: Float[np.ndarray, " edge"],
    *,
    first: int,
    piece: int,
    dt: float,
) -> Turning:
    """Decoded against true turning, over pieces of trials, in bins of the true one.

    Args:
        decoded: In rad.
        heading: In rad.
        edges: Of the bins, in deg/s, rising; what lies outside is left out. A bin without a piece
            is NaN.
        first: Step at which the first piece starts, after the cue.
        piece: Steps of a piece, well above the delay of the network, which else looks like a loss.
        dt: Of a step, in s.
    """
    places = np.arange(first, decoded.shape[1], piece)

    def speed(angle: np.ndarray) -> np.ndarray:
        unwrapped = np.unwrap(angle, axis=1)[:, places]
        return np.degrees(np.diff(unwrapped, axis=1)).ravel() / (piece * dt)

    true, found = speed(heading), speed(decoded)
    place = np.digitize(true, edges) - 1
    means = np.full((3, len(edges) - 1), np.nan)
    n = np.bincount(place[(place >= 0) & (place < len(edges) - 1)], minlength=len(edges) - 1)
    for k in np.flatnonzero(n):
        own = place == k
        means[:, k] = true[own].mean(), found[own].mean(), np.abs(found - true)[own].mean()
    return Turning(means[0], means[1], means[2], n.astype(float))


def stationary_drift(
    decoded: Float[np.ndarray, "trial time"],
    still: Bool[np.ndarray, "trial time"],
    *,
    settle: int,
    least: int,
    dt: float,
) -> Float[np.ndarray, " stretch"]:
    """|Drift| of what is decoded over each stretch without turning, in deg/s.

    Args:
        decoded: In rad.
        still: Where nothing turns.
        settle: Steps at the start of a stretch that are left out, while rates settle.
        least: Steps that must be left of a stretch.
        dt: Of a step, in s.
    """
    drifts = []
    for angle, rests in zip(np.unwrap(decoded, axis=1), still, strict=True):
        bounds = np.flatnonzero(np.diff(np.r_[0, rests.astype(int), 0]))
        for start, end in bounds.reshape(-1, 2):
            n = end - 1 - (start + settle)
            if n >= least:
                drifts.append(abs(angle[end - 1] - angle[start + settle]) / (n * dt))
    return np.degrees(np.array(drifts))
