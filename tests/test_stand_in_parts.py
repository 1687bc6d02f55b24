"""What a step sees of a student's rows, and rectified students without descent."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.fitting.stand_ins import Parts, StandInLesson, fit_rectified
from neuroloom.fitting.stand_ins.pupil import StandInLoss, pupils
from neuroloom.networks.stand_ins import LinearForm

SLOTS, ASIDE = -1 - jnp.arange(16), jnp.arange(10)


@pytest.fixture
def seen(rng):
    """Row 0, with which tables of rows are filled up, would be seen at once."""
    u, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    y[0] = 1e6
    y[30, 0] = np.nan
    start = LinearForm().draw(n_inputs=3, n_outputs=2, key=jax.random.key(0))
    parts = [
        Parts(np.arange(20, 25), np.arange(30, 33)),
        Parts(np.arange(10, 30), np.arange(30, 40)),
        Parts(np.arange(1, 40), np.arange(1, 3)),
    ]
    square = (np.asarray(start(jnp.asarray(u))) - y) ** 2
    return pupils([start] * 3, StandInLesson(u, y), parts), parts, square


def loss(pupil, slots, key):
    return float(StandInLoss()(pupil, slots, jnp.ones(slots.size), key))


def test_few_rows_count_once_each(seen, key):
    members, parts, square = seen
    np.testing.assert_allclose(loss(members[0], SLOTS, key), square[parts[0].training].mean())


def test_of_many_rows_those_of_the_student_are_drawn_evenly_and_no_others(seen):
    members, parts, square = seen
    values = jax.vmap(lambda k: StandInLoss()(members[1], SLOTS, jnp.ones(16), k))(
        jax.random.split(jax.random.key(1), 2_000)
    )
    wanted = square[parts[1].training].mean()
    np.testing.assert_allclose(np.mean(values), wanted, rtol=0.02)
    assert np.std(values) > 0.05 * wanted


def test_rows_aside_are_all_scored_and_what_was_not_observed_is_not(seen, key):
    members, parts, square = seen
    for member, part in zip(members, parts, strict=True):
        np.testing.assert_allclose(loss(member, ASIDE, key), np.nanmean(square[part.aside]))
    gradient = eqx.filter_grad(lambda m: StandInLoss()(m, ASIDE, jnp.ones(10), key))(members[0])
    assert bool(jnp.isfinite(gradient.student.weight).all())


def test_a_step_is_not_steeper_than_its_loss(seen, key):
    """The gradient is that of finite differences."""
    member = seen[0][0]

    def at(value):
        return StandInLoss()(
            eqx.tree_at(lambda m: m.student.bias, member, value), SLOTS, jnp.ones(16), key
        )

    start = member.student.bias
    slope = jax.grad(at)(start)[1]
    shift = jnp.array([0.0, 1e-6])
    np.testing.assert_allclose(slope, (at(start + shift) - at(start - shift)) / 2e-6, rtol=1e-6)


@pytest.fixture
def place_like(rng):
    """Outputs that are silent nine times in ten, some weights negative."""
    connected = rng.random((3, 8)) < 0.6
    weight = connected * rng.normal(1, 1, (3, 8))
    u = rng.random((400, 8))
    drive = u @ weight.T
    threshold = np.quantile(drive, 0.9, axis=0)
    return connected, weight, threshold, StandInLesson(u, np.maximum(drive - threshold, 0))


def test_weights_and_thresholds_of_rectified_units_are_recovered_with_their_ends(place_like):
    connected, weight, threshold, lesson = place_like
    student = fit_rectified(lesson, connected)
    scaling = student.scaling
    back = scaling.output_sd[:, None] * student.weight[0] / scaling.input_sd[None]
    np.testing.assert_allclose(back, weight, atol=1e-4)
    np.testing.assert_allclose(-scaling.output_sd * student.bias[0], threshold, atol=1e-4)
    new = np.random.default_rng(9).normal(size=(50, 8))
    wanted = np.maximum(new @ weight.T - threshold, 0)
    np.testing.assert_allclose(student(jnp.asarray(new)), wanted, atol=1e-3)


def test_vectors_where_it_should_be_silent_count_where_recordings_are_noisy(place_like, rng):
    connected, _, _, (u, y) = place_like
    noisy = np.where(y > 0, np.maximum(y + rng.normal(0, 0.5 * y.std(), y.shape), 0), 0.0)
    lesson = StandInLesson(u, noisy)
    errors = [
        (
            (np.asarray(fit_rectified(lesson, connected, n_steps=n)(jnp.asarray(u))) - noisy) ** 2
        ).sum(0)
        for n in (0, 30)
    ]
    assert (errors[1] <= errors[0]).all()
    assert errors[1].sum() < errors[0].sum()


def test_a_silent_output_stays_silent_and_missing_entries_do_not_matter(place_like):
    connected, _, _, (u, y) = place_like
    y = y.copy()
    y[:, 0], y[::5, 1] = 0.0, np.nan
    answers = np.asarray(fit_rectified(StandInLesson(u, y), connected)(jnp.asarray(u)))
    np.testing.assert_array_equal(answers[:, 0], 0.0)
    np.testing.assert_allclose(answers[:, 1:], place_like[3].outputs[:, 1:], atol=1e-4)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        (lambda c, d: fit_rectified(d, c.T), "Transpose it"),
        (lambda c, d: fit_rectified(StandInLesson(d.inputs, -d.outputs), c), "MlpForm"),
        (lambda c, d: fit_rectified(d, c, penalty=0.0), "Leave it out"),
    ],
)
def test_what_rectified_units_cannot_do_is_refused(change, instruction, place_like):
    with pytest.raises(InputError, match=instruction):
        change(place_like[0], place_like[3])
