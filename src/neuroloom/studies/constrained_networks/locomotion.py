"""Arm `larva-locomotion`: students of a crawling larva on a user's export (Fig. 5 a-c).

A reconstruction: the source's motor targets, commands, time constants and scale of weights are not
known to us. Without an export (`larva_locomotion.export`) its claim is not tested.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from neuroloom.connectome import Connectome, read_connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.errors import SimulationError
from neuroloom.fitting import Lesson, SecondOrder, Student, fit, fit_students
from neuroloom.networks import Larva, RateNetwork, per_neuron
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.exports import checksum
from neuroloom.studies.constrained_networks.locomotion_network import (
    MOTOR,
    PREMOTOR,
    Crawler,
    Waves,
    crawling_circuit,
    crawling_loss,
    unit_norm_input,
    untaught,
    waves,
)
from neuroloom.studies.constrained_networks.real_circuits_config import LocomotionConfig
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NoDataError,
    NotTestedError,
    Results,
    Row,
    Verdict,
    grid,
)

__all__ = ["ARM", "CLAIMS", "rate_scores", "teacher_and_students"]

NULL_WIRINGS = ("rewire", "rewire_within_type")
DECIDING_M = 48
LEAST_SEEDS = 3
N_PERMUTATIONS = 20
CRAWLS = "motor targets, r2"


def rate_scores(
    predicted: Float[np.ndarray, "trial time neuron"], truth: Float[np.ndarray, "trial time neuron"]
) -> dict[str, float]:
    """Mean squared error, and 1 less the mean correlation of neurons over time and trials.

    The correlation is over neurons that vary on both sides.
    """
    p, t = (a.reshape(-1, a.shape[2]) for a in (predicted, truth))
    dp, dt = p - p.mean(axis=0), t - t.mean(axis=0)
    size = np.sqrt((dp**2).sum(0) * (dt**2).sum(0))
    varies = size > 1e-12 * max(float(size.max(initial=0)), 1e-300)
    rho = (dp * dt).sum(0)[varies] / size[varies]
    return {
        "mse": float(((p - t) ** 2).mean()),
        "1-mean rho": float(1 - rho.mean()) if rho.size else float("nan"),
    }


def teacher_and_students(
    circuit: Connectome,
    settings: LocomotionConfig,
    rng: np.random.Generator,
    *,
    deciding_m: int = DECIDING_M,
    progress: bool = False,
) -> Measured:
    """A teacher that learned two waves, and students that see M of its premotor neurons.

    Args:
        circuit: Of `crawling_circuit`.
        settings: Every number.
        rng: Randomness.
        deciding_m: At which M students on null wirings are trained, too.
        progress: Whether to show bars.
    """
    shares = unit_norm_input(circuit)
    task = waves(shares, settings)
    taught = _taught(untaught(shares, settings, rng), task, settings, rng, progress=progress)
    teacher = _published_form(shares, taught.network)
    lesson = _lesson(teacher, taught.drive(task.inputs), settings)
    label = circuit.column("cell_type")
    order = rng.permutation(np.flatnonzero(label == PREMOTOR))
    sizes = [m for m in settings.n_recorded if m < len(order)]
    sets = {m: np.isin(np.arange(len(label)), order[:m]) for m in sizes}
    starts = {m: _started(teacher, label == PREMOTOR, sets[m], settings, rng) for m in sizes}
    rows, failures = _teacher_rows(taught, task, label == MOTOR), []

    def learn(students: list[Student], names: list[str]) -> dict[int, RateNetwork]:
        found, lost = _trained(students, lesson, settings, names, rng, progress=progress)
        failures.extend(lost)
        return found

    learned = learn(list(starts.values()), [f"the student that sees {m}" for m in sizes])
    for place, m in enumerate(sizes):
        at = _At(lesson, label, sets[m], m)
        rows += at.rows(starts[m].network, "untrained", settings)
        rows += at.permuted(rng)
        if place in learned:
            rows += at.rows(learned[place], "wiring", settings)
    if deciding_m in sets:
        at = _At(lesson, label, sets[deciding_m], deciding_m)
        for name in NULL_WIRINGS:
            for draw in range(settings.n_null_draws):
                null = unit_norm_input(NULLS[name](circuit, rng=rng))
                start = _rewired(starts[deciding_m], null)
                for network in learn([start], [f"draw {draw} of {name}"]).values():
                    rows += at.rows(network, name, settings, draw=draw)
    arrays = {
        "motor": np.asarray(lesson.rates)[..., label == MOTOR],
        "motor_target": np.asarray(task.targets)[..., label == MOTOR],
        "premotor": np.asarray(lesson.rates)[..., label == PREMOTOR],
    }
    return Measured(rows, arrays, notes=(*shares.audit, *_NOTES), failures=failures)


_NOTES = (
    "reconstruction: motor waves, commands, bounds of time constants, scale of weights and lambda "
    "are ours",
    "a teacher trains gains, biases, time constants and commands; a student knows all of these but "
    "the gains and biases of premotor neurons",
    "motor neurons are never shown; `motor` is how well they are predicted",
    "students take second-order steps; the source's take 8,000 of Adam",
    "`permuted neurons` is the error of the teacher's own unrecorded neurons in another order",
    "as only PMN send, either null wiring keeps the number of connections to PMN and to MN; "
    "`rewire_within_type` keeps that of every neuron",
)


@cache
def _schedule(rate: float, n_steps: int) -> optax.GradientTransformation:
    """One object for one schedule, so that a second fit compiles nothing."""
    return optax.adam(optax.exponential_decay(rate, n_steps, 0.1))


def _parts(crawler: Crawler) -> tuple:
    network = crawler.network
    return network.gain.value, network.bias.value, network.tau.value, crawler.command


def _taught(
    crawler: Crawler,
    task: Waves,
    settings: LocomotionConfig,
    rng: np.random.Generator,
    *,
    progress: bool,
) -> Crawler:
    result = fit(
        crawler,
        task,
        crawling_loss,
        trainable=_parts,
        key=jax.random.key(int(rng.integers(2**31))),
        n_members=1,
        optimizer=_schedule(settings.teacher_rate, settings.teacher_steps),
        n_steps=settings.teacher_steps,
        progress=progress,
    )
    if not result.finished:
        raise KeyboardInterrupt
    return result.member(0)


def _published_form(shares: Connectome, network: RateNetwork) -> RateNetwork:
    """The same network on this wiring, whose gains are free: the form that students train."""
    gain, bias, tau = (
        np.asarray(p.expand(), float) for p in (network.gain, network.bias, network.tau)
    )
    free = Larva().network(shares, gain=gain, bias=bias)
    return eqx.tree_at(lambda w: w.tau, free, per_neuron(tau, tau.size, unit="s"))


def _lesson(
    teacher: RateNetwork, drive: Float[Array, "trial time neuron"], settings: LocomotionConfig
) -> Lesson:
    initial = jnp.zeros((drive.shape[0], drive.shape[2]), drive.dtype)
    states = simulate(teacher, drive, dt=settings.dt, initial=initial)
    return Lesson(drive, initial, teacher.rate(states))


def _started(
    teacher: RateNetwork,
    premotor: Bool[np.ndarray, " neuron"],
    recorded: Bool[np.ndarray, " neuron"],
    settings: LocomotionConfig,
    rng: np.random.Generator,
) -> Student:
    """The published start of premotor gains; premotor biases at 0, as the teacher's once were."""
    gain, bias = (np.array(p.expand(), float) for p in (teacher.gain, teacher.bias))
    own = gain[premotor]
    gain[premotor] = abs(settings.start_gain * (own.std() * rng.normal(size=own.size) + own.mean()))
    bias[premotor] = 0.0
    parts = tuple(jnp.asarray(p, teacher.gain.value.dtype) for p in (gain, bias))
    network = eqx.tree_at(lambda w: (w.gain.value, w.bias.value), teacher, parts)
    return Student(network, jnp.asarray(recorded, parts[0].dtype), settings.dt)


def _rewired(start: Student, null: Connectome) -> Student:
    """The same start on another wiring."""
    return eqx.tree_at(lambda s: s.network, start, _published_form(null, start.network))


def _trained(
    students: list[Student],
    lesson: Lesson,
    settings: LocomotionConfig,
    names: list[str],
    rng: np.random.Generator,
    *,
    progress: bool,
) -> tuple[dict[int, RateNetwork], list[str]]:
    """Networks of those that stayed finite, by place, and sentences on the others."""
    try:
        found = fit_students(
            students,
            lesson,
            method=SecondOrder(n_clamped=settings.n_clamped, n_free=settings.n_steps),
            key=jax.random.key(int(rng.integers(2**31))),
            progress=progress,
        )
    except SimulationError as error:
        return {}, [f"{', '.join(names)} diverged ({error})"]
    networks = {i: found.member(place).network for place, i in enumerate(found.kept)}
    lost = [f"{name} diverged and is left out" for i, name in enumerate(names) if i not in networks]
    return networks, lost


def _teacher_rows(taught: Crawler, task: Waves, motor: Bool[np.ndarray, " neuron"]) -> list[Row]:
    weight, key = jnp.ones(len(task.inputs)), jax.random.key(0)
    target = np.asarray(task.targets, float)[..., motor]
    error = np.asarray(taught.rates(task.inputs), float)[..., motor] - target
    explained = 1 - (error**2).sum() / ((target - target.mean((0, 1))) ** 2).sum()
    return [
        Row("teacher", "task loss", float(crawling_loss(taught, task, weight, key))),
        Row("teacher", CRAWLS, float(explained)),
    ]


class _At:
    """Scores at one recorded set."""

    def __init__(
        self,
        lesson: Lesson,
        label: np.ndarray,
        recorded: Bool[np.ndarray, " neuron"],
        n_recorded: int,
    ) -> None:
        self.lesson, self.n_recorded = lesson, n_recorded
        self.truth = np.asarray(lesson.rates, float)
        self.splits = {
            "recorded": recorded,
            "unrecorded": (label == PREMOTOR) & ~recorded,
            "motor": label == MOTOR,
        }

    def rows(
        self, network: RateNetwork, model: str, settings: LocomotionConfig, **at: int
    ) -> list[Row]:
        lesson = self.lesson
        states = simulate(network, lesson.inputs, dt=settings.dt, initial=lesson.initial)
        predicted = np.asarray(network.rate(states), float)
        return [
            row
            for split, which in self.splits.items()
            for row in self._scored(predicted[..., which], split, which, model, at)
        ]

    def permuted(self, rng: np.random.Generator) -> list[Row]:
        """The ceiling: right activity, wrong neurons; one row a draw."""
        which = self.splits["unrecorded"]
        hidden = self.truth[..., which]
        return [
            row
            for draw in range(N_PERMUTATIONS)
            for row in self._scored(
                hidden[..., rng.permutation(hidden.shape[2])],
                "unrecorded",
                which,
                "permuted neurons",
                {"draw": draw},
            )
        ]

    def _scored(
        self, predicted: np.ndarray, split: str, which: np.ndarray, model: str, at: dict[str, int]
    ) -> list[Row]:
        coordinates = {"model": model, "n_recorded": self.n_recorded, **at}
        return [
            Row(split, name, value, "rate^2" if name == "mse" else "", coordinates)
            for name, value in rate_scores(predicted, self.truth[..., which]).items()
        ]


def _cells(config: Any) -> Sequence[Cell]:
    settings: LocomotionConfig = config.larva_locomotion
    named = [name for name in (settings.export, settings.neurons) if name]
    data = checksum(*named) if settings.export else "none"
    return grid("larva-locomotion", data=(data,), seed=range(settings.n_seeds))


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    settings: LocomotionConfig = config.larva_locomotion
    if not settings.export:
        raise NoDataError(
            "the larva's premotor and motor neurons do not ship. Export the connections among PMN "
            "and from PMN to MN, give the file as `--larva-locomotion.export` and its table of "
            "neurons as `--larva-locomotion.neurons`."
        )
    neurons = Path(settings.neurons) if settings.neurons else None
    circuit = crawling_circuit(
        read_connectome(Path(settings.export), neurons=neurons),
        type_column=settings.type_column,
        order_column=settings.order_column,
    )
    rng = np.random.default_rng([19, cell["seed"]])
    return teacher_and_students(circuit, settings, rng, progress=context.progress)


def _judge(results: Results, config: Any) -> Verdict:
    at = {"n_recorded": DECIDING_M}
    own = results.values(ARM.name, "unrecorded", "mse", model="wiring", at_least=LEAST_SEEDS, **at)
    crawls = results.values(ARM.name, "teacher", CRAWLS, at_least=LEAST_SEEDS)
    least = config.larva_locomotion.least_r2
    if crawls.min() < least:
        raise NotTestedError(
            f"{(crawls < least).sum()} of {crawls.size} teachers do not crawl on this wiring (r2 "
            f"of motor targets {crawls.min():.2g}, where {least} is needed)"
        )
    worst, told = 0.0, []
    for model, most in (
        ("untrained", 0.1),
        ("permuted neurons", 0.1),
        *((name, 0.5) for name in NULL_WIRINGS),
    ):
        ratios = []
        for seed in range(config.larva_locomotion.n_seeds):
            (mine,) = results.values(ARM.name, "unrecorded", "mse", model="wiring", seed=seed, **at)
            others = results.rows(ARM.name, "unrecorded", "mse", model=model, seed=seed, **at)
            ratios.append(mine / min(row["value"] for row in others))
        worst = max(worst, max(ratios) / most)
        told.append(f"mse over {model}: median {np.median(ratios):.3g}, worst {max(ratios):.3g}")
    return Verdict.of(worst <= 1, worst, reason=f"{len(own)} seeds; {'; '.join(told)}")


def _seconds(cell: Cell, config: Any) -> float:
    settings: LocomotionConfig = config.larva_locomotion
    if not settings.export:
        return 0.0
    return (
        30.0
        + 0.002 * settings.teacher_steps
        + 8.0 * (len(settings.n_recorded) + len(NULL_WIRINGS) * settings.n_null_draws)
    )


ARM = Arm(
    name="larva-locomotion",
    sentence="students of a crawling larva on a user's export see M of its premotor neurons",
    control="untrained students, students on null wirings, permuted neurons",
    cells=_cells,
    measure=_measure,
    seconds=_seconds,
)
CLAIMS = (
    Claim(
        id="larva-locomotion",
        sentence="With the wiring known, a quarter of the premotor neurons predicts the others.",
        source="Beiran & Litwin-Kumar 2025, Fig. 5 a-c (reconstruction)",
        measure="mean squared error of unrecorded premotor neurons at M = 48, over that of the "
        "control's best draw, as a part of what is allowed; worst seed",
        criterion=f"at most 1, in each of at least {LEAST_SEEDS} seeds: a tenth of the untrained "
        "student's and of permuted neurons', half of that of students on either null wiring; not "
        "tested where a teacher does not crawl (r2 of motor targets below 0.5)",
        control=f"untrained; permuted neurons; students on {', '.join(NULL_WIRINGS)}",
        arms=(ARM.name,),
        judge=_judge,
    ),
)
