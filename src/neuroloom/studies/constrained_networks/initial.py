"""Where students start: knowing how the teacher's parameters are distributed, or not."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray

from neuroloom.networks import RateNetwork
from neuroloom.studies.constrained_networks.teachers.teacher import Teacher

__all__ = ["Informed", "NearOne", "Uninformed", "sender_groups", "with_gain_and_bias"]


@dataclass(frozen=True)
class Informed:
    r"""Gains and biases of the teacher, dealt anew among neurons that send the same sign.

    $$g_i = f\, g^*_{\pi(i)}, \qquad b_i = b^*_{\pi'(i)}$$

    with independent permutations within excitatory and within inhibitory neurons: the student knows
    which values there are, and not whose. That is knowledge from the teacher.

    Attributes:
        factor: f on the gains, dimensionless.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Figs. 1, 2, 4, 7 and 8, with 0.5.
    """

    factor: float = 0.5

    def __call__(self, teacher: Teacher, key: PRNGKeyArray) -> RateNetwork:
        """The teacher's network with the starting gains and biases of a student."""
        network = teacher.network
        group = jnp.asarray(sender_groups(teacher))
        gain_key, bias_key = jax.random.split(key)
        gain = self.factor * _dealt(network.gain.expand(), group, gain_key)
        bias = _dealt(network.bias.expand(), group, bias_key)
        return with_gain_and_bias(network, gain, bias)


@dataclass(frozen=True)
class Uninformed:
    """Gains around 1 and biases around 0, whatever the teacher's are.

    Gains are log-normal, so that they stay above 0. Ours; the paper has no such students.

    Attributes:
        gain_sd: SD of the logarithm of the gain, dimensionless.
        bias_sd: SD of the bias, in units of the state.
    """

    gain_sd: float = 0.1
    bias_sd: float = 0.1

    def __call__(self, teacher: Teacher, key: PRNGKeyArray) -> RateNetwork:
        """The teacher's network with the starting gains and biases of a student."""
        n = teacher.n_neurons
        gain_key, bias_key = jax.random.split(key)
        gain = jnp.exp(self.gain_sd * jax.random.normal(gain_key, (n,)))
        bias = self.bias_sd * jax.random.normal(bias_key, (n,))
        return with_gain_and_bias(teacher.network, gain, bias)


@dataclass(frozen=True)
class NearOne:
    """Gains of 1 but for a little noise that tells students apart; biases are the teacher's.

    Attributes:
        sd: SD of the noise on the gain, dimensionless.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 3, whose networks have no bias.
    """

    sd: float = 1e-5

    def __call__(self, teacher: Teacher, key: PRNGKeyArray) -> RateNetwork:
        """The teacher's network with the starting gains of a student."""
        gain = 1 + self.sd * jax.random.normal(key, (teacher.n_neurons,))
        return with_gain_and_bias(teacher.network, gain, teacher.network.bias.expand())


def sender_groups(teacher: Teacher) -> Int[np.ndarray, " neuron"]:
    """1 for neurons that only excite, -1 for those that only inhibit, 0 for all others."""
    wiring = teacher.connectome
    excites, inhibits = (
        np.bincount(wiring.pre[wiring.sign == sign], minlength=wiring.n_neurons) > 0
        for sign in (1, -1)
    )
    return np.where(excites & ~inhibits, 1, np.where(inhibits & ~excites, -1, 0))


def with_gain_and_bias(network: RateNetwork, gain: Array, bias: Array) -> RateNetwork:
    """The network with these gains and biases, one a neuron, in their own units.

    Raises:
        InputError: If a gain or bias is outside what its constraint allows.
    """
    raw = [
        jnp.asarray(shared.constraint.raw(np.asarray(values)))
        for shared, values in ((network.gain, gain), (network.bias, bias))
    ]
    return eqx.tree_at(lambda n: (n.gain.value, n.bias.value), network, raw)


def _dealt(values: Array, group: Array, key: PRNGKeyArray) -> Array:
    """The values, permuted within each group."""
    rank = jax.random.uniform(key, values.shape)
    shuffled = jnp.lexsort((rank, group))  # groups in order, random within
    return jnp.zeros_like(values).at[jnp.argsort(group, stable=True)].set(values[shuffled])
