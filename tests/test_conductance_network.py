"""The claims of `ConductanceNetwork`: stable whatever its parameters, and a linear rate network."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import circuit, two
from neuroloom.errors import InputError
from neuroloom.networks import ConductanceNetwork, GainSide, Linear, RateNetwork, per_neuron
from neuroloom.simulation import steady_state


def drawn(n, rng, key, *, sd):
    network = ConductanceNetwork.from_connectome(
        circuit(n, rng, unknown=True), learn_unknown_signs=True
    )
    network = network.initialize(key, sd=sd)
    return eqx.tree_at(lambda m: m.transmission, network, jnp.asarray(9.0))


@pytest.mark.parametrize("sd", [0.3, 3.0])
def test_no_parameters_make_it_unstable(sd, key):
    respond = eqx.filter_jit(lambda network: network.steady_response(jnp.arange(12)))
    for k in jax.random.split(key, 5):
        response = respond(drawn(12, np.random.default_rng(0), k, sd=sd))
        rates_of_decay = np.linalg.eigvals(np.linalg.inv(np.asarray(response).T))
        assert rates_of_decay.real.min() > 0.99


def test_it_rests_where_the_linear_rate_network_of_its_docstring_rests(rng, key):
    n = 9
    network = drawn(n, rng, key, sd=0.3)
    pre, post = network.wiring.pre, network.wiring.post
    a, b = jnp.exp(network.log_received), jnp.exp(network.log_sent)
    h = 1 + jnp.zeros(n).at[post].add(network.root_count * a[post] * b[pre])
    passed = 0.98 / (1 + jnp.exp(-network.transmission))
    half = 0.5 * (
        network.log_gap[network.gap_wiring.pre] + network.log_gap[network.gap_wiring.post]
    )
    gap = network.root_gap_count * jnp.exp(network.log_coupling + half)
    sign = jnp.where(network.sign == 0, jnp.tanh(network.learned_sign)[pre], network.sign)
    twin = RateNetwork.from_connectome(
        circuit(n, np.random.default_rng(0), gaps=False),
        gain=per_neuron(np.asarray(passed * a / h), n, unit="1"),
        activation=Linear(),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    twin = eqx.tree_at(
        lambda t: (t.wiring, t.gap_wiring, t.sign, t.strength, t.gap_strength, t.coupling),
        twin,
        (
            network.wiring,
            network.gap_wiring,
            sign,
            b[pre] * network.root_count,
            gap / h[network.gap_wiring.post],
            jnp.asarray(1.0),
        ),
    )
    damping = 0.5 / float(1 + (gap.sum() / h.min()))
    rest = steady_state(
        twin, jnp.eye(n) / h[None, :], tolerance=1e-12, damping=damping, max_steps=20_000
    )
    np.testing.assert_allclose(network.steady_response(jnp.arange(n)), rest, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_push_travels_from_pre_to_post_with_its_sign(sign):
    network = ConductanceNetwork.from_connectome(two(sign=sign, count=4))
    push_a, push_b = network.steady_response(jnp.array([0, 1]))
    np.testing.assert_allclose(push_a, [1.0, sign * 0.49 * 2 / (1 + 2)])
    np.testing.assert_allclose(push_b, [0.0, 1 / (1 + 2)])


def test_a_gap_junction_is_symmetric():
    network = ConductanceNetwork.from_connectome(two(kind=1, sign=0, count=4))
    response = network.steady_response(jnp.array([0, 1]))
    g = 2 * np.e
    np.testing.assert_allclose(response, np.array([[1 + g, g], [g, 1 + g]]) / (1 + 2 * g))


def test_unknown_signs_are_refused_or_learned():
    with pytest.raises(InputError, match="`learn_unknown_signs=True`"):
        ConductanceNetwork.from_connectome(two(sign=0))
    network = ConductanceNetwork.from_connectome(two(sign=0), learn_unknown_signs=True)

    def reached(learned):
        moved = eqx.tree_at(lambda n: n.learned_sign, network, learned)
        return moved.steady_response(jnp.array([0]))[0, 1]

    gradient = jax.grad(reached)(network.learned_sign)
    assert gradient[0] > 0
    assert gradient[1] == 0


def test_gradient_equals_finite_differences(rng, key):
    network = drawn(6, rng, key, sd=0.3)
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    way = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape)), parts)
    way = eqx.tree_at(lambda n: n.sign, way, jnp.zeros_like(network.sign))  # 0 means: learned

    def value(step):
        moved = jax.tree.map(lambda p, w: p + step * w, parts, way)
        return jnp.sum(jnp.sin(eqx.combine(moved, form).steady_response(jnp.arange(6))))

    value = jax.jit(value)
    numeric = (value(1e-5) - value(-1e-5)) / 2e-5
    assert jax.grad(value)(0.0) == pytest.approx(float(numeric), rel=1e-6)


def test_members_start_apart_and_reproducibly(rng, key):
    network = ConductanceNetwork.from_connectome(circuit(6, rng))
    one, again = network.initialize(key), network.initialize(key)
    np.testing.assert_array_equal(one.log_sent, again.log_sent)
    assert not np.array_equal(one.log_sent, one.log_received)
