"""Rates by heading and angular velocity at once: what every head-direction measure is made of."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from neuroloom.analysis.tuning.bins import CircularBins
from neuroloom.analysis.tuning.sums import sums_by_bin
from neuroloom.errors import InputError

__all__ = ["JointSums", "heading_bin", "joint_sums", "velocity_sd"]

N_NEURONS = 256  # at once; a block of joint sums has 37,000 rows


@dataclass(frozen=True)
class JointSums:
    """Sums and counts by bin of heading and of angular velocity.

    The last four columns of velocity are: standing (exactly 0), below and above the bins, unknown.

    Attributes:
        sums: Of the rates, in their unit.
        counts: Samples observed.
        limit: The velocity bins go from -limit to limit, in rad/step.
    """

    sums: Float[np.ndarray, "neuron heading column"]
    counts: Float[np.ndarray, "neuron heading column"]
    limit: float

    @property
    def n_velocities(self) -> int:
        """How many bins of velocity, without the four columns at the end."""
        return self.sums.shape[2] - 4

    @property
    def center(self) -> Float[np.ndarray, " velocity"]:
        """Center of each bin of velocity, in rad/step."""
        n = self.n_velocities
        return self.limit * (2 * np.arange(n) + 1 - n) / n

    @property
    def zero_bin(self) -> int:
        """The bin of velocity that holds 0."""
        return self.n_velocities // 2

    def by_heading(
        self, columns: Bool[np.ndarray, " column"] | None = None
    ) -> Float[np.ndarray, "neuron heading"]:
        """Mean rate by heading over some columns of velocity; NaN where none was observed."""
        chosen = np.ones(self.sums.shape[2], bool) if columns is None else columns
        return mean(self.sums[:, :, chosen].sum(axis=2), self.counts[:, :, chosen].sum(axis=2))

    def turning(self, sign: int) -> Float[np.ndarray, "neuron heading"]:
        """Mean rate by heading while turning counter-clockwise (+1) or clockwise (-1).

        The bin that holds 0 is split by what is in it only if 0 is one of its edges, so the number
        of velocity bins must be even.
        """
        n = self.n_velocities
        columns = np.zeros(n + 4, bool)
        columns[n // 2 : n] = sign > 0
        columns[: n // 2] = sign < 0
        columns[n + 1] = sign < 0
        columns[n + 2] = sign > 0
        return self.by_heading(columns)

    def by_velocity(
        self, center: Int[np.ndarray, " neuron"], *, n_beside: int
    ) -> Float[np.ndarray, "neuron velocity"]:
        """Mean rate by velocity within bins of heading; standing counts into the bin that holds 0.

        Args:
            center: Bin of heading of each neuron.
            n_beside: How many bins on either side are taken in.
        """
        beside = np.arange(-n_beside, n_beside + 1)
        bins = (center[:, None] + beside) % self.sums.shape[1]
        neuron = np.arange(len(center))[:, None]
        return mean(
            self.folded(self.sums[neuron, bins].sum(axis=1)),
            self.folded(self.counts[neuron, bins].sum(axis=1)),
        )

    def folded(self, columns: Float[np.ndarray, "*rows column"]) -> np.ndarray:
        """The bins of velocity alone, with standing in the bin that holds 0."""
        n = self.n_velocities
        inside = columns[..., :n].copy()
        inside[..., self.zero_bin] += columns[..., n]
        return inside


def joint_sums(
    heading: Float[np.ndarray, "trial time"],
    angular_velocity: Float[np.ndarray, "trial time"],
    rates: Num[np.ndarray, "trial time neuron"],
    *,
    n_headings: int,
    n_velocities: int,
    n_sd: float,
) -> JointSums:
    """Sums of the rates by heading and angular velocity.

    Args:
        heading: In rad, any range; NaN where unknown, and such samples count nowhere.
        angular_velocity: In rad/step, counter-clockwise positive; NaN where unknown.
        rates: NaN where not observed.
        n_headings: Bins of heading over the circle, the first from 0 on.
        n_velocities: Bins of velocity, an even number.
        n_sd: They go to this many standard deviations of the velocities that are not 0.

    Raises:
        InputError: If numbers of bins are out of range, no velocity differs from 0, or no sample
            is known.
    """
    if n_headings < 1 or n_velocities < 2 or n_velocities % 2 or not n_sd > 0:
        raise InputError(
            "`n_headings` must be at least 1, `n_velocities` even and above 0, `n_sd` above 0; got "
            f"{n_headings}, {n_velocities} and {n_sd}. An even number lets 0 be an edge."
        )
    limit = n_sd * velocity_sd(angular_velocity)
    place = heading_bin(heading, n_headings).ravel()
    if (place < 0).all():
        raise InputError("`heading` must be known at some samples; all are NaN. Check the reader.")
    n_columns = n_velocities + 4
    index = place * n_columns + _column(angular_velocity.ravel(), limit, n_velocities)
    index[place < 0] = -1
    flat = rates.reshape(-1, rates.shape[-1])
    parts = [
        sums_by_bin(index, n_headings * n_columns, flat[:, start : start + N_NEURONS])
        for start in range(0, flat.shape[1], N_NEURONS)
    ]
    sums, counts = (
        np.concatenate([part[i].T for part in parts]).reshape(-1, n_headings, n_columns)
        for i in (0, 1)
    )
    return JointSums(sums, counts, limit)


def heading_bin(
    heading: Float[np.ndarray, "*samples"], n_headings: int
) -> Int[np.ndarray, "*samples"]:
    """Bin of each heading: bin k from k to k + 1 of `n_headings` parts of the circle; -1 for NaN.

    Example:
        >>> heading_bin(np.deg2rad([0.5, 359.5, -0.5, np.nan]), 360)
        array([  0, 359, 359,  -1])
    """
    return CircularBins(n_headings).index(heading)


def velocity_sd(angular_velocity: Float[np.ndarray, "trial time"]) -> float:
    """Standard deviation of the angular velocities that are not 0, in their unit.

    Raises:
        InputError: If none varies.
    """
    moving = angular_velocity[np.isfinite(angular_velocity) & (angular_velocity != 0)]
    sd = float(moving.std()) if moving.size else 0.0
    if not sd > 0:
        raise InputError(
            "`angular_velocity` must vary; it is 0, constant or NaN everywhere. Give trials in "
            "which the animal turns."
        )
    return sd


def mean(sums: Float[np.ndarray, "*shape"], counts: Float[np.ndarray, "*shape"]) -> np.ndarray:
    """Sums over counts; NaN where nothing was counted."""
    return np.where(counts > 0, sums / np.where(counts > 0, counts, 1.0), np.nan)


def _column(velocity: np.ndarray, limit: float, n: int) -> Int[np.ndarray, " sample"]:
    known = np.isfinite(velocity)
    v = np.where(known, velocity, 0.0)
    inside = np.clip(np.floor((v / limit + 1.0) * (n / 2)), 0, n - 1).astype(np.int64)
    return np.select(
        [~known, v == 0, v < -limit, v > limit], [n + 3, n, n + 1, n + 2], inside
    ).astype(np.int64)
