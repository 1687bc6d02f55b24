"""Where a rate network is driven, and how that changes with its state, in double precision."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.networks import AbstractActivation, GainSide, RateNetwork

__all__ = ["VectorField"]


@dataclass(frozen=True, eq=False)
class VectorField:
    r"""dx/dt of a rate network and its Jacobian, with matrices instead of connections.

    $$\dot x = \tau^{-1} (-x + g \odot W r(x) + b + D x + u), \qquad
    \frac{\partial \dot x}{\partial x} = \tau^{-1} (-I + g \odot W \mathrm{diag}(r'(x)) + D)$$

    with D the gap conductances less their sums on the diagonal. Gain and bias are on the side that
    the network has them. Everything but the activation is NumPy in double precision; the activation
    is the network's own, evaluated in double precision as well. Memory grows with the square of
    neurons.

    Attributes:
        network: Its activation is evaluated.
        tau: In seconds.
        gain: Dimensionless.
        bias: In the unit of the state.
        weight: W, without the gain.
        diffusive: D.
    """

    network: RateNetwork
    tau: Float[np.ndarray, " neuron"]
    gain: Float[np.ndarray, " neuron"]
    bias: Float[np.ndarray, " neuron"]
    weight: Float[np.ndarray, "post pre"]
    diffusive: Float[np.ndarray, "post pre"]

    @classmethod
    def of(cls, network: RateNetwork) -> VectorField:
        """The field of a network, its parameters expanded once.

        Args:
            network: Any rate network; its parameters are taken as they are.
        """
        tau, gain, bias, weight, conductance = (
            np.asarray(part, np.float64) for part in _expanded(network)
        )
        diffusive = conductance - np.diag(conductance.sum(axis=1))
        return cls(network, tau, gain, bias, weight, diffusive)

    def rates(
        self, x: Float[np.ndarray, "point neuron"]
    ) -> tuple[Float[np.ndarray, "point neuron"], Float[np.ndarray, "point neuron"]]:
        """What each neuron sends at each state, and the slope of it in the state.

        Args:
            x: States.
        """
        before = self.network.gain_side is GainSide.PRESYNAPTIC
        inside = x + self.bias if before else x
        with jax.enable_x64(True):
            rate, slope = _activated(self.network.activation, jnp.asarray(inside))
        rate, slope = np.asarray(rate, np.float64), np.asarray(slope, np.float64)
        return (self.gain * rate, self.gain * slope) if before else (rate, slope)

    def velocity(
        self,
        x: Float[np.ndarray, "point neuron"],
        u: Float[np.ndarray, " neuron"],
        rate: Float[np.ndarray, "point neuron"] | None = None,
    ) -> Float[np.ndarray, "point neuron"]:
        """dx/dt at each state, per second.

        Args:
            x: States.
            u: Constant input, in the unit of the state.
            rate: From `rates` of the same states, where it is there already.
        """
        received = (self.rates(x)[0] if rate is None else rate) @ self.weight.T
        if self.network.gain_side is GainSide.POSTSYNAPTIC:
            received = self.gain * received + self.bias
        return (u + received + x @ self.diffusive.T - x) / self.tau

    def jacobian(
        self, slope: Float[np.ndarray, "point neuron"]
    ) -> Float[np.ndarray, "point post pre"]:
        """Change of dx/dt of `post` with the state of `pre`, per second, at each state.

        Args:
            slope: From `rates` of these states: the rest of the field is linear.
        """
        sent = self.weight[None] * slope[:, None, :]
        if self.network.gain_side is GainSide.POSTSYNAPTIC:
            sent = self.gain[None, :, None] * sent
        linear = self.diffusive - np.eye(len(self.tau))
        return (sent + linear[None]) / self.tau[None, :, None]


@eqx.filter_jit
def _expanded(network: RateNetwork) -> tuple[Array, Array, Array, Array, Array]:
    """Parameters per neuron and matrices, by one compiled program."""
    parts = (network.tau.expand(), network.gain.expand(), network.bias.expand())
    gap = network.gap_wiring.matrix(network.coupling * network.gap_strength)
    return *parts, network.wiring.matrix(network.weight), gap


@eqx.filter_jit
def _activated(activation: AbstractActivation, inside: Array) -> tuple[Array, Array]:
    return activation.with_slope(inside)
