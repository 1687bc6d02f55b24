"""What fitting a forecaster promises: it recovers, freezes, stops in time, resumes, repeats."""

import jax
import numpy as np
import pytest

from forecasters import quick_compiler, vector_autoregression
from neuroloom.fitting import Fit
from neuroloom.fitting.forecasting import (
    Session,
    Training,
    decoder_and_circuits,
    fit_forecasters,
)
from neuroloom.networks.forecasting import (
    Blueprint,
    HardMask,
    Mlp,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


SMALL = Blueprint(decoder=Mlp(window=2, hidden=4), n_embedding=2)
SHORT = Training(
    n_steps=200, n_frames=25, batch_size=16, learning_rate=0.01, connectivity_rate=0.01, l1=0.7
)
ALL = np.ones((3, 3))


@pytest.fixture(scope="module")
def chain():
    """a -> b excites, b -> c inhibits."""
    weight = 0.4 * np.eye(3)
    weight[1, 0], weight[2, 1] = 0.7, -0.7
    return vector_autoregression(weight[None], 1_500, np.random.default_rng(3))


def fitted(activity, *, allowed=ALL, training=SHORT, **choices):
    session = Session(activity, structure=HardMask(allowed))
    settings = {"n_members": 1, "key": jax.random.key(0), "progress": False}
    return fit_forecasters([session], SMALL, training=training, **(settings | choices))


@pytest.fixture(scope="module")
def of_chain(chain):
    return fitted(chain)


def same(one, other):
    pairs = zip(jax.tree.leaves(one.parameters), jax.tree.leaves(other.parameters), strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)


def test_a_chain_is_found_from_pre_to_post_with_its_signs(of_chain, chain):
    weight = of_chain.connectivity()[0, 0]
    assert weight[1, 0] > 0.4
    assert weight[2, 1] < -0.4
    none = np.array([[0, 0, 1, 2], [1, 2, 2, 0]])
    assert np.abs(weight[none[0], none[1]]).max() < 0.05
    jacobian = of_chain.average_jacobian(chain)[0]
    np.testing.assert_allclose(jacobian[[1, 2], [0, 1]], [0.7, -0.7], atol=0.1)
    np.testing.assert_allclose(np.diag(jacobian), 0.4, atol=0.1)


def test_the_penalty_sets_weights_to_exactly_0(of_chain):
    weight = of_chain.connectivity()[0, 0]
    assert (weight[[0, 0, 1, 2], [1, 2, 2, 0]] == 0).sum() >= 2


def test_a_hard_mask_leaves_exact_zeros_and_the_rest_is_fitted(chain):
    allowed = ALL.copy()
    allowed[1, 0] = 0
    weight = fitted(chain, allowed=allowed).connectivity()[0, 0]
    assert weight[1, 0] == 0
    assert weight[2, 1] < -0.4


def test_forecasts_come_close_to_the_noise_and_stand_at_their_frame(of_chain, chain):
    error = of_chain.forecast(chain)[0] - chain
    assert np.isnan(error[:, :2]).all()
    np.testing.assert_allclose(np.nanmean(error**2, axis=(0, 1)), 1.0, atol=0.12)
    late = np.nanmean((of_chain.forecast(chain)[0][:, :-1] - chain[:, 1:]) ** 2)
    assert late > 1.5


def test_the_last_part_says_when_to_stop_and_is_learned_from_in_no_other_way(chain):
    """Its values move neither means and SDs nor a single parameter on the way."""
    endless = Training(**{**vars(SHORT), "patience": None, "n_steps": 50})
    other = chain.copy()
    n_aside = round(0.15 * 60) * 25
    other[:, -n_aside + 2 :] = 5 * np.random.default_rng(0).normal(
        size=other[:, -n_aside + 2 :].shape
    )
    runs = [fitted(x, training=endless) for x in (chain, other)]
    same(runs[0].fit, runs[1].fit)
    np.testing.assert_array_equal(runs[0].fit.history, runs[1].fit.history)
    assert not np.array_equal(*(run.fit.validation_history for run in runs))
    for name in ("mean", "sd"):
        np.testing.assert_array_equal(
            *(getattr(run.network.circuits[0].scaling, name) for run in runs)
        )


def test_training_stops_when_the_last_part_gets_no_better(chain):
    """On noise there is nothing to learn but the noise."""
    noise = np.random.default_rng(1).normal(size=chain.shape)[:, :400]
    eager = Training(**{**vars(SHORT), "patience": 2, "l1": 0.0, "check_every": 10})
    result = fitted(noise, training=eager)
    assert result.fit.status == ("stopped early",)
    history = result.fit.validation_history[:, 0]
    assert len(history) < 20
    best = np.nanargmin(history)
    assert len(history) - 1 - best == 2


def test_an_interrupted_fit_resumes_to_the_same_numbers(chain, of_chain, tmp_path):
    path = tmp_path / "forecaster"
    notes = []

    def interrupt(note):
        notes.append(note)
        if len(notes) == 2:
            raise KeyboardInterrupt

    half = fitted(chain, checkpoint=path, on_check=interrupt)
    assert not half.fit.finished
    assert len(half.fit.history) == 2
    whole = fitted(chain, checkpoint=path)
    same(whole.fit, of_chain.fit)
    np.testing.assert_array_equal(whole.fit.history, of_chain.fit.history)


def test_a_saved_fit_comes_back(of_chain, chain, tmp_path):
    of_chain.save(tmp_path / "fit.eqx")
    back = Fit.load(tmp_path / "fit.eqx", of_chain.network, decoder_and_circuits)
    same(back, of_chain.fit)
