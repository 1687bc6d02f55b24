"""Task networks: their equation, their start, how they are run."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import GainSide, RateNetwork, RateNoise, TaskNetwork, all_to_all
from neuroloom.simulation import perform

DT = 0.025


def drawn(n=6, *, key=0, **options):
    made = TaskNetwork.from_connectome(
        all_to_all(n), n_inputs=3, n_outputs=2, key=jax.random.key(key), **options
    )
    out = 0.3 * jax.random.normal(jax.random.key(key + 1), made.output_weight.shape)
    start = 0.5 * jax.random.normal(jax.random.key(key + 2), made.initial.shape)
    return jax.tree.map(
        lambda old, new: new,
        made,
        TaskNetwork(made.network, made.input_weight, out, made.output_bias + 0.2, start),
    )


def inputs(n_trials=4, n_steps=7, key=9):
    return jax.random.normal(jax.random.key(key), (n_trials, n_steps, 3))


def by_hand(network, u, *, dt, clamp=None, current=None):
    """The equation of the paper, step by step in NumPy."""
    w, w_in, w_out = (
        np.asarray(a, float) for a in (network.weight, network.input_weight, network.output_weight)
    )
    bias, gain = (np.asarray(p.expand()) for p in (network.network.bias, network.network.gain))
    states, rates = [], []
    x = np.broadcast_to(network.initial, (u.shape[0], network.n_neurons))
    for t in range(u.shape[1]):
        sent = np.maximum(np.tanh(x), 0)
        if clamp is not None:
            sent = np.where(np.isnan(clamp[:, t]), sent, clamp[:, t])
        push = u[:, t] @ w_in.T + bias + (0 if current is None else current[:, t])
        x = x + dt / 0.25 * (-x + gain * (sent @ w.T) + push)
        after = np.maximum(np.tanh(x), 0)
        if clamp is not None:
            after = np.where(np.isnan(clamp[:, t]), after, clamp[:, t])
        states.append(x)
        rates.append(after)
    states, rates = np.stack(states, 1), np.stack(rates, 1)
    return states, rates, rates @ w_out.T + np.asarray(network.output_bias)


def test_a_run_is_the_published_equation():
    network, u = drawn(), inputs()
    done = perform(network, u, dt=DT)
    for found, expected in zip(done, by_hand(network, np.asarray(u), dt=DT), strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_clamps_and_currents_act_in_their_step():
    network, u = drawn(), inputs()
    clamp = np.full((4, 7, 6), np.nan, np.float32)
    clamp[:, 2:5, 1] = 0.7
    clamp[:, :, 3] = 0.0
    current = np.zeros((4, 7, 6), np.float32)
    current[:, 3, 4] = 2.0
    done = perform(network, u, dt=DT, clamp=jnp.asarray(clamp), current=jnp.asarray(current))
    expected = by_hand(network, np.asarray(u), dt=DT, clamp=clamp, current=current)
    for found, wanted in zip(done, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert (done.rates[:, :, 3] == 0).all()


def test_one_noise_goes_to_neurons_and_outputs():
    network, u = drawn(), inputs()
    noise, key = RateNoise(0.1), jax.random.key(4)
    done = perform(network, u, dt=DT, noise=noise, key=key)
    clean = np.maximum(np.tanh(np.asarray(done.states)), 0)
    drawn_noise = np.asarray(done.rates) - clean
    np.testing.assert_allclose(
        done.outputs, np.asarray(done.rates) @ np.asarray(network.output_weight).T + 0.2, atol=1e-6
    )
    quiet = perform(network, u, dt=DT)
    np.testing.assert_array_equal(done.states[:, 0], quiet.states[:, 0])  # f(x_0) has no noise
    pushed = np.asarray(quiet.states[:, 0])  # noise of step 0 arrives in step 1
    w = np.asarray(network.weight)
    leak = 0.9 * pushed
    sent = np.maximum(np.tanh(pushed), 0) + drawn_noise[:, 0]
    push = np.asarray(u[:, 1]) @ np.asarray(network.input_weight).T
    expected = leak + 0.1 * (sent @ w.T + push + np.asarray(network.network.bias.expand()))
    np.testing.assert_allclose(done.states[:, 1], expected, atol=2e-6)


def test_activity_flows_from_pre_to_post():
    a_to_b = Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([1]),
        sign=np.array([1]),
    )
    network = TaskNetwork.from_connectome(a_to_b, n_inputs=1, n_outputs=1, key=jax.random.key(0))
    network = network.with_weight(jnp.array([[0.0, 0.0], [2.0, 0.0]]))
    assert network.weight[1, 0] == 2
    clamp = np.full((1, 40, 2), np.nan, np.float32)
    clamp[..., 0] = 1.0
    quiet, pushed = (
        perform(network, jnp.zeros((1, 40, 1)), dt=DT, clamp=c) for c in (None, jnp.asarray(clamp))
    )
    assert pushed.states[0, -1, 1] > quiet.states[0, -1, 1] + 1
    assert pushed.states[0, -1, 0] == quiet.states[0, -1, 0]


def test_the_published_start():
    made = TaskNetwork.from_connectome(
        all_to_all(100), n_inputs=3, n_outputs=2, key=jax.random.key(0)
    )
    weight = np.asarray(made.weight)
    off = ~np.eye(100, dtype=bool)
    assert (np.diag(weight) == 0).all()
    assert weight[off].std() * 99**0.5 == pytest.approx(1.5, rel=0.03)
    assert np.asarray(made.input_weight).std() * 3**0.5 == pytest.approx(1, rel=0.1)
    bias = np.asarray(made.network.bias.expand())
    assert bias.mean() == pytest.approx(0.1, abs=0.005)
    assert bias.std() == pytest.approx(0.01, rel=0.3)
    assert (made.output_weight == 0).all()
    assert (made.initial == 0).all()
    assert made.network.gain_side is GainSide.POSTSYNAPTIC
    assert (made.network.tau.expand() == 0.25).all()


def test_dale_gives_every_neuron_one_sign():
    wiring = all_to_all(10, excitatory=0.8)
    made = TaskNetwork.from_connectome(
        wiring, n_inputs=1, n_outputs=1, key=jax.random.key(0), dale=True
    )
    weight = np.asarray(made.weight)
    assert (weight[:, :8] >= 0).all()
    assert (weight[:, 8:] <= 0).all()
    assert (weight != 0).sum() == 90
    with pytest.raises(InputError, match="must keep the signs"):
        made.with_weight(-made.weight)
    with pytest.raises(InputError, match="must have a sign"):
        TaskNetwork.from_connectome(
            all_to_all(4), n_inputs=1, n_outputs=1, key=jax.random.key(0), dale=True
        )


def test_weights_may_be_set_and_self_connections_are_there_on_request_only():
    network = drawn()
    weight = np.arange(36, dtype=np.float32).reshape(6, 6)
    found = np.asarray(network.with_weight(jnp.asarray(weight)).weight)
    np.testing.assert_array_equal(found, np.where(np.eye(6, dtype=bool), 0, weight))
    assert len(all_to_all(6, self_connections=True).pre) == 36


def test_wrong_arguments_are_refused():
    network, u = drawn(), inputs()
    key = jax.random.key(0)
    for call, words in (
        (lambda: all_to_all(1), "`n_neurons` must be at least 2"),
        (lambda: all_to_all(5, excitatory=2.0), "`excitatory` must be a part"),
        (
            lambda: TaskNetwork.from_connectome(all_to_all(3), n_inputs=0, n_outputs=1, key=key),
            "`n_inputs` must be at least 1",
        ),
        (
            lambda: TaskNetwork.around(
                RateNetwork.from_connectome(all_to_all(3, excitatory=1.0)),
                n_inputs=1, n_outputs=1, key=key,
            ),
            "must act on what a neuron receives",
        ),
        (lambda: perform(network, u[..., :2], dt=DT), "with 3 inputs"),
        (lambda: perform(network, u, dt=0.0), "`dt` must be above 0"),
        (lambda: perform(network, u, dt=DT, noise=RateNoise(0.1)), "must come with `key`"),
        (lambda: perform(network, u, dt=DT, clamp=jnp.zeros((4, 7, 5))), "`clamp` must have shape"),
        (lambda: perform(network, u, dt=DT, current=jnp.zeros((7, 6))), "`current` must have"),
        (lambda: perform(network, u, dt=DT, initial=jnp.zeros(6)), "`initial` must have"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            call()
