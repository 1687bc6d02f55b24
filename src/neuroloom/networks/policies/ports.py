"""Where a body meets a circuit: which cells sense what, and which muscles move what."""

from __future__ import annotations

import abc
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError

__all__ = ["AbstractPorts", "AnatomicalPorts", "Sensed"]

B_CELLS, A_CELLS = ("DB", "VB"), ("DA", "VA")
AHEAD = 2
"""Borders between segments from a cell's own segment to the joint it senses."""


class AbstractPorts(eqx.Module):
    """From what is seen to a current into each cell, and from cells to actions.

    Attributes:
        n_observations: Numbers that are seen.
        n_actions: Numbers that are given.
    """

    n_observations: eqx.AbstractVar[int]
    n_actions: eqx.AbstractVar[int]

    @abc.abstractmethod
    def initial(self) -> PyTree[Array]:
        """What ports remember at the start of an episode."""

    @abc.abstractmethod
    def drive(
        self, state: PyTree[Array], observation: Float[Array, " observation"]
    ) -> tuple[PyTree[Array], Float[Array, " cell"]]:
        """What ports remember next, and the current into each cell.

        Args:
            state: What they remember.
            observation: What is seen.
        """

    @abc.abstractmethod
    def act(self, activity: Float[Array, " cell"]) -> Float[Array, " action"]:
        """The action that cells make.

        Args:
            activity: Of each cell.
        """


class Sensed(NamedTuple):
    """Logarithms of the gains of anatomical ports.

    Attributes:
        stretch_b: Of joint angles into B cells.
        stretch_a: Of joint angles into A cells.
        oscillator: Of the head's oscillator into the first B cells.
        tonic_b: Of a constant current into B cells.
        tonic_a: Of a constant current into A cells.
    """

    stretch_b: Float[Array, "*member"]
    stretch_a: Float[Array, "*member"]
    oscillator: Float[Array, "*member"]
    tonic_b: Float[Array, "*member"]
    tonic_a: Float[Array, "*member"]


class AnatomicalPorts(AbstractPorts):
    r"""Stretch by segment, an oscillator in the head, torques of dorsal against ventral muscles.

    B cells of segment s sense the border between segments s - 2 and s - 1, A cells that between
    s + 1 and s + 2, or another number of borders `ahead`: the dorsal ones $\max(\theta, 0)$, the
    ventral ones $\max(-\theta, 0)$. Cells without such a border sense nothing. B cells of the first
    segment hear $\max(\sin \phi, 0)$ (dorsal) and $\max(-\sin \phi, 0)$ (ventral) of an oscillator.
    The torque of a joint is a gain times the mean of dorsal less that of ventral muscles in the
    segments that touch it, or in the nearest where none does: with a joint at each border, those
    before and behind. Between joints angles are interpolated, beyond the last ones they are the
    last ones', so that any body has the same ports.

    Attributes:
        n_observations: Numbers that are seen.
        n_actions: One a joint.
        gains: Logarithms of what comes in.
        log_period: Logarithm of the oscillator's period in control steps.
        log_output: Logarithm of the gain of torques.
        sensory: Current into each cell for a unit of each feature, at gain 1.
        motor: Torque of each joint for a unit of activity of each cell, at gain 1.
        joint_angles: Places of the joints in the observation.

    Source:
        Ours (reconstruction); the paper states a learned encoder and decoder: `LearnedPorts`. B
        cells sense the bend ahead of them in Wen et al., Neuron 76:750 (2012), and in NCAP; that A
        cells sense the bend behind is assumed. With `ahead=1` a cell moves the joint it senses.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    gains: Sensed
    log_period: Float[Array, "*member"]
    log_output: Float[Array, "*member"]
    sensory: Float[np.ndarray, "cell feature"]
    motor: Float[np.ndarray, "action cell"]
    joint_angles: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        *,
        n_observations: int,
        joint_angles: tuple[int, ...],
        period: float = 40.0,
        b_cells: tuple[str, ...] = B_CELLS,
        a_cells: tuple[str, ...] = A_CELLS,
        ahead: int = AHEAD,
    ) -> AnatomicalPorts:
        """Ports by class, side and segment.

        Args:
            connectome: With the columns `cell_type`, `segment` (from 1, head first), `side_dv`
                (`dorsal`, `ventral`) and `node_kind`.
            n_observations: Numbers that the task shows.
            joint_angles: Their places there, head to tail.
            period: Of the oscillator at first, in control steps.
            b_cells: Classes that sense what is ahead of them, and the first the oscillator.
            a_cells: Classes that sense what is behind them.
            ahead: Borders between segments from a cell to what it senses; 1 is that of its own
                segment.

        Raises:
            InputError: If a column is missing, there are no joints, no cell senses them or no
                muscle moves them, or `ahead` is below 1.
        """
        missing = {"cell_type", "segment", "side_dv", "node_kind"} - set(connectome.neurons)
        if missing:
            raise InputError(
                f"The connectome must say {', '.join(sorted(missing))} of each neuron for "
                "anatomical ports; it does not. Add the columns, or take `LearnedPorts`."
            )
        if not joint_angles:
            raise InputError(
                "Anatomical ports need joint angles; the task shows none. Take `LearnedPorts`."
            )
        if ahead < 1:
            raise InputError(
                f"`ahead` must be at least 1; got {ahead}. Take 1 for the border of a cell's own "
                "segment."
            )
        motor = _motor(connectome, len(joint_angles))
        sensory = _sensory(connectome, len(joint_angles), b_cells, a_cells, ahead)
        zero = jnp.zeros(())
        return cls(
            n_observations,
            len(joint_angles),
            Sensed(*[zero] * 5),
            jnp.asarray(np.log(period), float),
            zero,
            sensory,
            motor,
            tuple(joint_angles),
        )

    def without_oscillator(self) -> AnatomicalPorts:
        """The same ports with the oscillator cut."""
        n = len(self.joint_angles)
        sensory = self.sensory.copy()
        sensory[:, 4 * n : 4 * n + 2] = 0
        return eqx.tree_at(lambda ports: ports.sensory, self, sensory)

    def initial(self) -> Float[Array, ""]:
        """The oscillator's phase in periods."""
        return jnp.zeros(())

    def drive(
        self, state: Float[Array, ""], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, ""], Float[Array, " cell"]]:
        """Stretch, oscillator and constant current.

        Args:
            state: The phase, in periods.
            observation: What is seen.
        """
        angle = observation[np.asarray(self.joint_angles)]
        stretch = jnp.concatenate([jax.nn.relu(angle), jax.nn.relu(-angle)])
        wave = jnp.sin(2 * jnp.pi * state)
        gains = jax.tree.map(jnp.exp, self.gains)
        feature = jnp.concatenate(
            [
                gains.stretch_b * stretch,
                gains.stretch_a * stretch,
                gains.oscillator * jnp.stack([jax.nn.relu(wave), jax.nn.relu(-wave)]),
                jnp.stack([gains.tonic_b, gains.tonic_a]),
            ]
        )
        phase = jnp.mod(state + jnp.exp(-self.log_period), 1.0)
        return phase, jnp.asarray(self.sensory, feature.dtype) @ feature

    def act(self, activity: Float[Array, " cell"]) -> Float[Array, " action"]:
        """Torques, -1 to 1.

        Args:
            activity: Of each cell.
        """
        torque = jnp.asarray(self.motor, activity.dtype) @ activity
        return jnp.clip(jnp.exp(self.log_output) * torque, -1, 1)


def _sensory(
    connectome: Connectome,
    n_joints: int,
    b_cells: tuple[str, ...],
    a_cells: tuple[str, ...],
    ahead: int,
) -> np.ndarray:
    """(cell, feature): stretch of B (+, then -), of A, oscillator (dorsal, ventral), tonic B, A."""
    cell_type, side = connectome.column("cell_type"), connectome.column("side_dv")
    segment = connectome.column("segment").astype(int)
    n_segments = int(segment.max())
    sensory = np.zeros((connectome.n_neurons, 4 * n_joints + 4))
    for cell in range(connectome.n_neurons):
        is_b, is_a = cell_type[cell] in b_cells, cell_type[cell] in a_cells
        if not (is_b or is_a) or segment[cell] < 1:
            continue
        ventral = side[cell] == "ventral"
        border = segment[cell] - ahead if is_b else segment[cell] - 1 + ahead
        if 0 < border < n_segments:
            first = (0 if is_b else 2 * n_joints) + (n_joints if ventral else 0)
            sensory[cell, first : first + n_joints] = _felt(border / n_segments, n_joints)
        if is_b and segment[cell] == 1:
            sensory[cell, 4 * n_joints + ventral] = 1
        sensory[cell, 4 * n_joints + (2 if is_b else 3)] = 1
    if not sensory.any():
        raise InputError(
            f"Anatomical ports need cells of the classes {', '.join(b_cells + a_cells)}; the "
            "connectome has none. Name its classes by `b_cells` and `a_cells`, or take "
            "`LearnedPorts`."
        )
    if not sensory[:, : 4 * n_joints].any():
        raise InputError(
            f"Anatomical ports need a cell that senses a joint; none of {n_segments} segments has "
            f"a border {ahead} ahead of its cells. Lower `ahead`, or take `LearnedPorts`."
        )
    return sensory


def _felt(place: float, n_joints: int) -> np.ndarray:
    """Weights of joints for the angle at a place of the body, 0 head to 1 tail."""
    joints = np.arange(1, n_joints + 1) / (n_joints + 1)
    return np.array([np.interp(place, joints, np.eye(n_joints)[k]) for k in range(n_joints)])


def _motor(connectome: Connectome, n_joints: int) -> np.ndarray:
    """(joint, cell): mean of dorsal less mean of ventral muscles in the segments around a joint."""
    side, segment = connectome.column("side_dv"), connectome.column("segment").astype(int)
    is_muscle = connectome.column("node_kind") == "muscle"
    if not is_muscle.any():
        raise InputError(
            "Anatomical ports need muscles; the connectome has no node of kind `muscle`. Take "
            "`LearnedPorts`."
        )
    n_segments = int(segment[is_muscle].max())
    middle = (segment - 0.5) / n_segments
    motor = np.zeros((n_joints, connectome.n_neurons))
    for joint in range(n_joints):
        away = np.abs(middle - (joint + 1) / (n_joints + 1))
        reach = max(0.5 / n_segments, float(away[is_muscle].min())) + 1e-9
        for name, sign in (("dorsal", 1.0), ("ventral", -1.0)):
            mine = is_muscle & (side == name) & (away <= reach)
            if mine.any():
                motor[joint, mine] = sign / mine.sum()
    return motor
