"""Physics of a step: what each method does exactly, at which order it converges, what it bears."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from circuits import circuit, rate_network, two, unconnected
from neuroloom.fitting import fit
from neuroloom.networks import (
    ExponentialEuler,
    ForwardEuler,
    GainSide,
    Linear,
    RateNetwork,
    RateNoise,
    Relu,
    Shared,
    StateNoise,
    per_neuron,
)
from neuroloom.simulation import simulate, steady_state

EXPONENTIAL = ExponentialEuler()
BOTH = pytest.mark.parametrize("integrator", [ForwardEuler(), EXPONENTIAL])


def linear(connectome, *, tau=0.1, **choices):
    n = connectome.n_neurons
    tau = per_neuron(np.broadcast_to(tau, n), n, unit="s")
    return RateNetwork.from_connectome(connectome, tau=tau, activation=Linear(), **choices)


def test_forward_euler_is_what_simulate_does_unless_told_otherwise(rng, key):
    network = rate_network(6, rng)
    inputs = jnp.asarray(rng.normal(size=(2, 20, 6)))
    told, untold = (
        simulate(network, inputs, dt=0.01, noise=StateNoise(0.3), key=key, **choice)
        for choice in ({"integrator": ForwardEuler()}, {})
    )
    np.testing.assert_array_equal(told, untold)
    other = simulate(
        network, inputs, dt=0.01, noise=StateNoise(0.3), key=key, integrator=EXPONENTIAL
    )
    assert jnp.abs(other - told).max() > 1e-3


@pytest.mark.parametrize("dt", [1e-3, 0.1, 7.0])
def test_a_neuron_alone_under_constant_input_is_exact_whatever_dt(dt):
    tau, start, push = np.array([0.05, 0.4]), np.array([1.0, -2.0]), np.array([3.0, 0.5])
    states = simulate(
        linear(unconnected(2), tau=tau),
        jnp.broadcast_to(push, (12, 2)),
        dt=dt,
        initial=jnp.asarray(start),
        integrator=EXPONENTIAL,
    )
    time = dt * np.arange(1, 13)[:, None]
    np.testing.assert_allclose(states, push + (start - push) * np.exp(-time / tau), rtol=1e-11)


def test_a_step_equals_the_method_written_out_neuron_by_neuron(rng):
    """The textbook form, with the loss (1 + leak) / tau and the target of what is held."""
    network, dt = rate_network(5, rng, gain_side=GainSide.POSTSYNAPTIC), 0.17
    x, u = rng.normal(size=5), rng.normal(size=5)
    weight, rate = np.asarray(network.weight), np.asarray(network.rate(jnp.asarray(x)))
    conductance = np.asarray(network.coupling * network.gap_strength)
    pre, post = np.asarray(network.gap_wiring.pre), np.asarray(network.gap_wiring.post)
    assert len(pre) > 0
    expected = np.empty(5)
    for i in range(5):
        onto = np.asarray(network.post) == i
        held = (weight[onto] * rate[np.asarray(network.pre)[onto]]).sum()
        held = float(network.gain.value[i]) * held + float(network.bias.value[i]) + u[i]
        held += (conductance[post == i] * x[pre[post == i]]).sum()
        loss = 1 + conductance[post == i].sum()
        decay = np.exp(-loss * dt / float(network.tau.value[i]))
        expected[i] = held / loss + (x[i] - held / loss) * decay
    states = simulate(
        network, jnp.asarray(u)[None], dt=dt, initial=jnp.asarray(x), integrator=EXPONENTIAL
    )
    np.testing.assert_allclose(states[0], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["chemical", "electrical"])
def test_it_converges_at_first_order_to_the_exact_pair(kind):
    """a -> b with weight 3: x_b = 3 (t / tau) exp(-t / tau). A gap junction of conductance 2: the
    difference decays at 5 / tau, the mean at 1 / tau.
    """
    s = 0.2 / 0.1
    if kind == "chemical":
        network = linear(two(count=3))
        exact = np.exp(-s) * np.array([1.0, 3 * s])
    else:
        network = linear(two(kind=1, sign=0, count=2), coupling=1.0)
        exact = 0.5 * np.exp(-s) + 0.5 * np.exp(-5 * s) * np.array([1.0, -1.0])
    n_steps, errors = [100, 200, 400, 800], []
    for n in n_steps:
        states = simulate(
            network,
            jnp.zeros((n, 2)),
            dt=0.2 / n,
            initial=jnp.array([1.0, 0.0]),
            integrator=EXPONENTIAL,
        )
        errors.append(np.abs(states[-1] - exact).max())
    order = -np.polyfit(np.log(n_steps), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.05)


def test_activity_flows_from_pre_to_post_and_the_inhibitory_twin_goes_down():
    push_a, push_b = jnp.zeros((2, 5, 2)).at[0, :, 0].set(1.0).at[1, :, 1].set(1.0)
    for sign in (1, -1):
        network = RateNetwork.from_connectome(two(sign=sign), activation=Relu())
        run = [simulate(network, p, dt=0.1, integrator=EXPONENTIAL) for p in (push_a, push_b)]
        assert sign * run[0][-1, 1] > 0.1
        assert run[1][-1, 0] == 0


def test_gap_junctions_never_make_it_unstable_where_forward_euler_explodes(rng):
    connectome = circuit(12, rng, density=0.0)
    network = linear(connectome, coupling=50.0, tau=rng.uniform(0.01, 1.0, 12))
    start = jnp.asarray(rng.normal(size=12))

    def largest(integrator):
        states = simulate(
            network, jnp.zeros((200, 12)), dt=0.5, initial=start, integrator=integrator
        )
        return np.abs(np.asarray(states)).max(axis=1)

    sizes = largest(EXPONENTIAL)
    assert np.all(np.diff(np.r_[np.abs(start).max(), sizes]) <= 1e-12)
    assert not largest(ForwardEuler())[-1] < 1e6


@BOTH
@pytest.mark.parametrize("side", GainSide)
def test_a_long_simulation_ends_where_the_equation_rests(side, integrator, rng):
    network = rate_network(6, rng, gain_side=side)
    inputs = jnp.asarray(rng.normal(size=(3, 6)))
    rest = steady_state(network, inputs, tolerance=1e-12)
    long = jnp.broadcast_to(inputs[:, None], (3, 1_500, 6))
    states = simulate(network, long, dt=0.01, integrator=integrator)
    np.testing.assert_allclose(states[:, -1], rest, rtol=1e-8, atol=1e-9)
    stays = simulate(network, long[:, :3], dt=0.01, initial=rest, integrator=integrator)
    np.testing.assert_allclose(stays[:, -1], rest, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dt", [0.01, 0.3])
def test_state_noise_has_the_variance_of_ornstein_and_uhlenbeck_whatever_dt(dt, key):
    """sigma^2 tau / 2 and the correlation exp(-dt / tau), without the bias of forward Euler."""
    states = simulate(
        linear(unconnected(50)),
        jnp.zeros((40, 1_000, 50)),
        dt=dt,
        noise=StateNoise(0.5),
        key=key,
        integrator=EXPONENTIAL,
    )[:, 100:]
    variance = 0.5**2 * 0.1 / 2
    n_apart = 40 * 50 * 900 * dt / (2 * 0.1)
    tolerance = 5 * (2 / min(n_apart, states.size)) ** 0.5
    assert float(states.var()) == pytest.approx(variance, rel=tolerance)
    after = float((states[:, 1:] * states[:, :-1]).mean()) / variance
    assert after == pytest.approx(np.exp(-dt / 0.1), abs=tolerance)


def test_noise_of_a_neuron_with_gap_junctions_decays_through_them_too(key):
    """From rest, one step: sigma^2 (1 - exp(-2 L dt)) / (2 L) with L = (1 + 3) / tau."""
    states = simulate(
        linear(two(kind=1, sign=0, count=3), coupling=1.0),
        jnp.zeros((200_000, 1, 2)),
        dt=0.05,
        noise=StateNoise(0.5),
        key=key,
        integrator=EXPONENTIAL,
    )
    loss = 4 / 0.1
    expected = 0.5**2 * (1 - np.exp(-2 * loss * 0.05)) / (2 * loss)
    assert float(states.var()) == pytest.approx(expected, rel=0.01)


def test_rate_noise_is_held_over_the_step_like_any_rate(key):
    states = simulate(
        linear(two(count=3)),
        jnp.zeros((20, 4_000, 2)),
        dt=0.05,
        noise=RateNoise(0.5),
        key=key,
        integrator=EXPONENTIAL,
    )
    assert jnp.abs(states[..., 0]).max() == 0
    decay = np.exp(-0.5)
    expected = (3 * 0.5) ** 2 * (1 - decay) / (1 + decay)
    assert float(states[:, 100:, 1].var()) == pytest.approx(expected, rel=0.03)


def test_a_clamped_neuron_sends_the_given_rate_and_keeps_a_state_of_its_own():
    clamp = jnp.full((3, 2), jnp.nan).at[:, 0].set(3.0)
    push = jnp.zeros((3, 2)).at[:, 0].set(1.0)
    states = simulate(linear(two(count=2)), push, dt=0.1, clamp=clamp, integrator=EXPONENTIAL)
    rise = 1 - np.exp(-np.arange(1.0, 4.0))
    np.testing.assert_allclose(states, rise[:, None] * [1.0, 2 * 3.0], rtol=1e-12)


def test_batch_equals_a_loop_over_trials(rng):
    network = rate_network(6, rng)
    inputs = jnp.asarray(rng.normal(size=(2, 3, 20, 6)))
    initial = jnp.asarray(rng.normal(size=(2, 3, 6)))
    run = eqx.Partial(simulate, network, dt=0.1, integrator=EXPONENTIAL)
    together = run(inputs, initial=initial)
    for i in range(2):
        for j in range(3):
            alone = run(inputs[i, j], initial=initial[i, j])
            np.testing.assert_allclose(together[i, j], alone, rtol=1e-11, atol=1e-13)


def test_relabelling_neurons_permutes_the_states(rng):
    """Gap junctions and time constants too: both shape the step of their neuron."""
    network = rate_network(6, rng)
    place = jnp.asarray(rng.permutation(6))

    def moved(wiring):
        return type(wiring)(place[wiring.pre], place[wiring.post], 6)

    def shared(parameter):
        values = jnp.zeros(6).at[place].set(parameter.value)
        return Shared(values, jnp.arange(6), parameter.sharing, parameter.unit)

    names = ("tau", "gain", "bias")
    relabelled = eqx.tree_at(
        lambda n: (n.wiring, n.gap_wiring, *(getattr(n, name) for name in names)),
        network,
        (
            moved(network.wiring),
            moved(network.gap_wiring),
            *(shared(getattr(network, name)) for name in names),
        ),
    )
    inputs = jnp.asarray(rng.normal(size=(20, 6)))
    plain = simulate(network, inputs, dt=0.1, integrator=EXPONENTIAL)
    there = jnp.zeros((20, 6)).at[:, place].set(inputs)
    states = simulate(relabelled, there, dt=0.1, integrator=EXPONENTIAL)
    np.testing.assert_allclose(states[:, place], plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("side", GainSide)
def test_gradient_equals_finite_differences(side, rng):
    """Along a random direction of all parameters: time constants and coupling included."""
    network = rate_network(5, rng, gain_side=side)
    inputs = jnp.asarray(rng.normal(size=(2, 15, 5)))
    parts, form = eqx.partition(network, eqx.is_inexact_array)
    way = jax.tree.map(lambda p: jnp.asarray(0.3 * rng.normal(size=p.shape)) * p, parts)

    def value(step):
        moved = eqx.combine(jax.tree.map(lambda p, w: p + step * w, parts, way), form)
        return jnp.sum(jnp.sin(simulate(moved, inputs, dt=0.1, integrator=EXPONENTIAL)))

    value = jax.jit(value)
    numeric = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float(jax.grad(value)(0.0)) == pytest.approx(float(numeric), rel=1e-6)


def test_a_second_call_with_another_object_of_the_method_does_not_compile_again(rng):
    network = rate_network(5, rng)
    traced = []

    @eqx.filter_jit
    def run(network, integrator):
        traced.append(1)
        return simulate(network, jnp.zeros((5, 5)), dt=0.01, integrator=integrator)

    run(network, ExponentialEuler())
    run(eqx.tree_at(lambda n: n.scale, network, jnp.asarray(3.0)), ExponentialEuler())
    assert len(traced) == 1


def test_fit_recovers_time_constants_with_steps_longer_than_they_are(rng):
    teacher = rate_network(4, rng)
    inputs = jnp.asarray(rng.normal(size=(4, 30, 4)))

    def error(network, batch, weight, key):
        del key
        states = simulate(network, batch[0], dt=0.15, integrator=EXPONENTIAL)
        return jnp.sum(weight[:, None, None] * (states - batch[1]) ** 2)

    student = eqx.tree_at(lambda n: n.tau.value, teacher, jnp.full(4, 0.1))
    result = fit(
        student,
        (inputs, simulate(teacher, inputs, dt=0.15, integrator=EXPONENTIAL)),
        error,
        trainable=lambda n: n.tau.value,
        key=jax.random.key(0),
        n_members=1,
        n_steps=1_000,
        check_every=500,
        optimizer=optax.adam(optax.cosine_decay_schedule(0.01, 1_000)),
        progress=False,
    )
    np.testing.assert_allclose(result.parameters.tau.value[0], teacher.tau.value, rtol=1e-4)
