"""The loss of forecasts: of any cut, of what was not observed, of one step and of many."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forecasters import as_numpy, drawn, quick_compiler
from neuroloom.fitting.devices import trials_over_devices
from neuroloom.fitting.forecasting import ForecastLoss
from neuroloom.fitting.forecasting.segments import Segments
from neuroloom.networks.forecasting import (
    Blueprint,
    Gaussian,
    Gru,
    Mlp,
    Poisson,
    SessionForecasters,
    rollout,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


KEY = jax.random.key(0)
BLUEPRINT = Blueprint(decoder=Mlp(window=2, hidden=3), n_lags=2, n_embedding=2)


def segments(rng, n_segments=5, n_frames=6, n=4, n_context=3):
    frames = n_context + n_frames - 1
    return Segments(
        *(
            rng.normal(size=shape)
            for shape in (
                (n_segments, frames, n),
                (n_segments, frames, 2),
                (n_segments, n_frames, n),
            )
        )
    )


def network(blueprint, rng):
    forecaster = drawn(blueprint, rng)
    return SessionForecasters(forecaster.decoder, (forecaster.circuit,), forecaster.likelihood)


@eqx.filter_jit
def value_and_gradient(model, batch, weight, loss):
    return eqx.filter_value_and_grad(lambda m: loss(m, batch, weight, KEY))(model)


def close(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("likelihood", "decoder"),
    [(Gaussian(), Gru(window=2, hidden=3)), (Poisson(), Mlp(window=2, hidden=3))],
)
def test_the_loss_is_the_mean_over_observed_entries_however_it_is_cut(likelihood, decoder, rng):
    model = network(Blueprint(decoder=decoder, n_lags=2, likelihood=likelihood), rng)
    batch = segments(rng)
    batch = batch._replace(target=np.abs(np.round(3 * batch.target)))
    batch.target[1, 2, 3] = np.nan
    weight = jnp.array([1.0, 1.0, 0.0, 2.0, 1.0])

    def plain(m):
        eta = m.of(0)(jnp.asarray(batch.activity), jnp.asarray(batch.behavior))
        each = likelihood.loss(eta, jnp.nan_to_num(batch.target))
        counted = weight[:, None, None] * ~np.isnan(batch.target)
        return jnp.sum(counted * each) / jnp.sum(counted)

    expected = eqx.filter_jit(eqx.filter_value_and_grad(plain))(model)
    close(value_and_gradient(model, (batch,), weight, ForecastLoss(together=2)), expected)
    with trials_over_devices(alone=True):
        assert jax.local_device_count() == 2
        close(value_and_gradient(model, (batch,), weight, ForecastLoss()), expected)


def test_what_is_not_observed_or_has_no_weight_changes_no_value_and_no_gradient(rng):
    model, batch = network(BLUEPRINT, rng), segments(rng)
    batch.target[0, 3] = np.nan
    weight = jnp.array([1.0, 1.0, 1.0, 1.0, 0.0])
    first = value_and_gradient(model, (batch,), weight, ForecastLoss())
    other = batch._replace(
        **{name: getattr(batch, name).copy() for name in ("activity", "target", "behavior")}
    )
    for part in other:
        part[4] = np.nan
    second = value_and_gradient(model, (other,), weight, ForecastLoss())
    close(first, second)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(first))
    nothing = batch._replace(target=np.full_like(batch.target, np.nan))
    value, gradient = value_and_gradient(model, (nothing,), weight, ForecastLoss())
    assert value == 0
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(gradient))


def test_a_frame_that_was_not_observed_counts_as_the_mean(rng):
    model, batch = network(BLUEPRINT, rng), segments(rng)
    batch.activity[2, 4, 1] = np.nan
    at_mean = batch._replace(activity=np.nan_to_num(batch.activity))
    one, other = (
        value_and_gradient(model, (b,), jnp.ones(5), ForecastLoss()) for b in (batch, at_mean)
    )
    close(one, other)


@pytest.mark.parametrize("decoder", [Mlp(window=2, hidden=3), Gru(window=2, hidden=3)])
def test_without_data_the_loss_is_that_of_a_rollout(decoder, rng):
    model, batch = network(Blueprint(decoder=decoder, n_lags=2, n_embedding=2), rng), segments(rng)
    scaling = as_numpy(model.circuits[0].scaling)
    history = scaling.mean + scaling.sd * batch.activity[:, :3]
    behavior = scaling.behavior_mean + scaling.behavior_sd * batch.behavior
    free = eqx.filter_jit(rollout)(
        model.of(0), history, 6, behavior=behavior[:, :3], future=behavior[:, 3:]
    )
    expected = 0.5 * np.mean(((np.asarray(free) - scaling.mean) / scaling.sd - batch.target) ** 2)
    loss = eqx.filter_jit(ForecastLoss(data_share=0.0))
    np.testing.assert_allclose(loss(model, (batch,), jnp.ones(5), KEY), expected, rtol=1e-9)


def test_with_all_data_the_loss_of_many_steps_is_that_of_one(rng):
    model, batch = network(BLUEPRINT, rng), segments(rng)
    one, other = (
        value_and_gradient(model, (batch,), jnp.ones(5), ForecastLoss(data_share=share))
        for share in (1.0, 1 - 1e-13)
    )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
