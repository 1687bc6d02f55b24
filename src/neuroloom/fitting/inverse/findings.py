"""What data cannot tell of a neuron, by name."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from neuroloom.fitting.inverse.reduction import SAME, Reduced

__all__ = ["Degeneracy", "Finding", "Known", "degeneracies"]


class Degeneracy(enum.Enum):
    """Why coefficients are not determined. The value says what is known instead."""

    AUTAPSE_AND_TAU = (
        "its self-connection sends a rate that follows its state in a straight line (with relu: it "
        "never falls below 0), so only (W_ii - 1) / tau is determined, not W_ii, tau, rest or any "
        "other weight by itself"
    )
    SILENT = "these presynaptic neurons send nothing throughout: their weights are not determined"
    CONSTANT = (
        "these presynaptic rates never change: only rest plus weight times rate is determined"
    )
    COLLINEAR = "these regressors are linear combinations of one another: only sums are determined"
    STILL = "its state never changes: nothing but its rest is seen"
    CONSTANT_INPUT = "its input never changes: only rest plus gain times input is determined"
    TOO_FEW_ROWS = "there are no more samples than coefficients"
    NO_POSITIVE_TAU = "the regression gives no positive tau: the estimates mean nothing"


@dataclass(frozen=True)
class Finding:
    """One degeneracy of one neuron.

    Attributes:
        kind: Which.
        neuron: The neuron's place in the connectome.
        partners: Presynaptic neurons it concerns, as places in the connectome.
    """

    kind: Degeneracy
    neuron: int
    partners: tuple[int, ...] = ()


class Known(NamedTuple):
    """What data determine of a neuron.

    Attributes:
        tau: tau, and so the scale of all else.
        rest: Its rest.
        weight: Each weight.
    """

    tau: bool
    rest: bool
    weight: Bool[np.ndarray, " rate"]


def degeneracies(neuron: int, reduced: Reduced) -> tuple[tuple[Finding, ...], Known]:
    """What is not determined, why, and what is.

    Only exact degeneracies count (singular values below 1e-6 of the largest, columns
    standardized); what is merely uncertain has a large standard error.

    Args:
        neuron: Its place in the connectome.
        reduced: Its regression.
    """
    pre, n = reduced.pre, len(reduced.pre)
    found: list[Finding] = []
    alive = reduced.scale > 0
    silent = ~alive[1 : 1 + n] & (reduced.mean[1 : 1 + n] == 0)
    constant = ~alive[1 : 1 + n] & (reduced.mean[1 : 1 + n] != 0)
    fixed_input = reduced.has_input and not alive[-1]
    for kind, which in ((Degeneracy.SILENT, silent), (Degeneracy.CONSTANT, constant)):
        if which.any():
            found.append(Finding(kind, neuron, tuple(pre[which].tolist())))
    if fixed_input:
        found.append(Finding(Degeneracy.CONSTANT_INPUT, neuron))
    if not alive[0]:
        found.append(Finding(Degeneracy.STILL, neuron))
    few = reduced.n_rows <= alive.sum() + 1
    if few:
        found.append(Finding(Degeneracy.TOO_FEW_ROWS, neuron))
    own = reduced.own
    tied = own > 0 and alive[0] and alive[own] and _tied(reduced)
    if tied:
        found.append(Finding(Degeneracy.AUTAPSE_AND_TAU, neuron, (neuron,)))
    free = alive.copy()
    free[own] &= not tied if own > 0 else True
    mixed, shifts = _mixed(reduced, free)
    if mixed.any() and not few:
        partners = tuple(pre[mixed[1 : 1 + n]].tolist())
        found.append(Finding(Degeneracy.COLLINEAR, neuron, partners))
    tau = bool(alive[0] and not tied and not few and not mixed[0])
    rest = tau and not constant.any() and not fixed_input and not shifts
    return tuple(found), Known(tau, rest, tau & alive[1 : 1 + n] & ~mixed[1 : 1 + n])


def _tied(reduced: Reduced) -> bool:
    """Whether the own rate is a straight line of the state."""
    left = reduced.columns[:, reduced.own] - reduced.columns[:, 0] * (
        reduced.gram[0, reduced.own] / reduced.gram[0, 0]
    )
    return bool(left @ left <= SAME**2 * reduced.n_rows)


def _mixed(
    reduced: Reduced, free: Bool[np.ndarray, " column"]
) -> tuple[Bool[np.ndarray, " column"], bool]:
    """Columns in a linear dependence, and whether one shifts the constant."""
    mixed = np.zeros(len(free), bool)
    if not free.any():
        return mixed, False
    places = np.flatnonzero(free)
    values, vectors = np.linalg.eigh(reduced.gram[np.ix_(places, places)])
    null = vectors[:, values <= SAME**2 * values[-1]]
    if not null.size:
        return mixed, False
    mixed[places] = (np.abs(null) > 1e-4).any(axis=1)
    shift = (reduced.mean[places] / reduced.scale[places]) @ null
    return mixed, bool((np.abs(shift) > 1e-6).any())
