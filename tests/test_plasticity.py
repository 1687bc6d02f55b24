"""Rules of plasticity against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks.circuits import CircuitKind, CircuitSize, layered_circuit, respond
from neuroloom.networks.plasticity import (
    BCM,
    OneShotNoise,
    OrnsteinUhlenbeckDrift,
    SynapseTurnover,
    circuit_change,
    circuits_over_time,
    equivalent_sigma,
    rectified,
)

SMALL = CircuitSize(n_inputs=3, n_units=12, n_hidden=4, n_outputs=2)
RULES = [OneShotNoise(0.3), OrnsteinUhlenbeckDrift(2.0, 0.5), SynapseTurnover(0.2)]


@pytest.fixture
def weights(rng):
    weight = rng.normal(size=(60, 70)) * (rng.random((60, 70)) < 0.5)
    return jnp.asarray(weight), jnp.asarray(weight != 0)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_every_rule_starts_from_the_weights_and_is_a_function_of_its_key(rule, weights, key):
    weight, present = weights
    time = np.array([0.0, 1.0, 3.0])
    one, again, other = (rule(weight, present, time, key=k) for k in (key, key, jax.random.key(1)))
    np.testing.assert_array_equal(one.weight[0], weight)
    np.testing.assert_array_equal(one.weight, again.weight)
    assert (one.weight[1] != other.weight[1]).any()
    assert (one.weight[1] != weight).any()
    assert (jnp.where(one.present, 0, one.weight) == 0).all()
    if rule.keeps_places:
        assert (one.present == present[None]).all()
    with pytest.raises(InputError, match="Sort them"):
        rule(weight, present, np.array([1.0, 1.0]), key=key)


def test_one_shot_noise_has_its_sd_on_its_share_of_the_present_weights(weights, key):
    weight, present = weights
    change = (OneShotNoise(0.1, 0.4).applied(weight, present, key=key) - weight)[present]
    touched = change != 0
    assert touched.mean() == pytest.approx(0.4, abs=0.05)
    assert change[touched].std() == pytest.approx(0.1, rel=0.1)
    later = OneShotNoise(0.1, at=2.0)(weight, present, np.array([1.0, 2.0, 2.5, 9.0]), key=key)
    np.testing.assert_array_equal(later.weight[1], weight)
    np.testing.assert_array_equal(later.weight[2], later.weight[3])
    assert (later.weight[2] != weight).any()
    with pytest.raises(InputError, match="As published"):
        OneShotNoise(-1.0)


def test_drift_reaches_its_stationary_variance_and_forgets_exponentially(weights, key):
    weight, present = weights
    tau, sigma = 2.0, 0.5
    rule = OrnsteinUhlenbeckDrift(tau, sigma)
    time = np.array([0.5, 1.0, 40.0, 41.0])
    away = (rule(weight, present, time, key=key).weight - weight[None])[:, present]
    theory = sigma**2 * tau / 2 * (1 - np.exp(-2 * time / tau))
    np.testing.assert_allclose(away.var(1), theory, rtol=0.12)
    np.testing.assert_allclose(np.abs(away.mean(1)), 0, atol=4 * np.sqrt(theory.max() / 2000))
    correlation = np.corrcoef(away[2], away[3])[0, 1]
    assert correlation == pytest.approx(np.exp(-1 / tau), abs=0.06)
    with pytest.raises(InputError, match="take sigma"):
        OrnsteinUhlenbeckDrift(0.0, 1.0)


def test_drift_is_exact_however_often_it_is_asked(weights, key):
    weight, present = weights
    rule = OrnsteinUhlenbeckDrift(2.0, 0.5)
    seldom = rule(weight, present, np.array([3.0]), key=key).weight[-1] - weight
    often = rule(weight, present, np.linspace(0.1, 3, 30), key=key).weight[-1] - weight
    assert often[present].var() == pytest.approx(float(seldom[present].var()), rel=0.12)


def test_turnover_conserves_the_number_of_synapses_and_their_weights(weights, key):
    weight, present = weights
    allowed = jnp.ones(weight.shape, bool).at[:, :5].set(False) | present
    rate = -np.log(1 - 0.2)
    moved = SynapseTurnover(rate)(weight, present, np.array([1.0, 2.0]), key=key, allowed=allowed)
    n = int(present.sum())
    assert [int(p.sum()) for p in moved.present] == [n, n]
    gone, grown = present & ~moved.present[0], moved.present[0] & ~present
    assert int(gone.sum()) == int(grown.sum()) == pytest.approx(0.2 * n, abs=1)
    assert not (moved.present & ~allowed[None]).any()
    stayed = present & moved.present[0]
    np.testing.assert_array_equal(moved.weight[0][stayed], weight[stayed])
    assert set(np.asarray(moved.weight[0][grown])) <= set(np.asarray(weight[present]))
    assert moved.weight[0][grown].std() == pytest.approx(1, abs=0.15)
    survives = (present & moved.present[1]).sum() / n  # a few grew back where they had been
    assert 0.64 <= survives <= 0.72
    with pytest.raises(InputError, match="exchange a share"):
        SynapseTurnover(-1.0)


def test_turnover_stops_where_there_is_no_room(weights, key):
    weight, present = weights
    moved = SynapseTurnover(5.0)(weight, present, np.array([1.0]), key=key, allowed=present)
    np.testing.assert_array_equal(moved.weight[0], weight)


def test_equivalent_sigma_is_that_of_noise_on_weights_of_any_scale(weights, key):
    weight, present = weights
    for rule, expected in (
        (OneShotNoise(0.1), 0.1),
        (OneShotNoise(0.1, 0.25), 0.05),
        (OrnsteinUhlenbeckDrift(2.0, 0.5), 0.5),
        (SynapseTurnover(-np.log(1 - 0.1)), np.sqrt(2 * 0.1)),
    ):
        found = rule(weight, present, np.array([99.0 if rule.keeps_places else 1.0]), key=key)
        assert equivalent_sigma(found.weight, weight, present)[0] == pytest.approx(
            expected, rel=0.12
        )
        seven = equivalent_sigma(7 * found.weight, 7 * weight, present)
        np.testing.assert_allclose(seven, equivalent_sigma(found.weight, weight, present))
    with pytest.raises(InputError, match="more synapses"):
        equivalent_sigma(jnp.ones((1, 3)), jnp.ones(3), jnp.ones(3, bool))


def test_bcm_settles_at_the_goal_under_constant_input():
    rule = BCM(memory=1.0)
    for start in (0.2, 0.9):
        weight = jnp.full((1, 2), start)
        path = rule(weight, jnp.ones((1, 2), bool), jnp.full((4000, 2), 0.5), dt=0.1, every=400)
        rate = path.weight[-1] @ jnp.full(2, 0.5)
        assert float(rate[0]) == pytest.approx(rule.goal, rel=1e-3)
        np.testing.assert_allclose(path.time, 40 * np.arange(1, 11))


def test_bcm_grows_above_the_threshold_and_shrinks_below(rng):
    rule = BCM()
    rate, mean = jnp.array([0.6, 0.1, 0.0, 0.3]), jnp.full(4, 0.3)
    assert rule.threshold(mean)[0] == pytest.approx(0.3)
    assert rule.threshold(2 * mean)[0] == pytest.approx(8 * 0.6)
    np.testing.assert_array_equal(np.sign(rule.modulation(rate, mean).round(12)), [1, -1, 0, 0])
    sent = jnp.array([1.0, 0.0, 2.0])
    change = rule.change(sent, rate, mean)
    assert change.shape == (4, 3)
    assert change[0, 2] == pytest.approx(0.2 * 2 * np.tanh(0.6 * 0.3))
    assert (change[:, 1] == 0).all()


def test_bcm_takes_steps_as_written_down_and_only_on_synapses(rng):
    rule = BCM(memory=3.0)
    weight, sent = rng.random((2, 5)), rng.random((6, 5))
    present = rng.random((2, 5)) < 0.6
    tall = lambda w, f: 2 * rectified(w, f)  # noqa: E731
    path = rule(*map(jnp.asarray, (weight, present, sent)), dt=0.5, every=3, rates=tall)
    w, mean, kept = weight * present, np.full(2, 0.3), []
    for f in sent:
        rate = 2 * np.maximum(w @ f, 0)
        mean = mean * np.exp(-0.5 / 3) + rate * (1 - np.exp(-0.5 / 3))
        phi = np.tanh(rate * (rate - (mean / 0.3) ** 3 * mean))
        w = w + present * 0.5 * 0.2 * np.outer(phi, f)
        kept.append(w)
    np.testing.assert_allclose(path.weight, np.stack(kept)[[2, 5]], atol=1e-12)
    assert (path.present == present[None]).all()
    with pytest.raises(InputError, match="Cut the path"):
        rule(*map(jnp.asarray, (weight, present, sent)), dt=0.5, every=4)
    with pytest.raises(InputError, match="that of `sent`"):
        rule(*map(jnp.asarray, (weight, present, sent)), dt=0.0)
    with pytest.raises(InputError, match="longer than a visit"):
        BCM(memory=0.0)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_a_circuit_over_time_answers_less_and_less_as_it_did(rule, rng, key):
    circuit = layered_circuit(CircuitKind.COMPLEX, rng=rng, size=SMALL)
    time = np.array([0.0, 0.5, 50.0])
    later = circuits_over_time(circuit, rule, time, key=key)
    inputs = jnp.asarray(rng.poisson(5, (5, 4, 3)).astype(float))
    away = [float(jnp.abs(respond(c, inputs) - respond(circuit, inputs)).mean()) for c in later]
    assert away[0] < 1e-12 < away[1]
    change = circuit_change(later, circuit)
    assert change[0] == 0
    assert change[1] <= change[2]
    assert {c.weight.size for c in later} == {circuit.weight.size}
    for c in later:  # every synapse in a block and place of its own, none onto its own neuron
        for block in c.wiring.blocks:
            inside = slice(block.start, block.stop)
            ends = set(
                zip(c.wiring.post[inside].tolist(), c.wiring.pre[inside].tolist(), strict=True)
            )
            assert len(ends) == block.stop - block.start
            assert block.post != block.pre or all(a != b for a, b in ends)


def test_one_shot_noise_on_a_circuit_is_measured_in_sd_of_its_weights(rng, key):
    circuit = layered_circuit(CircuitKind.FEED_FORWARD, rng=rng, size=CircuitSize(n_units=40))
    (after,) = circuits_over_time(circuit, OneShotNoise(0.018), np.array([1.0]), key=key)
    assert circuit_change((after,), circuit)[0] == pytest.approx(0.018, rel=0.03)
