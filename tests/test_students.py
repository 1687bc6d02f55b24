"""Students in one program: what they are shown, what they learn, what they leave alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import rate_network, with_values
from neuroloom.errors import InputError
from neuroloom.fitting import FirstOrder, Lesson, SecondOrder, Student, fit_students
from neuroloom.fitting.students import StudentResiduals
from neuroloom.networks import Rectified, per_neuron
from neuroloom.simulation import simulate

N, DT = 12, 0.02
KEY = jax.random.key(0)
QUICK = SecondOrder(
    horizons=(1.0,), n_clamped=5, n_free=10, n_inner=24, n_inner_free=24, together=2
)


@pytest.fixture(scope="module")
def school():
    """A teacher's network, its lesson, and a student's network of other gains and biases."""
    rng = np.random.default_rng(4)
    network = rate_network(N, rng, gaps=False)
    network = eqx.tree_at(lambda n: n.scale, network, jnp.asarray(1.5 / N))
    inputs = jnp.asarray(rng.normal(size=(3, 60, N)) * 3)
    initial = jnp.asarray(rng.normal(size=(3, N)) * 0.1)
    states = simulate(network, inputs, dt=DT, initial=initial)
    lesson = Lesson(inputs, initial, network.rate(states))
    start = with_values(network, 0.5 * rng.permutation(network.gain.value), np.zeros(N))
    return network, lesson, start


def shown(*neurons):
    return jnp.zeros(N).at[jnp.asarray(neurons)].set(1.0)


def students(start, *sets):
    """Two at least: one number of students, one compiled program for most tests."""
    sets = sets if len(sets) > 1 else sets * 2
    return [Student(start, shown(*neurons), DT) for neurons in sets]


def errors(fit, lesson, i):
    network = fit.member(i).network
    rates = network.rate(simulate(network, lesson.inputs, dt=DT, initial=lesson.initial))
    return np.asarray(((rates - lesson.rates) ** 2).mean((0, 1)))


def test_a_student_that_is_shown_everything_becomes_its_teacher(school):
    teacher, lesson, start = school
    found = fit_students(students(start, range(N)), lesson, method=QUICK, key=KEY, progress=False)
    assert found.history[-1, 0] < 1e-9
    network = found.member(0).network
    np.testing.assert_allclose(network.gain.value, teacher.gain.value, atol=1e-3)
    np.testing.assert_allclose(network.bias.value, teacher.bias.value, atol=1e-3)


def test_students_learn_what_they_are_shown_and_more_of_it_helps_with_the_rest(school):
    _, lesson, start = school
    sets = [range(2), range(6)]
    found = fit_students(students(start, *sets), lesson, method=QUICK, key=KEY, progress=False)
    rates = start.rate(simulate(start, lesson.inputs, dt=DT, initial=lesson.initial))
    before = np.asarray(((rates - lesson.rates) ** 2).mean((0, 1)))
    for i, neurons in enumerate(sets):
        assert errors(found, lesson, i)[list(neurons)].max() < 1e-4 * before[list(neurons)].max()
    unseen = [errors(found, lesson, i)[6:].mean() for i in range(2)]
    assert unseen[1] < unseen[0]


def test_what_is_hidden_changes_nothing(school):
    _, lesson, start = school
    spoiled = lesson._replace(rates=lesson.rates.at[:, :, 6:].set(jnp.nan))
    learned = [
        fit_students(students(start, range(6)), one, method=QUICK, key=KEY, progress=False)
        for one in (lesson, spoiled)
    ]
    assert eqx.tree_equal(learned[0].parameters, learned[1].parameters)


@pytest.mark.parametrize("method", [QUICK, FirstOrder(n_steps=20, check_every=10)])
def test_a_student_among_others_learns_what_it_learns_alone(school, method):
    _, lesson, start = school
    both = students(start, range(3), range(8))
    stacked = fit_students(both, lesson, method=method, key=KEY, progress=False)
    alone = fit_students(both[:1], lesson, method=method, key=KEY, progress=False)
    for i in (0, 1):
        assert errors(stacked, lesson, i).sum() > 0
    if isinstance(method, SecondOrder):  # which draws nothing
        np.testing.assert_allclose(
            stacked.member(0).network.gain.value, alone.member(0).network.gain.value, atol=1e-6
        )


def test_the_wiring_is_untouched(school):
    _, lesson, start = school
    found = fit_students(students(start, range(3)), lesson, method=QUICK, key=KEY, progress=False)
    assert found.member(0).network.strength is found.network.network.strength


def test_clamped_neurons_send_the_teachers_rates(school):
    """With every neuron clamped, the error of one says nothing of the parameters of another.

    But for the first step, whose rates nobody recorded.
    """
    _, lesson, start = school
    student = students(start, range(N))[0]

    def of(gain, clamped):
        moved = eqx.tree_at(lambda s: s.network.gain.value, student, gain)
        residuals = StudentResiduals(clamped=clamped)(moved, lesson, jnp.ones(3), KEY)
        return (residuals[:, :, 0] ** 2).sum()

    gain = start.gain.value
    forced, free = (jax.grad(of)(gain, clamped) for clamped in (True, False))
    assert jnp.abs(forced[1:]).max() < 1e-2 * jnp.abs(forced[0])
    assert jnp.abs(free[1:]).max() > 1e-2 * jnp.abs(free[0])


def test_the_teacher_has_no_error_clamped_or_free(school):
    teacher, lesson, _ = school
    student = students(teacher, range(5))[0]
    for clamped in (True, False):
        residuals = StudentResiduals(clamped=clamped)(student, lesson, jnp.ones(3), KEY)
        assert jnp.abs(residuals).max() < 1e-12


def test_the_sum_of_squares_is_the_mean_over_what_is_shown(school):
    _, lesson, start = school
    student = students(start, (1, 4))[0]
    residuals = StudentResiduals()(student, lesson, jnp.ones(3), KEY)
    rates = start.rate(simulate(start, lesson.inputs, dt=DT, initial=lesson.initial))
    expected = ((rates - lesson.rates)[:, :, jnp.array([1, 4])] ** 2).mean()
    assert float((residuals**2).sum()) == pytest.approx(float(expected))


def test_a_readout_is_all_that_a_task_student_sees(school):
    _, lesson, start = school
    readout = jnp.asarray(np.random.default_rng(0).normal(size=N))
    student = Student(start, jnp.zeros(N), DT, readout)
    found = fit_students([student, student], lesson, method=QUICK, key=KEY, progress=False)
    network = found.member(0).network
    rates = network.rate(simulate(network, lesson.inputs, dt=DT, initial=lesson.initial))
    assert float((((rates - lesson.rates) @ readout) ** 2).mean()) < 1e-5
    assert errors(found, lesson, 0).max() > 1e-3


def test_rectified_gains_stay_alive(school):
    """Whole steps would send gains below 0, where no gradient brings them back."""
    teacher, lesson, start = school
    gain = per_neuron(np.asarray(start.gain.value), N, unit="1", constraint=Rectified())
    start = eqx.tree_at(lambda n: n.gain, start, gain)
    found = fit_students(students(start, range(N)), lesson, method=QUICK, key=KEY, progress=False)
    assert (found.member(0).network.gain.value > 0).all()
    np.testing.assert_allclose(found.member(0).network.gain.value, teacher.gain.value, atol=1e-2)


def test_a_student_that_diverges_in_the_first_stage_keeps_its_place(school):
    _, lesson, start = school
    broken = with_values(start, np.full(N, np.nan), np.zeros(N))
    three = [
        students(one, neurons)[0]
        for one, neurons in ((start, range(3)), (broken, range(3)), (start, range(8)))
    ]
    found = fit_students(three, lesson, method=QUICK, key=KEY, progress=False)
    assert found.status == ("finished", "diverged", "finished")
    assert found.kept == (0, 2)
    assert np.isnan(found.history[:, 1]).all()
    np.testing.assert_array_equal(found.member(1).shown, shown(*range(8)))


def test_a_killed_sweep_goes_on_to_the_same_numbers(school, tmp_path):
    _, lesson, start = school
    both = students(start, range(3), range(8))
    path = tmp_path / "sweep"
    whole = fit_students(both, lesson, method=QUICK, key=KEY, progress=False, checkpoint=path)
    (tmp_path / "sweep-1").unlink()  # as if it was killed between the stages
    again = fit_students(both, lesson, method=QUICK, key=KEY, progress=False, checkpoint=path)
    assert eqx.tree_equal(again.parameters, whole.parameters)


def test_early_stages_see_the_beginnings_of_the_trials(school):
    """What comes after the horizon changes nothing until the last stage."""
    _, lesson, start = school
    half = SecondOrder(horizons=(0.5,), n_clamped=3, n_free=0, n_inner=6, together=2)
    spoiled = lesson._replace(
        rates=lesson.rates.at[:, 30:].set(7.0), inputs=lesson.inputs.at[:, 30:].set(-9.0)
    )
    learned = [
        fit_students(students(start, range(6)), one, method=half, key=KEY, progress=False)
        for one in (lesson, spoiled)
    ]
    assert eqx.tree_equal(learned[0].parameters, learned[1].parameters)
    last = lesson._replace(rates=lesson.rates.at[:, 29].set(7.0))
    other = fit_students(students(start, range(6)), last, method=half, key=KEY, progress=False)
    assert not eqx.tree_equal(learned[0].parameters, other.parameters)


@pytest.mark.parametrize("horizons", [(0.5, 0.5), (1.0, 0.5), (0.0, 1.0), (0.5, 1.5)])
def test_horizons_that_do_not_rise_are_refused(horizons):
    with pytest.raises(InputError, match=r"\(1.0,\) shows whole trials"):
        SecondOrder(horizons=horizons)


@pytest.mark.parametrize("build", [SecondOrder, FirstOrder])
def test_two_sweeps_by_one_method_share_their_compiled_program(build):
    """Programs are found by the loss and the optimizer."""
    for one, other in zip(build().stages(), build().stages(), strict=True):
        assert one["loss"] == other["loss"]
        assert hash(one["loss"]) == hash(other["loss"])
        assert one["optimizer"] == other["optimizer"]


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        (lambda s, lesson: ([], lesson), "Give a list of `Student`"),
        (
            lambda s, lesson: ([eqx.tree_at(lambda t: t.shown, s, jnp.zeros(N))], lesson),
            "Set its `shown` to 1",
        ),
        (
            lambda s, lesson: ([s, Student(s.network, s.shown, DT / 2)], lesson),
            "one `dt`",
        ),
        (
            lambda s, lesson: ([s], lesson._replace(rates=lesson.rates[:, 1:])),
            "Simulate the teacher on these inputs",
        ),
        (
            lambda s, lesson: ([s], lesson._replace(initial=lesson.initial[:1])),
            "Simulate the teacher on these inputs",
        ),
    ],
)
def test_what_does_not_fit_is_refused(school, change, instruction):
    _, lesson, start = school
    some, given = change(students(start, range(3))[0], lesson)
    with pytest.raises(InputError, match=instruction):
        fit_students(some, given, method=QUICK, key=KEY, progress=False)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (lambda s: s.network.scale, "network.scale"),
        (lambda s: s.network.strength, "network.strength"),
        (lambda s: s.network.tau.value, "network.tau.value"),
    ],
)
def test_students_that_differ_in_what_one_program_shares_are_refused(school, where, name):
    """The second one's own would be replaced by the first one's in silence."""
    _, lesson, start = school
    one, other = students(start, range(3))
    moved = eqx.tree_at(where, other, replace_fn=lambda a: 2 * a)
    with pytest.raises(InputError, match=f"`{name}` of member 1 is another one"):
        fit_students([one, moved], lesson, method=QUICK, key=KEY, progress=False)


@pytest.mark.parametrize("clamped", [True, False])
def test_a_gain_inside_the_recurrence_is_learned_from_rates_before_it(school, clamped):
    teacher, lesson, start = school
    states = simulate(teacher, lesson.inputs, dt=DT, initial=lesson.initial)
    bare = lesson._replace(rates=teacher.rate(states) / teacher.gain.value[None, None])
    truth, other = (
        Student(network, shown(*range(N)), DT, gain_in_output=False) for network in (teacher, start)
    )
    residuals = StudentResiduals(clamped=clamped)
    assert jnp.abs(residuals(truth, bare, jnp.ones(3), KEY)).max() < 1e-12
    assert jnp.abs(residuals(other, bare, jnp.ones(3), KEY)).max() > 1e-4
