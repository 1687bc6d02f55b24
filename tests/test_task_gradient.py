"""The quick loop of dense task networks, and the gradient of training, against autodiff."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from neuroloom.fitting.tasks import TaskTraining
from neuroloom.fitting.tasks.objective import chunk_size, loss_and_gradient
from neuroloom.networks import (
    Linear,
    Relu,
    Retanh,
    Softplus,
    Tanh,
    TaskNetwork,
    all_to_all,
    global_value,
)
from neuroloom.networks.dense_recurrence import dense_loop, is_dense, run_dense
from neuroloom.networks.noise import quick_normal
from neuroloom.simulation.perform import draw_noise
from neuroloom.tasks import AngularIntegration

TASK = AngularIntegration(n_steps=6, cue_steps=2)
N = 7


def drawn(activation=None, **options):
    """A network none of whose parameters is 0."""
    made = TaskNetwork.from_connectome(
        options.pop("wiring", all_to_all(N)),
        n_inputs=3, n_outputs=2, key=jax.random.key(0), activation=activation, **options,
    )  # fmt: skip
    moved = [0.4 * jax.random.normal(jax.random.key(k), (2 * N,)) for k in range(4)]
    return eqx.tree_at(
        lambda n: (n.output_weight, n.output_bias, n.initial, n.network.gain.value),
        made,
        (moved[0].reshape(2, N), moved[1][:2], moved[2][:N], 1 + moved[3][:N]),
    )


def plain(network, trials, noise, training):
    """The loss as the paper writes it, for JAX to differentiate."""
    net = network.network
    share = TASK.dt / net.tau.expand()[None, :]
    gain, bias = net.gain.expand()[None, :], net.bias.expand()[None, :]
    weight = network.weight
    x = jnp.broadcast_to(network.initial, noise.last.shape)
    sent, rates = net.activation(x), []
    for t in range(TASK.n_steps):
        received = gain * (sent @ weight.T) + bias
        x = x + share * (received + trials.inputs[:, t] @ network.input_weight.T - x)
        sent = net.activation(x) + (noise.sent[t + 1] if t + 1 < TASK.n_steps else noise.last)
        rates.append(sent)
    rates = jnp.stack(rates, 1)
    outputs = rates @ network.output_weight.T + network.output_bias[None, None, :]
    wrong = jnp.where(trials.mask, (outputs - trials.targets) ** 2, 0)
    weights = (network.input_weight, net.weight, network.output_weight)
    return (
        wrong.sum() / trials.mask.sum()
        + 0.3 * (rates**2).mean()
        + training.weight_penalty * sum((w**2).mean() for w in weights)
    )


@pytest.mark.parametrize(
    ("activation", "quick"),
    [(Retanh(), True), (Retanh(), False), (Tanh(), True), (Relu(), True), (Linear(), True)],
)
def test_the_gradient_is_that_of_automatic_differentiation(activation, quick):
    training = TaskTraining(batch_size=6, weight_penalty=0.2)
    network = drawn(activation)
    trials, key = TASK(jax.random.key(1), 6), jax.random.key(2)
    trained = jax.tree.map(eqx.is_inexact_array, network)
    trained = eqx.tree_at(lambda n: n.network.tau.value, trained, replace=False)
    parameters, rest = eqx.partition(network, trained)
    noise = draw_noise(0.1, jax.random.fold_in(key, 0), TASK.n_steps, 6, N)
    expected, slopes = jax.jit(
        lambda p: jax.value_and_grad(
            lambda q: plain(eqx.combine(q, rest), trials, noise, training)
        )(p)
    )(parameters)
    found, _, gradient = jax.jit(
        lambda p: loss_and_gradient(
            p, rest, trials, jnp.asarray(0.3), training, key, TASK.dt, quick=quick
        )
    )(parameters)
    assert found == pytest.approx(float(expected), rel=1e-6)
    names = [path for path, _ in jax.tree_util.tree_leaves_with_path(slopes)]
    pairs = zip(names, jax.tree.leaves(gradient), jax.tree.leaves(slopes), strict=True)
    for name, ours, theirs in pairs:
        if not theirs.size:
            continue  # gap junctions
        np.testing.assert_allclose(
            ours, theirs, rtol=1e-5, atol=1e-5 * float(jnp.abs(theirs).max()), err_msg=str(name)
        )
    assert jnp.abs(gradient.network.strength).min() > 0


def test_chunks_change_nothing_but_the_noise():
    """50 trials are two chunks of 25."""
    assert [chunk_size(n) for n in (1, 7, 25, 32, 37, 64, 100, 104)] == [
        1,
        7,
        25,
        16,
        37,
        16,
        25,
        13,
    ]
    training = TaskTraining(noise=0.0)
    network = drawn()
    parameters, rest = eqx.partition(network, eqx.is_inexact_array)
    trials = TASK(jax.random.key(1), 50)
    wanted = [jax.tree.map(lambda a, s=s: a[s], trials) for s in (slice(0, 25), slice(25, 50))]

    @jax.jit
    def run(trials):
        return loss_and_gradient(
            parameters, rest, trials, jnp.asarray(0.1), training, jax.random.key(0), TASK.dt,
            quick=True,
        )  # fmt: skip

    whole, parts = run(trials), [run(part) for part in wanted]
    mean = jax.tree.map(lambda a, b: (a + b) / 2, *parts)
    for found, expected in zip(jax.tree.leaves(whole), jax.tree.leaves(mean), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_strength_of_0_under_dale_has_a_gradient():
    network = drawn(Tanh(), wiring=all_to_all(N, excitatory=0.7), dale=True)
    network = eqx.tree_at(lambda n: n.network.strength, network, replace_fn=jnp.zeros_like)
    parameters, rest = eqx.partition(network, eqx.is_inexact_array)
    gradient = jax.jit(
        lambda p, trials: loss_and_gradient(
            p,
            rest,
            trials,
            jnp.asarray(0.1),
            TaskTraining(),
            jax.random.key(0),
            TASK.dt,
            quick=True,
        )[2]
    )(parameters, TASK(jax.random.key(1), 6))
    assert (jnp.abs(gradient.network.strength) > 0).all()


def test_only_what_the_quick_loop_can_do_is_given_to_it():
    assert is_dense(drawn().network)
    assert not is_dense(drawn(Softplus()).network)
    inner = drawn().network
    assert not is_dense(dataclasses.replace(inner, gap_strength=jnp.ones(2)))


def test_activity_of_the_quick_loop_flows_from_pre_to_post():
    network = drawn(Linear()).with_weight(jnp.zeros((N, N)).at[1, 0].set(2.0)).network
    network = eqx.tree_at(lambda n: n.tau, network, global_value(0.25, N, unit="s"))
    sent, _ = run_dense(
        Linear(),
        dense_loop(network, 0.025),
        jnp.zeros((30, 1, N)).at[:, 0, 0].set(0.1),
        jnp.zeros((1, N)),
        jnp.zeros((30, 1, N)),
    )
    assert sent[-1, 0, 1] > 0.5
    assert (sent[:, 0, 2:] == 0).all()


def test_quick_noise_is_normal_and_without_memory():
    first, second, again = (
        np.asarray(quick_normal(jax.random.key(k), (20, 50, 200)), float) for k in (0, 1, 0)
    )
    np.testing.assert_array_equal(first, again)
    z, n = first.ravel(), first.size
    assert abs(z.mean()) < 4 / n**0.5
    assert abs(z.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs(stats.kurtosis(z)) < 4 * (24 / n) ** 0.5
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert 4 < np.abs(z).max() < 5.4
    for other in (second.ravel(), *(np.roll(z, lag) for lag in (1, 2, 200, 10_000))):
        assert abs(np.corrcoef(z, other)[0, 1]) < 4 / n**0.5
    tail = np.mean(np.abs(z) > 3)
    assert tail == pytest.approx(2 * stats.norm.sf(3), abs=4 * (0.0027 / n) ** 0.5)
