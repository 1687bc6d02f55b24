"""Running free: forecasts of forecasts."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.forecasting.forecaster import Forecaster, Memory

__all__ = ["rollout"]


def rollout(
    forecaster: Forecaster,
    history: Float[Array, "trial time neuron"],
    n_steps: int,
    *,
    behavior: Float[Array, "trial time channel"] | None = None,
    future: Float[Array, "trial later channel"] | None = None,
    key: PRNGKeyArray | None = None,
) -> Float[Array, "trial step neuron"]:
    """The frames after a history, each forecast from those forecast before it.

    Args:
        forecaster: Any.
        history: In its own unit, NaN where not observed; at least `n_context` frames.
        n_steps: How many frames to go on, at least 1.
        behavior: During the history, in its own units.
        future: Behavior in the frames to come; those beyond it, and all without it, at the mean.
        key: Draws counts around every forecast, and goes on from them. Without it what is expected
            is taken for what happened.

    Returns:
        In the unit of the activity; the first is the forecast of the frame after the history.

    Raises:
        InputError: If the history is too short, or the likelihood has nothing to draw from.
    """
    if n_steps < 1 or history.shape[1] < forecaster.n_context:
        raise InputError(
            f"A rollout must go on for at least 1 step from at least {forecaster.n_context} frames "
            f"of history; got {n_steps} steps and {history.shape[1]} frames. Give a longer history."
        )
    scaling, likelihood = forecaster.circuit.scaling, forecaster.likelihood
    x, b = forecaster.inputs(history, behavior)
    to_come = jnp.zeros((len(x), n_steps, b.shape[2]), b.dtype)
    if future is not None:
        known = jnp.nan_to_num(scaling.standardize_behavior(future))[:, :n_steps]
        to_come = to_come.at[:, : known.shape[1]].set(known)

    def listen(memory: Memory, now: tuple) -> tuple[Memory, Array]:
        return forecaster.step(memory, *now)

    def go_on(carry: tuple[Memory, Array], now: tuple) -> tuple[tuple[Memory, Array], Array]:
        memory, eta = carry
        seen, draw = now
        frame = likelihood.expected(eta, scaling)
        if draw is not None:
            frame = likelihood.sample(eta, scaling, draw)
        return forecaster.step(memory, scaling.standardize(frame), seen), frame

    by_frame = tuple(jnp.moveaxis(part, 1, 0) for part in (x, b, to_come))
    memory, etas = jax.lax.scan(listen, forecaster.start(len(x)), by_frame[:2])
    draws = None if key is None else jax.random.split(key, n_steps)
    _, frames = jax.lax.scan(go_on, (memory, etas[-1]), (by_frame[2], draws))
    return jnp.moveaxis(frames, 0, 1)
