"""Where a profile peaks and how sharply, by its first harmonic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.anatomy.profile import Profile

__all__ = ["FirstHarmonic", "Harmonics", "first_harmonic", "harmonics"]

_LEAST_SPREAD = 0.02  # smallest eigenvalue of the design, 0.5 with all windows, that can be solved


class FirstHarmonic(NamedTuple):
    """Position and height of the first harmonic of a profile.

    Attributes:
        shift: Where it peaks, in rad, above -pi to pi; positive for a profile that peaks at +d.
        sharpness: 0 for a flat profile, at most 1 for one that is nowhere negative.
    """

    shift: float
    sharpness: float

    @property
    def sideways(self) -> float:
        """Part of the sharpness that a shift of +90 deg has: 0 for a profile centered on 0."""
        return self.sharpness * float(np.sin(self.shift))

    @property
    def centered(self) -> float:
        """Part of the sharpness that a shift of 0 has: negative where near neurons are avoided."""
        return self.sharpness * float(np.cos(self.shift))


def first_harmonic(profile: Profile) -> FirstHarmonic:
    r"""Shift (rad) and sharpness of a profile.

    $$c_1 = \sum_d w(d)\, e^{-i d}, \qquad \mathrm{shift} = -\arg c_1, \qquad
    \mathrm{sharpness} = \frac{|c_1|}{\sum_d |w(d)|}$$

    where all windows hold pairs. Where some hold none, a constant and the harmonic are fitted to
    those that do by least squares, so that the mean weight does not leak through the gaps; with no
    gaps that is the same. NaN where the windows that hold pairs cannot tell a harmonic from a
    constant.

    Args:
        profile: From `connectivity_profile`.

    Source:
        The usual discrete Fourier sum; least squares over gaps is ours.
    """
    shift, sharpness, _ = harmonics(profile.offset, profile.mean[None])
    return FirstHarmonic(float(shift[0]), float(sharpness[0]))


class Harmonics(NamedTuple):
    """First harmonics of many profiles.

    Attributes:
        shift: In rad, as in `FirstHarmonic`.
        sharpness: As there.
        amplitude: Height of the fitted cosine, in the unit of the weight.
    """

    shift: Float[np.ndarray, " draw"]
    sharpness: Float[np.ndarray, " draw"]
    amplitude: Float[np.ndarray, " draw"]


def harmonics(
    offset: Float[np.ndarray, " offset"], mean: Float[np.ndarray, "draw offset"]
) -> Harmonics:
    """Shift (rad), sharpness and amplitude of many profiles, as `first_harmonic` of each.

    Args:
        offset: Centers of the windows, in deg, evenly over the circle.
        mean: Mean weights; NaN where a window holds no pair.
    """
    angle = np.deg2rad(offset)
    basis = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1)
    seen: Bool[np.ndarray, "draw offset"] = np.isfinite(mean)
    weight = np.where(seen, mean, 0.0)
    n = np.maximum(seen.sum(axis=1), 1)
    squares = (basis[:, :, None] * basis[:, None, :]).reshape(len(angle), 9)
    design = ((seen / n[:, None]) @ squares).reshape(-1, 3, 3)
    target = (weight / n[:, None]) @ basis
    good = np.linalg.eigvalsh(design)[:, 0] > _LEAST_SPREAD
    solvable = np.where(good[:, None, None], design, np.eye(3))
    fitted = np.linalg.solve(solvable, target[:, :, None])[:, 1:, 0]
    size = np.abs(weight).sum(axis=1) / n
    length = np.hypot(*fitted.T)
    flat = ~(length > 1e-12 * size)
    shift = np.where(good & ~flat, np.arctan2(fitted[:, 1], fitted[:, 0]), np.nan)
    sharpness = np.where(flat, 0.0, length / 2 / np.where(size > 0, size, 1.0))
    return Harmonics(
        shift,
        np.where(good, sharpness, np.nan),
        np.where(good, np.where(flat, 0.0, length), np.nan),
    )
