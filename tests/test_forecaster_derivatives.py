"""What is made of a forecaster: Jacobians, gradients, rollouts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forecasters import (
    BLUEPRINTS,
    GRU,
    MLP,
    N,
    T,
    drawn,
    every_decoder,
    forecast,
    free_run,
    jacobian,
    quick_compiler,
    series,
)
from neuroloom.errors import InputError
from neuroloom.networks.forecasting import (
    Blueprint,
    Free,
    LowRank,
    Poisson,
    SparseAndLowRank,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


@pytest.mark.parametrize(
    "likelihood", [Blueprint().likelihood, Poisson()], ids=["normal", "counts"]
)
@every_decoder
def test_the_average_jacobian_equals_finite_differences(blueprint, likelihood, rng):
    parts = {"decoder": blueprint.decoder, "n_lags": 2, "n_embedding": 3, "likelihood": likelihood}
    f = drawn(Blueprint(**parts), rng)
    x, b = series(rng)

    @jax.jit
    def shifted(time, pre, by):
        moved = jnp.asarray(x).at[:, time, pre].add(by)
        eta = f(*f.inputs(moved, jnp.asarray(b)))[:, time - f.n_context + 1]
        return f.likelihood.expected(eta, f.circuit.scaling).mean(axis=0)

    differences, h = np.zeros((N, N)), 1e-5
    times = range(f.n_context - 1, T)
    for time in times:
        for pre in range(N):
            change = shifted(time, pre, h) - shifted(time, pre, -h)
            differences[:, pre] += np.asarray(change) / (2 * h) / len(times)
    np.testing.assert_allclose(jacobian(f, x, b), differences, rtol=1e-6, atol=1e-8)
    sd = np.asarray(f.circuit.scaling.sd)
    np.testing.assert_allclose(
        jacobian(f, x, b, standardized=True), differences * sd[None] / sd[:, None], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("form", "decoder"),
    [(Free(0.5), GRU), (LowRank(2, 0.5), MLP), (SparseAndLowRank(2, 0.5), MLP)],
)
def test_gradients_of_every_parameter_equal_finite_differences(form, decoder, rng):
    f = drawn(Blueprint(decoder=decoder, connectivity=form, n_lags=2, n_embedding=2), rng)
    x, b = series(rng, n_trials=1, n_frames=7)
    x, b = jnp.asarray(x), jnp.asarray(b)
    moved, still = eqx.partition(f, eqx.is_inexact_array)
    value = jax.jit(lambda moved: jnp.sum(jnp.sin(eqx.combine(moved, still)(x, b))))
    gradient = jax.tree.leaves(jax.jit(jax.grad(value))(moved))
    leaves, tree = jax.tree.flatten(jax.tree.map(np.asarray, moved))
    for number, leaf in enumerate(leaves):
        direction = rng.normal(size=leaf.shape)
        ends = []
        for step in (1e-6, -1e-6):
            shifted = [*leaves[:number], leaf + step * direction, *leaves[number + 1 :]]
            ends.append(float(value(jax.tree.unflatten(tree, shifted))))
        found = np.sum(np.asarray(gradient[number]) * direction)
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-7)


def test_the_first_frame_of_a_rollout_is_the_forecast_and_the_next_ones_build_on_it(rng):
    f = drawn(BLUEPRINTS["gru"], rng)
    x, b = series(rng)
    free = np.asarray(free_run(f, x[:, :8], 3, behavior=b[:, :8], future=b[:, 8:]))
    so_far = x[:, :8]
    for step in range(3):
        longer = np.concatenate([so_far, x[:, :1]], axis=1)
        expected = np.asarray(forecast(f, longer, b[:, : longer.shape[1]]))[:, -1]
        np.testing.assert_allclose(free[:, step], expected, rtol=1e-9)
        so_far = np.concatenate([so_far, expected[:, None]], axis=1)


def test_sampled_rollouts_are_counts_whose_mean_is_the_rate(rng):
    f = drawn(Blueprint(decoder=MLP, likelihood=Poisson(), n_embedding=2), rng)
    x, b = (part[:1] for part in series(rng))
    many, shown = (np.repeat(part, 4_000, axis=0) for part in (x, b))
    counts = np.asarray(free_run(f, many, 2, behavior=shown, key=jax.random.key(0)))
    assert (np.asarray(counts) == np.round(counts)).all()
    rate = np.asarray(free_run(f, x, 1, behavior=b))[0, 0]
    error = np.asarray(counts[:, 0].mean(axis=0) - rate) / np.sqrt(rate / 4_000)
    assert np.abs(error).max() < 4
    with pytest.raises(InputError, match=r"fit counts with `Poisson\(\)`"):
        free_run(drawn(BLUEPRINTS["mlp"], rng), x, 1, behavior=b, key=jax.random.key(0))
    with pytest.raises(InputError, match="Give a longer history"):
        free_run(f, x[:, :1], 1, behavior=b[:, :1])
