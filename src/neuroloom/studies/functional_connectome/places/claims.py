"""What is claimed of place maps, and when it holds, as issue 6 and the spec have it."""

from __future__ import annotations

import numpy as np

from neuroloom.studies.framework import Claim, Results, Verdict, mean_interval
from neuroloom.studies.functional_connectome.config import FunctionalConnectomeConfig
from neuroloom.studies.functional_connectome.places.arms import (
    MAPS,
    R2_ENOUGH,
    SSIM_ENOUGH,
    TRAINING,
)
from neuroloom.studies.functional_connectome.places.cells import (
    EXCHANGED,
    LINEAR,
    MEAN,
    PUBLISHED,
    REWIRED,
    STUDENTS,
    WIRED,
    taught_and_novel,
)

__all__ = ["CLAIMS", "over_arenas"]

LEAST_WORLDS = 3
LEAST_ARENAS = 20
PARTIAL = 0.2  # below the training arena by this much or more, zero-shot is called partial
HALF = 0.5
NULLS = (MEAN, EXCHANGED, LINEAR)


def over_arenas(
    results: Results, config: FunctionalConnectomeConfig, student: str, measure: str
) -> np.ndarray:
    """The median over novel arenas in which a place cell fires, one number a world."""
    _, novel = taught_and_novel(config.places)
    by_arena = []
    for arena, distance in novel:
        at = {"arena": arena.name, "distance": round(distance, 6)}
        silent = results.values(MAPS, "truth", "silent_cells", at_least=LEAST_WORLDS, **at)
        if (silent < config.places.n_place).all():
            by_arena.append(results.values(MAPS, student, measure, at_least=LEAST_WORLDS, **at))
    return np.median(by_arena, axis=0)


def judge_training(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Share of place cells that the published student has right, the least of the worlds."""

    def values(student: str, name: str) -> np.ndarray:
        at = {"arena": TRAINING, "distance": 0.0}
        return results.values(MAPS, student, name, at_least=LEAST_WORLDS, **at)

    share = values(PUBLISHED, "share_of_cells_good")
    said = [
        f"{name}: {values(name, 'share_of_cells_good').mean():.3f} of the cells, least R2 "
        f"{values(name, 'least_r2').min():.3f}, least SSIM {values(name, 'least_ssim').min():.3f}"
        for name in (PUBLISHED, WIRED, REWIRED, LINEAR)
    ]
    return Verdict.of(
        (share == 1).all(), share.mean(), low=share.min(), high=share.max(), reason="; ".join(said)
    )


def judge_zero_shot(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Map correlation of the published student less that of the best null, over worlds."""
    ours = over_arenas(results, config, PUBLISHED, "map_r")
    nulls = {name: over_arenas(results, config, name, "map_r") for name in NULLS}
    best = max(nulls, key=lambda name: float(nulls[name].mean()))
    value, low, high = mean_interval(ours - nulls[best])
    at = {"arena": TRAINING, "distance": 0.0}
    trained = results.values(MAPS, PUBLISHED, "map_r", at_least=LEAST_WORLDS, **at)
    partial = trained.mean() - ours.mean() >= PARTIAL
    _, novel = taught_and_novel(config.places)
    reason = (
        f"median map correlation over {len(novel)} novel arenas {ours.mean():.3f} (worlds "
        f"{ours.min():.3f} to {ours.max():.3f}), training arena {trained.mean():.3f}"
        f"{': partial' if partial else ''}; "
        + ", ".join(f"{name} {found.mean():.3f}" for name, found in nulls.items())
    )
    return Verdict.of(
        low > 0 and len(novel) >= LEAST_ARENAS, value, low=low, high=high, reason=reason
    )


def judge_better(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Normalized error of the wired student over that of the published one."""
    error = {name: over_arenas(results, config, name, "normalized_error") for name in STUDENTS}
    value, low, high = mean_interval(error[WIRED] / error[PUBLISHED])
    reason = "normalized error: " + ", ".join(
        f"{name} {found.mean():.3g}" for name, found in error.items()
    )
    passed = high <= HALF and bool((error[WIRED] < error[REWIRED]).all())
    return Verdict.of(passed, value, low=low, high=high, reason=reason)


CLAIMS = (
    Claim(
        "place-maps",
        "A student has the maps of its training arena.",
        "Liu, Mavor-Parker and Barry (2022), figure of the trained box: SSIM .995 to .999",
        "share of place cells whose map the published student has; least world",
        f"SSIM at least {SSIM_ENOUGH:g} and R2 at least {R2_ENOUGH:g}, every place cell",
        "ridge regression; another cell's wiring",
        (MAPS,),
        judge_training,
    ),
    Claim(
        "zero-shot",
        "A student of one box has maps of arenas that it has never seen.",
        "Liu, Mavor-Parker and Barry (2022), abstract",
        "median map correlation over novel arenas, less that of the best null; over worlds",
        f"95 % interval above 0, at least {LEAST_ARENAS} arenas; `partial` if {PARTIAL:g} or more "
        "below the training arena",
        "mean maps, exchanged cells, ridge regression",
        (MAPS,),
        judge_zero_shot,
    ),
    Claim(
        "better-student",
        "A student that has the wiring knows novel arenas better than the published one.",
        "ours",
        "normalized error (squared error over variance of the true map), median over cells and "
        "novel arenas: wired student over published student",
        f"at most {HALF:g}, with its 95 % interval; and below that of another cell's wiring",
        "the same student with another cell's wiring; with all inputs; taught several arenas",
        (MAPS,),
        judge_better,
    ),
)
