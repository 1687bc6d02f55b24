"""Two-color imaging of the compass, trial by trial: aligned, on one clock, in units of the fly."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from neuroloom.datasets.fly_heading import fly_heading, trials
from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.recording.clock import resample
from neuroloom.studies.constrained_networks.heading.alignment import Alignment, align
from neuroloom.studies.constrained_networks.heading.config import HeadingConfig
from neuroloom.studies.constrained_networks.heading.rois import RoiMap

__all__ = ["FlyData", "fly_data", "flies_of", "read_trials"]


class FlyData(NamedTuple):
    """One fly, aligned, all its scored trials; regions in anatomical order.

    Attributes:
        fly: Its name.
        condition: Of each trial: `Dark`, `1x` or `2x`.
        pen1_color: Of the indicator in P-EN1; the red one is slower.
        epg: Above its floor, in SDs of this fly's E-PG.
        pen1: About the mean of each region over the scored trials, in SDs of this fly's P-EN1.
        turning: Angular velocity, smoothed, in rad/s.
        alignment: How regions were put in order.
    """

    fly: str
    condition: tuple[str, ...]
    pen1_color: Literal["green", "red"]
    epg: Float[np.ndarray, "trial time roi"]
    pen1: Float[np.ndarray, "trial time roi"]
    turning: Float[np.ndarray, "trial time"]
    alignment: Alignment

    def first_of_each_condition(self, n_trials: int) -> "FlyData":
        """The same fly with so many trials of each condition, units unchanged."""
        seen = [self.condition[:i].count(name) for i, name in enumerate(self.condition)]
        kept = np.flatnonzero(np.array(seen) < n_trials)
        return self._replace(
            condition=tuple(self.condition[i] for i in kept),
            epg=self.epg[kept],
            pen1=self.pen1[kept],
            turning=self.turning[kept],
        )


class _Trial(NamedTuple):
    epg: Float[np.ndarray, "time roi"]
    pen1: Float[np.ndarray, "time roi"]
    heading: Float[np.ndarray, " time"]


def flies_of(region: Literal["EB", "PB"], *, data: Path | None = None) -> tuple[str, ...]:
    """Every fly imaged in a region, sorted."""
    names = {trial.partition("/")[0] for trial in trials(data=data)}
    return tuple(sorted(name for name in names if f"-{region}_" in name))


def read_trials(fly: str, *, data: Path | None = None) -> dict[str, list[Recording]]:
    """A fly's trials by condition, in the order they were made."""
    by_condition: dict[str, list[Recording]] = {}
    own = [t for t in trials(data=data) if t.startswith(f"{fly}/")]
    for name in sorted(own, key=lambda t: int(t.rpartition("_")[2])):
        trial = fly_heading(name, data=data)
        by_condition.setdefault(str(trial.column("condition")[0]), []).append(trial)
    return by_condition


def fly_data(
    by_condition: dict[str, list[Recording]],
    rois: RoiMap,
    expected: Float[np.ndarray, "roi roi"],
    config: HeadingConfig,
) -> FlyData:
    """Align one fly by its first trials and prepare the next ones.

    No P-EN1 is used but to state P-EN1 in the fly's own unit: F/F0 cannot be compared between flies
    or colors, and what is predicted is how regions vary about their own mean.

    Args:
        by_condition: From `read_trials`, or of the same form.
        rois: The regions.
        expected: From `expected_correlation`.
        config: Numbers.

    Raises:
        InputError: If a condition has too few trials, or a trial is too short.
    """
    n_first, n_next = config.n_alignment_trials, config.n_scored_trials
    first, scored, conditions = [], [], []
    for condition, recorded in by_condition.items():
        if len(recorded) <= n_first:
            raise InputError(
                f"A fly must have more than {n_first} trials of a condition; {condition} has "
                f"{len(recorded)} in {recorded[0].name}. Lower `n_alignment_trials`."
            )
        first += [_trial(r, rois, config) for r in recorded[:n_first]]
        scored += [_trial(r, rois, config) for r in recorded[n_first : n_first + n_next]]
        conditions += [condition] * len(recorded[n_first : n_first + n_next])
    alignment = align([t.epg for t in first], [t.heading for t in first], config.dt, rois, expected)
    epg, pen1 = (
        np.stack([getattr(t, name)[:, alignment.order] for t in scored]) for name in ("epg", "pen1")
    )
    epg = epg - np.percentile(epg, config.floor_percentile, axis=(0, 1))
    pen1 = pen1 - pen1.mean(axis=(0, 1))
    heading = np.stack([t.heading for t in scored])
    turning = gaussian_filter1d(
        np.gradient(heading, config.dt, axis=1), config.turn_smoothing / config.dt, axis=1
    )
    recording = next(iter(by_condition.values()))[0]
    return FlyData(
        fly=str(recording.column("fly")[0]),
        condition=tuple(conditions),
        pen1_color="green" if "PEN1" in str(recording.column("green")[0]) else "red",
        epg=epg / (epg - epg.mean(axis=(0, 1))).std(),
        pen1=pen1 / pen1.std(),
        turning=turning,
        alignment=alignment,
    )


def _trial(recording: Recording, rois: RoiMap, config: HeadingConfig) -> _Trial:
    n = len(rois.names)
    activity, heading = recording.activity[0], recording.behavior["heading_rad"][0]
    time = float(recording.dt or np.nan) * np.arange(len(activity))
    values = np.concatenate([activity, heading[:, None]], axis=1)
    _, values, _ = resample(time, values, config.dt)
    if len(values) < config.n_steps or activity.shape[1] != 2 * n:
        raise InputError(
            f"A trial must have {config.n_steps} steps of {config.dt} s and two times {n} regions; "
            f"{recording.name} has {len(values)} and {activity.shape[1]}. Lower `n_steps`."
        )
    values = values[: config.n_steps]
    return _Trial(values[:, :n], values[:, n : 2 * n], values[:, -1])
