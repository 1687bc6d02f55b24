r"""How a step in time is taken: one object a method.

Every method here moves the state a part of the way towards where it is driven,

$$x_{t+1} = x_t + f\,(u_t + \text{current}(x_t) - x_t) + s\,\sigma\,\xi_t,$$

and differs in the fraction f and in the root s of the time over which white noise adds up. Both are
taken per neuron, once, outside the loop.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["AbstractIntegrator", "ExponentialEuler", "ForwardEuler"]


class AbstractIntegrator(eqx.Module):
    """A one-step method for leaky units whose received current is held over the step."""

    @abc.abstractmethod
    def fraction(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """Part of u + current - x that is added to x at each step, dimensionless.

        Args:
            dt: Step, in seconds.
            tau: Time constants, in seconds.
            leak: Sum of the electrical conductances of each neuron, dimensionless.
        """

    @abc.abstractmethod
    def noise_root(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """SD that white noise of 1 per root second adds over a step, in root seconds.

        Args:
            dt: Step, in seconds.
            tau: Time constants, in seconds.
            leak: Sum of the electrical conductances of each neuron, dimensionless.
        """


class ForwardEuler(AbstractIntegrator):
    r"""Along the slope at the start of the step: f = dt / tau, s = sqrt(dt).

    First order in `dt`. Unstable where (1 + leak) dt / tau exceeds 2, or less in a network.
    """

    def fraction(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """The step over the time constant."""
        del leak
        return dt / tau

    def noise_root(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """The root of the step (Euler and Maruyama)."""
        del leak
        return jnp.broadcast_to(jnp.asarray(dt**0.5, tau.dtype), tau.shape)


class ExponentialEuler(AbstractIntegrator):
    r"""The decay of each neuron exactly, what it receives held over the step.

    With $\lambda_i = (1 + \text{leak}_i) / \tau_i$ all that neuron i loses per second, through its
    membrane and through its gap junctions:

    $$f_i = \frac{1 - e^{-\lambda_i \Delta t}}{1 + \text{leak}_i}, \qquad
    s_i = \sqrt{\frac{1 - e^{-2 \lambda_i \Delta t}}{2 \lambda_i}}$$

    Exact, whatever `dt`, while what a neuron receives from others does not change (a neuron alone
    under constant input, its noise included); else first order in `dt`. It rests where the equation
    does. Leak and gap junctions cannot make it unstable at any `dt`. Chemical loops can: a step
    much longer than tau replaces every state by what it receives, so that a loop with a gain below
    -1, which settles in the equation, does not settle here.

    Source:
        Hochbruck and Ostermann, Acta Numerica 19:209 (2010), with the diagonal of the equation as
        the linear part. How gap junctions and noise enter is ours, derived in
        docs/decisions/0006-integrators-and-calcium.md.
    """

    def fraction(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """What the decay leaves room for, by the share of the loss that is the membrane's."""
        return -jnp.expm1(-(1 + leak) * dt / tau) / (1 + leak)

    def noise_root(
        self, dt: float | Float[Array, ""], tau: Float[Array, " neuron"], leak: Array
    ) -> Float[Array, " neuron"]:
        """Root of the time that noise adds up before it decays; at most sqrt(dt)."""
        loss = (1 + leak) / tau
        return jnp.sqrt(-jnp.expm1(-2 * loss * dt) / (2 * loss))
