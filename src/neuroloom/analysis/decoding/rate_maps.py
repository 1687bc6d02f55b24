"""Rate maps: how often each cell fires at each place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.analysis.decoding.spreading import Spread
from neuroloom.errors import InputError

__all__ = ["RateMaps", "given_maps", "rate_maps"]


@dataclass(frozen=True, eq=False)
class RateMaps:
    """Expected spikes per second of each cell in each bin.

    Attributes:
        rate: In counts per second; NaN in bins that are not `visited`.
        occupancy: Time in each bin, in seconds, not smoothed.
        visited: Bins that were seen long enough to know a rate.
        bins: Where they are.
    """

    rate: Float[np.ndarray, "cell bin"]
    occupancy: Float[np.ndarray, " bin"]
    visited: Bool[np.ndarray, " bin"]
    bins: SpatialBins

    def reordered(self, order: np.ndarray) -> RateMaps:
        """The maps of `order[n]` in place n: what a shuffle of cell identities needs."""
        return replace(self, rate=self.rate[order])


def rate_maps(
    counts: Float[np.ndarray, "time cell"],
    position: Float[np.ndarray, "sample axis"],
    bins: SpatialBins,
    *,
    dt: float,
    smooth: Spread,
    least_occupancy: float = 0.0,
) -> RateMaps:
    r"""Rate maps in counts per second, from spikes and positions.

    $$\lambda_c(b) = \frac{(K s_c)_b}{(K o_c)_b}$$

    with $s_c$ the spikes of cell c in each bin, $o_c$ the seconds in which it was observed there,
    and $K$ the smoothing. Smoothing before the division lets no rarely seen bin shout.

    Args:
        counts: Spikes per step; NaN where a cell was not observed.
        position: NaN where not observed: such steps are left out, as are those outside of `bins`.
        bins: Where to count.
        dt: Seconds per step.
        smooth: From `spread_over`; with walls, nothing is smoothed through them.
        least_occupancy: Bins with less smoothed occupancy, in seconds, are not visited. A bin with
            none at all never is.

    Raises:
        InputError: If lengths differ, `dt` is not above 0, or no bin was visited.
    """
    if len(counts) != len(position):
        raise InputError(
            f"`counts` and `position` must have the same steps; got {len(counts)} and "
            f"{len(position)}. Bring both to one clock."
        )
    check_step(dt)
    place = bins.index(position)
    inside = place >= 0
    seconds = dt * np.bincount(place[inside], minlength=bins.n_bins).astype(float)
    here = counts[inside]
    observed = np.isfinite(here)
    spikes = _sums(np.where(observed, here, 0.0), place[inside], bins.n_bins)
    whole = smooth(seconds)
    visited = (whole >= least_occupancy) & (whole > 1e-9)
    if not visited.any():
        raise InputError(
            f"Some bin must be occupied for {least_occupancy} s; the longest was "
            f"{whole.max():.3g} s in {inside.sum()} steps. Use larger bins, more smoothing or a "
            "lower `least_occupancy`."
        )
    under = (
        whole[:, None]
        if observed.all()
        else smooth(dt * _sums(observed.astype(float), place[inside], bins.n_bins))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(visited[:, None] & (under > 0), smooth(spikes) / under, np.nan)
    return RateMaps(np.ascontiguousarray(rate.T), seconds, visited, bins)


def given_maps(
    rate: Float[np.ndarray, "cell bin"],
    bins: SpatialBins,
    *,
    inside: Bool[np.ndarray, " bin"] | None = None,
) -> RateMaps:
    """Maps that are known or predicted, not counted, in counts per second; occupancy is even.

    Args:
        rate: At the centers of `bins`; at least 0 where inside.
        bins: Where.
        inside: Where the animal can be; default: everywhere.

    Raises:
        InputError: If the bins are another number, or a rate inside is negative or not finite.
    """
    where = np.ones(bins.n_bins, bool) if inside is None else inside
    if rate.shape[1] != bins.n_bins:
        raise InputError(
            f"`rate` must have a column for each of {bins.n_bins} bins; got {rate.shape[1]}. "
            "Evaluate the cells at `bins.center`."
        )
    bad = ~(np.isfinite(rate[:, where]) & (rate[:, where] >= 0))
    if bad.any():
        raise InputError(
            f"`rate` must be finite and at least 0 inside; {bad.sum()} entries are not. Clip a "
            "student's predictions at 0 first."
        )
    return RateMaps(np.where(where, rate, np.nan), where.astype(float), where, bins)


def check_step(dt: float) -> None:
    """Raise unless `dt` is a number of seconds above 0."""
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be above 0 s; got {dt}. Give the width of a step.")


def _sums(
    values: Float[np.ndarray, "time cell"], place: np.ndarray, n_bins: int
) -> Float[np.ndarray, "bin cell"]:
    """Values added up by bin."""
    total = np.zeros((n_bins, values.shape[1]))
    np.add.at(total, place, values)
    return total
