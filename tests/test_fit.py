"""What `fit` promises: it recovers, it freezes, it isolates members, it repeats."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from circuits import rate_network, with_values
from neuroloom.errors import InputError, SimulationError, StudyError
from neuroloom.fitting import Fit, fit, map_members, squared_error
from neuroloom.networks import RateNetwork
from neuroloom.simulation import simulate

ONE_STEP = optax.sgd(0.5)  # lands on the minimum of a unit parabola
ADAM = optax.adam(0.05)


class Point(eqx.Module):
    """A number to fit and one to leave alone."""

    w: jax.Array
    other: jax.Array
    n: jax.Array


POINT = Point(jnp.array([0.0]), jnp.array([7.0]), jnp.array([3]))


def parabola(point, targets, weight, key):
    """Weighted mean of (w - t)^2: its minimum is the weighted mean of the targets."""
    known = weight * ~jnp.isnan(targets)
    error = point.w - jnp.where(jnp.isnan(targets), 0.0, targets)
    return jnp.sum(known * error**2) / jnp.sum(known)


def quartic(point, targets, weight, key):
    """Explodes from far away."""
    return jnp.sum(weight) / weight.size * jnp.sum(point.w**4)


def state_error(network, batch, weight, key):
    inputs, targets = batch
    states = simulate(network, inputs, dt=0.02)
    return squared_error(states, targets, weight[:, None, None] * jnp.ones_like(states))


def from_each_of(starts):
    """An `initialize` that gives the members these starting points, in turn."""
    values = iter(starts)
    return lambda point, key: eqx.tree_at(lambda p: p.w, point, jnp.array([next(values)]))


def fit_point(targets, loss=parabola, **choices):
    settings = {
        "trainable": lambda p: p.w,
        "key": jax.random.key(0),
        "n_members": 2,
        "n_steps": 20,
        "check_every": 5,
        "optimizer": ONE_STEP,
        "progress": False,
    }
    return fit(POINT, jnp.asarray(targets), loss, **(settings | choices))


@pytest.fixture(scope="module")
def recovered():
    """A teacher, its student before, and the fit."""
    rng = np.random.default_rng(2)
    teacher = rate_network(5, rng)
    inputs = jnp.asarray(rng.normal(size=(4, 50, 5)))
    student = with_values(teacher, np.full(5, 0.7), np.zeros(5))
    result = fit(
        student,
        (inputs, simulate(teacher, inputs, dt=0.02)),
        state_error,
        trainable=lambda n: (n.gain.value, n.bias.value),
        key=jax.random.key(0),
        n_members=2,
        n_steps=3_000,
        check_every=500,
        optimizer=optax.adam(optax.cosine_decay_schedule(0.05, 3_000)),
        initialize=lambda n, k: with_values(n, 0.7 + 0.1 * jax.random.normal(k, (5,)), np.zeros(5)),
        progress=False,
    )
    return teacher, student, result


def test_it_recovers_planted_gains_and_biases(recovered):
    teacher, _, result = recovered
    assert result.status == ("finished", "finished")
    assert result.history[-1].max() < 1e-8
    for i in range(2):
        member = result.member(i)
        np.testing.assert_allclose(member.gain.value, teacher.gain.value, rtol=0.02)
        np.testing.assert_allclose(member.bias.value, teacher.bias.value, atol=0.02)


def test_what_is_not_trainable_is_bit_identical_afterwards(recovered):
    _, student, result = recovered
    for i in range(2):
        back = with_values(result.member(i), student.gain.value, student.bias.value)
        for a, b in zip(jax.tree.leaves(back), jax.tree.leaves(student), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


def test_members_start_from_different_points_and_history_is_per_member(recovered):
    _, _, result = recovered
    assert result.history.shape == (6, 2)
    assert result.history[0, 0] != result.history[0, 1]


def test_apply_gives_every_member_its_own_result(recovered):
    _, _, result = recovered
    gains = result.apply(lambda n: n.gain.value * 2)
    for i in range(2):
        np.testing.assert_allclose(gains[i], 2 * result.member(i).gain.value)


def test_a_saved_fit_comes_back_whole(recovered, tmp_path):
    _, student, result = recovered
    path = tmp_path / "fit.eqx"
    result.save(path)
    back = Fit.load(path, student, lambda n: (n.gain.value, n.bias.value))
    assert (back.status, back.finished, repr(back)) == (
        result.status,
        result.finished,
        repr(result),
    )
    np.testing.assert_array_equal(back.history, result.history)
    for i in range(2):
        pairs = zip(jax.tree.leaves(back.member(i)), jax.tree.leaves(result.member(i)), strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a, b)
    with pytest.raises(StudyError, match=r"gain\.value, bias\.value\. Pick those"):
        Fit.load(path, student, lambda n: n.tau.value)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(StudyError, match="a whole fit"):
        Fit.load(path, student, lambda n: (n.gain.value, n.bias.value))


def test_the_minimum_of_a_parabola_is_found_exactly():
    result = fit_point([1.0, 2.0, 6.0])
    np.testing.assert_allclose(result.parameters.w, [[3.0], [3.0]], rtol=1e-12)
    np.testing.assert_array_equal(result.member(0).other, [7.0])


def test_the_same_call_gives_the_same_numbers_and_another_key_others():
    targets = np.random.default_rng(0).normal(size=12)
    runs = [
        fit_point(targets, batch_size=3, key=jax.random.key(k), optimizer=ADAM) for k in (4, 4, 5)
    ]
    np.testing.assert_array_equal(runs[0].parameters.w, runs[1].parameters.w)
    np.testing.assert_array_equal(runs[0].history, runs[1].history)
    assert not np.array_equal(runs[0].parameters.w, runs[2].parameters.w)


def test_a_second_fit_of_the_same_kind_compiles_nothing():
    traced = []

    def loss(point, targets, weight, key):
        traced.append(1)
        return parabola(point, targets, weight, key)

    fit_point([1.0, 2.0], loss, clip_norm=1.0)
    first = len(traced)
    fit_point([5.0, 7.0], loss, clip_norm=1.0, n_steps=35, key=jax.random.key(9))
    assert len(traced) == first > 0


def test_minibatches_hold_as_many_trials_and_reach_all_of_them():
    sizes = []

    def loss(point, targets, weight, key):
        sizes.append(targets.size)
        return parabola(point, targets, weight, key)

    targets = np.arange(8.0)
    result = fit_point(targets, loss, batch_size=2, n_steps=2_000, optimizer=optax.sgd(0.01))
    assert set(sizes) == {2}
    np.testing.assert_allclose(result.parameters.w, 3.5, atol=0.5)


def test_a_step_is_clipped_by_the_norm_of_its_own_member():
    """Alone, beside a quiet member, or beside one whose gradient is a million times larger."""
    clip = {"loss": quartic, "clip_norm": 0.1, "optimizer": optax.sgd(1.0), "n_steps": 4}
    beside = [
        fit_point([0.0], initialize=from_each_of([1.0, other]), **clip).parameters.w
        for other in (0.1, 100.0)
    ]
    np.testing.assert_array_equal(beside[0][0], beside[1][0])
    np.testing.assert_allclose(beside[0][0], 1.0 - 4 * 0.1)
    np.testing.assert_allclose(beside[1][1], 100.0 - 4 * 0.1)


@pytest.mark.filterwarnings("error")
def test_a_diverged_member_is_named_and_left_out_and_touches_no_other():
    start = [0.1, 1e4, 0.2]
    result = fit_point([0.0], quartic, n_members=3, initialize=from_each_of(start))
    assert result.status == ("finished", "diverged", "finished")
    assert result.notes == ("member 1 diverged and was left out",)
    assert result.n_members == 2
    calm = fit_point([0.0], quartic, n_members=3, initialize=from_each_of([0.1, 0.3, 0.2]))
    np.testing.assert_array_equal(result.parameters.w[0], calm.parameters.w[0])
    np.testing.assert_array_equal(result.parameters.w[1], calm.parameters.w[2])
    with pytest.raises(InputError, match="3 were fitted, 1 diverged"):
        result.member(2)


def test_when_all_members_diverge_it_is_an_error():
    with pytest.raises(SimulationError, match=r"all 2 diverged.*Lower the learning rate"):
        fit_point([0.0], quartic, initialize=from_each_of([1e4, 1e5]))


def test_early_stop_keeps_the_parameters_of_the_best_check():
    targets = np.random.default_rng(1).normal(size=10)
    choices = {
        "validation": 0.4,
        "check_every": 2,
        "optimizer": optax.sgd(0.02),
        "n_members": 6,
        "initialize": from_each_of(itertools.cycle([3.0])),
    }
    result = fit_point(targets, n_steps=400, patience=3, **choices)
    assert "stopped early" in result.status
    stopped = result.status.index("stopped early")
    history = result.validation_history[:, stopped]
    best = int(np.nanargmin(history))
    assert 0 < best < np.isfinite(history).sum() - 1
    until_then = fit_point(targets, n_steps=2 * (best + 1), **choices)
    np.testing.assert_allclose(
        result.parameters.w[stopped], until_then.parameters.w[stopped], rtol=1e-12
    )
    assert np.isnan(history[best + 4 :]).all()


def test_trials_of_their_own_say_when_to_stop_for_every_member_and_train_none():
    """The training trials pull w to 1; on those aside, 0.5 is best."""
    choices = {"check_every": 1, "optimizer": optax.sgd(0.05), "n_steps": 60}
    result = fit_point([1.0, 1.0], validation_trials=jnp.array([0.5]), patience=2, **choices)
    assert result.status == ("stopped early", "stopped early")
    np.testing.assert_allclose(result.parameters.w, 0.5, atol=0.03)
    np.testing.assert_allclose(np.nanmin(result.validation_history, axis=0), 0.0, atol=1e-3)
    without = fit_point([1.0, 1.0], **choices)
    np.testing.assert_array_equal(
        result.history[: len(result.history) - 1], without.history[: len(result.history) - 1]
    )


def test_a_trial_of_nothing_but_nan_changes_nothing(rng):
    network = rate_network(4, rng)
    inputs = jnp.asarray(rng.normal(size=(3, 20, 4)))
    targets = jnp.asarray(rng.normal(size=(3, 20, 4)))
    holes = targets.at[0, :7, 2].set(jnp.nan).at[2].set(jnp.nan)

    def run(inputs, targets):
        return fit(
            network,
            (inputs, targets),
            state_error,
            trainable=lambda n: n.bias.value,
            key=jax.random.key(0),
            n_members=1,
            n_steps=10,
            check_every=10,
            progress=False,
        ).parameters.bias.value

    one = run(inputs, holes)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, run(inputs.at[2].set(9.0), holes))
    assert not np.allclose(one, run(inputs, targets))


def test_bootstrap_spread_is_the_standard_error_of_the_mean():
    targets = np.random.default_rng(3).normal(size=40)
    result = fit_point(targets, n_members=80, bootstrap=np.arange(40))
    expected = targets.std() / np.sqrt(41)
    assert float(result.parameters.w.std()) == pytest.approx(expected, rel=0.2)
    assert float(result.parameters.w.mean()) == pytest.approx(targets.mean(), abs=expected / 4)


def test_bootstrap_weights_are_one_a_group():
    targets = np.tile([1.0, -1.0], 10)
    result = fit_point(targets, n_members=20, bootstrap=np.repeat(np.arange(10), 2))
    np.testing.assert_allclose(result.parameters.w, 0.0, atol=1e-12)


def test_validation_sets_whole_groups_aside():
    """Groups of (1, -1): any set of whole groups has mean 0 and mean square 1."""
    targets = np.tile([1.0, -1.0], 10)
    groups = np.repeat(np.arange(10), 2)
    result = fit_point(targets, n_members=10, bootstrap=groups, validation=0.3)
    np.testing.assert_allclose(result.validation_history, 1.0, rtol=1e-12)


def test_a_single_member_gives_the_numbers_of_a_member_of_an_ensemble(recovered):
    """Its trials are spread over devices; an ensemble's members are."""
    teacher, student, _ = recovered
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(3, 20, 5)))
    trials = (inputs, simulate(teacher, inputs, dt=0.02))
    one, two = (
        fit(
            student,
            trials,
            state_error,
            trainable=lambda n: (n.gain.value, n.bias.value),
            key=jax.random.key(0),
            n_members=n,
            n_steps=20,
            check_every=10,
            progress=False,
        )
        for n in (1, 2)
    )
    np.testing.assert_allclose(
        one.parameters.gain.value[0], two.parameters.gain.value[0], rtol=1e-9
    )


@pytest.mark.parametrize("n_members", [1, 2, 3, 5])
def test_members_are_mapped_in_order_whatever_their_number(n_members):
    stacked = jnp.arange(float(n_members))
    result = map_members(lambda m, s: {"y": m * s}, stacked, jnp.asarray(3.0))
    np.testing.assert_array_equal(result["y"], 3.0 * np.arange(n_members))


def test_members_with_an_empty_part_are_mapped_together_too():
    stacked = {"x": jnp.arange(5.0), "none": jnp.zeros((5, 0, 3))}
    result = map_members(lambda m, s: m["x"] * s, stacked, jnp.asarray(2.0), together=2)
    np.testing.assert_array_equal(result, 2.0 * np.arange(5))


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"n_members": 0}, "Leave it out for the default"),
        ({"n_steps": 0}, "Leave it out for the default"),
        ({"check_every": 0}, "Leave it out for the default"),
        ({"batch_size": 4}, "to use all trials at every step"),
        ({"validation": 1.0}, "sets a fifth of the trials aside"),
        ({"validation": 0.1}, "at least one group.*Raise `validation`"),
        ({"patience": 2}, "leave `patience` out"),
        ({"validation_trials": jnp.zeros(2), "validation": 0.4}, "Give one of the two"),
        ({"validation_trials": jnp.zeros((2, 1))}, "Cut both alike"),
        ({"bootstrap": np.arange(2)}, "Give one label a trial"),
        ({"trainable": lambda p: p.n}, "Pass something like"),
    ],
)
def test_arguments_out_of_range_are_refused(change, instruction):
    with pytest.raises(InputError, match=instruction):
        fit_point([1.0, 2.0, 3.0], **change)


def test_trials_of_different_lengths_are_refused(a_to_b):
    network = RateNetwork.from_connectome(a_to_b)
    with pytest.raises(InputError, match="Put trials first in every array"):
        fit(
            network,
            (jnp.zeros((2, 3, 2)), jnp.zeros((3, 3, 2))),
            state_error,
            trainable=lambda n: n.gain.value,
            key=jax.random.key(0),
        )
