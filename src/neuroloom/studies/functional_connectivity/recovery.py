"""Every estimator on every benchmark system: what connectivity it finds, how it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from neuroloom.analysis.edges import calibration_table, edge_scores, scored_pairs, stability
from neuroloom.analysis.forecasts import coupling_gain, forecast_scores
from neuroloom.fitting.baselines import AbstractForecast, fit_time_shifted
from neuroloom.fitting.coupling import EdgePosterior, Edges, Lasso, Ridge
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectivity.config import (
    FAMILIES,
    FunctionalConnectivityConfig,
    family_of,
    shortened,
)
from neuroloom.studies.functional_connectivity.estimators import (
    DEFAULT,
    GAUSSIAN,
    GLMS,
    SHIFTED,
    UNCOUPLED,
    answers,
)
from neuroloom.studies.functional_connectivity.simulators.config import SUITE
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated
from neuroloom.studies.functional_connectivity.simulators.systems import simulate_system
from neuroloom.studies.functional_connectivity.spikes import (
    co_smoothing_rows,
    forward_rows,
    spike_rows,
)
from neuroloom.studies.held_out_part import FEW_TRIALS, learned_and_held_out

__all__ = ["ARMS"]

FORECAST = ("r", "mse", "skill")


def cells(arm: str, config: FunctionalConnectivityConfig) -> Sequence[Cell]:
    """One for every system of the arm and every network drawn."""
    systems = tuple(name for name in config.systems if family_of(name) == arm)
    return grid(
        arm,
        system=systems,
        seed=range(config.first_seed, config.first_seed + config.n_seeds),
    )


def measure(cell: Cell, config: FunctionalConnectivityConfig, context: Context) -> Measured:
    """Draw the network, estimate from the first part, forecast the last."""
    rng = np.random.default_rng((cell["seed"], 5))
    wanted = shortened(SUITE[cell["system"]], config.longest)
    system = simulate_system(wanted, rng=rng, cached=context.cached)
    n_trials, n_steps, _ = system.activity.shape
    train, test = learned_and_held_out(n_trials, n_steps, config.test_fraction)
    training, held_out = system.activity[train], system.activity[test]
    driven = system.latent is not None and system.drive is not None and bool(system.drive.any())
    latent = system.latent[train] if driven and system.latent is not None else None
    rows = [Row("truth", "prevalence", system.prevalence)]
    forecasts: dict[str, np.ndarray] = {}
    fitted: dict[str, AbstractForecast] = {}
    edges: Edges | None = None
    for answer in answers(system, training, latent, n_bootstraps=config.n_bootstraps, rng=rng):
        rows.append(Row(answer.name, "seconds", answer.seconds, "s"))
        if answer.connectivity is not None:
            rows += _edge_rows(answer.name, answer.connectivity, answer.probability, system)
        if answer.forecast is not None:
            forecasts[answer.name] = answer.forecast.predict(held_out)
            fitted[answer.name] = answer.forecast
        if answer.edges is not None:
            edges = answer.edges
    assert edges is not None
    rows += _of_default(edges, system)
    n_neurons = held_out.shape[2]
    drawn = rng.permutation(n_neurons)[: config.n_shifted]
    some = np.zeros(n_neurons, bool)
    some[drawn] = True
    if config.n_shifted:
        shifted = fit_time_shifted(
            Ridge(edges.n_lags, penalty=1e-2),
            training,
            delay=min(config.shift, training.shape[1] // 5),
            neurons=drawn.tolist(),
        ).predict(held_out)
        rows += _gain_rows(
            SHIFTED,
            forecasts[DEFAULT][:, :, some],
            shifted[:, :, some],
            held_out[:, :, some],
            rng,
        )
    rows += _gain_rows(UNCOUPLED, forecasts[DEFAULT], forecasts[UNCOUPLED], held_out, rng)
    table = forecast_scores(forecasts, held_out, rng=rng, n_resamples=2)
    rows += [
        Row(found["arm"], found["measure"], found["value"], found["unit"])
        for found in table.to_dict("records")
        if found["measure"] in FORECAST
    ]
    if edges.likelihood.name == "Poisson":
        ahead = (DEFAULT, GAUSSIAN, *GLMS, "ridge VAR", UNCOUPLED, "mean")
        rows += spike_rows(forecasts, training, held_out, rng)
        rows += forward_rows({name: fitted[name] for name in ahead}, training, held_out)
        rows += co_smoothing_rows(training, held_out, rng)
    if config.split_halves:
        rows += _stability_rows(training, edges)
    notes = [
        *system.notes,
        f"{edges.likelihood.name} likelihood, {edges.n_lags} lags and {edges.factors.n} factors "
        "chosen" + (f", a decay of {edges.decay:.3f} undone" if edges.decay else ""),
    ]
    return Measured(
        rows,
        arrays={
            "weight": system.weight.astype(np.float32),
            "estimate": edges.connectivity.astype(np.float32),
            "probability": edges.probability.astype(np.float32),
            "spectrum": edges.factors.spectrum.astype(np.float32),
            "edge": np.array([edges.factors.edge], np.float32),
        },
        notes=tuple(notes),
    )


def _edge_rows(
    name: str, estimate: np.ndarray, probability: np.ndarray | None, system: Simulated
) -> list[Row]:
    """Scores of an estimate; where there are probabilities, these rank the pairs."""
    found = edge_scores(
        estimate, system.weight, probability=probability, cell_type=system.cell_type
    )
    if probability is not None:
        for measure_name in ("auroc", "auprc"):
            found[measure_name] = found.pop(f"probability_{measure_name}")
    counts = ("n_pairs", "n_edges", "prevalence", "n_class_pairs")
    return [
        Row(name, key, score.value, score.unit) for key, score in found.items() if key not in counts
    ]


def _of_default(edges: Edges, system: Simulated) -> list[Row]:
    """Deciles of probability, so that they may be pooled over networks, and what was chosen."""
    pairs = scored_pairs(edges.connectivity, system.weight)
    table = calibration_table(edges.probability[pairs.post, pairs.pre], pairs.edge)
    rows = [
        Row(DEFAULT, "factors", edges.factors.n, "factors"),
        Row(DEFAULT, "lags", edges.n_lags, "frames"),
        Row(DEFAULT, "decay", edges.decay),
        Row(DEFAULT, "inflation", edges.inflation.mean()),
    ]
    for decile in range(len(table.n_pairs)):
        n = int(table.n_pairs[decile])
        at = {"decile": decile}
        rows.append(Row(DEFAULT, "decile_pairs", n, "pairs", at))
        for name, value in (
            ("decile_expected", table.mean_probability[decile]),
            ("decile_observed", table.observed[decile]),
        ):
            rows.append(Row(DEFAULT, name, n * float(value) if n else 0.0, "pairs", at))
    return rows


def _gain_rows(
    control: str,
    coupled: np.ndarray,
    uncoupled: np.ndarray,
    measured: np.ndarray,
    rng: np.random.Generator,
) -> list[Row]:
    table = coupling_gain(coupled, uncoupled, measured, rng=rng, n_resamples=2)
    return [
        Row(f"gain over {control}", found["measure"], found["value"], found["unit"])
        for found in table.to_dict("records")
        if found["measure"] in FORECAST
    ]


def _stability_rows(training: np.ndarray, edges: Edges) -> list[Row]:
    """Correlation of estimates from the two halves of the training data."""
    n_trials, n_steps, _ = training.shape
    if n_trials >= FEW_TRIALS:
        halves = (training[: n_trials // 2], training[n_trials // 2 :])
    else:
        halves = (training[:, : n_steps // 2], training[:, n_steps // 2 :])
    rows = []
    for name, method in (
        (DEFAULT, EdgePosterior(n_lags=edges.n_input_lags, decay=edges.decay)),
        ("lasso VAR", Lasso(edges.n_lags)),
        ("ridge VAR", Ridge(edges.n_lags)),
    ):
        both = np.stack([method.fit(half).connectivity for half in halves])
        rows.append(Row(name, "stability", stability(both)))
    return rows


def _seconds(cell: Cell, config: FunctionalConnectivityConfig) -> float:
    usual = {"calcium": 16.0, "spikes": 12.0, "common-drive": 11.0, "no-drive": 8.0, "ring": 2.0}
    large = {"regions": 150.0, "task-trained": 120.0, "partly-seen": 4.0}
    return (usual | large)[cell.arm] * (2.0 if config.split_halves else 1.0)


SENTENCES = {
    "no-drive": "Four cell types with measured connection probabilities; nothing hidden (S1).",
    "common-drive": "The same network with slow latents that many neurons hear at once (S2).",
    "partly-seen": "The driven network, of which half or a quarter is recorded (S3).",
    "calcium": "The network seen through slow calcium, and in frames of two steps (S4).",
    "ring": "A ring in which activity correlates neurons that are not connected (S5).",
    "spikes": "A coupled Poisson network, seen as spike counts (S6).",
    "task-trained": "A rate network trained on a task, whose wiring is known (S7).",
    "regions": "Three regions, one of them driven by the other two alone (S8).",
}

ARMS = tuple(
    Arm(
        name=name,
        sentence=SENTENCES[name],
        control="correlations, autoregressions, a lasso that is given the latents, own past alone",
        cells=partial(cells, name),
        measure=measure,
        seconds=_seconds,
    )
    for name in FAMILIES.values()
)
