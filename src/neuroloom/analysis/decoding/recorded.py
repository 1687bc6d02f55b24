"""Position decoded from the spikes of a recording, cross-validated and held against chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.analysis.decoding.chance import (
    circular_shifts,
    exchanged,
    guess_by_occupancy,
    guess_evenly,
    stay_put,
)
from neuroloom.analysis.decoding.decoders import (
    AbstractDecoder,
    Bayesian,
    MaximumLikelihood,
    MotionFilter,
    MotionSmoother,
    decode_counts,
)
from neuroloom.analysis.decoding.paths import DecodedPath, error_table, path_errors
from neuroloom.analysis.decoding.rate_maps import RateMaps, rate_maps
from neuroloom.analysis.decoding.running import Running, running_steps, track_length
from neuroloom.analysis.decoding.spreading import spread_over
from neuroloom.recording import Recording

__all__ = ["DECODERS", "DecodedRecording", "DecodingConfig", "decode_recording"]

DECODERS: Mapping[str, type[AbstractDecoder]] = {
    "maximum likelihood": MaximumLikelihood,
    "Bayesian": Bayesian,
    "motion filter": MotionFilter,
    "motion smoother": MotionSmoother,
}
COLUMNS = ["arm", "measure", "value", "low", "high", "unit", "n"]


@dataclass(frozen=True)
class DecodingConfig:
    """How to decode a recording. Distances are in the unit of its positions."""

    position: tuple[str, ...]  # names of behavior: x, then y
    unit: str  # of the positions, such as m or pixel
    bin_size: float  # side of a bin
    smoothing: float  # SD of the rate maps' smoothing
    least_speed: float  # per second; slower steps are rest and left out
    speed_window: float = 0.5  # s
    pause: float = 1.0  # s; the motion prior goes on over rests up to this long
    least_occupancy: float = 0.05  # s of smoothed occupancy; bins with less are no answer
    track: bool = False  # a maze of corridors: errors also as a fraction of its length
    below: tuple[float, ...] = ()  # bounds: the share of steps with a smaller error
    n_folds: int = 10  # blocks of running time, each held out once
    gap: float = 1.0  # s between training and held-out steps
    jump: float = 0.001  # chance of a jump in a step, of the motion prior
    n_shifts: int = 20  # time-shifted controls
    least_shift: float = 20.0  # s of running time
    n_shuffles: int = 20  # controls with exchanged cells
    seed: int = 0  # of shifts, shuffles, guesses and intervals


@dataclass(frozen=True, eq=False)
class DecodedRecording:
    """Paths of every decoder in held-out running steps, their errors, and chance.

    Attributes:
        scores: Columns `arm`, `measure`, `value`, `low`, `high`, `unit`, `n`. Arms are the
            decoders and three guesses; low and high are 95 % intervals over blocks of time, for
            controls the 2.5 and 97.5 % quantiles over shifts or shuffles (then `n`).
        controls: Columns `arm`, `control`, `draw`, `median`: the median error of each shift or
            shuffle.
        paths: By decoder; a row a running step.
        true: Where the animal was.
        time: Of each running step, in seconds.
        starts: Steps that begin a run.
        unit: Of positions and errors.
        length: Length of the track in that unit; None if it is none.
        audit: What was used and left out, a sentence each.
    """

    scores: pd.DataFrame
    controls: pd.DataFrame
    paths: Mapping[str, DecodedPath]
    true: Float[np.ndarray, "time axis"]
    time: Float[np.ndarray, " time"]
    starts: Bool[np.ndarray, " time"]
    unit: str
    length: float | None
    audit: tuple[str, ...]

    def median(self, arm: str) -> float:
        """Median error of a decoder or guess, in `unit`."""
        table = self.scores
        mine = (table["arm"] == arm) & (table["measure"] == "median error")
        return float(table.loc[mine & (table["unit"] == self.unit), "value"].to_numpy()[0])


def decode_recording(recording: Recording, config: DecodingConfig) -> DecodedRecording:
    """Position from spikes in running steps, each block of time by maps that never saw it.

    Rate maps, occupancy and the motion prior's step come from training steps alone. What is taken
    from the whole: which steps are running, the frame of the bins and the length of the track. The
    motion filter uses past spikes only, the smoother past and later ones of the same run; both
    begin anew after a longer rest than `pause`.

    Controls, decoded in the same way: spikes rolled against positions in running time, with maps
    counted anew; and maps whose cells have changed their names. A shift keeps each cell's rate and
    rhythm, and loses the place.

    Args:
        recording: Spike counts with the position in its behavior.
        config: How.

    Raises:
        InputError: If the recording does not hold what the configuration names, or too little of
            it.

    Example:
        >>> config = DecodingConfig(("x_pixel", "y_pixel"), "pixel", 10.0, 10.0, least_speed=20.0)
        >>> config.n_folds
        10
    """
    rng = np.random.default_rng(config.seed)
    running = running_steps(
        recording,
        config.position,
        least_speed=config.least_speed,
        speed_window=config.speed_window,
        pause=config.pause,
    )
    plan = _Plan(running, config)
    paths, guesses = plan.decoded(running.counts, rng=rng)
    length = track_length(plan.maps(running.counts, slice(None))) if config.track else None
    block = max(1, round(5.0 / running.dt))
    errors = {name: path_errors(path.position, running.position) for name, path in paths.items()}
    errors |= {name: path_errors(path, running.position) for name, path in guesses.items()}
    controls = _controls(plan, rng)
    tables = []
    for arm, error in errors.items():
        table = error_table(
            error,
            unit=config.unit,
            below=config.below,
            length=length,
            block=block,
            rng=np.random.default_rng(config.seed),
        )
        tables.append(table.assign(arm=arm))
    for control in dict.fromkeys(controls["control"]):
        for arm in paths:
            mine = (controls["control"] == control) & (controls["arm"] == arm)
            medians = controls.loc[mine, "median"].to_numpy(float)
            own = float(np.nanmedian(errors[arm]))
            tables.append(_control_rows(arm, control, medians, own, config.unit))
    scores = pd.concat(tables, ignore_index=True).reindex(columns=COLUMNS)
    n_silent = int(paths["Bayesian"].silent.sum())
    audit = (
        *recording.audit,
        f"running: {len(running.counts):,} of {recording.n_trials * recording.n_steps:,} steps of "
        f"{running.dt:g} s, at {config.least_speed:g} {config.unit}/s or more over "
        f"{config.speed_window:g} s, in {running.starts.sum():,} runs",
        f"{n_silent:,} of {len(running.counts):,} running steps hold no spike "
        f"({n_silent / len(running.counts):.0%}); they are decoded and scored",
        f"{config.n_folds} blocks of running time, each decoded by maps of the others, "
        f"{config.gap:g} s apart",
    )
    return DecodedRecording(
        scores, controls, paths, running.position, running.time, running.starts, config.unit,
        length, audit,
    )  # fmt: skip


class _Plan:
    """What every repetition of the cross-validation shares: bins, smoothing, folds, motion."""

    def __init__(self, running: Running, config: DecodingConfig) -> None:
        self.running, self.config = running, config
        self.bins = SpatialBins.covering(running.position, config.bin_size)
        self.smooth = spread_over(self.bins, config.smoothing)
        self.folds = running.folds(config.n_folds, config.gap)
        self.step_sd = [running.step_sd(training) for training, _ in self.folds]

    def maps(self, counts: Float[np.ndarray, "time cell"], steps: np.ndarray | slice) -> RateMaps:
        """Maps of these running steps."""
        return rate_maps(
            counts[steps],
            self.running.position[steps],
            self.bins,
            dt=self.running.dt,
            smooth=self.smooth,
            least_occupancy=self.config.least_occupancy,
        )

    def decoded(
        self,
        counts: Float[np.ndarray, "time cell"],
        *,
        rng: np.random.Generator,
        exchange: bool = False,
    ) -> tuple[dict[str, DecodedPath], dict[str, np.ndarray]]:
        """Paths of every decoder, and of the guesses, over all held-out blocks."""
        parts: dict[str, list[DecodedPath]] = {name: [] for name in DECODERS}
        guesses: dict[str, list[np.ndarray]] = {
            name: [] for name in ("even guess", "occupancy guess", "staying put")
        }
        for (training, block), step_sd in zip(self.folds, self.step_sd, strict=True):
            maps = self.maps(counts, training)
            n_steps = block.stop - block.start
            guesses["even guess"].append(guess_evenly(maps, n_steps, rng=rng))
            guesses["occupancy guess"].append(guess_by_occupancy(maps, n_steps, rng=rng))
            guesses["staying put"].append(np.tile(stay_put(maps), (n_steps, 1)))
            if exchange:
                maps = maps.reordered(exchanged(len(maps.rate), rng))
            for name, kind in DECODERS.items():
                moves = issubclass(kind, MotionFilter)
                decoder = kind(step_sd, self.config.jump) if moves else kind()
                path = decode_counts(
                    counts[block], maps, decoder, dt=self.running.dt,
                    starts=self.running.starts[block],
                )  # fmt: skip
                parts[name].append(path)
        return (
            {name: _joined(paths) for name, paths in parts.items()},
            {name: np.concatenate(some) for name, some in guesses.items()},
        )


def _controls(plan: _Plan, rng: np.random.Generator) -> pd.DataFrame:
    """Median errors with shifted spikes and with exchanged cells."""
    config, running = plan.config, plan.running
    variants: list[tuple[str, np.ndarray, bool]] = []
    if config.n_shifts:
        least = max(1, round(config.least_shift / running.dt))
        shifts = circular_shifts(len(running.counts), config.n_shifts, least=least, rng=rng)
        variants += [("spikes shifted", np.roll(running.counts, n, axis=0), False) for n in shifts]
    if running.counts.shape[1] > 1:
        variants += [("cells exchanged", running.counts, True)] * config.n_shuffles
    rows = []
    for draw, (control, counts, exchange) in enumerate(variants):
        paths, _ = plan.decoded(counts, rng=rng, exchange=exchange)
        for arm, path in paths.items():
            median = float(np.nanmedian(path_errors(path.position, running.position)))
            rows.append((arm, control, draw, median))
    return pd.DataFrame(rows, columns=["arm", "control", "draw", "median"])


def _control_rows(
    arm: str, control: str, medians: Float[np.ndarray, " draw"], own: float, unit: str
) -> pd.DataFrame:
    low, middle, high = np.quantile(medians, [0.025, 0.5, 0.975])
    n = len(medians)
    chance = (1 + (medians <= own).sum()) / (1 + n)
    rows = [
        (arm, f"median error, {control}", middle, low, high, unit, n),
        (arm, f"share as good, {control}", chance, np.nan, np.nan, "1", n),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _joined(paths: list[DecodedPath]) -> DecodedPath:
    return DecodedPath(
        *(
            np.concatenate([getattr(path, name) for path in paths])
            for name in ("position", "mean", "entropy", "silent")
        )
    )
