"""A pair of neurons: what is estimated of it, and whether a connection explains that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import log_ndtr

__all__ = ["Pairs", "log_parts", "truncated"]

GAIN_SD = 0.5


@dataclass(frozen=True, eq=False)
class Pairs:
    """What is known of every ordered pair of neurons before a connection is inferred.

    Attributes:
        estimate: Unbiased but for common drive, in any unit.
        variance: Of the noise in it.
        direction: Orthonormal directions Q along which common drive may sit.
        group: Pairs of one group share a density, such as 0 for pairs that a connectome leaves
            unwired and 1 for wired ones.
        sign: Of the presynaptic neuron's connections: +1, -1, or 0 where it is not known.
        label: Classes that are known, such as cell types, as numbers; None finds classes.
        gain_sd: How far the logarithm of a neuron's gain strays, before its estimates are seen; 0
            where all gains are 1.
    """

    estimate: Float[np.ndarray, "post pre"]
    variance: Float[np.ndarray, "post pre"]
    direction: Float[np.ndarray, "post factor"]
    group: Int[np.ndarray, "post pre"]
    sign: Int[np.ndarray, " pre"]
    label: Int[np.ndarray, " neuron"] | None = None
    gain_sd: float = GAIN_SD
    between: Bool[np.ndarray, "post pre"] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "between", ~np.eye(len(self.estimate), dtype=bool))


def log_parts(
    pairs: Pairs, x: np.ndarray, of: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log density without and with a connection; mean and variance of its weight, if it exists."""
    density, mean, variance, detour = of
    x = x - detour
    total = variance + pairs.variance
    absent = np.log1p(-density) - 0.5 * (x**2 / pairs.variance + np.log(pairs.variance))
    present = np.log(density) - 0.5 * ((x - mean) ** 2 / total + np.log(total))
    posterior_variance = variance * pairs.variance / total
    posterior_mean = mean + variance / total * (x - mean)
    if pairs.sign.any():  # a weight of the wrong sign does not exist
        right = pairs.sign * posterior_mean / np.sqrt(posterior_variance)
        before = pairs.sign * mean / np.sqrt(variance)
        present = present + np.where(pairs.sign == 0, 0.0, log_ndtr(right) - log_ndtr(before))
    return absent, present, posterior_mean, posterior_variance


def truncated(
    sign: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of normal weights, given that those of known sign have it."""
    sd = np.sqrt(variance)
    right = sign * mean / sd
    ratio = np.exp(-0.5 * right**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(right))
    return (
        np.where(sign == 0, mean, mean + sign * sd * ratio),
        np.where(sign == 0, variance, variance * np.maximum(1 - right * ratio - ratio**2, 1e-6)),
    )
