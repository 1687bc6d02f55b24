"""Nine profiles and their nulls, the sorted matrix, the spectrum, and the ring of fixed points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from neuroloom.analysis.anatomy import (
    Circuit,
    PairRow,
    gaps_around,
    harmonic_share,
    nine_pairs,
    null_circuits,
    pair_table,
    preferred_tiling,
    sorted_matrix,
    weight_spectrum,
)
from neuroloom.analysis.fixed_points import find_fixed_points
from neuroloom.errors import SimulationError
from neuroloom.networks import TaskNetwork
from neuroloom.simulation import perform
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.anatomy.circuits import circuit_of, untrained_circuit
from neuroloom.studies.head_direction.anatomy.config import AnatomyConfig
from neuroloom.studies.head_direction.classes.units import RULES, units_of
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    kept_seeds,
    resting_inputs,
    task_of,
    trained_networks,
)

__all__ = ["ARMS", "DECODED", "OWN_WEIGHTS", "REWIRED", "SHUFFLED", "pair_rows"]

SHUFFLED, REWIRED = "shuffled preferred", "rewired"  # as `null_circuits` names them
DECODED = "trained, by decoded heading"
OWN_WEIGHTS = "untrained weights between trained units"
SLOW = 0.05  # |dx/dt| in units of the state per s, up to which a point counts as slow
WIDE = 30.0  # deg, of the window of profiles that are drawn beside the published ones
SUPERSETS = (("positive", "positive"), ("positive", "negative"), ("negative", "positive"),
             ("negative", "negative"), ("compass", "positive"), ("compass", "negative"),
             ("positive", "compass"), ("negative", "compass"))  # fmt: skip


def cells(config: Any) -> Sequence[Cell]:
    """One for every network of the default setting."""
    return grid("anatomy", seed=config.seeds)


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Profiles of a network by either rule, beside nulls; its spectrum and fixed points."""
    seed = cell["seed"]
    if not kept_seeds(DEFAULT, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    (network,) = trained_networks(DEFAULT, [seed], config, context)
    anatomy: AnatomyConfig = config.anatomy
    rng = np.random.default_rng((seed, 2))
    rows: list[Row] = []
    arrays: dict[str, np.ndarray] = {}
    for rule in RULES:
        circuit = circuit_of(DEFAULT, seed, rule, config, context)
        nulls = null_circuits(circuit, rng=rng, n_draws=anatomy.n_draws, strengths=False)
        rows += pair_rows(TRAINED, rule, circuit, anatomy, rng=rng, nulls=nulls)
        rows += pair_rows(TRAINED, rule, circuit, anatomy, rng=rng, pairs=SUPERSETS)
        before = untrained_circuit(DEFAULT, seed, rule, config, context)
        rows += pair_rows(UNTRAINED, rule, before, anatomy, rng=rng)
        same_units = replace(circuit, weight=before.weight)
        rows += pair_rows(OWN_WEIGHTS, rule, same_units, anatomy, rng=rng)
        decoded = circuit_of(DEFAULT, seed, rule, config, context, decoded=True)
        rows += pair_rows(DECODED, rule, decoded, anatomy, rng=rng)
        arrays |= _drawn(rule, circuit, anatomy)
        rows += _tiling(rule, circuit, rng)
    found, ring, failures = _attractor(network, seed, config, context)
    return Measured([*rows, *found], arrays=arrays | ring, failures=failures)


def pair_rows(
    split: str,
    rule: str,
    circuit: Circuit,
    config: AnatomyConfig,
    *,
    rng: np.random.Generator,
    nulls: Mapping[str, Sequence[Circuit]] | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[Row]:
    """What `pair_table` says of each pair of classes, as rows.

    A pair of which a class has no units has `n_pairs` 0, no profile, and rows of 0 for sharpness
    and of 1 for chances: it supports no claim and is not left out of any count of seeds.

    Args:
        split: Which circuit this is.
        rule: By which its classes are.
        circuit: The circuit.
        config: Numbers of the part.
        rng: For resampled neurons.
        nulls: Of the circuit, by name.
        pairs: (pre, post); default the nine of the motif.
    """
    table = pair_table(
        circuit, rng=rng, nulls=nulls, pairs=pairs, n_resamples=0, window=config.window
    )
    rows = []
    for pair in table:
        at = {"rule": rule, "pre": pair.pre, "post": pair.post}
        rows += [Row(split, name, value, unit, at) for name, value, unit in _values(pair)]
    return rows


def _values(pair: PairRow) -> list[tuple[str, float, str]]:
    known = np.isfinite(pair.sharpness)
    found = [
        ("n_pairs", float(pair.n_pairs), "pairs"),
        ("sharpness", pair.sharpness if known else 0.0, ""),
        ("sideways", pair.sideways if known and np.isfinite(pair.sideways) else 0.0, ""),
        ("centered", pair.centered if known and np.isfinite(pair.centered) else 0.0, ""),
    ]
    if known and np.isfinite(pair.shift):
        found += [("shift", pair.shift, "deg"), ("weight", pair.weight, "")]
    for name, null in pair.nulls.items():
        chances = (("p_sharpness", null.p_sharpness), ("p_sideways", null.p_sideways))
        found += [
            (f"{what}, {name}", p if np.isfinite(p) else 1.0, "chance") for what, p in chances
        ]
    return found


def _tiling(rule: str, circuit: Circuit, rng: np.random.Generator) -> list[Row]:
    rows = []
    for name in dict.fromkeys(pair[0] for pair in nine_pairs()):
        preferred = circuit.preferred[circuit.members(name)]
        if np.isfinite(preferred).sum() >= 2:
            tiling = preferred_tiling(preferred, rng=rng)
            at = {"rule": rule, "class": name}
            rows += [
                Row(TRAINED, "evenness", tiling.evenness, "", at),
                Row(TRAINED, "largest_gap", tiling.largest_gap, "deg", at),
            ]
    return rows


def _drawn(rule: str, circuit: Circuit, config: AnatomyConfig) -> dict[str, np.ndarray]:
    """Profiles of the nine pairs and the sorted matrix, for figures."""
    profiles = [circuit.profile(*pair, window=config.window) for pair in nine_pairs()]
    wide = [circuit.profile(*pair, window=WIDE, step=5.0) for pair in nine_pairs()]
    matrix = sorted_matrix(circuit)
    return {
        f"{rule} offset": profiles[0].offset.astype(np.float32),
        f"{rule} mean": np.stack([p.mean for p in profiles]).astype(np.float32),
        f"{rule} wide offset": wide[0].offset.astype(np.float32),
        f"{rule} wide mean": np.stack([p.mean for p in wide]).astype(np.float32),
        f"{rule} matrix": matrix.weight.astype(np.float32),
        f"{rule} classes": np.asarray(matrix.classes).astype(str),
        f"{rule} preferred": matrix.preferred.astype(np.float32),
    }


def _attractor(
    network: TaskNetwork, seed: int, config: Any, context: Context
) -> tuple[list[Row], dict[str, np.ndarray], list[str]]:
    """Spectrum of the weights, where the network rests without turning, and what failed."""
    spectrum = weight_spectrum(np.asarray(network.weight))
    units = units_of(DEFAULT, seed, config, context)
    share = harmonic_share(spectrum.vector, units.tuning.preferred)
    task = task_of(DEFAULT, config.trained, config.anatomy.n_rest)
    inputs, headings = resting_inputs(
        config.anatomy.n_starts, config.anatomy.n_rest, task.cue_steps
    )
    rested = perform(network, inputs, dt=DT)
    rows = [
        Row(TRAINED, "spectral_radius", spectrum.radius),
        Row(TRAINED, "ring_share", float(share[:2].mean())),
    ]
    eigenvalue = np.stack([np.real(spectrum.eigenvalue), np.imag(spectrum.eigenvalue)])
    arrays = {
        "eigenvalue": eigenvalue.astype(np.float32),
        "eigenvalue_share": share.astype(np.float32),
        "rested_output": np.asarray(rested.outputs[:, -1]).astype(np.float32),
        "rested_heading": headings.astype(np.float32),
    }
    nothing = np.zeros(network.n_inputs, np.float32)
    try:
        found = find_fixed_points(
            network, nothing, starts=np.asarray(rested.states[:, -1]), slowest=SLOW
        )
    except SimulationError as error:
        return rows, arrays, [f"fixed points of seed {seed}: {error}"]
    rates = network.network.rate(jnp.asarray(found.x, jnp.float32))
    outputs = np.asarray(rates @ network.output_weight.T) + np.asarray(network.output_bias)
    angle = np.asarray(task.decoded(jnp.asarray(outputs[:, None, :])))[:, 0].astype(float)
    rows += [
        Row(TRAINED, "fixed_points", int(found.fixed.sum()), "points"),
        Row(TRAINED, "stable_points", int((found.fixed & found.stable).sum()), "points"),
        Row(TRAINED, "slow_points", int((~found.fixed).sum()), "points"),
        Row(TRAINED, "ring_gap", float(gaps_around(angle).max()), "deg"),
    ]
    arrays |= {
        "fixed_output": outputs.astype(np.float32),
        "fixed_angle": angle.astype(np.float32),
        "fixed_leading": np.real(found.eigenvalues[:, :3]).astype(np.float32),
        "fixed": found.fixed.astype(np.int8),
        "fixed_stable": found.stable.astype(np.int8),
    }
    return rows, arrays, []


ARMS = (
    Arm(
        name="anatomy",
        sentence="Weights by the difference of preferred directions, class by class; spectrum and "
        "fixed points.",
        control="shuffled preferred directions; weights dealt anew; untrained networks",
        cells=cells,
        measure=measure,
        seconds=lambda cell, config: 0.5 + 0.01 * config.anatomy.n_draws,
    ),
)
