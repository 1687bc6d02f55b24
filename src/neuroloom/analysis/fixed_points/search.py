"""From many starts at once to where a field is slowest."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.fixed_points.vector_field import VectorField

__all__ = ["slowest_points"]

_AT_ONCE = 20_000_000  # numbers in one stack of Jacobians
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-14, 1e8
_LEVEL = 1e-10  # a slope of the speed below this part of what it could be is a minimum
_STALLED = 25  # steps in a row that gain less than a thousandth of the speed


def slowest_points(
    field: VectorField,
    u: Float[np.ndarray, " neuron"],
    starts: Float[np.ndarray, "start neuron"],
    *,
    goal: float,
    n_steps: int,
) -> tuple[Float[np.ndarray, "start neuron"], Float[np.ndarray, " start"]]:
    r"""Where each start comes to, going down q = |dx/dt|^2 / 2, and the speed |dx/dt| there.

    $$(J^\top J + \lambda s I)\, \delta = -J^\top \dot x, \qquad s = \mathrm{tr}(J^\top J) / n$$

    A step that lowers q is taken and lambda falls fivefold; one that would not is not taken and it
    rises fourfold. A start is done at the goal, at a minimum of q that is no fixed point, or when
    steps gain nothing.

    Args:
        field: Of the network.
        u: Constant input, in the unit of the state.
        starts: States.
        goal: Speed at which to stop, per second.
        n_steps: At most.

    Source:
        Sussillo and Barak, Neural Comput. 25:626 (2013), who minimize q by other second-order
        methods; damping by Marquardt, J. SIAM 11:431 (1963). The solves are NumPy's: batched ones
        inside one XLA program may dead-lock.
    """
    n = starts.shape[1]
    x = starts.astype(np.float64).copy()
    rate, slope = (values.copy() for values in field.rates(x))
    moving = field.velocity(x, u, rate)
    speed = np.linalg.norm(moving, axis=1)
    damping = np.full(len(x), _FIRST_DAMPING)
    stalled = np.zeros(len(x), np.int64)
    active = speed > goal
    for _ in range(n_steps):
        at = np.flatnonzero(active)
        if not at.size:
            break
        proposed = x.copy()
        for part in np.array_split(at, max(1, at.size * n * n // _AT_ONCE)):
            jacobian = field.jacobian(slope[part])
            step, steepness = _step(jacobian, moving[part], damping[part])
            proposed[part] += step
            active[part[steepness < _LEVEL]] = False
        rate, slope_ahead = field.rates(proposed)  # of all: one shape, compiled once
        ahead = field.velocity(proposed, u, rate)
        speed_ahead = np.linalg.norm(ahead, axis=1)
        better = active & (speed_ahead < speed)
        worse = active & ~better
        gain = np.where(better, 1 - speed_ahead / np.where(speed > 0, speed, 1.0), 0.0)
        stalled = np.where(active & (gain < 1e-3), stalled + 1, 0)
        x[better], slope[better] = proposed[better], slope_ahead[better]
        moving[better], speed[better] = ahead[better], speed_ahead[better]
        damping[better] = np.maximum(damping[better] / 5, _LEAST_DAMPING)
        damping[worse] *= 4
        active &= (speed > goal) & (damping < _MOST_DAMPING) & (stalled < _STALLED)
    return x, speed


def _step(
    jacobian: Float[np.ndarray, "start post pre"],
    moving: Float[np.ndarray, "start neuron"],
    damping: Float[np.ndarray, " start"],
) -> tuple[Float[np.ndarray, "start neuron"], Float[np.ndarray, " start"]]:
    """The damped step of each, and how steep q is there beside how steep it could be."""
    squared = jacobian.transpose(0, 2, 1) @ jacobian
    downhill = -(jacobian.transpose(0, 2, 1) @ moving[:, :, None])
    size = np.trace(squared, axis1=1, axis2=2)
    n = moving.shape[1]
    held = squared + (damping * size / n + np.finfo(float).tiny)[:, None, None] * np.eye(n)
    step = np.linalg.solve(held, downhill)[:, :, 0]
    steepest = np.sqrt(size) * np.linalg.norm(moving, axis=1)
    slope = np.linalg.norm(downhill[:, :, 0], axis=1)
    return step, np.where(steepest > 0, slope / np.where(steepest > 0, steepest, 1.0), 0.0)
