"""How sure a profile is: over the neurons of one network, and over networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from neuroloom.analysis.anatomy.harmonic import harmonics
from neuroloom.analysis.anatomy.offsets import SlidingWindow, wrapped
from neuroloom.analysis.anatomy.profile import Profile, pairs_between
from neuroloom.errors import InputError

__all__ = [
    "AngleInterval",
    "Band",
    "ResampledProfiles",
    "mean_angle",
    "over_networks",
    "resampled_profiles",
]

_AT_ONCE = 4_000_000  # numbers in one array of pairs by draws


class Band(NamedTuple):
    """A middle and an interval, in each window.

    Attributes:
        offset: Centers of the windows, in deg.
        mean: Middle, in the unit of the weight.
        low: Lower end.
        high: Upper end.
    """

    offset: Float[np.ndarray, " offset"]
    mean: Float[np.ndarray, " offset"]
    low: Float[np.ndarray, " offset"]
    high: Float[np.ndarray, " offset"]


class AngleInterval(NamedTuple):
    """An angle and the ends of an interval around it, in rad.

    Attributes:
        mean: Above -pi to pi.
        low: Clockwise end, as far below `mean` as the interval goes: it may be below -pi.
        high: Counter-clockwise end; it may be above pi.
    """

    mean: float
    low: float
    high: float

    def contains(self, angle: float) -> bool:
        """Whether an angle, in rad, lies within, turns of the circle left aside."""
        away = float(np.deg2rad(wrapped(np.rad2deg(np.array([angle - self.mean])))[0]))
        return any(self.low <= self.mean + away + turn <= self.high for turn in _TURNS)


_TURNS = (0.0, -2 * np.pi, 2 * np.pi)


@dataclass(frozen=True, eq=False)
class ResampledProfiles:
    """Profiles of one network, its neurons drawn anew with replacement.

    Attributes:
        offset: Centers of the windows, in deg.
        observed: Mean weights of the neurons as they are.
        mean: Those of every draw; NaN where a window held no pair.
    """

    offset: Float[np.ndarray, " offset"]
    observed: Float[np.ndarray, " offset"]
    mean: Float[np.ndarray, "draw offset"]

    def band(self, level: float = 0.95) -> Band:
        """Interval of each window over draws; NaN where a window holds no pair.

        Args:
            level: Share of draws inside.
        """
        low, high = (_quantiles(self.mean, end) for end in _ends(level))
        empty = np.isnan(self.observed)
        return Band(
            self.offset, self.observed, np.where(empty, np.nan, low), np.where(empty, np.nan, high)
        )

    def shift(self, level: float = 0.95) -> AngleInterval:
        """Shift of the first harmonic with its interval over draws, in rad.

        Args:
            level: Share of draws inside, by their distance from the observed shift either way.
        """
        middle = harmonics(self.offset, self.observed[None])[0][0]
        drawn = harmonics(self.offset, self.mean)[0]
        away = np.deg2rad(wrapped(np.rad2deg(drawn[np.isfinite(drawn)] - middle)))
        if not away.size or np.isnan(middle):
            return AngleInterval(float("nan"), float("nan"), float("nan"))
        low, high = np.quantile(away, _ends(level))
        return AngleInterval(float(middle), float(middle + low), float(middle + high))

    def sharpness(self, level: float = 0.95) -> tuple[float, float, float]:
        """Sharpness with its interval over draws.

        Args:
            level: Share of draws inside.
        """
        middle = harmonics(self.offset, self.observed[None])[1][0]
        drawn = harmonics(self.offset, self.mean)[1]
        low, high = (float(_quantiles(drawn[:, None], end)[0]) for end in _ends(level))
        return float(middle), low, high


def resampled_profiles(
    weight: Float[np.ndarray, "post pre"],
    preferred: Float[np.ndarray, " neuron"],
    post: Bool[np.ndarray, " neuron"],
    pre: Bool[np.ndarray, " neuron"],
    *,
    rng: np.random.Generator,
    n_draws: int = 500,
    window: float = 5.0,
    step: float = 1.0,
) -> ResampledProfiles:
    """Profiles of neurons drawn anew with replacement: what other neurons alike would have shown.

    Neurons, not connections, are drawn: connections of one neuron are alike. Neurons that receive
    only, that send only and that do both are drawn each from their own, and one that does both is
    drawn once for both. No draw pairs a neuron with itself or with its double.

    Args:
        weight: W[post, pre], any unit.
        preferred: Preferred directions, in rad; NaN leaves a neuron out.
        post: Neurons that receive.
        pre: Neurons that send.
        rng: Randomness.
        n_draws: At least 1.
        window: Width of the window, in deg.
        step: Between centers of windows, in deg.

    Raises:
        InputError: If there is no draw, or as `connectivity_profile`.

    Source:
        Efron, Annals of Statistics 7:1 (1979), over neurons.
    """
    if n_draws < 1:
        raise InputError(f"`n_draws` must be at least 1; got {n_draws}. An interval needs 200.")
    pairs = pairs_between(weight, preferred, post, pre)
    sliding = SlidingWindow(window, step)
    spread = sliding.spread(pairs.difference)
    tuned = np.isfinite(preferred)
    strata = [np.flatnonzero(mask & tuned) for mask in (post & ~pre, pre & ~post, post & pre)]
    times = np.zeros((n_draws, len(preferred)))
    for members in strata:
        if members.size:
            even = np.full(members.size, 1 / members.size)
            times[:, members] = rng.multinomial(members.size, even, size=n_draws)
    means = []
    size = max(_AT_ONCE // max(len(pairs.weight), 1), 1)
    for start in range(0, n_draws, size):
        part = times[start : start + size]
        drawn = (part[:, pairs.post] * part[:, pairs.pre]).T
        n = spread @ drawn
        total = spread @ (drawn * pairs.weight[:, None])
        means.append((total / np.where(n > 0, n, np.nan)).T)
    n = np.asarray(spread.sum(axis=1)).ravel()
    observed = (spread @ pairs.weight) / np.where(n > 0, n, np.nan)
    return ResampledProfiles(sliding.offset, observed, np.concatenate(means))


def over_networks(profiles: Sequence[Profile], *, level: float = 0.95) -> Band:
    """Mean profile of several networks and its interval over them, by Student's t.

    Networks without pairs in a window are left out there; below two, there is no interval.

    Args:
        profiles: One a network, on the same windows.
        level: Of the interval.

    Raises:
        InputError: If there is none, or their windows differ.
    """
    if not profiles or any(not np.array_equal(p.offset, profiles[0].offset) for p in profiles):
        raise InputError(
            f"`profiles` must be one or more on the same windows; got {len(profiles)} with "
            f"{sorted({len(p.offset) for p in profiles})} windows. Make all with one `window` and "
            "`step`."
        )
    means = np.stack([p.mean for p in profiles])
    seen = np.isfinite(means)
    n = seen.sum(axis=0)
    at_least_one, at_least_two = np.where(n > 0, n, np.nan), np.where(n > 1, n, np.nan)
    middle = np.where(seen, means, 0.0).sum(axis=0) / at_least_one
    square = np.where(seen, (means - middle) ** 2, 0.0).sum(axis=0) / (at_least_two - 1)
    half = stats.t.ppf((1 + level) / 2, at_least_two - 1) * np.sqrt(square / at_least_two)
    return Band(profiles[0].offset, middle, middle - half, middle + half)


def mean_angle(angles: Float[np.ndarray, " network"], *, level: float = 0.95) -> AngleInterval:
    """Mean direction of angles and its interval, in rad.

    Student's t on the distances from the mean direction either way. Angles that scatter over more
    than half of the circle have no interval worth the name; where it would reach further than half
    a turn, it is the whole circle.

    Args:
        angles: One a network, in rad; NaN are left out.
        level: Of the interval.

    Example:
        >>> mean_angle(np.array([3.0, -3.0, 3.1]))[0] > 3
        True

    Source:
        Mean direction: Mardia and Jupp, Directional Statistics (2000), section 2.2. The interval
        is ours, for few networks that nearly agree.
    """
    finite = angles[np.isfinite(angles)]
    if not finite.size:
        return AngleInterval(float("nan"), float("nan"), float("nan"))
    mean = float(np.angle(np.exp(1j * finite).mean()))
    if finite.size < 2:
        return AngleInterval(mean, float("nan"), float("nan"))
    away = np.deg2rad(wrapped(np.rad2deg(finite - mean)))
    half = float(stats.t.ppf((1 + level) / 2, finite.size - 1) * stats.sem(away))
    half = min(half, np.pi)
    return AngleInterval(mean, mean - half, mean + half)


def _ends(level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise InputError(f"`level` must be between 0 and 1; got {level}. 0.95 is a share.")
    return (1 - level) / 2, (1 + level) / 2


def _quantiles(
    values: Float[np.ndarray, "draw offset"], share: float
) -> Float[np.ndarray, " offset"]:
    """Quantile of each column over what is finite there; NaN where nothing is."""
    seen = np.isfinite(values)
    found = np.full(values.shape[1], np.nan)
    for column in np.flatnonzero(seen.any(axis=0)):
        found[column] = np.quantile(values[seen[:, column], column], share)
    return found
