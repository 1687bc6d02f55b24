"""Slopes as draws of compass units around 0 and shifters on either side, each with its noise."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["SlopeMixture", "fit_slope_mixtures"]

MINUS, ZERO, PLUS = -1, 0, 1
KINDS = ((), (ZERO,), (MINUS, ZERO, PLUS))
N_PARAMETERS = (0, 1, 5)  # spreads, the mean, parts
STARTS = (0.2, 0.35, 0.5, 0.65, 0.8)
N_STEPS = 500
TOLERANCE = 1e-10


@dataclass(frozen=True)
class SlopeMixture:
    """A mixture of normal distributions of the true slopes, fitted to noisy ones.

    Attributes:
        kinds: -1, 0 and +1 for units whose rate falls, stays and rises with angular velocity;
            nothing at all where every true slope is 0.
        part: Of each kind.
        mean: True mean slope of each kind; 0 for kind 0.
        sd: Standard deviation of the true slopes of each kind.
        log_likelihood: Of the slopes seen.
        bic: -2 log likelihood + parameters x log of the number of units. Smaller is better.
    """

    kinds: tuple[int, ...]
    part: Float[np.ndarray, " kind"]
    mean: Float[np.ndarray, " kind"]
    sd: Float[np.ndarray, " kind"]
    log_likelihood: float
    bic: float

    def probability(
        self, slope: Float[np.ndarray, " neuron"], noise: Float[np.ndarray, " neuron"]
    ) -> Float[np.ndarray, "neuron 3"]:
        """Chance of each unit to be of kind -1, 0, +1. A shifter is on the side of its slope.

        Args:
            slope: As seen.
            noise: Standard deviation of each slope's noise.
        """
        turning = np.zeros(len(slope))
        if self.kinds:
            log_joint = _log_joint(slope, noise, self.part, self.mean, self.sd)
            each = np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1)[:, None])
            turning = each[:, np.array(self.kinds) != ZERO].sum(axis=1)
        found = np.zeros((len(slope), 3))
        found[np.arange(len(slope)), np.where(slope > 0, 2, 0)] = turning
        found[:, 1] = 1.0 - turning
        return found


def fit_slope_mixtures(
    slope: Float[np.ndarray, " neuron"],
    noise: Float[np.ndarray, " neuron"],
    *,
    least_sd: float,
    largest_sd: float,
) -> tuple[SlopeMixture, ...]:
    r"""Three mixtures: no slope at all; compass units alone; compass units and shifters.

    Of no slopes, only the first.

    $$b_i \sim \sum_k \pi_k N(k \mu, \sigma_k^2 + s_i^2), \quad k \in \{-1, 0, 1\}$$

    Any part may come out as 0. The noise s_i is given. Both shifter classes share |mean| and
    spread: the task is the same either way, and fewer parameters bear more noise. By expectation
    maximization from five starts.

    Args:
        slope: Seen, any unit.
        noise: Standard deviation of the noise of each, at least 0.
        least_sd: No kind is narrower; keeps a kind from shrinking onto one unit.
        largest_sd: Kind 0 is not wider, and the others' mean is at least as far from 0. They are
            not wider than half their mean, so that a shifter is on its side.

    Source:
        The update with known noise is that of extreme deconvolution: Bovy, Hogg and Roweis, Ann.
        Appl. Stat. 5:1657 (2011). The bounds and the symmetry are ours.
    """
    still = float(_log_normal(slope, 0.0, np.sqrt(noise**2 + least_sd**2)).sum())
    none = np.zeros(0)
    found = [SlopeMixture((), none, none, none, still, -2 * still)]
    if slope.size == 0:
        return tuple(found)
    for kinds, n_parameters in zip(KINDS[1:], N_PARAMETERS[1:], strict=True):
        climbs = [
            _climb(np.array(kinds), slope, noise, start, least_sd, largest_sd)
            for start in np.quantile(np.abs(slope), STARTS)
        ]
        likelihood, part, mean, sd = max(climbs, key=lambda climb: climb[0])
        bic = -2 * likelihood + n_parameters * np.log(len(slope))
        found.append(SlopeMixture(kinds, part, mean, sd, likelihood, float(bic)))
    return tuple(found)


def _climb(
    kind: np.ndarray,
    slope: np.ndarray,
    noise: np.ndarray,
    start: float,
    least_sd: float,
    largest_sd: float,
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Likelihood, parts, means and spreads where the climb ends."""
    turning = kind != ZERO
    outer = np.abs(slope)[np.abs(slope) >= start]

    def bounded(size: float, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = max(size, largest_sd)
        top = np.where(turning, max(size / 2, least_sd), largest_sd)
        return kind * size, np.clip(spread, least_sd, top)

    mean, sd = bounded(float(outer.mean()), np.where(turning, outer.std(), start))
    part = np.full(len(kind), 1 / len(kind))
    best = (-np.inf, part, mean, sd)
    for _ in range(N_STEPS):
        log_joint = _log_joint(slope, noise, part, mean, sd)
        each = np.logaddexp.reduce(log_joint, axis=1)
        likelihood = float(each.sum())
        if likelihood - best[0] <= TOLERANCE * abs(likelihood):
            break
        best = (likelihood, part, mean, sd)
        share = np.exp(log_joint - each[:, None])
        kept = sd**2 / (sd**2 + noise[:, None] ** 2)
        true = mean + kept * (slope[:, None] - mean)
        part = share.mean(axis=0)
        weight = np.maximum((share * turning).sum(), 1e-300)
        size = float((share * kind * true).sum() / weight)
        square = share * ((true - kind * max(size, largest_sd)) ** 2 + kept * noise[:, None] ** 2)
        spread = np.where(
            turning,
            (square * turning).sum() / weight,
            square.sum(axis=0) / np.maximum(share.sum(axis=0), 1e-300),
        )
        mean, sd = bounded(size, np.sqrt(spread))
    return best


def _log_joint(
    slope: np.ndarray, noise: np.ndarray, part: np.ndarray, mean: np.ndarray, sd: np.ndarray
) -> np.ndarray:
    total = np.sqrt(sd**2 + noise[:, None] ** 2)
    return np.log(np.maximum(part, 1e-300)) + _log_normal(slope[:, None], mean, total)


def _log_normal(x: np.ndarray, mean: float | np.ndarray, sd: np.ndarray) -> np.ndarray:
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
