"""Heading from activity: each block of time by tuning curves that never saw it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis.decoding import (
    Bayesian,
    GaussianEvidence,
    MaximumLikelihood,
    PoissonEvidence,
    RateMaps,
    SpatialBins,
    circular_shifts,
    error_table,
)
from neuroloom.analysis.heading_recording.settings import HeadingSettings
from neuroloom.analysis.heading_recording.steps import HeadingSteps, heading_steps
from neuroloom.recording import Recording

__all__ = ["DecodedHeading", "decode_heading", "heading_maps"]

ARM, STAY, GUESS = "decoded", "one heading throughout", "guess by occupancy"
SHIFTED = "activity shifted in time"


@dataclass(frozen=True, eq=False)
class DecodedHeading:
    """Decoded heading in held-out steps, its error, and chance.

    Attributes:
        heading: Decoded, in rad, [0, 2 pi); NaN where nothing was decoded.
        true: In rad; NaN where not observed.
        scores: Columns `arm`, `measure`, `value`, `low`, `high`, `unit`, `n`. Arms are `decoded`
            and two guesses without activity, errors absolute, in degrees, with 95 % intervals over
            blocks of time; and the shifted controls with their 2.5 and 97.5 % quantiles over
            shifts, and how many of these are at least as good.
        shifted: Median error of each shift, in degrees.
        audit: What was used and left out, a sentence each.
    """

    heading: Float[np.ndarray, "trial time"]
    true: Float[np.ndarray, "trial time"]
    scores: pd.DataFrame
    shifted: Float[np.ndarray, " draw"]
    audit: tuple[str, ...]

    def score(self, arm: str, measure: str = "median error") -> float:
        """A value of the table of scores."""
        mine = (self.scores["arm"] == arm) & (self.scores["measure"] == measure)
        return float(self.scores.loc[mine, "value"].to_numpy()[0])

    @property
    def error(self) -> Float[np.ndarray, "trial time"]:
        """Decoded less true heading in degrees, (-180, 180]; NaN where either is."""
        return np.rad2deg(-np.angle(np.exp(1j * (self.true - self.heading))))


def decode_heading(
    recording: Recording,
    settings: HeadingSettings = HeadingSettings(),  # noqa: B008
) -> DecodedHeading:
    r"""Heading from spikes, rates or calcium, cross-validated over blocks of time.

    Spike counts are decoded by Bayes with Poisson counts around smoothed tuning curves and the
    occupancy of training; rates and calcium by the most likely heading with Gaussian noise of each
    neuron around its curve. Curves, noise and occupancy are of training steps alone, at least `gap`
    seconds away.

    Chance: the one heading that is best in training; headings drawn as often as in training; and
    activity shifted against heading by at least `least_shift`, with curves counted anew. The last
    keeps the rhythm of both and is the one to beat: over a short recording it can be far from 90
    degrees.

    Args:
        recording: With the heading in its behavior.
        settings: How.

    Raises:
        InputError: If the recording lacks what the settings name, or is too short for them.

    Source:
        Zhang, Ginzburg, McNaughton and Sejnowski, J. Neurophysiol. 79:1017 (1998), on a circle.
    """
    rng = np.random.default_rng(settings.seed)
    steps = heading_steps(recording, settings)
    folds = steps.running.folds(settings.n_folds, settings.gap)
    spikes = recording.kind == "spike_count"
    dt = steps.running.dt
    shifts = circular_shifts(
        len(steps.heading),
        settings.n_shifts,
        least=max(1, round(settings.least_shift / dt)),
        rng=rng,
    )

    def decoded(activity: np.ndarray) -> np.ndarray:
        found = np.empty(len(activity))
        for training, block in folds:
            found[block] = _decoded(
                activity[training], steps.heading[training], activity[block], settings, spikes, dt
            )
        return found

    found = decoded(steps.activity)
    guesses = {STAY: np.empty(len(found)), GUESS: np.empty(len(found))}
    for training, block in folds:
        n_steps = block.stop - block.start
        guesses[STAY][block] = _best_constant(steps.heading[training], settings.n_bins)
        guesses[GUESS][block] = rng.choice(steps.heading[training], n_steps)
    tables = []
    for arm, path in ({ARM: found} | guesses).items():
        table = error_table(
            _apart(path, steps.heading),
            unit="deg",
            below=(30.0,),
            block=max(1, round(settings.block / dt)),
            rng=np.random.default_rng(settings.seed),
        )
        tables.append(table.assign(arm=arm))
    shifted = np.array(
        [
            np.median(_apart(decoded(np.roll(steps.activity, n, axis=0)), steps.heading))
            for n in shifts
        ]
    )
    tables.append(_control(shifted, float(np.median(_apart(found, steps.heading)))))
    scores = pd.concat(tables, ignore_index=True)
    columns = ["arm", "measure", "value", "low", "high", "unit", "n"]
    return DecodedHeading(
        _laid_out(found, steps, recording),
        _laid_out(steps.heading, steps, recording),
        scores.reindex(columns=columns),
        shifted,
        (
            *recording.audit,
            *steps.audit,
            f"{settings.n_folds} blocks of time, each decoded by curves of the others, "
            f"{settings.gap:g} s apart",
        ),
    )


def heading_maps(
    activity: Float[np.ndarray, "time neuron"],
    heading: Float[np.ndarray, " time"],
    settings: HeadingSettings,
    *,
    dt: float,
) -> RateMaps:
    """Smoothed mean of each neuron by heading, in its unit per step divided by dt.

    Args:
        activity: No NaN.
        heading: In rad, [0, 2 pi).
        settings: Bins and smoothing.
        dt: Seconds per step; 1 for the mean per step.
    """
    n = settings.n_bins
    bins = SpatialBins((0.0,), 2 * np.pi / n, (n,))
    here = np.eye(n)[np.minimum((heading / bins.size).astype(int), n - 1)]
    kernel = _kernel(n, np.deg2rad(settings.smoothing))
    occupancy = here.sum(axis=0) * dt
    whole = kernel @ occupancy
    visited = whole > 1e-3 * whole.max()
    total = kernel @ (here.T @ activity)
    rate = np.where(visited[:, None], total / np.where(visited, whole, 1.0)[:, None], np.nan)
    return RateMaps(np.ascontiguousarray(rate.T), occupancy, visited, bins)


def _decoded(
    activity: np.ndarray,
    heading: np.ndarray,
    new: np.ndarray,
    settings: HeadingSettings,
    spikes: bool,
    dt: float,
) -> np.ndarray:
    """Most probable heading of each new step, in rad."""
    maps = heading_maps(activity, heading, settings, dt=dt if spikes else 1.0)
    if spikes:
        path = Bayesian().decode(PoissonEvidence(new, maps, dt=dt))
        return path.position[:, 0]
    place = np.minimum((heading / maps.bins.size).astype(int), settings.n_bins - 1)
    noise = np.nanstd(activity - maps.rate[:, place].T, axis=0)
    noise = np.maximum(noise, 1e-6 * np.maximum(activity.std(axis=0), 1e-12))
    evidence = GaussianEvidence(
        new / noise,
        np.where(maps.visited[:, None], maps.rate.T / noise, 0.0),
        maps.bins,
        noise_sd=1.0,
        inside=maps.visited,
    )
    return MaximumLikelihood().decode(evidence).position[:, 0]


def _kernel(n: int, sd: float) -> Float[np.ndarray, "bin bin"]:
    """Gaussian around the circle; every row adds up to 1."""
    if sd == 0:
        return np.eye(n)
    away = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    away = np.minimum(away, n - away) * 2 * np.pi / n
    weight = np.exp(-0.5 * (away / sd) ** 2)
    return weight / weight.sum(axis=1, keepdims=True)


def _best_constant(heading: np.ndarray, n_bins: int) -> float:
    """The middle of a bin with the smallest median error in training, in rad."""
    middle = 2 * np.pi * (np.arange(n_bins) + 0.5) / n_bins
    medians = [np.median(_apart(np.full(len(heading), one), heading)) for one in middle]
    return float(middle[int(np.argmin(medians))])


def _apart(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, " time"]:
    """Absolute difference of two headings, in degrees."""
    return np.abs(np.rad2deg(np.angle(np.exp(1j * (one - other)))))


def _control(shifted: Float[np.ndarray, " draw"], own: float) -> pd.DataFrame:
    low, middle, high = np.quantile(shifted, [0.025, 0.5, 0.975])
    as_good = (1 + (shifted <= own).sum()) / (1 + shifted.size)
    rows = [
        (SHIFTED, "median error", middle, low, high, "deg", shifted.size),
        (SHIFTED, "share as good", as_good, np.nan, np.nan, "1", shifted.size),
    ]
    return pd.DataFrame(rows, columns=["arm", "measure", "value", "low", "high", "unit", "n"])


def _laid_out(
    values: Float[np.ndarray, " time"], steps: HeadingSteps, recording: Recording
) -> Float[np.ndarray, "trial all_time"]:
    """Values of steps at their places; NaN elsewhere."""
    laid = np.full(recording.n_trials * recording.n_steps, np.nan)
    laid[steps.place] = values
    return laid.reshape(recording.n_trials, recording.n_steps)
