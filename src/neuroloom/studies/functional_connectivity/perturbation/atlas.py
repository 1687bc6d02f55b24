"""Arm `perturbation`: the worm's responses to neurons that were never stimulated in training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroloom import datasets
from neuroloom.analysis import Arm as Compared
from neuroloom.analysis import Evaluation, evaluate, scores
from neuroloom.analysis.perturbation import gain_within_strata
from neuroloom.analysis.response_scores import POOLED, STRATA, STRATA_MEAN, Pairs
from neuroloom.connectome.nulls import NULLS
from neuroloom.recording import Recording, StimulatedNeurons, alone, homolog_groups
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row
from neuroloom.studies.functional_connectivity.perturbation.linear_response import (
    ResponseCoupling,
    WiringGains,
)
from neuroloom.studies.placement import Placed, place
from neuroloom.studies.prediction import find_companions
from neuroloom.studies.responses.baselines import (
    ContactCount,
    HomologResponse,
    ResponderMean,
    TrialCount,
)
from neuroloom.studies.responses.ceiling import HALVES, split_half_ceiling

__all__ = [
    "APART",
    "ARM",
    "CEILING",
    "FITTED",
    "MEAN",
    "MEASURED",
    "MUTANT",
    "NULL",
    "RESPONDER",
    "TOGETHER",
    "TRIALS",
    "WIRING",
    "WITHIN",
    "compare",
]

FITTED = "fitted coupling"
WIRING = "wiring, two gains"
TRIALS = "number of trials alone"
RESPONDER = "responder mean"
MUTANT = ", on unc-31"
NULL = "rewired: "
WITHIN = "rewired within types: "
MEASURED = "measured in wild type" + MUTANT
CEILING = "ceiling: half of the trials"
TOGETHER, APART = "together", "apart"
MEAN = "mean over trial counts"
SHOWN = ("auroc", "auprc", "prevalence", "rank_correlation")
KINDS = {NULL: "rewire", WITHIN: "rewire_within_type"}


def _cells(config: Any) -> Sequence[Cell]:
    """Each draw of folds with homologs held out together; the leaky split once."""
    first, n = config.first_seed, config.perturbation.n_fold_draws
    seeds = [(TOGETHER, first + k) for k in range(n)] + [(APART, first)] * (n > 0)
    return [Cell.of("perturbation", homologs=homologs, seed=seed) for homologs, seed in seeds]


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    del context
    recording = datasets.recording("worm-responses")
    placed = place(datasets.connectome("worm"), recording)
    companions = find_companions(placed, recording)
    return compare(
        placed,
        companions.transfer["unc-31"],
        companions.single,
        companions.entry,
        config.perturbation,
        together=cell["homologs"] == TOGETHER,
        seed=cell["seed"],
    )


def compare(
    placed: Placed,
    mutant: Recording,
    single: np.ndarray,
    entry: np.ndarray,
    settings: Any,
    *,
    together: bool,
    seed: int,
) -> Measured:
    """Every candidate, baseline and null on the same held-out stimulated neurons.

    Args:
        placed: Wiring and wild-type responses on the same neurons.
        mutant: Responses of unc-31 on the same trials and neurons.
        single: Single responses, for the ceiling.
        entry: Flat position of each in the recording's activity.
        settings: A `PerturbationConfig`.
        together: Whether homologs are held out together.
        seed: All randomness.
    """
    recording = placed.recording
    found = evaluate(
        placed.connectome,
        recording,
        _compared(recording, mutant, settings) if together else _leaky(recording),
        split=StimulatedNeurons(settings.n_folds, together=homolog_groups if together else alone),
        n_resamples=2,  # intervals are those of gains, below
        seed=seed,
        progress=False,
    )
    rng = np.random.default_rng([seed, 6])
    pairs = found.pairs[FITTED]
    rows = list(_scores(found.scores.to_dict("records")))
    own = {name: _drawn(found, name) for name in found.predictions}
    names = [n for n in own if not n.startswith((*KINDS, TRIALS)) and MUTANT not in n]
    for name in names:
        rows += _gain(name, TRIALS, own[name][0], own[TRIALS], pairs, settings, seed)
    if together:
        for name in (FITTED, WIRING):
            for kind in (k for k in KINDS if k + name in own):
                rows += _gain(
                    name, kind + name, own[name][0], own[kind + name], pairs, settings, seed
                )
        rows += _gain(FITTED, RESPONDER, own[FITTED][0], own[RESPONDER], pairs, settings, seed)
        other = found.pairs[FITTED + MUTANT]
        for name in (FITTED, WIRING, RESPONDER):
            mine, trials = own[name + MUTANT][0], own[TRIALS + MUTANT]
            rows += _gain(name + MUTANT, TRIALS, mine, trials, other, settings, seed)
        rows += _measured_in_both(recording, other, settings, seed)
        ceiling = split_half_ceiling(recording, pairs, single, entry, rng=rng)
        halves = ceiling.loc[ceiling["arm"] == HALVES].assign(arm=CEILING)
        rows += _with_mean(list(_scores(halves.to_dict("records"))))
    notes = [note for arm in found.predictions.values() for d in arm.draws[:1] for note in d.notes]
    return Measured(
        rows,
        arrays=_shown(found, recording) if together else {},
        notes=(*dict.fromkeys(notes), *_NOTES),
    )


_NOTES = (
    "trials are counted in the table of single trials; the atlas' own `occ1` counts a few more",
    "all contacts of the wiring are taken for excitation: the signs of most are not known",
    "a prediction of the coupling does not know the number of trials, unless its name says so",
)


def _compared(recording: Recording, mutant: Recording, settings: Any) -> list[Compared]:
    """Candidates, nulls and baselines."""

    def both(name: str) -> dict[str, Recording]:
        return {name: recording, name + MUTANT: mutant}

    arms = [Compared(ResponseCoupling(), both(FITTED)), Compared(WiringGains(), both(WIRING))]
    known = f"{WIRING}, trials known"
    arms.append(Compared(WiringGains(trials_known=True), {known: recording}))
    for said, null in KINDS.items():
        for name, method, n in (
            (WIRING, WiringGains(), settings.n_null_draws),
            (FITTED, ResponseCoupling(), settings.n_fitted_null_draws),
        ):
            if n > 1:
                arms.append(Compared(method, {said + name: recording}, NULLS[null], n))
    return [
        *arms,
        Compared(TrialCount(), both(TRIALS)),
        Compared(ResponderMean(), both(RESPONDER)),
        Compared(ResponderMean(use_trials=True), {"responder mean x number of trials": recording}),
        Compared(ContactCount(), {"synapse count": recording}),
    ]


def _leaky(recording: Recording) -> list[Compared]:
    """What is scored again where the homolog of a held-out neuron is in training."""
    return [
        Compared(ResponseCoupling(), {FITTED: recording}),
        Compared(WiringGains(), {WIRING: recording}),
        Compared(TrialCount(), {TRIALS: recording}),
        Compared(HomologResponse(), {"response to the homolog": recording}),
    ]


def _scores(records: Sequence[Mapping[Any, Any]]) -> Iterator[Row]:
    for one in records:
        if one["measure"] in SHOWN:
            at = {"pairs": _short(one["split"])}
            yield Row(one["arm"], one["measure"], one["value"], one["unit"], at)
            if one["arm"].startswith(tuple(KINDS)):
                for end in ("low", "high"):
                    yield Row(one["arm"], f"{one['measure']}_{end}", one[end], one["unit"], at)


def _with_mean(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows of the ceiling, and their mean over strata."""
    yield from rows
    for measure in ("auroc", "auprc"):
        strata = [
            float(row.value)
            for row in rows
            if row.measure == measure and row.at["pairs"] not in ("all pairs", MEAN)
        ]
        if len(strata) == len(STRATA):
            yield Row(CEILING, measure, np.mean(strata), "", {"pairs": MEAN})


def _short(split: str) -> str:
    """Which pairs, without what all of them have in common."""
    return {POOLED: "all pairs", STRATA_MEAN: MEAN}.get(split, split.rpartition(", ")[2])


def _drawn(found: Evaluation, name: str) -> list[np.ndarray]:
    """Scores of the pairs of an arm, one array a draw."""
    where = found.pairs[name].where
    return [
        draw.probability[where]
        for draw in found.predictions[name].draws
        if draw.probability is not None
    ]


def _gain(
    name: str,
    over: str,
    own: np.ndarray,
    theirs: Sequence[np.ndarray],
    pairs: Pairs,
    settings: Any,
    seed: int,
) -> Iterator[Row]:
    for measure, function in (("auroc", scores.auroc), ("auprc", scores.average_precision)):
        found = gain_within_strata(
            own,
            theirs,
            pairs,
            measure=function,
            n_resamples=settings.n_resamples,
            rng=np.random.default_rng([seed, 7]),
        )
        at = {"over": over, "pairs": MEAN}
        for end in ("value", "low", "high"):
            tail = "" if end == "value" else f"_{end}"
            yield Row(name, f"{measure}_gain{tail}", getattr(found, end), "", at)
        for split, value in found.by_stratum.items():
            yield Row(name, f"{measure}_gain", value, "", {"over": over, "pairs": _short(split)})


def _measured_in_both(
    recording: Recording, pairs: Pairs, settings: Any, seed: int
) -> Iterator[Row]:
    """The size of the wild type's response as a prediction of the mutant's, where both were seen.

    No model: what the same experiment in another animal is worth.
    """
    size = np.abs(recording.activity[pairs.where])
    seen = np.isfinite(size)
    where = pairs.where.copy()
    where[pairs.where] = seen
    parts = {
        name: getattr(pairs, name)[seen] for name in ("detected", "measured", "n_trials", "group")
    }
    both = replace(pairs, where=where, **parts)
    trials = both.n_trials.astype(float)
    for name, score in ((MEASURED, size[seen]), (f"{TRIALS}{MUTANT}, seen in both", trials)):
        at = {"pairs": "all pairs"}
        yield Row(name, "auroc", scores.auroc(score, both.detected)[0], "", at)
        yield Row(name, "auprc", scores.average_precision(score, both.detected)[0], "", at)
    yield from _gain(MEASURED, TRIALS, size[seen], [trials], both, settings, seed)


def _shown(found: Evaluation, recording: Recording) -> dict[str, np.ndarray]:
    """Predicted and measured responses, for the figure."""
    effect = found.predictions[FITTED].draws[0].effect.mean(-1)[:, 0]
    stimulated = recording.column("stimulated")
    effect = np.where(stimulated[:, None] == recording.neuron_id, np.nan, effect)
    q = recording.annotations["q"][:, 0]
    return {
        "predicted": effect.astype(np.float32),
        "measured": recording.activity[:, 0].astype(np.float32),
        "detected": (np.nan_to_num(q, nan=1.0) < 0.05).astype(np.int8),
        "stimulated": stimulated.astype(str),
        "neuron": recording.neuron_id.astype(str),
    }


def _seconds(cell: Cell, config: Any) -> float:
    settings = config.perturbation
    one = 10.0 if cell["homologs"] == APART else 14.0
    if cell["homologs"] == TOGETHER:
        one += 4.0 * settings.n_null_draws + 16.0 * settings.n_fitted_null_draws
    return one


ARM = Arm(
    name="perturbation",
    sentence="The worm's responses to stimulated neurons that were held out, from coupling (R1).",
    control="number of trials alone; rewired wirings; responder mean; half of the trials; the "
    "split in which homologs leak",
    cells=_cells,
    measure=_measure,
    seconds=_seconds,
    needs=("worm-responses", "worm-responses-unc31"),
)
