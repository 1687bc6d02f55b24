"""What became of a bump: where it went, how fast it drifts, and whether it is still there."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = [
    "activity_left",
    "bump_amplitude",
    "displacement",
    "drift",
    "population_angle",
    "surviving",
    "towards",
]

ByStep = Float[np.ndarray, "trial time"]
SINE_COSINE = np.array([np.pi / 2, 0.0])
"""Preferred angles, in rad, of the two outputs [sine, cosine]."""


def displacement(decoded: ByStep, reference: ByStep) -> ByStep:
    """How far the bump is from where it would be, in degrees, (-180, 180], counter-clockwise.

    Args:
        decoded: Decoded angle with the perturbation, in rad.
        reference: The same without it (or the true heading), in rad.

    Example:
        >>> displacement(np.array([[0.1]]), np.array([[2 * np.pi]])).round(2).tolist()
        [[5.73]]
    """
    degrees = np.degrees(decoded - reference)
    return -((-degrees + 180.0) % 360.0 - 180.0)


def towards(
    decoded: Float[np.ndarray, " trial"],
    reference: Float[np.ndarray, " trial"],
    target: float,
) -> Float[np.ndarray, " trial"]:
    """How much nearer to a target angle the bump came, in degrees; negative where it went away.

    Args:
        decoded: Angle with the perturbation, in rad.
        reference: Angle without it, in rad.
        target: Angle to which it was pushed, in rad.

    Example:
        >>> towards(np.array([0.5, 0.5]), np.array([1.0, -0.5]), 0.5).round(1).tolist()
        [28.6, 57.3]
    """
    goal = np.full_like(decoded[:, None], target)
    before = np.abs(displacement(reference[:, None], goal))[:, 0]
    return before - np.abs(displacement(decoded[:, None], goal))[:, 0]


def drift(
    decoded: ByStep, *, dt: float, start: int = 0, stop: int | None = None
) -> Float[np.ndarray, " trial"]:
    """Speed at which the bump moves, in degrees per second, counter-clockwise positive.

    The slope of a line through the unwrapped angle, which is right while it moves by less than 180
    degrees a step.

    Args:
        decoded: Decoded angle, in rad. Subtract the true heading for the drift of the error.
        dt: Step, in seconds.
        start: First step of the line.
        stop: Step after its last; default the end. It needs two steps or more.

    Raises:
        InputError: If there are fewer than two steps.
    """
    part = decoded[:, start:stop]
    n = part.shape[1]
    if n < 2:
        raise InputError(
            f"The drift must be taken over at least 2 steps; {start} to {stop} of "
            f"{decoded.shape[1]} leaves {n}. Widen `start` and `stop`."
        )
    step = np.arange(n) - (n - 1) / 2
    slope = np.unwrap(part, axis=1) @ step / (step @ step)
    return np.degrees(slope) / dt


def bump_amplitude(
    activity: Float[np.ndarray, "trial time unit"],
    preferred: Float[np.ndarray, " unit"] = SINE_COSINE,
) -> ByStep:
    r"""Length of the population vector, in the unit of the activity: the height of a cosine bump.

    $$A = \frac{2}{n} \Big| \sum_k a_k e^{i \varphi_k} \Big|$$

    Args:
        activity: Rates of units or outputs of a network.
        preferred: Their preferred angles, in rad; default those of the outputs [sine, cosine],
            where A is the length of the decoded vector and 1 is on target.

    Example:
        >>> angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        >>> bump = 2 + 0.5 * np.cos(angle - 1.0)
        >>> bump_amplitude(bump[None, None], angle).round(6).tolist()
        [[0.5]]
    """
    return 2 / preferred.size * np.abs(_vector(activity, preferred))


def population_angle(
    activity: Float[np.ndarray, "trial time unit"],
    preferred: Float[np.ndarray, " unit"] = SINE_COSINE,
) -> ByStep:
    """Angle of the population vector, in rad, (-pi, pi].

    Args:
        activity: As `bump_amplitude`.
        preferred: As `bump_amplitude`.
    """
    return np.angle(_vector(activity, preferred))


def surviving(
    amplitude: ByStep, reference: ByStep, *, fraction: float = 0.5
) -> Bool[np.ndarray, "trial time"]:
    """Whether the bump has not died: its amplitude has stayed above a share of the reference's.

    A bump that went below once is dead for the rest of the trial, also where something comes back.

    Args:
        amplitude: With the perturbation, from its first step on.
        reference: Without it, in the same steps.
        fraction: The share; 0 to 1.

    Raises:
        InputError: If `fraction` is no share.

    Example:
        >>> surviving(np.array([[1.0, 0.4, 1.0]]), np.ones((1, 3))).tolist()
        [[True, False, False]]
    """
    if not 0 < fraction <= 1:
        raise InputError(
            f"`fraction` must be above 0 and at most 1; got {fraction}. Use 0.5 for half."
        )
    return np.logical_and.accumulate(amplitude >= fraction * reference, axis=1)


def activity_left(
    rates: Float[np.ndarray, "trial time neuron"],
    reference: Float[np.ndarray, "trial time neuron"],
    perturbed: tuple[int, ...] | Int[np.ndarray, " part"] = (),
) -> ByStep:
    """Mean rate of the neurons that were not perturbed, as a share of what it would be.

    Args:
        rates: With the perturbation.
        reference: Without it.
        perturbed: Positions of the neurons that are left out of both.

    Raises:
        InputError: If no neuron is left.
    """
    kept = np.ones(rates.shape[2], bool)
    kept[np.asarray(perturbed, int)] = False
    if not kept.any():
        raise InputError(
            f"At least one neuron must be left unperturbed; all {kept.size} were perturbed. Leave "
            "`perturbed` out for the share of all neurons."
        )
    before = reference[:, :, kept].mean(2)
    after = rates[:, :, kept].mean(2)
    return np.divide(after, before, out=np.full_like(after, np.nan), where=before != 0)


def _vector(activity: np.ndarray, preferred: np.ndarray) -> np.ndarray:
    if activity.shape[-1] != preferred.size:
        raise InputError(
            f"`preferred` must have one angle a unit; got {preferred.size} for "
            f"{activity.shape[-1]} units. Select the same units in both."
        )
    return activity @ np.cos(preferred) + 1j * (activity @ np.sin(preferred))
