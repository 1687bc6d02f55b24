"""Tuning of neurons to any variable: curves, bootstrap over trials, and nulls."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from neuroloom.analysis.tuning.bins import AbstractBins, CircularBins
from neuroloom.analysis.tuning.joint_sums import mean
from neuroloom.analysis.tuning.shuffles import AbstractShuffle, default_shuffle
from neuroloom.analysis.tuning.sums import sums_by_bin, total_squares
from neuroloom.errors import InputError

__all__ = ["TuningCurve", "bootstrap_tuning", "chance", "null_tuning", "tuning_curve"]

Values = Float[np.ndarray, "trial time *variable"]
N_NEURONS = 64  # at once in the bootstrap, which keeps the sums of every trial


@dataclass(frozen=True)
class TuningCurve:
    """Mean rate of every neuron by the value of a variable; many of them in front, if drawn.

    Attributes:
        rate: Mean rate; NaN in bins with fewer samples than asked for.
        occupancy: Samples observed in each bin.
        total: Sum of squares of the rate about its mean, over all samples.
        bins: Of the variable.
    """

    rate: Float[np.ndarray, "*draw neuron bin"]
    occupancy: Float[np.ndarray, "*draw neuron bin"]
    total: Float[np.ndarray, "*draw neuron"]
    bins: AbstractBins

    @property
    def strength(self) -> Float[np.ndarray, "*draw neuron"]:
        """Largest less smallest mean rate; NaN without any."""
        known = ~np.isnan(self.rate)
        top = np.max(self.rate, axis=-1, where=known, initial=-np.inf)
        bottom = np.min(self.rate, axis=-1, where=known, initial=np.inf)
        return np.where(known.any(axis=-1), top - bottom, np.nan)

    @property
    def preferred(self) -> Float[np.ndarray, "*preferred"]:
        """Center of the bin of the largest mean rate; NaN where the curve is flat."""
        filled = np.where(np.isnan(self.rate), -np.inf, self.rate)
        center = self.bins.center[np.argmax(filled, axis=-1)]
        largest = np.max(np.abs(self.rate), axis=-1, where=~np.isnan(self.rate), initial=0.0)
        flat = ~(self.strength > 1e-9 * largest)
        center[flat] = np.nan
        return center

    @property
    def explained(self) -> Float[np.ndarray, "*draw neuron"]:
        """Part of the variance of the rate that lies between bins, 0 to 1; NaN if it is constant.

        Noise alone explains about (bins - 1) / samples, more if it is slow: hold it against a null.
        """
        samples = np.where(np.isnan(self.rate), 0.0, self.occupancy)
        filled = np.nan_to_num(self.rate)
        n = np.maximum(samples.sum(axis=-1), 1.0)
        grand = (samples * filled).sum(axis=-1) / n
        between = (samples * (filled - grand[..., None]) ** 2).sum(axis=-1)
        return between / self.total

    @property
    def vector(self) -> Float[np.ndarray, "*draw neuron 2"]:
        """Length (0 to 1) and direction of the mean vector of a circular variable.

        Each bin counts once, whatever its occupancy. Direction in the unit of the variable.

        Raises:
            InputError: If the variable is not circular, or a rate is negative.
        """
        if not isinstance(self.bins, CircularBins):
            raise InputError(
                "A mean vector needs a variable around a circle; this one is along a line. Use "
                "`preferred`."
            )
        if (self.rate < 0).any():
            raise InputError(
                f"Rates must be at least 0 for a mean vector; {(self.rate < 0).sum()} are negative."
                " Add a baseline, or use `strength`."
            )
        filled = np.nan_to_num(self.rate)
        angle = 2 * np.pi * self.bins.center / self.bins.period
        total = filled.sum(axis=-1)
        vector = filled @ np.exp(1j * angle) / np.where(total > 0, total, np.nan)
        direction = np.angle(vector) % (2 * np.pi) * self.bins.period / (2 * np.pi)
        return np.stack([np.abs(vector), direction], axis=-1)


def tuning_curve(
    values: Values,
    rates: Num[np.ndarray, "_ _ neuron"],
    bins: AbstractBins,
    *,
    least_samples: int = 1,
) -> TuningCurve:
    """Mean rate of every neuron by the value of a variable.

    Args:
        values: The variable; NaN where unknown. For `ProductBins`, both along a third axis.
        rates: NaN where not observed.
        bins: Of the variable.
        least_samples: Bins with fewer have no rate.

    Raises:
        InputError: If trials or steps differ, or no value is in a bin.

    Example:
        >>> from neuroloom.analysis.tuning import LinearBins
        >>> speed = np.array([[0.1, 0.1, 0.9]])
        >>> rates = np.array([[[1.0], [3.0], [5.0]]])
        >>> tuning_curve(speed, rates, LinearBins(0.0, 1.0, 2)).rate
        array([[2., 5.]])
    """
    _check(values, rates)
    return _curve(_places(values, bins), rates, bins, least_samples)


def bootstrap_tuning(
    values: Values,
    rates: Num[np.ndarray, "_ _ neuron"],
    bins: AbstractBins,
    *,
    rng: np.random.Generator,
    n_draws: int = 200,
    least_samples: int = 1,
) -> TuningCurve:
    """Tuning curves of trials drawn with replacement, for intervals; draws are the first axis.

    Args:
        values: As for `tuning_curve`.
        rates: Likewise.
        bins: Likewise.
        rng: For the draws.
        n_draws: How many.
        least_samples: Likewise.

    Raises:
        InputError: If there are fewer than two trials.
    """
    _check(values, rates)
    n_trials = len(values)
    if n_trials < 2:
        raise InputError(
            f"A bootstrap over trials needs at least two; got {n_trials}. Cut the recording into "
            "trials longer than its variables remember."
        )
    place = _places(values, bins)
    index = np.arange(n_trials)[:, None] * bins.n_bins + place
    index = np.where(place < 0, -1, index).ravel()
    times = rng.multinomial(n_trials, np.full(n_trials, 1 / n_trials), size=n_draws)
    found = []
    for start in range(0, rates.shape[-1], N_NEURONS):
        block = rates[..., start : start + N_NEURONS]
        n = block.shape[-1]
        flat = block.reshape(-1, n)
        each = sums_by_bin(index, n_trials * bins.n_bins, flat)
        sums, counts = (
            (times @ part.reshape(n_trials, -1)).reshape(n_draws, bins.n_bins, n) for part in each
        )
        found.append((sums, counts, _totals(block, times)))
    sums, counts, total = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
    return _from_sums(
        np.swapaxes(sums, 1, 2), np.swapaxes(counts, 1, 2), total, bins, least_samples
    )


def null_tuning(
    values: Float[np.ndarray, "trial time"],
    rates: Num[np.ndarray, "_ _ neuron"],
    bins: AbstractBins,
    *,
    rng: np.random.Generator,
    n_draws: int = 100,
    shuffle: AbstractShuffle | None = None,
    least_samples: int = 1,
) -> TuningCurve:
    """Tuning curves to the same variable at other times; draws are the first axis.

    Args:
        values: As for `tuning_curve`.
        rates: Likewise.
        bins: Likewise.
        rng: For the draws.
        n_draws: How many.
        shuffle: Default: among five trials or more they exchange, else they are shifted in time.
        least_samples: Likewise.

    Raises:
        InputError: As `tuning_curve`.
    """
    _check(values, rates)
    shuffle = shuffle or default_shuffle(len(values))
    place = _places(values, bins).astype(np.float64)
    total = total_squares(rates.reshape(-1, rates.shape[-1]))
    draws = [
        _curve(shuffle(place, rng=rng).astype(np.int64), rates, bins, least_samples, total)
        for _ in range(n_draws)
    ]
    return TuningCurve(
        rate=np.stack([draw.rate for draw in draws]),
        occupancy=np.stack([draw.occupancy for draw in draws]),
        total=np.stack([draw.total for draw in draws]),
        bins=bins,
    )


def chance(
    measured: Float[np.ndarray, " neuron"], null: Float[np.ndarray, "draw neuron"]
) -> Float[np.ndarray, " neuron"]:
    """Chance of a measure as large under its null: (1 + draws as large) / (1 + draws).

    Args:
        measured: Of each neuron, such as `tuning_curve(...).explained`; NaN gives NaN.
        null: The same of each draw.
    """
    reached = (null >= measured).sum(axis=0)
    return np.where(np.isnan(measured), np.nan, (1 + reached) / (1 + len(null)))


def _check(values: np.ndarray, rates: np.ndarray) -> None:
    if values.shape[:2] != rates.shape[:2]:
        raise InputError(
            f"`values` and `rates` must have the same trials and steps; got {values.shape[:2]} and "
            f"{rates.shape[:2]}. Cut them alike."
        )


def _places(values: np.ndarray, bins: AbstractBins) -> np.ndarray:
    place = bins.index(values)
    if (place < 0).all():
        raise InputError(
            "At least one value must be in a bin; none is. Look at the unit of `values` and the "
            "range of `bins`."
        )
    return place


def _curve(
    place: np.ndarray,
    rates: np.ndarray,
    bins: AbstractBins,
    least_samples: int,
    total: np.ndarray | None = None,
) -> TuningCurve:
    flat = rates.reshape(-1, rates.shape[-1])
    sums, counts = sums_by_bin(place.ravel(), bins.n_bins, flat)
    total = total_squares(flat) if total is None else total
    return _from_sums(sums.T, counts.T, total, bins, least_samples)


def _from_sums(
    sums: np.ndarray, counts: np.ndarray, total: np.ndarray, bins: AbstractBins, least_samples: int
) -> TuningCurve:
    enough = counts >= least_samples
    return TuningCurve(np.where(enough, mean(sums, counts), np.nan), counts, total, bins)


def _totals(rates: np.ndarray, times: np.ndarray) -> Float[np.ndarray, "draw neuron"]:
    """Sum of squares about the mean over trials taken so many times."""
    seen = ~np.isnan(rates)
    offset = np.nan_to_num(rates[0]).mean(axis=0, dtype=np.float64)
    off = np.where(seen, rates - offset, 0.0)
    n, sum_one, sum_two = (
        times @ part for part in (seen.sum(axis=1), off.sum(axis=1), (off**2).sum(axis=1))
    )
    total = sum_two - sum_one**2 / np.maximum(n, 1)
    return np.where(total > 1e-12 * (sum_two + n * offset**2), total, np.nan)
