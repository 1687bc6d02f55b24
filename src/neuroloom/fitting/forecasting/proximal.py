"""Adam with a rate of its own for connectivities, and an L1 penalty that reaches exactly 0."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree

from neuroloom.networks.forecasting import SessionForecasters

__all__ = ["forecaster_optimizer"]

EPSILON = 1e-8


class _State(NamedTuple):
    """Moments of the gradient, and the penalty of every leaf that has one."""

    adam: Any
    limit: PyTree


def forecaster_optimizer(
    *,
    learning_rate: float,
    connectivity_rate: float,
    n_steps: int,
    limits: Sequence[float],
    costs: Sequence[Float[Array, "post pre"] | None],
) -> optax.GradientTransformation:
    r"""Adam, each step followed by the proximal step of an L1 penalty on sparse connectivities.

    $$p \leftarrow S\left(p - \alpha\, \hat m / (\sqrt{\hat v} + \epsilon),\;
    \alpha\, \lambda / (\sqrt{\hat v} + \epsilon)\right), \qquad
    S(p, \tau) = \mathrm{sign}(p) \max(|p| - \tau, 0)$$

    The threshold is in the metric of the step, so that what stands still under the mean gradient g
    is a minimum of the penalized loss: g = -lambda sign(p), or |g| <= lambda at p = 0. Both rates
    fall to a twentieth of themselves along a cosine.

    Args:
        learning_rate: Alpha of everything else.
        connectivity_rate: Alpha of connectivities.
        n_steps: Over which the rates fall.
        limits: Lambda of each session.
        costs: By what it is multiplied at each connection; None for 1.

    Source:
        Kingma and Ba, ICLR 2015. Proximal steps in the metric of an adaptive method: Yun, Lozano
        and Yang, NeurIPS 2021, arXiv 2007.07914.
    """
    rates = (learning_rate, connectivity_rate, n_steps)
    if all(cost is None for cost in costs):
        return _without_costs(rates, tuple(limits))
    return _optimizer(rates, tuple(limits), tuple(costs))


@lru_cache(maxsize=16)
def _without_costs(
    rates: tuple[float, float, int], limits: tuple[float, ...]
) -> optax.GradientTransformation:
    """One object for the same numbers, so that a second fit finds its compiled program."""
    return _optimizer(rates, limits, (None,) * len(limits))


def _optimizer(
    rates: tuple[float, float, int],
    limits: tuple[float, ...],
    costs: tuple[Array | None, ...],
) -> optax.GradientTransformation:
    learning_rate, connectivity_rate, n_steps = rates
    adam = optax.scale_by_adam(eps=EPSILON)
    fall = optax.cosine_decay_schedule(1.0, n_steps, alpha=0.05)

    def init(params: Any) -> _State:
        limit = jax.tree.map(lambda leaf: jnp.zeros((), leaf.dtype), params)
        of_sessions = zip(params.circuits, limits, costs, strict=True)
        for number, (circuit, least, cost) in enumerate(of_sessions):
            if circuit.connectivity.sparse() is not None:
                each = jnp.ones(()) if cost is None else cost[None]
                limit = eqx.tree_at(_sparse(number), limit, least * each)
        return _State(adam.init(params), limit)

    def update(updates: Any, state: Any, params: Any = None) -> tuple[PyTree, _State]:
        now = fall(state.adam.count)
        moments: Any
        direction, moments = adam.update(updates, state.adam)
        rate = jax.tree.map(lambda _: learning_rate * now, params)
        rate = eqx.tree_at(_connectivities, rate, replace_fn=lambda _: connectivity_rate * now)
        correction = 1 - 0.999**moments.count

        def change(p: Array, d: Array, v: Array, alpha: Array, limit: Array) -> Array:
            tau = alpha * limit / (jnp.sqrt(v / correction) + EPSILON)
            moved = p - alpha * d
            return jnp.sign(moved) * jnp.maximum(jnp.abs(moved) - tau, 0.0) - p

        steps = jax.tree.map(change, params, direction, moments.nu, rate, state.limit)
        return steps, _State(moments, state.limit)

    return optax.GradientTransformation(init, update)


def _sparse(session: int) -> Callable[[SessionForecasters], Any]:
    return lambda tree: tree.circuits[session].connectivity.sparse()


def _connectivities(tree: SessionForecasters) -> list:
    return [leaf for c in tree.circuits for leaf in c.connectivity.trained()]
