"""Heading and turning of the animal, from the behavior of a recording."""

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording

__all__ = ["heading_of", "turning_of"]


def heading_of(
    recording: Recording, name: str = "heading", *, degrees: bool = False
) -> Float[np.ndarray, "trial time"]:
    """Heading in rad, [0, 2 pi); NaN where not observed.

    Args:
        recording: With the heading among its behavior.
        name: Of that behavior.
        degrees: Whether it is in degrees; else in rad. Turns may be counted on.

    Raises:
        InputError: If there is no such behavior, it is named in other units than `degrees` says,
            or the recording has no steps in time.
    """
    if recording.dt is None or name not in recording.behavior:
        raise InputError(
            f"`recording` must be in time and have the behavior `{name}`; it holds "
            f"{sorted(recording.behavior) or 'none'}. {nearest(name, recording.behavior)} An NWB "
            "file is read with `behavior=Nearest()`."
        )
    if not degrees and name.lower().endswith(("_deg", "degree", "degrees")):
        raise InputError(
            f"`degrees` must be true for an angle in degrees; the behavior is named `{name}`. Set "
            "it, or rename the behavior."
        )
    angle = np.deg2rad(recording.behavior[name]) if degrees else recording.behavior[name]
    turned = np.mod(angle, 2 * np.pi)
    return np.where(turned >= 2 * np.pi, 0.0, turned)


def turning_of(
    heading: Float[np.ndarray, "trial time"], *, smoothing: float = 0.0
) -> Float[np.ndarray, "trial time"]:
    """Angular velocity in rad/step, counter-clockwise positive; NaN beside gaps.

    Entry t is half the way from step t - 1 to t + 1, at the ends the one step there is.

    Args:
        heading: In rad, wrapped or not.
        smoothing: SD of a Gaussian over steps; what is missing counts as nothing.
    """
    step = np.angle(np.exp(1j * np.diff(heading, axis=1)))
    before = np.concatenate([step[:, :1], step], axis=1)
    after = np.concatenate([step, step[:, -1:]], axis=1)
    turning = (before + after) / 2
    if not smoothing > 0:
        return turning
    known = np.isfinite(turning)
    total = gaussian_filter1d(np.where(known, turning, 0.0), smoothing, axis=1, mode="constant")
    weight = gaussian_filter1d(known.astype(float), smoothing, axis=1, mode="constant")
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)
