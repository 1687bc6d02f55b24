"""Students of a teacher: networks of one wiring, each shown some of the teacher's neurons."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.fitting.fit import fit
from neuroloom.fitting.levenberg_marquardt import LevenbergMarquardt, SumOfSquares
from neuroloom.fitting.result import Fit
from neuroloom.fitting.trainable import check_alike
from neuroloom.networks import RateNetwork, StateNoise
from neuroloom.runs import progress_bar
from neuroloom.simulation import simulate

__all__ = [
    "AbstractMethod",
    "FirstOrder",
    "Lesson",
    "SecondOrder",
    "Student",
    "fit_students",
    "gain_and_bias",
]


class Lesson(NamedTuple):
    """What a teacher did, trial by trial.

    Attributes:
        inputs: u, in units of the state, held over each step.
        initial: State before the first step.
        rates: What each neuron sends after each step. Of a neuron that no student is shown, any
            number will do: it is not used.
    """

    inputs: Float[Array, "trial time neuron"]
    initial: Float[Array, "trial neuron"]
    rates: Float[Array, "trial time neuron"]


class Student(eqx.Module):
    """A network, and what it is shown of its teacher.

    Attributes:
        network: Its wiring and the parameters it starts from.
        shown: 1 for each neuron whose rates it is shown, else 0.
        dt: Step, in seconds.
        readout: Weights of a readout; where given, the student is shown the weighted sum of the
            teacher's rates alone, and `shown` is not used.
        gain_in_output: Whether the gain scales what is seen of a neuron; False leaves it inside the
            recurrence, and the rates of the lesson are those before the gain.
    """

    network: RateNetwork
    shown: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)
    readout: Float[Array, " neuron"] | None = None
    gain_in_output: bool = eqx.field(static=True, default=True)

    def output(self, states: Float[Array, "trial time neuron"]) -> Float[Array, "..."]:
        """What can be seen of every neuron at these states."""
        network = self.network
        if self.gain_in_output:
            return network.rate(states)
        return network.activation(network.inside(states, network.prepare()))


def gain_and_bias(network: RateNetwork) -> tuple[Any, Any]:
    """What the published students train."""
    return network.gain.value, network.bias.value


@dataclass(frozen=True)
class StudentResiduals:
    """Student less teacher where it is shown, scaled so that squares sum to their mean.

    Attributes:
        clamped: Whether neurons that are shown send the teacher's rates.
        noise: SD added to the state at every step, in units of the state.
        adjoint: As in `simulate`.
    """

    clamped: bool = False
    noise: float = 0.0
    adjoint: bool = False

    def __call__(
        self, student: Student, lesson: Lesson, weight: Float[Array, " trial"], key: PRNGKeyArray
    ) -> Float[Array, "trial time entry"]:
        """Residuals; `weight` is 1 where a trial counts like any other."""
        network, seen = student.network, student.shown > 0
        states = simulate(
            network,
            lesson.inputs,
            dt=student.dt,
            initial=lesson.initial,
            clamp=_sent(student, lesson, seen) if self.clamped else None,
            noise=StateNoise.from_step_sd(self.noise, dt=student.dt) if self.noise else None,
            key=key if self.noise else None,
            adjoint=self.adjoint,
        )
        rates = student.output(states)
        if student.readout is None:
            error = jnp.where(seen[None, None, :], rates - lesson.rates, 0.0)
            n_entries = jnp.sum(seen)
        else:
            error, n_entries = ((rates - lesson.rates) @ student.readout)[..., None], 1
        n_samples = n_entries * error.shape[0] * error.shape[1]
        return error * jnp.sqrt(weight / n_samples)[:, None, None]


def _sent(
    student: Student, lesson: Lesson, seen: Bool[Array, " neuron"]
) -> Float[Array, "trial time neuron"]:
    """The teacher's rates during each step; NaN, which leaves free, where they are not shown."""
    unknown = jnp.full_like(lesson.rates[:, :1], jnp.nan)  # what it sent from its initial state
    sent = jnp.concatenate([unknown, lesson.rates[:, :-1]], axis=1)
    if not student.gain_in_output:
        sent = student.network.gain.expand()[None, None, :] * sent
    return jnp.where(seen[None, None, :], sent, jnp.nan)


@dataclass(frozen=True)
class AbstractMethod(abc.ABC):
    """How students are trained."""

    @abc.abstractmethod
    def stages(self) -> tuple[dict[str, Any], ...]:
        """Arguments of `fit` for one stage after the other, `loss` included.

        `horizon` is the part of the trials, from their start, that a stage sees; default 1.
        """


@dataclass(frozen=True)
class FirstOrder(AbstractMethod):
    """The published recipe: Adam on minibatches, a clipped gradient, noise on the state.

    Attributes:
        learning_rate: Of Adam.
        n_steps: Steps.
        batch_size: Trials a step; all where there are fewer.
        clip_norm: Largest norm of a student's gradient.
        noise: SD added to the state at every step, in units of the state.
        stop_below: Mean squared error at which a student stops; None trains to the end.
        check_every: Steps between checks.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Figs. 2 and 4.
    """

    learning_rate: float = 1e-3
    n_steps: int = 7_000
    batch_size: int = 32
    clip_norm: float = 2.0
    noise: float = 0.002
    stop_below: float | None = None
    check_every: int = 100

    def stages(self) -> tuple[dict[str, Any], ...]:
        """One stage."""
        return (
            {
                "loss": SumOfSquares(StudentResiduals(noise=self.noise, adjoint=True)),
                "optimizer": _adam(self.learning_rate),
                "n_steps": self.n_steps,
                "batch_size": self.batch_size,
                "clip_norm": self.clip_norm,
                "stop_below": self.stop_below,
                "check_every": self.check_every,
            },
        )


@dataclass(frozen=True)
class SecondOrder(AbstractMethod):
    """Levenberg-Marquardt over ever longer parts of trials; recorded neurons clamped, then free.

    While clamped, every neuron hears the teacher's rates from the neurons that are shown, and its
    own network from the others. A zero of that error is a zero of the free one, and it is found
    from far away, where the free network would first have to learn not to run out of step. For the
    same reason the first steps see the beginnings of the trials only: a network that runs away
    does so exponentially, and its late errors drown all others. No noise is added.

    Attributes:
        horizons: Parts of the trials, counted from their start, that the clamped stages see one
            after the other: rising fractions, at most 1.
        n_clamped: Steps with the recorded neurons clamped, at each horizon.
        n_free: Steps without, on whole trials.
        n_inner: Conjugate gradient iterations a step while neurons are clamped.
        n_inner_free: The same for steps without: near the end the problem is all but linear, and a
            few long solves go further than many short ones.
        damping: Of the first step, as in `LevenbergMarquardt`.
        stop_below: Mean squared error at which a stage ends for a student; None goes on.
        check_every: Steps between checks.
        together: Students that a device trains at once.

    Source:
        Ours. Clamping is teacher forcing, Williams and Zipser, Neural Computation 1:270 (1989). At
        N = 300 and 40 recorded, students that saw whole trials from the start ended with an
        unrecorded error of 3 and 14, students of growing horizons with 0.02, for the same work.
    """

    horizons: tuple[float, ...] = (0.15, 0.3, 0.5, 1.0)
    n_clamped: int = 10
    n_free: int = 4
    n_inner: int = 40
    n_inner_free: int = 100
    damping: float = 0.1
    stop_below: float | None = None
    check_every: int = 5
    together: int = 4

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in pairwise((0.0, *self.horizons)))
        if not rising or max(self.horizons, default=0.0) > 1:
            raise InputError(
                "`horizons` must be fractions that rise, above 0 and at most 1; got "
                f"{self.horizons}. (1.0,) shows whole trials from the start."
            )

    def stages(self) -> tuple[dict[str, Any], ...]:
        """Clamped at every horizon, then free."""
        common = {
            "stop_below": self.stop_below,
            "check_every": self.check_every,
            "together": self.together,
        }
        clamped = {
            "loss": SumOfSquares(StudentResiduals(clamped=True)),
            "n_steps": self.n_clamped,
            "optimizer": LevenbergMarquardt(self.damping, self.n_inner),
        }
        free = {
            "loss": SumOfSquares(StudentResiduals()),
            "n_steps": self.n_free,
            "optimizer": LevenbergMarquardt(self.damping / 100, self.n_inner_free),
        }
        grown = [clamped | {"horizon": horizon} for horizon in self.horizons]
        return tuple(stage | common for stage in (*grown, free) if stage["n_steps"])


def fit_students(
    students: Sequence[Student],
    lesson: Lesson,
    *,
    trainable: Callable[[RateNetwork], Any] = gain_and_bias,
    method: AbstractMethod = SecondOrder(),
    key: PRNGKeyArray,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Fit:
    r"""Train all students of one teacher as one stacked program, with one progress bar.

    $$L = \frac{1}{K T\, |R|} \sum_{k, t, i \in R} \left(r_i^{k,t} - r_i^{*k,t}\right)^2$$

    over K trials, T steps and the neurons R that a student is shown; with a readout, the mean
    squared error of the readout. Students have the wiring in common and differ in the starting
    point of what is trained and in what they are shown; each has a clip, a damping and an early
    stop of its own.

    Args:
        students: One or more, built alike.
        lesson: What the teacher did.
        trainable: Picks what may change in a student's network.
        method: `SecondOrder()` or `FirstOrder()`.
        key: Randomness of minibatches and noise.
        checkpoint: File to resume from; stages after the first stand beside it.
        progress: Whether to show a progress bar.

    Returns:
        A fit whose members are students; `kept` says which ones did not diverge, `history` is that
        of the last stage, which follows those before it.

    Raises:
        InputError: If shapes do not fit, a student is shown nothing, or students differ in more
            than what is trained and shown.
        SimulationError: If every student diverged.
    """
    _check(students, lesson)
    check_alike(
        students,
        trainable=lambda student: trainable(student.network),
        own=lambda student: student.shown,
    )
    stages = method.stages()
    n_checks = sum(-(-stage["n_steps"] // stage["check_every"]) for stage in stages)
    alive, current = list(range(len(students))), list(students)
    entered, found = alive, None
    with progress_bar(f"{len(students)} students", total=n_checks, enabled=progress) as bar:
        for number, stage in enumerate(stages):
            entered = alive
            seen, arguments = _stage(stage, lesson)
            found = fit(
                current[0],
                seen,
                starts=current,
                own=lambda student: student.shown,
                trainable=lambda student: trainable(student.network),
                key=jax.random.fold_in(key, number),
                checkpoint=checkpoint and checkpoint.with_name(f"{checkpoint.name}-{number}"),
                progress=False,
                on_check=lambda note: bar.advance(note=note),
                **arguments,
            )
            if not found.finished:
                raise KeyboardInterrupt
            alive = [entered[i] for i in found.kept]
            current = [found.member(i) for i in range(found.n_members)]
    if found is None:
        raise InputError("A method must have at least one stage; it has none. Give it some steps.")
    return _in_place(found, entered, len(students))


@cache
def _adam(learning_rate: float) -> optax.GradientTransformation:
    """One object for one rate, so that a second fit finds its compiled program."""
    return optax.adam(learning_rate)


def _stage(stage: dict[str, Any], lesson: Lesson) -> tuple[Lesson, dict[str, Any]]:
    """The part of the lesson that a stage sees, and the arguments of its fit."""
    n_trials, n_steps, _ = lesson.inputs.shape
    last = max(1, round(stage.get("horizon", 1.0) * n_steps))
    seen = Lesson(lesson.inputs[:, :last], lesson.initial, lesson.rates[:, :last])
    arguments = {name: value for name, value in stage.items() if name != "horizon"}
    if "batch_size" in arguments:
        arguments["batch_size"] = min(arguments["batch_size"], n_trials)
    return seen, arguments


def _in_place(found: Fit, entered: list[int], n_students: int) -> Fit:
    """The last stage's fit, with a place for every student, also for those lost before it."""
    if len(entered) == n_students:
        return found
    status, history = (
        ["diverged"] * n_students,
        np.full((2, len(found.history), n_students), np.nan),
    )
    for place, (i, word) in enumerate(zip(entered, found.status, strict=True)):
        status[i] = word
        history[:, :, i] = found.history[:, place], found.validation_history[:, place]
    return replace(found, status=tuple(status), history=history[0], validation_history=history[1])


def _check(students: Sequence[Student], lesson: Lesson) -> None:
    if not students:
        raise InputError("There must be at least one student; got none. Give a list of `Student`.")
    n = students[0].network.n_neurons
    n_trials, _, width = lesson.inputs.shape
    shapes = {"rates": lesson.inputs.shape, "initial": (n_trials, n)}
    for name, wanted in shapes.items():
        found = getattr(lesson, name).shape
        if found != wanted or width != n:
            raise InputError(
                f"`{name}` of a lesson must have shape {wanted}, for {n} neurons; it is {found}, "
                f"and `inputs` {lesson.inputs.shape}. Simulate the teacher on these inputs."
            )
    ways = {(s.dt, s.gain_in_output, s.readout is None) for s in students}
    if len(ways) > 1:
        raise InputError(
            "Students of one program must have one `dt`, `gain_in_output`, and all a `readout` or "
            f"none; got {len(ways)} combinations. Fit them in calls of their own."
        )
    for i, student in enumerate(students):
        if student.readout is None and not bool((student.shown > 0).any()):
            raise InputError(
                f"A student must be shown at least one neuron; student {i} is shown none. Set its "
                "`shown` to 1 for the neurons that were recorded, or give it a `readout`."
            )
