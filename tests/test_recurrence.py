"""Our gradient of the loop over time equals JAX's, for every number that goes into it."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import circuit, rate_network
from neuroloom.networks import (
    ExponentialEuler,
    ForwardEuler,
    GainSide,
    RateNetwork,
    RateNoise,
    Relu,
    Retanh,
    Softplus,
    StateNoise,
    Tanh,
)
from neuroloom.networks.recurrence import TRIAL_AXIS
from neuroloom.simulation import simulate
from neuroloom.wiring import SparseWiring

NOISES = {"none": None, "state": StateNoise(0.3), "rate": RateNoise(0.2)}


def everything(n, rng, dtype, *, n_trials=3, n_steps=12, **choices):
    """Every floating argument of `simulate` in one tree, and what is left of the network."""
    network = rate_network(n, rng, unknown=True, **choices)
    clamp = np.where(
        rng.random((n_trials, n_steps, n)) < 0.2, rng.normal(size=(n_trials, n_steps, n)), np.nan
    )
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    arguments = (
        parts,
        jnp.asarray(rng.normal(size=(n_trials, n_steps, n))),
        jnp.asarray(rng.normal(size=(n_trials, n))),
        jnp.asarray(clamp),
        jnp.asarray(0.01),
    )
    return jax.tree.map(lambda a: a.astype(dtype), arguments), form


def gradient(arguments, form, *, adjoint, noise=None):
    """Of `value`, as one compiled program."""
    return jax.jit(jax.grad(lambda a: value(a, form, noise, adjoint)))(arguments)


def value(arguments, form, noise, adjoint, free=True, integrator=None):
    parts, inputs, initial, clamp, dt = arguments
    states = simulate(
        eqx.combine(parts, form),
        inputs,
        dt=dt,
        initial=initial,
        clamp=clamp if free else None,
        noise=noise,
        key=None if noise is None else jax.random.key(3),
        integrator=integrator,
        adjoint=adjoint,
    )
    return jnp.sum(jnp.sin(3 * states))


def largest_difference(one, other):
    """Over leaves, relative to the largest entry of each leaf."""

    def relative(a, b):
        assert a.dtype == b.dtype
        return float(jnp.abs(a - b).max() / jnp.maximum(jnp.abs(b).max(), 1e-3))

    return max(jax.tree.leaves(jax.tree.map(relative, one, other)))


@pytest.mark.parametrize("integrator", [ForwardEuler(), ExponentialEuler()])
@pytest.mark.parametrize(
    ("side", "noise", "dtype"),
    [
        (GainSide.PRESYNAPTIC, "state", jnp.float32),
        (GainSide.POSTSYNAPTIC, "rate", jnp.float32),
        (GainSide.PRESYNAPTIC, "rate", jnp.float64),
    ],
)
def test_gradient_of_every_number_equals_automatic_differentiation(
    side, noise, dtype, integrator, rng
):
    """Parameters, signs, counts, inputs, initial state, clamped rates and dt."""
    arguments, form = everything(7, rng, dtype, gain_side=side)
    run = partial(value, form=form, noise=NOISES[noise], integrator=integrator)
    ours = jax.jit(jax.value_and_grad(partial(run, adjoint=True)))(arguments)
    plain = jax.jit(jax.value_and_grad(partial(run, adjoint=False)))(arguments)
    assert largest_difference(ours, plain) < (1e-5 if dtype == jnp.float32 else 1e-10)
    for leaf in jax.tree.leaves(plain[1]):
        assert jnp.abs(leaf).max() > 0


@pytest.mark.parametrize(
    ("side", "activation"),
    [
        (GainSide.PRESYNAPTIC, Relu()),
        (GainSide.PRESYNAPTIC, Retanh()),
        (GainSide.POSTSYNAPTIC, Softplus(1.0)),
        (GainSide.POSTSYNAPTIC, Tanh()),
    ],
)
def test_gradient_holds_for_every_activation(side, activation, rng):
    arguments, form = everything(7, rng, jnp.float64, gain_side=side, activation=activation)
    run = partial(value, form=form, noise=None)
    ours = jax.jit(jax.grad(partial(run, adjoint=True, free=False)))(arguments)
    plain = jax.jit(jax.grad(partial(run, adjoint=False, free=False)))(arguments)
    assert largest_difference(ours[:3], plain[:3]) < 1e-10


def test_gradient_holds_for_sparse_wiring(rng):
    arguments, form = everything(7, rng, jnp.float64, gain_side=GainSide.POSTSYNAPTIC)
    network = eqx.combine(arguments[0], form)
    ends = (np.asarray(network.pre), np.asarray(network.post))
    gaps = (np.asarray(network.gap_wiring.pre), np.asarray(network.gap_wiring.post))
    operators = (SparseWiring.from_ends(*ends, 7), SparseWiring.from_ends(*gaps, 7))
    network = eqx.tree_at(lambda n: (n.wiring, n.gap_wiring), network, operators)
    parts, form_sparse = eqx.partition(network, eqx.is_inexact_array)
    sparse = gradient((parts, *arguments[1:]), form_sparse, adjoint=True)
    dense = gradient(arguments, form, adjoint=False)
    pairs = zip(jax.tree.leaves(sparse), jax.tree.leaves(dense), strict=True)
    for ours, plain in pairs:
        np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-10)


PICKED = {
    "gain": lambda n: n.gain.value,
    "bias": lambda n: n.bias.value,
    "tau": lambda n: n.tau.value,
    "coupling": lambda n: n.coupling,
    "smoothness": lambda n: n.activation.smoothness,
    "sign": lambda n: n.learned_sign,
}


@pytest.mark.parametrize(
    ("side", "names"),
    [(GainSide.PRESYNAPTIC, list(PICKED)), (GainSide.POSTSYNAPTIC, ["gain", "bias", "smoothness"])],
)
def test_asking_for_one_gradient_alone_gives_the_same(side, names, rng):
    """The way back leaves out what nobody asks for; what is left must not change."""
    arguments, form = everything(6, rng, jnp.float64, gain_side=side)
    parts, *rest = arguments
    together = gradient(arguments, form, adjoint=False)[0]
    for name in names:
        picked = PICKED[name]

        def alone(leaf, picked=picked):
            return value((eqx.tree_at(picked, parts, leaf), *rest), form, None, True)

        expected = picked(together)
        assert jnp.abs(expected).max() > 0
        ours = jax.jit(jax.grad(alone))(picked(parts))
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-11, err_msg=name)


def test_time_constants_and_gap_junctions_shape_the_exponential_step_and_its_gradient(rng):
    """Both enter through the fraction; a step longer than tau, with noise on the state."""
    arguments, form = everything(6, rng, jnp.float64)
    parts, *rest, _ = arguments
    for name in ("tau", "coupling"):
        picked = PICKED[name]

        def alone(leaf, adjoint, picked=picked):
            moved = (eqx.tree_at(picked, parts, leaf), *rest, jnp.asarray(0.3))
            return value(moved, form, StateNoise(0.3), adjoint, integrator=ExponentialEuler())

        ours, plain = (
            jax.jit(jax.grad(partial(alone, adjoint=adjoint)))(picked(parts))
            for adjoint in (True, False)
        )
        assert jnp.abs(plain).max() > 0
        np.testing.assert_allclose(ours, plain, rtol=1e-10, err_msg=name)


def test_a_single_step_has_the_right_gradient(rng):
    arguments, form = everything(6, rng, jnp.float64, n_steps=1)
    ours = gradient(arguments, form, adjoint=True)
    plain = gradient(arguments, form, adjoint=False)
    assert largest_difference(ours, plain) < 1e-10


@pytest.mark.parametrize(("n_trials", "noise"), [(4, "none"), (3, "rate")])
def test_trials_spread_over_devices_give_the_same_numbers(n_trials, noise, rng):
    assert jax.device_count() == 2, "tests/conftest.py asks for two host devices"
    arguments, form = everything(6, rng, jnp.float64, n_trials=n_trials)
    alone = gradient(arguments, form, adjoint=True, noise=NOISES[noise])
    mesh = jax.sharding.Mesh(
        np.array(jax.devices()), (TRIAL_AXIS,), axis_types=(jax.sharding.AxisType.Auto,)
    )
    with jax.set_mesh(mesh):
        spread = gradient(arguments, form, adjoint=True, noise=NOISES[noise])
    assert len(spread[1].sharding.device_set) == 2, "the loop must have been split"
    assert largest_difference(jax.device_get(spread), jax.device_get(alone)) < 1e-10


def test_members_can_be_stacked_by_vmap(rng):
    arguments, form = everything(5, rng, jnp.float64)
    gains = jnp.asarray(rng.uniform(0.5, 1, (4, 5)))

    def of_gain(gain):
        parts = eqx.tree_at(lambda n: n.gain.value, arguments[0], gain)
        return value((parts, *arguments[1:]), form, None, True)

    single = jax.jit(jax.grad(of_gain))
    stacked = jax.jit(jax.vmap(jax.grad(of_gain)))(gains)
    single = jnp.stack([single(g) for g in gains])
    np.testing.assert_allclose(stacked, single, rtol=1e-10)


def test_forward_mode_works_with_the_switch_and_is_refused_without(rng):
    arguments, form = everything(5, rng, jnp.float64)
    way = jax.tree.map(jnp.ones_like, arguments)
    way = (*way[:3], jnp.zeros_like(arguments[3]), way[4])

    def run(a, adjoint):
        return value(a, form, None, adjoint)

    forward = jax.jit(lambda a, w: jax.jvp(partial(run, adjoint=False), (a,), (w,))[1])(
        arguments, way
    )
    pairs = zip(
        jax.tree.leaves(gradient(arguments, form, adjoint=True)), jax.tree.leaves(way), strict=True
    )
    reverse = sum(float(jnp.sum(g * w)) for g, w in pairs)
    assert float(forward) == pytest.approx(reverse, rel=1e-10)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(partial(run, adjoint=True), (arguments,), (way,))


def test_the_derivative_of_a_gradient_is_exact(rng):
    """Hessian-vector products, forward over reverse."""
    arguments, form = everything(5, rng, jnp.float64)

    def of_bias(bias, adjoint):
        parts = eqx.tree_at(lambda n: n.bias.value, arguments[0], bias)
        return value((parts, *arguments[1:]), form, None, adjoint)

    bias, way = arguments[0].bias.value, jnp.asarray(rng.normal(size=5))
    ours, plain = (
        jax.jit(lambda b, w, a=a: jax.jvp(jax.grad(partial(of_bias, adjoint=a)), (b,), (w,))[1])(
            bias, way
        )
        for a in (True, False)
    )
    np.testing.assert_allclose(ours, plain, rtol=1e-9)


def test_the_way_back_keeps_the_states_and_little_else(rng):
    """Memory of a gradient, compiled: a few times the states, where JAX's own keeps many more."""
    network = RateNetwork.from_connectome(circuit(40, rng), scale=0.01)
    inputs = jnp.asarray(rng.normal(size=(8, 400, 40)))

    def loss(gain, adjoint):
        net = eqx.tree_at(lambda n: n.gain.value, network, gain)
        return jnp.sum(simulate(net, inputs, dt=0.01, adjoint=adjoint) ** 2)

    def used(adjoint):
        lowered = jax.jit(jax.grad(partial(loss, adjoint=adjoint))).lower(network.gain.value)
        return lowered.compile().memory_analysis().temp_size_in_bytes / inputs.nbytes

    assert used(True) < 0.75 * used(False)
