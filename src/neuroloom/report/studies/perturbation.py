"""Figures of the perturbation arms: who predicts stimulation, in the worm and in simulation."""

from collections.abc import Iterator

import numpy as np

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.matrices import response_matrix
from neuroloom.report.figures.responses import response_scatter
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import repeats
from neuroloom.report.study_contents import StudyContents
from neuroloom.studies.functional_connectivity.estimators import DEFAULT
from neuroloom.studies.functional_connectivity.perturbation.atlas import (
    APART,
    CEILING,
    FITTED,
    MEAN,
    MUTANT,
    NULL,
    TOGETHER,
    TRIALS,
    WIRING,
    WITHIN,
)
from neuroloom.studies.functional_connectivity.perturbation.stimulation import HALF

__all__ = ["perturbation_pictures"]

ATLAS, SIMULATED = "perturbation", "stimulation"
STRATA = ("1-3 trials", "4-7 trials", "8 or more trials")
SHOWN = 40
"""Stimulated neurons and responders in the matrices: those with most detected responses."""


def perturbation_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *_who_responds(contents),
        *_matrices(contents),
        *_simulated(contents),
        *_scatter(contents),
    )


def _group(name: str) -> str:
    if name.startswith((NULL, WITHIN)):
        return "null"
    if name in (CEILING, HALF):
        return "ceiling"
    if name in (FITTED, DEFAULT):
        return "default"
    if name.startswith(WIRING):
        return "variant"
    return "transfer" if MUTANT in name else "baseline"


def _splits(contents: StudyContents, arm: str, measure: str, **at: str) -> list[str]:
    return list(
        dict.fromkeys(
            row.split
            for row in contents.measurements
            if row.arm == arm
            and row.measure == measure
            and all(row.at.get(name) == value for name, value in at.items())
            and "over" not in row.at
        )
    )


def _panel(
    contents: StudyContents, title: str, measure: str, label: str, homologs: str, pairs: str
) -> DotPanel | None:
    at = {"homologs": homologs, "pairs": pairs}
    names = [n for n in _splits(contents, ATLAS, measure, **at) if MUTANT not in n]
    dots = []
    for name in names:
        values = repeats(contents, ATLAS, name, measure, **at)
        if values.size and np.isfinite(values).all():
            ends = [np.nan, np.nan]
            if _group(name) == "null":
                found = [
                    repeats(contents, ATLAS, name, f"{measure}_{e}", **at) for e in ("low", "high")
                ]
                ends = [float(e.mean()) if e.size else np.nan for e in found]
            dots.append(Dots(name, values, _group(name), low=ends[0], high=ends[1]))
    if not dots:
        return None
    chance = 0.5
    if measure == "auprc":
        share = repeats(contents, ATLAS, TRIALS, "prevalence", **at)
        chance = float(share.mean()) if share.size else float("nan")
    return DotPanel(title, label, tuple(dots), chance=chance)


def _who_responds(contents: StudyContents) -> Iterator[Picture]:
    wanted = (
        ("All pairs", "auroc", "AUROC", TOGETHER, "all pairs"),
        ("Within trial counts", "auroc", "AUROC", TOGETHER, MEAN),
    )
    panels = [p for one in wanted if (p := _panel(contents, *one))]
    if panels:
        yield Picture(
            "perturbation",
            "Who predicts which neurons respond to stimulation",
            "Area under the ROC curve of detecting responses (q < 0.05) to stimulated neurons that "
            "were held out; the dashed line is chance. Over all pairs the number of trials alone "
            "ranks responses; within pairs of like trial counts (mean of three strata) it says "
            "less. A line on a null wiring is where a further draw falls.",
            dot_panels(panels),
            wide=True,
            full=True,
        )
    apart = _panel(contents, "Homologs may be in training", "auroc", "AUROC", APART, MEAN)
    if apart:
        yield Picture(
            "perturbation-leaky",
            "The same where homologs leak",
            "As before, within trial counts, but the left or right homolog of a held-out neuron "
            "may be in training, which gives its answer away. These are no scores of a model.",
            dot_panels([apart]),
            wide=True,
        )
    panels = [
        p
        for stratum in STRATA
        if (p := _panel(contents, f"Pairs with {stratum}", "auprc", "AUPRC", TOGETHER, stratum))
    ]
    if panels:
        yield Picture(
            "perturbation-strata",
            "The same within each stratum of trial counts",
            "Area under the precision-recall curve; the dashed line is the share of pairs that "
            "respond, which is larger where there were more trials. The ceiling is that of pairs "
            "with two or more trials.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _matrices(contents: StudyContents) -> Iterator[Picture]:
    for _, arrays in contents.arrays(ATLAS):
        if "predicted" not in arrays:
            continue
        detected = arrays["detected"].astype(bool)
        trial, neuron = (
            np.sort(np.argsort(-detected.sum(axis), kind="stable")[:SHOWN]) for axis in (1, 0)
        )
        part = np.ix_(trial, neuron)
        for name, title, said in (
            ("measured", "Measured responses", "Rings are detected responses; gray: not measured."),
            (
                "predicted",
                "Predicted responses",
                "By the fitted coupling, held out; rings as before.",
            ),
        ):
            values = arrays[name][part].T.astype(float)
            finite = np.abs(values[np.isfinite(values)])
            limit = float(np.quantile(finite, 0.97)) if finite.size else 1.0
            yield Picture(
                f"perturbation-{name}",
                f"{title} of the neurons that respond most",
                f"The {len(trial)} stimulated neurons and {len(neuron)} responders with most "
                f"detected responses. {said}",
                response_matrix(
                    values,
                    arrays["neuron"][neuron],
                    arrays["stimulated"][trial],
                    "response (dF/F)",
                    limit=max(limit, 1e-9),
                    marked=detected[part].T,
                ),
                wide=True,
            )
        return


def _simulated(contents: StudyContents) -> Iterator[Picture]:
    found = [row for row in contents.measurements if row.arm == SIMULATED]
    systems = list(dict.fromkeys(str(row.at["system"]) for row in found))
    horizon = max((int(row.at["horizon"]) for row in found), default=0)
    panels = []
    for system in systems:
        at = {"system": system, "horizon": horizon}
        names = _splits(contents, SIMULATED, "pearson", **{"system": system})
        dots = [
            Dots(name, values, _group(name))
            for name in names
            if (values := repeats(contents, SIMULATED, name, "pearson", **at)).size
        ]
        panels.append(DotPanel(system, "Pearson r with true responses", tuple(dots), chance=0.0))
    if panels:
        yield Picture(
            "stimulation",
            "Where the truth is known: predicted and true responses",
            f"Every neuron of a simulated system is pushed for {horizon} more steps while noise "
            "and common drive are replayed; correlation over pairs of different neurons of the "
            "true response with what each fit predicts, one dot a network. Under common drive (S2) "
            "a forecast hears the drive in other neurons, and stimulating them does not drive "
            "anything.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _scatter(contents: StudyContents) -> Iterator[Picture]:
    panels = {}
    for known, arrays in contents.arrays(SIMULATED):
        system = str(known["system"])
        if system not in panels and {"truth", "predicted"} <= arrays.keys():
            off = ~np.eye(len(arrays["truth"]), dtype=bool)
            panels[system] = (arrays["predicted"][off], arrays["truth"][off])
    if panels:
        yield Picture(
            "stimulation-pairs",
            "Predicted against true responses, pair by pair",
            "The first network of each system; on the dashed line both are equal.",
            response_scatter(panels),
            wide=True,
        )
