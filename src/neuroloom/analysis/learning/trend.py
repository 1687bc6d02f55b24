"""Whether something rises from level to level, within seeds."""

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.learning.interval import Interval, mean_interval, require_seeds
from neuroloom.errors import InputError

__all__ = ["trend"]


def trend(
    levels: Float[np.ndarray, " level"],
    values: Float[np.ndarray, "seed level"],
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> Interval:
    """Mean slope over levels and its bootstrap interval over seeds, in values a level.

    A line is fitted to each seed by least squares; what raises all levels of a seed cancels. A
    slope above 0 does not say that every step rises: look at the steps too.

    Args:
        levels: Where each level stands, such as 1 to 5; at least two that differ.
        values: Seeds in rows.
        rng: Randomness.
        level: Nominal coverage.
        n_resamples: How many resamples.

    Raises:
        InputError: If there are fewer than 2 seeds, a value is not finite, or levels do not differ.
    """
    require_seeds("values", values)
    centered = levels - levels.mean()
    if not np.isfinite(centered).all() or not centered.any():
        raise InputError(
            f"`levels` must be finite and differ for a trend; got {levels.tolist()}. Number them, "
            "such as 1, 2, 3."
        )
    slopes = values @ centered / (centered @ centered)
    return mean_interval(slopes, rng=rng, level=level, n_resamples=n_resamples)
