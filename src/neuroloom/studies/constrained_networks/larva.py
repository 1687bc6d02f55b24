"""Arm `larva`: parameters by cell type learned on the left predict the right mushroom body.

A teacher lives on the left wiring, with a gain and a bias for each cell type and scatter within
types. Students know the wiring and the types, see a few neurons, and learn the parameters of the
types. These are carried to the right wiring, where no neuron is seen, and are scored on new odors
against a right teacher: the same types, scatter of its own.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from neuroloom.connectome import Connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.datasets.larva_mushroom_body import larva_mushroom_body
from neuroloom.errors import SimulationError
from neuroloom.fitting import LevenbergMarquardt, SumOfSquares, fit
from neuroloom.networks import RateNetwork
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.larva_networks import (
    Odors,
    Student,
    TypeParameters,
    by_type,
    carried,
    draw_types,
    odors,
    rate_residuals,
    shown,
    signed_by_type,
    teacher_network,
    weight_scale,
)
from neuroloom.studies.constrained_networks.real_circuits_config import LarvaConfig
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NotTestedError,
    Results,
    Row,
    Verdict,
    grid,
)

__all__ = ["ARM", "CLAIMS", "rate_scores"]

LOSS = SumOfSquares(rate_residuals)
LEAST_SEEDS = 5
RIGHT = "right, none recorded"
LEFT = "left, unrecorded"


def rate_scores(
    predicted: Float[np.ndarray, "trial time neuron"],
    truth: Float[np.ndarray, "trial time neuron"],
) -> dict[str, float]:
    """Mean squared error; share of the variance about each neuron's mean; 1 - rho.

    1 - rho is the median over neurons, over time and trials, of those that vary on both sides.
    """
    p, t = (a.reshape(-1, a.shape[2]) for a in (predicted, truth))
    own_mean = t.mean(axis=0)
    error, spread = ((p - t) ** 2).mean(), ((t - own_mean) ** 2).mean()
    dp, dt = p - p.mean(axis=0), t - own_mean
    size = np.sqrt((dp**2).sum(0) * (dt**2).sum(0))
    varies = size > 1e-12 * max(size.max(), 1e-300)
    rho = (dp * dt).sum(0)[varies] / size[varies]
    return {
        "mse": float(error),
        "r2": float(1 - error / spread),
        "1-rho": float(np.median(1 - rho)) if rho.size else float("nan"),
    }


def _rows(split: str, model: str, scores: dict[str, float], **at: int) -> list[Row]:
    units = {"mse": "rate^2"}
    return [
        Row(split, name, value, units.get(name, ""), {"model": model, **at})
        for name, value in scores.items()
    ]


def _cells(config: Any) -> Sequence[Cell]:
    return grid("larva", seed=range(config.larva.n_seeds))


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    settings: LarvaConfig = config.larva
    rng = np.random.default_rng([13, cell["seed"]])
    left, right = (
        signed_by_type(larva_mushroom_body(side), settings.inhibitory) for side in ("left", "right")
    )
    names = tuple(np.unique(left.column("cell_type")).tolist())
    scale = weight_scale(left, settings.radius)
    truth = draw_types(names, settings, rng)
    blank = TypeParameters(names, np.ones(len(names)), np.zeros(len(names)))
    on_left, on_right = (
        teacher_network(side, truth, settings, rng, scale=scale) for side in (left, right)
    )
    trained_on, new_left, new_right = (
        _trials(teacher, side, settings, rng)
        for teacher, side in ((on_left, left), (on_left, left), (on_right, right))
    )
    masks = [shown(m, left.n_neurons, rng) for m in settings.n_recorded]

    def learn(side: Connectome, chosen: Sequence[np.ndarray]) -> list[TypeParameters]:
        start = by_type(side, blank, settings, scale=scale)
        return _learned(start, trained_on, chosen, settings, names, context)

    def score(side: Connectome, types: TypeParameters, trials: Odors) -> dict[str, float]:
        network = by_type(side, types, settings, scale=scale)
        return rate_scores(_rates(network, trials, settings), np.asarray(trials.targets, float))

    rows: list[Row] = []
    learned = learn(left, masks)
    for m, mask, types in zip(settings.n_recorded, masks, learned, strict=True):
        at = {"n_recorded": m}
        rows += _rows(RIGHT, "wiring", score(right, types, new_right), **at)
        predicted = _rates(by_type(left, types, settings, scale=scale), new_left, settings)
        hidden = rate_scores(predicted[..., ~mask], np.asarray(new_left.targets)[..., ~mask])
        rows += _rows(LEFT, "wiring", hidden, **at)
        rows += _parameter_rows(types, truth, _heard(left), m)
        for name in settings.nulls:
            for draw in range(settings.n_null_draws):
                null = NULLS[name](right, rng=rng)
                found = score(null, types, new_right)
                rows += _rows(RIGHT, name, found, draw=draw, **at)
    most = settings.n_recorded[-1]
    for name in settings.nulls:  # the whole way on null wirings: learned there, carried there
        (types,) = learn(NULLS[name](left, rng=rng), masks[-1:])
        found = score(NULLS[name](right, rng=rng), types, new_right)
        rows += _rows(RIGHT, f"{name}, refitted", found, n_recorded=most)
    rows += _rows(RIGHT, "untrained", score(right, blank, new_right))
    rows += _rows(RIGHT, "true types", score(right, truth, new_right))
    for name, predicted in _baselines(left, right, trained_on, new_right).items():
        rows += _rows(RIGHT, name, rate_scores(predicted, np.asarray(new_right.targets, float)))
    example = by_type(right, learned[-1], settings, scale=scale)
    arrays = {
        "truth": np.asarray(new_right.targets[0]),
        "predicted": _rates(example, new_right, settings)[0],
        "cell_type": right.column("cell_type"),
    }
    return Measured(rows=rows, arrays=arrays, notes=(left.audit[-1], *_NOTES))


_NOTES = (
    "the teacher is ours, on real wiring: no activity of the larva was recorded",
    "the right keeps the left's weight of one synapse; its odors are its own, since no cell has a "
    "partner by name on the other side",
    "projection neurons receive nothing within the mushroom body: their gain cannot be known, and "
    "is left out of its error",
    "`true types` is the ceiling: the teacher's types, without the scatter within types",
    "`left type course` gives every neuron the mean course of its type on the left, all seen",
    "`own mean` gives every right neuron its true mean, which no model was shown",
)


def _trials(
    teacher: RateNetwork, side: Connectome, settings: LarvaConfig, rng: np.random.Generator
) -> Odors:
    inputs = odors(side.column("cell_type"), settings, rng)
    return Odors(inputs, teacher.rate(simulate(teacher, inputs, dt=settings.dt)))


def _rates(network: RateNetwork, trials: Odors, settings: LarvaConfig) -> np.ndarray:
    return np.asarray(network.rate(simulate(network, trials.inputs, dt=settings.dt)), float)


def _parameters(student: Student) -> tuple:
    return student.network.gain.value, student.network.bias.value


def _observed(student: Student) -> Any:
    return student.observed


def _learned(
    start: RateNetwork,
    trials: Odors,
    masks: Sequence[np.ndarray],
    settings: LarvaConfig,
    names: tuple[str, ...],
    context: Context,
) -> list[TypeParameters]:
    """All students of one wiring, fitted in one program."""
    students = [
        Student(start, jnp.asarray(mask, trials.targets.dtype), settings.dt) for mask in masks
    ]
    result = fit(
        students[0],
        trials,
        LOSS,
        trainable=_parameters,
        key=jax.random.key(0),
        starts=students,
        own=_observed,
        optimizer=LevenbergMarquardt(n_inner=2 * len(names)),
        n_steps=settings.n_steps,
        check_every=5,
        together=len(students),
        progress=context.progress,
    )
    if not result.finished:
        raise KeyboardInterrupt
    if result.notes:
        raise SimulationError(
            f"Every student must stay finite; {', '.join(result.notes)}. Lower `radius`."
        )
    return [carried(result.member(i).network, names) for i in range(len(masks))]


def _heard(circuit: Connectome) -> Bool[np.ndarray, " type"]:
    """Which types receive any connection: the gain of the others changes nothing."""
    cell_type = circuit.column("cell_type")
    return np.isin(np.unique(cell_type), cell_type[circuit.post])


def _parameter_rows(
    types: TypeParameters,
    truth: TypeParameters,
    heard: Bool[np.ndarray, " type"],
    n_recorded: int,
) -> list[Row]:
    errors = {
        "log gain by type, rms error": (np.log(types.gain) - np.log(truth.gain))[heard],
        "bias by type, rms error": types.bias - truth.bias,
    }
    return [
        Row("parameters", name, float(np.sqrt((e**2).mean())), "", {"n_recorded": n_recorded})
        for name, e in errors.items()
    ]


def _baselines(
    left: Connectome, right: Connectome, seen: Odors, new: Odors
) -> dict[str, np.ndarray]:
    truth, was = np.asarray(new.targets, float), np.asarray(seen.targets, float)
    course = np.empty_like(truth)
    for name in np.unique(right.column("cell_type")):
        mean = was[..., left.column("cell_type") == name].mean(axis=(0, 2))
        course[..., right.column("cell_type") == name] = mean[None, :, None]
    own_mean = np.broadcast_to(truth.mean(axis=(0, 1), keepdims=True), truth.shape)
    return {"left type course": course, "own mean": own_mean}


ARM = Arm(
    name="larva",
    sentence="parameters by cell type, learned on the left wiring, predict the right",
    control="null wirings of the right, an untrained network, mean courses by type",
    cells=_cells,
    measure=_measure,
    seconds=lambda cell, config: 10.0,
)


def _against(models: Sequence[str]) -> Any:
    def judge(results: Results, config: Any) -> Verdict:
        settings: LarvaConfig = config.larva
        most, worst, told = settings.n_recorded[-1], 0.0, []
        seeds = range(settings.n_seeds)
        if settings.n_seeds < LEAST_SEEDS:
            raise NotTestedError(
                f"at this size: {settings.n_seeds} seeds, where {LEAST_SEEDS} are needed"
            )
        for model in models:
            at = {"n_recorded": most} if model in settings.nulls else {}
            ratios = []
            for seed in seeds:
                (own,) = results.values(
                    ARM.name, RIGHT, "mse", model="wiring", n_recorded=most, seed=seed
                )
                others = results.rows(ARM.name, RIGHT, "mse", model=model, seed=seed, **at)
                ratios.append(own / min(row["value"] for row in others))
            worst = max(worst, *ratios)
            told.append(f"{model}: mse x {np.median(ratios):.3g} (worst {max(ratios):.3g})")
        return Verdict.of(bool(worst < 1), worst, reason="; ".join(told))

    return judge


def _claim(name: str, sentence: str, models: tuple[str, ...]) -> Claim:
    return Claim(
        id=f"larva-{name}",
        sentence=sentence,
        source="ours, after Beiran & Litwin-Kumar 2025, Fig. 5 a-c",
        measure="mean squared error on the right over that of the control's best draw, worst seed",
        criterion=f"below 1 in each of at least {LEAST_SEEDS} seeds, at the largest M",
        control=", ".join(models),
        arms=(ARM.name,),
        judge=_against(models),
    )


CLAIMS = (
    _claim(
        "rewired",
        "Parameters by type learned on the left predict the right better on its wiring than on a "
        "rewired right.",
        ("rewire",),
    ),
    _claim(
        "within-type",
        "They do so also where rewiring kept the connections between types.",
        ("rewire_within_type",),
    ),
    _claim(
        "untrained",
        "They predict the right better than an untrained network and than the left's mean courses.",
        ("untrained", "left type course"),
    ),
)
