"""Tuning of units to heading, and to angular velocity at the heading they prefer."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Num

from neuroloom.analysis.tuning.joint_sums import JointSums, joint_sums
from neuroloom.errors import InputError

__all__ = ["HeadDirectionTuning", "VelocityFit", "head_direction_tuning"]

N_HEADINGS = 360
ROUNDING = 1e-9


@dataclass(frozen=True)
class VelocityFit:
    """How the slope of the rate against angular velocity is taken.

    Attributes:
        n_bins: Bins of angular velocity, an even number.
        n_sd: They go to this many standard deviations of the velocities that are not 0.
        least_rate: A bin with at least this rate is active.
        least_part: If more than this part of the bins visited are active, the others are left out.
        n_beside: Bins of 1 deg on either side of the preferred one that count as preferred heading.

    Source:
        The analysis script of Cueva et al. (ICLR 2020).
    """

    n_bins: int = 100
    n_sd: float = 3.0
    least_rate: float = 0.05
    least_part: float = 0.25
    n_beside: int = 1


@dataclass(frozen=True)
class HeadDirectionTuning:
    """Tuning to heading in bins of 1 deg, and to angular velocity at the preferred heading.

    Bin k holds headings from k to k + 1 deg, counter-clockwise. NaN where nothing was observed.

    Attributes:
        curve: Mean rate by heading.
        strength: Largest less smallest mean rate.
        preferred: Center of the bin of the largest mean rate, in rad from 0 to 2 pi; NaN for a unit
            whose curve is flat.
        curve_ccw: As `curve`, while turning counter-clockwise (velocity above 0).
        curve_cw: The same clockwise.
        preferred_ccw: As `preferred`, of `curve_ccw`.
        preferred_cw: The same of `curve_cw`.
        velocity: Centers of the bins of angular velocity, in deg/step.
        velocity_curve: Mean rate by angular velocity at the preferred heading.
        fitted: Which bins of it the line was fitted to.
        slope: Of that line, in rate per deg/step.
        intercept: Its rate at velocity 0.
        rate_range: Largest less smallest rate of any sample.
        velocity_sd: Standard deviation of the velocities that are not 0, in deg/step.
    """

    curve: Float[np.ndarray, "neuron heading"]
    strength: Float[np.ndarray, " neuron"]
    preferred: Float[np.ndarray, " neuron"]
    curve_ccw: Float[np.ndarray, "neuron heading"]
    curve_cw: Float[np.ndarray, "neuron heading"]
    preferred_ccw: Float[np.ndarray, " neuron"]
    preferred_cw: Float[np.ndarray, " neuron"]
    velocity: Float[np.ndarray, " velocity"]
    velocity_curve: Float[np.ndarray, "neuron velocity"]
    fitted: Bool[np.ndarray, "neuron velocity"]
    slope: Float[np.ndarray, " neuron"]
    intercept: Float[np.ndarray, " neuron"]
    rate_range: Float[np.ndarray, " neuron"]
    velocity_sd: float

    @property
    def heading(self) -> Float[np.ndarray, " heading"]:
        """Center of each bin of heading, in rad."""
        return heading_centers(self.curve.shape[1])

    @property
    def relative_slope(self) -> Float[np.ndarray, " neuron"]:
        """Change of the rate over one SD of angular velocity, as a part of the strength.

        Without unit: it does not change with the scale of the rates or of the velocities.
        """
        strength = np.where(self.strength > 0, self.strength, np.nan)
        return self.slope * self.velocity_sd / strength


def head_direction_tuning(
    heading: Float[np.ndarray, "trial time"],
    angular_velocity: Float[np.ndarray, "_ _"],
    rates: Num[np.ndarray, "_ _ neuron"],
    *,
    fit: VelocityFit | None = None,
) -> HeadDirectionTuning:
    """Tuning of every unit to heading and, at its preferred heading, to angular velocity.

    At the preferred heading (within 1.5 deg), rates are averaged in bins of angular velocity; the
    bin that holds 0 is left out; where more than a quarter of the others are active, those that are
    not are left out too; the slope is that of a straight line through the rest, each bin counted
    once.

    Args:
        heading: True or decoded heading, in rad; NaN where unknown.
        angular_velocity: In rad/step, counter-clockwise positive.
        rates: NaN where not observed.
        fit: How the slope is taken; default as published.

    Returns:
        For the decoded heading, call again with it: both are worth a look when the error is large.

    Raises:
        InputError: If shapes differ, or heading or velocity is the same everywhere.

    Source:
        Cueva et al., ICLR 2020, arXiv:1912.10189, by the code of the analysis. That the quarter is
        of the bins visited, without the one that holds 0, is our reading.
    """
    fit = fit or VelocityFit()
    _check_shapes(heading, angular_velocity, rates)
    joint = joint_sums(
        heading,
        angular_velocity,
        rates,
        n_headings=N_HEADINGS,
        n_velocities=fit.n_bins,
        n_sd=fit.n_sd,
    )
    curve, ccw, cw = joint.by_heading(), joint.turning(1), joint.turning(-1)
    velocity_curve = joint.by_velocity(_peak(curve), n_beside=fit.n_beside)
    velocity = np.rad2deg(joint.center)
    fitted = _fitted_bins(velocity_curve, joint, fit)
    slope, intercept = _line(velocity, velocity_curve, fitted)
    return HeadDirectionTuning(
        curve=curve,
        strength=_span(curve),
        preferred=preferred_heading(curve),
        curve_ccw=ccw,
        curve_cw=cw,
        preferred_ccw=preferred_heading(ccw),
        preferred_cw=preferred_heading(cw),
        velocity=velocity,
        velocity_curve=velocity_curve,
        fitted=fitted,
        slope=slope,
        intercept=intercept,
        rate_range=_span(rates.reshape(-1, rates.shape[-1]).T),
        velocity_sd=float(np.rad2deg(joint.limit / fit.n_sd)),
    )


def preferred_heading(
    curve: Float[np.ndarray, "neuron heading"],
) -> Float[np.ndarray, " neuron"]:
    """Center of the bin with the largest mean rate, in rad; NaN where the curve is flat."""
    largest = np.max(np.abs(curve), axis=1, where=~np.isnan(curve), initial=0.0)
    varies = _span(curve) > ROUNDING * largest
    return np.where(varies, heading_centers(curve.shape[1])[_peak(curve)], np.nan)


def heading_centers(n_headings: int) -> Float[np.ndarray, " heading"]:
    """Centers of equal bins over the circle, in rad; the first bin starts at 0."""
    return 2 * np.pi * (np.arange(n_headings) + 0.5) / n_headings


def _check_shapes(heading: np.ndarray, velocity: np.ndarray, rates: np.ndarray) -> None:
    if not heading.shape == velocity.shape == rates.shape[:2]:
        raise InputError(
            "`heading`, `angular_velocity` and `rates` must have the same trials and steps; got "
            f"{heading.shape}, {velocity.shape} and {rates.shape}. Cut them alike."
        )


def _peak(curve: np.ndarray) -> np.ndarray:
    return np.argmax(np.where(np.isnan(curve), -np.inf, curve), axis=1)


def _span(values: np.ndarray) -> np.ndarray:
    """Largest less smallest along the last axis; NaN where none is known."""
    known = ~np.isnan(values)
    top = np.max(values, axis=1, where=known, initial=-np.inf)
    bottom = np.min(values, axis=1, where=known, initial=np.inf)
    return np.where(known.any(axis=1), top - bottom, np.nan).astype(np.float64)


def _fitted_bins(curve: np.ndarray, joint: JointSums, fit: VelocityFit) -> np.ndarray:
    usable = ~np.isnan(curve)
    usable[:, joint.zero_bin] = False
    active = usable & (np.where(usable, curve, 0.0) >= fit.least_rate)
    crowded = active.sum(axis=1) > fit.least_part * usable.sum(axis=1)
    return np.where(crowded[:, None], active, usable)


def _line(
    x: np.ndarray, y: np.ndarray, used: np.ndarray
) -> tuple[Float[np.ndarray, " neuron"], Float[np.ndarray, " neuron"]]:
    """Least squares over the bins used; NaN for fewer than two."""
    n = np.maximum(used.sum(axis=1), 1)
    y = np.where(used, y, 0.0)
    mean_x, mean_y = (used * x).sum(axis=1) / n, y.sum(axis=1) / n
    off = np.where(used, x - mean_x[:, None], 0.0)
    spread = (off**2).sum(axis=1)
    slope = (off * y).sum(axis=1) / np.where(spread > 0, spread, np.nan)
    return slope, mean_y - slope * mean_x
