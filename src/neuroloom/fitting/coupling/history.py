"""How the past enters a spiking model: a few bumps over the lags, and what each neuron puts in."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = ["AbstractBasis", "EachLag", "RaisedCosine", "filtered"]


@dataclass(frozen=True)
class AbstractBasis(abc.ABC):
    """Functions of the lag; a kernel is a weighted sum of them."""

    @property
    @abc.abstractmethod
    def functions(self) -> Float[np.ndarray, "lag basis"]:
        """Their values 1, 2, ... steps back, each of sum 1: a weight is the area of its part."""

    @property
    def n_lags(self) -> int:
        """Steps of the past that they see."""
        return len(self.functions)


@dataclass(frozen=True)
class EachLag(AbstractBasis):
    """One function a lag: any kernel.

    Attributes:
        n: Steps of the past.
    """

    n: int = 1

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"`n` must be at least 1 lag; got {self.n}. One step back is 1.")

    @property
    def functions(self) -> Float[np.ndarray, "lag basis"]:
        """The identity."""
        return np.eye(self.n)


@dataclass(frozen=True)
class RaisedCosine(AbstractBasis):
    r"""Bumps on a logarithmic axis of lags: narrow at first, wide later.

    $$\phi_k(l) \propto \tfrac12 + \tfrac12 \cos\!\Big(\pi\, \mathrm{clip}\big(
    \tfrac{\log l - c_k}{2 \delta}, -1, 1\big)\Big), \qquad c_k = (k - 1)\, \delta$$

    The first is highest one step back, and the last has come down to 0 one step after `duration`:
    delta is log(duration + 1) / (n + 1).

    Attributes:
        n: Functions, at least 2.
        duration: Steps of the past, at least n.

    Source:
        Pillow et al., Nature 454:995 (2008), methods. Here without an offset of the logarithm, and
        each of sum 1.
    """

    n: int = 4
    duration: int = 20

    def __post_init__(self) -> None:
        if not 2 <= self.n <= self.duration:
            raise InputError(
                f"`n` must be 2 to the {self.duration} steps of `duration`; got {self.n}. Take "
                "`EachLag` for a kernel without a shape."
            )

    @property
    def functions(self) -> Float[np.ndarray, "lag basis"]:
        """Values at 1, 2, ... steps back."""
        spacing = np.log(self.duration + 1) / (self.n + 1)
        place = np.log(np.arange(1, self.duration + 1))[:, None] / spacing - np.arange(self.n)
        bumps = 0.5 + 0.5 * np.cos(np.pi * np.clip(place / 2, -1, 1))
        return bumps / bumps.sum(axis=0)


def filtered(
    source: Float[np.ndarray, "trial time column"],
    functions: Float[np.ndarray, "lag basis"],
    counts: Bool[np.ndarray, "trial time"],
) -> Float[np.ndarray, "row predictor"]:
    r"""The past of every column through every function, at the frames that count.

    $$z_{t, k, j} = \sum_l \phi_k(l)\, s_{t-l, j}$$

    Args:
        source: Spikes or behavior, finite.
        functions: phi.
        counts: Frames; each with its lags within the trial.

    Returns:
        Predictors are ordered function by function, in each column by column.
    """
    n_lags, n_basis = functions.shape
    n_steps, n_columns = source.shape[1:]
    out = np.empty((int(counts.sum()), n_basis * n_columns))
    rows = counts[:, n_lags:]
    lagged = [source[:, n_lags - lag : n_steps - lag][rows] for lag in range(1, n_lags + 1)]
    for k in range(n_basis):
        part = out[:, k * n_columns : (k + 1) * n_columns]
        part[:] = functions[0, k] * lagged[0]
        for value, frame in zip(functions[1:, k], lagged[1:], strict=True):
            if value:
                part += value * frame
    return out
