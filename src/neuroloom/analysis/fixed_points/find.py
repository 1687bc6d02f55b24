"""Fixed points of a network under constant input: where they are, and whether they are stable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from neuroloom.analysis.fixed_points.search import slowest_points
from neuroloom.analysis.fixed_points.vector_field import VectorField
from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import RateNetwork, TaskNetwork

__all__ = ["FixedPoints", "find_fixed_points", "find_rest", "starts_along"]

_POLISH = 1e-3  # goal of the search beside the tolerance


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """Points at which a network is still, or nearly so, under one constant input.

    Points that are fixed come first, those that most starts came to before others.

    Attributes:
        x: States.
        speed: |dx/dt| over all neurons, in units of the state per second.
        fixed: Whether the speed is within the tolerance; others are slow points.
        jacobian: Change of dx/dt of `post` with the state of `pre`, per second.
        eigenvalues: Of the Jacobian, per second, by falling real part.
        stable: Whether no mode grows faster than `marginal` allows; marginal modes, as along a
            continuous attractor, count as stable.
        n_starts: How many starts came to each.
        distance: From each to the nearest start: far ones the network may never visit.
        marginal: Real part up to which a mode counts as marginal, per second.
        n_lost: Starts that came to a point too fast to be kept.
    """

    x: Float[np.ndarray, "point neuron"]
    speed: Float[np.ndarray, " point"]
    fixed: Bool[np.ndarray, " point"]
    jacobian: Float[np.ndarray, "point post pre"]
    eigenvalues: Complex[np.ndarray, "point neuron"]
    stable: Bool[np.ndarray, " point"]
    n_starts: Int[np.ndarray, " point"]
    distance: Float[np.ndarray, " point"]
    marginal: float
    n_lost: int

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        """Sizes, not contents."""
        slow = len(self) - int(self.fixed.sum())
        return (
            f"FixedPoints({int(self.fixed.sum())} fixed, {int((self.fixed & self.stable).sum())} "
            f"of them stable; {slow} slow; {self.n_lost} starts lost)"
        )

    @property
    def q(self) -> Float[np.ndarray, " point"]:
        """Half of the squared speed, as in Sussillo and Barak (2013)."""
        return self.speed**2 / 2

    @property
    def n_unstable(self) -> Int[np.ndarray, " point"]:
        """Modes of each point that grow; 1 is a saddle between two basins."""
        return (np.real(self.eigenvalues) > self.marginal).sum(axis=1)

    def n_slow(self, rate: float) -> Int[np.ndarray, " point"]:
        """Modes of each point that grow or decay more slowly than a rate; 1 along a line or ring.

        Args:
            rate: Largest |real part|, per second, above 0.
        """
        return (np.abs(np.real(self.eigenvalues)) <= rate).sum(axis=1)

    def slow_directions(self, point: int, rate: float) -> Float[np.ndarray, "neuron direction"]:
        """Directions of state in which a point hardly moves or returns, at right angles, length 1.

        A complex pair of modes gives its two directions.

        Args:
            point: Which.
            rate: Largest |real part|, per second, that counts as slow.
        """
        value, vector = np.linalg.eig(self.jacobian[point])
        slow = vector[:, np.abs(np.real(value)) <= rate]
        spanned = np.concatenate([np.real(slow), np.imag(slow)], axis=1)
        basis, size, _ = np.linalg.svd(spanned, full_matrices=False)
        return basis[:, size > 1e-9 * size.max(initial=0.0)]


def starts_along(
    states: Float[Array, "trial time neuron"] | Float[np.ndarray, "trial time neuron"],
    n_starts: int,
    *,
    rng: np.random.Generator,
    jitter: float = 0.0,
) -> Float[np.ndarray, "start neuron"]:
    """States drawn from trials, to start a search from where a network goes.

    Args:
        states: Of trials, from `perform` or `simulate`.
        n_starts: How many; without repeats as far as there are enough.
        rng: Randomness.
        jitter: SD of noise added to each, in the unit of the state.

    Raises:
        InputError: If there is nothing to draw, or less than 1 is asked for.
    """
    all_states = np.asarray(states, np.float64).reshape(-1, states.shape[-1])
    if n_starts < 1 or not len(all_states):
        raise InputError(
            f"`n_starts` must be at least 1, of at least one state; got {n_starts} of "
            f"{len(all_states)}. Run some trials and draw 200."
        )
    chosen = rng.choice(len(all_states), n_starts, replace=n_starts > len(all_states))
    drawn = all_states[chosen]
    return drawn + jitter * rng.normal(size=drawn.shape) if jitter else drawn


def find_fixed_points(
    network: TaskNetwork,
    inputs: Float[Array, " input"] | Float[np.ndarray, " input"],
    *,
    starts: Float[Array, "start neuron"] | Float[np.ndarray, "start neuron"],
    tolerance: float = 1e-7,
    slowest: float = 0.0,
    apart: float = 1e-3,
    n_steps: int = 300,
    marginal: float = 1e-3,
) -> FixedPoints:
    """Points at which a task network is still while its inputs stay as they are.

    Args:
        network: Trained or not.
        inputs: Constant inputs, as the task shows them: zeros where an animal stands still.
        starts: States to search from; `starts_along` draws them from trials.
        tolerance: As in `find_rest`.
        slowest: As there.
        apart: As there.
        n_steps: As there.
        marginal: As there.

    Raises:
        InputError: If sizes do not fit, or as `find_rest`.
        SimulationError: As `find_rest`.

    Source:
        Sussillo and Barak, Neural Comput. 25:626 (2013).
    """
    if len(inputs) != network.n_inputs:
        raise InputError(
            f"`inputs` must have one entry an input ({network.n_inputs}); got {len(inputs)}. They "
            "are held constant: give one row of the task's inputs."
        )
    drive = np.asarray(network.input_weight, np.float64) @ np.asarray(inputs, np.float64)
    return find_rest(
        network.network,
        drive,
        starts=starts,
        tolerance=tolerance,
        slowest=slowest,
        apart=apart,
        n_steps=n_steps,
        marginal=marginal,
    )


def find_rest(
    network: RateNetwork,
    current: Float[Array, " neuron"] | Float[np.ndarray, " neuron"],
    *,
    starts: Float[Array, "start neuron"] | Float[np.ndarray, "start neuron"],
    tolerance: float = 1e-7,
    slowest: float = 0.0,
    apart: float = 1e-3,
    n_steps: int = 300,
    marginal: float = 1e-3,
) -> FixedPoints:
    """Points at which a rate network is still under a constant current, stable or not.

    Unlike `steady_state` it also finds points that the network would never stay at: it goes down
    the speed, not along the flow. What lies between the starts may be missed; no search finds all.

    Args:
        network: Any, of up to some thousands of neurons: matrices are made.
        current: Constant input of each neuron, in the unit of the state.
        starts: States to search from.
        tolerance: Speed |dx/dt| up to which a point is fixed, in units of the state per second.
        slowest: Speed up to which a point is kept as slow where the search stopped; 0 keeps none.
        apart: Points nearer to each other than this, in the unit of the state over all neurons,
            are one.
        n_steps: Steps of the search at most.
        marginal: Real part of an eigenvalue, per second, up to which a mode neither grows nor
            decays for our purposes: 1e-3 is a time constant of 1,000 s.

    Raises:
        InputError: If sizes do not fit, starts are not finite or a tolerance is not above 0.
        SimulationError: If no start comes to a point slow enough.

    Source:
        Sussillo and Barak, Neural Comput. 25:626 (2013).
    """
    begin, drive = np.asarray(starts, np.float64), np.asarray(current, np.float64)
    n = network.n_neurons
    if begin.shape[1] != n or len(drive) != n:
        raise InputError(
            f"`starts` and `current` must have one entry a neuron ({n}); got {begin.shape[1]} and "
            f"{len(drive)}. Give states, not rates or outputs."
        )
    if not len(begin) or not np.isfinite(begin).all():
        raise InputError(
            f"`starts` must be one or more finite states; got {len(begin)} with "
            f"{int((~np.isfinite(begin)).sum())} entries that are not. Draw them by `starts_along`."
        )
    if not (tolerance > 0 and apart > 0):
        raise InputError(
            f"`tolerance` and `apart` must be above 0; got {tolerance} and {apart}. 1e-7 and 1e-3 "
            "suit states of about 1."
        )
    field = VectorField.of(network)
    x, speed = slowest_points(field, drive, begin, goal=_POLISH * tolerance, n_steps=n_steps)
    bound = max(tolerance, slowest)
    kept = np.flatnonzero(speed <= bound)
    if not kept.size:
        raise SimulationError(
            f"Some start must come to a speed of {bound:.3g}; the slowest of {len(begin)} came to "
            f"{speed.min():.3g}. Give more starts or steps, or keep slow points: `slowest`."
        )
    first, count = _unique(x[kept], speed[kept], apart)
    fixed = speed[kept][first] <= tolerance
    order = np.lexsort((speed[kept][first], -count, ~fixed))
    chosen = kept[first[order]]
    points = x[chosen]
    jacobian = field.jacobian(field.rates(points)[1])
    values = np.linalg.eigvals(jacobian).astype(complex)
    values = np.take_along_axis(values, np.argsort(-np.real(values), axis=1, kind="stable"), 1)
    distance = [np.linalg.norm(begin - point, axis=1).min() for point in points]
    return FixedPoints(
        x=points,
        speed=speed[chosen],
        fixed=fixed[order],
        jacobian=jacobian,
        eigenvalues=values,
        stable=np.real(values[:, 0]) <= marginal,
        n_starts=count[order],
        distance=np.array(distance),
        marginal=marginal,
        n_lost=len(begin) - kept.size,
    )


def _unique(
    x: Float[np.ndarray, "found neuron"], speed: Float[np.ndarray, " found"], apart: float
) -> tuple[Int[np.ndarray, " point"], Int[np.ndarray, " point"]]:
    """The slowest of every heap of points, and how many are in it."""
    left = np.argsort(speed, kind="stable")
    first, count = [], []
    while left.size:
        near = np.linalg.norm(x[left] - x[left[0]], axis=1) <= apart
        first.append(left[0])
        count.append(int(near.sum()))
        left = left[~near]
    return np.array(first), np.array(count)
