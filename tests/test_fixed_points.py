"""Fixed points against closed forms: a linear network, two stable states, a ring."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.analysis.fixed_points import (
    VectorField,
    decoded_angle,
    drift_along,
    find_fixed_points,
    find_rest,
    ring_of,
    starts_along,
)
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import (
    GainSide,
    Linear,
    RateNetwork,
    Retanh,
    Softplus,
    Tanh,
    TaskNetwork,
    global_value,
    per_neuron,
)
from neuroloom.simulation import perform

TAU = 0.25


def tasked(weight, activation, *, input_weight=None, output=None, bias=0.0):
    """A task network of these weights, made of a connectome that has them as counts."""
    n = len(weight)
    post, pre = np.nonzero(weight)
    wiring = Connectome(
        neuron_id=np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=np.abs(weight[post, pre]),
        sign=np.sign(weight[post, pre]).astype(np.int64),
        count_unit="mean_synapses",
    )
    network = RateNetwork.from_connectome(
        wiring,
        tau=global_value(TAU, n, unit="s"),
        bias=per_neuron(np.zeros(n) + bias, n, unit="state"),
        activation=activation,
        gain_side=GainSide.POSTSYNAPTIC,
    )
    return TaskNetwork(
        network=network,
        input_weight=jnp.asarray(np.zeros((n, 1)) if input_weight is None else input_weight),
        output_weight=jnp.asarray(np.zeros((2, n)) if output is None else output),
        output_bias=jnp.asarray(np.zeros(2)),
        initial=jnp.asarray(np.zeros(n)),
    )


def ring_network(n=40, strength=4.0, ripple=0.0):
    """Cosine weights; tanh. Its bumps have radius r with r = strength mean(tanh(r cos) cos)."""
    angle = np.arange(n) * 2 * np.pi / n
    weight = strength * np.cos(angle[:, None] - angle[None, :]) / n
    out = np.stack([np.sin(angle), np.cos(angle)])
    network = tasked(weight, Tanh(), output=out, bias=ripple * np.cos(3 * angle))
    return network, angle


def decode(outputs):
    return jnp.arctan2(outputs[..., 0], outputs[..., 1])


def test_a_linear_network_has_the_one_fixed_point_of_the_closed_form(rng):
    n = 6
    weight = 0.4 * rng.normal(size=(n, n))
    network = tasked(weight, Linear(), input_weight=rng.normal(size=(n, 3)))
    inputs = rng.normal(size=3)
    found = find_fixed_points(network, inputs, starts=3 * rng.normal(size=(9, n)))
    drive = np.asarray(network.input_weight) @ inputs
    np.testing.assert_allclose(found.x, np.linalg.solve(np.eye(n) - weight, drive)[None])
    expected = np.linalg.eigvals((weight - np.eye(n)) / TAU)
    expected = expected[np.argsort(-expected.real)]
    np.testing.assert_allclose(found.eigenvalues.real[0], expected.real)
    np.testing.assert_allclose(np.sort(found.eigenvalues.imag[0]), np.sort(expected.imag))
    assert found.stable[0] == (expected.real.max() < 0)
    assert found.n_starts.tolist() == [9]
    assert found.fixed.all()
    assert found.q[0] < 1e-14


def test_a_linear_network_that_grows_has_an_unstable_point():
    found = find_rest(
        tasked(np.diag([2.0, 0.5]), Linear()).network, np.ones(2), starts=np.zeros((1, 2))
    )
    np.testing.assert_allclose(found.x, [[-1.0, 2.0]])
    np.testing.assert_allclose(found.eigenvalues, [[1 / TAU, -0.5 / TAU]])
    assert not found.stable[0]
    assert found.n_unstable.tolist() == [1]


def test_two_neurons_that_excite_each_other_have_two_stable_states_and_a_saddle(rng):
    weight = np.array([[0.0, 2.0], [2.0, 0.0]])
    found = find_rest(tasked(weight, Tanh()).network, np.zeros(2), starts=rng.normal(size=(40, 2)))
    assert len(found) == 3
    order = np.argsort(found.x[:, 0])
    high = 1.9150080481545  # x = 2 tanh(x)
    np.testing.assert_allclose(found.x[order], [[-high, -high], [0, 0], [high, high]], atol=1e-9)
    assert found.stable[order].tolist() == [True, False, True]
    assert found.n_unstable[order].tolist() == [0, 1, 0]
    np.testing.assert_allclose(found.eigenvalues[order[1]], [1 / TAU, -3 / TAU], atol=1e-6)
    slope = 2 * (1 - (high / 2) ** 2)
    np.testing.assert_allclose(
        found.eigenvalues[order[0]], [(slope - 1) / TAU, (-slope - 1) / TAU], atol=1e-6
    )
    assert found.n_starts.sum() == 40
    (direction,) = found.slow_directions(int(order[1]), 1.5 / TAU).T
    np.testing.assert_allclose(np.abs(direction), np.sqrt(0.5))


def test_a_drives_b_and_not_the_other_way_round(a_to_b):
    network = RateNetwork.from_connectome(
        a_to_b, tau=global_value(TAU, 2, unit="s"), activation=Tanh()
    )
    push_a = find_rest(network, np.array([1.0, 0.0]), starts=np.zeros((1, 2)))
    np.testing.assert_allclose(push_a.x, [[1.0, 2 * np.tanh(1.0)]])
    np.testing.assert_allclose(
        push_a.jacobian[0], np.array([[-1, 0], [2 / np.cosh(1) ** 2, -1]]) / TAU
    )
    push_b = find_rest(network, np.array([0.0, 1.0]), starts=np.zeros((1, 2)))
    np.testing.assert_allclose(push_b.x, [[0.0, 1.0]], atol=1e-9)


@pytest.mark.parametrize("side", list(GainSide))
def test_velocity_and_jacobian_are_those_of_the_network(side, rng):
    n = 5
    pre, post = np.nonzero(~np.eye(n, dtype=bool))
    kind = (np.arange(len(pre)) % 5 == 0) & (pre < post)
    electrical = kind.astype(np.int64)
    network = RateNetwork.from_connectome(
        Connectome(
            neuron_id=np.arange(n),
            pre=pre,
            post=post,
            kind=electrical,
            count=1 + np.arange(len(pre)) % 3,
            sign=np.where(electrical == 1, 0, np.where(pre % 2, 1, -1)),
        ),
        tau=per_neuron(rng.uniform(0.1, 1, n), n, unit="s"),
        gain=per_neuron(rng.uniform(0.5, 2, n), n, unit="1"),
        bias=per_neuron(rng.normal(size=n), n, unit="state"),
        coupling=0.3,
        activation=Softplus(),
        gain_side=side,
    )
    assert network.gap_strength.size > 0
    field, u = VectorField.of(network), rng.normal(size=n)
    x = rng.normal(size=(3, n))

    @jax.jit
    def by_jax(y):
        def drift(z):
            return network.drift(z, jnp.asarray(u))

        return drift(y), jax.jacrev(drift)(y)

    for k, one in enumerate(x):
        velocity, jacobian = by_jax(jnp.asarray(one))
        np.testing.assert_allclose(field.velocity(x, u)[k], velocity, rtol=1e-9)
        found = field.jacobian(field.rates(x)[1])[k]
        np.testing.assert_allclose(found, jacobian, rtol=1e-9, atol=1e-12)


def test_circulant_weights_make_a_ring_of_marginal_points(rng):
    network, angle = ring_network()
    around = rng.uniform(0, 2 * np.pi, 60)
    starts = 1.5 * np.cos(around[:, None] - angle[None, :]) + 0.05 * rng.normal(size=(60, 40))
    found = find_fixed_points(network, np.zeros(1), starts=starts)
    assert len(found) > 50  # a continuum: every start finds a point of its own
    assert found.stable.all()
    assert (found.n_slow(0.01) == 1).all()
    assert (found.eigenvalues[:, 1].real < -0.1).all()
    radius = found.x @ np.exp(1j * angle) * 2 / 40
    r = np.abs(radius)[0]
    grid = np.arange(4_000) * 2 * np.pi / 4_000
    assert r == pytest.approx(4.0 * (np.tanh(r * np.cos(grid)) * np.cos(grid)).mean(), abs=1e-6)
    np.testing.assert_allclose(np.abs(radius), r, atol=1e-6)
    ring = ring_of(found.x, decoded_angle(network, found.x, decode), found.stable)
    np.testing.assert_allclose(
        np.exp(1j * ring.angle), (radius / np.abs(radius))[ring.order], atol=1e-6
    )
    assert ring.is_ring(largest_gap=40.0)
    assert abs(ring.winding) == pytest.approx(1.0)
    assert ring.planarity > 0.999
    assert ring.gap.sum() == pytest.approx(360.0)
    along = found.slow_directions(int(ring.order[0]), 0.01)[:, 0]
    tangent = np.sin(ring.angle[0] - angle)
    assert abs(along @ tangent) / np.linalg.norm(tangent) == pytest.approx(1.0, abs=1e-3)


def test_a_ripple_breaks_the_ring_into_wells_and_saddles_that_take_turns(rng):
    network, angle = ring_network(ripple=0.4)
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False) + 0.01
    starts = 1.6 * np.cos(around[:, None] - angle[None, :])
    found = find_fixed_points(network, np.zeros(1), starts=starts)
    on_ring = np.linalg.norm(found.x, axis=1) > 3
    points = found.x[on_ring]
    ring = ring_of(points, decoded_angle(network, points, decode), found.stable[on_ring])
    assert len(points) == 6
    assert ring.alternates
    assert (found.n_unstable[on_ring][~found.stable[on_ring]] == 1).all()
    settled = perform(
        network, jnp.zeros((48, 60, 1)), dt=0.025, initial=jnp.asarray(starts)
    ).states[:, -1]
    drift = drift_along(network, np.zeros(1), np.asarray(settled), decode)
    later = perform(network, jnp.zeros((48, 1, 1)), dt=0.001, initial=settled).states[:, -1]
    before, after = (decoded_angle(network, np.asarray(x), decode) for x in (settled, later))
    np.testing.assert_allclose(drift, (after - before) / 0.001, atol=2e-3 * np.abs(drift).max())
    still = drift_along(network, np.zeros(1), points, decode)
    assert np.abs(still).max() < 1e-5
    well = ring.angle[ring.stable][0]
    away = np.angle(np.exp(1j * (before - well)))
    near = (np.abs(away) < 0.3) & (np.abs(away) > 0.02)
    assert near.any()
    assert (np.sign(drift[near]) == -np.sign(away[near])).all()


def test_slow_points_are_kept_when_asked_for_and_named_apart():
    network = tasked(np.diag([1.0, 0.0]), Linear())  # dx/dt of the first is its input, for ever
    with pytest.raises(SimulationError, match="keep slow points"):
        find_rest(network.network, np.array([0.1, 0.0]), starts=np.ones((3, 2)))
    found = find_rest(network.network, np.array([0.1, 0.0]), starts=np.ones((3, 2)), slowest=1.0)
    assert not found.fixed.any()
    np.testing.assert_allclose(found.speed, 0.1 / TAU)
    np.testing.assert_allclose(found.x, [[1.0, 0.0]], atol=1e-9)
    assert "1 slow" in repr(found)


def test_a_retanh_network_is_searched_across_its_kinks(rng):
    n = 20
    network = tasked(1.2 * rng.normal(size=(n, n)) / np.sqrt(n), Retanh(), bias=0.1)
    found = find_fixed_points(network, np.zeros(1), starts=rng.normal(size=(20, n)))
    moving = VectorField.of(network.network).velocity(found.x, np.zeros(n))
    assert np.abs(moving).max() < 1e-7
    assert (found.x < 0).any()
    assert (found.x > 0).any()
    assert found.n_starts.sum() + found.n_lost == 20


def test_starts_are_states_of_trials(rng):
    states = rng.normal(size=(3, 5, 2))
    drawn = starts_along(states, 15, rng=rng)
    assert {tuple(s) for s in drawn} == {tuple(s) for s in states.reshape(-1, 2)}
    moved = starts_along(states, 40, rng=rng, jitter=0.1)
    assert moved.shape == (40, 2)
    assert not np.isin(moved, states).any()


def test_points_that_fill_a_disk_or_go_around_twice_are_no_ring():
    angle = np.arange(12) * np.pi / 6
    twice = np.stack([np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    assert not ring_of(twice, angle, np.ones(12, bool)).is_ring()
    radius = np.where(np.arange(12) % 3, 1.0, 0.1)[:, None]
    disk = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert ring_of(disk, angle, np.ones(12, bool)).hollowness < 0.5
    half = np.stack([np.cos(angle / 2), np.sin(angle / 2)], axis=1)
    assert not ring_of(half, angle / 2, np.ones(12, bool)).is_ring()
    assert np.isnan(ring_of(twice[:2], angle[:2], np.ones(2, bool)).winding)
    line = ring_of(np.stack([angle, angle], 1), angle, np.ones(12, bool))
    assert not line.is_ring()


def test_what_cannot_be_searched_is_refused(rng):
    network = tasked(np.zeros((2, 2)), Tanh())
    with pytest.raises(InputError, match="one row of the task"):
        find_fixed_points(network, np.zeros(3), starts=np.zeros((1, 2)))
    with pytest.raises(InputError, match="Give states"):
        find_rest(network.network, np.zeros(3), starts=np.zeros((1, 3)))
    with pytest.raises(InputError, match="Draw them by `starts_along`"):
        find_fixed_points(network, np.zeros(1), starts=np.full((1, 2), np.nan))
    with pytest.raises(InputError, match="suit states"):
        find_fixed_points(network, np.zeros(1), starts=np.zeros((1, 2)), tolerance=0.0)
    with pytest.raises(InputError, match="draw 200"):
        starts_along(np.zeros((1, 1, 2)), 0, rng=rng)
    with pytest.raises(InputError, match="stand for none"):
        ring_of(np.zeros((1, 2)), np.array([np.nan]), np.array([True]))
