"""Figures of scores and of uncertainty, with their titles and captions."""

import math
import re

import numpy as np

from neuroloom.report.contents import RunContents
from neuroloom.report.figures.calibration import effect_calibration, probability_calibration
from neuroloom.report.figures.curves import precision_recall_curves, rankings, roc_curves
from neuroloom.report.figures.neurons import neuron_scores, with_enough_data
from neuroloom.report.figures.nulls import null_comparison
from neuroloom.report.figures.scores import arm_scores, strata_scores
from neuroloom.report.figures.uncertainty import coverage_by_observations, spread_and_error
from neuroloom.report.heldout import ensemble_mean, ensemble_spread, held_out_entries
from neuroloom.report.layout import Picture
from neuroloom.report.records import NeuronScore, Score
from neuroloom.report.tables import short_split
from neuroloom.report.wording import Headline, measure_name

__all__ = [
    "calibration_pictures",
    "curve_pictures",
    "neuron_pictures",
    "null_pictures",
    "score_pictures",
    "uncertainty_pictures",
]


_CONTROLS = ("null", "baseline", "ceiling")
_STRATUM = re.compile(r"held-out stimulated, ([^,]+) trials")
_NULL_CAPTION = (
    "Diamond and bar: mean over the draws of a null wiring, each fitted anew, and the interval "
    "into which a further draw falls. Blue: the real wiring with its 95 % interval. At the right: "
    "null minus real. The wiring matters against a null whose bar stays short of the blue line; "
    "whether the distance is more than chance, the paired intervals at the top of the page say."
)


def score_pictures(contents: RunContents, head: Headline) -> tuple[Picture, ...]:
    """All arms, and the default with its best controls by number of trials."""
    found = [
        Picture(
            "scores",
            f"{measure_name(head.measure)}, {short_split(head.split)}",
            "Each arm's value with its 95 % interval. The vertical blue line is this model: look "
            "for arms that reach it. A null wiring's interval is where a further draw would fall.",
            arm_scores(head),
        )
    ]
    arms = ["default", *(best.arm for group in _CONTROLS for best in head.ranked(group)[:1])]
    strata: dict[str, list[Score]] = {}
    for row in contents.scores:
        trials = _STRATUM.fullmatch(row.split)
        if trials and row.measure == head.measure and row.arm in arms and math.isfinite(row.value):
            strata.setdefault(trials[1], []).append(row)
    if len(strata) > 1:
        ordered = {
            name: sorted(rows, key=lambda row: arms.index(row.arm)) for name, rows in strata.items()
        }
        found.append(
            Picture(
                "scores-by-trials",
                f"{measure_name(head.measure)} by number of trials",
                "A response is easier to detect after many trials. Within a stratum that is no "
                "help: look whether this model stays above its controls in each.",
                strata_scores(ordered),
            )
        )
    return tuple(found)


def null_pictures(contents: RunContents, head: Headline) -> tuple[Picture, ...]:
    """The default against each null wiring, in up to three measures."""
    wanted = [
        (head.split, head.measure),
        ("held-out stimulated, mean over trial counts", "auroc"),
        ("held-out stimulated, pooled", "correlation"),
        ("held-out neurons", "identity_r2"),
    ]
    found = []
    for split, measure in dict.fromkeys(wanted):
        rows = {
            row.arm: row
            for row in contents.scores[::-1]
            if (row.split, row.measure) == (split, measure) and math.isfinite(row.value)
        }
        nulls = [row for row in list(rows.values())[::-1] if row.group == "null"]
        if "default" in rows and nulls:
            found.append(
                Picture(
                    f"nulls-{len(found) + 1}",
                    f"{measure_name(measure)}, {short_split(split)}",
                    _NULL_CAPTION if not found else "The same comparison in another measure.",
                    null_comparison(rows["default"], nulls),
                )
            )
    return tuple(found[:3])


def calibration_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Predicted against measured effect, and probability against frequency, over all entries."""
    data = contents.predictions
    scored = held_out_entries(data)
    if scored.sum() < 20:
        return ()
    unit = contents.unit
    measured = data["measured"].to_numpy().astype(float)
    found = [
        Picture(
            "effect-calibration",
            "Predicted and measured effect",
            f"All {scored.sum():,} held-out entries, in ten bins by predicted effect; bars are two "
            "standard errors. On the dashed line the prediction is right on average; a flat row of "
            "dots means that predicted size says nothing.",
            effect_calibration(ensemble_mean(data)[scored], measured[scored], unit),
        )
    ]
    arms = rankings(data)
    if arms:
        found.append(
            Picture(
                "probability-calibration",
                "Predicted probability and what happened",
                "Held-out pairs in ten bins by predicted probability; bars are two standard "
                "errors. On the dashed line, a response given a probability of 10 % "
                "is detected in 10 % of pairs.",
                probability_calibration(arms[0].score, arms[0].detected),
            )
        )
    return tuple(found)


def curve_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """ROC and precision-recall curves, where the run detects responses."""
    arms = rankings(contents.predictions)
    if not arms:
        return ()
    n, share = arms[0].detected.size, 100 * arms[0].detected.mean()
    return (
        Picture(
            "roc",
            "ROC curve",
            f"{n:,} held-out pairs. The nearer to the upper left corner, the better responses are "
            "told from silence, wherever one draws the line.",
            roc_curves(arms),
        ),
        Picture(
            "precision-recall",
            "Precision and recall",
            f"Responses are rare ({share:.1f} % of pairs, dashed): a curve far above the dashed "
            "line finds them without many false calls. Drawn from 1 % recall on.",
            precision_recall_curves(arms),
        ),
    )


def neuron_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Best and worst neurons of each role, in the first measure the role has."""
    found = []
    for role in dict.fromkeys(row.role for row in contents.neurons):
        by_measure: dict[str, list[NeuronScore]] = {}
        for row in contents.neurons:
            if row.role == role:
                by_measure.setdefault(row.measure, []).append(row)
        for measure in ("auroc", "correlation", *by_measure):
            if len(with_enough_data(by_measure.get(measure, ()))) > 1:
                found.append(_neuron_picture(len(found), role, measure, by_measure[measure]))
                break
    return tuple(found)


def _neuron_picture(place: int, role: str, measure: str, rows: list[NeuronScore]) -> Picture:
    left_out = len(rows) - len(with_enough_data(rows))
    without = (
        f" {left_out} neurons with less than half the usual number of entries are left out here."
        if left_out
        else ""
    )
    return Picture(
        f"neurons-{place + 1}",
        f"{measure_name(measure)} of each neuron as {role}"
        if role in ("responder", "stimulated")
        else f"{measure_name(measure)} of {role} neurons",
        "Top: every neuron. Below: the best and the worst by name, joined to the median; the "
        f"dashed line is chance.{without}",
        neuron_scores(rows),
    )


def uncertainty_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Spread against error, and coverage by number of observations."""
    data = contents.predictions
    scored = held_out_entries(data)
    unit = contents.unit
    measured = data["measured"].to_numpy().astype(float)
    spread, error = ensemble_spread(data), np.abs(ensemble_mean(data) - measured)
    found = []
    known = scored & (spread > 0) & (error > 0)
    if known.sum() >= 50:
        found.append(
            Picture(
                "spread-and-error",
                "Spread and error",
                "Held-out entries in ten bins by the spread over the ensemble. A rising line means "
                "that the model is less sure where it is wrong. Above the dashed line the error is "
                "larger than the spread: the ensemble alone is too sure of itself.",
                spread_and_error(spread[known], error[known], unit),
            )
        )
    if {"low", "high", "n_observations"} <= set(data.data_vars):
        low, high = (data[end].to_numpy().astype(float) for end in ("low", "high"))
        counts = data["n_observations"].to_numpy().astype(float)
        use = scored & ~np.isnan(low) & ~np.isnan(high) & (counts >= 1)
        if use.sum() >= 20:
            inside = (measured >= low) & (measured <= high)
            nominal = contents.about["coverage"].get("nominal") or 0.95
            found.append(
                Picture(
                    "coverage",
                    "Coverage by number of observations",
                    "How often the measured value lies inside its interval; bars are two standard "
                    "errors. An honest interval stays at the dashed line everywhere, not only on "
                    "average.",
                    coverage_by_observations(
                        inside[use], counts[use].astype(np.int64), float(nominal)
                    ),
                )
            )
    return tuple(found)
