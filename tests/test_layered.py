"""The paper's feed-forward controls: statistics are the circuit's, the pass is the closed form."""

import functools
from collections import Counter
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuroloom.connectome.block_nulls import LayerStatistics, layered_wiring, random_layers
from neuroloom.connectome.block_nulls.layered import keeps_statistics, unwired
from neuroloom.datasets import connectome
from neuroloom.errors import InputError, SimulationError
from neuroloom.networks.policies import (
    DenseLayersPolicy,
    LayeredControl,
    LayeredPolicy,
    LearnedPorts,
    Sharing,
    flatten,
    layered_policy,
    n_parameters,
)
from strategies import connectomes

SIZES = {"n_observations": 3, "n_actions": 2}


def generator(seed=0):
    return np.random.default_rng(seed)


def counted(circuit):
    """Cells, and counts of directed connections by sign, row by row."""
    rows = zip(circuit.kind.tolist(), circuit.sign.tolist(), circuit.count.tolist(), strict=True)
    return circuit.n_neurons, Counter((sign, count) for kind, sign, count in rows if kind != 1)


@pytest.mark.parametrize("name", ["worm-motor", "worm-motor-segments"])
@pytest.mark.parametrize("n_layers", [2, 4])
def test_layers_have_the_cells_synapses_and_signs_of_the_worm(name, n_layers):
    circuit = connectome(name)
    made = layered_wiring(circuit, rng=generator(), n_layers=n_layers)
    assert counted(made) == counted(circuit)
    layer = made.column("layer")
    assert set((layer[made.post] - layer[made.pre]).tolist()) == {1}
    assert made.obeys_dale
    sizes = np.bincount(layer)[1:]
    assert sizes.size == n_layers
    assert np.ptp(sizes) <= 1
    inhibits = circuit.pre[circuit.sign == -1]
    share = np.unique(inhibits).size / np.unique(circuit.pre[circuit.kind != 1]).size
    sends = made.column("sends")[layer < n_layers]
    assert (sends == -1).sum() == round(share * sends.size)
    again = layered_wiring(circuit, rng=generator(), n_layers=n_layers)
    other = layered_wiring(circuit, rng=generator(1), n_layers=n_layers)
    assert np.array_equal(again.post, made.post)
    assert (
        len(
            set(zip(made.pre, made.post, strict=True))
            & set(zip(other.pre, other.post, strict=True))
        )
        < 0.4 * made.n_connections
    )


@settings(max_examples=40)
@given(connectomes(dale=True), st.integers(0, 1000))
def test_layers_keep_the_statistics_of_any_circuit_or_say_that_they_cannot(circuit, seed):
    directed = circuit.kind != 1
    assume(circuit.n_neurons >= 2 and directed.any() and (circuit.sign[directed] != 0).all())
    half = circuit.n_neurons // 2
    found = LayerStatistics.of(circuit)
    n_sending = circuit.n_neurons - half  # the first layer is not the smaller one
    n_inhibit = round(found.inhibitory_senders * n_sending)
    fits = len(found.inhibitory) <= n_inhibit * half
    fits &= len(found.excitatory) <= (n_sending - n_inhibit) * half
    if not fits:
        with pytest.raises(InputError, match="Use fewer layers"):
            layered_wiring(circuit, rng=generator(seed))
        return
    made = layered_wiring(circuit, rng=generator(seed))
    assert counted(made) == counted(circuit)
    assert made.obeys_dale


def test_random_statistics_are_uniform():
    """Density and inhibition over 300 draws: mean and quartiles of U(0, 1)."""
    drawn = [random_layers(40, rng=generator(seed)) for seed in range(300)]
    density = np.array([made.n_connections / 400 for made in drawn])
    inhibition = np.array([(made.column("sends") == -1).sum() / 20 for made in drawn])
    for found in (density, inhibition):
        quartiles = np.quantile(found, [0.25, 0.5, 0.75])
        np.testing.assert_allclose(quartiles, [0.25, 0.5, 0.75], atol=0.08)
    assert abs(np.corrcoef(density, inhibition)[0, 1]) < 0.15
    assert all(made.obeys_dale and made.n_connections for made in drawn)


def test_statistics_that_are_not_kept_are_refused():
    circuit = connectome("worm-motor-segments")
    made = layered_wiring(circuit, rng=generator())
    backward = made.post.copy()
    backward[0] = np.flatnonzero(made.column("layer") == 1)[-1]
    flipped = made.sign.copy()
    flipped[made.pre == made.pre[0]] *= -1
    turned = replace(made, neurons={**made.neurons, "sends": -made.column("sends")})
    for broken, rule in (
        (replace(made, count=made.count + 1.0), "that excite"),
        (replace(made, sign=flipped), "that excite"),
        (replace(made, post=backward), "next layer only"),
        (turned, "share of cells that inhibit"),
        (made.select(np.arange(made.n_neurons) > 0), "number of cells"),
    ):
        with pytest.raises(SimulationError, match=rule):
            keeps_statistics(circuit, broken)


@functools.cache
def three_layers():
    circuit = connectome("worm-motor-segments")
    layers = layered_wiring(circuit, rng=generator(), n_layers=3)
    ports = LearnedPorts.random(layers, **SIZES, key=jax.random.key(0))
    return layers, LayeredPolicy.from_connectome(layers, ports)


def test_a_pass_is_a_product_of_matrices_within_one_step():
    """Three layers by dense matrices; what was sent before does not matter."""
    layers, policy = three_layers()
    layer = layers.column("layer")
    matrix = np.zeros((layer.size, layer.size))
    start = np.where(layers.sign > 0, np.exp(-2.5), -np.exp(-3.0))
    matrix[layers.post, layers.pre] = start  # W[post, pre]
    observation = jnp.array([0.3, -1.0, 2.0])
    _, drive = policy.ports.drive(policy.ports.initial(), observation)
    assert not np.asarray(drive)[layer > 1].any()
    expected = np.zeros(layer.size)
    z = np.maximum(np.asarray(drive), 0) * (layer == 1)
    for at in (1, 2, 3):
        expected += np.where(layer == at, z, 0)
        z = np.maximum(matrix @ np.where(layer == at, z, 0), 0)
    before = policy.ports.initial(), jnp.full(layer.size, 9.0)
    (port, cells), action = eqx.filter_jit(policy)(before, observation)
    np.testing.assert_allclose(cells, expected, atol=1e-12)
    np.testing.assert_allclose(policy.activity((port, cells)), expected, atol=1e-12)
    np.testing.assert_allclose(action, policy.ports.act(jnp.asarray(expected)), atol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_activity_flows_from_the_first_layer_to_the_last_with_the_sign_of_its_sender(sign):
    layers = replace(
        unwired(4),
        pre=np.array([0, 1]),
        post=np.array([2, 2]),
        kind=np.zeros(2, int),
        count=np.ones(2, int),
        sign=np.array([1, sign]),
    )
    ports = LearnedPorts.random(layers, n_observations=1, n_actions=1, key=jax.random.key(0))
    on = (jnp.zeros((1, 1)), jnp.ones(1), jnp.ones((2, 1)))  # the encoder drives both alike
    policy = LayeredPolicy.from_connectome(layers, eqx.tree_at(lambda p: p.encoder, ports, on))
    (_, cells), _ = eqx.filter_jit(policy)(policy.initial(), jnp.zeros(1))
    current = np.tanh(1.0)
    second = np.exp(-2.5) if sign > 0 else -np.exp(-3.0)
    expected = [current, current, max(current * (np.exp(-2.5) + second), 0), 0]
    np.testing.assert_allclose(cells, expected, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_no_search_changes_a_sign(seed):
    _, policy = three_layers()
    vector, rebuild = flatten(policy)
    moved = rebuild(vector + 5 * generator(seed).normal(size=vector.size))
    np.testing.assert_array_equal(jnp.sign(moved.weight), policy.sign)


def test_parameters_are_log_weights_encoder_and_decoder():
    circuit = connectome("worm-motor")
    made = {
        control: layered_policy(
            circuit, control, **SIZES, n_hidden=4, rng=generator(), key=jax.random.key(0)
        )
        for control in LayeredControl
    }
    ends = 4 * 3 + 4 + 85 * 4 + 4 * 85 + 4 + 2 * 4
    assert n_parameters(made[LayeredControl.STATISTICS]) == ends + 885
    assert n_parameters(made[LayeredControl.DENSE]) == ends + 85 * 85 + 85
    drawn = made[LayeredControl.RANDOM_STATISTICS]
    assert n_parameters(drawn) == ends + len(drawn.sign)
    shared = layered_policy(
        circuit,
        LayeredControl.STATISTICS,
        **SIZES,
        n_hidden=4,
        sharing=Sharing.GLOBAL,
        rng=generator(),
        key=jax.random.key(0),
    )
    assert n_parameters(shared) == ends + 2
    np.testing.assert_allclose(shared.weight, made[LayeredControl.STATISTICS].weight)
    assert sorted(np.unique(shared.weight).round(4).tolist()) == [-0.0498, 0.0821]


@pytest.mark.parametrize("control", LayeredControl)
def test_a_population_does_what_its_members_do(control):
    policy = layered_policy(
        connectome("worm-motor-segments"), control, **SIZES, rng=generator(), key=jax.random.key(1)
    )
    vector, rebuild = flatten(policy)
    rows = vector + 0.1 * generator().normal(size=(3, vector.size))
    observation = jnp.array([1.0, -0.5, 0.2])

    @jax.jit
    def act(row):
        one = rebuild(row)
        return one(one.initial(), observation)[1]

    single = np.stack([act(jnp.asarray(row)) for row in rows])
    together = jax.vmap(act)(jnp.asarray(rows))
    np.testing.assert_allclose(together, single, atol=1e-10)
    assert np.ptp(single, axis=0).min() > 1e-6


def test_a_prepared_policy_does_the_same():
    _, policy = three_layers()
    observation, step = jnp.array([1.0, -0.5, 0.2]), eqx.filter_jit(lambda p, o: p(p.initial(), o))
    ready = policy.prepare()
    assert ready.prepared is not None
    np.testing.assert_allclose(
        step(ready, observation)[1], step(policy, observation)[1], atol=1e-12
    )


def test_dense_layers_are_a_perceptron_with_as_many_cells():
    policy = layered_policy(
        connectome("worm-motor-segments"),
        LayeredControl.DENSE,
        **SIZES,
        rng=generator(),
        key=jax.random.key(2),
    )
    assert isinstance(policy, DenseLayersPolicy)
    assert policy.sizes == (69, 69)
    (weight,), observation = policy.weights, jnp.array([1.0, -0.5, 0.2])
    assert float(jnp.abs(weight).max()) <= 0.3
    policy = eqx.tree_at(lambda p: p.biases, policy, (jnp.linspace(-1, 1, 69),))
    _, drive = policy.ports.drive(policy.ports.initial(), observation)
    first = np.maximum(np.asarray(drive)[:69], 0)
    second = np.maximum(np.asarray(weight) @ first + np.linspace(-1, 1, 69), 0)
    (_, cells), action = policy(policy.initial(), observation)
    np.testing.assert_allclose(cells, np.r_[first, second], atol=1e-12)
    np.testing.assert_allclose(action, policy.ports.act(jnp.asarray(np.r_[first, second])))


def test_what_cannot_be_layered_is_answered_with_what_to_do():
    circuit = connectome("worm-motor-segments")
    layers, policy = three_layers()
    turned = replace(layers, pre=layers.post, post=layers.pre)
    for call, rule in (
        (lambda: LayerStatistics.of(connectome("worm")), "Apply a sign rule"),
        (lambda: layered_wiring(circuit, rng=generator(), n_layers=1), "Two hidden layers"),
        (lambda: layered_wiring(circuit, rng=generator(), n_layers=100), "Use fewer layers"),
        (lambda: LayeredPolicy.from_connectome(turned, policy.ports), "Make them by `layered_w"),
        (
            lambda: LayeredPolicy.from_connectome(layers, policy.ports, sharing=Sharing.CLASS_PAIR),
            "have no classes",
        ),
    ):
        with pytest.raises(InputError, match=rule):
            call()
