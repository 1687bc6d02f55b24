"""`connectivity`: from a recording to who drives whom, how sure that is, and what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Shaped

from neuroloom.analysis.edges import CalibrationTable, calibration_table, edge_scores
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, nearest
from neuroloom.fitting.coupling import (
    EdgePosterior,
    Edges,
    GaussianLikelihood,
    LaggedFrames,
    by_number_of_factors,
    choose_likelihood,
    simulate_twin,
)
from neuroloom.recording import Recording
from neuroloom.runs import progress_bar
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.connectivity_forecasts import Forecasts, forecasts_of, scale_of
from neuroloom.studies.connectivity_responses import Responses, responses_of
from neuroloom.studies.deconvolved import Deconvolved, deconvolved
from neuroloom.studies.held_out_part import Part, learned_and_held_out
from neuroloom.studies.wired_or_not import Wired, compared_with, wiring_between

__all__ = ["Connectivity", "connectivity"]

SLOW_LAGS = 2
"""Steps of the past that a slow sensor needs at the least."""
SURE = 0.9
"""Probability above which a connection counts as sure."""
FEW_PAIRS = 90
"""Pairs of ten neurons: with fewer, a distribution of connections is hardly estimated."""


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Who drives whom in a recording.

    Attributes:
        edges: Probability and weight of every connection, factors, and the forecast, from all
            frames.
        neuron_id: Of the neurons that took part, in their order.
        table: One row an ordered pair, likeliest first, then strongest: `pre`, `post`,
            `probability`, `effect` (posterior mean, each neuron on its own `scale`), `weight` (the
            same in units of activity), `low` and `high` (90 % of the weight if it exists),
            `standard_error` of its unbiased estimate, `stability`, `count` of the
            connectome, and `probability_deconvolved`, `effect_deconvolved` where asked for.
        forecasts: Of held-out frames, their scores and those of baselines.
        by_factors: What other numbers of factors would have said.
        twin: Scores of the same estimator on simulated twins, by name, mean over twins.
        twin_calibration: Its probabilities against the connections of the twins; None without.
        wired: Comparison with the connectome; None without one.
        responses: What stimulating each neuron would do; None of spike counts.
        deconvolved: A second estimate, from deconvolved activity; None if not asked for.
        scale: Of each neuron, in the unit of activity: `edges` has every neuron's activity divided
            by it.
        dt: Seconds a step.
        unit: Of the activity.
        notes: What a reader must know, a sentence each.
    """

    edges: Edges
    neuron_id: Shaped[np.ndarray, " neuron"]
    table: pd.DataFrame
    forecasts: Forecasts
    by_factors: pd.DataFrame
    twin: dict[str, float]
    twin_calibration: CalibrationTable | None
    wired: Wired | None
    responses: Responses | None
    deconvolved: Deconvolved | None
    scale: Float[np.ndarray, " neuron"]
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
    n_trials, n_steps, _ = recording.activity.shape
    parts = learned_and_held_out(n_trials, n_steps, config.test_fraction)
    kept, notes = _kept(recording, config.least_observed, parts[0])
    cue = _behavior(recording, behavior, parts[0])
    ids = recording.neuron_id[kept]
    activity = recording.activity[:, :, kept]
    likelihood = GaussianLikelihood()
    if recording.kind == "spike_count":
        likelihood = choose_likelihood(activity[parts[0]], None if cue is None else cue[parts[0]])
    scale = scale_of(activity, cue, likelihood)
    scaled = activity / scale
    counts = None if connectome is None else wiring_between(connectome, ids)
    wired = None if counts is None or not config.prior else counts > 0
    method = EdgePosterior(
        n_lags=config.lags,
        n_factors=config.factors,
        n_blocks=config.blocks,
        least_lags=_least_lags(recording.kind, activity, cue, parts[0]),
        likelihood=likelihood,
    )
    with progress_bar("connectivity", total=5 + config.twins, enabled=progress) as bar:
        edges = replace(method, n_bootstraps=config.bootstraps).fit(
            scaled, cue, wired=wired, rng=np.random.default_rng([config.seed, 0])
        )
        bar.advance(note=f"{edges.n_lags} lags, {edges.factors.n} factors")
        forecasts = forecasts_of(
            activity, cue, parts, method, config, wired=wired, unit=recording.unit
        )
        again = None
        if config.deconvolve is not None:
            again = deconvolved(
                edges,
                activity,
                cue,
                replace(method, least_lags=1),
                config.deconvolve,
                np.random.default_rng([config.seed, 6]),
            )
        bar.advance(2, note="forecasts")
        most = min(2 * edges.factors.n + 5, activity.shape[2] - 1)
        by_factors = by_number_of_factors(edges, scaled, cue, numbers=range(most + 1))
        bar.advance(note="factors")
        n_frames = LaggedFrames(scaled, edges.n_lags, cue).n_frames
        twins = []
        for n in range(config.twins):
            own = np.random.default_rng([config.seed, 1, n])
            simulated, truth = simulate_twin(edges, n_frames + edges.n_lags, own)
            alive = np.ptp(simulated, axis=(0, 1)) > 0  # a twin's neuron may never fire
            simulated, truth = simulated[:, :, alive], truth[np.ix_(alive, alive)]
            twins.append(
                (
                    EdgePosterior(n_lags=edges.n_lags, likelihood=likelihood).fit(
                        simulated, rng=own
                    ),
                    truth,
                )
            )
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
    said = _said(edges, recording, n_frames, behavior, wired is not None)
    if counts is not None:
        n_known = int(np.isfinite(counts).any(axis=1).sum())
        said.append(f"{n_known:,} of {len(ids):,} neurons are in the connectome, by id or name")
    return Connectivity(
        edges=edges,
        neuron_id=ids,
        table=_table(edges, ids, counts, scale, again),
        forecasts=forecasts,
        by_factors=by_factors,
        twin=_recovered(twins),
        twin_calibration=_calibration(twins),
        wired=compared,
        responses=responses_of(edges, ids, np.random.default_rng([config.seed, 7])),
        deconvolved=again,
        scale=scale,
        dt=recording.dt,
        unit=recording.unit,
        notes=(*recording.audit, *notes, *said),
    )


def _kept(
    recording: Recording, least: float, training: Part
) -> tuple[Bool[np.ndarray, " neuron"], list[str]]:
    """Neurons observed often enough that vary in what is learned from; a sentence on the others."""
    lasts = recording.observed.any(axis=2)  # a trial shorter than others ends in nothing
    seen = (
        recording.observed[lasts].mean(axis=0)
        if lasts.any()
        else np.zeros(recording.activity.shape[2])
    )
    learned = recording.activity[training]
    varies = np.nanmax(learned, axis=(0, 1), initial=-np.inf) > np.nanmin(
        learned, axis=(0, 1), initial=np.inf
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
        ((seen >= least) & ~varies, "constant in the frames that forecasts learn from"),
    ):
        if out.any():
            first = ", ".join(str(i) for i in recording.neuron_id[out][:3].tolist())
            notes.append(
                f"{out.sum():,} of {out.size:,} neurons are {why} and left out, such as {first}"
            )
    return kept, notes


def _behavior(recording: Recording, names: Sequence[str], training: Part) -> np.ndarray | None:
    for name in names:
        if name not in recording.behavior:
            others = list(recording.behavior)
            way_out = nearest(name, others) if others else "Leave it out."
            raise InputError(
                f"`behavior` must name variables of the recording; `{name}` is none of its "
                f"{len(others)}. {way_out}"
            )
        known = recording.behavior[name][training]
        known = known[np.isfinite(known)]
        if not known.size or known.min() == known.max():
            raise InputError(
                f"`behavior` must vary where forecasts learn; `{name}` is "
                f"{'constant' if known.size else 'never observed'} there. Leave it out."
            )
    if len(set(names)) < len(names):
        raise InputError(
            f"`behavior` must name each variable once; got {', '.join(names)}. Leave out what "
            "repeats."
        )
    if not names:
        return None
    return np.stack([recording.behavior[name] for name in names], axis=2)


def _least_lags(
    kind: str, activity: np.ndarray, cue: np.ndarray | None, training: Part
) -> Literal[1, 2]:
    """Two for calcium, where frames allow it: with one, coupling does what the sensor does."""
    if kind != "calcium" or activity.shape[1] <= SLOW_LAGS:
        return 1
    learned = activity[training]
    if learned.shape[1] <= SLOW_LAGS:
        return 1
    seen = np.asarray(np.isfinite(learned).all(axis=2))
    if cue is not None:
        seen = np.asarray(seen & np.isfinite(cue[training]).all(axis=2))
    n_predictors = SLOW_LAGS * (activity.shape[2] + (0 if cue is None else cue.shape[2]))
    whole = seen[:, 2:] & seen[:, 1:-1] & seen[:, :-2]
    return 2 if whole.sum() >= 2 * n_predictors else 1


Twins = Sequence[tuple[Edges, np.ndarray]]


def _recovered(twins: Twins) -> dict[str, float]:
    """What the estimator finds of twins, mean over them."""
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


def _calibration(twins: Twins) -> CalibrationTable | None:
    """Pairs of all twins together."""
    if not twins:
        return None
    off = ~np.eye(len(twins[0][1]), dtype=bool)
    return calibration_table(
        np.concatenate([edges.probability[off] for edges, _ in twins]),
        np.concatenate([truth[off] != 0 for _, truth in twins]),
    )


def _table(
    edges: Edges,
    ids: np.ndarray,
    counts: np.ndarray | None,
    scale: np.ndarray,
    again: Deconvolved | None,
) -> pd.DataFrame:
    n = len(ids)
    post, pre = np.nonzero(~np.eye(n, dtype=bool))
    half = 1.645 * edges.model.sd
    estimate = edges.model.mean
    unit = scale[post] / scale[pre]
    columns = {
        "pre": ids[pre],
        "post": ids[post],
        "probability": edges.probability[post, pre],
        "effect": edges.connectivity[post, pre],
        "weight": edges.connectivity[post, pre] * unit,
        "low": (estimate - half)[post, pre] * unit,
        "high": (estimate + half)[post, pre] * unit,
        "standard_error": edges.standard_error[post, pre] * unit,
        "stability": edges.stability[post, pre],
    }
    if counts is not None:
        columns["count"] = counts[post, pre]
    if again is not None:
        columns["probability_deconvolved"] = again.edges.probability[post, pre]
        columns["effect_deconvolved"] = again.edges.connectivity[post, pre]
    table = pd.DataFrame(columns)
    order = np.lexsort((-table["effect"].abs(), -table["probability"].round(6)))
    return table.iloc[order].reset_index(drop=True)


def _said(
    edges: Edges, recording: Recording, n_frames: int, behavior: Sequence[str], prior: bool
) -> list[str]:
    lasts = recording.observed.any(axis=2).sum(axis=1)
    total, n_trials = int(lasts.sum()), len(lasts)
    long = f"{lasts.min():,}" + (f" to {lasts.max():,}" if np.ptp(lasts) else "")
    notes = [
        f"{n_frames:,} of {total:,} frames count ({n_trials:,} "
        f"{'trial' if n_trials == 1 else 'trials'} of {long} frames of {recording.dt:.3g} s): all "
        "that took part is observed in them and in the steps before",
        f"steps of the past: {edges.n_lags} ({edges.n_lags * (recording.dt or 0):.3g} s); factors "
        f"of common drive: {edges.factors.n}; connections are "
        + ("areas of kernels" if edges.likelihood.name == "Poisson" else "read one step back"),
        f"standard errors are {np.sqrt(edges.inflation.mean()):.2f} times what independent frames "
        "would give",
    ]
    if behavior:
        notes.append(f"behavior whose past predicts, too: {', '.join(behavior)}")
    if edges.probability.size - len(edges.probability) < FEW_PAIRS:
        notes.append(
            f"fewer than {FEW_PAIRS} pairs: how many are connected, and how strongly, is estimated "
            "from all pairs together, and so few say little; trust intervals and stability more"
        )
    if 2 * n_frames < total:
        notes.append(
            "fewer than half of the frames count; raise `--least-observed` to leave out neurons "
            "that are seldom observed"
        )
    if recording.kind == "calcium" and edges.n_lags < SLOW_LAGS:
        notes.append(
            "calcium is slow: with one step of the past, coupling takes over what the sensor does; "
            "record longer or choose fewer neurons for two"
        )
    if recording.kind == "spike_count":
        notes.append(
            "counts are fitted with a Poisson likelihood: a weight is by how much one spike "
            "changes the log rate, added up over the lags"
            if edges.likelihood.name == "Poisson"
            else "counts are regressed as they are: a Poisson likelihood is for at most 5 spikes a "
            "bin of any neuron, and where its forecasts of the end of what is learned from hold"
        )
    if prior:
        notes.append("the connectome was used as a prior; nothing here can confirm it")
    return notes
