"""Forecasters of several sessions: what they share, what is their own, what can be carried over."""

import jax
import numpy as np
import pytest

from forecasters import quick_compiler, sparse_weight, vector_autoregression
from neuroloom.analysis.perturbation import FromForecast, Pulse, response
from neuroloom.errors import InputError
from neuroloom.fitting.forecasting import Session, Training, fit_forecasters, transfer
from neuroloom.networks.forecasting import Blueprint, Mlp


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


SMALL = Blueprint(decoder=Mlp(window=2, hidden=4), n_embedding=2)


@pytest.fixture(scope="module")
def two_animals():
    """Other neurons, other numbers of them, the same kind of neuron."""
    rng = np.random.default_rng(5)
    weights = [sparse_weight(n, rng) for n in (4, 6)]
    sessions = [
        Session(vector_autoregression(w, n, rng)) for w, n in zip(weights, (900, 700), strict=True)
    ]
    training = Training(
        n_steps=150, n_frames=25, batch_size=16, learning_rate=0.01, connectivity_rate=0.01
    )
    result = fit_forecasters(
        sessions, SMALL, training=training, key=jax.random.key(0), n_members=2, progress=False
    )
    return weights, sessions, training, result


def off_diagonal(weight):
    return weight[~np.eye(len(weight), dtype=bool)]


def test_a_pulse_to_a_neuron_reaches_those_it_drives(two_animals):
    weights, sessions, _, result = two_animals
    for number, (weight, session) in enumerate(zip(weights, sessions, strict=True)):
        ours = result.of_session(number)
        x = session.activity
        np.testing.assert_allclose(
            ours.predict(x), result.forecast(x, session=number).mean(axis=0), equal_nan=True
        )
        history = np.concatenate([x[:, k : k + ours.n_lags] for k in range(0, 400, 20)])
        model = FromForecast(ours)
        n = len(weight[0])
        after = [response(model, [Pulse((i,), 0.5)], history, 2)[1] / 0.5 for i in range(n)]
        found = np.stack(after, axis=1)
        r = np.corrcoef(off_diagonal(found), off_diagonal(weight[0]))[0, 1]
        assert r > 0.9 > np.corrcoef(off_diagonal(found.T), off_diagonal(weight[0]))[0, 1]
    with pytest.raises(InputError, match="in which they were given"):
        result.of_session(2)


def test_sessions_of_different_sizes_share_a_decoder_and_nothing_else(two_animals):
    weights, sessions, _, result = two_animals
    assert repr(result).startswith("FittedForecasters(2 sessions of [4, 6] neurons")
    for number, (weight, session) in enumerate(zip(weights, sessions, strict=True)):
        found = result.connectivity(session=number)
        assert found.shape == (2, 1, *weight[0].shape)
        for member in range(2):
            r = np.corrcoef(off_diagonal(found[member, 0]), off_diagonal(weight[0]))[0, 1]
            assert r > 0.9
        forecasts = result.forecast(session.activity, session=number)
        assert forecasts.shape == (2, *session.activity.shape)
    one, other = (result.forecaster(0, session).decoder for session in (0, 1))
    assert one is other or all(
        (a == b).all() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )
    with pytest.raises(InputError, match="in which they were given"):
        result.forecast(sessions[0].activity, session=2)


def test_transfer_leaves_every_decoder_bit_identical_and_learns_the_new_circuit(two_animals):
    _, _, training, before = two_animals
    rng = np.random.default_rng(9)
    weight = sparse_weight(5, rng, density=0.4)
    session = Session(vector_autoregression(weight, 900, rng))
    after = transfer(before, [session], training=training, key=jax.random.key(2), progress=False)
    assert after.n_members == 2
    for member in range(2):
        pairs = (jax.tree.leaves(f.forecaster(member).decoder) for f in (before, after))
        for old, new in zip(*pairs, strict=True):
            np.testing.assert_array_equal(old, new)
        found = after.connectivity()[member, 0]
        assert np.corrcoef(off_diagonal(found), off_diagonal(weight[0]))[0, 1] > 0.9
    assert not np.array_equal(*(after.forecaster(m).decoder.readout for m in range(2)))
