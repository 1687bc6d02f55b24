"""Arms on resemblance: profiles of trained networks beside those of the fly's compass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from neuroloom.analysis.anatomy import (
    Circuit,
    Profile,
    nine_pairs,
    null_circuits,
    resemblance,
)
from neuroloom.studies.constrained_networks.exports import checksum
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.anatomy.circuits import circuit_of, untrained_circuit
from neuroloom.studies.head_direction.animal.circuits import (
    EXPORT,
    FAFB,
    RULES,
    SOURCES,
    fly_circuit,
    fly_wiring,
)
from neuroloom.studies.head_direction.classes.units import RULES as CLASS_RULES
from neuroloom.studies.head_direction.sweep.config import factor_of, settings
from neuroloom.studies.head_direction.trained.config import DEFAULT, Setting
from neuroloom.studies.head_direction.trained.networks import kept_seeds

__all__ = [
    "ARMS",
    "DEFAULT_NETWORK",
    "UNTRAINED",
    "WINDOW",
    "arm_of",
    "fly_pairs",
    "network_settings",
    "profiles",
]

DEFAULT_NETWORK, UNTRAINED = "trained", "untrained"
WINDOW, STEP = 45.0, 22.5  # deg: columns of the fly are 22.5 apart, tiles 45


def arm_of(source: str) -> str:
    """Name of the arm of a source."""
    return f"fly-resemblance-{source.lower()}"


def network_settings(config: Any) -> dict[str, tuple[Setting, Sequence[int]]]:
    """Every kind of trained network with its setting and seeds: the default, then all others.

    The others are those that the arms `trained` and `sweep` train in any case.

    Args:
        config: Of the study.
    """
    found: dict[str, tuple[Setting, Sequence[int]]] = {DEFAULT_NETWORK: (DEFAULT, config.seeds)}
    by_speed = [replace(DEFAULT, speed=s) for s in config.trained.speeds if s != DEFAULT.speed]
    swept = [(one, config.seeds[: config.sweep.n_seeds]) for one in settings(config.sweep)]
    for setting, seeds in [*swept, *((one, config.speed_seeds) for one in by_speed)]:
        if setting != DEFAULT:
            found[" ".join(factor_of(setting))] = (setting, seeds)
    return found


def cells(source: str, config: Any) -> Sequence[Cell]:
    """One for every network: the default ones first, then untrained ones and other settings."""
    name, animal = arm_of(source), config.animal
    own = {"data": [checksum(animal.export) if animal.export else "none"]}
    own = own if source == EXPORT else {}
    untrained = range(config.first_seed, config.first_seed + animal.n_untrained)
    kinds = {kind: seeds for kind, (_, seeds) in network_settings(config).items()}
    kinds = {DEFAULT_NETWORK: kinds.pop(DEFAULT_NETWORK), UNTRAINED: untrained, **kinds}
    return [
        cell
        for kind, seeds in kinds.items()
        for cell in grid(name, **own, network=[kind], seed=seeds)
    ]


def fly_pairs(fly: Circuit) -> list[tuple[str, str]]:
    """(pre, post) of the nine pairs of classes between which the fly has any weight.

    Args:
        fly: From `fly_circuit`.
    """
    found = []
    for pre, post in nine_pairs():
        block = fly.weight[np.ix_(fly.members(post), fly.members(pre))]
        if (np.abs(block) > 1e-9).any():
            found.append((pre, post))
    return found


def profiles(circuit: Circuit, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Mean weights by offset, one row a pair, in the windows of the comparison.

    Args:
        circuit: Of a network or a fly.
        pairs: (pre, post).
    """
    return np.stack([_profile(circuit, *pair).mean for pair in pairs])


def _profile(circuit: Circuit, pre: str, post: str) -> Profile:
    return circuit.profile(pre, post, window=WINDOW, step=STEP)


def measure(source: str, cell: Cell, config: Any, context: Context) -> Measured:
    """How alike one network and the fly are, by either rule of classes; nulls for default ones."""
    kind, seed = cell["network"], cell["seed"]
    wiring = fly_wiring(source, data=context.data, export=config.animal.export)
    fly = fly_circuit(wiring, name=source)
    pairs = fly_pairs(fly)
    setting = network_settings(config).get(kind, (DEFAULT, ()))[0]
    if kind != UNTRAINED and not kept_seeds(setting, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    rng = np.random.default_rng([seed, 73])
    for rule in CLASS_RULES:
        if kind == UNTRAINED:
            circuit = untrained_circuit(setting, seed, rule, config, context)
        else:
            circuit = circuit_of(setting, seed, rule, config, context)
        rows += _rows(kind, rule, circuit, fly, pairs, config, rng)
        if kind == DEFAULT_NETWORK:
            arrays[f"network/{rule}"] = profiles(circuit, nine_pairs())
    if kind == DEFAULT_NETWORK:
        arrays["fly"] = profiles(fly, nine_pairs())
        arrays["offset"] = _profile(fly, *nine_pairs()[0]).offset
        arrays["pre"], arrays["post"] = np.array(nine_pairs()).T
    return Measured(rows, arrays, notes=wiring.audit)


def _rows(
    kind: str,
    rule: str,
    circuit: Circuit,
    fly: Circuit,
    pairs: Sequence[tuple[str, str]],
    config: Any,
    rng: np.random.Generator,
) -> list[Row]:
    """What a network lacks counts as 0: a profile of a class that it has not, or of one unit."""
    default = kind == DEFAULT_NETWORK
    there = [pair for pair in pairs if all(circuit.members(group).sum() > 1 for group in pair)]
    if not there:
        rows = [Row(rule, name, 0.0) for name in ("mean correlation", "pooled correlation")]
        rows += [Row(rule, "profiles", 0, "profiles")]
        nulls = ("shuffled preferred", "rewired") if default else ()
        return rows + [Row(rule, "p", 1.0, at={"null": null}) for null in nulls]
    n_draws = config.animal.n_null_draws
    nulls = (  # by strengths too, classes of few neurons can seldom be wired anew
        null_circuits(circuit, rng=rng, n_draws=n_draws, strengths=False) if default else {}
    )
    found = resemblance(
        circuit,
        fly,
        rng=rng,
        nulls=nulls,
        pairs=there,
        n_resamples=config.animal.n_resamples if default else 0,
        window=WINDOW,
        step=STEP,
    )
    defined = [pair for pair in found.pairs if np.isfinite(pair.correlation)]
    rows = [
        Row(rule, "mean correlation", sum(pair.correlation for pair in defined) / len(pairs)),
        Row(rule, "pooled correlation", _known(found.pooled_correlation)),
        Row(rule, "sign agreement", _known(found.sign_agreement)),
        Row(rule, "profiles", len(defined), "profiles"),
        *(Row(rule, "p", _chance(p), at={"null": null}) for null, p in found.p_mean.items()),
    ]
    for pair in defined:
        at = {"pre": pair.pre, "post": pair.post}
        found_of = {
            "correlation": (pair.correlation, ""),
            "correlation, lower end": (pair.low, ""),
            "correlation, upper end": (pair.high, ""),
            "shift apart": (pair.shift_difference, "deg"),
        }
        rows += [
            Row(rule, name, value, unit, at)
            for name, (value, unit) in found_of.items()
            if np.isfinite(value)
        ]
    return rows


def _known(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _chance(p: float) -> float:
    return p if np.isfinite(p) else 1.0


def _seconds(cell: Cell, config: Any) -> float:
    draws = config.animal.n_null_draws if cell["network"] == DEFAULT_NETWORK else 0
    return 0.5 + 0.03 * draws


def _cells_of(source: str) -> Callable[[Any], Sequence[Cell]]:
    return partial(cells, source)


WORDS = {
    RULES: "the fly's compass by published rules",
    FAFB: "the compass of one fly's brain (FAFB, extrapolated)",
    EXPORT: "the compass in the user's export of neuPrint",
}
ARMS = tuple(
    Arm(
        arm_of(source),
        f"Profiles of trained networks are held against those of {WORDS[source]}.",
        "preferred directions shuffled, weights dealt anew, untrained networks, networks of other "
        "settings",
        _cells_of(source),
        partial(measure, source),
        _seconds,
        needs=("fly-cx-fafb",) if source == FAFB else (),
    )
    for source in SOURCES
)
