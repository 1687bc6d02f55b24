"""Unbiased estimates of all connections, and how far each may be off; by least squares here."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.coupling import Coupling
from neuroloom.fitting.coupling.edge_model import EdgeModel
from neuroloom.fitting.coupling.edge_pairs import Pairs
from neuroloom.fitting.coupling.factors import Factors
from neuroloom.fitting.coupling.lagged import LaggedFrames, LaggedMoments
from neuroloom.fitting.coupling.poisson import PoissonCoupling

__all__ = ["AbstractEstimates", "Known", "inflation_of", "least_squares", "pairs_of"]


@dataclass(frozen=True, eq=False)
class Known:
    """What was known of neurons and pairs beforehand.

    Attributes:
        label: Class of each neuron, as a number; None where classes are to be found.
        sign: Of each neuron's connections: +1, -1, or 0 where it is not known.
        group: 1 for pairs that a connectome connects, 0 for others.
    """

    label: Int[np.ndarray, " neuron"] | None
    sign: Int[np.ndarray, " neuron"]
    group: Int[np.ndarray, "post pre"]

    @staticmethod
    def of(
        n: int,
        cell_type: Shaped[np.ndarray, " label"] | None,
        sign: Int[np.ndarray, " known"] | None,
        wired: Shaped[np.ndarray, "_ _"] | None,
    ) -> Known:
        """What was given, checked against the number of neurons.

        Raises:
            InputError: If labels, signs or wiring do not fit.
        """
        for name, given in (("cell_type", cell_type), ("sign", sign)):
            if given is not None and given.shape != (n,):
                raise InputError(
                    f"`{name}` must have one entry for each of the {n} neurons; got "
                    f"{given.shape}. Give them in the order of the activity."
                )
        if wired is not None and wired.shape != (n, n):
            raise InputError(
                f"`wired` must be W[post, pre] of the {n} neurons; got {wired.shape}. Align the "
                "connectome with the recording first."
            )
        signs = np.zeros(n, int) if sign is None else sign.astype(int)
        if not np.isin(signs, (-1, 0, 1)).all():
            raise InputError(
                f"`sign` must be +1, -1 or 0; got {signs[~np.isin(signs, (-1, 0, 1))][0]}. "
                "Use 0 where it is not known."
            )
        label = None if cell_type is None else np.unique(cell_type, return_inverse=True)[1]
        group = np.zeros((n, n), int) if wired is None else (np.asarray(wired) != 0).astype(int)
        return Known(label, signs, group)


def least_squares(moments: LaggedMoments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, covariance of residuals, and diagonal of the inverse predictor covariance."""
    scale = np.sqrt(np.maximum(np.diag(moments.past), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(moments.past / np.outer(scale, scale), hermitian=True)
    inverse = inverse / np.outer(scale, scale)
    found = inverse @ moments.cross
    residual = moments.now - found.T @ moments.cross
    free = max(moments.n_frames - len(found) - 1, 1.0)
    residual = 0.5 * (residual + residual.T) * moments.n_frames / free
    return found, residual, np.diag(inverse)


def pairs_of(
    moments: LaggedMoments,
    factors: Factors,
    inflation: np.ndarray,
    known: Known,
    late: Float[np.ndarray, "neuron direction"] | None = None,
) -> Pairs:
    """Estimates one step back, and the variance of what is each neuron's own in them.

    Common drive may sit along the factors, and along `late`, orthonormal and across these.
    """
    n = moments.n_neurons
    found, _, inverse = least_squares(moments)
    variance = np.outer(factors.own_variance * inflation, inverse[:n]) / moments.n_frames
    direction = factors.directions() if factors.n else np.zeros((n, 0))
    if late is not None:
        direction = np.concatenate([direction, late], axis=1)
    return Pairs(found[:n].T.copy(), variance, direction, known.group, known.sign, known.label)


def inflation_of(
    frames: LaggedFrames, block: np.ndarray, n_blocks: int, factors: Factors
) -> np.ndarray:
    """How much more estimates vary over blocks of time than over independent frames, at least 1.

    A sandwich: scores summed within blocks, so that correlation in time counts. Common drive is
    taken out of the residuals first, as it is taken out of the estimates.
    """
    moments = frames.moments()
    found, _, inverse = least_squares(moments)
    n = moments.n_neurons
    bread = np.linalg.pinv(moments.past, hermitian=True)[:n]
    keep = np.eye(n)
    if factors.n:
        direction = factors.directions()
        keep = keep - direction @ direction.T
    total = np.zeros((n, n))
    for one in range(n_blocks):
        part = frames.moments((block == one).astype(float))
        offset = part.now_mean - moments.now_mean
        offset = offset - (part.past_mean - moments.past_mean) @ found
        moved = part.past_mean - moments.past_mean
        score = part.cross - part.past @ found + np.outer(moved, offset)
        total += (bread @ (part.n_frames * score) @ keep) ** 2
    spread = total.T / moments.n_frames**2 * n_blocks / (n_blocks - 1)
    left = np.maximum(((keep @ np.diag(factors.own_variance)) * keep).sum(1), 0)
    expected = np.outer(left, inverse[:n]) / moments.n_frames
    free = max(moments.n_frames - len(found) - 1, 1.0) / moments.n_frames
    return np.maximum(spread.mean(1) / (expected.mean(1) * free), 1.0)


class AbstractEstimates(abc.ABC):
    """Unbiased estimates of all connections of one recording, whatever noise it has."""

    factors: Factors
    """Common drive in what the past does not explain."""
    inflation: Float[np.ndarray, " neuron"]
    """Variance of each neuron's estimates over blocks of time, relative to that of independent
    frames; at least 1."""
    profile: Float[np.ndarray, " lag"]
    """How a connection is spread over lags; absolute sum 1."""

    @property
    @abc.abstractmethod
    def n_blocks(self) -> int:
        """Blocks of time that may be drawn."""

    @abc.abstractmethod
    def pairs(self, drawn: Int[np.ndarray, " block"] | None = None) -> Pairs:
        """Estimates and their noise.

        Args:
            drawn: How often each block of time counts; once each by default.
        """

    @property
    @abc.abstractmethod
    def enough_for_halves(self) -> bool:
        """Whether half of the recording has frames enough for estimates of its own."""

    def halves(self) -> tuple[Pairs, Pairs]:
        """Estimates from every second block of time, and from the others."""
        even = np.arange(self.n_blocks) % 2
        return self.pairs(1 - even), self.pairs(even)

    def with_late_drive(self, weight: Float[np.ndarray, "post pre"]) -> AbstractEstimates:
        """The same, with directions of drive that earlier steps show beside such connections."""
        return self

    @abc.abstractmethod
    def with_factors(self, n: int) -> AbstractEstimates:
        """The same, with another number of factors of common drive; `inflation` stays."""

    @abc.abstractmethod
    def forecast(self, model: EdgeModel) -> Coupling | PoissonCoupling:
        """Coupling drawn towards the connections, by a penalty chosen on blocks."""
