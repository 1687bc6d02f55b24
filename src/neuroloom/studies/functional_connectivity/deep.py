"""A trained network beside regressions: does it forecast better, and find connections better?"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from neuroloom.analysis.edges import edge_scores
from neuroloom.analysis.forecasts import forecast_scores
from neuroloom.fitting.baselines import Autoregression
from neuroloom.fitting.coupling import Lasso, Ridge
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    Results,
    Row,
    Verdict,
    grid,
)
from neuroloom.studies.functional_connectivity.config import (
    FunctionalConnectivityConfig,
    shortened,
)
from neuroloom.studies.functional_connectivity.estimators import UNCOUPLED
from neuroloom.studies.functional_connectivity.simulators.config import SUITE
from neuroloom.studies.functional_connectivity.simulators.systems import simulate_system
from neuroloom.studies.held_out_part import learned_and_held_out

__all__ = ["DEEP", "DEEP_ARM", "DEEP_CLAIM", "JACOBIAN"]

DEEP = "deep"
JACOBIAN = "deep, average Jacobian"
SYSTEM = "S1"
LEAST_SEEDS = 5
EDGES = ("auprc", "auroc", "pearson", "spearman", "sign_accuracy")
FORECAST = ("r", "mse", "skill")


def cells(config: FunctionalConnectivityConfig) -> Sequence[Cell]:
    """One for every network of S1 that is drawn."""
    systems = [name for name in config.systems if name == SYSTEM]
    seeds = range(config.first_seed, config.first_seed + config.n_seeds)
    return grid(DEEP, system=systems, seed=seeds)


def measure(cell: Cell, config: FunctionalConnectivityConfig, context: Context) -> Measured:
    """Draw the network of the other arms, train on its first part, forecast the last."""
    rng = np.random.default_rng((cell["seed"], 5))
    wanted = shortened(SUITE[cell["system"]], config.longest)
    system = simulate_system(wanted, rng=rng, cached=context.cached)
    n_trials, n_steps, _ = system.activity.shape
    train, test = learned_and_held_out(n_trials, n_steps, config.test_fraction)
    training, held_out = system.activity[train], system.activity[test]
    n_lags = config.deep.n_lags
    rows, forecasts = [Row("truth", "prevalence", system.prevalence)], {}

    def score(name: str, connectivity: np.ndarray) -> None:
        found = edge_scores(connectivity, system.weight)
        rows.extend(Row(name, key, found[key].value, found[key].unit) for key in EDGES)

    started = time.perf_counter()
    fitted = _trained(training, cell["seed"], config, context)
    current = fitted.connectivity()[0, 0]
    rows.append(Row(DEEP, "seconds", time.perf_counter() - started, "s"))
    score(DEEP, current)
    score(JACOBIAN, fitted.average_jacobian(training)[0])
    forecasts[DEEP] = fitted.forecast(held_out)[0]
    for name, method in (("lasso VAR", Lasso(n_lags)), ("ridge VAR", Ridge(n_lags))):
        started = time.perf_counter()
        found = method.fit(training)
        rows.append(Row(name, "seconds", time.perf_counter() - started, "s"))
        score(name, found.connectivity)
        forecasts[name] = found.predict(held_out)
    forecasts[UNCOUPLED] = Autoregression(n_lags=n_lags).fit(training).predict(held_out)
    table = forecast_scores(forecasts, held_out, rng=rng, n_resamples=2)
    rows += [
        Row(found["arm"], found["measure"], found["value"], found["unit"])
        for found in table.to_dict("records")
        if found["measure"] in FORECAST
    ]
    losses = fitted.fit.validation_history[:, 0]
    note = (
        f"network {cell['seed']}: loss on the part set aside {losses[0]:.4f} at the first check, "
        f"{losses.min():.4f} at the best, {int(losses.argmin()) + 1} of {len(losses)}"
    )
    return Measured(rows, arrays={"estimate": current.astype(np.float32)}, notes=(note,))


def _trained(training: np.ndarray, seed: int, config: FunctionalConnectivityConfig, context):
    """The forecaster, stopped on the last part of the training data."""
    import jax

    from neuroloom.fitting.forecasting import Session, Training, fit_forecasters
    from neuroloom.networks.forecasting import Blueprint, Mlp

    deep = config.deep
    blueprint = Blueprint(
        decoder=Mlp(window=deep.n_lags, hidden=deep.hidden, n_layers=1),
        n_lags=deep.n_lags,
        n_embedding=deep.n_embedding,
        n_reference=deep.n_reference,
    )
    recipe = Training(
        n_steps=deep.n_steps,
        batch_size=deep.batch_size,
        learning_rate=deep.learning_rate,
        connectivity_rate=deep.connectivity_rate,
        validation=deep.validation,
    )
    return fit_forecasters(
        [Session(training)],
        blueprint,
        training=recipe,
        key=jax.random.key(seed),
        n_members=1,
        checkpoint=context.checkpoint,
        progress=context.progress,
    )


def judge(results: Results, config: FunctionalConnectivityConfig) -> Verdict:
    """The smaller of the margins over the lasso in r and in AUPRC, means over networks."""

    def values(split: str, name: str) -> np.ndarray:
        return results.values(DEEP, split, name, at_least=LEAST_SEEDS, system=SYSTEM)

    margins, said = [], []
    for name in ("r", "auprc"):
        ours, lasso, ridge = (values(n, name) for n in (DEEP, "lasso VAR", "ridge VAR"))
        margins.append(ours - lasso)
        said.append(
            f"{'AUPRC' if name == 'auprc' else name} {ours.mean():.3f} ({ours.min():.3f} to "
            f"{ours.max():.3f}), lasso {lasso.mean():.3f}, ridge {ridge.mean():.3f}"
        )
    said.append(f"by the average Jacobian AUPRC {values(JACOBIAN, 'auprc').mean():.3f}")
    least = min(margins, key=np.mean)
    half = float(t.ppf(0.975, len(least) - 1) * least.std(ddof=1) / len(least) ** 0.5)
    return Verdict.of(
        least.mean() >= 0,
        least.mean(),
        low=least.mean() - half,
        high=least.mean() + half,
        reason="; ".join(said),
    )


def _seconds(cell: Cell, config: FunctionalConnectivityConfig) -> float:
    return 5.0 + config.deep.n_steps / 50


DEEP_ARM = Arm(
    name=DEEP,
    sentence=(
        "A forecaster with a decoder that all neurons share (SynapsNet-style), trained on the "
        "networks of S1 and stopped on the end of the training data."
    ),
    control="lasso and ridge regression of as many lags, own past alone, on the same data",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

DEEP_CLAIM = Claim(
    "deep-at-least-lasso",
    "A trained network forecasts and finds connections at least as well as a lasso.",
    "ours, after Delavari, Oruc and Murphy (2024), abstract",
    "network less lasso in next-step r and in AUPRC, means over networks of S1; the smaller",
    "both at least 0; connections as the network's weights rank them",
    "lasso VAR and ridge VAR on the same data; nothing chosen on what is scored",
    (DEEP,),
    judge,
)
