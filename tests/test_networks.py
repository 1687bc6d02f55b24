"""The equations against closed forms written out neuron by neuron."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import circuit, rate_network, two
from neuroloom.connectome.signs import AllExcitatory, Dropped, Trainable, TransmitterSigns
from neuroloom.errors import InputError
from neuroloom.networks import (
    GainSide,
    Linear,
    RateNetwork,
    Relu,
    Retanh,
    Softplus,
    Tanh,
    global_value,
    per_group,
    per_neuron,
)

ACTIVATIONS = {
    "softplus": (Softplus(2.0), lambda x: np.log1p(np.exp(2 * x)) / 2),
    "relu": (Relu(), lambda x: np.maximum(x, 0)),
    "tanh": (Tanh(), np.tanh),
    "retanh": (Retanh(), lambda x: np.maximum(np.tanh(x), 0)),
    "linear": (Linear(), lambda x: x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_its_formula(name):
    activation, formula = ACTIVATIONS[name]
    x = np.linspace(-4, 4, 33)
    np.testing.assert_allclose(activation(jnp.asarray(x)), formula(x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 6e-7), (jnp.float64, 1e-14)])
def test_rate_and_slope_made_together_equal_the_plain_ones(name, dtype, tolerance):
    activation = ACTIVATIONS[name][0]
    x = jnp.concatenate([jnp.linspace(-30, 30, 2_000), jnp.array([-200.0, 200.0])]).astype(dtype)
    rate, slope = activation.with_slope(x)
    exact = x.astype(jnp.float64)
    plain, derivative = jax.jvp(activation, (exact,), (jnp.ones_like(exact),))
    assert rate.dtype == slope.dtype == dtype
    np.testing.assert_allclose(rate, plain, rtol=tolerance, atol=tolerance * 0.1)
    np.testing.assert_allclose(slope, derivative, rtol=tolerance * 2, atol=tolerance)


def test_softplus_does_not_overflow():
    assert Softplus(1.0)(jnp.array([1e4]))[0] == 1e4
    assert Softplus(1.0).with_slope(jnp.array([1e4, -1e4]))[1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("side", GainSide)
def test_drift_equals_the_equation_summed_connection_by_connection(side, rng):
    n = 7
    network = rate_network(n, rng, gain_side=side)
    x, u = rng.normal(size=(2, n))
    tau, gain, bias = (np.asarray(p.expand()) for p in (network.tau, network.gain, network.bias))

    def phi(v):
        return np.log1p(np.exp(2 * v)) / 2

    total = np.zeros(n)
    for pre, post, w in zip(network.pre, network.post, network.weight, strict=True):
        if side is GainSide.PRESYNAPTIC:
            total[post] += w * gain[pre] * phi(x[pre] + bias[pre])
        else:
            total[post] += w * gain[post] * phi(x[pre])
    total += bias if side is GainSide.POSTSYNAPTIC else 0
    gap = network.gap_wiring
    for j, i, strength in zip(gap.pre, gap.post, network.gap_strength, strict=True):
        total[i] += 0.2 * strength * (x[j] - x[i])
    drift = network.drift(jnp.asarray(x), jnp.asarray(u))
    np.testing.assert_allclose(drift, (-x + total + u) / tau, rtol=1e-11)


def test_weight_is_sign_times_strength_times_scale():
    network = RateNetwork.from_connectome(two(sign=-1, count=6), scale=0.5, count_scale=3.0)
    assert network.weight.tolist() == [-1.0]


def test_electrical_current_equalizes_and_conserves():
    network = RateNetwork.from_connectome(two(kind=1, sign=0), coupling=0.5)
    x = jnp.array([1.0, 0.0])
    current = network.current(x, jnp.zeros(2))
    np.testing.assert_allclose(current, [-1.0, 1.0])
    np.testing.assert_array_equal(network.current(jnp.ones(2), jnp.zeros(2)), [0.0, 0.0])
    np.testing.assert_allclose(network.current(x[::-1], jnp.zeros(2)), current[::-1])


def test_unknown_signs_are_refused_with_the_ways_out():
    with pytest.raises(InputError, match=r"1 connections with 2 synapses.*`Trainable\(\)`"):
        RateNetwork.from_connectome(two(sign=0))


def test_a_rule_that_leaves_signs_unknown_is_refused_too():
    connectome = two(sign=0)
    named = type(connectome)(
        neuron_id=connectome.neuron_id,
        pre=connectome.pre,
        post=connectome.post,
        kind=connectome.kind,
        count=connectome.count,
        sign=connectome.sign,
        neurons={"neurotransmitter": np.array(["dopamine", "GABA"])},
    )
    with pytest.raises(InputError, match=r"after the rule 1 connections.*a rule that covers them"):
        RateNetwork.from_connectome(named, unknown_sign=TransmitterSigns())
    network = RateNetwork.from_connectome(named, unknown_sign=TransmitterSigns(otherwise=-1))
    assert network.weight.tolist() == [-2.0]


def test_a_rule_says_how_many_connections_and_contacts_it_touched(rng):
    connectome = circuit(10, rng, unknown=True)
    unknown = (connectome.sign == 0) & (connectome.kind == 0)
    network = RateNetwork.from_connectome(connectome, unknown_sign=AllExcitatory())
    (note,) = network.notes
    assert f"set {unknown.sum()} connections with {connectome.count[unknown].sum()} " in note
    assert note in network.describe()
    assert (network.sign != 0).all()


def test_trainable_signs_are_one_number_a_sender_and_have_a_gradient(rng):
    connectome = circuit(10, rng, unknown=True)
    network = RateNetwork.from_connectome(connectome, unknown_sign=Trainable())
    free = network.sign == 0
    assert f"{int(free.sum())} connections" in network.notes[0]
    expected = np.tanh(0.1) * network.strength[free]
    np.testing.assert_allclose(network.weight[free], expected)

    def total(learned):
        import equinox as eqx

        return jnp.sum(eqx.tree_at(lambda n: n.learned_sign, network, learned).weight)

    gradient = jax.grad(total)(network.learned_sign)
    senders = np.bincount(network.pre[free], network.strength[free], 10) / np.cosh(0.1) ** 2
    np.testing.assert_allclose(gradient, senders, rtol=1e-12)


def test_dropped_connections_are_gone_and_counted(rng):
    connectome = circuit(10, rng, unknown=True)
    unknown = (connectome.sign == 0) & (connectome.kind == 0)
    network = RateNetwork.from_connectome(connectome, unknown_sign=Dropped())
    assert network.strength.size == ((connectome.kind == 0) & ~unknown).sum()
    assert f"dropped because their sign is unknown: {unknown.sum()} conn" in network.notes[0]


@pytest.mark.parametrize(
    ("parameter", "values", "sharing"),
    [
        (per_neuron(np.array([1.0, 2.0, 3.0]), 3, unit="1"), [1.0, 2.0, 3.0], "neuron"),
        (per_group(2.0, np.array(["x", "y", "x"]), unit="1"), [2.0] * 3, "cell_type"),
        (global_value(4.0, 3, unit="1"), [4.0] * 3, "global"),
    ],
)
def test_sharing_expands_to_neurons_and_is_named(parameter, values, sharing):
    assert parameter.expand().tolist() == values
    assert parameter.sharing == sharing


def test_a_shared_value_moves_all_neurons_of_its_group(a_to_b):
    gain = per_group(1.0, np.array(["x", "x"]), unit="1")
    network = RateNetwork.from_connectome(a_to_b, gain=gain)
    assert network.gain.value.shape == (1,)
    assert "gain cell_type (1 values)" in network.describe()[0]


@pytest.mark.parametrize("side", GainSide)
def test_relabelling_neurons_permutes_the_drift(side, rng):
    connectome = circuit(8, rng)
    place = rng.permutation(8)
    pre, post = place[connectome.pre], place[connectome.post]
    swap = (connectome.kind == 1) & (pre > post)
    moved = type(connectome)(
        neuron_id=np.arange(8),
        pre=np.where(swap, post, pre),
        post=np.where(swap, pre, post),
        kind=connectome.kind,
        count=connectome.count,
        sign=connectome.sign,
    )
    gain, bias, x, u = rng.normal(size=(4, 8))

    def drift(connectome, order):
        network = RateNetwork.from_connectome(
            connectome,
            gain=per_neuron(gain[order], 8, unit="1"),
            bias=per_neuron(bias[order], 8, unit="state"),
            coupling=0.3,
            gain_side=side,
        )
        return network.drift(jnp.asarray(x[order]), jnp.asarray(u[order]))

    plain = drift(connectome, np.arange(8))
    np.testing.assert_allclose(drift(moved, np.argsort(place))[place], plain, rtol=1e-11)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"count_scale": 0.0}, "Use 1 to keep counts"),
        ({"tau": global_value(0.0, 2, unit="s")}, "Give time constants in seconds"),
        ({"gain": global_value(1.0, 3, unit="1")}, "Build it from the same connectome"),
    ],
)
def test_parameters_out_of_range_are_refused(a_to_b, change, instruction):
    with pytest.raises(InputError, match=instruction):
        RateNetwork.from_connectome(a_to_b, **change)
