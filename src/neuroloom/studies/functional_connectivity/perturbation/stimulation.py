"""Arm `stimulation`: simulated systems stimulated as the fitted model says, where it must work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from neuroloom.analysis.perturbation import (
    causal_weight,
    drawn_weights,
    push_responses,
    response_spread,
)
from neuroloom.fitting.coupling import EdgePosterior, Lasso, Ridge, SparseFactors
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectivity.estimators import DEFAULT, lagged_correlation
from neuroloom.studies.functional_connectivity.simulators.cell_types import (
    draw_network,
    simulate_cell_types,
)
from neuroloom.studies.functional_connectivity.simulators.config import SUITE

__all__ = ["ARM", "CORRELATIONS", "HALF", "HEARD", "stimulated_responses"]

HEARD = "edge posterior, its forecast"
HALF = "ceiling: half of the stimulations"
CORRELATIONS = ("lag-1 correlation", "lag-0 correlation")
LEVEL = 0.9
ROUNDING = 1e-12  # below it, two runs of a neuron that a push does not reach differ by arithmetic


def stimulated_responses(
    activity: Float[np.ndarray, "time neuron"],
    weight: Float[np.ndarray, "post pre"],
    bias: Float[np.ndarray, " neuron"],
    moments: Sequence[int],
    *,
    size: float,
    horizon: int,
) -> Float[np.ndarray, "half step post stimulated"]:
    r"""Mean response to pushing each neuron, per unit of the push, in a system that is known.

    $$y_{t+1} = \tanh(W y_t + b) + (x_{t+1} - \tanh(W x_t + b)) + s e_j, \qquad y_t = x_t + s e_j$$

    What goes into a step of the recording besides the network, noise and common drive alike, goes
    into it again: the difference y - x is what the push does and nothing else. Steps 0 to
    `horizon`, over every second moment and over the others.

    Args:
        activity: x, what the system did by itself.
        weight: W, autapses among them.
        bias: b.
        moments: Frames at which pushes begin; two or more.
        size: s, in units of activity.
        horizon: Steps after the first.
    """
    n = len(bias)
    found = np.zeros((2, horizon + 1, n, n))
    for place, t in enumerate(moments):
        changed = activity[t] + size * np.eye(n)  # a row a stimulated neuron
        for step in range(horizon + 1):
            if step:
                now, before = activity[t + step], activity[t + step - 1]
                rest = now - np.tanh(weight @ before + bias)
                changed = np.tanh(changed @ weight.T + bias) + rest + size * np.eye(n)
            found[place % 2, step] += (changed - activity[t + step]).T
    n_moments = np.array([(len(moments) + 1) // 2, len(moments) // 2])
    found /= size * n_moments[:, None, None, None]
    return np.where(np.abs(found) < ROUNDING, 0.0, found)


def _cells(config: Any) -> Sequence[Cell]:
    seeds = range(config.first_seed, config.first_seed + config.n_seeds)
    return grid("stimulation", system=config.perturbation.systems, seed=seeds)


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    del context
    settings = config.perturbation
    system: Any = replace(
        SUITE[cell["system"]], n_neurons=settings.n_neurons, n_steps=settings.n_steps
    )
    key = (cell["seed"], 5)
    simulated = simulate_cell_types(system, rng=np.random.default_rng(key))
    weight, bias = draw_network(system, rng=np.random.default_rng(key))
    activity = simulated.activity
    last = settings.n_steps - settings.horizon - 1
    moments = np.linspace(0, last, settings.n_states).astype(int).tolist()
    halves = stimulated_responses(
        activity[0], weight, bias, moments, size=settings.size, horizon=settings.horizon
    )
    truth = halves.mean(axis=0)
    rng = np.random.default_rng((cell["seed"], 8))
    edges = EdgePosterior(n_lags=1).fit(activity, rng=rng)
    fitted = {
        DEFAULT: causal_weight(edges),
        HEARD: edges.coupling.weight,
        "ridge VAR": Ridge(1).fit(activity).weight,
        "lasso VAR": Lasso(1).fit(activity).weight,
        "sparse + factors": SparseFactors(1).fit(activity).weight,
    }
    rows = []
    for horizon in sorted({1, settings.horizon}):
        at = {"horizon": horizon}
        for name, found in fitted.items():
            rows += _scores(name, push_responses(found, horizon), truth[horizon], at)
        for name, lag in zip(CORRELATIONS, (1, 0), strict=True):
            rows += _scores(name, lagged_correlation(activity, lag), truth[horizon], at)
        rows += _ceiling(halves[:, horizon], at)
        spread = response_spread(
            drawn_weights(edges, settings.n_draws, rng=rng), horizon, level=LEVEL
        )
        off = ~np.eye(len(weight), dtype=bool)
        inside = (truth[horizon] >= spread.low) & (truth[horizon] <= spread.high)
        rows.append(Row(DEFAULT, "interval_achieved", inside[off].mean(), "", at))
    predicted = push_responses(fitted[DEFAULT], settings.horizon)
    return Measured(
        rows,
        arrays={
            "truth": truth[-1].astype(np.float32),
            "predicted": predicted.astype(np.float32),
        },
        notes=(
            *simulated.notes,
            f"{edges.factors.n} factors chosen; each neuron pushed at {settings.n_states} moments",
        ),
    )


def _scores(
    name: str, predicted: np.ndarray, truth: np.ndarray, at: Mapping[str, Any]
) -> Iterator[Row]:
    """Agreement between different neurons; error over the variance of true responses."""
    off = ~np.eye(len(truth), dtype=bool)
    x, y = predicted[off], truth[off]
    yield Row(name, "pearson", np.corrcoef(x, y)[0, 1], "", at)
    ranks = np.corrcoef(stats.rankdata(x), stats.rankdata(y))
    yield Row(name, "spearman", ranks[0, 1], "", at)
    yield Row(name, "identity_r2", 1 - ((x - y) ** 2).mean() / y.var(), "", at)


def _ceiling(halves: np.ndarray, at: Mapping[str, Any]) -> Iterator[Row]:
    """What the mean over all moments repeats of itself, by Spearman and Brown."""
    off = ~np.eye(halves.shape[1], dtype=bool)
    r = np.corrcoef(halves[0][off], halves[1][off])[0, 1]
    yield Row(HALF, "pearson", np.sqrt(max(2 * r / (1 + r), 0.0)), "", at)


def _seconds(cell: Cell, config: Any) -> float:
    settings = config.perturbation
    return 20.0 * (settings.n_neurons / 200) ** 2 * (0.3 + settings.n_steps / 24_000)


ARM = Arm(
    name="stimulation",
    sentence="Simulated systems, every neuron stimulated, against what fitted coupling predicts.",
    control="correlations, ridge and lasso autoregressions, half of the stimulations",
    cells=_cells,
    measure=_measure,
    seconds=_seconds,
)
