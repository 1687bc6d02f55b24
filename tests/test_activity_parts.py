"""What may be seen, what a model does with it, and what needs no model."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.connectome.signs import Trainable
from neuroloom.errors import InputError
from neuroloom.networks import Linear, Softplus
from neuroloom.recording import Recording
from neuroloom.studies.activity import baselines
from neuroloom.studies.activity.arms import planned_arms
from neuroloom.studies.activity.choices import share, sign
from neuroloom.studies.activity.ensemble import activation_for, cut_windows, driven_neurons
from neuroloom.studies.activity.model import ActivityModel, activity_loss, start_member
from neuroloom.studies.activity.partition import divide
from neuroloom.studies.config import PredictConfig


def recorded(activity, names=None, kind="rate", **options):
    names = np.array([f"n{i}" for i in range(activity.shape[2])]) if names is None else names
    return Recording(activity, np.array(names), kind=kind, dt=0.1, **options)


def wired(pre, post, n=3, signs=None, **columns):
    return Connectome(
        neuron_id=np.array([f"n{i}" for i in range(n)]),
        pre=np.array(pre),
        post=np.array(post),
        kind=np.zeros(len(pre), int),
        count=np.ones(len(pre), int),
        sign=np.ones(len(pre), int) if signs is None else np.array(signs),
        neurons={name: np.array(values) for name, values in columns.items()},
    )


def model_of(connectome, driven=(), activation=None):
    n = connectome.n_neurons
    return ActivityModel.from_connectome(
        connectome,
        np.arange(n),
        activation=activation or Softplus(),
        unknown_sign=None,
        driven=np.array(driven, int),
        dt=0.1,
        size=1.0,
        importance=np.ones(n),
    )


def test_fits_see_neither_held_out_neurons_nor_unseen_time(rng):
    recording = recorded(rng.normal(size=(2, 100, 10)))
    partition = divide(recording, fraction=0.3, rng=rng)
    assert partition.held_out.sum() == 3
    training, visible = partition.training, partition.visible
    assert not training.observed[:, :, partition.held_out].any()
    assert not training.observed[partition.unseen].any()
    assert not visible.observed[:, :, partition.held_out].any()
    assert visible.observed[:, :, partition.observed].all()
    gap = ~partition.fitted & ~partition.unseen
    assert (gap.sum(axis=1) == 4).all()


def test_with_five_trials_a_whole_trial_is_unseen(rng):
    partition = divide(recorded(rng.normal(size=(5, 30, 8))), fraction=0.3, rng=rng)
    assert partition.unseen.all(axis=1).sum() == 1
    assert (partition.fitted != partition.unseen).all()


def test_left_and_right_homologs_are_held_out_together(rng):
    names = [f"{cell}{side}" for cell in ("ASH", "AVA", "RIM", "SMD", "AIB") for side in "LR"]
    for _ in range(10):
        partition = divide(recorded(rng.normal(size=(1, 50, 10)), names), fraction=0.2, rng=rng)
        assert partition.held_out.reshape(5, 2).all(axis=1).sum() == 1


@pytest.mark.parametrize(
    ("shape", "fraction", "way_out"),
    [
        ((1, 100, 3), 0.3, "Record more"),
        ((1, 10, 20), 0.3, "Record more"),
        ((1, 100, 4), 0.1, "--held-out"),
    ],
)
def test_too_small_a_recording_is_refused_with_a_way_out(rng, shape, fraction, way_out):
    with pytest.raises(InputError, match=way_out):
        divide(recorded(rng.normal(size=shape)), fraction=fraction, rng=rng)


def test_activity_flows_from_pre_to_post_and_an_inhibitory_twin_goes_down():
    change = {}
    for one in (1, -1):
        model = model_of(wired([0], [1], n=2, signs=[one]))
        quiet, loud = jnp.zeros((1, 20, 2)), jnp.zeros((1, 20, 2)).at[:, 5:, 0].set(2.0)
        nothing = jnp.zeros((1, 20, 0))
        change[one] = np.asarray(model(loud, nothing) - model(quiet, nothing))[0]
        np.testing.assert_array_equal(change[one][:, 0], 0.0)
        np.testing.assert_array_equal(change[one][:6, 1], 0.0)
    assert (change[1][6:, 1] > 0).all()
    assert (change[-1][6:, 1] < 0).all()


def test_no_activity_of_a_neuron_enters_its_own_prediction(rng):
    model = model_of(wired([0, 1, 1], [1, 0, 2]))
    activity = jnp.asarray(rng.random((1, 30, 3)))
    nothing = jnp.zeros((1, 30, 0))
    before = model(activity, nothing)
    after = model(activity.at[:, :, 1].mul(7.0), nothing)
    np.testing.assert_array_equal(before[:, :, 1], after[:, :, 1])
    assert float(jnp.abs(before - after)[:, 1:, 0].min()) > 0


def test_one_euler_step_by_hand():
    model = model_of(wired([0], [1], n=2), driven=[1], activation=Linear())
    activity = jnp.asarray([[[1.0, jnp.nan], [3.0, jnp.nan]]])
    inputs = jnp.asarray([[[0.5], [0.25]]])
    predicted = model(activity, inputs)[0, :, 1]
    tau = 0.1 + np.exp(np.log(0.5))
    weight = 2.0  # one contact is twice the mean count that a neuron receives
    first = float(predicted[0])
    assert first == pytest.approx((weight * 1.0 + 0.5) * (1 - 0.5**10))
    assert float(predicted[1]) == pytest.approx(first + 0.1 / tau * (weight * 1.0 + 0.25 - first))


def test_entries_not_measured_change_neither_loss_nor_gradient(rng, key):
    model = model_of(wired([0, 1], [1, 2]))
    activity = rng.random((2, 20, 3))
    activity[:, :, 2] = np.nan
    activity[0, 8:12, 0] = np.nan
    batch = jnp.asarray(activity), jnp.zeros((2, 20, 0))

    def loss(bias):
        moved = eqx.tree_at(lambda m: m.bias, model, bias)
        return activity_loss(moved, batch, jnp.ones(2), key)

    value, slope = jax.value_and_grad(loss)(model.bias)
    assert np.isfinite(value)
    assert np.isfinite(slope.deviation).all()
    assert slope.deviation[2] == 0  # nothing that is measured hangs on the last neuron
    assert slope.deviation[1] != 0


def test_members_start_apart(key):
    model = model_of(wired([0], [1]))
    one, other = (start_member(model, k) for k in jax.random.split(key))
    assert float(jnp.abs(one.bias.deviation - other.bias.deviation).min()) > 0


def test_rates_get_softplus_and_signed_activity_a_linear_network(rng):
    rates = rng.random((1, 50, 3))
    assert isinstance(activation_for(recorded(rates)), Softplus)
    noisy = recorded(rates + rng.normal(0, 0.02, rates.shape), kind="calcium")
    assert isinstance(activation_for(noisy), Softplus)
    assert isinstance(activation_for(recorded(rates - rates.mean(), kind="calcium")), Linear)
    with pytest.raises(InputError, match="Hold out fewer"):
        activation_for(recorded(np.zeros((1, 50, 3))))


def test_inputs_named_after_neurons_drive_them_and_others_do_not():
    inputs = np.zeros((1, 50, 3))
    recording = recorded(np.zeros((1, 50, 3)), inputs=inputs, input_name=("light", "n2", "n0"))
    positions, channels = driven_neurons(recording)
    assert dict(zip(channels, positions.tolist(), strict=True)) == {1: 2, 2: 0}


def test_windows_are_equal_cover_training_only_and_are_bounded(rng):
    activity = rng.random((1, 25_000, 2))
    activity[:, 20_000:] = np.nan
    windows, _ = cut_windows(recorded(activity), rng)
    assert windows.shape == (100, 100, 2)
    assert np.isfinite(windows).all()
    short, _ = cut_windows(recorded(activity[:, 19_800:]), rng)
    assert short.shape == (10, 20, 2)


def test_known_signs_need_no_rule_and_unknown_ones_follow_it():
    assert sign(wired([0], [1]), "transmitter").unknown is None
    unknown = wired(
        [0, 1, 2], [1, 2, 0], signs=[0, 0, 0], neurotransmitter=["ACh", "GABA", "glutamate"]
    )
    by_transmitter = sign(unknown, "transmitter")
    assert by_transmitter.connectome.sign.tolist() == [1, -1, 0]
    assert by_transmitter.unknown == Trainable()
    assert "1 with 1 stay unknown; those are learned" in by_transmitter.sentence
    assert sign(unknown, "dropped").sentence.startswith("3 connections of unknown sign with 3 syn")
    assert sign(unknown, "excitatory").connectome.sign.tolist() == [1, 1, 1]
    with pytest.raises(InputError, match="--sign-rule trainable"):
        sign(wired([0], [1], signs=[0]), "transmitter")


def test_arms_are_the_default_another_sign_rule_and_the_nulls_that_apply():
    ring = [np.arange(6), np.roll(np.arange(6), 1)]
    unknown = wired(*ring, n=6, signs=[0] * 6)
    config = PredictConfig(nulls=("rewire", "rewire_within_type"), sign_rule="excitatory")
    arms, left_out = planned_arms(unknown, sign(unknown, "excitatory"), config)
    assert [arm.name for arm in arms] == ["default", "variant: signs trainable", "null: rewire"]
    assert [arm.n_draws for arm in arms] == [1, 1, 2]
    assert arms[1].wiring(0).unknown == Trainable()
    assert left_out == [
        "left out `null: rewire within type`: the connectome has no column `cell_type`"
    ]
    known = wired(*ring, n=6)
    arms, left_out = planned_arms(known, sign(known, "excitatory"), PredictConfig(n_null_draws=0))
    assert [arm.name for arm in arms] == ["default"]
    assert not left_out


def test_without_cell_types_all_neurons_share_and_it_is_said():
    typed = wired([0], [1], cell_type=["A", "B", "B"])
    assert share(typed, "cell_type").member.tolist() == [0, 1, 1]
    assert share(typed, "neuron").member.tolist() == [0, 1, 2]
    fallen = share(wired([0], [1]), "cell_type")
    assert fallen.member.tolist() == [0, 0, 0]
    assert "no column `cell_type`" in fallen.sentence


def seen_of(connectome, activity, unseen=slice(80, None), held_out=()):
    training, visible = activity.copy(), activity.copy()
    training[:, unseen] = np.nan
    training[:, :, list(held_out)] = visible[:, :, list(held_out)] = np.nan
    return baselines.Seen(connectome, recorded(training), recorded(visible))


def test_means_leave_the_neuron_itself_out(rng):
    activity = rng.random((1, 100, 4))
    connectome = wired([0], [1], n=4, cell_type=["A", "A", "A", "B"])
    seen = seen_of(connectome, activity, held_out=[2])
    everyone = baselines.population_mean(seen)
    np.testing.assert_allclose(everyone[:, :, 0], activity[:, :, [1, 3]].mean(axis=2))
    np.testing.assert_allclose(everyone[:, :, 2], activity[:, :, [0, 1, 3]].mean(axis=2))
    alike = baselines.same_type_mean(seen)
    np.testing.assert_allclose(alike[:, :, 0], activity[:, :, 1])
    np.testing.assert_allclose(alike[:, :, 2], activity[:, :, [0, 1]].mean(axis=2))
    np.testing.assert_allclose(alike[:, :, 3], everyone[:, :, 3])


def test_propagation_goes_from_pre_to_post_and_through_neurons_not_observed(rng):
    activity = rng.random((1, 100, 4))
    activity[:, :, 3] = 1 - activity[:, :, 0]  # an observed neuron that gives the slope its size
    connectome = wired([0, 1, 0], [1, 2, 3], n=4, signs=[1, 1, -1])
    seen = seen_of(connectome, activity, held_out=[1, 2])
    near, far = baselines.wired_neighbors(seen), baselines.linear_propagation(seen)

    def correlation(a, b):
        return np.corrcoef(a[0], b[0])[0, 1]

    assert correlation(near[:, :, 1], activity[:, :, 0]) == pytest.approx(1.0)
    np.testing.assert_allclose(near[:, :, 2], seen.overall)
    assert correlation(far[:, :, 2], activity[:, :, 0]) == pytest.approx(1.0)
    np.testing.assert_allclose(far[:, :, 3], activity[:, :, 3], atol=0.1)
    np.testing.assert_allclose(far[:, :, 0], seen.level[0])


def test_ridge_on_others_is_the_regression_of_each_neuron_on_all_others(rng):
    activity = rng.normal(size=(1, 100, 3)) @ rng.normal(size=(3, 4))
    activity = activity + 0.3 * rng.normal(size=activity.shape)
    seen = seen_of(wired([0], [1], n=4), activity)
    centered = activity[0] - activity[0, :80].mean(axis=0)
    x, y = centered[:, [0, 2, 3]], centered[:, 1]
    full = centered[:80].T @ centered[:80]
    strength = baselines.RIDGE * np.trace(full) / 4
    weight = np.linalg.solve(x[:80].T @ x[:80] + strength * np.eye(3), x[:80].T @ y[:80])
    found = baselines.ridge_on_others(seen)[0, :, 1]
    np.testing.assert_allclose(found, x @ weight + activity[0, :80, 1].mean())


def test_own_past_predicts_an_oscillation_and_never_looks_ahead():
    wave = np.sin(np.arange(100) / 3)[None, :, None] * np.array([1.0, 2.0])
    seen = seen_of(wired([0], [1], n=2), wave)
    np.testing.assert_array_equal(baselines.persistence(seen)[:, 1:], wave[:, :-1])
    np.testing.assert_allclose(baselines.autoregression(seen)[:, 10:], wave[:, 10:], atol=0.03)
    later = wave.copy()
    later[:, 90:] += 5
    changed = seen_of(wired([0], [1], n=2), later)
    for baseline in (baselines.persistence, baselines.autoregression):
        np.testing.assert_array_equal(baseline(changed)[:, :91], baseline(seen)[:, :91])


def test_a_ceiling_needs_repeated_inputs_and_averages_the_other_half(rng):
    activity = rng.random((4, 30, 2))
    assert baselines.ceiling(recorded(activity)) is None
    same = np.ones((4, 30, 1))
    best = baselines.ceiling(recorded(activity, inputs=same, input_name=("light",)))
    np.testing.assert_allclose(best[0], activity[[1, 3]].mean(axis=0))
    np.testing.assert_allclose(best[3], activity[[0, 2]].mean(axis=0))
    different = same * np.arange(4)[:, None, None]
    assert baselines.ceiling(recorded(activity, inputs=different, input_name=("light",))) is None
