r"""What keeps weights of a regression small, in units of what noise alone does to them.

Penalties act on standardized coefficients, $\beta = s\,w$, with s the SD of a predictor; so units,
rates and lengths of recordings do not matter.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = ["L1", "L2", "AbstractPenalty", "GroupL1", "Scales", "Terms"]

FREE_RIDGE = 1e-4  # on what no sparse penalty touches: a neuron that never fires twice stays finite


class Scales(NamedTuple):
    """What a penalty is measured in.

    Attributes:
        curvature: Second derivative in the drive of the mean loss of each neuron, at its mean rate.
        n_frames: Frames behind the mean.
        free: Coefficients without a sparse penalty: a neuron's own past, and behavior.
        n_basis: Functions of the lag. Predictors are ordered function by function.
    """

    curvature: Float[np.ndarray, " neuron"]
    n_frames: int
    free: Bool[np.ndarray, "predictor neuron"]
    n_basis: int


class Terms(NamedTuple):
    r"""A penalty, $\tfrac12 \sum_f q_f \beta_f^2 + \sum_g r_g \lVert \beta_g \rVert$.

    Attributes:
        ridge: q.
        group: The predictors of each group g.
        threshold: r.
    """

    ridge: Float[np.ndarray, "predictor neuron"]
    group: Int[np.ndarray, "group member"]
    threshold: Float[np.ndarray, "group neuron"]

    def part(self, neurons: np.ndarray) -> Terms:
        """Of some of the neurons."""
        return Terms(self.ridge[:, neurons], self.group, self.threshold[:, neurons])

    def value(self, beta: Float[np.ndarray, "predictor neuron"]) -> Float[np.ndarray, " neuron"]:
        """The penalty of each neuron, beside its mean loss in nats per bin."""
        smooth = 0.5 * (self.ridge * beta**2).sum(axis=0)
        if not self.group.size:
            return smooth
        length = np.sqrt((beta[self.group] ** 2).sum(axis=1))
        return smooth + (self.threshold * length).sum(axis=0)


@dataclass(frozen=True)
class AbstractPenalty(abc.ABC):
    """A convex penalty.

    Attributes:
        strength: How strong, dimensionless; None chooses it among `grid` on the end of the training
            data.
    """

    strength: float | None = None

    def __post_init__(self) -> None:
        if self.strength is not None and not 0 <= self.strength < np.inf:
            raise InputError(
                f"`strength` must be finite and at least 0; got {self.strength}. Leave it out to "
                "choose it on the end of the training data."
            )

    @property
    @abc.abstractmethod
    def grid(self) -> tuple[float, ...]:
        """Strengths to choose among, from the strongest."""

    @abc.abstractmethod
    def terms(self, strength: float, scales: Scales) -> Terms:
        """The penalty of every neuron."""


@dataclass(frozen=True)
class L2(AbstractPenalty):
    r"""Ridge, $\tfrac12 \lambda \bar c \sum \beta^2$, with c the curvature of the loss.

    On everything, a neuron's own past and behavior included. The mean of c over neurons stands in
    it, so that neurons that tell less, for firing less, are shrunk more, as one prior for all has
    it.
    """

    @property
    def grid(self) -> tuple[float, ...]:
        """From 10 down."""
        return tuple(float(10.0**power) for power in np.arange(1, -4.1, -0.5))

    def terms(self, strength: float, scales: Scales) -> Terms:
        """A ridge alone."""
        ridge = np.full(scales.free.shape, strength * scales.curvature.mean())
        return Terms(ridge, np.zeros((0, 1), int), np.zeros((0, len(scales.curvature))))


@dataclass(frozen=True)
class L1(AbstractPenalty):
    r"""Lasso: $\kappa \sqrt{c_i / n} \sum |\beta|$. Kappa counts standard errors of a coefficient.

    A neuron's own past and behavior go free, but for a ridge of 1e-4 in the units of `L2`.
    """

    @property
    def grid(self) -> tuple[float, ...]:
        """In standard errors."""
        return SPARSE_GRID

    def terms(self, strength: float, scales: Scales) -> Terms:
        """Each predictor by itself."""
        unit = strength * np.sqrt(scales.curvature / scales.n_frames)
        group = np.arange(len(scales.free))[:, None]
        return Terms(_ridge_of_free(scales), group, np.where(scales.free, 0.0, unit))


@dataclass(frozen=True)
class GroupL1(AbstractPenalty):
    r"""Group lasso: all functions of the lag of a pair come or stay away together.

    $$\kappa \sqrt{c_i K / n} \sum_{\text{pre}} \Big(\sum_k \beta_{k, \text{pre}}^2\Big)^{1/2}$$

    with K functions; free as in `L1`.

    Source:
        Yuan and Lin, J. R. Statist. Soc. B 68:49 (2006).
    """

    @property
    def grid(self) -> tuple[float, ...]:
        """In standard errors."""
        return SPARSE_GRID

    def terms(self, strength: float, scales: Scales) -> Terms:
        """All functions of one presynaptic neuron together."""
        unit = strength * np.sqrt(scales.n_basis * scales.curvature / scales.n_frames)
        group = np.arange(len(scales.free)).reshape(scales.n_basis, -1).T
        return Terms(_ridge_of_free(scales), group, np.where(scales.free[group[:, 0]], 0.0, unit))


SPARSE_GRID = (4.0, 3.0, 2.5, 2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5)


def _ridge_of_free(scales: Scales) -> Float[np.ndarray, "predictor neuron"]:
    return np.where(scales.free, FREE_RIDGE * scales.curvature, 0.0)
