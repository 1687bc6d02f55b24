"""Angular velocities as published, headings that are their sum, and codes that read back."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.tasks import AngularIntegration, Ring, SineCosine
from neuroloom.tasks.leaky_sum import leaky_sum

TASK = AngularIntegration()


@pytest.fixture(scope="module")
def drawn():
    return TASK(jax.random.key(1), 2_000)


@pytest.fixture(scope="module")
def trials(drawn):
    return jax.tree.map(np.asarray, drawn)


@pytest.fixture(scope="module")
def heading(drawn):
    return np.asarray(TASK.heading(drawn))


def settled(trials, n_steps=20):
    """Steps with v != 0 and none with v = 0 in the 20 steps before."""
    still = np.pad(trials.inputs[:, :, 0] == 0, ((0, 0), (n_steps, 0)), constant_values=True)
    near = np.lib.stride_tricks.sliding_window_view(still, n_steps + 1, axis=1).any(-1)
    return ~near


@pytest.mark.parametrize("speed", [0.1, 1.0, 3.0])
def test_the_sd_of_angular_velocity_is_five_hundredths_times_its_range(speed, trials):
    if speed != 1.0:
        drawn = replace(TASK, speed=speed)(jax.random.key(2), 2_000)
        trials = jax.tree.map(np.asarray, drawn)
    velocity = trials.inputs[:, :, 0][settled(trials)]
    assert velocity.size > 400_000
    assert velocity.std() == pytest.approx(0.05 * speed, rel=0.02)


def test_angular_velocity_keeps_four_fifths_of_itself_from_step_to_step(trials):
    inside = settled(trials)[:, 1:]
    before, after = trials.inputs[:, :-1, 0][inside], trials.inputs[:, 1:, 0][inside]
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(0.8, abs=0.01)
    assert (after - 0.8 * before).std() == pytest.approx(0.03, rel=0.01)


def test_velocity_starts_from_zero_after_the_cue_and_after_the_stretch(trials):
    velocity = trials.inputs[:, :, 0]
    moving = velocity != 0
    starts = moving[:, 1:] & ~moving[:, :-1]
    assert velocity[:, 1:][starts].std() == pytest.approx(0.03, rel=0.04)
    trial, step = np.nonzero(starts[:, :-1])
    assert (step > TASK.cue_steps).sum() > 500  # most of these are after a stretch
    second, first = velocity[trial, step + 2], velocity[trial, step + 1]
    assert (second - 0.8 * first).std() == pytest.approx(0.03, rel=0.04)


def test_the_filtered_noise_is_that_of_the_loop_with_restarts(key):
    """Against the sentence, step by step, for the very noise that was drawn."""
    noise_key = jax.random.split(key, 3)[2]
    noise = np.asarray(jax.random.normal(noise_key, (50, 500)))
    drawn = np.asarray(TASK(key, 50).inputs[:, :, 0])
    expected = np.zeros((50, 500))
    for step in range(10, 500):
        moved = 0.03 * noise[:, step] + 0.8 * expected[:, step - 1]
        expected[:, step] = np.where(drawn[:, step] == 0, 0.0, moved)
    np.testing.assert_allclose(drawn, expected, atol=1e-12)


def test_velocity_is_zero_and_the_heading_shown_in_cue_steps_only(trials, heading):
    assert not trials.inputs[:, :10, 0].any()
    first = heading[:, :1]
    np.testing.assert_allclose(trials.inputs[:, :10, 1], np.broadcast_to(np.sin(first), (2000, 10)))
    np.testing.assert_allclose(trials.inputs[:, :10, 2], np.broadcast_to(np.cos(first), (2000, 10)))
    assert not trials.inputs[:, 10:, 1:].any()
    assert trials.inputs[:, 10, 0].any()
    assert not trials.mask[:, :10].any()
    assert trials.mask[:, 10:].all()


def test_first_headings_are_uniform_around_the_circle(heading):
    counts, _ = np.histogram(heading[:, 0], 8, (0, 2 * np.pi))
    assert ((counts - 250) ** 2 / 250).sum() < 24.3  # chi square, 7 degrees, 0.1 %


def test_half_of_the_trials_have_a_stretch_as_long_and_as_early_as_published():
    """Starts from step 2 on: earlier ones are hidden by a cue of one step."""
    drawn = replace(TASK, cue_steps=1)(jax.random.key(0), 4_000).inputs[:, :, 0]
    still = np.asarray(drawn == 0)[:, 1:]
    length, start = still.sum(1), still.argmax(1) + 1
    rises = np.diff(still.astype(int), axis=1) == 1
    assert (rises.sum(1) + still[:, 0]).max() == 1  # one piece
    assert (length > 0).sum() == pytest.approx(2_000 * 333 / 334, abs=20)  # some are 0 steps long
    seen = (length > 0) & (start >= 2)
    for value, low, high in ((start[seen], 2, 167), (length[seen], 1, 333)):
        sd = (high - low + 1) / np.sqrt(12)
        assert (value.min(), value.max()) == (low, high)
        assert value.mean() == pytest.approx((low + high) / 2, abs=3 * sd / np.sqrt(seen.sum()))
        assert value.std() == pytest.approx(sd, rel=0.04)
    assert np.corrcoef(start[seen], length[seen])[0, 1] == pytest.approx(0, abs=0.08)


def test_each_trial_is_as_likely_to_have_a_stretch_even_alone():
    short = replace(TASK, cue_steps=1, n_steps=30)
    keys = jax.random.split(jax.random.key(0), 3_000)
    alone = jax.jit(jax.vmap(lambda k: (short(k, 1).inputs[0, 1:, 0] == 0).any()))(keys)
    # a stretch of no step, or of the first alone, is not seen
    assert np.mean(alone) == pytest.approx(0.5 * 20 / 21 - 0.5 / 11 / 21, abs=0.03)
    always = replace(short, still=1.0)(jax.random.key(0), 1_000).inputs[:, 1:, 0]
    assert np.mean(np.asarray(always == 0).any(1)) > 0.9


def test_no_trial_stands_still_where_none_should():
    never = replace(TASK, still=0.0, n_steps=40)(jax.random.key(0), 200).inputs[:, 10:, 0]
    assert np.asarray(never != 0).all()


def test_the_heading_is_the_cumulated_velocity_and_wraps_around(trials, heading, drawn):
    turned = np.unwrap(heading, axis=1)
    np.testing.assert_allclose(np.diff(turned, axis=1), trials.inputs[:, 1:, 0], atol=1e-9)
    assert heading.min() >= 0
    assert heading.max() < 2 * np.pi
    assert (np.abs(np.diff(heading, axis=1)) > 6).any(1).mean() > 0.5  # most pass 0 at least once
    np.testing.assert_allclose(trials.targets[:, :, 0], np.sin(heading), atol=1e-9)
    np.testing.assert_allclose(trials.targets[:, :, 1], np.cos(heading), atol=1e-9)
    np.testing.assert_array_equal(TASK.angular_velocity(drawn), trials.inputs[:, :, 0])


@pytest.mark.parametrize("code", [SineCosine(), Ring(16), Ring(12, concentration=2.0)])
def test_a_code_reads_back_every_heading_even_across_zero(code):
    heading = jnp.linspace(-1, 7, 400).reshape(4, 100)
    targets = code.targets(heading)
    assert targets.shape == (4, 100, code.n_outputs)
    away = np.angle(np.exp(1j * (np.asarray(code.decode(targets)) - np.asarray(heading))))
    assert np.abs(away).max() < 1e-5
    assert code.decode(jnp.zeros((1, 1, code.n_outputs))).item() == 0.0


def test_a_ring_has_its_peak_of_one_at_the_preferred_heading_and_counts_counter_clockwise():
    code = Ring(8)
    np.testing.assert_allclose(code.preferred[:3], [0, np.pi / 4, np.pi / 2])
    targets = code.targets(jnp.asarray(code.preferred)[None, :])[0]
    np.testing.assert_allclose(np.diag(targets), 1.0)
    np.testing.assert_allclose(targets[0, 4], np.exp(-8.0))
    task = AngularIntegration(n_steps=40, code=code)
    trials = task(jax.random.key(0), 5)
    assert trials.targets.shape == trials.mask.shape == (5, 40, 8)
    assert (task.n_inputs, task.n_outputs) == (3, 8)


def test_a_tiny_negative_angle_is_zero_and_not_a_whole_turn():
    outputs = jnp.array([[[-1e-12, 1.0]]], jnp.float32)
    assert SineCosine().decode(outputs).item() == 0.0


def test_the_sum_that_forgets_is_that_of_the_loop_at_any_length_and_memory(key):
    x = np.asarray(jax.random.normal(key, (3, 77)))
    for keep in (0.0, 0.3, 0.8, 1.0):
        expected = np.zeros_like(x)
        for step in range(77):
            expected[:, step] = x[:, step] + keep * expected[:, step - 1] * (step > 0)
        np.testing.assert_allclose(leaky_sum(jnp.asarray(x), keep), expected, atol=1e-12)
        np.testing.assert_allclose(
            leaky_sum(jnp.asarray(x[:, :5]), keep), expected[:, :5], atol=1e-12
        )


def test_trials_can_be_drawn_inside_a_compiled_program_for_many_members(key):
    task = replace(TASK, n_steps=60)
    keys = jax.random.split(key, 3)
    inside = jax.jit(jax.vmap(lambda k: task(k, 4)))(keys)
    for member, own in enumerate(keys):
        np.testing.assert_allclose(inside.inputs[member], task(own, 4).inputs, atol=1e-12)
    assert (inside.inputs[0] != inside.inputs[1]).any()
    program = str(jax.make_jaxpr(lambda k: task(k, 4))(key))
    assert "dot_general" in program
    assert " scan[" not in program


@pytest.mark.parametrize(
    ("wrong", "instruction"),
    [
        ({"dt": 0.0}, "Use 0.025, 0.03 and 1"),
        ({"speed": -1.0}, "Use 0.025, 0.03 and 1"),
        ({"momentum": 1.0}, "Use 0.8 and 0.5"),
        ({"still": 1.5}, "Use 0.8 and 0.5"),
        ({"cue_steps": 0}, "Lengthen the trial"),
        ({"n_steps": 10}, "Lengthen the trial"),
    ],
)
def test_numbers_out_of_range_are_refused_with_the_way_out(wrong, instruction):
    with pytest.raises(InputError, match=instruction):
        AngularIntegration(**wrong)
    with pytest.raises(InputError, match="Use 16 and 4"):
        Ring(2)
