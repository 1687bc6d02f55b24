"""What a forecaster promises: its equation, its gauge, its symmetries."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forecasters import (
    BLUEPRINTS,
    C,
    N,
    T,
    as_numpy,
    drawn,
    every_decoder,
    forecast,
    jacobian,
    quick_compiler,
    run,
    series,
)
from neuroloom.errors import InputError
from neuroloom.networks.forecasting import (
    Anywhere,
    Blueprint,
    Free,
    Gru,
    HardMask,
    LowRank,
    Mlp,
    Poisson,
    SoftPrior,
    SparseAndLowRank,
    contacts,
)


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


def test_the_linear_part_is_the_equation_term_by_term(rng):
    blueprint = Blueprint(decoder=Mlp(window=2, hidden=3), n_lags=3, n_embedding=1)
    f = drawn(blueprint, rng)
    f = eqx.tree_at(lambda f: f.decoder.readout, f, jnp.zeros_like(f.decoder.readout))
    x, b = series(rng)
    circuit, t = as_numpy(f.circuit), T - 1
    a = circuit.connectivity.value
    for i in range(N):
        eta = circuit.bias[i]
        for lag in range(3):
            eta += circuit.own[lag, i] * x[1, t - lag, i]
            eta += sum(a[lag, i, k] * x[1, t - lag, k] for k in range(N) if k != i)
        eta += sum(circuit.drive[c, i] * b[1, t, c] for c in range(C))
        np.testing.assert_allclose(run(f, x, b)[1, -1, i], eta, rtol=1e-12)


def test_an_mlp_sees_the_own_window_the_currents_in_it_the_behavior_and_the_embedding(rng):
    f = drawn(Blueprint(decoder=Mlp(window=2, hidden=3, n_layers=2), n_embedding=2), rng)
    x, b = series(rng)
    current = x @ np.asarray(f.circuit.connectivity.weight()[0]).T
    plain, i, t = as_numpy(f), 1, 7
    d, e = plain.decoder, plain.circuit.embedding[:, i]
    size = np.abs(current)
    seen = np.array([x[0, t, i], x[0, t - 1, i], size[0, t, i], size[0, t - 1, i]])
    h = d.of_window @ seen + d.of_embedding @ e + d.bias
    h = np.tanh(h + sum(d.of_behavior[:, back] @ b[0, t - back] for back in range(2)))
    added, gain = d.readout @ np.tanh(d.hidden[0] @ h + d.hidden_bias[0])
    linear = eqx.tree_at(lambda f: f.decoder.readout, f, jnp.zeros((2, 3)))
    gain = 2 / (1 + np.exp(-gain)) / np.asarray(jax.jit(lambda f: f.level())(f))[i]
    np.testing.assert_allclose(
        run(f, x, b)[0, t - 1, i],
        run(linear, x, b)[0, t - 1, i] + added + (gain - 1) * current[0, t, i],
        rtol=1e-12,
    )


def test_a_gru_is_the_published_cell_run_from_0(rng):
    f = drawn(Blueprint(decoder=Gru(window=1, hidden=3, reads_current=False), n_embedding=2), rng)
    x, b = series(rng)
    d, i, h = as_numpy(f).decoder, 2, np.zeros(3)
    linear = eqx.tree_at(lambda f: f.decoder.readout, f, jnp.zeros_like(f.decoder.readout))
    extra = np.asarray(run(f, x, b) - run(linear, x, b))[0, :, i]

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    for t in range(T):
        given = d.of_frame[:, 0] * x[0, t, i] + d.of_behavior @ b[0, t]
        given = given + d.of_embedding @ np.asarray(f.circuit.embedding)[:, i] + d.bias
        held = d.recurrent @ h
        r, z = sigmoid(given[:3] + held[:3]), sigmoid(given[3:6] + held[3:6])
        n = np.tanh(given[6:] + r * (held[6:] + d.candidate_bias))
        h = (1 - z) * n + z * h
        np.testing.assert_allclose(extra[t], d.readout[0] @ h, rtol=1e-10)


def with_weights(forecaster, weight):
    return eqx.tree_at(lambda f: f.circuit.connectivity.value, forecaster, weight)


@every_decoder
def test_the_current_has_a_positive_gain_of_slope_1_and_all_else_is_even_in_it(blueprint, rng):
    """The gauge: neither the sign nor the size of a row of A can move into the decoder."""
    f = drawn(blueprint, rng, size=0.8)
    weight = f.circuit.connectivity.value
    x, b = f.circuit.reference
    assert x.shape == (3, f.n_context, N)
    one, other = (np.asarray(run(with_weights(f, w), x, b))[:, 0] for w in (weight, -weight))
    current = np.asarray(jax.jit(lambda f, x: f.circuit.connectivity.current(x))(f, x))[:, -1]
    gain = (one - other) / 2 / current
    assert gain.min() > 0
    assert gain.std(axis=0).min() > 0.01
    slope = (gain * current**2).sum(axis=0) / (current**2).sum(axis=0)
    np.testing.assert_allclose(slope, 1.0, rtol=1e-4)


@every_decoder
def test_without_seeing_the_current_a_is_the_slope_in_every_frame(blueprint, rng):
    decoder = type(blueprint.decoder)(window=3, hidden=5, reads_current=False)
    f = drawn(Blueprint(decoder=decoder, n_lags=2, n_embedding=3), rng, size=0.8)
    x, b = series(rng, n_trials=1, n_frames=f.n_context)
    x, b = jnp.asarray(x), jnp.asarray(b)
    slopes = np.asarray(jax.jit(jax.jacobian(lambda x: f(x, b)[0, 0]))(x))[:, 0]
    weight, off = np.asarray(f.circuit.connectivity.weight()), ~np.eye(N, dtype=bool)
    for lag in range(f.n_context):
        expected = weight[lag] if lag < 2 else np.zeros((N, N))
        np.testing.assert_allclose(
            np.asarray(slopes)[:, f.n_context - 1 - lag][off], expected[off], atol=1e-12
        )


def test_the_decoder_does_answer_to_the_current(rng):
    """Or the gauge would be kept by being blind."""
    f = drawn(BLUEPRINTS["mlp"], rng)
    x, b = series(rng)
    blind = eqx.tree_at(lambda f: f.decoder.of_window, f, f.decoder.of_window.at[:, 3:].set(0.0))
    assert np.abs(run(f, x, b) - run(blind, x, b)).max() > 0.05


@every_decoder
def test_frame_by_frame_equals_all_at_once(blueprint, rng):
    f = drawn(blueprint, rng)
    x, b = series(rng)

    @jax.jit
    def frames(x, b):
        def step(memory, now):
            return f.step(memory, *now)

        return jax.lax.scan(step, f.start(2), (jnp.moveaxis(x, 1, 0), jnp.moveaxis(b, 1, 0)))[1]

    slow = np.moveaxis(frames(x, b), 0, 1)[:, f.n_context - 1 :]
    np.testing.assert_allclose(run(f, x, b), slow, rtol=1e-10)


@every_decoder
def test_a_batch_of_trials_is_a_loop_over_trials(blueprint, rng):
    f = drawn(blueprint, rng)
    x, b = series(rng, n_trials=3)
    whole = np.asarray(run(f, x, b))
    for trial in range(3):
        one = run(f, x[trial : trial + 1], b[trial : trial + 1])
        np.testing.assert_allclose(whole[trial], one[0], rtol=1e-12)


@every_decoder
def test_a_forecast_knows_no_frame_that_it_is_of_or_that_comes_later(blueprint, rng):
    f = drawn(blueprint, rng)
    x, b = series(rng)
    before = np.asarray(forecast(f, x, b))
    other, shown = x.copy(), b.copy()
    other[:, 8:], shown[:, 8:] = 99.0, 99.0
    after = np.asarray(forecast(f, other, shown))
    np.testing.assert_array_equal(before[:, : 8 + 1], after[:, : 8 + 1])
    assert np.abs(before[:, 9] - after[:, 9]).min() > 1e-3
    assert np.isnan(before[:, : f.n_context]).all()
    assert not np.isnan(before[:, f.n_context :]).any()
    scaling = as_numpy(f.circuit.scaling)
    eta = run(f, (x - scaling.mean) / scaling.sd, (b - scaling.behavior_mean) / scaling.behavior_sd)
    np.testing.assert_allclose(
        before[:, -1], scaling.mean + scaling.sd * np.asarray(eta)[:, -2], rtol=1e-9
    )


def permuted(forecaster, order):
    """The same circuit with its neurons in another order."""
    circuit = forecaster.circuit

    def last(a):
        return a[..., order]

    return eqx.tree_at(
        lambda f: (
            f.circuit.connectivity.value,
            f.circuit.embedding,
            f.circuit.own,
            f.circuit.drive,
            f.circuit.bias,
            f.circuit.scaling.mean,
            f.circuit.scaling.sd,
            f.circuit.reference.activity,
        ),
        forecaster,
        (
            circuit.connectivity.value[:, order][:, :, order],
            *map(last, (circuit.embedding, circuit.own, circuit.drive, circuit.bias)),
            circuit.scaling.mean[order],
            circuit.scaling.sd[order],
            circuit.reference.activity[..., order],
        ),
    )


@every_decoder
def test_relabelling_neurons_permutes_forecasts_and_jacobians(blueprint, rng):
    f, order = drawn(blueprint, rng), np.array([2, 0, 3, 1])
    other = permuted(f, order)
    x, b = series(rng)
    np.testing.assert_allclose(
        run(other, x[..., order], b), np.asarray(run(f, x, b))[..., order], rtol=1e-10
    )
    np.testing.assert_allclose(
        jacobian(other, x[..., order], b),
        np.asarray(jacobian(f, x, b))[order][:, order],
        rtol=1e-10,
    )


@pytest.mark.parametrize("form", [Free(0.5), LowRank(2, 0.5), SparseAndLowRank(2, 0.5)])
@pytest.mark.parametrize("masked", [False, True])
def test_a_current_is_the_sum_over_lags_and_other_neurons(form, masked, rng):
    allowed = rng.random((N, N)) < 0.5
    structure = HardMask(allowed.astype(float)) if masked else Anywhere(N)
    connectivity = form.draw(structure, n_lags=2, key=jax.random.key(1))
    weight = np.asarray(connectivity.weight())
    assert (weight[:, np.arange(N), np.arange(N)] == 0).all()
    if masked:
        assert (weight[:, ~allowed] == 0).all()
    assert (weight[:, (allowed | (not masked)) & ~np.eye(N, dtype=bool)] != 0).all()
    x = rng.normal(size=(2, T, N))
    expected = np.zeros((2, T - 1, N))
    for t in range(1, T):
        for lag in range(2):
            expected[:, t - 1] += x[:, t - lag] @ weight[lag].T
    np.testing.assert_allclose(connectivity.current(jnp.asarray(x)), expected, rtol=1e-10)


def test_activity_goes_from_pre_to_post(rng):
    f = drawn(Blueprint(decoder=Mlp(window=1, hidden=3), n_embedding=2), rng, n=2)
    one_way = jnp.asarray([[[0.0, 0.0], [0.7, 0.0]]])  # a -> b
    f = eqx.tree_at(lambda f: f.circuit.connectivity.value, f, one_way)
    x, b = series(rng, n=2)
    quiet, *moved = (np.asarray(run(f, x + by, b)) for by in (0, np.eye(2)[0], np.eye(2)[1]))
    from_a, from_b = (eta - quiet for eta in moved)
    assert np.abs(from_a[..., 1]).min() > 0
    assert (from_b[..., 0] == 0).all()
    found = np.asarray(jacobian(f, x, b))
    assert found[1, 0] != 0
    assert found[0, 1] == 0


def test_connectivity_in_units_of_the_activity_is_a_over_the_ratio_of_sds(rng):
    f = drawn(BLUEPRINTS["mlp"], rng)
    sd = np.asarray(f.circuit.scaling.sd)
    scaled = np.asarray(f.connectivity(standardized=True))
    np.testing.assert_array_equal(scaled, f.circuit.connectivity.weight())
    np.testing.assert_allclose(f.connectivity(), scaled * sd[:, None] / sd[None, :], rtol=1e-12)
    counts = eqx.tree_at(lambda f: f.likelihood, f, Poisson())
    np.testing.assert_allclose(counts.connectivity(), scaled / sd[None, :], rtol=1e-12)


def test_contacts_are_counted_from_pre_to_post_and_gaps_both_ways(a_to_b):
    np.testing.assert_array_equal(contacts(a_to_b), [[0, 0], [2, 0]])
    gap = type(a_to_b)(
        neuron_id=a_to_b.neuron_id,
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([1]),
        count=np.array([3]),
        sign=np.array([0]),
    )
    np.testing.assert_array_equal(contacts(gap), [[0, 3], [3, 0]])


def test_a_soft_prior_costs_less_where_there_are_contacts_and_forbids_nothing():
    prior = SoftPrior(np.array([[0.0, 3.0], [0.0, 0.0]]), epsilon=0.5)
    np.testing.assert_allclose(prior.cost(), [[2, 1 / 3.5], [2, 2]])
    np.testing.assert_array_equal(prior.allowed(), [[False, True], [True, False]])
    np.testing.assert_array_equal(Anywhere(2).cost(), np.ones((2, 2)))


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: HardMask(np.zeros((2, 3))), r"`contacts\(connectome\)` makes one"),
        (lambda: HardMask(-np.ones((2, 2))), "numbers of contacts, without sign"),
        (lambda: SoftPrior(np.ones((2, 2)), epsilon=0.0), "With 1 a pair without a contact"),
        (lambda: LowRank(0), "a hard mask of zeros"),
        (lambda: Mlp(n_layers=0), "Leave it out for the default"),
        (lambda: Gru(window=0), "Leave it out for the default"),
        (lambda: Blueprint(n_lags=0), "Leave it out for the default"),
    ],
)
def test_what_makes_no_forecaster_is_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        make()
