"""The connectivity of any forecaster, linear or not: how forecasts change with what was seen."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.networks.forecasting.forecaster import Forecaster, Memory, after_rest

__all__ = ["average_jacobian"]


def average_jacobian(
    forecaster: Forecaster,
    activity: Float[Array, "trial time neuron"],
    behavior: Float[Array, "trial time channel"] | None = None,
    *,
    standardized: bool = False,
) -> Float[Array, "post pre"]:
    r"""Mean over frames of the change of a forecast by the activity before it.

    $$J[i, k] = \left\langle \frac{\partial \hat x_{t+1}(i)}{\partial x_t(k)} \right\rangle_t
    = \left\langle \frac{\partial \hat x_{t+1}(i)}{\partial I_t(i)} \right\rangle_t A_0[i, k]
    \quad (i \ne k)$$

    with what was seen before t held. Other neurons reach a neuron through its current alone, so
    two derivatives of each neuron by itself (forward mode) give all N x N entries exactly. On the
    diagonal is the neuron's answer to itself.

    Args:
        forecaster: Any.
        activity: In its own unit, NaN where not observed; at least `n_context` frames.
        behavior: In its own units.
        standardized: In SD of post per SD of pre. If not, in the unit of the forecast activity
            (for Poisson the expected count) per unit of the activity.
    """
    circuit, likelihood = forecaster.circuit, forecaster.likelihood
    x, b = forecaster.inputs(activity, behavior)
    n_trials, n_frames, n_neurons = x.shape
    current = circuit.connectivity.current(after_rest(x, circuit))

    def step(carry: tuple[Memory, Array], now: tuple) -> tuple[tuple[Memory, Array], None]:
        memory, total = carry
        own, received, seen, counted = now

        def expected(own: Array, received: Array) -> tuple[Array, Memory]:
            after, eta = forecaster.respond(memory, own, received, seen)
            return likelihood.expected(eta, circuit.scaling), after

        still, moved = jnp.zeros_like(own), jnp.ones_like(own)
        at = (own, received)
        _, of_own, after = jax.jvp(expected, at, (moved, still), has_aux=True)
        _, of_current, _ = jax.jvp(expected, at, (still, moved), has_aux=True)
        slopes = jnp.stack([of_own.sum(axis=0), of_current.sum(axis=0)])
        return (after, total + counted * slopes), None

    counted = jnp.arange(n_frames) >= forecaster.n_context - 1
    over = (*(jnp.moveaxis(part, 1, 0) for part in (x, current, b)), counted)
    start = (forecaster.start(n_trials), jnp.zeros((2, n_neurons), x.dtype))
    (_, total), _ = jax.lax.scan(step, start, over)
    of_own, of_current = total / (n_trials * counted.sum())
    weight = circuit.connectivity.weight()[0]
    jacobian = jnp.diag(of_own) + of_current[:, None] * weight
    sd = circuit.scaling.sd
    return jacobian / (sd[:, None] if standardized else sd[None, :])
