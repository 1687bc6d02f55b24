"""`connectivity`: from a recording to who drives whom, how sure that is, and what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Shaped

from neuroloom.analysis.edges import edge_scores
from neuroloom.analysis.forecasts import coupling_gain, forecast_scores, horizon_scores
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, nearest
from neuroloom.fitting.baselines import (
    Autoregression,
    Mean,
    Persistence,
    PopulationMean,
    free_run,
)
from neuroloom.fitting.coupling import (
    EdgePosterior,
    Edges,
    Lasso,
    Ridge,
    by_number_of_factors,
    simulate_twin,
)
from neuroloom.recording import Recording
from neuroloom.runs import progress_bar
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.held_out_part import learned_and_held_out
from neuroloom.studies.wired_or_not import Wired, compared_with, wiring_between

__all__ = ["Connectivity", "connectivity"]

OURS = "edge posterior"
ALONE = "own past"
N_ORIGINS = 100


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Who drives whom in a recording.

    Attributes:
        edges: Probability and weight of every connection, factors, and the forecast, from all
            frames.
        neuron_id: Of the neurons that took part, in their order.
        table: One row an ordered pair, likeliest first, then strongest: `pre`, `post`,
            `probability`, `weight` (posterior mean), `low` and `high` (90 % of the weight if it
            exists), `standard_error` of its least-squares estimate, `stability`, and `count` of
            the connectome.
        forecasts: Scores of one-step forecasts on held-out frames, baselines beside.
        gain: Our score less that of own past alone, with its interval.
        rollouts: Scores of free-running forecasts by horizon.
        by_factors: What other numbers of factors would have said.
        twin: Scores of the same estimator on simulated twins, by name, mean over twins.
        wired: Comparison with the connectome; None without one.
        predicted: Forecasts of the held-out frames.
        measured: The held-out frames.
        dt: Seconds a step.
        unit: Of the activity.
        notes: What a reader must know, a sentence each.
    """

    edges: Edges
    neuron_id: Shaped[np.ndarray, " neuron"]
    table: pd.DataFrame
    forecasts: pd.DataFrame
    gain: pd.DataFrame
    rollouts: pd.DataFrame
    by_factors: pd.DataFrame
    twin: dict[str, float]
    wired: Wired | None
    predicted: Float[np.ndarray, "trial time neuron"]
    measured: Float[np.ndarray, "trial time neuron"]
    dt: float
    unit: str
    notes: tuple[str, ...]


def connectivity(
    recording: Recording,
    connectome: Connectome | None = None,
    config: ConnectivityConfig | None = None,
    *,
    behavior: Sequence[str] = (),
    progress: bool = True,
) -> Connectivity:
    """Who drives whom, with a probability for every ordered pair of neurons.

    Activity one step ahead is regressed on the past of all neurons; common drive, unrecorded
    neurons and noise are told from connections as `EdgePosterior` says. Forecasts are scored on
    frames held out from everything, beside baselines.

    Args:
        recording: Activity over time, of any kind but `response`.
        connectome: Whose wiring the answer is compared with; neurons of the same id are the same.
        config: Every number; default `ConnectivityConfig()`.
        behavior: Variables of the recording whose past predicts, too.
        progress: Whether to show a progress bar.

    Raises:
        InputError: If the recording has no time, too few frames or neurons, or names are unknown.

    Example:
        >>> import numpy as np
        >>> from neuroloom import Recording
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(1, 500, 3))
        >>> x[:, 1:, 1] += 0.8 * x[:, :-1, 0]  # a drives b
        >>> rec = Recording(x, np.array(["a", "b", "c"]), kind="rate", dt=0.1)
        >>> found = connectivity(rec, progress=False)
        >>> found.table[["pre", "post"]].values[0].tolist()
        ['a', 'b']
    """
    config = config or ConnectivityConfig()
    if recording.dt is None:
        raise InputError(
            "Connectivity must be read from activity over time; this recording has one number a "
            "trial. Use `predict` for responses."
        )
    kept, notes = _kept(recording, config.least_observed)
    activity = recording.activity[:, :, kept]
    cue = _behavior(recording, behavior)
    ids = recording.neuron_id[kept]
    rng = np.random.default_rng([config.seed, 0])
    counts = None if connectome is None else wiring_between(connectome, ids)
    wired = None if counts is None or not config.prior else counts > 0
    method = EdgePosterior(
        n_lags=config.lags,
        n_factors=config.factors,
        n_bootstraps=config.bootstraps,
        n_blocks=config.blocks,
    )
    with progress_bar("connectivity", total=5 + config.twins, enabled=progress) as bar:
        edges = method.fit(activity, cue, wired=wired, rng=rng)
        bar.advance(note=f"{edges.n_lags} lags, {edges.factors.n} factors")
        forecasts, gain, rollouts, predicted, measured = _forecasts(
            activity, cue, edges, config, wired, recording.unit
        )
        bar.advance(2, note="forecasts")
        chosen = edges.factors.n
        most = min(2 * chosen + 5, activity.shape[2] - 1)
        sensitivity = by_number_of_factors(edges, activity, cue, numbers=range(most + 1))
        bar.advance(note="factors")
        twins = []
        for n in range(config.twins):
            own = np.random.default_rng([config.seed, 1, n])
            n_frames = int(np.isfinite(activity).all(axis=2).sum())
            simulated, truth = simulate_twin(edges, n_frames, own)
            again = EdgePosterior(n_lags=edges.n_lags).fit(simulated, rng=own)
            twins.append(_recovered(again, truth))
            bar.advance(note="twin")
        compared = None
        if counts is not None and connectome is not None and not config.prior:
            compared = compared_with(
                connectome,
                ids,
                edges.probability,
                n_draws=config.draws,
                rng=np.random.default_rng([config.seed, 2]),
            )
        bar.advance(note="done")
    return Connectivity(
        edges=edges,
        neuron_id=ids,
        table=_table(edges, ids, counts),
        forecasts=forecasts,
        gain=gain,
        rollouts=rollouts,
        by_factors=sensitivity,
        twin={k: float(np.mean([t[k] for t in twins])) for k in twins[0]} if twins else {},
        wired=compared,
        predicted=predicted,
        measured=measured,
        dt=recording.dt,
        unit=recording.unit,
        notes=(*recording.audit, *notes, *_said(edges, recording, wired is not None)),
    )


def _kept(recording: Recording, least: float) -> tuple[Bool[np.ndarray, " neuron"], list[str]]:
    """Neurons observed often enough, and a sentence on those left out."""
    seen = recording.observed.mean(axis=(0, 1))
    varies = np.nanmax(recording.activity, axis=(0, 1), initial=-np.inf) > np.nanmin(
        recording.activity, axis=(0, 1), initial=np.inf
    )
    kept = (seen >= least) & varies
    if kept.sum() < 2:
        raise InputError(
            f"At least 2 neurons must be observed in {least:.0%} of the frames, and vary; "
            f"{kept.sum()} of {kept.size} are. Lower `--least-observed`, or choose a part of the "
            "recording in which more are."
        )
    notes = []
    for out, why in (
        (seen < least, f"observed in fewer than {least:.0%} of the frames"),
        ((seen >= least) & ~varies, "constant"),
    ):
        if out.any():
            first = ", ".join(str(i) for i in recording.neuron_id[out][:3].tolist())
            notes.append(
                f"{out.sum():,} of {out.size:,} neurons are {why} and left out, such as {first}"
            )
    return kept, notes


def _behavior(recording: Recording, names: Sequence[str]) -> np.ndarray | None:
    for name in names:
        if name not in recording.behavior:
            raise InputError(
                f"`behavior` must name variables of the recording; `{name}` is none of its "
                f"{len(recording.behavior)}. {nearest(name, list(recording.behavior))}"
            )
    if not names:
        return None
    return np.stack([recording.behavior[name] for name in names], axis=2)


def _forecasts(
    activity: np.ndarray,
    cue: np.ndarray | None,
    edges: Edges,
    config: ConnectivityConfig,
    wired: np.ndarray | None,
    unit: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    """All methods fitted to the first part, scored on the last."""
    train, test = learned_and_held_out(activity.shape[0], activity.shape[1], config.test_fraction)
    training, measured = activity[train], activity[test]
    known, given = (None if cue is None else cue[part] for part in (train, test))
    p = edges.n_lags
    ours = EdgePosterior(n_lags=config.lags, n_factors=config.factors).fit(
        training, known, wired=wired, rng=np.random.default_rng([config.seed, 3])
    )
    fitted = {
        OURS: ours,
        "lasso": Lasso(p).fit(training, known),
        "ridge": Ridge(p).fit(training, known),
        ALONE: Autoregression(n_lags=ours.n_lags).fit(training, known),
        "own past, 5 lags": Autoregression(n_lags=5).fit(training, known),
        "own past + population mean": PopulationMean(n_lags=p).fit(training, known),
        "persistence": Persistence().fit(training, known),
        "mean": Mean().fit(training, known),
    }
    predictions = {name: one.predict(measured, given) for name, one in fitted.items()}
    rng = np.random.default_rng([config.seed, 4])
    table = forecast_scores(predictions, measured, rng=rng, unit=unit)
    gain = coupling_gain(predictions[OURS], predictions[ALONE], measured, rng=rng, unit=unit)
    first, last = max(one.n_lags for one in fitted.values()), measured.shape[1] - 2
    origins = np.unique(np.linspace(first, max(first, last), N_ORIGINS).astype(int))
    few = {name: fitted[name] for name in (OURS, "ridge", ALONE, "persistence", "mean")}
    runs = {
        name: free_run(one, measured, given, origins=origins.tolist(), n_steps=config.horizon)
        for name, one in few.items()
    }
    some = runs[OURS]
    rollouts = horizon_scores(
        {name: run.predicted for name, run in runs.items()},
        some.measured,
        some.last,
        rng=rng,
        unit=unit,
    )
    return table, gain, rollouts, predictions[OURS], measured


def _recovered(edges: Edges, truth: np.ndarray) -> dict[str, float]:
    """What the estimator finds of a twin."""
    scores = edge_scores(edges.connectivity, truth, probability=edges.probability)
    wanted = (
        "prevalence",
        "probability_auprc",
        "probability_auroc",
        "pearson",
        "sign_accuracy",
        "calibration_error",
    )
    found = {name: scores[name].value for name in wanted}
    sure = edges.probability > 0.9
    found["sure"] = float(sure.sum())
    found["sure_right"] = float((truth != 0)[sure].mean()) if sure.any() else float("nan")
    return found


def _table(edges: Edges, ids: np.ndarray, counts: np.ndarray | None) -> pd.DataFrame:
    n = len(ids)
    post, pre = np.nonzero(~np.eye(n, dtype=bool))
    half = 1.645 * edges.model.sd
    estimate = edges.model.mean
    columns = {
        "pre": ids[pre],
        "post": ids[post],
        "probability": edges.probability[post, pre],
        "weight": edges.connectivity[post, pre],
        "low": (estimate - half)[post, pre],
        "high": (estimate + half)[post, pre],
        "standard_error": edges.standard_error[post, pre],
        "stability": edges.stability[post, pre],
    }
    if counts is not None:
        columns["count"] = counts[post, pre]
    table = pd.DataFrame(columns)
    order = np.lexsort((-table["weight"].abs(), -table["probability"].round(6)))
    return table.iloc[order].reset_index(drop=True)


def _said(edges: Edges, recording: Recording, prior: bool) -> list[str]:
    notes = [
        f"steps of the past: {edges.n_lags} ({edges.n_lags * (recording.dt or 0):.3g} s); factors "
        f"of common drive: {edges.factors.n}; connections are read one step back",
        f"standard errors are {np.sqrt(edges.inflation.mean()):.2f} times what independent frames "
        "would give",
    ]
    if recording.kind == "calcium" and edges.n_lags < 2:
        notes.append(
            "calcium is slow: with one step of the past, coupling takes over what the sensor does; "
            "compare `--lags 2`"
        )
    if recording.kind == "spike_count":
        notes.append(
            "spike counts are regressed as they are, without a Poisson likelihood: probabilities "
            "rest on moments of the counts"
        )
    if prior:
        notes.append("the connectome was used as a prior; nothing here can confirm it")
    return notes
