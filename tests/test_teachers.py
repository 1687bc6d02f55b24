"""Teachers: what they are made of, that they obey their equation, and what a connectome changes."""

import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.analysis.dimensionality import participation_ratio
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.initial import (
    Informed,
    NearOne,
    Uninformed,
    sender_groups,
    with_gain_and_bias,
)
from neuroloom.studies.constrained_networks.teachers import (
    ChaoticConfig,
    CyclingConfig,
    LinearConfig,
    LowRankConfig,
    cached_teacher,
    make_teacher,
)
from neuroloom.studies.constrained_networks.teachers.cycling import untrained_cycling
from small_teachers import CYCLING, SMALL, dense, loops

fit_module = sys.modules["neuroloom.fitting.fit"]


@pytest.fixture(scope="module")
def made():
    return {name: make_teacher(config) for name, config in SMALL.items()}


PHI = {
    "cycling": lambda x: np.logaddexp(0, x),
    "low rank": np.tanh,
    "chaotic": np.tanh,
    "linear": lambda x: x,
}


@pytest.mark.parametrize("name", SMALL)
def test_a_teacher_does_what_its_equation_and_parameters_say(made, name):
    """h <- h + dt/tau (-h + W r + u), r = g phi(h + b), by a loop."""
    teacher, config = made[name], SMALL[name]
    weight = dense(teacher.connectome)
    gain, bias = (np.asarray(p.expand()) for p in (teacher.network.gain, teacher.network.bias))
    for trial in range(min(2, len(teacher.inputs))):
        h = np.asarray(teacher.initial)
        for k in range(60):
            rate = gain * PHI[name](h + bias)
            u = np.asarray(teacher.inputs[trial, k])
            h = h + config.dt / config.tau * (-h + weight @ rate + u)
            np.testing.assert_allclose(teacher.states[trial, k], h, atol=1e-9)
            np.testing.assert_allclose(
                teacher.rates[trial, k], gain * PHI[name](h + bias), atol=1e-9
            )


@pytest.mark.parametrize("name", SMALL)
def test_one_seed_makes_one_teacher(made, name):
    if name != "cycling":
        again = make_teacher(SMALL[name])
        np.testing.assert_array_equal(again.states, made[name].states)
    other = untrained_cycling(replace(CYCLING, seed=1))[0].network.gain.expand()
    if name != "cycling":
        other = make_teacher(replace(SMALL[name], seed=1)).states
        assert not np.array_equal(other, made[name].states)
    else:
        assert not np.array_equal(other, untrained_cycling(CYCLING)[0].network.gain.expand())


def test_a_low_rank_teacher_has_rank_two_and_two_dimensions():
    teacher = make_teacher(LowRankConfig(n_neurons=300))
    size = np.linalg.svd(dense(teacher.connectome), compute_uv=False)
    assert size[1] > 0.1
    assert size[2] < 1e-12
    assert participation_ratio(np.asarray(teacher.rates)) == pytest.approx(2, abs=0.3)
    gain = np.asarray(teacher.network.gain.expand())
    assert (gain.mean(), gain.std()) == pytest.approx((1, 0.9), abs=0.1)


def test_the_directions_of_a_low_rank_teacher_overlap_as_stated():
    """W's two eigenvalues are overlap +- i rotation, up to 1 / sqrt(N)."""
    weight = dense(
        make_teacher(LowRankConfig(n_neurons=1000, burn_in=0.1, duration=0.1)).connectome
    )
    values = np.linalg.eigvals(weight)
    two = values[np.argsort(-np.abs(values))[:2]]
    np.testing.assert_allclose(np.sort_complex(two), [1.5 - 3j, 1.5 + 3j], atol=0.5)


def test_a_chaotic_teacher_has_the_stated_weights_and_goes_on_moving():
    teacher = make_teacher(ChaoticConfig(n_neurons=300))
    weight = dense(teacher.connectome)
    assert weight.std() * np.sqrt(300) == pytest.approx(1.7, rel=0.02)
    assert abs(weight.mean()) < 0.001
    gain = np.asarray(teacher.network.gain.expand())
    assert (gain.mean(), gain.std()) == pytest.approx((1, 0.5), abs=0.06)
    late = np.asarray(teacher.states)[0, 200:]
    assert late.std(0).mean() > 0.2
    assert participation_ratio(late) > 2


def test_two_chaotic_runs_from_nearly_one_start_come_apart():
    teacher = make_teacher(ChaoticConfig(n_neurons=400, duration=60.0))
    near = simulate(teacher.network, teacher.inputs, dt=0.05, initial=teacher.initials + 1e-8)
    apart = np.linalg.norm(np.asarray(near - teacher.states)[0], axis=1)
    assert apart[-1] > 1e3 * apart[0]


def test_a_linear_teacher_settles_where_its_biases_lead_through_its_components():
    teacher = make_teacher(LinearConfig(n_neurons=60, n_components=12, duration=60.0))
    weight = dense(teacher.connectome)
    assert np.linalg.matrix_rank(weight, tol=1e-9) == 12
    bias = np.asarray(teacher.network.bias.expand())
    rest = np.linalg.solve(np.eye(60) - weight, weight @ bias)
    np.testing.assert_allclose(teacher.states[0, -1], rest, atol=1e-6)
    assert bias.std() == pytest.approx(4.5, rel=0.2)


def test_the_components_of_a_linear_teacher_are_a_random_choice_not_the_largest():
    sizes = [
        np.linalg.svd(dense(make_teacher(LinearConfig(60, seed, 6)).connectome), compute_uv=False)
        for seed in range(3)
    ]
    assert np.mean([s[5] for s in sizes]) < 0.8  # the six largest of 60 are all above 2


def test_a_cycling_network_starts_at_rest_in_a_stable_state():
    for seed in range(3):
        config = replace(CYCLING, seed=seed, n_neurons=60)
        start, _ = untrained_cycling(config)
        weight = np.asarray(start.network.wiring.matrix(start.network.weight))
        gain, bias = (np.asarray(p.expand()) for p in (start.network.gain, start.network.bias))
        h = np.asarray(start.initial)

        def drift(x, weight=weight, gain=gain, bias=bias):
            return -x + weight @ (gain * np.logaddexp(0, x + bias))

        assert np.abs(drift(h)).max() < 1e-7
        jacobian = np.stack([(drift(h + d) - drift(h - d)) / 2e-5 for d in 1e-5 * np.eye(60)], 1)
        assert np.linalg.eigvals(jacobian).real.max() < 0
        assert (gain > 0).all()


def test_a_cycling_network_has_the_stated_senders_density_and_sizes():
    start, _ = untrained_cycling(CyclingConfig(n_neurons=300, seed=2))
    weight = np.asarray(start.network.wiring.matrix(start.network.weight))
    excitatory, inhibitory = weight[:, :210], weight[:, 210:]
    assert (excitatory >= 0).all()
    assert (inhibitory <= 0).all()
    assert (excitatory > 0).mean() == pytest.approx(0.25, abs=0.02)  # half of half
    assert inhibitory[inhibitory < 0].std() / excitatory[excitatory > 0].std() == pytest.approx(
        4, rel=0.1
    )
    size = np.sqrt((excitatory[excitatory > 0] ** 2).mean() * 300)
    assert size == pytest.approx(2.4, rel=0.1)
    assert np.abs(start.network.bias.expand()).max() <= 0.1


def test_training_keeps_signs_and_absent_connections_and_lowers_the_error(made):
    teacher = made["cycling"]
    start, _ = untrained_cycling(CYCLING)
    before = np.asarray(start.network.wiring.matrix(start.network.weight))
    after = dense(teacher.connectome)
    assert (after[before == 0] == 0).all()
    assert (np.sign(after) * np.sign(before) >= 0).all()
    assert np.abs(after - before).max() > 1e-4
    assert teacher.connectome.obeys_dale

    def error(network, initial, readout):
        begin = jnp.broadcast_to(jnp.asarray(initial), teacher.initials.shape)
        rates = network.rate(simulate(network, teacher.inputs, dt=0.05, initial=begin))
        return float(np.mean((np.asarray(rates @ readout.T) - np.asarray(teacher.targets)) ** 2))

    was = error(start.network, np.asarray(start.initial), start.readout)
    now = error(teacher.network, np.asarray(teacher.initial), teacher.readout)
    assert now < was
    assert f"{was:.3g} before, {now:.3g} after" in teacher.notes[1]


def test_a_pulse_moves_a_cycling_network_by_its_input_weights_once(made):
    inputs = np.asarray(made["cycling"].inputs)
    n_steps = (inputs != 0).any(2).sum(1)
    assert set(n_steps) <= {0, 1}
    assert n_steps.sum() > 0
    kick = inputs[np.flatnonzero(n_steps)[0]].sum(0) * 0.05
    assert kick.std() == pytest.approx(1, abs=0.5)


def store(kept):
    """What `Context.cached` does, in a dictionary."""
    from neuroloom.runs import config_hash

    def cached(name, parts, make):
        key = config_hash({"name": name, "parts": parts}, {})
        if key not in kept:
            kept[key] = {k: np.asarray(v) for k, v in make().items()}
        return kept[key]

    return cached


@pytest.mark.parametrize("name", ["chaotic", "cycling"])
def test_a_cached_teacher_is_the_same_to_the_last_digit(name):
    kept = {}
    wiring = loops(SMALL[name].n_neurons) if name == "chaotic" else None
    first = cached_teacher(SMALL[name], store(kept), wiring)
    again = cached_teacher(SMALL[name], store(kept), wiring)
    assert len(kept) == 1
    one, two = (jax.tree.leaves((t.network, t.initial, t.states, t.rates)) for t in (first, again))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.notes == again.notes
    for field in ("neuron_id", "pre", "post", "count", "sign", "name", "audit"):
        np.testing.assert_array_equal(
            getattr(first.connectome, field), getattr(again.connectome, field)
        )
    assert (first.readout is None) == (again.readout is None) == (name == "chaotic")


def test_another_seed_kind_or_wiring_is_another_teacher_in_the_cache():
    kept = {}
    base = SMALL["chaotic"]
    cached_teacher(base, store(kept))
    cached_teacher(replace(base, seed=5), store(kept))
    cached_teacher(base, store(kept), loops(40))
    cached_teacher(base, store(kept), loops(40, seed=1))
    cached_teacher(SMALL["low rank"], store(kept))
    assert len(kept) == 5


def test_a_training_that_is_resumed_gives_the_same_teacher(made, tmp_path):
    stem = tmp_path / "cell.checkpoint"
    make_teacher(CYCLING, checkpoint=stem)
    assert len(list(tmp_path.glob("cell.checkpoint*"))) == 2
    again = make_teacher(CYCLING, checkpoint=stem)
    np.testing.assert_array_equal(again.states, made["cycling"].states)


def test_ctrl_c_in_a_training_leaves_no_teacher_in_the_cache(tmp_path, monkeypatch):
    """`fit` returns what it has; the next round must not go on from it."""
    config = replace(CYCLING, n_steps=30)
    whole = make_teacher(config)
    kept, real, calls = {}, fit_module.write_checkpoint, []

    def press_ctrl_c(*arguments):
        real(*arguments)
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(fit_module, "write_checkpoint", press_ctrl_c)
    stem = tmp_path / "cell.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        cached_teacher(config, store(kept), checkpoint=stem)
    assert not kept
    again = cached_teacher(config, store(kept), checkpoint=stem)
    np.testing.assert_array_equal(again.states, whole.states)


def test_an_informed_student_starts_from_the_teachers_values_under_other_names(made, key):
    teacher = made["cycling"]
    start = Informed()(teacher, key)
    group = sender_groups(teacher)
    assert set(group) == {1, -1}
    for name, factor in (("gain", 0.5), ("bias", 1.0)):
        ours = np.asarray(getattr(start, name).expand())
        true = np.asarray(getattr(teacher.network, name).expand())
        for sign in (1, -1):
            inside = group == sign
            np.testing.assert_allclose(np.sort(ours[inside]), np.sort(factor * true[inside]))
        assert (np.abs(ours - factor * true) > 1e-12).mean() > 0.5
    gain, bias = (np.asarray(getattr(start, n).expand()) for n in ("gain", "bias"))
    true_gain, true_bias = (
        np.asarray(getattr(teacher.network, n).expand()) for n in ("gain", "bias")
    )
    where_gain = np.argmin(np.abs(gain[:, None] - 0.5 * true_gain[None, :]), 1)
    where_bias = np.argmin(np.abs(bias[:, None] - true_bias[None, :]), 1)
    assert (where_gain != where_bias).any()  # two permutations, not one


def test_where_neurons_send_both_signs_parameters_are_dealt_among_all(made, key):
    teacher = made["chaotic"]
    assert (sender_groups(teacher) == 0).all()
    gain = np.asarray(Informed(1.0)(teacher, key).gain.expand())
    true = np.asarray(teacher.network.gain.expand())
    np.testing.assert_allclose(np.sort(gain), np.sort(true))
    assert not np.allclose(gain, true)


def test_an_uninformed_student_knows_nothing_of_the_teachers_parameters(made, key):
    teacher = made["cycling"]
    start = Uninformed()(teacher, key)
    true = teacher.network
    network = with_gain_and_bias(true, 2 * true.gain.expand(), 3 + true.bias.expand())
    same = Uninformed()(replace(teacher, network=network), key)
    np.testing.assert_array_equal(start.gain.expand(), same.gain.expand())
    np.testing.assert_array_equal(start.bias.expand(), same.bias.expand())
    assert np.asarray(start.gain.expand()).mean() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(start.strength, teacher.network.strength)


def test_a_student_near_one_keeps_the_biases_and_knows_no_gain(made, key):
    teacher = made["linear"]
    start = NearOne(1e-5)(teacher, key)
    gain = np.asarray(start.gain.expand())
    assert 0 < np.abs(gain - 1).max() < 1e-4
    np.testing.assert_array_equal(start.bias.expand(), teacher.network.bias.expand())
