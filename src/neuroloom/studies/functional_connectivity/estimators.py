"""Every estimator that a system is given to, under the same conditions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.baselines import (
    AbstractForecast,
    Autoregression,
    Mean,
    NLinear,
    Persistence,
    PopulationMean,
    PrincipalComponents,
)
from neuroloom.fitting.coupling import (
    L1,
    L2,
    EdgePosterior,
    Edges,
    GaussianLikelihood,
    GroupL1,
    Lasso,
    Poisson,
    ReducedRank,
    Ridge,
    SparseFactors,
)
from neuroloom.studies.deconvolved import DECONVOLVED, fit_deconvolved
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated
from neuroloom.studies.functional_connectivity.spikes import BASIS

__all__ = [
    "DEFAULT",
    "GAUSSIAN",
    "GLMS",
    "ORACLE",
    "TYPED",
    "SHIFTED",
    "UNCOUPLED",
    "Answer",
    "answers",
    "lagged_correlation",
]

DEFAULT = "edge posterior"
TYPED = "edge posterior, types known"
GAUSSIAN = "edge posterior, Gaussian"
GLMS = {
    "Poisson GLM, group lasso": GroupL1(),
    "Poisson GLM, lasso": L1(),
    "Poisson GLM, ridge": L2(),
}
ORACLE = "lasso VAR given the latents"
UNCOUPLED = "own past"
SHIFTED = "others at the wrong time"
LEAST = 1e-10  # ridge penalty that leaves least squares


@dataclass(frozen=True, eq=False)
class Answer:
    """What one estimator says.

    Attributes:
        name: Of the estimator.
        connectivity: W[post, pre]; None from a forecaster without coupling.
        probability: Of each connection, where the estimator gives one.
        forecast: Where the estimator gives one that may be scored.
        seconds: It took.
        edges: All that the recommended estimator found.
    """

    name: str
    connectivity: Float[np.ndarray, "post pre"] | None
    forecast: AbstractForecast | None
    seconds: float
    probability: Float[np.ndarray, "post pre"] | None = None
    edges: Edges | None = None


def answers(
    system: Simulated,
    training: Float[np.ndarray, "trial time neuron"],
    latent: Float[np.ndarray, "_ _ latent"] | None,
    *,
    n_bootstraps: int,
    rng: np.random.Generator,
) -> Iterator[Answer]:
    """Of all estimators, the recommended one first; all others have as many lags as it chooses.

    Where it takes spikes for Poisson, the same with a Gaussian likelihood follows, whose number of
    lags all linear ones have, and coupled GLMs.

    Args:
        system: What was simulated; estimators see `training`, and cell types where they say so.
        training: The first part of its activity.
        latent: Common drive of these frames, for the oracle alone; None if there is none.
        n_bootstraps: Of the recommended estimator.
        rng: Randomness.
    """
    edges, seconds = _timed(lambda: EdgePosterior(n_bootstraps=n_bootstraps).fit(training, rng=rng))
    yield Answer(DEFAULT, edges.connectivity, edges, seconds, edges.probability, edges)
    p = edges.n_lags
    if system.cell_type is not None:
        known, seconds = _timed(
            lambda: EdgePosterior(n_lags=edges.n_input_lags, decay=edges.decay).fit(
                training, cell_type=system.cell_type, rng=rng
            )
        )
        yield Answer(TYPED, known.connectivity, known, seconds, known.probability)
    if edges.likelihood.name == "Poisson":
        linear, seconds = _timed(
            lambda: EdgePosterior(likelihood=GaussianLikelihood()).fit(training, rng=rng)
        )
        yield Answer(GAUSSIAN, linear.connectivity, linear, seconds, linear.probability)
        p = linear.n_lags
        for name, penalty in GLMS.items():
            found, seconds = _timed(lambda penalty=penalty: Poisson(BASIS, penalty).fit(training))
            yield Answer(name, found.connectivity, found, seconds)
    for name, method in (
        ("lasso VAR", Lasso(p)),
        ("ridge VAR", Ridge(p)),
        ("least-squares VAR", Ridge(p, penalty=LEAST)),
        ("reduced-rank VAR", ReducedRank(p)),
        ("sparse + factors", SparseFactors(p)),
    ):
        found, seconds = _timed(lambda method=method: method.fit(training))
        forecasts = name != "sparse + factors"  # its factors are of the present
        yield Answer(name, found.connectivity, found if forecasts else None, seconds)
    if system.kind == "calcium":
        yield from _deconvolved(training)
    for name, estimate in (
        ("lag-1 correlation", lambda: lagged_correlation(training, 1)),
        ("lag-0 correlation", lambda: lagged_correlation(training, 0)),
        ("partial correlation", lambda: _partial_correlation(training)),
    ):
        found, seconds = _timed(estimate)
        yield Answer(name, found, None, seconds)
    if latent is not None:
        ahead = np.roll(latent, -1, axis=1)
        ahead[:, -1] = np.nan  # what goes into a frame stands where its past does
        found, seconds = _timed(lambda: Lasso(p).fit(training, ahead))
        yield Answer(ORACLE, found.connectivity, None, seconds)
    for name, method in (
        ("mean", Mean()),
        ("persistence", Persistence()),
        (UNCOUPLED, Autoregression(n_lags=p)),
        ("own past, 5 lags", Autoregression(n_lags=5)),
        ("own past + population mean", PopulationMean(n_lags=p)),
        ("principal components", PrincipalComponents(n_lags=p)),
        ("NLinear", NLinear()),
    ):
        found, seconds = _timed(lambda method=method: method.fit(training))
        yield Answer(name, None, found, seconds)


def _deconvolved(training: np.ndarray) -> Iterator[Answer]:
    """The same estimators, given what goes into the sensor by its estimated decay.

    Their randomness is their own: the other estimators draw what they draw without them.
    """
    rng = np.random.default_rng(0)
    found, seconds = _timed(lambda: fit_deconvolved(training, None, EdgePosterior(), 1, rng))
    edges = found.edges
    yield Answer(DECONVOLVED, edges.connectivity, found, seconds, edges.probability)
    into = found.decay.deconvolved(training)
    for name, method in (
        ("least-squares VAR, deconvolved", Ridge(edges.n_lags, penalty=LEAST)),
        ("sparse + factors, deconvolved", SparseFactors(edges.n_lags)),
    ):
        fitted, seconds = _timed(lambda method=method: method.fit(into))
        yield Answer(name, fitted.connectivity, None, seconds)


def lagged_correlation(
    activity: Float[np.ndarray, "trial time neuron"], lag: int
) -> Float[np.ndarray, "post pre"]:
    """Pearson correlation of each neuron now with each neuron `lag` steps before."""
    n = activity.shape[1]
    now, past = (
        part.reshape(-1, activity.shape[2]) for part in (activity[:, lag:], activity[:, : n - lag])
    )
    now, past = (part - part.mean(0) for part in (now, past))
    return (now.T @ past) / np.sqrt(np.outer((now**2).sum(0), (past**2).sum(0)))


def _partial_correlation(activity: np.ndarray) -> np.ndarray:
    """Correlation of two neurons at one moment, given all others at that moment."""
    flat = activity.reshape(-1, activity.shape[2])
    precision = np.linalg.pinv(np.cov(flat.T), hermitian=True)
    scale = np.sqrt(np.diag(precision))
    return -precision / np.outer(scale, scale)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started
