"""Where a body meets a circuit: which cells sense what, and which muscles move what."""

from __future__ import annotations

import abc
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError

__all__ = ["AbstractPorts", "AnatomicalPorts", "LearnedPorts", "Sensed", "shuffle_ports"]

AHEAD = 2
B_CELLS, A_CELLS = ("DB", "VB"), ("DA", "VA")


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

    B cells sense the joint at the front of their segment, A cells that at its back: the dorsal ones
    $\max(\theta, 0)$, the ventral ones $\max(-\theta, 0)$. B cells of the first segment hear
    $\max(\sin \phi, 0)$ (dorsal) and $\max(-\sin \phi, 0)$ (ventral) of an oscillator. The torque
    of a joint is a gain times the mean of dorsal less that of ventral muscles in the segments
    around it. Between joints angles are interpolated, so that any body has the same ports.

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
        Ours (reconstruction); the paper states a learned encoder and decoder: `LearnedPorts`.
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
    ) -> AnatomicalPorts:
        """Ports by class, side and segment.

        Args:
            connectome: With the columns `cell_type`, `segment` (from 1, head first), `side_dv`
                (`dorsal`, `ventral`) and `node_kind`.
            n_observations: Numbers that the task shows.
            joint_angles: Their places there, head to tail.
            period: Of the oscillator at first, in control steps.

        Raises:
            InputError: If a column is missing, there are no joints, or nothing senses or moves.
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
        motor = _motor(connectome, len(joint_angles))
        sensory = _sensory(connectome, len(joint_angles))
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


class LearnedPorts(AbstractPorts):
    r"""An encoder into motor neurons, a decoder from muscles, each with one hidden layer.

    $I = U_2 \tanh(U_1 o + b_1)$ and $a = \tanh(V_2 \tanh(V_1 m + c_1))$.

    Attributes:
        n_observations: Numbers that are seen.
        n_actions: Numbers that are given.
        encoder: U1, b1, U2.
        decoder: V1, c1, V2.
        neurons: Places of cells that are driven.
        muscles: Places of cells that are read.
        n_cells: Of the circuit.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), for encoder and decoder and their start,
        U(-.3, .3); sizes are ours, as is the single hidden layer.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    encoder: tuple[Array, Array, Array]
    decoder: tuple[Array, Array, Array]
    neurons: np.ndarray
    muscles: np.ndarray
    n_cells: int = eqx.field(static=True)

    @classmethod
    def random(
        cls,
        connectome: Connectome,
        *,
        n_observations: int,
        n_actions: int,
        n_hidden: int = 8,
        spread: float = 0.3,
        key: PRNGKeyArray,
    ) -> LearnedPorts:
        """Uniform weights within the spread.

        Args:
            connectome: Motor neurons are driven and muscles read; where there are no muscles, all
                neurons are read.
            n_observations: Numbers that the task shows.
            n_actions: Numbers that it takes.
            n_hidden: Units of each hidden layer.
            spread: Half the width of the uniform distribution.
            key: Randomness.

        Raises:
            InputError: If the connectome has no column `node_kind`, or no neurons.
        """
        kind = connectome.column("node_kind")
        neurons, muscles = np.flatnonzero(kind == "neuron"), np.flatnonzero(kind == "muscle")
        if not neurons.size:
            raise InputError(
                "The connectome must have neurons for an encoder to drive; it has none. Keep nodes "
                "of kind `neuron`."
            )
        read = muscles if muscles.size else neurons
        keys = iter(jax.random.split(key, 6))

        def drawn(*shape: int) -> Array:
            return jax.random.uniform(next(keys), shape, minval=-spread, maxval=spread)

        encoder = drawn(n_hidden, n_observations), drawn(n_hidden), drawn(len(neurons), n_hidden)
        decoder = drawn(n_hidden, len(read)), drawn(n_hidden), drawn(n_actions, n_hidden)
        return cls(n_observations, n_actions, encoder, decoder, neurons, read, connectome.n_neurons)

    def initial(self) -> Float[Array, " 0"]:
        """Nothing is remembered."""
        return jnp.zeros(0)

    def drive(
        self, state: Float[Array, " 0"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " 0"], Float[Array, " cell"]]:
        """Currents of the encoder.

        Args:
            state: Empty.
            observation: What is seen.
        """
        first, bias, second = self.encoder
        current = second @ jnp.tanh(first @ observation + bias)
        return state, jnp.zeros(self.n_cells).at[self.neurons].set(current)

    def act(self, activity: Float[Array, " cell"]) -> Float[Array, " action"]:
        """The decoder's action, -1 to 1.

        Args:
            activity: Of each cell.
        """
        first, bias, second = self.decoder
        return jnp.tanh(second @ jnp.tanh(first @ activity[self.muscles] + bias))


def shuffle_ports(
    ports: AnatomicalPorts,
    connectome: Connectome,
    *,
    within_class: bool,
    rng: np.random.Generator,
) -> AnatomicalPorts:
    """The same ports at other cells: the circuit stays, its place in the body does not.

    Cells exchange what they sense, and muscles which joints they move. Within classes a DB senses
    what another DB did, and a muscle moves what another of its side did; across them any motor
    neuron senses what any other did, and sides are mixed.

    Args:
        ports: Of the circuit.
        connectome: The circuit.
        within_class: Whether classes, and sides of muscles, are kept.
        rng: Randomness.

    Raises:
        InputError: If nothing changed, after 100 draws.
    """
    kind, side = connectome.column("node_kind"), connectome.column("side_dv")
    cell_type = connectome.column("cell_type").astype(str)
    label = np.char.add(cell_type, np.where(kind == "muscle", side, "").astype(str))
    groups = label if within_class else kind.astype(str)
    for _ in range(100):
        place = np.arange(len(kind))
        for group in np.unique(groups):
            mine = np.flatnonzero(groups == group)
            place[mine] = rng.permutation(mine)
        sensory, motor = ports.sensory[place], ports.motor[:, place]
        if (sensory != ports.sensory).any() and (motor != ports.motor).any():
            _promise_kept(ports, sensory, motor)
            return eqx.tree_at(lambda p: (p.sensory, p.motor), ports, (sensory, motor))
    raise InputError(
        "Shuffled ports must differ from those they are of; every class has a single cell. Shuffle "
        "across classes."
    )


def _promise_kept(ports: AnatomicalPorts, sensory: np.ndarray, motor: np.ndarray) -> None:
    """Every row of sensors and column of motors is still there, once."""

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return np.array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])

    if not (same(ports.sensory, sensory) and same(ports.motor.T, motor.T)):
        raise AssertionError("shuffled ports must keep every sensor and every motor once")


def _sensory(connectome: Connectome, n_joints: int) -> np.ndarray:
    """(cell, feature): stretch of B (+, then -), of A, oscillator (dorsal, ventral), tonic B, A."""
    cell_type, side = connectome.column("cell_type"), connectome.column("side_dv")
    segment = connectome.column("segment").astype(int)
    n_segments = int(segment.max())
    sensory = np.zeros((connectome.n_neurons, 4 * n_joints + 4))
    for cell in range(connectome.n_neurons):
        is_b, is_a = cell_type[cell] in B_CELLS, cell_type[cell] in A_CELLS
        if not (is_b or is_a) or segment[cell] < 1:
            continue
        ventral = side[cell] == "ventral"
        border = segment[cell] - AHEAD if is_b else segment[cell] - 1 + AHEAD
        if 0 < border < n_segments:
            first = (0 if is_b else 2 * n_joints) + (n_joints if ventral else 0)
            sensory[cell, first : first + n_joints] = _felt(border / n_segments, n_joints)
        if is_b and segment[cell] == 1:
            sensory[cell, 4 * n_joints + ventral] = 1
        sensory[cell, 4 * n_joints + (2 if is_b else 3)] = 1
    if not sensory.any():
        raise InputError(
            f"Anatomical ports need cells of the classes {', '.join(B_CELLS + A_CELLS)}; the "
            "connectome has none. Take `LearnedPorts`."
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
