"""What is claimed of decoding. Criteria are those of issue 6 and of the spec."""

from __future__ import annotations

import numpy as np

from neuroloom.studies.framework import Claim, Results, Verdict, mean_interval
from neuroloom.studies.functional_connectome.config import FunctionalConnectomeConfig
from neuroloom.studies.functional_connectome.decoding.arms import (
    BOX,
    BY_MOTION,
    DECODING,
    DIRECT,
    EVEN,
    OCCUPIED,
    RAT,
    SHIFTED,
    TRUE,
)
from neuroloom.studies.functional_connectome.places.cells import PUBLISHED, REWIRED, WIRED

__all__ = ["CLAIMS"]

LEAST_WORLDS = 3
ENOUGH = 5.0  # cm


def judge_box(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Median error in the box with maps that the published student predicts, by motion filter."""
    at = {"arena": BOX, "n_cells": config.decoding.n_compared, "decoder": BY_MOTION}

    def medians(source: str, measure: str = "median_error") -> np.ndarray:
        return results.values(DECODING, source, measure, at_least=LEAST_WORLDS, **at)

    value, low, high = mean_interval(medians(PUBLISHED))
    least = medians(SHIFTED, "least_median_error")
    guess = np.minimum(medians(EVEN), medians(OCCUPIED))
    sources = (TRUE, PUBLISHED, WIRED, REWIRED, DIRECT, EVEN, OCCUPIED)
    said = ", ".join(f"{n} {medians(n).mean():.2f}" for n in sources)
    reason = f"cm: {said}; shifted in time at least {least.min():.1f}"
    below = bool((medians(PUBLISHED) < least).all() and (medians(PUBLISHED) < guess).all())
    return Verdict.of(value <= ENOUGH and below, value, low=low, high=high, reason=reason)


def judge_novel(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Median error in novel arenas over that of an even guess, mean over arenas."""
    arenas = dict.fromkeys(
        str(record["arena"])
        for record in results.records
        if record["arm"] == DECODING and record.get("arena", BOX) != BOX
    )

    def over(source: str) -> np.ndarray:
        at = {"n_cells": config.decoding.n_compared, "decoder": BY_MOTION}
        found = [
            results.values(
                DECODING, source, "median_error", at_least=LEAST_WORLDS, arena=arena, **at
            )
            for arena in arenas
        ]
        return np.mean(found, axis=0)

    value, low, high = mean_interval(over(PUBLISHED) / over(EVEN))
    said = ", ".join(
        f"{n} {over(n).mean():.1f}" for n in (TRUE, PUBLISHED, WIRED, REWIRED, DIRECT, EVEN)
    )
    return Verdict.of(
        high < 1, value, low=low, high=high, reason=f"cm, {len(arenas)} arenas: {said}"
    )


def judge_rat(results: Results, config: FunctionalConnectomeConfig) -> Verdict:
    """Median error of the causal motion filter over the least of all shifts; the worse maze."""
    ratios, said = [], []
    for maze in config.decoding.mazes:
        (error,) = results.values(RAT, BY_MOTION, "median_error", maze=maze)
        (part,) = results.values(RAT, BY_MOTION, "median_error_of_track", maze=maze)
        (least,) = results.values(RAT, f"{BY_MOTION}: spikes shifted", "least", maze=maze)
        (alone,) = results.values(RAT, "Bayesian", "median_error", maze=maze)
        (guess,) = results.values(RAT, "occupancy guess", "median_error", maze=maze)
        ratios.append(error / least)
        said.append(
            f"{maze}: {error:.1f} pixels ({part:.3f} of the track), Bayes alone {alone:.1f}, "
            f"guess {guess:.0f}, shifted at least {least:.0f}"
        )
    return Verdict.of(max(ratios) < 1, max(ratios), reason="; ".join(said))


CLAIMS = (
    Claim(
        "decoding",
        "Maps that a student predicts are good enough to say where the animal is.",
        "Liu, Mavor-Parker and Barry (2022), decoding",
        "median error of the published student's maps in the training box of 1 m, motion filter",
        f"at most {ENOUGH:g} cm with 100 place cells, and below every shift in time and chance",
        "guesses by area and by occupancy; spikes shifted in time, same maps; beside true maps, "
        "another cell's wiring and boundary cells",
        (DECODING,),
        judge_box,
    ),
    Claim(
        "decoding-novel",
        "They say where it is in arenas that the student has never seen.",
        "Liu, Mavor-Parker and Barry (2022), decoding",
        "median error of the published student's maps over that of an even guess, mean over arenas",
        "95 % interval over worlds below 1",
        "even guess; true maps, the wired student and another cell's wiring beside",
        (DECODING,),
        judge_novel,
    ),
    Claim(
        "rat-decoding",
        "A rat's place is in its hippocampal spikes.",
        "ours; data of Diba and Buzsaki, see docs/decoding.md",
        "median error of the causal motion filter over the least of all shifts in time; worse maze",
        "below 1 on both mazes",
        "spikes shifted in time, exchanged cells, three guesses",
        (RAT,),
        judge_rat,
    ),
)
