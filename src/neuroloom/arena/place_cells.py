"""Place cells driven by boundary-vector cells above a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.arena.arena import Arena
from neuroloom.arena.boundary_cells import BoundaryCells
from neuroloom.errors import InputError

__all__ = ["PlaceCells"]


@dataclass(frozen=True, eq=False)
class PlaceCells:
    r"""Place cells: what boundary-vector cells send, above a threshold.

    $$F_j(x) = \left[ A \sum_i w_{ji} f_i(x) - T_j \right]_+, \quad
    T_j = q \max_{x \in \mathrm{grid}} A \sum_i w_{ji} f_i(x)$$

    Thresholds are numbers that were set once, on a grid of the arena where the animal was trained;
    no later evaluation moves them.

    Attributes:
        boundary: The boundary-vector cells.
        weight: Weight w of each connection, by place cell (post) and boundary-vector cell (pre);
            0 where there is none.
        connected: Whether there is a connection, post by pre.
        threshold: T of each place cell, in the unit of rates.
        gain: A. Rates are in its unit: with 10 Hz, rates of a few Hz.

    Raises:
        InputError: If shapes do not go together, numbers are not finite, or there is a weight where
            there is no connection.

    Source:
        Hartley et al., Hippocampus 10 (2000); Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022),
        their code. There the gain is 1e4, for boundary rates per mm, and a threshold is set by the
        first batch of positions that is ever evaluated; see `with_thresholds`.
    """

    boundary: BoundaryCells
    weight: Float[np.ndarray, "post pre"]
    connected: Bool[np.ndarray, "post pre"]
    threshold: Float[np.ndarray, " post"]
    gain: float = 10.0

    def __post_init__(self) -> None:
        weight, threshold = np.array(self.weight, float), np.array(self.threshold, float)
        connected = np.array(self.connected, bool)
        expected = (len(threshold), self.boundary.n_neurons)
        for name, matrix in (("weight", weight), ("connected", connected)):
            if matrix.shape != expected:
                raise InputError(
                    f"`{name}` must be place cells by boundary-vector cells, {expected}; got "
                    f"{matrix.shape}. Rows are postsynaptic: transpose it if it is the other way."
                )
        if not (np.isfinite(weight).all() and np.isfinite(threshold).all()):
            raise InputError(
                "`weight` and `threshold` must be finite; they are not. Draw or read them again."
            )
        if (weight[~connected] != 0).any():
            raise InputError(
                "`weight` must be 0 where `connected` is false; "
                f"{(weight[~connected] != 0).sum()} are not. Take `connected = weight != 0`."
            )
        if not (np.isfinite(self.gain) and self.gain > 0):
            raise InputError(f"`gain` must be above 0; got {self.gain}. Leave it at its default.")
        for name, value in (
            ("weight", weight),
            ("connected", connected),
            ("threshold", threshold),
        ):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return (
            f"PlaceCells({self.n_neurons} cells, {int(self.connected.sum())} connections from "
            f"{self.boundary.n_neurons} boundary-vector cells)"
        )

    @classmethod
    def draw(
        cls,
        n_neurons: int,
        boundary: BoundaryCells,
        training: Arena,
        *,
        key: PRNGKeyArray,
        n_inputs: int = 15,
        fraction: float = 0.8,
        step: float = 0.05,
        gain: float = 10.0,
    ) -> PlaceCells:
        """Place cells with random inputs of weight N(1, 1), and thresholds of the training arena.

        Args:
            n_neurons: How many place cells.
            boundary: What drives them.
            training: The arena on whose grid thresholds are set.
            key: Decides the draw.
            n_inputs: Boundary-vector cells that drive a place cell, none twice.
            fraction: q, from 0 to below 1: the part of its largest drive that is the threshold.
            step: Of the grid, in m.
            gain: A.

        Raises:
            InputError: If there are fewer boundary-vector cells than inputs.
        """
        if not 1 <= n_inputs <= boundary.n_neurons:
            raise InputError(
                f"`n_inputs` must be 1 to {boundary.n_neurons}, the number of boundary-vector "
                f"cells; got {n_inputs}. Draw more of them, or take fewer inputs."
            )

        def of_one(key: PRNGKeyArray) -> tuple[Array, Array]:
            for_pre, for_weight = jax.random.split(key)
            pre = jax.random.choice(for_pre, boundary.n_neurons, (n_inputs,), replace=False)
            return pre, 1 + jax.random.normal(for_weight, (n_inputs,))

        pre, drawn = jax.vmap(of_one)(jax.random.split(key, n_neurons))
        post = np.arange(n_neurons)[:, None]
        weight = np.zeros((n_neurons, boundary.n_neurons))
        weight[post, np.asarray(pre)] = np.asarray(drawn)
        connected = np.zeros(weight.shape, bool)
        connected[post, np.asarray(pre)] = True
        cells = cls(boundary, weight, connected, np.zeros(n_neurons), gain)
        return cells.with_thresholds(training, training.grid(step), fraction=fraction)

    @property
    def n_neurons(self) -> int:
        """How many place cells."""
        return len(self.threshold)

    def with_thresholds(
        self,
        arena: Arena,
        position: Float[np.ndarray, "position 2"],
        *,
        fraction: float = 0.8,
    ) -> PlaceCells:
        """The same cells with thresholds set by these positions.

        The published code takes the first batch that is evaluated, whatever it is. To compare, call
        this with that batch.

        Args:
            arena: Whose walls are seen.
            position: In m. At least one, none NaN.
            fraction: q, from 0 to below 1. Published: 0.8, earlier 0.9. A cell that is nowhere
                driven above 0 gets the threshold 0, and is silent there.

        Raises:
            InputError: If `fraction` is out of its range, or the drive is not finite.
        """
        if not 0 <= fraction < 1:
            raise InputError(
                f"`fraction` must be 0 or more and below 1; got {fraction}. Published: 0.8."
            )
        drive = self.drive(self.boundary.rates(arena, position))
        if not (len(drive) and np.isfinite(drive).all()):
            raise InputError(
                "`position` must have finite positions, and at least one; it has not. Take "
                "`arena.grid(0.05)`."
            )
        return replace(self, threshold=fraction * np.maximum(drive.max(axis=0), 0).astype(float))

    def drive(self, rates: Float[np.ndarray, "*batch pre"]) -> Float[np.ndarray, "*batch post"]:
        """A times the weighted sum of rates of the boundary-vector cells: F without threshold.

        Args:
            rates: Of the boundary-vector cells, dimensionless.
        """
        return self.gain * rates @ self.weight.T.astype(rates.dtype)

    def rates(
        self, arena: Arena, position: Float[np.ndarray, "*batch 2"]
    ) -> Float[np.ndarray, "*batch post"]:
        """Rate of each place cell at each position, in the unit of the gain.

        Args:
            arena: Whose walls are seen.
            position: In m. NaN gives NaN.
        """
        return self.rates_given(self.boundary.rates(arena, position))

    def rates_given(
        self, rates: Float[np.ndarray, "*batch pre"]
    ) -> Float[np.ndarray, "*batch post"]:
        """Rate of each place cell for given rates of the boundary-vector cells.

        Args:
            rates: Of the boundary-vector cells, dimensionless. NaN gives NaN.
        """
        drive = self.drive(rates)
        return np.maximum(drive - self.threshold.astype(drive.dtype), 0)

    def rates_from(
        self, walls: Float[Array, "wall 2 2"], position: Float[Array, "position 2"]
    ) -> Float[Array, "position post"]:
        """What `rates` returns, for use inside compiled programs; differentiable.

        Args:
            walls: Both ends of each in m.
            position: In m.
        """
        drive = self.gain * self.boundary.rates_from(walls, position) @ jnp.asarray(self.weight).T
        return jax.nn.relu(drive - jnp.asarray(self.threshold)[None, :])
