"""What was planted is found: autoregressions of two lags, and spiking networks."""

import jax
import numpy as np
import pytest

from forecasters import quick_compiler, vector_autoregression
from neuroloom.fitting.forecasting import Session, Training, fit_forecasters
from neuroloom.networks.forecasting import (
    Blueprint,
    Free,
    LowRank,
    Mlp,
    Poisson,
    SparseAndLowRank,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


@pytest.mark.parametrize(
    "form", [Free(), pytest.param(LowRank(4), marks=pytest.mark.slow), SparseAndLowRank(2)]
)
def test_a_planted_autoregression_of_two_lags_is_recovered(form):
    rng = np.random.default_rng(2)
    low = rng.normal(size=(2, 5, 2)) @ rng.normal(size=(2, 2, 5))
    weight = 0.35 * low / np.abs(np.linalg.eigvals(low)).max()
    weight[:, np.arange(5), np.arange(5)] = 0.1
    x = vector_autoregression(weight, 4_000, rng)
    blueprint = Blueprint(
        decoder=Mlp(window=1, hidden=2, reads_current=False),
        connectivity=form,
        n_lags=2,
        n_embedding=1,
    )
    training = Training(
        n_steps=300, batch_size=32, learning_rate=0.02, connectivity_rate=0.02, l1=0.0
    )
    result = fit_forecasters(
        [Session(x)],
        blueprint,
        training=training,
        key=jax.random.key(0),
        n_members=1,
        progress=False,
    )
    past = np.concatenate([x[0, 1:-1], x[0, :-2]], axis=1)
    least_squares = np.linalg.lstsq(past, x[0, 2:], rcond=None)[0].T.reshape(5, 2, 5)
    for lag in range(2):
        found = off_diagonal(result.connectivity()[0, lag])
        np.testing.assert_allclose(found, off_diagonal(least_squares[:, lag]), atol=0.06)
        np.testing.assert_allclose(found, off_diagonal(weight[lag]), atol=0.1)


def test_spike_counts_show_who_drives_whom():
    rng = np.random.default_rng(4)
    weight = np.zeros((3, 3))
    weight[1, 0], weight[2, 1] = 1.2, -1.2
    counts = np.zeros((3_000, 3))
    for t in range(1, len(counts)):
        counts[t] = rng.poisson(np.log1p(np.exp(weight @ counts[t - 1] - 0.2)))
    blueprint = Blueprint(decoder=Mlp(window=1, hidden=2), n_embedding=1, likelihood=Poisson())
    training = Training(
        n_steps=300, batch_size=16, learning_rate=0.01, connectivity_rate=0.02, l1=0.0
    )
    result = fit_forecasters(
        [Session(counts[None])],
        blueprint,
        training=training,
        key=jax.random.key(0),
        n_members=1,
        progress=False,
    )
    found = result.connectivity()[0, 0]
    np.testing.assert_allclose(found[[1, 2], [0, 1]], [1.2, -1.2], atol=0.25)
    assert np.abs(found[[0, 0, 2, 1], [1, 2, 0, 2]]).max() < 0.15
    rate = result.forecast(counts[None])[0, 0, 1:]

    def nll(expected):
        return (expected - counts[1:] * np.log(expected)).mean()

    assert (rate > 0).all()
    assert nll(rate) < nll(np.broadcast_to(counts.mean(axis=0), rate.shape)) - 0.02
    truth = np.log1p(np.exp(counts[:-1] @ weight.T - 0.2))
    assert nll(rate) < nll(truth) + 0.005


def off_diagonal(weight):
    return weight[~np.eye(len(weight), dtype=bool)]
