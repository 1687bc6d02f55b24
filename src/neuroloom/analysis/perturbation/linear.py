r"""Responses of linear coupling in closed form: every neuron stimulated, every neuron seen.

$$\Psi_0 = I, \quad \Psi_h = \sum_{l=1}^{p} A_l \Psi_{h-l}, \qquad
R_h = \sum_{k=0}^{h} \Psi_k, \quad R_\infty = \Big(I - \sum_l A_l\Big)^{-1}$$

Psi is the response h steps after a pulse, R that to a push that goes on for h steps more. Column j
is the response to stimulating j.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from neuroloom.errors import InputError, SimulationError

__all__ = ["ResponseSpread", "growth", "pulse_responses", "push_responses", "response_spread"]

Weight = Float[np.ndarray, "lag post pre"]
DENSE = 1_200
"""Lags times neurons up to which all eigenvalues are computed."""


def growth(weight: Weight) -> float:
    """Factor by which activity grows in a step in the end; a push settles if it is below 1.

    The largest |eigenvalue| of the companion matrix of the lags.

    Args:
        weight: A of each lag, in units of `post` per unit of `pre`.

    Raises:
        InputError: If a weight is not finite.

    Example:
        >>> growth(np.array([[[0.5]], [[0.5]]]))
        1.0
    """
    if not np.isfinite(weight).all():
        raise InputError(
            f"`weight` must be finite; {int((~np.isfinite(weight)).sum())} entries are not. Fit "
            "without neurons that were never observed."
        )
    n_lags, n = weight.shape[:2]
    if n_lags * n > DENSE:
        found = _largest(weight)
        if found is not None:
            return found
    companion = np.eye(n_lags * n, k=-n)
    companion[:n] = np.concatenate(list(weight), axis=1)
    return float(np.abs(np.linalg.eigvals(companion)).max(initial=0.0))


def _largest(weight: Weight) -> float | None:
    """By Arnoldi iterations, the companion matrix never formed; None where they do not converge."""
    n_lags, n = weight.shape[:2]
    side = np.concatenate(list(weight), axis=1)

    def once(state: np.ndarray) -> np.ndarray:
        return np.concatenate([side @ state, state[:-n]]) if n_lags > 1 else side @ state

    operator = LinearOperator((n_lags * n, n_lags * n), matvec=once, dtype=float)  # pyright: ignore[reportCallIssue]
    try:
        found = eigs(operator, k=1, v0=np.ones(n_lags * n), return_eigenvectors=False)
    except ArpackNoConvergence:
        return None
    return float(np.abs(found).max())


def pulse_responses(weight: Weight, n_steps: int) -> Float[np.ndarray, "time post stimulated"]:
    """Response of each neuron to a pulse of 1 to each, `time` steps after it.

    Args:
        weight: A of each lag.
        n_steps: How many steps, that of the pulse among them; at least 1.

    Raises:
        InputError: If there is no step.
    """
    if n_steps < 1:
        raise InputError(f"`n_steps` must be at least 1; got {n_steps}. Step 0 is the pulse.")
    n_lags, n = weight.shape[:2]
    found = np.zeros((n_steps, n, n))
    found[0] = np.eye(n)
    for step in range(1, n_steps):
        for lag in range(1, min(n_lags, step) + 1):
            found[step] += weight[lag - 1] @ found[step - lag]
    return found


def push_responses(
    weight: Weight, horizon: int | None = None
) -> Float[np.ndarray, "post stimulated"]:
    """Response of each neuron to a push of each by 1 in every step.

    Divided by the diagonal, a column is the response to holding that neuron at 1 in place of what
    it would do.

    Args:
        weight: A of each lag.
        horizon: How many steps after the push began; None is where activity settles.

    Raises:
        InputError: If the horizon is negative.
        SimulationError: If activity does not settle.

    Example:
        >>> a_drives_b = np.array([[[0.5, 0.0], [0.3, 0.0]]])
        >>> push_responses(a_drives_b).tolist(), push_responses(a_drives_b, 1).tolist()
        ([[2.0, 0.0], [0.6, 1.0]], [[1.5, 0.0], [0.3, 1.0]])
    """
    if horizon is not None:
        if horizon < 0:
            raise InputError(f"`horizon` must be at least 0; got {horizon}. 0 is the push itself.")
        return pulse_responses(weight, horizon + 1).sum(axis=0)
    found = growth(weight)
    if found >= 1:
        raise SimulationError(
            f"Activity must settle for a steady response; that of this fit grows by {found:.4g} a "
            "step. Give a `horizon` in steps."
        )
    return np.linalg.inv(np.eye(weight.shape[1]) - weight.sum(axis=0))


@dataclass(frozen=True, eq=False)
class ResponseSpread:
    """Responses to pushes over refits or posterior draws.

    Attributes:
        middle: Median over those that settle.
        low: Lower end of the interval.
        high: Upper end.
        n_members: Refits or draws that settle.
        n_unstable: Those that do not, left out; 0 at a finite horizon.
    """

    middle: Float[np.ndarray, "post stimulated"]
    low: Float[np.ndarray, "post stimulated"]
    high: Float[np.ndarray, "post stimulated"]
    n_members: int
    n_unstable: int


def response_spread(
    weights: Iterable[Weight], horizon: int | None = None, *, level: float = 0.9
) -> ResponseSpread:
    """How far responses to pushes differ between refits, or between draws of `drawn_weights`.

    Args:
        weights: A of each lag, one a refit or draw.
        horizon: As in `push_responses`.
        level: Share of members within the interval, between 0 and 1.

    Raises:
        InputError: If the level is none, or there are no members.
        SimulationError: If no member settles.
    """
    if not 0 < level < 1:
        raise InputError(f"`level` must be between 0 and 1; got {level}. 0.9 is a share.")
    found, n_unstable = [], 0
    for weight in weights:
        try:
            found.append(push_responses(weight, horizon))
        except SimulationError:
            n_unstable += 1
    if not found:
        if n_unstable:
            raise SimulationError(
                f"Activity must settle in at least one member; it does in none of {n_unstable}. "
                "Give a `horizon` in steps."
            )
        raise InputError("`weights` must hold at least one member; got none. Draw some.")
    ends = np.quantile(found, [0.5, 0.5 - level / 2, 0.5 + level / 2], axis=0)
    return ResponseSpread(*ends, n_members=len(found), n_unstable=n_unstable)
