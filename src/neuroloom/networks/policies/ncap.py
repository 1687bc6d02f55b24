"""The swimming circuit of NCAP: oscillator, stretch-sensing B cells, muscles; 4 weights."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.errors import InputError
from neuroloom.networks.policies.policy import AbstractPolicy

__all__ = ["NcapPolicy", "NcapWeights"]


class NcapWeights(NamedTuple):
    """Weights of the circuit, each shared by all joints or one a joint and side.

    Attributes:
        osc: Oscillator to the first B cells; excitatory.
        prop: Stretch of the joint ahead to the B cells of the next; excitatory.
        ipsi: B cells to muscles of their side; excitatory.
        contra: B cells to muscles of the other side; inhibitory.
    """

    osc: Float[Array, "*member osc"]
    prop: Float[Array, "*member prop"]
    ipsi: Float[Array, "*member ipsi"]
    contra: Float[Array, "*member contra"]


class NcapPolicy(AbstractPolicy):
    r"""Dorsal and ventral B cells and muscles at each joint, driven along the body.

    With $c(x) = \mathrm{clip}(x, 0, 1)$ and joint angles in parts of their range,
    $q_i = \mathrm{clip}(\theta_i / (2\pi/(J+1)), -1, 1)$:
    $B^d_i = c(w_{prop}\, c(q_{i-1}))$ and $B^v_i = c(w_{prop}\, c(-q_{i-1}))$ for $i > 0$;
    $B^d_0 = c(w_{osc}\, o)$, $B^v_0 = c(w_{osc} (1 - o))$ with $o = 1$ in the first half of each
    period; $M^d_i = c(w_{ipsi} B^d_i + w_{contra} B^v_i)$, $M^v_i$ with sides swapped; the torque
    is $M^d_i - M^v_i$. Weights are held at their sign when they are used.

    Nothing here drives both sides of a joint at once, so that $w_{contra}$ only inhibits a muscle
    that is at rest already: it has no effect, and 3 of the 4 weights (20 of 30) act.

    Attributes:
        n_observations: Numbers it sees; only joint angles are used.
        n_actions: A torque a joint.
        weights: +1, +1, +1 and -1 at first.
        joint_angles: Their places in the observation.
        period: Of the oscillator, in control steps.

    Source:
        Bhattasali, Zador and Engel, NCAP, NeurIPS 2022; re-implemented from its equations, without
        turning and speed, which their swim task does not use.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    weights: NcapWeights
    joint_angles: tuple[int, ...] = eqx.field(static=True)
    period: int = eqx.field(static=True)

    @classmethod
    def for_joints(
        cls,
        n_observations: int,
        joint_angles: tuple[int, ...],
        *,
        shared: bool = True,
        period: int = 60,
    ) -> NcapPolicy:
        """The circuit before any learning; it swims.

        Args:
            n_observations: Numbers that the task shows.
            joint_angles: Their places there, head to tail.
            shared: One weight of each kind (4), or one for each joint and side (30 for 5 joints).
            period: Of the oscillator, in control steps; of an odd one the ventral side has the
                longer part.

        Raises:
            InputError: If there are less than two joints, or the period is below 2.
        """
        n = len(joint_angles)
        if n < 2 or period < 2:
            raise InputError(
                "NCAP needs at least 2 joints, and a `period` of at least 2; got "
                f"{n} and {period}. Take a body with joints, and 60."
            )
        sizes = (1, 1, 1, 1) if shared else (2, 2 * (n - 1), 2 * n, 2 * n)
        osc, prop, ipsi, contra = (jnp.ones(size) for size in sizes)
        weights = NcapWeights(osc, prop, ipsi, -contra)
        return cls(n_observations, n, weights, tuple(joint_angles), period)

    def without(self, *, oscillator: bool = False, proprioception: bool = False) -> NcapPolicy:
        """The circuit with parts cut.

        Args:
            oscillator: Whether its oscillator is cut.
            proprioception: Whether its sense of stretch is cut.
        """
        weights = self.weights
        if oscillator:
            weights = weights._replace(osc=jnp.zeros_like(weights.osc))
        if proprioception:
            weights = weights._replace(prop=jnp.zeros_like(weights.prop))
        return eqx.tree_at(lambda policy: policy.weights, self, weights)

    def initial(self) -> Int[Array, ""]:
        """The control step within the period."""
        return jnp.zeros((), jnp.int32)

    def __call__(
        self, state: Int[Array, ""], observation: Float[Array, " observation"]
    ) -> tuple[Int[Array, ""], Float[Array, " action"]]:
        """Torques of a control step.

        Args:
            state: The control step.
            observation: What it sees.
        """
        n = self.n_actions
        bound = 2 * np.pi / (n + 1)
        angle = jnp.clip(observation[np.asarray(self.joint_angles)] / bound, -1, 1)
        stretch = jnp.stack([_cut(angle), _cut(-angle)])  # (side, joint)
        dorsal = (state % self.period < self.period // 2).astype(angle.dtype)
        beat = jnp.stack([dorsal, 1 - dorsal])
        osc = jnp.maximum(self.weights.osc, 0)
        prop = jnp.maximum(self.weights.prop, 0)
        prop = prop.reshape((1, 1) if prop.size == 1 else (2, n - 1))
        first = _cut(osc * beat)[:, None]
        cells = jnp.concatenate([first, _cut(prop * stretch[:, :-1])], 1)
        ipsi, contra = jnp.maximum(self.weights.ipsi, 0), jnp.minimum(self.weights.contra, 0)
        shape = (1, 1) if ipsi.size == 1 else (2, n)
        ipsi, contra = ipsi.reshape(shape), contra.reshape(shape)
        muscle = _cut(ipsi * cells + contra * cells[::-1])
        return state + 1, muscle[0] - muscle[1]


def _cut(x: Array) -> Array:
    return jnp.clip(x, 0, 1)
