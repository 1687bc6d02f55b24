"""What fitting stand-ins promises: it recovers, separates, repeats, resumes and follows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from forecasters import quick_compiler
from neuroloom.errors import InputError
from neuroloom.fitting.stand_ins import (
    Learners,
    StandInLesson,
    StandInTraining,
    draw_students,
    errors_by_pass,
    fit_linear,
    fit_stand_ins,
    update,
)
from neuroloom.networks.stand_ins import GruForm, LinearForm, MlpForm, padded

SHORT = StandInTraining(
    n_steps=40, batch_size=16, learning_rate=0.01, check_every=20, patience=None
)
SMALL = MlpForm(6, 1)
AMOUNTS = [np.arange(1), np.arange(5), np.arange(100)]


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    with quick_compiler():
        yield


@pytest.fixture(scope="module")
def lesson():
    """Rectified sums of three inputs, in units and offsets of their own."""
    u = np.random.default_rng(0).normal(2, 3, (120, 3))
    y = np.maximum((u - 2) @ [[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]], 0) * [10.0, 0.1] - [5.0, 0.0]
    return StandInLesson(u, y)


def fitted(students, lesson, *, training=SHORT, **choices):
    settings = {"key": jax.random.key(1), "progress": False}
    return fit_stand_ins(students, lesson, training=training, **(settings | choices))


def drawn(form, lesson, n=1):
    return draw_students([form], lesson, n_seeds=n, key=jax.random.key(0))


def arrays(student):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(student)]


def same(one, other):
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_student_finds_the_circuit_in_its_own_units(lesson):
    long = StandInTraining(**{**vars(SHORT), "n_steps": 800})
    found = fitted(drawn(SMALL, lesson), lesson, training=long)
    error = ((found.respond(lesson.inputs)[0] - lesson.outputs) ** 2).mean(0)
    assert (error < 0.02 * lesson.outputs.var(0)).all()


def test_a_narrow_shallow_net_trains_to_the_same_numbers_with_room_and_without(lesson):
    """Width and depth as masks are exact, so a sweep is one program."""
    small = drawn(SMALL, lesson)
    roomy = [padded(small[0], width=8, depth=2)]
    one, other = (fitted(s, lesson).student(0) for s in (small, roomy))
    np.testing.assert_allclose(other.first[:6], one.first, atol=1e-9)
    np.testing.assert_allclose(other.hidden[0, :6, :6], one.hidden[0], atol=1e-9)
    np.testing.assert_array_equal(other.first[6:], 0.0)
    np.testing.assert_array_equal(other.hidden[1], 0.0)


def test_a_sweep_is_one_program_a_shape_and_keeps_the_order(lesson):
    roomy = padded(drawn(SMALL, lesson)[0], width=8, depth=2)
    linear = drawn(LinearForm(), lesson, 2)
    found = fitted([linear[0], roomy, linear[1]], lesson)
    assert (found.kept, found.places) == ((0, 1, 2), ((0, 2), (1,)))
    assert found.student(1).unit.sum() == 6
    answers = found.respond(lesson.inputs)
    for place in found.kept:
        np.testing.assert_allclose(
            answers[place], found.student(place)(jnp.asarray(lesson.inputs)), atol=1e-9
        )


def test_rows_that_a_student_may_not_see_change_nothing(lesson):
    other = lesson.outputs.copy()
    other[100:] = 1e3
    runs = [
        fitted(drawn(SMALL, lesson, 3), StandInLesson(lesson.inputs, y), rows=AMOUNTS)
        for y in (lesson.outputs, other)
    ]
    for place in (0, 1, 2):
        same(runs[0].student(place), runs[1].student(place))
    for part, own in zip(runs[0].parts, AMOUNTS, strict=True):
        assert set(part.training) | set(part.aside) == set(own)
        assert len(own) == 1 or not set(part.training) & set(part.aside)


def test_rows_set_aside_say_when_to_stop_and_nothing_else(lesson):
    students = drawn(SMALL, lesson)
    first = fitted(students, lesson)
    other = lesson.outputs.copy()
    other[first.parts[0].aside] += 100.0
    second = fitted(students, StandInLesson(lesson.inputs, other))
    np.testing.assert_array_equal(first.history(0)[0], second.history(0)[0])
    assert not np.array_equal(first.history(0)[1], second.history(0)[1])


def test_a_student_of_one_row_learns_that_row_and_many_amounts_are_one_program(lesson):
    many = StandInTraining(**{**vars(SHORT), "n_steps": 300})
    found = fitted(drawn(SMALL, lesson, 3), lesson, rows=AMOUNTS, training=many)
    assert len(found.fits) == 1
    errors = ((found.respond(lesson.inputs) - lesson.outputs) ** 2 / lesson.outputs.var(0)).mean(-1)
    assert errors[0, 0] < 1e-3
    assert errors[2, 100:].mean() < errors[1, 100:].mean() < errors[0, 100:].mean()


def test_few_rows_are_all_seen_at_every_step(lesson):
    """Then there is no chance in the batches: another key gives the same student."""
    whole = StandInTraining(n_steps=20, batch_size=200, validation=0.0, check_every=20)
    students = drawn(LinearForm(), lesson)
    one, other = (
        fitted(students, lesson, training=whole, key=jax.random.key(k)).student(0) for k in (1, 2)
    )
    same(one, other)
    step = 20 * whole.learning_rate
    start = students[0].weight
    assert np.abs(np.asarray(one.weight - start)).max() <= step * 1.01


def test_a_rate_that_anneals_is_adam_by_hand(lesson):
    """Up to the largest rate in 1/20 of the steps, then down a cosine to 0 at the last one."""
    n, largest, forgetting = 40, 0.05, 0.2
    training = StandInTraining(
        n_steps=n,
        batch_size=200,
        learning_rate=largest,
        anneals=True,
        forgetting=forgetting,
        validation=0.0,
        check_every=20,
    )
    start = drawn(LinearForm(), lesson)[0]
    found = fitted([start], lesson, training=training).student(0)
    x, y = ((v - v.mean(0)) / v.std(0) for v in lesson)
    x = np.column_stack([x, np.ones(len(x))])
    w = np.column_stack([start.weight, start.bias]).astype(float)
    mean, square = np.zeros_like(w), np.zeros_like(w)
    rates = np.interp(np.arange(n), [0, 2, n], [0, largest, 0])
    rates[2:] = largest * (1 + np.cos(np.pi * np.arange(n - 2) / (n - 2))) / 2
    for k, rate in enumerate(rates, start=1):
        slope = 2 * (x @ w.T - y).T @ x / y.size
        mean = 0.9 * mean + 0.1 * slope
        square = (1 - forgetting) * square + forgetting * slope**2
        step = (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - (1 - forgetting) ** k)) + 1e-8)
        w -= rate * step
    np.testing.assert_allclose(np.column_stack([found.weight, found.bias]), w, atol=2e-4)


def test_the_same_call_gives_the_same_numbers_also_from_a_checkpoint(lesson, tmp_path):
    students = drawn(SMALL, lesson)
    whole = fitted(students, lesson, checkpoint=tmp_path / "c")
    assert (tmp_path / "c-0").exists()
    same(whole.student(0), fitted(students, lesson).student(0))
    same(whole.student(0), fitted(students, lesson, checkpoint=tmp_path / "c").student(0))


def test_a_gru_learns_what_only_the_past_tells(lesson):
    u = np.random.default_rng(1).normal(size=(60, 5, 1))
    y = np.concatenate([np.zeros((60, 1, 1)), u[:, :-1]], axis=1)
    past = StandInLesson(u, y)
    students = draw_students([GruForm(6, 1)], past, key=jax.random.key(0))
    training = StandInTraining(n_steps=200, batch_size=16, learning_rate=0.03, patience=None)
    answers = fitted(students, past, training=training).respond(u)
    error = ((answers - y) ** 2).mean((1, 2, 3)) / y.var()
    assert error[0] < 0.3  # without the past it is 1: inputs are independent from step to step
    flat = StandInLesson(u.reshape(-1, 1), y.reshape(-1, 1))
    with pytest.raises(InputError, match="Keep trials and steps apart"):
        fitted(students, flat)


def test_ridge_is_least_squares_without_a_penalty_and_leaves_out_what_was_not_observed(lesson):
    outputs = lesson.outputs.copy()
    outputs[::7, 0] = np.nan
    student = fit_linear(StandInLesson(lesson.inputs, outputs), penalty=0.0)
    for i in range(2):
        known = np.isfinite(outputs[:, i])
        design = np.column_stack([lesson.inputs, np.ones(120)])
        best = np.linalg.lstsq(design[known], outputs[known, i], rcond=None)[0]
        answer = np.asarray(student(jnp.asarray(lesson.inputs)))[:, i]
        np.testing.assert_allclose(
            answer, design @ best, atol=1e-6 * np.abs(outputs[known, i]).max()
        )
    with pytest.raises(InputError, match="Show it more rows"):
        fit_linear(lesson, rows=np.arange(3))


def test_ridge_with_its_own_penalty_beats_least_squares_where_rows_are_few(rng):
    w = rng.normal(size=(30, 1)) / 5
    u = rng.normal(size=(540, 30))
    lesson = StandInLesson(u, u @ w + rng.normal(size=(540, 1)))
    test = slice(40, None)
    errors = [
        (
            (
                np.asarray(fit_linear(lesson, rows=np.arange(40), penalty=p)(jnp.asarray(u[test])))
                - lesson.outputs[test]
            )
            ** 2
        ).mean()
        for p in (None, 0.0)
    ]
    assert errors[0] < 0.7 * errors[1]


def test_one_pass_is_adam_by_hand_and_carries_its_state(lesson):
    student = drawn(LinearForm(), lesson)[0]
    u, y = lesson.inputs[None, :6], lesson.outputs[None, :6]
    learners = Learners.of([student], learning_rate=0.01)
    for _ in range(2):
        learners = update(learners, u, y, batch_size=4)
    weight = np.column_stack([student.weight, student.bias])
    m, v, n = np.zeros_like(weight), np.zeros_like(weight), 0
    design = np.column_stack([u[0], np.ones(6)])
    for _ in range(2):
        for rows in (slice(0, 4), slice(4, 6)):
            error = design[rows] @ weight.T - y[0, rows]
            gradient = 2 * error.T @ design[rows] / error.size
            n += 1
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            scale = np.sqrt(v / (1 - 0.999**n)) + 1e-8
            weight = weight - 0.01 * m / (1 - 0.9**n) / scale
    now = learners.student(0)
    np.testing.assert_allclose(np.column_stack([now.weight, now.bias]), weight, atol=1e-9)
    same(now.scaling, student.scaling)


def test_an_updated_student_follows_a_drift_that_a_frozen_one_does_not(lesson, rng):
    start = fit_linear(StandInLesson(lesson.inputs, lesson.inputs @ np.ones((3, 1))))
    learners = Learners.of([start, start], learning_rate=0.01)
    u = rng.normal(2, 3, (2, 200, 3))
    y = np.stack([u[0] @ [[1.0], [1.0], [1.5]], u[1] @ [[1.0], [-1.0], [1.0]]])
    curve = errors_by_pass(
        learners,
        (u[:, :150], y[:, :150]),
        (u[:, 150:], y[:, 150:]),
        n_passes=40,
        batch_size=10,
        key=jax.random.key(0),
    )
    assert curve.shape == (41, 2, 1)
    frozen = ((np.asarray(start(jnp.asarray(u[0, 150:]))) - y[0, 150:]) ** 2).mean()
    np.testing.assert_allclose(curve[0, 0, 0], frozen)
    assert (curve[-1] < 0.05 * curve[0]).all()


@pytest.mark.parametrize(
    ("call", "instruction"),
    [
        (lambda s, d: fitted([], d), "draw_students"),
        (lambda s, d: fitted(s, d, rows=[]), "show everything to all"),
        (lambda s, d: fitted(s, d, rows=[np.array([120])]), "Count the rows"),
        (lambda s, d: fitted(s, StandInLesson(d.inputs[:, :2], d.outputs)), "Draw students"),
        (lambda s, d: fitted(s, StandInLesson(d.inputs[:5], d.outputs)), "Cut both alike"),
        (
            lambda s, d: fitted(s, StandInLesson(d.inputs * np.nan, d.outputs)),
            "Leave out the trials",
        ),
        (lambda s, d: fitted(s, d).student(1), "diverged"),
        (lambda s, d: fitted(s, d).history(1), "Count from 0"),
        (lambda s, d: StandInTraining(n_steps=0), "Leave it out"),
        (lambda s, d: StandInTraining(learning_rate=0.0), "Leave it out"),
        (lambda s, d: StandInTraining(forgetting=1.0), "above 0 and below 1"),
        (lambda s, d: StandInTraining(validation=1.0), "sets a tenth"),
        (lambda s, d: update(Learners.of(s), d.inputs[None], d.outputs[None, :3]), "members first"),
        (lambda s, d: Learners.of([*s, *drawn(LinearForm(), d)]), "Make one"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(call, instruction, lesson):
    with pytest.raises(InputError, match=instruction):
        call(drawn(SMALL, lesson), lesson)


def test_epochs_are_steps_over_batches():
    assert StandInTraining(batch_size=200).for_epochs(50, 10_000).n_steps == 2_500
