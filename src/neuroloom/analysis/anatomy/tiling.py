"""How evenly preferred directions cover the circle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["Tiling", "gaps_around", "preferred_tiling"]


class Tiling(NamedTuple):
    """How preferred directions lie on the circle.

    Attributes:
        n: How many.
        evenness: 1 if all are equally far apart, 0 if all are in one place.
        largest_gap: Between neighbors, in deg.
        resultant: Length of the mean direction vector, 0 to 1; 0 for an even ring and for two equal
            heaps opposite each other.
        p_more_even: Chance that as many random directions are as even or more.
        p_less_even: Chance that they are as uneven or more.
    """

    n: int
    evenness: float
    largest_gap: float
    resultant: float
    p_more_even: float
    p_less_even: float


def gaps_around(angles: Float[np.ndarray, " neuron"]) -> Float[np.ndarray, " neuron"]:
    """Gap from each direction, in rising order from 0 on, to the next, in deg; they add to 360.

    Args:
        angles: In rad, at least one.

    Example:
        >>> gaps_around(np.deg2rad([350.0, 10.0, 90.0])).round(9).tolist()
        [80.0, 260.0, 20.0]
    """
    around = np.sort(np.mod(np.rad2deg(angles), 360.0))
    return np.diff(np.r_[around, around[0] + 360.0])


def preferred_tiling(
    preferred: Float[np.ndarray, " neuron"], *, rng: np.random.Generator, n_draws: int = 1_000
) -> Tiling:
    r"""Evenness of preferred directions beside that of as many random ones.

    $$\mathrm{evenness} = 1 - \frac{\sum_i |g_i - 360/n|}{720\,(1 - 1/n)}$$

    with the gaps g (deg) between neighbors: the part that Rao's spacing U leaves.

    Args:
        preferred: In rad; NaN are left out. At least 2 others.
        rng: Randomness of the random directions.
        n_draws: Sets of random directions.

    Raises:
        InputError: If fewer than 2 neurons have a preferred direction.

    Example:
        >>> ring = np.deg2rad(np.arange(0.0, 360.0, 30.0))
        >>> tiling = preferred_tiling(ring, rng=np.random.default_rng(0))
        >>> round(tiling.evenness, 9), round(tiling.largest_gap, 9)
        (1.0, 30.0)

    Source:
        Rao, Sankhya A 38:329 (1976).
    """
    finite = preferred[np.isfinite(preferred)]
    n = finite.size
    if n < 2:
        raise InputError(
            f"`preferred` must hold at least 2 directions; got {n}. A class of one neuron tiles "
            "nothing: leave it out."
        )
    gaps = gaps_around(finite)
    observed = float(_evenness(gaps[None])[0])
    drawn = np.sort(rng.uniform(0.0, 360.0, (n_draws, n)), axis=1)
    chance = _evenness(np.diff(drawn, axis=1, append=drawn[:, :1] + 360.0))
    more = (1 + (chance >= observed - 1e-12).sum()) / (1 + n_draws)
    less = (1 + (chance <= observed + 1e-12).sum()) / (1 + n_draws)
    return Tiling(
        n=int(n),
        evenness=observed,
        largest_gap=float(gaps.max()),
        resultant=float(np.abs(np.exp(1j * finite).mean())),
        p_more_even=float(more),
        p_less_even=float(less),
    )


def _evenness(gaps: Float[np.ndarray, "draw neuron"]) -> Float[np.ndarray, " draw"]:
    n = gaps.shape[1]
    return 1.0 - np.abs(gaps - 360.0 / n).sum(axis=1) / (720.0 * (1 - 1 / n))
