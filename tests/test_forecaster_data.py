"""Sessions, what is cut out of them, likelihoods, and the optimizer's proximal step."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from forecasters import quick_compiler
from neuroloom.errors import InputError
from neuroloom.fitting.forecasting import Session, Training, fit_forecasters
from neuroloom.fitting.forecasting.proximal import forecaster_optimizer
from neuroloom.fitting.forecasting.segments import cut, lay_out
from neuroloom.networks.forecasting import (
    Anywhere,
    Blueprint,
    ExpLink,
    Gaussian,
    Mlp,
    Poisson,
    Reference,
    Scaling,
    SoftplusLink,
)
from neuroloom.recording import Recording


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


KEY = jax.random.key(0)
BLUEPRINT = Blueprint(decoder=Mlp(window=2, hidden=3), n_lags=2, n_embedding=2)


def test_means_and_sds_are_those_of_the_training_frames(rng):
    x, b = rng.normal(2, 3, (2, 50, 3)), rng.normal(size=(2, 50, 1))
    x[0, 4, 1] = np.nan
    training = np.ones((2, 50), bool)
    training[1, 20:] = False
    scaling = Scaling.learned(x, b, training)
    seen = np.concatenate([x[0], x[1, :20]])
    np.testing.assert_allclose(scaling.mean, np.nanmean(seen, axis=0))
    np.testing.assert_allclose(scaling.sd, np.nanstd(seen, axis=0))
    np.testing.assert_allclose(scaling.restore(scaling.standardize(jnp.asarray(x))), x)
    flat = x.copy()
    flat[..., 2] = 5.0
    assert Scaling.learned(flat, b, training).sd[2] == 1
    x[:, :, 1] = np.nan
    with pytest.raises(InputError, match=r"Neuron 1 must be observed.*Leave it out"):
        Scaling.learned(x, b, training)


def test_every_frame_with_a_context_is_a_target_once_and_the_last_ones_are_set_aside(rng):
    x = np.arange(2 * 30, dtype=float).reshape(2, 30, 1)
    session = Session(x)
    where = cut(session, n_context=3, n_frames=5, validation=0.2)
    still = Scaling(*map(jnp.asarray, (np.zeros(1), np.ones(1), np.zeros(0), np.ones(0))))
    parts = lay_out([session], [where], [still], Gaussian(), n_context=3, n_frames=5)
    trained, aside = (part[0] for part in parts)
    targets = [part.target[~np.isnan(part.target)] for part in (trained, aside)]
    np.testing.assert_array_equal(np.r_[tuple(targets)], x[:, 3:].ravel())
    assert len(aside.target) == round(0.2 * 12)
    assert targets[0].max() < targets[1].min()
    np.testing.assert_array_equal(x[where.training].ravel(), np.arange(targets[1].min()))
    for part in (trained, aside):
        np.testing.assert_array_equal(part.activity[:, 3:, 0], part.target[:, :-1, 0])
        assert part.activity.shape[1] == 3 + 5 - 1


def test_a_shorter_session_is_filled_up_with_segments_without_a_target(rng):
    sessions = [Session(rng.normal(size=(1, n, 2))) for n in (52, 27)]
    cuts = [cut(s, n_context=2, n_frames=5, validation=0.2) for s in sessions]
    scalings = [
        Scaling.learned(s.activity, s.behavior, c.training)
        for s, c in zip(sessions, cuts, strict=True)
    ]
    trained, aside = lay_out(sessions, cuts, scalings, Gaussian(), n_context=2, n_frames=5)
    assert [len(part.target) for part in (*trained, *aside)] == [8, 8, 2, 2]
    assert np.isnan(trained[1].target[4:]).all()
    assert not np.isnan(trained[1].target[:4]).any()


def test_proximal_steps_end_at_the_minimum_of_the_penalized_loss(rng):
    """Of (w - c)^2 / 2 + limit cost |w|, which is c drawn toward 0 by limit cost."""
    runs = Reference(jnp.zeros((1, 3, 3)), jnp.zeros((1, 3, 0)))
    model = BLUEPRINT.draw([_scaling(3)], [Anywhere(3)], [runs], key=KEY)
    center, cost = jnp.asarray(rng.normal(size=(2, 3, 3))), jnp.asarray(rng.uniform(0, 2, (3, 3)))
    optimizer = forecaster_optimizer(
        learning_rate=0.1, connectivity_rate=0.05, n_steps=600, limits=[0.5], costs=[cost]
    )
    moved, still = eqx.partition(model, eqx.is_inexact_array)

    def loss(moved):
        weight = eqx.combine(moved, still).circuits[0].connectivity.value
        others = (moved.decoder.bias, moved.circuits[0].own)
        return 0.5 * jnp.sum((weight - center) ** 2) + sum(jnp.sum((p - 1) ** 2) for p in others)

    def step(carry, _):
        moved, state = carry
        update, state = optimizer.update(jax.grad(loss)(moved), state, moved)
        return (optax.apply_updates(moved, update), state), None

    (moved, _), _ = jax.jit(lambda m: jax.lax.scan(step, (m, optimizer.init(m)), None, length=600))(
        moved
    )
    shrunk = jnp.sign(center) * jnp.maximum(jnp.abs(center) - 0.5 * cost[None], 0)
    np.testing.assert_allclose(moved.circuits[0].connectivity.value, shrunk, atol=2e-3)
    assert ((moved.circuits[0].connectivity.value == 0) == (shrunk == 0)).all()
    np.testing.assert_allclose(moved.circuits[0].own, 1.0, atol=1e-3)


def test_each_likelihood_is_that_of_scipy_and_each_link_has_its_inverse(rng):
    from scipy import stats

    eta, scaling = jnp.linspace(-20.0, 3.0, 24), _scaling(24)
    counts = jnp.asarray(rng.poisson(1.0, 24).astype(float))
    for link in (ExpLink(), SoftplusLink()):
        rate = np.asarray(link.rate(eta))
        known = np.asarray(Poisson(link).loss(eta, counts))
        logs = stats.poisson.logpmf(np.asarray(counts), rate) + stats.poisson.logpmf(0, 0)
        from scipy.special import gammaln

        np.testing.assert_allclose(
            known, -logs - gammaln(np.asarray(counts) + 1), rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(link.eta(link.rate(eta)), eta, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            Poisson(link).expected(Poisson(link).bias(scaling), scaling), scaling.mean
        )
    np.testing.assert_allclose(Gaussian().loss(eta, counts), 0.5 * np.asarray(eta - counts) ** 2)
    silent = eqx.tree_at(lambda s: s.mean, scaling, jnp.zeros(24))
    np.testing.assert_allclose(Poisson().expected(Poisson().bias(silent), silent), 1e-3)


def _scaling(n, n_channels=0):
    return Scaling(jnp.ones(n), jnp.ones(n), jnp.zeros(n_channels), jnp.ones(n_channels))


def test_a_recording_becomes_a_session_with_the_behavior_asked_for(rng):
    x, speed = rng.normal(size=(1, 20, 2)), rng.normal(size=(1, 20))
    recording = Recording(
        x, np.array(["a", "b"]), kind="rate", dt=0.1, behavior={"speed": speed}, name="worm"
    )
    session = Session.from_recording(recording, behavior=["speed"])
    np.testing.assert_array_equal(session.activity, x)
    np.testing.assert_array_equal(session.behavior[..., 0], speed)
    assert (
        repr(session) == "Session(worm: 1 trials x 20 frames x 2 neurons, 1 channels of behavior)"
    )
    with pytest.raises(InputError, match="Did you mean `speed`"):
        Session.from_recording(recording, behavior=["sped"])


def tiny(x=None, **choices):
    x = np.zeros((1, 40, 2)) if x is None else x
    return Session(x, **choices)


def fit_tiny(sessions, **choices):
    return fit_forecasters(sessions, key=KEY, n_members=1, progress=False, **choices)


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: tiny(np.zeros((4, 2))), r"Add `\[None\]` for a single trial"),
        (lambda: tiny(np.full((1, 4, 2), np.inf)), "mark them as NaN"),
        (lambda: tiny(behavior=np.zeros((1, 3, 1))), r"The axes are \(trial, time, channel\)"),
        (lambda: tiny(structure=Anywhere(3)), "in the order of the recording"),
        (lambda: Training(n_frames=0), "Leave it out for the default"),
        (lambda: Training(l1=-1.0), "0 switches it off"),
        (lambda: Training(data_share=2.0), "0 runs free over each segment"),
        (lambda: Training(validation=1.0), "sets the last 15 % aside"),
        (lambda: fit_tiny([]), "Give one"),
        (lambda: fit_tiny([tiny(), tiny(behavior=np.zeros((1, 40, 1)))]), "not in all of them"),
        (lambda: fit_tiny([tiny(np.zeros((1, 5, 2)))]), "a shorter window or more data"),
        (
            lambda: fit_tiny(
                [tiny(np.full((1, 40, 2), 0.5))], blueprint=Blueprint(likelihood=Poisson())
            ),
            r"or use `Gaussian\(\)`",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()
