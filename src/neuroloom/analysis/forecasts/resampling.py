r"""What is drawn again for an interval: neurons, or blocks of time. Recordings: `over_recordings`.

An interval over neurons answers *what would other neurons of this population say*, one over blocks
*what would another hour say*. Samples of a recording are not independent, so blocks must be longer
than the memory of what is scored; `block_length` says how long.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from neuroloom.analysis import scores
from neuroloom.errors import InputError

__all__ = ["AbstractResampling", "OverBlocks", "OverNeurons", "Resamples", "block_length"]


class Resamples(NamedTuple):
    """How often everything is drawn; None where it is not drawn again.

    Attributes:
        entry: Of each (trial, time), flattened; one row a resample.
        neuron: Of each neuron; one row a resample.
    """

    entry: Num[np.ndarray, "resample entry"] | None
    neuron: Num[np.ndarray, "resample neuron"] | None


@dataclass(frozen=True)
class AbstractResampling(abc.ABC):
    """A way to draw again."""

    @abc.abstractmethod
    def draw(
        self, shape: tuple[int, int, int], *, n_resamples: int, rng: np.random.Generator
    ) -> Resamples:
        """Weights for activity of shape (trial, time, neuron)."""


@dataclass(frozen=True)
class OverNeurons(AbstractResampling):
    """Neurons with replacement."""

    def draw(
        self, shape: tuple[int, int, int], *, n_resamples: int, rng: np.random.Generator
    ) -> Resamples:
        """One row a resample, each of as many neurons as there are."""
        neurons = np.arange(shape[2])
        return Resamples(None, scores.group_resamples(neurons, n_resamples=n_resamples, rng=rng))


@dataclass(frozen=True)
class OverBlocks(AbstractResampling):
    """Moving blocks of time with replacement, all neurons together.

    A block begins anywhere in any trial and, at the end of the trial, goes on at its beginning, so
    that every sample is drawn equally often.

    Attributes:
        length: Of a block, in samples; above a trial's length whole trials are drawn.

    Source:
        Künsch, Annals of Statistics 17:1217 (1989); circular: Politis and Romano (1992).
    """

    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise InputError(
                f"`length` must be at least 1 sample; got {self.length}. Take `block_length` of "
                "what is scored."
            )

    def draw(
        self, shape: tuple[int, int, int], *, n_resamples: int, rng: np.random.Generator
    ) -> Resamples:
        """One row a resample, each of as many samples as there are, up to one block."""
        n_trials, n_steps, _ = shape
        length = min(self.length, n_steps)
        n_blocks = -(-n_trials * n_steps // length)
        if n_blocks < 2:
            raise InputError(
                f"An interval over blocks must draw at least 2 of them; {n_trials} trial(s) of "
                f"{n_steps} samples hold one of {length}. Take shorter blocks or `OverNeurons()`."
            )
        weight = np.empty((n_resamples, n_trials, n_steps), np.float32)
        for row in weight:
            first = np.bincount(
                rng.integers(n_trials * n_steps, size=n_blocks), minlength=n_trials * n_steps
            ).reshape(n_trials, n_steps)
            # Sample t is in every block that began in the `length` samples up to t.
            total = np.cumsum(np.concatenate([first[:, n_steps - length + 1 :], first], 1), 1)
            row[:] = total[:, length - 1 :]
            row[:, 1:] -= total[:, : n_steps - 1]
        return Resamples(weight.reshape(n_resamples, -1), None)


def block_length(series: Float[np.ndarray, "trial time"]) -> int:
    r"""How long blocks should be, in samples, to give the variance of a mean of this series.

    $$b = \left(\frac{2 G^2}{D}\right)^{1/3} n^{1/3}, \quad G = \sum_k \lambda_k |k| R_k, \quad
    D = \tfrac43 \Big(\sum_k \lambda_k R_k\Big)^2$$

    R is the autocovariance, and lambda a taper that ends where R has become noise.

    Args:
        series: What is averaged, such as the difference of two squared errors, averaged over
            neurons. NaN is left out.

    Returns:
        At least 1, at most a third of all samples; 1 for a constant series.

    Source:
        Politis and White, Econometric Reviews 23:53 (2004), corrected by Patton, Politis and White
        28:372 (2009), for circular blocks. R is taken within trials.
    """
    known = np.isfinite(series)
    n = int(known.sum())
    if n < 4:
        raise InputError(
            f"A series must have at least 4 samples to tell its memory; got {n}. Choose blocks by "
            "hand."
        )
    x = np.where(known, series - series[known].mean(), 0.0)
    n_steps = series.shape[1]
    most = min(n_steps - 1, int(np.ceil(np.sqrt(n))) + max(5, int(np.log10(n))))
    size = 1 << (n_steps + most).bit_length()
    spectrum = np.abs(np.fft.rfft(x, size, axis=1)) ** 2
    covariance = np.fft.irfft(spectrum.sum(axis=0), size)[: most + 1] / n
    if not covariance[0] > 0:
        return 1
    noise = 2 * np.sqrt(np.log10(n) / n)
    run = max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    small = np.abs(covariance[1:] / covariance[0]) < noise
    quiet = [k for k in range(small.size) if small[k : k + run].all()]
    end = min(2 * max(quiet[0] if quiet else most, 1), most)
    lag = np.arange(1, end + 1)
    taper = np.clip(2 * (1 - lag / max(end, 1)), 0, 1)
    g = 2 * (taper * lag * covariance[1 : end + 1]).sum()
    d = 4 / 3 * (covariance[0] + 2 * (taper * covariance[1 : end + 1]).sum()) ** 2
    best = (2 * g**2 / d * n) ** (1 / 3) if d > 0 else most
    return int(np.clip(np.ceil(best), 1, max(1, n // 3)))
