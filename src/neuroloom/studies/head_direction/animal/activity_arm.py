"""Arm `fly-activity`: networks are given the turning of real flies, and held against their bumps.

Nothing is fitted to a fly but which way its regions run, in trials that are not scored, and for one
baseline a gain, in other flies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.animal.circuits import RULES, fly_wiring
from neuroloom.studies.head_direction.animal.config import DEVELOPMENT_FLIES
from neuroloom.studies.head_direction.animal.ensembles import (
    FLY,
    MAPS,
    ONLY,
    REWIRED,
    wired_networks,
)
from neuroloom.studies.head_direction.animal.following import (
    Followed,
    best_gain,
    bump_match,
    exchanged,
    follow,
    heading_error,
    integrated,
    lead,
    turning_speed,
)
from neuroloom.studies.head_direction.animal.turning import FlyPieces, read_flies
from neuroloom.studies.head_direction.classes.units import MIXTURE, units_of
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    kept_seeds,
    task_of,
    trained_networks,
)

__all__ = [
    "ARM",
    "BASELINES",
    "CONDITIONS",
    "EXACT",
    "EXCHANGED",
    "FLY_MAPS",
    "FLY_ONLY",
    "GAINED",
    "HELD",
    "MEASURED",
    "NAME",
    "NULL",
    "PEN1",
    "SPLIT",
    "TRAINED",
    "scores",
]

NAME = "fly-activity"
SPLIT = "held-out flies"
CONDITIONS = ("Dark", "closed loop")
TRAINED = "trained network"
FLY_ONLY = f"fly-wired, {ONLY}"
FLY_MAPS = f"fly-wired, {MAPS}"
NULL = f"rewired, {ONLY}"
HELD = "first heading held"
EXCHANGED = "turning of another piece, integrated"
EXACT = "turning, integrated"
GAINED = "turning, integrated with the best gain"
PEN1 = "P-EN1 of the same moment"
MEASURED = "measured"
BASELINES = (HELD, EXCHANGED, EXACT, GAINED, PEN1)


def cells(config: Any) -> Sequence[Cell]:
    """One for each structure that was imaged; all networks."""
    return grid(NAME, region=("EB", "PB"))


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Every network and baseline on every fly of a region."""
    region: Literal["EB", "PB"] = cell["region"]
    activity = config.animal.activity
    task = task_of(DEFAULT, config.trained, activity.n_steps)
    flies = read_flies(region, activity, dt=task.dt, n_steps=activity.n_steps, data=context.data)
    scored = [one for one in flies if one.fly not in DEVELOPMENT_FLIES]
    speeds = [turning_speed(one, activity, task.dt) for one in scored]
    rows = _baselines(scored, flies, activity.gains)
    for one, speed in zip(scored, speeds, strict=True):
        if region == "EB":
            value = lead(one.pen1, one.epg, speed, activity.turn_threshold)
            rows.append(Row(SPLIT, "lead", value, "deg", {"fly": one.fly, "model": MEASURED}))
    arrays: dict[str, np.ndarray] = {}
    failures = []
    compass = fly_wiring(RULES, data=context.data, export="")
    for seed in config.seeds:
        networks = {}
        if kept_seeds(DEFAULT, [seed], config, context):
            (network,) = trained_networks(DEFAULT, [seed], config, context)
            classes = units_of(DEFAULT, seed, config, context).classes[MIXTURE]
            shifters = np.isin(classes, ["shifter+", "shifter-"])
            networks[TRAINED] = network, shifters
            if not shifters.any():
                failures.append(f"seed {seed} has no shifters by the mixture: its lead is 0")
        else:
            failures.append(f"seed {seed} diverged in training and is left out")
        pen = np.char.startswith(compass.column("compass_type"), "PEN")
        only = wired_networks(compass, ONLY, seed, config.animal.wired, context)
        both = wired_networks(compass, MAPS, seed, config.animal.wired, context)
        networks |= {
            FLY_ONLY: (only[FLY], pen),
            FLY_MAPS: (both[FLY], pen),
            NULL: (only[REWIRED], pen),
        }
        for model, (network, shifters) in networks.items():
            found = follow(network, task, scored, shifters)
            for one, said, speed in zip(scored, found, speeds, strict=True):
                at = {"fly": one.fly, "model": model, "seed": seed}
                rows += _network_rows(one, said, at)
                value = lead(said.shifters, said.outputs, speed, activity.turn_threshold)
                rows.append(Row(SPLIT, "lead", value, "deg", at))
            if seed == config.seeds[0]:
                arrays |= _example(scored, found, model, region)
    notes = [f"{len(scored)} flies of {region}; {', '.join(DEVELOPMENT_FLIES)} are never scored"]
    turned = [one.fly for one in flies if one.reflected]
    notes.append(f"regions counted the other way round in {len(turned)} of {len(flies)} flies")
    return Measured(rows, arrays, notes=notes, failures=failures)


def scores(said: np.ndarray, pieces: FlyPieces, at: Mapping[str, Any]) -> list[Row]:
    """Distance from the heading and match with the bump, by condition; none where it is not there.

    Args:
        said: Heading after each step of the pieces, in rad.
        pieces: Of one fly.
        at: Fly and model.
    """
    dark = np.array([name == "Dark" for name in pieces.condition])
    rows = []
    for condition, kept in zip(CONDITIONS, (dark, ~dark), strict=True):
        if kept.any():
            own = pieces.of(condition)
            here = {**at, "condition": condition}
            rows += [
                Row(SPLIT, "heading error", heading_error(said[kept], own), "deg", here),
                Row(SPLIT, "bump match", bump_match(said[kept], own.epg), "", here),
            ]
    return rows


def _network_rows(one: FlyPieces, said: Followed, at: Mapping[str, Any]) -> list[Row]:
    return scores(said.heading, one, at)


def _baselines(
    scored: Sequence[FlyPieces], flies: Sequence[FlyPieces], gains: Sequence[float]
) -> list[Row]:
    rows = []
    for one in scored:
        at = {"fly": one.fly, "model": HELD}
        rows += scores(integrated(one, 0.0), one, at)
        rows += scores(integrated(one, 1.0), one, {**at, "model": EXACT})
        rows += scores(integrated(exchanged(one), 1.0), one, {**at, "model": EXCHANGED})
        rows += [
            row
            for row in scores(np.angle(one.pen1), one, {**at, "model": PEN1})
            if row.measure == "bump match"  # its offset from the heading is arbitrary
        ]
        for condition in CONDITIONS:
            own = one.of(condition)
            if len(own.condition):
                others = [o.of(condition) for o in flies if o.fly != one.fly]
                gain = best_gain([o for o in others if len(o.condition)], gains)
                rows += scores(integrated(own, gain), own, {**at, "model": GAINED})
                here = {**at, "model": GAINED, "condition": condition}
                rows.append(Row(SPLIT, "gain", gain, "", here))
    return rows


def _example(
    flies: Sequence[FlyPieces], found: Sequence[Followed], model: str, region: str
) -> dict[str, np.ndarray]:
    """The first piece in closed loop of the first fly."""
    one, said = flies[0], found[0]
    light = [i for i, name in enumerate(one.condition) if name != "Dark"]
    piece = light[0] if light else 0
    return {
        f"{model}/heading": said.heading[piece],
        "heading": one.heading[piece],
        "epg": np.angle(one.epg[piece]),
        "fly": np.array([one.fly]),
        "condition": np.array([one.condition[piece]]),
    }


def _seconds(cell: Cell, config: Any) -> float:
    trials = config.animal.activity.n_scored_trials
    return 8 + 3 * trials + (1.0 + 1.2 * trials) * len(config.seeds)


ARM = Arm(
    NAME,
    "Trained networks and networks wired as the fly are given the turning of real flies.",
    "the first heading held, turning of another piece, turning integrated exactly and with the "
    "gain that suits other flies, rewired networks",
    cells,
    measure,
    _seconds,
    needs=("fly-heading",),
)
