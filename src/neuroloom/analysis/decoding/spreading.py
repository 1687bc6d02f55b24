"""Diffusion over bins that no wall lets through: smooths rate maps and moves a decoded animal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import csr_array, eye_array

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.errors import InputError

__all__ = ["Spread", "spread_over"]

_LEAST = 1e-8  # smaller parts of a kernel stay where they are


@dataclass(frozen=True, eq=False)
class Spread:
    """A symmetric step of diffusion; see `spread_over`.

    Attributes:
        factors: Sparse matrices between bins, applied one after the other.
    """

    factors: tuple[csr_array, ...]

    def __call__(self, mass: Float[np.ndarray, "bin ..."]) -> Float[np.ndarray, "bin ..."]:
        """The mass after one step, in the same unit; its sum is kept."""
        for factor in self.factors:
            mass = factor @ mass
        return mass

    def among(self, kept: Bool[np.ndarray, " bin"]) -> Spread:
        """The same between kept bins alone; they must be all that `inside` was when it was made."""
        place = np.flatnonzero(kept)
        return Spread(tuple(csr_array(factor[place][:, place]) for factor in self.factors))


def spread_over(
    bins: SpatialBins,
    sd: float,
    *,
    inside: Bool[np.ndarray, " bin"] | None = None,
    walls: Float[np.ndarray, "wall 2 2"] | None = None,
) -> Spread:
    r"""Gaussian diffusion of standard deviation `sd` along each axis, between joined bins.

    Along each row of bins, mass follows the heat equation on the bins that are joined, with closed
    ends:

    $$K = \exp\big(\tfrac{\sigma^2}{2 h^2} L\big)$$

    with $L$ the Laplacian of the row's pieces and $h$ the side of a bin. Away from ends $K$ is a
    Gaussian with exactly the variance $\sigma^2$. Two axes are split symmetrically: half a step
    along x, one along y, half along x. So $K$ is symmetric, keeps the sum, leaves an even
    density even, and never crosses a wall or leaves `inside`.

    Args:
        bins: One or two axes.
        sd: In the unit of positions, at least 0.
        inside: Where mass may be; default: everywhere.
        walls: Ends of straight walls, x then y. They cut neighbors whose centers they part. Only
            for two axes.

    Raises:
        InputError: If `sd` is negative or not finite, or walls are given for one axis.

    Source:
        Splitting after Strang, SIAM J. Numer. Anal. 5 (1968). Ours: the same kernel for maps and
        motion, so that neither leaks through a wall.
    """
    if not (np.isfinite(sd) and sd >= 0):
        raise InputError(
            f"`sd` must be a finite distance, at least 0; got {sd}. Give it in the unit of "
            "positions."
        )
    if walls is not None and len(bins.shape) != 2:
        raise InputError(
            f"`walls` must be given for two axes only; the bins have {len(bins.shape)}. Leave them "
            "out on a track."
        )
    open_to = np.ones(bins.n_bins, bool) if inside is None else inside
    if sd == 0:
        return Spread((csr_array(eye_array(bins.n_bins)),))
    variance = (sd / bins.size) ** 2
    if len(bins.shape) == 1:
        return Spread((_along(bins, 0, variance, open_to, walls),))
    half = _along(bins, 0, variance / 2, open_to, walls)
    return Spread((half, _along(bins, 1, variance, open_to, walls), half))


def _along(
    bins: SpatialBins,
    axis: int,
    variance: float,
    inside: Bool[np.ndarray, " bin"],
    walls: Float[np.ndarray, "wall 2 2"] | None,
) -> csr_array:
    """The factor of one axis: a block of the heat kernel for every unbroken piece of a row."""
    number = np.moveaxis(np.arange(bins.n_bins).reshape(bins.shape), axis, -1)
    number = number.reshape(-1, bins.shape[axis])
    joined = inside[number[:, 1:]] & inside[number[:, :-1]]
    if walls is not None:
        middle = bins.center
        joined &= ~_parted(middle[number[:, :-1]], middle[number[:, 1:]], walls)
    first = np.ones(number.shape, bool)
    first[:, 1:] = ~joined
    begin = np.flatnonzero(first)
    length = np.diff(np.append(begin, number.size))
    order = number.ravel()
    rows, columns, values = [], [], []
    for n in np.unique(length):
        kernel = _heat_kernel(int(n), variance)
        to, start = np.nonzero(kernel)
        pieces = begin[length == n][:, None]
        rows.append(order[pieces + to].ravel())
        columns.append(order[pieces + start].ravel())
        values.append(np.tile(kernel[to, start], len(pieces)))
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return csr_array(entries, shape=(bins.n_bins, bins.n_bins))


def _heat_kernel(n: int, variance: float) -> Float[np.ndarray, "n n"]:
    """exp(variance/2 times the Laplacian of a path of n bins), from its cosine modes."""
    mode = np.arange(n)
    shape = np.cos(np.pi * np.outer(mode + 0.5, mode) / n) * np.sqrt(2 / n)
    shape[:, 0] = np.sqrt(1 / n)
    kernel = (shape * np.exp(-variance * (1 - np.cos(np.pi * mode / n)))) @ shape.T
    kernel[kernel < _LEAST] = 0
    kernel[mode, mode] += 1 - kernel.sum(axis=0)
    return kernel


def _parted(
    start: Float[np.ndarray, "row pair 2"],
    end: Float[np.ndarray, "row pair 2"],
    walls: Float[np.ndarray, "wall 2 2"],
) -> Bool[np.ndarray, "row pair"]:
    """Whether a wall lies between two neighbors; one through the middle of a bin cuts one side."""
    parted = np.zeros(start.shape[:2], bool)
    step = end - start
    for origin, tip in walls:
        along, gap = tip - origin, origin - start
        across = step[..., 0] * along[1] - step[..., 1] * along[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            on_step = (gap[..., 0] * along[1] - gap[..., 1] * along[0]) / across
            on_wall = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / across
        # A parallel wall parts no neighbors: its quotients are infinite or NaN.
        parted |= (on_step > 0) & (on_step <= 1) & (on_wall >= -1e-9) & (on_wall <= 1 + 1e-9)
    return parted
