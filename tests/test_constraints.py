"""Constraints of trained parameters: the range, the way back, and what gradients do there."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import circuit, rate_network, two
from neuroloom.errors import InputError
from neuroloom.networks import (
    Bounded,
    Exponential,
    Free,
    RateNetwork,
    Rectified,
    SharedSoftplus,
    Softplus,
    global_value,
    per_group,
    per_neuron,
)
from neuroloom.simulation import simulate

INSIDE = {
    Free(): np.array([-3.0, 0.0, 2.5]),
    Rectified(): np.array([0.0, 0.5, 7.0]),
    Exponential(): np.array([1e-3, 1.0, 40.0]),
    Bounded(0.2, 5.0): np.array([0.21, 1.0, 4.9]),
}


@pytest.mark.parametrize("constraint", INSIDE, ids=lambda c: type(c).__name__)
def test_a_parameter_comes_back_from_its_raw_value(constraint):
    values = INSIDE[constraint]
    parameter = per_neuron(values, 3, unit="1", constraint=constraint)
    np.testing.assert_allclose(parameter.expand(), values, rtol=1e-12)


@pytest.mark.parametrize(
    ("constraint", "low", "high"),
    [(Rectified(), 0, np.inf), (Exponential(), 0, np.inf), (Bounded(0.2, 5.0), 0.2, 5.0)],
)
def test_no_raw_value_leaves_the_range(constraint, low, high):
    reached = constraint(jnp.linspace(-30, 30, 101))
    assert (reached >= low).all()
    assert (reached <= high).all()
    assert (jnp.diff(reached) >= 0).all()


@pytest.mark.parametrize(
    ("constraint", "value"),
    [(Rectified(), -0.1), (Exponential(), 0.0), (Bounded(0.2, 5.0), 5.0)],
)
def test_a_start_outside_the_range_is_refused(constraint, value):
    with pytest.raises(InputError, match="Start it inside, or use another constraint"):
        global_value(value, 4, unit="1", constraint=constraint)


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf)])
def test_bounds_that_hold_nothing_are_refused(bounds):
    with pytest.raises(InputError, match="Give, for example"):
        Bounded(*bounds)


def test_a_network_uses_the_constrained_value(rng):
    plain = rate_network(5, rng)
    raw = jnp.log(plain.gain.value)
    logged = eqx.tree_at(
        lambda n: n.gain,
        plain,
        per_neuron(np.asarray(plain.gain.value), 5, unit="1", constraint=Exponential()),
    )
    np.testing.assert_allclose(logged.gain.value, raw, rtol=1e-12)
    inputs = jnp.asarray(rng.normal(size=(30, 5)))
    np.testing.assert_allclose(
        simulate(logged, inputs, dt=0.01), simulate(plain, inputs, dt=0.01), rtol=1e-12
    )


def test_tau_is_checked_in_seconds_and_not_in_raw_numbers():
    short = global_value(0.5, 2, unit="s", constraint=Exponential())
    assert short.value[0] < 0
    assert RateNetwork.from_connectome(two(), tau=short).tau.expand()[0] == 0.5


def test_clamped_signs_survive_training(rng):
    network = RateNetwork.from_connectome(circuit(6, rng), clamp_signs=True)
    free = RateNetwork.from_connectome(circuit(6, rng))
    below = eqx.tree_at(lambda n: n.strength, network, -network.strength)
    assert (below.weight == 0).all()
    assert (network.weight * network.sign > 0).all()
    other = eqx.tree_at(lambda n: n.strength, free, -free.strength)
    np.testing.assert_array_equal(other.weight, -free.weight)


@pytest.mark.parametrize("sharing", ["global", "cell_type", "neuron"])
def test_a_shared_smoothness_equals_the_plain_one(sharing, rng):
    x = jnp.asarray(rng.normal(size=(4, 3)) * 5)
    build = {
        "global": lambda: global_value(2.0, 3, unit="1", constraint=Exponential()),
        "cell_type": lambda: per_group(
            2.0, np.array(["a", "b", "a"]), unit="1", constraint=Exponential()
        ),
        "neuron": lambda: per_neuron(2.0, 3, unit="1", constraint=Exponential()),
    }[sharing]
    shared, plain = SharedSoftplus(build()), Softplus(2.0)
    for ours, theirs in (
        (shared(x), plain(x)),
        *zip(shared.with_slope(x), plain.with_slope(x), strict=True),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_the_smoothness_of_every_neuron_has_its_own_gradient(rng):
    network = rate_network(5, rng)
    smooth = per_neuron(rng.uniform(0.5, 3, 5), 5, unit="1", constraint=Exponential())
    network = eqx.tree_at(lambda n: n.activation, network, SharedSoftplus(smooth))
    inputs = jnp.asarray(rng.normal(size=(2, 20, 5)))

    def value(raw, adjoint):
        moved = eqx.tree_at(lambda n: n.activation.smoothness.value, network, raw)
        return (simulate(moved, inputs, dt=0.02, adjoint=adjoint)[..., 2] ** 2).sum()

    ours = jax.grad(value)(smooth.value, True)
    plain = jax.grad(value)(smooth.value, False)
    assert (jnp.abs(plain) > 0).sum() >= 4  # one neuron sends nothing
    np.testing.assert_allclose(ours, plain, rtol=1e-9)
