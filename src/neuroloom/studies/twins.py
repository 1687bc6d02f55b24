"""Simulated twins of a fit, refitted: what data like these tell, if the model is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.edges import CalibrationTable, calibration_table, edge_scores
from neuroloom.fitting.coupling import EdgePosterior, Edges, simulate_twin

__all__ = ["SURE", "recovered", "refitted_twin", "twin_calibration"]

SURE = 0.9
"""Probability above which a connection counts as sure."""

Twins = Sequence[tuple[Edges, np.ndarray]]


def refitted_twin(
    edges: Edges, n_frames: int, seed: Sequence[int]
) -> tuple[Edges, Float[np.ndarray, "post pre"]] | None:
    """A twin as long as the recording, fitted as this was, and the connections that made it.

    A twin's neuron may never fire: it is left out. None where fewer than two fire.

    Args:
        edges: Of the recording.
        n_frames: That counted.
        seed: Every random number follows from it.
    """
    rng = np.random.default_rng(seed)
    simulated, truth = simulate_twin(edges, n_frames + edges.n_lags, rng)
    alive = np.ptp(simulated, axis=(0, 1)) > 0
    if alive.sum() < 2:
        return None
    method = EdgePosterior(
        n_lags=edges.n_input_lags, likelihood=edges.likelihood, decay=edges.decay
    )
    return method.fit(simulated[:, :, alive], rng=rng), truth[np.ix_(alive, alive)]


def recovered(twins: Twins) -> dict[str, float]:
    """What the estimator finds of twins, mean over them, by name of the score.

    Args:
        twins: Fits, and the connections that made the data.
    """
    wanted = (
        "prevalence",
        "probability_auprc",
        "probability_auroc",
        "pearson",
        "sign_accuracy",
        "calibration_error",
    )
    found: dict[str, list[float]] = {}
    for edges, truth in twins:
        scores = edge_scores(edges.connectivity, truth, probability=edges.probability)
        sure = edges.probability > SURE
        of_sure = float((truth != 0)[sure].mean()) if sure.any() else float("nan")
        values = {name: scores[name].value for name in wanted}
        for name, value in {**values, "sure": float(sure.sum()), "sure_right": of_sure}.items():
            found.setdefault(name, []).append(value)
    return {
        name: float(np.mean(known)) if (known := [v for v in values if v == v]) else float("nan")
        for name, values in found.items()
    }


def twin_calibration(twins: Twins) -> CalibrationTable | None:
    """Probabilities against connections, pairs of all twins together; None without twins.

    Args:
        twins: Fits, and the connections that made the data.
    """
    if not twins:
        return None
    pairs = [(edges, truth, ~np.eye(len(truth), dtype=bool)) for edges, truth in twins]
    return calibration_table(
        np.concatenate([edges.probability[off] for edges, _, off in pairs]),
        np.concatenate([truth[off] != 0 for _, truth, off in pairs]),
    )
