"""Small forecasters whose every parameter is drawn, and linear circuits with known wiring."""

import contextlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.networks.forecasting import (
    Anywhere,
    Blueprint,
    Gru,
    Mlp,
    Reference,
    Scaling,
    average_jacobian,
    rollout,
)

N, T, C = 4, 12, 2
MLP, GRU = Mlp(window=3, hidden=5), Gru(window=3, hidden=5)
BLUEPRINTS = {
    "mlp": Blueprint(decoder=MLP, n_lags=2, n_embedding=3),
    "gru": Blueprint(decoder=GRU, n_lags=2, n_embedding=3),
}
every_decoder = pytest.mark.parametrize("blueprint", BLUEPRINTS.values(), ids=BLUEPRINTS)


@eqx.filter_jit
def run(forecaster, x, b):
    return forecaster(x, b)


forecast = eqx.filter_jit(lambda forecaster, x, b: forecaster.forecast(x, b))
jacobian = eqx.filter_jit(average_jacobian)
free_run = eqx.filter_jit(rollout)


@contextlib.contextmanager
def quick_compiler():
    """Within it XLA spends little on code that runs for milliseconds: half the time of a test."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@eqx.filter_jit
def _start(blueprint, parts):
    return blueprint.draw(*parts, key=jax.random.key(0)).of(0)


def drawn(blueprint, rng, *, n=N, n_channels=C, structure=None, size=0.4):
    """A forecaster with nothing at 0: readouts, linear paths, connectivities."""
    scaling = Scaling(
        *(jnp.asarray(rng.uniform(0.5, 2.0, k)) for k in (n, n, n_channels, n_channels))
    )
    frames = blueprint.n_context
    reference = Reference(*map(jnp.asarray, series(rng, 3, frames, n, n_channels)))
    parts = ([scaling], [structure or Anywhere(n)], [reference])
    leaves, form = jax.tree.flatten(_start(blueprint, parts))
    moved = [
        jnp.asarray(np.asarray(leaf) + size * rng.normal(size=leaf.shape))
        if eqx.is_inexact_array(leaf)
        else leaf
        for leaf in leaves
    ]
    forecaster = jax.tree.unflatten(form, moved)
    kept = (scaling, *reference)
    return eqx.tree_at(lambda f: (f.circuit.scaling, *f.circuit.reference), forecaster, kept)


def series(rng, n_trials=2, n_frames=T, n=N, n_channels=C):
    """Activity and behavior, in SD."""
    shape = (n_trials, n_frames)
    return rng.normal(size=(*shape, n)), rng.normal(size=(*shape, n_channels))


def as_numpy(module):
    """A copy whose arithmetic XLA does not have to compile."""
    return jax.tree.map(lambda a: np.asarray(a) if eqx.is_array(a) else a, module)


def vector_autoregression(weight, n_frames, rng):
    """x[t + 1] = sum over lags of weight[lag] x[t - lag] + noise of SD 1, as one trial."""
    n_lags, n, _ = weight.shape
    x = np.zeros((n_frames + 50, n))
    for t in range(n_lags, len(x)):
        past = sum(weight[lag] @ x[t - 1 - lag] for lag in range(n_lags))
        x[t] = past + rng.normal(size=n)
    return x[None, 50:]


def sparse_weight(n, rng, *, n_lags=1, own=0.3, strength=0.35, density=0.2):
    """`weight[lag, post, pre]` of a stable circuit: a few strong connections of either sign."""
    weight = strength * rng.choice([-1, 1], (n_lags, n, n)) * (rng.random((n_lags, n, n)) < density)
    weight[:, np.arange(n), np.arange(n)] = 0
    weight[0, np.arange(n), np.arange(n)] = own
    return weight
