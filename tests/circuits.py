"""Small random circuits for the engine's tests."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.connectome.signs import Trainable
from neuroloom.networks import GainSide, RateNetwork, Softplus, per_neuron


def circuit(n, rng, *, density=0.4, gaps=True, unknown=False) -> Connectome:
    """Signed chemical connections (some of sign 0 where `unknown`) and a few gap junctions."""
    post, pre = np.nonzero(rng.random((n, n)) < density)
    sign = rng.choice([1, -1], n)[pre]
    if unknown:
        sign = np.where(rng.random(len(pre)) < 0.3, 0, sign)
    one, other = np.nonzero(np.triu(rng.random((n, n)) < 0.2, 1)) if gaps else (pre[:0], pre[:0])
    return Connectome(
        neuron_id=np.arange(n),
        pre=np.r_[pre, one],
        post=np.r_[post, other],
        kind=np.r_[np.zeros(len(pre), int), np.ones(len(one), int)],
        count=rng.integers(1, 6, len(pre) + len(one)),
        sign=np.r_[sign, np.zeros(len(one), int)],
    )


def rate_network(
    n, rng, *, gain_side=GainSide.PRESYNAPTIC, activation=None, unknown=False, gaps=True
) -> RateNetwork:
    """Every parameter drawn, and different for every neuron."""
    return RateNetwork.from_connectome(
        circuit(n, rng, unknown=unknown, gaps=gaps),
        tau=per_neuron(rng.uniform(0.05, 0.2, n), n, unit="s"),
        gain=per_neuron(rng.uniform(0.5, 1.0, n), n, unit="1"),
        bias=per_neuron(rng.normal(size=n), n, unit="state"),
        scale=0.3 / n,
        coupling=0.2,
        activation=activation or Softplus(2.0),
        gain_side=gain_side,
        unknown_sign=Trainable() if unknown else None,
    )


def with_values(network, gain, bias):
    """The same network with other gains and biases."""
    parameters = (jnp.asarray(gain), jnp.asarray(bias))
    return eqx.tree_at(lambda n: (n.gain.value, n.bias.value), network, parameters)


def two(kind=0, sign=1, count=2) -> Connectome:
    """a -> b, or a gap junction between them."""
    return Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([kind]),
        count=np.array([count]),
        sign=np.array([sign]),
    )


def unconnected(n) -> Connectome:
    """Neurons without connections."""
    none = np.array([], int)
    return Connectome(neuron_id=np.arange(n), pre=none, post=none, kind=none, count=none, sign=none)
