"""Whether fixed or slow points lie on a ring, how densely, and where a state drifts along it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neuroloom.analysis.anatomy import gaps_around, wrapped
from neuroloom.analysis.fixed_points.vector_field import VectorField
from neuroloom.errors import InputError
from neuroloom.networks import TaskNetwork

__all__ = ["Decode", "Ring", "decoded_angle", "drift_along", "ring_of"]

Decode = Callable[[Array], Array]
"""From outputs (trial, time, output) to angles (trial, time) in rad, as `task.decoded`."""

_DRIFT_STEP = 1e-3  # s: how far ahead an angle is looked at


@dataclass(frozen=True, eq=False)
class Ring:
    """Points in the order of the angle that they stand for.

    Attributes:
        order: Position, among the points given, of each.
        angle: In rad, rising from 0 to 2 pi.
        gap: From each to the next counter-clockwise, in deg; they add to 360.
        stable: Whether each is stable.
        winding: How often the points go around the middle of their plane on the way around the
            angles: 1 or -1 on a ring, NaN below 3 points.
        planarity: Part of their scatter that lies in that plane, the first two principal
            components.
        hollowness: Least distance from the middle of the plane over the mean one: 1 on a circle, 0
            where points fill the middle.
    """

    order: Int[np.ndarray, " point"]
    angle: Float[np.ndarray, " point"]
    gap: Float[np.ndarray, " point"]
    stable: Bool[np.ndarray, " point"]
    winding: float
    planarity: float
    hollowness: float

    @property
    def largest_gap(self) -> float:
        """Between neighbors, in deg."""
        return float(self.gap.max())

    @property
    def alternates(self) -> bool:
        """Whether stable and unstable points take turns, as on a ring broken into wells."""
        return len(self.stable) > 1 and bool((self.stable != np.roll(self.stable, 1)).all())

    def is_ring(self, *, largest_gap: float = 60.0, hollowness: float = 0.5) -> bool:
        """Whether the points surround the middle once, in the order of their angles.

        Args:
            largest_gap: That neighbors may have, in deg.
            hollowness: At least.
        """
        once = abs(abs(self.winding) - 1) < 1e-6
        return once and self.largest_gap <= largest_gap and self.hollowness >= hollowness


def ring_of(
    x: Float[np.ndarray, "point neuron"],
    angle: Float[np.ndarray, " point"],
    stable: Bool[np.ndarray, " point"],
) -> Ring:
    """The points in order of their angles, and how much of a ring they are.

    Args:
        x: States, such as `FixedPoints.x`.
        angle: That each stands for, in rad; `decoded_angle` reads it.
        stable: Whether each is stable.

    Raises:
        InputError: If there is no point, or an angle is not finite.
    """
    if not len(x) or not np.isfinite(angle).all():
        raise InputError(
            f"`angle` must be finite for one or more points; got {len(x)} points, "
            f"{int((~np.isfinite(angle)).sum())} without. Leave out points that stand for none."
        )
    around = np.mod(angle, 2 * np.pi)
    order = np.argsort(around, kind="stable")
    sorted_x = x[order]
    winding, planarity, hollowness = float("nan"), float("nan"), float("nan")
    if len(x) >= 3:
        centered = sorted_x - sorted_x.mean(axis=0)
        _, size, axes = np.linalg.svd(centered, full_matrices=False)
        plane = centered @ axes[:2].T
        if len(size) > 1 and size[1] > 1e-12 * max(size[0], 1e-300):
            turned = np.rad2deg(np.arctan2(plane[:, 1], plane[:, 0]))
            winding = float(wrapped(np.diff(np.r_[turned, turned[0]])).sum() / 360.0)
            radius = np.linalg.norm(plane, axis=1)
            planarity = float((size[:2] ** 2).sum() / (size**2).sum())
            hollowness = float(radius.min() / radius.mean())
    return Ring(
        order=order,
        angle=around[order],
        gap=gaps_around(angle),
        stable=stable[order],
        winding=winding,
        planarity=planarity,
        hollowness=hollowness,
    )


def decoded_angle(
    network: TaskNetwork, x: Float[np.ndarray, "point neuron"], decode: Decode
) -> Float[np.ndarray, " point"]:
    """The angle, in rad, that the outputs of each state stand for.

    Args:
        network: Whose outputs are read.
        x: States.
        decode: Such as `task.decoded`.
    """
    return _angles(network, VectorField.of(network.network), x, decode)


def drift_along(
    network: TaskNetwork,
    inputs: Float[Array, " input"] | Float[np.ndarray, " input"],
    x: Float[np.ndarray, "point neuron"],
    decode: Decode,
) -> Float[np.ndarray, " point"]:
    """How fast the decoded angle moves at each state, in rad/s; 0 at a fixed point.

    Along a ring of slow points it tells where a heading is pulled to: towards 0 crossings from
    above to below.

    Args:
        network: Whose outputs are read.
        inputs: Constant inputs.
        x: States, such as those a network has settled to.
        decode: Such as `task.decoded`.
    """
    field = VectorField.of(network.network)
    drive = np.asarray(network.input_weight, np.float64) @ np.asarray(inputs, np.float64)
    step = _DRIFT_STEP * field.velocity(x, drive)
    ahead, behind = (_angles(network, field, x + s * step, decode) for s in (0.5, -0.5))
    return np.deg2rad(wrapped(np.rad2deg(ahead - behind))) / _DRIFT_STEP


def _angles(
    network: TaskNetwork,
    field: VectorField,
    x: Float[np.ndarray, "point neuron"],
    decode: Decode,
) -> Float[np.ndarray, " point"]:
    outputs = field.rates(x)[0] @ np.asarray(network.output_weight, np.float64).T
    outputs = outputs + np.asarray(network.output_bias, np.float64)
    with jax.enable_x64(True):
        angle = decode(jnp.asarray(outputs[:, None, :]))
    return np.asarray(angle, np.float64)[:, 0]
