"""Two-color imaging of the compass as trials of the task: the fly's own turning, cut into pieces.

Each piece begins with the cue: the first heading is shown for as many steps as in training, and the
fly's turning follows. Nothing of E-PG or P-EN1 reaches a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.recording.clock import resample
from neuroloom.studies.constrained_networks.heading.data import flies_of, read_trials
from neuroloom.studies.constrained_networks.heading.rois import GLOMERULI, wedge_of
from neuroloom.studies.head_direction.animal.config import ActivityConfig

__all__ = ["FlyPieces", "bump_of", "fly_pieces", "inputs_of", "read_flies", "roi_angles"]

STEP = 0.5  # s, over which bump and fly are compared to find the sense of the regions


class FlyPieces(NamedTuple):
    """One fly; pieces of one length of all its scored trials.

    Attributes:
        fly: Its name.
        region: `EB` or `PB`.
        condition: Of each piece: `Dark`, `1x` or `2x`.
        heading: At the start of a piece and after each step, rad, unwrapped.
        epg: Bump of E-PG after each step, as a complex number: direction and size, up to an offset.
        pen1: The same of P-EN1.
        reflected: Whether regions were recorded against the sense in which the bump turns.
        agreement: Correlation of the bump's turns with the fly's, in trials that are not scored.
    """

    fly: str
    region: Literal["EB", "PB"]
    condition: tuple[str, ...]
    heading: Float[np.ndarray, "piece time_and_start"]
    epg: np.ndarray
    pen1: np.ndarray
    reflected: bool
    agreement: float

    def of(self, condition: str) -> FlyPieces:
        """Pieces of one condition.

        Args:
            condition: `Dark`, or `closed loop` for all others.
        """
        dark = np.array([name == "Dark" for name in self.condition])
        kept = dark if condition == "Dark" else ~dark
        return self._replace(
            condition=tuple(np.array(self.condition)[kept].tolist()),
            heading=self.heading[kept],
            epg=self.epg[kept],
            pen1=self.pen1[kept],
        )


def roi_angles(region: Literal["EB", "PB"]) -> Float[np.ndarray, " roi"]:
    """Direction that each region stands for, in rad: 16 wedges, or 18 glomeruli from 9L to 9R."""
    wedges = np.arange(16) if region == "EB" else np.array([wedge_of(g) for g in GLOMERULI])
    return 2 * np.pi / 16 * (wedges - 0.5)


def bump_of(
    activity: Float[np.ndarray, "time roi"],
    angle: Float[np.ndarray, " roi"],
    level: tuple[Float[np.ndarray, " roi"], Float[np.ndarray, " roi"]],
) -> np.ndarray:
    """Population vector of a trial: each region about its mean, in its SDs.

    Args:
        activity: Fluorescence of a trial.
        angle: Of each region, in rad.
        level: Mean and SD of each region over all trials of the fly. Those of one trial would bend
            the vector where the bump did not go around.
    """
    mean, sd = level
    return (activity - mean) / np.where(sd > 0, sd, 1.0) @ np.exp(1j * angle) / len(angle)


def read_flies(
    region: Literal["EB", "PB"],
    config: ActivityConfig,
    *,
    dt: float,
    n_steps: int,
    data: Path | None,
) -> list[FlyPieces]:
    """All flies of a region, in sorted order.

    Args:
        region: Ellipsoid body or bridge.
        config: Numbers.
        dt: Step of the task, in seconds.
        n_steps: Of a piece, without the cue.
        data: The folder of datasets that may not ship.

    Raises:
        InputError: If files are not there, or a fly cannot be used.
    """
    return [
        fly_pieces(read_trials(fly, data=data), region, config, dt=dt, n_steps=n_steps)
        for fly in flies_of(region, data=data)
    ]


def fly_pieces(
    by_condition: Mapping[str, Sequence[Recording]],
    region: Literal["EB", "PB"],
    config: ActivityConfig,
    *,
    dt: float,
    n_steps: int,
) -> FlyPieces:
    """Cut the trials of one fly, after finding the sense of its regions in trials of their own.

    The sense is the one in which the bump of E-PG turns as the fly does, in the first
    `n_orientation_trials` of each condition; the next `n_scored_trials` are cut. P-EN1 decide
    nothing.

    Args:
        by_condition: Trials in their order, in the form of `fly_heading`.
        region: Where they were recorded.
        config: Numbers.
        dt: Step of the task, in seconds; everything is interpolated to it.
        n_steps: Of a piece.

    Raises:
        InputError: If there are too few trials or they are too short.
    """
    n_first, n_next = config.n_orientation_trials, config.n_scored_trials
    first, scored, conditions = [], [], []
    for condition, trials in by_condition.items():
        if len(trials) <= n_first:
            raise InputError(
                f"A fly must have more than {n_first} trials of a condition; {condition} has "
                f"{len(trials)} in {trials[0].name}. Lower `n_orientation_trials`."
            )
        first += [_resampled(trial, dt) for trial in trials[:n_first]]
        for trial in trials[n_first : n_first + n_next]:
            scored.append(_resampled(trial, dt))
            conditions.append(condition)
    angle = roi_angles(region)
    levels = [_level([getattr(t, name) for t in (*first, *scored)]) for name in ("epg", "pen1")]
    agreement = _agreement(first, angle, levels[0], dt)
    reflected = agreement < 0
    if reflected:
        angle = -angle
    cut = [_cut(trial, angle, levels, n_steps) for trial in scored]
    n_pieces = [len(heading) for heading, _, _ in cut]
    if not sum(n_pieces):
        raise InputError(
            f"A trial must have {n_steps + 1} steps of {dt} s; those of {scored[0].name} have at "
            f"most {max(len(trial.heading) for trial in scored)}. Shorten `n_steps`."
        )
    heading, epg, pen1 = (np.concatenate(part) for part in zip(*cut, strict=True))
    return FlyPieces(
        fly=str(next(iter(by_condition.values()))[0].column("fly")[0]),
        region=region,
        condition=tuple(np.repeat(conditions, n_pieces).tolist()),
        heading=heading,
        epg=epg,
        pen1=pen1,
        reflected=bool(reflected),
        agreement=abs(agreement),
    )


def inputs_of(
    heading: Float[np.ndarray, "piece time_and_start"], cue_steps: int
) -> Float[np.ndarray, "piece time input"]:
    """What a network is given: the first heading for the cue, then the turns, in rad/step.

    Args:
        heading: As in `FlyPieces`.
        cue_steps: Steps of the cue, before the first turn.
    """
    n_pieces, n = heading.shape
    inputs = np.zeros((n_pieces, cue_steps + n - 1, 3))
    inputs[:, cue_steps:, 0] = np.diff(heading, axis=1)
    inputs[:, :cue_steps, 1] = np.sin(heading[:, :1])
    inputs[:, :cue_steps, 2] = np.cos(heading[:, :1])
    return inputs


class _Trial(NamedTuple):
    name: str
    epg: Float[np.ndarray, "time roi"]
    pen1: Float[np.ndarray, "time roi"]
    heading: Float[np.ndarray, " time"]


def _resampled(recording: Recording, dt: float) -> _Trial:
    activity, heading = recording.activity[0], recording.behavior["heading_rad"][0]
    time = float(recording.dt or np.nan) * np.arange(len(activity))
    _, values, _ = resample(time, np.concatenate([activity, heading[:, None]], axis=1), dt)
    n = activity.shape[1] // 2
    return _Trial(recording.name, values[:, :n], values[:, n : 2 * n], values[:, -1])


_Level = tuple[np.ndarray, np.ndarray]


def _level(trials: Sequence[np.ndarray]) -> _Level:
    """Mean and SD of each region over trials."""
    together = np.concatenate(trials)
    return together.mean(axis=0), together.std(axis=0)


def _cut(
    trial: _Trial, angle: Float[np.ndarray, " roi"], levels: Sequence[_Level], n_steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heading, E-PG and P-EN1 of whole pieces; the last step of one is the start of the next."""
    starts = np.arange(0, len(trial.heading) - n_steps, n_steps)
    both = zip((trial.epg, trial.pen1), levels, strict=True)
    bumps = [bump_of(activity, angle, level) for activity, level in both]
    if not len(starts):
        none = np.zeros((0, n_steps), complex)
        return np.zeros((0, n_steps + 1)), none, none
    at = starts[:, None] + np.arange(n_steps + 1)[None, :]
    return trial.heading[at], bumps[0][at[:, 1:]], bumps[1][at[:, 1:]]


def _agreement(
    trials: Sequence[_Trial], angle: Float[np.ndarray, " roi"], level: _Level, dt: float
) -> float:
    """Correlation through the origin of how far bump and fly turned, weighted by the bump."""
    n = max(1, round(STEP / dt))
    moved, turned, weight = [], [], []
    for trial in trials:
        bump = bump_of(trial.epg, angle, level)
        moved.append(np.angle(bump[n:] * bump[:-n].conj()))
        turned.append(np.clip(trial.heading[n:] - trial.heading[:-n], -1.5, 1.5))
        weight.append(np.abs(bump[n:] * bump[:-n]))
    a, b, w = (np.concatenate(part) for part in (moved, turned, weight))
    size = np.sqrt((w * a**2).sum() * (w * b**2).sum())
    return float((w * a * b).sum() / size) if size > 0 else 0.0
