"""How much tuning there is where there is none: a null for every unit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Num

from neuroloom.analysis.tuning.head_direction import HeadDirectionTuning
from neuroloom.analysis.tuning.joint_sums import heading_bin
from neuroloom.analysis.tuning.shuffles import AbstractShuffle, default_shuffle
from neuroloom.analysis.tuning.sums import sums_by_bin, total_squares
from neuroloom.errors import InputError

__all__ = ["TuningNull", "tuning_null"]

N_HEADINGS = 36  # fewer than for curves: what noise explains grows with the number of bins
N_BESIDE = 1  # bins of 1 deg on either side of the preferred one


@dataclass(frozen=True)
class TuningNull:
    """How much of each unit heading and turning explain, and what those of another trial explain.

    The slope is here that of least squares over samples, so that no bound on rates enters.

    Attributes:
        measured_explained: Part of the variance of the rate that lies between headings, 0 to 1.
        explained: The same with other headings.
        measured_slope: At the preferred heading, in rate per deg/step.
        slope: The same with other velocities, at the same samples.
        noise: Standard deviation of the measured slope: as `slope`, of what the line leaves.
    """

    measured_explained: Float[np.ndarray, " neuron"]
    explained: Float[np.ndarray, "draw neuron"]
    measured_slope: Float[np.ndarray, " neuron"]
    slope: Float[np.ndarray, "draw neuron"]
    noise: Float[np.ndarray, " neuron"]

    @property
    def p_explained(self) -> Float[np.ndarray, " neuron"]:
        """Chance that any unit explains as much under the null, in standard deviations of its own.

        (1 + draws in which one does) / (1 + draws): over all units, so that among many units of
        noise none is called tuned. NaN for a unit whose rate is constant.

        Source:
            The single-step maximum of Westfall and Young, Resampling-Based Multiple Testing (1993).
        """
        mean, sd = self.explained.mean(axis=0), self.explained.std(axis=0)
        sd = np.where(sd > 0, sd, np.nan)
        largest = np.nanmax((self.explained - mean) / sd, axis=1, initial=-np.inf)
        measured = (self.measured_explained - mean) / sd
        reached = (largest[:, None] >= measured).sum(axis=0)
        return np.where(np.isnan(measured), np.nan, (1 + reached) / (1 + len(largest)))

    @property
    def p_slope(self) -> Float[np.ndarray, " neuron"]:
        """Chance of a slope as steep, either way, under the null, of each unit alone."""
        reached = (np.abs(self.slope) >= np.abs(self.measured_slope)).sum(axis=0)
        known = np.isfinite(self.measured_slope)
        return np.where(known, (1 + reached) / (1 + len(self.slope)), np.nan)


def tuning_null(
    heading: Float[np.ndarray, "trial time"],
    angular_velocity: Float[np.ndarray, "trial time"],
    rates: Num[np.ndarray, "trial time neuron"],
    tuning: HeadDirectionTuning,
    *,
    rng: np.random.Generator,
    n_draws: int = 100,
    shuffle: AbstractShuffle | None = None,
) -> TuningNull:
    """What headings and velocities of other trials explain of every unit, beside its own.

    The course of the variables in time is kept: shuffling single samples would take neighbors,
    which are alike, for independent.

    Args:
        heading: As given to `head_direction_tuning`.
        angular_velocity: Likewise, in rad/step.
        rates: Likewise.
        tuning: What that returned.
        rng: For the draws.
        n_draws: At least 1; the smallest chance that can be seen is 1 / (1 + n_draws).
        shuffle: Default: among five trials or more they exchange, else they are shifted in time.

    Raises:
        InputError: If there is no draw.
    """
    if n_draws < 1:
        raise InputError(f"`n_draws` must be at least 1; got {n_draws}. 100 shows chances of 1 %.")
    shuffle = shuffle or default_shuffle(len(heading))
    flat = rates.reshape(-1, rates.shape[-1])
    limit = np.deg2rad(np.diff(tuning.velocity)[0]) * len(tuning.velocity) / 2
    near = _Near.find(heading, angular_velocity, flat, tuning, limit)
    slope, left = near.slope(angular_velocity, near.rate)
    total = total_squares(flat)
    slopes, noises, explained = [], [], []
    for _ in range(n_draws):
        other = shuffle(angular_velocity, rng=rng)
        slopes.append(near.slope(other, near.rate)[0])
        noises.append(near.slope(other, left)[0])
        explained.append(_between(shuffle(heading, rng=rng), flat) / total)
    return TuningNull(
        measured_explained=_between(heading, flat) / total,
        explained=np.stack(explained),
        measured_slope=slope,
        slope=np.stack(slopes),
        noise=np.sqrt((np.stack(noises) ** 2).mean(axis=0)),
    )


@dataclass(frozen=True)
class _Near:
    """Every pair of a sample in motion and a neuron that prefers the heading at that sample."""

    sample: Int[np.ndarray, " pair"]
    neuron: Int[np.ndarray, " pair"]
    rate: Float[np.ndarray, " pair"]
    n_neurons: int
    limit: float

    @classmethod
    def find(
        cls,
        heading: np.ndarray,
        velocity: np.ndarray,
        flat: np.ndarray,
        tuning: HeadDirectionTuning,
        limit: float,
    ) -> "_Near":
        n = tuning.curve.shape[1]
        moving = np.flatnonzero(_moving(velocity.ravel(), limit))
        place = heading_bin(heading, n).ravel()[moving]
        order = np.argsort(place, kind="stable")
        starts = np.searchsorted(place[order], np.arange(n + 1))
        samples, owners = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        top = heading_bin(tuning.preferred, n)
        for neuron in np.flatnonzero(top >= 0):
            for k in (top[neuron] + np.arange(-N_BESIDE, N_BESIDE + 1)) % n:
                found = moving[order[starts[k] : starts[k + 1]]]
                samples.append(found)
                owners.append(np.full(len(found), neuron))
        sample, owner = np.concatenate(samples), np.concatenate(owners)
        rate = np.asarray(flat[sample, owner], dtype=np.float64)
        seen = ~np.isnan(rate)
        return cls(sample[seen], owner[seen], rate[seen], flat.shape[1], limit)

    def slope(self, velocity: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Least squares of each neuron, in rate per deg/step (NaN where nothing varies); the rest.

        What the line leaves is 0 where the other velocity is none.
        """
        v = velocity.ravel()[self.sample]
        used = _moving(v, self.limit)
        owner, v, r = self.neuron[used], np.rad2deg(v[used]), rate[used]
        n, sum_v, sum_r, sum_vv, sum_vr = (
            np.bincount(owner, weights=values, minlength=self.n_neurons)
            for values in (np.ones(len(v)), v, r, v * v, v * r)
        )
        n = np.maximum(n, 1.0)
        spread = sum_vv - sum_v**2 / n
        slope = (sum_vr - sum_v * sum_r / n) / np.where(spread > 1e-12 * sum_vv, spread, np.nan)
        left = np.zeros(len(rate))
        left[used] = r - (sum_r / n)[owner] - slope[owner] * (v - (sum_v / n)[owner])
        return slope, left


def _moving(velocity: np.ndarray, limit: float) -> np.ndarray:
    return (velocity != 0) & (np.abs(velocity) <= limit)  # NaN compares false


def _between(heading: np.ndarray, flat: np.ndarray) -> Float[np.ndarray, " neuron"]:
    """Sum of squares between bins of heading."""
    sums, counts = sums_by_bin(heading_bin(heading, N_HEADINGS).ravel(), N_HEADINGS, flat)
    grand = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)
    off = np.where(counts > 0, sums / np.where(counts > 0, counts, 1.0) - grand, 0.0)
    return (counts * off**2).sum(axis=0)
