"""The main job: what do neurons do when another, never stimulated in training, is stimulated?"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from neuroloom.analysis import Evaluation, evaluate, scores
from neuroloom.analysis.coverage import (
    achieved_coverage,
    conformal_half_width,
    ensemble_half_width,
)
from neuroloom.analysis.response_scores import GAIN, POOLED, Pairs, beats, score_responses
from neuroloom.connectome import Connectome
from neuroloom.fitting import Fit
from neuroloom.recording import Recording, StimulatedNeurons, alone
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.outcome import NEURON_COLUMNS, Outcome
from neuroloom.studies.placement import Placed
from neuroloom.studies.responses.arms import SIGN_RULES, apart_arms, headline_arms
from neuroloom.studies.responses.baselines import homolog_responses
from neuroloom.studies.responses.ceiling import split_half_ceiling
from neuroloom.studies.responses.model import N_STEPS
from neuroloom.studies.responses.predictor import FittedNetwork, NetworkPredictor

__all__ = ["APART", "Companions", "predict_responses"]

APART = "held-out stimulated, homologs may be in training, "
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Companions:
    """What else is known of an experiment, on the trials and neurons of the placed recording.

    Attributes:
        transfer: Recordings of other animals, by name.
        single: Single responses; empty where they are not known.
        entry: Flat position of each single response in the recording's activity.
    """

    transfer: Mapping[str, Recording] = field(default_factory=dict)
    single: Float[np.ndarray, " row"] = field(default_factory=lambda: np.zeros(0))
    entry: Int[np.ndarray, " row"] = field(default_factory=lambda: np.zeros(0, np.int64))


def predict_responses(
    placed: Placed,
    config: PredictConfig,
    companions: Companions,
    *,
    cells: Path | None = None,
    progress: bool = True,
) -> Outcome:
    """Hold out stimulated neurons in folds, predict the responses of all others, and score.

    Args:
        placed: Connectome and responses on the same neurons.
        config: The numbers of the job.
        companions: Other animals for transfer, single trials for the ceiling.
        cells: Folder in which finished fits are kept.
        progress: Whether to show progress bars.

    Raises:
        InputError: If the recording has no q values or numbers of observations, or too few
            stimulated neurons for the folds.
    """
    connectome, recording = placed.connectome, placed.recording
    together = evaluate(
        connectome,
        recording,
        headline_arms(connectome, recording, config, companions.transfer),
        split=StimulatedNeurons(config.n_folds),
        cells=cells and cells / "together",
        q_below=config.q_below,
        n_resamples=config.n_resamples,
        seed=config.seed,
        progress=progress,
    )
    apart = evaluate(
        connectome,
        recording,
        apart_arms(recording, config),
        split=StimulatedNeurons(config.n_folds, together=alone),
        cells=cells and cells / "apart",
        q_below=config.q_below,
        n_resamples=config.n_resamples,
        seed=config.seed,
        progress=progress,
    )
    rng = np.random.default_rng([config.seed, 3])
    pairs = together.pairs["default"]
    table = pd.concat(
        [
            together.scores,
            _seen_homologs(recording, together, config, rng),
            split_half_ceiling(recording, pairs, companions.single, companions.entry, rng=rng),
            _apart_names(apart.scores),
        ],
        ignore_index=True,
    )
    signed, sign_sentence = SIGN_RULES[config.sign_rule].resolve(connectome)
    whole = _on_everything(signed, recording, config)
    predictions, coverage = _predictions(recording, together)
    return Outcome(
        job="responses",
        question=(
            "When a neuron is stimulated that was never stimulated in training, which neurons "
            "respond, and does the real wiring say so better than null wirings?"
        ),
        answer=_answer(table),
        scores=table,
        neurons=_by_neuron(recording, together),
        predictions=predictions,
        fits={"fit": whole},
        methods=_methods(connectome, recording, config, sign_sentence, together),
        coverage=coverage,
        wiring=signed,
    )


def _apart_names(table: pd.DataFrame) -> pd.DataFrame:
    names = [str(n).replace("held-out stimulated, ", APART) for n in table["split"].tolist()]
    return table.assign(split=names)


def _on_everything(signed: Connectome, recording: Recording, config: PredictConfig) -> Fit:
    """The ensemble for use, fitted to all trials; it is not scored."""
    predictor = NetworkPredictor(
        n_members=config.n_members,
        q_below=config.q_below,
        learn_unknown_signs=SIGN_RULES[config.sign_rule].learned,
    )
    fitted = predictor.fit(signed, recording, rng=np.random.default_rng([config.seed, 4]))
    assert isinstance(fitted, FittedNetwork)
    return fitted.ensemble


def _seen_homologs(
    recording: Recording, together: Evaluation, config: PredictConfig, rng: np.random.Generator
) -> pd.DataFrame:
    """What a look at the held-out homolog would give, on the pairs where it was measured."""
    pairs = together.pairs["default"]
    other = homolog_responses(recording)[:, None]
    known = np.isfinite(other[pairs.where])
    if not known.any() or len(np.unique(pairs.detected[known])) < 2:
        return together.scores.iloc[:0]
    where = pairs.where.copy()
    where[pairs.where] = known
    some = Pairs(
        where,
        pairs.detected[known],
        pairs.measured[known],
        pairs.n_trials[known],
        pairs.group[known],
    )
    default = together.predictions["default"]
    seen = type(default.draws[0])(
        np.nan_to_num(other)[..., None], np.abs(np.nan_to_num(other)), calibrated=False
    )
    arms = {
        "ceiling: response to the stimulated homolog, where it was measured": type(default)(
            (seen,), recording
        ),
        "variant: this model, where the homolog was measured": default,
    }
    table = score_responses(
        arms,
        dict.fromkeys(arms, some),
        unit=recording.unit,
        n_resamples=config.n_resamples,
        rng=rng,
    )
    return table.loc[table["split"] == POOLED]


def _answer(table: pd.DataFrame) -> str:
    rows = [row for row in table.to_dict("records") if row["split"] == POOLED]
    by_arm = {row["arm"]: row for row in rows if row["measure"] == "auroc"}
    own = by_arm["default"]
    prevalence = next(row["value"] for row in rows if row["measure"] == "prevalence")
    found = (
        f"For held-out stimulated neurons the network ranks detected responses with AUROC "
        f"{own['value']:.3f} (95 % interval {own['low']:.3f} to {own['high']:.3f}; prevalence "
        f"{prevalence:.3f})."
    )
    simple = {n[10:]: row["value"] for n, row in by_arm.items() if n.startswith("baseline: ")}
    best = max(simple, key=simple.__getitem__)
    control = f"the best baseline, {best}, reaches {simple[best]:.3f}"
    nulls = {n[6:]: row for n, row in by_arm.items() if n.startswith("null: ")}
    if not nulls:
        return f"{found} No null wiring was drawn; {control}."
    gain = {row["arm"][6:]: row["low"] for row in rows if row["measure"] == GAIN}
    won = {n: beats(own["value"], row["high"], gain[n]) for n, row in nulls.items()}
    beaten = [_null_text(n, row) for n, row in nulls.items() if won[n]]
    others = [_null_text(n, row) for n, row in nulls.items() if not won[n]]
    said = [f"beats the same network refitted on {', '.join(beaten)}"] if beaten else []
    said += [f"is not shown to be better than on {', '.join(others)}"] if others else []
    return f"{found} It {' and '.join(said)}; {control}."


def _null_text(name: str, row: Mapping[Hashable, Any]) -> str:
    title = {"rewire": "rewired wiring", "shuffle_weights": "shuffled weights"}
    title |= {"rewire_within_type": "wiring rewired within types", "erdos_renyi": "random wiring"}
    title |= {"shuffle_signs": "shuffled signs"}
    return (
        f"{title.get(name, name)} {row['value']:.3f} (a further draw: {row['low']:.3f} to "
        f"{row['high']:.3f})"
    )


def _methods(
    connectome: Connectome,
    recording: Recording,
    config: PredictConfig,
    sign_sentence: str,
    together: Evaluation,
) -> tuple[str, ...]:
    pairs = together.pairs["default"]
    notes = [note for arm in together.predictions.values() for d in arm.draws for note in d.notes]
    nulls = (
        f"{len(config.nulls)} null wirings x {config.n_null_draws} draws, refitted in every fold"
        if config.n_null_draws
        else "no null wirings"
    )
    return (
        f"sizes: {config.n_members} members, {nulls}, {config.n_folds} folds of "
        f"{recording.n_trials} stimulated neurons, left and right homologs together; "
        f"{len(pairs.detected):,} pairs, {pairs.detected.sum():,} with q < {config.q_below:g}",
        f"response: steady state of a conductance network of {connectome.n_neurons} neurons under "
        "a constant push of the stimulated neuron, one linear solve; not a time course",
        f"the network and its detection head are fitted by {N_STEPS} steps of Adam to which "
        "responses were detected, each member on its own Bayesian bootstrap of stimulated neurons; "
        f"the effect in {recording.unit or 'its unit'} is linear in the fitted chance and the "
        "responder's mean, weighted by number of trials",
        "a prediction is the probability of detection at the pair's number of trials, which is "
        "known only after the experiment: see the variant without it",
        f"signs: {sign_sentence}",
        f"intervals: {config.n_resamples} resamples of stimulated neurons with their homologs; "
        "null wirings: into which a further draw falls (Student's t over the draws)",
        "a null wiring is beaten if the default lies above where a further draw would fall and its "
        "paired gain in AUROC, over the same resamples, lies above 0",
        "the main split keeps homologs together; the rows in which a homolog may be in training "
        "are there to show how much that leaks",
        *dict.fromkeys(notes),
    )


def _by_neuron(recording: Recording, together: Evaluation) -> pd.DataFrame:
    """AUROC and correlation of every responder and of every stimulated neuron."""
    pairs = together.pairs["default"]
    draw = together.predictions["default"].draws[0]
    assert draw.probability is not None
    chance, effect = draw.probability[pairs.where], draw.effect.mean(-1)[pairs.where]
    trial, _, responder = np.nonzero(pairs.where)
    rows = []
    for role, place, names in (
        ("responder", responder, recording.neuron_id),
        ("stimulated", trial, recording.column("stimulated")),
    ):
        for one in np.unique(place):
            inside = place == one
            hit = pairs.detected[inside]
            if inside.sum() >= 5 and 0 < hit.sum() < hit.size:
                value = float(scores.auroc(chance[inside], hit)[0])
                rows.append((names[one], role, "auroc", value, int(inside.sum())))
            if inside.sum() >= 5:
                r = float(scores.correlation(effect[inside], pairs.measured[inside])[0])
                rows.append((names[one], role, "correlation", r, int(inside.sum())))
    return pd.DataFrame(rows, columns=NEURON_COLUMNS)


def _predictions(recording: Recording, together: Evaluation) -> tuple[xr.Dataset, dict[str, float]]:
    """Everything predicted and measured, with intervals, and how often they hold."""
    pairs = together.pairs["default"]
    draw = together.predictions["default"].draws[0]
    trial, _, _ = np.nonzero(pairs.where)
    effect = draw.effect[pairs.where]
    error = effect.mean(-1) - pairs.measured
    half = conformal_half_width(
        error, np.maximum(pairs.n_trials, 1), together.fold[trial], level=LEVEL
    )
    coverage = {
        "nominal": LEVEL,
        "interval_achieved": achieved_coverage(error, half),
        "n": float(error.size),
    }
    if effect.shape[1] > 1:
        spread = ensemble_half_width(effect, level=LEVEL)
        coverage["ensemble_achieved"] = achieved_coverage(error, spread)
    low, high = (np.full(recording.activity.shape, np.nan) for _ in range(2))
    low[pairs.where], high[pairs.where] = effect.mean(-1) - half, effect.mean(-1) + half
    detected = np.full(recording.activity.shape, np.nan)
    detected[pairs.where] = pairs.detected
    others = {
        name: arm.draws[0].probability
        for name, arm in together.predictions.items()
        if name.startswith(("baseline: ", "null: ")) and arm.draws[0].probability is not None
    }
    entry = ("trial", "time", "neuron")
    held_out = np.broadcast_to(together.held_out[:, None, None], recording.activity.shape)
    data = {
        "predicted": ((*entry, "member"), draw.effect.astype(np.float32)),
        "measured": (entry, recording.activity),
        "probability": (entry, draw.probability),
        "detected": (entry, detected),
        "low": (entry, low),
        "high": (entry, high),
        "held_out": (entry, held_out.astype(np.int8)),
        "baseline_score": (
            ("baseline", *entry),
            np.stack(list(others.values())).astype(np.float32),
        ),
    }
    if recording.n_observations is not None:
        data["n_observations"] = (entry, recording.n_observations)
    dataset = xr.Dataset(
        data,
        coords={
            "trial": recording.column("stimulated").astype(str),
            "time": recording.time,
            "neuron": recording.neuron_id.astype(str),
            "baseline": list(others),
        },
        attrs={"unit": recording.unit, "kind": recording.kind},
    )
    return dataset, coverage
