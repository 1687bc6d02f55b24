"""One fold: fit every wiring on training flies, score every model on the held-out ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neuroloom.connectome.nulls import NULLS
from neuroloom.errors import InputError, nearest
from neuroloom.studies.constrained_networks.heading.arm import (
    BRIDGE,
    COPY,
    CROSSED,
    MEASURED,
    WIRED,
    null_model,
    score_rows,
)
from neuroloom.studies.constrained_networks.heading.baselines import (
    fit_ridge,
    previous_step,
    with_turning,
    without_turning,
)
from neuroloom.studies.constrained_networks.heading.data import FlyData
from neuroloom.studies.constrained_networks.heading.instrument import fit_instrument
from neuroloom.studies.constrained_networks.heading.network import (
    Compass,
    Drive,
    bridge_only,
    crossed,
    fit_compasses,
)
from neuroloom.studies.constrained_networks.heading.scores import score, turn_response
from neuroloom.studies.constrained_networks.heading.setup import Setup
from neuroloom.studies.framework import Measured, Row

__all__ = ["measure_fold"]

Traces = Float[np.ndarray, "trial time roi"]
Predict = Callable[[FlyData], Traces]


class Model(NamedTuple):
    """One way to foretell P-EN1 of a fly.

    Attributes:
        name: Among the models.
        draw: Number of the null wiring; 0 for what is not drawn.
        predict: P-EN1 in the order of `rois.pen1_rois`, in SDs of the fly.
    """

    name: str
    draw: int
    predict: Predict


def measure_fold(setup: Setup, fold: int) -> Measured:
    """Rows of every model and held-out fly, arrays of one example, and notes.

    Args:
        setup: Of one region.
        fold: Which flies are held out.
    """
    training, held_out = setup.split(fold)
    compasses = _compasses(setup, training)
    models = [
        *(_seen(setup, training, name, draw, c) for (name, draw), c in compasses.items()),
        *_baselines(setup, training),
    ]
    rows = [row for fly in held_out for row in _rows(setup, models, fly)]
    return Measured(
        rows=rows,
        arrays=_example(setup, models, held_out[0]),
        notes=[
            *(_describe(fly, setup) for fly in held_out),
            *(f"{name}: {_numbers(c)}" for (name, _), c in compasses.items() if "null" not in name),
        ],
    )


def _compasses(setup: Setup, training: Sequence[FlyData]) -> dict[tuple[str, int], Compass]:
    """The wiring and its nulls, each fitted to E-PG and to P-EN1; and the wiring unfitted."""
    config, rois = setup.config, setup.rois
    unknown = [name for name in config.nulls if name not in NULLS]
    if unknown:
        raise InputError(
            f"A null wiring must be one of {', '.join(NULLS)}; got `{unknown[0]}`. "
            f"{nearest(unknown[0], NULLS)}"
        )
    own = {WIRED: setup.connectome, BRIDGE: bridge_only(setup.connectome)}
    wirings = {(name, 0): wiring for name, wiring in own.items()}
    for name in config.nulls:
        for draw in range(config.n_null_draws):
            rng = np.random.default_rng([config.seed, draw, *name.encode()])
            wirings[null_model(name), draw] = NULLS[name](setup.connectome, rng=rng)
    mirrored = {(CROSSED, 0): crossed(setup.connectome)}
    made = {}
    for population, horizon in (("E-PG", config.horizon), ("P-EN1", 0)):
        to_epg = population == "E-PG"
        fitted_to = wirings | mirrored if to_epg else wirings
        starts = [Compass.from_connectome(wiring, config) for wiring in fitted_to.values()]
        compasses = fit_compasses(
            starts,
            _training_drive(setup, training, to_epg=to_epg),
            rois.observe_epg() if to_epg else rois.observe_pen1(),
            config,
            horizon=horizon,
        )
        for (title, draw), compass in zip(fitted_to, compasses, strict=True):
            made[title.replace("fitted to E-PG", f"fitted to {population}"), draw] = compass
    return {("wiring, not fitted", 0): Compass.from_connectome(setup.connectome, config)} | made


def _training_drive(setup: Setup, training: Sequence[FlyData], *, to_epg: bool) -> Drive:
    few = [fly.first_of_each_condition(setup.config.n_training_trials) for fly in training]
    rois = setup.rois
    if to_epg:
        return _drive(setup, few, [fly.epg[..., rois.epg_rois] for fly in few])
    return _drive(setup, few, [fly.pen1[..., rois.pen1_rois] for fly in few])


def _drive(setup: Setup, flies: Sequence[FlyData], target: Sequence[Traces]) -> Drive:
    epg = setup.rois.clamp(np.concatenate([fly.epg for fly in flies]))
    turning = np.concatenate([fly.turning for fly in flies])
    return Drive(
        jnp.asarray(epg, float),
        jnp.asarray(np.tanh(turning / setup.config.turn_scale), float),
        jnp.asarray(np.concatenate(target), float),
    )


def _seen(
    setup: Setup, training: Sequence[FlyData], name: str, draw: int, compass: Compass
) -> Model:
    """A network, seen through the regions and the instrument."""
    regions = setup.rois.observe_pen1()

    def rates(fly: FlyData) -> Traces:
        drive = _drive(setup, [fly], [fly.epg])
        return np.asarray(regions(compass.rates(drive.epg, drive.turning)), np.float64)

    return Model(name, draw, _through_instrument(setup, training, rates))


def _through_instrument(setup: Setup, training: Sequence[FlyData], rates: Predict) -> Predict:
    instrument = fit_instrument(
        [rates(fly) for fly in training],
        [fly.pen1[..., setup.rois.pen1_rois] for fly in training],
        [fly.pen1_color for fly in training],
        setup.config.decays,
        setup.config.dt,
    )
    return lambda fly: instrument(rates(fly), fly.pen1_color)


def _baselines(setup: Setup, training: Sequence[FlyData]) -> list[Model]:
    rois, config = setup.rois, setup.config

    def copy(fly: FlyData) -> Traces:
        return fly.epg[..., rois.pen1_rois]

    def still(fly: FlyData) -> Traces:
        return np.zeros_like(copy(fly))

    return [
        Model(COPY, 0, _through_instrument(setup, training, copy)),
        Model("ridge on E-PG", 0, fit_ridge(training, without_turning, rois, config)),
        Model("ridge on E-PG and turns", 0, fit_ridge(training, with_turning, rois, config)),
        Model("own mean of the fly", 0, still),
        Model("P-EN1 one step before", 0, lambda fly: previous_step(fly, rois)),
    ]


def _rows(setup: Setup, models: Sequence[Model], fly: FlyData) -> list[Row]:
    """Scores of all models in one fly, and what was measured of its turns."""
    rois, threshold = setup.rois, setup.config.turn_threshold
    n_burn = setup.config.n_burn
    measured = fly.pen1[:, n_burn:, rois.pen1_rois]
    epg, turning = fly.epg[:, n_burn:, rois.epg_rois], fly.turning[:, n_burn:]
    conditions = np.array(fly.condition)
    parts: Mapping[str, np.ndarray] = {
        "all": np.ones(len(conditions), dtype=bool),
        "closed loop": conditions != "Dark",
        **{name: conditions == name for name in ("Dark", "1x", "2x")},
    }
    parts = {name: which for name, which in parts.items() if which.any()}

    def turn(pen1: Traces) -> dict[str, float]:
        return {
            name: turn_response(pen1[which], epg[which], turning[which], rois, threshold)
            for name, which in parts.items()
        }

    at = {"fly": fly.fly, "pen1_color": fly.pen1_color}
    rows = score_rows({}, turn(measured), {**at, "model": MEASURED, "draw": 0}, rois.region)
    for model in models:
        predicted = model.predict(fly)[:, n_burn:]
        scores = {name: score(predicted[w], measured[w]) for name, w in parts.items()}
        where = {**at, "model": model.name, "draw": model.draw}
        rows += score_rows(scores, turn(predicted), where, rois.region)
    return rows


def _example(setup: Setup, models: Sequence[Model], fly: FlyData) -> dict[str, np.ndarray]:
    """Heat maps of one trial: what was seen, what was foretold."""
    rois = setup.rois
    lit = [i for i, condition in enumerate(fly.condition) if condition != "Dark"]
    trial = lit[0] if lit else 0
    wired = next(model for model in models if model.name == WIRED)
    return {
        "time_s": setup.config.dt * np.arange(fly.epg.shape[1]),
        "epg": fly.epg[trial],
        "pen1_measured": fly.pen1[trial][:, rois.pen1_rois],
        "pen1_predicted": wired.predict(fly)[trial],
        "turning_rad_per_s": fly.turning[trial],
        "epg_region": np.array(rois.names),
        "pen1_region": np.array([rois.names[i] for i in rois.pen1_rois]),
        "fly": np.array([fly.fly]),
        "condition": np.array([fly.condition[trial]]),
    }


def _describe(fly: FlyData, setup: Setup) -> str:
    a = fly.alignment
    best = float(a.agreement.max() - a.agreement[a.shift])
    return (
        f"{fly.fly}: regions {'reflected' if a.reflected else 'as recorded'}, shifted by {a.shift} "
        f"(trials vote {', '.join(map(str, a.votes))} of {len(setup.rois.names)}; the best shift "
        f"agrees better by {best:.3f}); bump against turns: correlation {a.turning:.2f}"
    )


def _numbers(compass: Compass) -> str:
    network = compass.network
    parts = [
        f"{name} {', '.join(f'{v:.3g}' for v in np.asarray(p.constraint(p.value)))} {p.unit}"
        for name, p in (("gain", network.gain), ("bias", network.bias), ("tau", network.tau))
    ]
    return f"{'; '.join(parts)} (D7, EPG, PEN1); push {float(compass.push):.3g}"
