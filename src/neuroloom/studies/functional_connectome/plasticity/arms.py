"""A circuit changes at once, and students adapt; it changes little by little, and they follow."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.analysis.explained import epochs_to, explained
from neuroloom.arena import (
    BoundaryCells,
    OrnsteinUhlenbeckMotion,
    PlaceCells,
    load_arena,
    walk,
)
from neuroloom.fitting.stand_ins import (
    Learners,
    StandInLesson,
    StandInTraining,
    draw_students,
    errors_by_pass,
    fit_stand_ins,
    update,
)
from neuroloom.networks.circuits import CircuitKind, LayeredCircuit, respond
from neuroloom.networks.plasticity import (
    BCM,
    OneShotNoise,
    OrnsteinUhlenbeckDrift,
    SynapseTurnover,
    circuit_change,
    circuits_over_time,
    equivalent_sigma,
)
from neuroloom.networks.stand_ins import AbstractStandIn, MlpForm
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectome.circuits.drawn import SCALED, Shown, shown
from neuroloom.studies.functional_connectome.plasticity.config import (
    HasPlasticity,
    PlasticityConfig,
)
from neuroloom.tasks import target_scale

__all__ = [
    "ARMS",
    "BCM_RULE",
    "DRIFT",
    "FROZEN",
    "FROZEN_AGAIN",
    "ONLINE",
    "PLASTICITY",
    "PRETRAINED",
    "RANDOM",
    "RETRAINED",
    "RULES",
]

PLASTICITY = "plasticity"
DRIFT = "drift"
PRETRAINED = "pre-trained"
RANDOM = "random start"
FROZEN = "frozen"
FROZEN_AGAIN = "as much data, all from before"
RETRAINED = "anew, latest data"
ONLINE = "online"
OU, TURNOVER, BCM_RULE = "Ornstein-Uhlenbeck", "synapse turnover", "BCM"
RULES = (OU, TURNOVER, BCM_RULE)
SLACK = 1.1
"""The criterion is this times the error that the student from a random start ends with."""
DT = 0.05  # s, of a walk

Values = Float[np.ndarray, "..."]


def cells(config: HasPlasticity) -> Sequence[Cell]:
    """One for every seed."""
    first = config.first_seed
    return grid(PLASTICITY, seed=range(first, first + config.n_seeds))


def drift_cells(config: HasPlasticity) -> Sequence[Cell]:
    """One for every rule; a cell has all seeds."""
    return grid(DRIFT, rule=RULES)


def _pretrained(
    many: Sequence[tuple[Values, Values]],
    config: PlasticityConfig,
    context: Context,
    key: PRNGKeyArray,
    n_steps: int,
    batch: int,
) -> list[AbstractStandIn]:
    """An MLP of each circuit before it changes, all as one program."""
    lesson = StandInLesson(*(np.concatenate(v) for v in zip(*many, strict=True)))
    n = len(many[0][0])
    fit = fit_stand_ins(
        _random(len(many), lesson, config, jax.random.fold_in(key, 0)),
        lesson,
        rows=[i * n + np.arange(n) for i in range(len(many))],
        training=StandInTraining(
            n_steps=n_steps,
            batch_size=batch,
            learning_rate=config.drawn.learning_rate,
            forgetting=config.drawn.forgetting,
            anneals=True,
            patience=None,
        ),
        key=jax.random.fold_in(key, 1),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    return [fit.student(i) for i in range(len(many))]


def _random(
    n: int, lesson: StandInLesson, config: PlasticityConfig, key: PRNGKeyArray
) -> list[AbstractStandIn]:
    form = MlpForm(config.drawn.width, config.drawn.depth)
    return draw_students([form], lesson, n_seeds=n, key=key)


def measure(cell: Cell, config: HasPlasticity, context: Context) -> Measured:
    """Noise of every size on the weights of one circuit; 30 epochs of retraining from two starts.

    Targets are in SD from their mean over the trials that students learn from, anew for every
    changed circuit, as published; else noise that multiplies rates would look like forgetting.
    """
    numbers = config.plasticity
    one = shown(CircuitKind.COMPLEX, SCALED, cell["seed"], numbers.drawn)
    before = target_scale(jnp.asarray(one.training[1]))
    taught = one.training[0], np.asarray(before.scale(jnp.asarray(one.training[1])))
    keys = jax.random.split(one.key, 4)
    d = numbers.drawn
    student = _pretrained([taught], numbers, context, keys[0], d.n_steps, d.batch)[0]
    inputs = one.spikes(keys[1], numbers.n_retraining)
    training, test, live, sigmas = [], [], [], np.exp(np.array(numbers.log_sigmas, float))
    for n, sigma in enumerate(sigmas.tolist()):
        changed = circuits_over_time(
            one.circuit,
            OneShotNoise(sigma),
            np.array([1.0]),
            key=jax.random.fold_in(keys[2], n),
        )[0]
        answers = respond(changed, inputs)
        scale = target_scale(answers)
        training.append((np.asarray(inputs), np.asarray(scale.scale(answers))))
        held_out = respond(changed, jnp.asarray(one.test[0]))
        test.append((one.test[0], np.asarray(scale.scale(held_out))))
        live.append(~(_still(answers) | _still(held_out)))
    lesson = StandInLesson(*training[0])
    n = len(sigmas)
    fresh = [
        _scaled_as(student, own)
        for own in _random(n, lesson, numbers, jax.random.fold_in(keys[3], 0))
    ]
    shown_rows, held = (
        [np.stack([*v, *v]) for v in zip(*pairs, strict=True)] for pairs in (training, test)
    )
    errors = errors_by_pass(
        Learners.of([student] * n + fresh, learning_rate=numbers.learning_rate),
        (shown_rows[0], shown_rows[1]),
        (held[0], held[1]),
        n_passes=max(numbers.epochs),
        batch_size=numbers.batch,
        key=jax.random.fold_in(keys[3], 1),
    )
    of_live = [[errors[:, k + m][:, live[k]] for k in range(n)] for m in (0, n)]
    pre, fresh_errors = (np.stack([np.median(e, axis=1) for e in each], axis=1) for each in of_live)
    criterion = SLACK * fresh_errors[-1]
    rows: list[Row] = []
    for k, log_sigma in enumerate(numbers.log_sigmas):
        at = {"log_sigma": log_sigma}
        for name, curve in ((PRETRAINED, pre[:, k]), (RANDOM, fresh_errors[:, k])):
            rows += [
                Row(name, "mse", curve[epoch], "variance", at | {"epoch": epoch})
                for epoch in numbers.epochs
            ]
            reached = epochs_to(curve[:, None], float(criterion[k]))[0]
            rows.append(Row(name, "epochs_to_criterion", min(reached, len(errors)), "epochs", at))
        square = (test[k][1] ** 2).mean((0, 1))[live[k]]
        rows.append(Row("predict-mean", "mse", float(np.median(square)), "variance", at))
        rows.append(Row("circuit", "dead_outputs", int((~live[k]).sum()), "outputs", at))
        for m, name in enumerate((PRETRAINED, RANDOM)):
            mean = of_live[m][k].mean(1)  # one output that hardly varies can decide it
            rows += [
                Row(name, "mean_mse", mean[epoch], "variance", at | {"epoch": epoch})
                for epoch in numbers.epochs
            ]
    return Measured(rows)


def _still(answers: Array) -> np.ndarray:
    """Outputs that never change, or by no more than rounding: nothing is there to explain."""
    rates = np.asarray(answers, np.float64).reshape(-1, answers.shape[-1])
    return rates.std(0) <= 1e-6 * np.abs(rates).max(0)


def _scaled_as(student: AbstractStandIn, other: AbstractStandIn) -> AbstractStandIn:
    """Another start with the scales of inputs and outputs of a student."""
    return eqx.tree_at(lambda s: s.scaling, other, student.scaling)


def _drifting(
    one: Shown, rule: str, config: PlasticityConfig
) -> tuple[tuple[LayeredCircuit, ...], np.ndarray]:
    time = np.arange(1.0, config.n_times + 1)
    law = (
        OrnsteinUhlenbeckDrift(config.drift_tau, config.drift_sigma * (2 / config.drift_tau) ** 0.5)
        if rule == OU
        else SynapseTurnover(-float(np.log1p(-config.turnover)))
    )
    later = circuits_over_time(one.circuit, law, time, key=jax.random.fold_in(one.key, 9))
    return later, np.asarray(circuit_change(later, one.circuit))


class _World:
    """What drifts: data of any time, 0 before the change, and the size of the change."""

    def __init__(self, seed: int, rule: str, config: PlasticityConfig) -> None:
        self.config, self.rule = config, rule
        if rule == BCM_RULE:
            self._place(seed)
            return
        one = shown(CircuitKind.COMPLEX, SCALED, seed, config.drawn)
        later, self.sigma = _drifting(one, rule, config)
        self.one, self.circuits = one, (one.circuit, *later)
        self.training, self.key = one.training, one.key

    def data(self, time: int, n: int, stream: int) -> tuple[Values, Values]:
        """Inputs and outputs at a time; streams never share a trial."""
        key = jax.random.fold_in(jax.random.fold_in(self.key, 100 + stream), time)
        if self.rule == BCM_RULE:
            return self._place_data(time, n * self.config.drawn.n_bins, key)
        inputs = self.one.spikes(key, n)
        return np.asarray(inputs), np.asarray(respond(self.circuits[time], inputs))

    def _place(self, seed: int) -> None:
        c = self.config
        keys = jax.random.split(jax.random.key(seed), 4)
        self.key, self.arena = keys[3], load_arena("training-box")
        low, high = self.arena.bounds
        self.boundary = BoundaryCells.draw(
            c.n_boundary, furthest=float((high - low).max()), key=keys[0]
        )
        place = PlaceCells.draw(c.n_place, self.boundary, self.arena, key=keys[1], step=0.1)
        self.place = place
        top = jnp.asarray(np.maximum(place.rates(self.arena, self.arena.grid(0.1)).max(0), 1e-6))
        threshold, gain = jnp.asarray(place.threshold), place.gain

        def rates(weight: Array, sent: Array) -> Array:
            return jax.nn.relu(gain * (weight @ sent) - threshold) / top

        self.rates = rates
        n_steps = c.n_times * c.walked
        path = walk(
            self.arena,
            OrnsteinUhlenbeckMotion(),
            key=keys[2],
            n_walkers=1,
            n_steps=n_steps,
            dt=DT,
        ).position.reshape(-1, 2)
        sent = jnp.asarray(self.boundary.rates(self.arena, np.asarray(path)), float)
        first = jnp.asarray(place.weight, float)
        present = jnp.asarray(place.connected)
        moved = BCM()(first, present, sent, dt=DT, every=c.walked, rates=rates)
        self.weights = jnp.concatenate([first[None], moved.weight])
        self.sigma = np.asarray(equivalent_sigma(moved.weight, first, present))
        self.training = self._place_data(
            0, c.drawn.n_training * c.drawn.n_bins, jax.random.fold_in(self.key, 7)
        )

    def _place_data(self, time: int, n: int, key: PRNGKeyArray) -> tuple[Values, Values]:
        seed = np.asarray(jax.random.key_data(key)).tolist()
        low, high = self.arena.bounds
        where = np.random.default_rng(seed).uniform(low, high, (n, 2))
        sent = np.asarray(self.boundary.rates(self.arena, where))
        answer = jax.vmap(self.rates, in_axes=(None, 0))(self.weights[time], jnp.asarray(sent))
        return sent, np.asarray(answer)


def measure_drift(cell: Cell, config: HasPlasticity, context: Context) -> Measured:
    """Students of circuits that change by one rule, at every time at which these are recorded.

    `FROZEN_AGAIN` goes on learning, with as many trials and steps as `ONLINE`, but of the circuit
    as it was: what it lacks is what the new trials are worth.
    """
    numbers, rule = config.plasticity, cell["rule"]
    d = numbers.drawn
    seeds = range(config.first_seed, config.first_seed + numbers.n_worlds)
    worlds = [_World(seed, rule, numbers) for seed in seeds]
    key = jax.random.key(config.first_seed)
    of_cells = rule == BCM_RULE
    batch = d.batch * (d.n_bins if of_cells else 1)
    n_steps = numbers.bcm_steps if of_cells else d.n_steps
    first = _pretrained([w.training for w in worlds], numbers, context, key, n_steps, batch)
    start = Learners.of(first, learning_rate=numbers.learning_rate)
    students = {FROZEN: start, FROZEN_AGAIN: start, ONLINE: start}
    small = numbers.batch * (d.n_bins if of_cells else 1)
    means = [w.training[1].reshape(-1, w.training[1].shape[-1]).mean(0) for w in worlds]
    rows: list[Row] = []
    for time in range(numbers.n_times + 1):
        new_u, new_y = _stacked(worlds, time, numbers.n_new, 0)
        test = _stacked(worlds, time, d.n_test, 2)
        own = jax.random.fold_in(key, time)
        if time:
            old = _stacked(worlds, 0, numbers.n_new, 2 + time)
            for name, shown_now in ((ONLINE, (new_u, new_y)), (FROZEN_AGAIN, old)):
                students[name] = update(students[name], *shown_now, batch_size=small, key=own)
        lesson = StandInLesson(new_u[0], new_y[0])
        anew = Learners.of(
            [
                _scaled_as(like, fresh)
                for like, fresh in zip(
                    first, _random(len(worlds), lesson, numbers, own), strict=True
                )
            ],
            learning_rate=numbers.learning_rate,
        )
        for n in range(numbers.n_passes):
            anew = update(anew, new_u, new_y, batch_size=small, key=jax.random.fold_in(own, n))
        for name, learners in {**students, RETRAINED: anew}.items():
            answer = learners.respond(test[0])
            for i, seed in enumerate(seeds):
                found = explained(answer[i], test[1][i], means[i])
                sd = test[1][i].reshape(-1, test[1].shape[-1]).std(0)
                error = ((answer[i] - test[1][i]) ** 2).reshape(-1, len(sd)).mean(0)
                part = error[~found.dead] / sd[~found.dead] ** 2
                at = {"seed": seed, "time": time}
                rows += [
                    Row(name, "fve", found.median, "", at),
                    Row(name, "mse", part.mean() if part.size else np.nan, "variance", at),
                ]
                if name == FROZEN:
                    sigma = 0.0 if time == 0 else float(worlds[i].sigma[time - 1])
                    rows += [
                        Row("circuit", "equivalent_sigma", sigma, "SD of weights", at),
                        Row("circuit", "dead_outputs", found.n_dead, "outputs", at),
                    ]
    return Measured(rows)


def _stacked(
    worlds: Sequence[_World], time: int, n: int, stream: int
) -> tuple[np.ndarray, np.ndarray]:
    pairs = [world.data(time, n, stream) for world in worlds]
    return np.stack([u for u, _ in pairs]), np.stack([y for _, y in pairs])


def _seconds(cell: Cell, config: HasPlasticity) -> float:
    p = config.plasticity
    step = 5e-11 * p.drawn.n_bins * p.drawn.width**2 * p.drawn.depth
    passes = 2 * len(p.log_sigmas) * max(p.epochs) * p.n_retraining
    return 2.5 + step * (passes + p.drawn.n_steps * p.drawn.batch)


def _drift_seconds(cell: Cell, config: HasPlasticity) -> float:
    p = config.plasticity
    step = 5e-11 * p.drawn.n_bins * p.drawn.width**2 * p.drawn.depth
    trials = p.n_times * p.n_new * (p.n_passes + 2) + p.drawn.n_steps * p.drawn.batch
    return 9 + step * p.n_worlds * trials


ARMS = (
    Arm(
        PLASTICITY,
        "Weights of the complex circuit change once; students adapt, from before and from nothing.",
        "predict-mean; a student from a random start",
        cells,
        measure,
        _seconds,
    ),
    Arm(
        DRIFT,
        "Synapses drift, turn over or learn; students stay, start anew, or are updated.",
        "frozen students, one of them with as much data, all from before",
        drift_cells,
        measure_drift,
        _drift_seconds,
    ),
)
