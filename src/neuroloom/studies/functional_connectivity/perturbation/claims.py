"""What stimulation may show to be false."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuroloom.analysis.response_scores import beats
from neuroloom.studies.framework import Claim, NotTestedError, Results, Verdict
from neuroloom.studies.functional_connectivity.estimators import DEFAULT
from neuroloom.studies.functional_connectivity.perturbation.atlas import (
    CEILING,
    FITTED,
    MEAN,
    MEASURED,
    MUTANT,
    NULL,
    RESPONDER,
    TOGETHER,
    TRIALS,
    WIRING,
    WITHIN,
)
from neuroloom.studies.functional_connectivity.perturbation.stimulation import (
    CORRELATIONS,
    HALF,
)

__all__ = [
    "CLAIMS",
    "judge_atlas",
    "judge_simulated",
    "judge_transfer",
    "judge_wiring",
]

ARM = "perturbation"
LEAST_SEEDS = 5


def _one(
    results: Results, name: str, measure: str, *, homologs: str = TOGETHER, **at: str
) -> float:
    """Mean over the draws of folds."""
    rows = results.rows(ARM, name, measure, homologs=homologs, **at)
    return float(np.mean([row["value"] for row in rows]))


def _gain(results: Results, name: str, over: str = TRIALS) -> tuple[float, float, float]:
    """Gain in AUROC, mean over strata of trial counts: value, low and high."""
    value, low, high = (
        _one(results, name, f"auroc_gain{end}", over=over, pairs=MEAN)
        for end in ("", "_low", "_high")
    )
    return value, low, high


def _in_strata(results: Results, name: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in results.rows(ARM, name, "auroc_gain", homologs=TOGETHER, over=TRIALS):
        if row["pairs"] != MEAN:
            found.setdefault(str(row["pairs"]), []).append(row["value"])
    return {stratum: float(np.mean(values)) for stratum, values in found.items()}


def _said(results: Results, name: str, over: str = TRIALS) -> str:
    value, low, high = _gain(results, name, over)
    return f"{name} {value:+.3f} ({low:+.3f} to {high:+.3f})"


def judge_atlas(results: Results, config: Any) -> Verdict:
    """Gain of the fitted coupling over trial counts, within strata."""
    del config
    value, low, high = _gain(results, FITTED)
    strata = _in_strata(results, FITTED)
    areas = {n: _one(results, n, "auroc", pairs=MEAN) for n in (FITTED, WIRING, TRIALS, RESPONDER)}
    said = [
        "AUROC " + ", ".join(f"{name} {area:.3f}" for name, area in areas.items()),
        f"AUPRC gain {_one(results, FITTED, 'auprc_gain', over=TRIALS, pairs=MEAN):+.3f}",
        ", ".join(f"{stratum} {gain:+.3f}" for stratum, gain in strata.items()),
        f"gain of {_said(results, WIRING)}",
        f"over the responder's mean, {_said(results, FITTED, RESPONDER)}",
        f"ceiling {_one(results, CEILING, 'auroc', pairs=MEAN):.3f}; over all pairs "
        f"{_one(results, CEILING, 'auroc', pairs='all pairs'):.3f}, there "
        f"{FITTED} {_one(results, FITTED, 'auroc', pairs='all pairs'):.3f} and {TRIALS} "
        f"{_one(results, TRIALS, 'auroc', pairs='all pairs'):.3f}",
    ]
    passed = low > 0 and min(strata.values()) > 0
    return Verdict.of(passed, value, low=low, high=high, reason="; ".join(said))


def judge_wiring(results: Results, config: Any) -> Verdict:
    """Gain of the wiring with two gains over rewired wirings, within strata."""
    del config
    own = _one(results, WIRING, "auroc", pairs=MEAN)
    said, worst = [], None
    for kind in (NULL, WITHIN):
        value, low, high = _gain(results, WIRING, kind + WIRING)
        top = _one(results, kind + WIRING, "auroc_high", pairs=MEAN)
        won = beats(own, top, low)
        said.append(
            f"{kind.removesuffix(': ')} {value:+.3f} ({low:+.3f} to {high:+.3f}), a further draw "
            f"reaches {top:.3f}: {'beaten' if won else 'not beaten'}"
        )
        if kind == NULL:
            worst = (won, value, low, high)
    assert worst is not None
    won, value, low, high = worst
    return Verdict.of(won, value, low=low, high=high, reason=f"own {own:.3f}; " + "; ".join(said))


def judge_transfer(results: Results, config: Any) -> Verdict:
    """Gain on unc-31 of coupling fitted to the wild type, over trial counts, within strata."""
    del config
    value, low, high = _gain(results, FITTED + MUTANT)
    said = [_said(results, name) for name in (WIRING + MUTANT, RESPONDER + MUTANT, MEASURED)]
    return Verdict.of(low > 0, value, low=low, high=high, reason="; ".join(said))


def judge_simulated(results: Results, config: Any) -> Verdict:
    """Least margin in Pearson's r over ridge and correlations, over networks of all systems."""
    settings, margins, said = config.perturbation, [], []
    others = ("ridge VAR", *CORRELATIONS)
    for system in settings.systems:

        def of(name: str, system: str = system) -> np.ndarray:
            rows = results.rows(
                "stimulation", name, "pearson", system=system, horizon=settings.horizon
            )
            if len(rows) < LEAST_SEEDS:
                raise NotTestedError(
                    f"at this size: {len(rows)} networks of {system}, {LEAST_SEEDS} asked"
                )
            return np.array([row["value"] for row in sorted(rows, key=lambda row: row["seed"])])

        own = of(DEFAULT)
        margins.append(min(float((own - of(name)).min()) for name in others))
        said.append(
            f"{system} {own.mean():.3f}, "
            + ", ".join(f"{name} {of(name).mean():.3f}" for name in (*others, "lasso VAR", HALF))
        )
    return Verdict.of(min(margins) > 0, min(margins), reason="; ".join(said))


CLAIMS = (
    Claim(
        "perturbation",
        "Functional connectivity predicts perturbation: beats trial count within strata of it, on "
        "held-out stimulated neurons; ceiling shown.",
        "ours; data of Randi et al. (2023)",
        "gain in AUROC of the fitted coupling over the number of trials, mean over trial counts",
        "lower end of the 95 % interval above 0, and a gain in every stratum",
        "number of trials alone; half of the trials; homologs held out together",
        (ARM,),
        judge_atlas,
    ),
    Claim(
        "perturbation-wiring",
        "Who is wired to whom, with two gains, predicts who responds: degrees alone do not.",
        "ours; data of Randi et al. (2023)",
        "gain in AUROC over wirings rewired with every degree kept, mean over trial counts",
        "above where a further draw falls, and lower end of the paired gain above 0",
        "rewired wirings, refitted; rewired within cell types beside",
        (ARM,),
        judge_wiring,
    ),
    Claim(
        "perturbation-transfer",
        "Coupling fitted to the wild type predicts responses of unc-31, which lacks dense-core "
        "vesicle release.",
        "ours; data of Randi et al. (2023)",
        "gain in AUROC over the number of trials on unc-31, mean over trial counts",
        "lower end of the 95 % interval above 0",
        "number of trials alone; what was measured in the wild type",
        (ARM,),
        judge_transfer,
    ),
    Claim(
        "stimulation",
        "Where the truth is known, fitted connections predict stimulation better than correlations "
        "and ridge do.",
        "ours",
        "least margin in Pearson's r of responses to a push, over networks and systems",
        "above 0 in every network",
        "ridge VAR; correlations at lag 0 and 1; half of the stimulations",
        ("stimulation",),
        judge_simulated,
    ),
)
