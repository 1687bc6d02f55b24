"""Physics of the simulation: closed forms, order, direction, noise, clamp, rest."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import rate_network, two, unconnected
from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import (
    AbstractActivation,
    GainSide,
    Linear,
    RateNetwork,
    RateNoise,
    Relu,
    StateNoise,
    global_value,
)
from neuroloom.simulation import linear_response, simulate, steady_state


def linear(connectome, *, tau=0.1, **choices):
    n = connectome.n_neurons
    tau = global_value(tau, n, unit="s")
    return RateNetwork.from_connectome(connectome, tau=tau, activation=Linear(), **choices)


def test_euler_of_the_leak_equals_its_closed_form():
    states = simulate(
        linear(unconnected(2)), jnp.zeros((30, 2)), dt=0.02, initial=jnp.array([1.0, -2.0])
    )
    expected = 0.8 ** np.arange(1, 31)[:, None] * np.array([1.0, -2.0])
    np.testing.assert_allclose(states, expected, rtol=1e-12)


def test_euler_converges_at_first_order_to_the_exact_chain():
    """a leaks, b is driven by it: x_b = w x_a(0) (t / tau) exp(-t / tau)."""
    network, duration = linear(two(count=3)), 0.2
    exact = np.exp(-2.0) * np.array([1.0, 3 * 2.0])
    n_steps = [100, 200, 400, 800]
    errors = []
    for n in n_steps:
        start = jnp.array([1.0, 0.0])
        states = simulate(network, jnp.zeros((n, 2)), dt=duration / n, initial=start)
        errors.append(np.abs(states[-1] - exact).max())
    order = -np.polyfit(np.log(n_steps), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.05)


def test_activity_flows_from_pre_to_post_and_the_inhibitory_twin_goes_down():
    push_a, push_b = jnp.zeros((2, 50, 2)).at[0, :, 0].set(1.0).at[1, :, 1].set(1.0)
    for sign in (1, -1):
        network = RateNetwork.from_connectome(two(sign=sign), activation=Relu())
        assert sign * simulate(network, push_a, dt=0.01)[-1, 1] > 0.1
        assert simulate(network, push_b, dt=0.01)[-1, 0] == 0


def test_batch_equals_a_loop_over_trials(rng):
    network = rate_network(6, rng)
    inputs, initial = (
        jnp.asarray(rng.normal(size=(2, 3, 20, 6))),
        jnp.asarray(rng.normal(size=(2, 3, 6))),
    )
    together = simulate(network, inputs, dt=0.01, initial=initial)
    for i in range(2):
        for j in range(3):
            alone = simulate(network, inputs[i, j], dt=0.01, initial=initial[i, j])
            np.testing.assert_allclose(together[i, j], alone, rtol=1e-11, atol=1e-13)


def test_relabelling_neurons_permutes_the_states(rng):
    network = rate_network(6, rng, gaps=False)
    place = rng.permutation(6)
    moved = eqx.tree_at(
        lambda n: (n.wiring, n.tau.value, n.gain.value, n.bias.value),
        network,
        (
            type(network.wiring)(
                jnp.asarray(place)[network.pre], jnp.asarray(place)[network.post], 6
            ),
            *(
                jnp.zeros(6).at[place].set(p.value)
                for p in (network.tau, network.gain, network.bias)
            ),
        ),
    )
    inputs = jnp.asarray(rng.normal(size=(20, 6)))
    plain = simulate(network, inputs, dt=0.01)
    states = simulate(moved, jnp.zeros((20, 6)).at[:, place].set(inputs), dt=0.01)
    np.testing.assert_allclose(states[:, place], plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("side", GainSide)
def test_gradient_equals_finite_differences(side, rng):
    network = rate_network(5, rng, gain_side=side)
    inputs = jnp.asarray(rng.normal(size=(2, 15, 5)))
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    way = jax.tree.map(lambda p: jnp.asarray(0.3 * rng.normal(size=p.shape)) * p, parts)

    def value(step):
        moved = eqx.combine(jax.tree.map(lambda p, w: p + step * w, parts, way), form)
        return jnp.sum(jnp.sin(simulate(moved, inputs, dt=0.01)))

    value = jax.jit(value)
    numeric = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float(jax.grad(value)(0.0)) == pytest.approx(float(numeric), rel=1e-6)


class Counting(AbstractActivation):
    """Linear, and counts how often it is traced."""

    traced: ClassVar[list[int]] = []

    def __call__(self, x):
        self.traced.append(1)
        return x

    def with_slope(self, x):
        self.traced.append(1)
        return x, jnp.ones_like(x)


def test_a_second_call_with_other_numbers_does_not_compile_again(a_to_b):
    network = RateNetwork.from_connectome(a_to_b, activation=Counting())
    simulate(network, jnp.zeros((5, 2)), dt=0.01)
    before = len(Counting.traced)
    assert before > 0
    stronger = eqx.tree_at(lambda n: n.scale, network, jnp.asarray(3.0))
    simulate(stronger, jnp.ones((5, 2)), dt=0.01)
    assert len(Counting.traced) == before


def test_state_noise_gives_the_variance_of_ornstein_and_uhlenbeck_whatever_dt(key):
    network = linear(unconnected(20))
    variances = []
    for dt in (0.01, 0.005):
        n_steps = round(4 / dt)
        states = simulate(
            network, jnp.zeros((40, n_steps, 20)), dt=dt, noise=StateNoise(0.5), key=key
        )
        late = states[:, n_steps // 4 :]
        assert abs(float(late.mean())) < 0.01
        variances.append(float(late.var()) * (1 - dt / 0.2))  # Euler's own bias, known exactly
    np.testing.assert_allclose(variances, 0.5**2 * 0.1 / 2, rtol=0.04)


def test_rate_noise_reaches_only_who_receives_and_shrinks_with_dt(key):
    network = linear(two(count=3))
    for dt in (0.02, 0.005):
        n_steps = round(20 / dt)
        states = simulate(
            network, jnp.zeros((20, n_steps, 2)), dt=dt, noise=RateNoise(0.5), key=key
        )
        assert jnp.abs(states[..., 0]).max() == 0
        fraction = dt / 0.1
        expected = (3 * 0.5) ** 2 * fraction / (2 - fraction)
        assert float(states[:, n_steps // 10 :, 1].var()) == pytest.approx(expected, rel=0.06)


def test_noise_is_the_same_for_the_same_key_and_differs_between_trials(key):
    network = linear(unconnected(2))
    run = [
        simulate(network, jnp.zeros((2, 5, 2)), dt=0.01, noise=StateNoise(1.0), key=k)
        for k in (key, key, jax.random.key(9))
    ]
    np.testing.assert_array_equal(run[0], run[1])
    assert not np.array_equal(run[0], run[2])
    assert not np.array_equal(run[0][0], run[0][1])


def test_a_clamped_neuron_sends_the_given_rate_and_keeps_a_state_of_its_own():
    network = linear(two(count=2))
    clamp = jnp.full((400, 2), jnp.nan).at[:, 0].set(3.0)
    push = jnp.zeros((400, 2)).at[:, 0].set(1.0)
    states = simulate(network, push, dt=0.01, clamp=clamp)
    np.testing.assert_allclose(states[-1], [1.0, 2 * 3.0], rtol=1e-6)


def test_a_clamp_of_nan_everywhere_changes_nothing(rng):
    network = rate_network(5, rng)
    inputs = jnp.asarray(rng.normal(size=(10, 5)))
    free = simulate(network, inputs, dt=0.01, clamp=jnp.full((10, 5), jnp.nan))
    np.testing.assert_allclose(free, simulate(network, inputs, dt=0.01), rtol=1e-13)


@pytest.mark.parametrize("side", GainSide)
def test_steady_state_is_where_a_long_simulation_ends(side, rng):
    network = rate_network(6, rng, gain_side=side)
    inputs = jnp.asarray(rng.normal(size=(3, 6)))
    rest = steady_state(network, inputs, tolerance=1e-11)
    long = jnp.broadcast_to(inputs[:, None], (3, 1_000, 6))
    np.testing.assert_allclose(rest, simulate(network, long, dt=0.01)[:, -1], rtol=1e-7, atol=1e-8)
    drift = network.drift(rest, inputs)
    assert jnp.abs(drift).max() < 1e-8


def test_gradient_of_the_steady_state_equals_finite_differences(rng):
    network = rate_network(5, rng)
    inputs = jnp.asarray(rng.normal(size=(2, 5)))
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    way = jax.tree.map(lambda p: jnp.asarray(0.3 * rng.normal(size=p.shape)) * p, parts)

    def value(step):
        moved = eqx.combine(jax.tree.map(lambda p, w: p + step * w, parts, way), form)
        return jnp.sum(jnp.sin(steady_state(moved, inputs * (1 + step), tolerance=1e-13)))

    value = jax.jit(value)
    numeric = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float(jax.grad(value)(0.0)) == pytest.approx(float(numeric), rel=1e-6)


def test_a_network_that_does_not_rest_is_an_error():
    connectome = two(count=1)
    loop = type(connectome)(
        neuron_id=np.array(["a"]),
        pre=np.array([0]),
        post=np.array([0]),
        kind=np.array([0]),
        count=np.array([2]),
        sign=np.array([1]),
    )
    with pytest.raises(SimulationError, match="Lower the gain or `scale`, lower `damping`"):
        steady_state(linear(loop), jnp.ones(1))


@pytest.mark.parametrize("side", GainSide)
def test_linear_response_is_the_steady_change_under_a_small_push(side, rng):
    network = rate_network(6, rng, gain_side=side)
    rest = steady_state(network, jnp.zeros(6), tolerance=1e-14)
    push = jnp.asarray(rng.normal(size=(4, 6)))
    predicted = linear_response(network, push, around=rest)
    up, down = (steady_state(network, s * push, tolerance=1e-14) for s in (1e-4, -1e-4))
    np.testing.assert_allclose((up - down) / 2e-4, predicted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"inputs": jnp.zeros((5, 3))}, "Put trials in front and neurons last"),
        ({"inputs": jnp.zeros(2)}, "Put trials in front and neurons last"),
        ({"dt": 0.0}, "Give the step in seconds"),
        ({"noise": StateNoise(0.1)}, "Pass `key="),
        ({"initial": jnp.zeros((3, 2))}, "one state a trial"),
        ({"clamp": jnp.zeros((4, 2))}, "the shape of `inputs`"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(a_to_b, change, instruction):
    network = RateNetwork.from_connectome(a_to_b)
    arguments = {"inputs": jnp.zeros((5, 2)), "dt": 0.01} | change
    with pytest.raises(InputError, match=instruction):
        simulate(network, arguments.pop("inputs"), **arguments)


def test_a_constant_input_of_the_wrong_width_is_refused(a_to_b):
    with pytest.raises(InputError, match="Put trials in front"):
        steady_state(RateNetwork.from_connectome(a_to_b), jnp.zeros(3))
