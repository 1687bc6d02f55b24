"""`connectivity`: from a recording to who drives whom, how sure that is, and what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from neuroloom.analysis.edges import CalibrationTable
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.fitting.coupling import (
    EdgePosterior,
    Edges,
    GaussianLikelihood,
    LaggedFrames,
    by_number_of_factors,
    choose_likelihood,
)
from neuroloom.recording import Recording
from neuroloom.runs import progress_bar
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.connectivity_forecasts import Forecasts, forecasts_of, scale_of
from neuroloom.studies.connectivity_responses import Responses, responses_of
from neuroloom.studies.deconvolved import Deconvolved, deconvolved
from neuroloom.studies.held_out_part import learned_and_held_out
from neuroloom.studies.taking_part import (
    SLOW_LAGS,
    chosen_behavior,
    kept_neurons,
    least_lags,
)
from neuroloom.studies.twins import recovered, refitted_twin, twin_calibration
from neuroloom.studies.wired_or_not import Wired, compared_with, wiring_between

__all__ = ["Connectivity", "connectivity"]

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
    kept, notes = kept_neurons(recording, config.least_observed, parts[0])
    cue = chosen_behavior(recording, behavior, parts[0])
    ids = recording.neuron_id[kept]
    activity = recording.activity[:, :, kept]
    counts = None if connectome is None else wiring_between(connectome, ids)
    wired = None if counts is None or not config.prior else counts > 0
    with progress_bar("connectivity", total=6 + config.twins, enabled=progress) as bar:
        likelihood = GaussianLikelihood()
        if recording.kind == "spike_count":
            learned = None if cue is None else cue[parts[0]]
            likelihood = choose_likelihood(activity[parts[0]], learned)
        bar.advance(note=likelihood.name)
        scale = scale_of(activity, cue, likelihood)
        scaled = activity / scale
        method = EdgePosterior(
            n_lags=config.lags,
            n_factors=config.factors,
            n_blocks=config.blocks,
            least_lags=least_lags(recording.kind, activity, cue, parts[0]),
            likelihood=likelihood,
        )
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
            twin = refitted_twin(edges, n_frames, [config.seed, 1, n])
            twins += [] if twin is None else [twin]
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
        twin=recovered(twins),
        twin_calibration=twin_calibration(twins),
        wired=compared,
        responses=responses_of(edges, ids, np.random.default_rng([config.seed, 7])),
        deconvolved=again,
        scale=scale,
        dt=recording.dt,
        unit=recording.unit,
        notes=(*recording.audit, *notes, *said),
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
            "changes the log rate, added up over the lags; what a stimulated neuron would do to "
            "others hangs on how much they fire: `neuroloom.analysis.perturbation.response`"
            if edges.likelihood.name == "Poisson"
            else "counts are regressed as they are: a Poisson likelihood is for at most 5 spikes a "
            "bin of any neuron, and where its forecasts of the end of what is learned from hold"
        )
    if prior:
        notes.append("the connectome was used as a prior; nothing here can confirm it")
    return notes
