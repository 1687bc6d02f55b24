"""Intervals around predicted activity, and how often they hold what they promise."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from neuroloom.analysis.coverage import achieved_coverage, ensemble_half_width
from neuroloom.analysis.group_conformal import Calibration, GroupScores, least_groups
from neuroloom.recording import homolog_groups
from neuroloom.studies.activity.partition import Partition
from neuroloom.studies.activity.scoring import HELD_OUT

__all__ = [
    "CALIBRATION_COLUMNS",
    "HeldOutErrors",
    "Intervals",
    "activity_intervals",
    "held_out_errors",
    "interval_scales",
]

CALIBRATION_COLUMNS = ["level", "achieved", "low", "high", "ensemble", "n"]
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SPREADING = "spread over members"
HALFWAY = "square root of that spread"
EVEN = "one width"

Activities = Float[np.ndarray, "trial time neuron member"]
Entries = Float[np.ndarray, "trial time neuron"]


class Intervals(NamedTuple):
    """Intervals of one level around the mean prediction, in the unit of the recording.

    Attributes:
        half_width: Of each entry; infinite where too few neurons were held out for the level.
        coverage: `nominal`, `n` entries, `n_neurons`; `interval_achieved` where it is finite;
            `ensemble_achieved` from two members on.
        calibration: At each level that the held-out neurons allow: what intervals achieve with
            their 95 % interval over neurons, and what the spread alone does.
        sentences: How they were made.
    """

    half_width: Entries
    coverage: dict[str, float]
    calibration: pd.DataFrame
    sentences: tuple[str, ...]


class HeldOutErrors(NamedTuple):
    """What fits err on neurons that they never saw.

    Attributes:
        neuron: Position of the neuron of each entry.
        error: Predicted minus measured.
        members: Predictions by member, less the measurement.
        scale: By the name of the scale.
    """

    neuron: Int[np.ndarray, " entry"]
    error: Float[np.ndarray, " entry"]
    members: Float[np.ndarray, "entry member"]
    scale: Mapping[str, Float[np.ndarray, " entry"]]


def activity_intervals(
    predicted: Activities,
    partition: Partition,
    others: Sequence[HeldOutErrors] = (),
    *,
    level: float,
) -> Intervals:
    """Conformal over held-out neurons, as wide as the ensemble's spread says where that pays.

    The errors of a neuron, and of its homolog, never enter its own interval. The predictions
    themselves stay as they are.

    Args:
        predicted: By member.
        partition: What was observed and held out.
        others: Errors where other neurons were held out; no neuron twice.
        level: Nominal coverage.
    """
    parts = [held_out_errors(predicted, partition), *others]
    neuron = np.concatenate([part.neuron for part in parts])
    error = np.concatenate([part.error for part in parts])
    unit = np.unique(homolog_groups(partition.recording.neuron_id), return_inverse=True)[1]
    calibration = Calibration(
        {
            name: GroupScores(error, np.concatenate([p.scale[name] for p in parts]), unit[neuron])
            for name in parts[0].scale
        }
    )
    table = _calibration_table(calibration, parts, level)
    found = next(row for row in table.to_dict("records") if row["level"] == level)
    n_neurons = np.unique(neuron).size
    coverage = {"nominal": level, "n": float(error.size), "n_neurons": float(n_neurons)}
    for name, column in (("interval_achieved", "achieved"), ("ensemble_achieved", "ensemble")):
        if np.isfinite(found[column]):
            coverage[name] = float(found[column])
    return Intervals(
        _half_widths(calibration, interval_scales(predicted, partition), unit, level),
        coverage,
        table.dropna(subset="achieved").reset_index(drop=True),
        _sentences(calibration, found, level, len(parts), n_neurons),
    )


def held_out_errors(predicted: Activities, partition: Partition) -> HeldOutErrors:
    """Errors on the neurons that this partition holds out, and what they may be in proportion to.

    Args:
        predicted: By member, from fits to the training part of this partition.
        partition: What was held out and measured.
    """
    measured = partition.recording.activity
    entries = partition.scored[HELD_OUT] & partition.recording.observed
    return HeldOutErrors(
        np.nonzero(entries)[2],
        predicted.mean(axis=-1)[entries] - measured[entries],
        predicted[entries] - measured[entries][:, None],
        {name: v[entries] for name, v in interval_scales(predicted, partition).items()},
    )


def interval_scales(predicted: Activities, partition: Partition) -> dict[str, Entries]:
    r"""What errors may be in proportion to: the ensemble's spread, its square root, or nothing.

    $$\sigma_{jt} = \sqrt{f^2 + (d_{jt}^2 + \overline{d_{j}^2}) / 2}, \qquad
    \sqrt{f \sigma_{jt}}, \qquad f$$

    d is the standard deviation over members, noisy at one sample, hence half its mean over time; f,
    the error that spread cannot show (noise, faults that members share), is the median over
    observed neurons of their root mean square error.

    Args:
        predicted: By member.
        partition: What was observed. Measurements of held-out neurons are not looked at.
    """
    seen = partition.recording.observed & partition.observed[None, None, :]
    error = np.where(seen, predicted.mean(axis=-1) - partition.visible.activity, 0.0)
    n = seen.sum(axis=(0, 1))
    typical = np.sqrt((error**2).sum(axis=(0, 1))[n > 0] / n[n > 0])
    size = float(np.sqrt(np.mean(predicted**2))) or 1.0
    floor = max(float(np.median(typical)), 1e-6 * size)
    n_members = predicted.shape[-1]
    square = predicted.var(axis=-1, ddof=1) if n_members > 1 else np.zeros(predicted.shape[:-1])
    spread = np.sqrt(floor**2 + (square + square.mean(axis=(0, 1), keepdims=True)) / 2)
    return {
        SPREADING: spread,
        HALFWAY: np.sqrt(floor * spread),
        EVEN: np.full(spread.shape, floor),
    }


def _half_widths(
    calibration: Calibration, scales: Mapping[str, Entries], unit: np.ndarray, level: float
) -> Entries:
    """Of each entry; a neuron that helped to calibrate gets what the others say of it."""
    name, factor = calibration.chosen(level)
    half_width = factor * scales[name]
    own = dict(zip(calibration.groups.tolist(), calibration.chosen_without(level), strict=True))
    for neuron, group in enumerate(unit.tolist()):
        if group in own:
            name, factor = own[group]
            half_width[:, :, neuron] = factor * scales[name][:, :, neuron]
    return half_width


def _calibration_table(
    calibration: Calibration, parts: Sequence[HeldOutErrors], level: float
) -> pd.DataFrame:
    rows = []
    for nominal in sorted({*LEVELS, level}):
        found = calibration.coverage(nominal)
        n = len(found.by_group)
        achieved = found.achieved if found.bounded else np.nan
        apart = 1.96 * found.by_group.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        low, high = max(achieved - apart, 0.0), min(achieved + apart, 1.0)
        rows.append((nominal, achieved, low, high, _by_spread(parts, nominal), n))
    return pd.DataFrame(rows, columns=CALIBRATION_COLUMNS)


def _by_spread(parts: Sequence[HeldOutErrors], level: float) -> float:
    """What intervals from the spread over members alone achieve; NaN with a single member."""
    if any(part.members.shape[-1] < 2 for part in parts):
        return float("nan")
    half = [ensemble_half_width(part.members, level=level) for part in parts]
    error = np.concatenate([part.error for part in parts])
    return achieved_coverage(error, np.concatenate(half))


def _sentences(
    calibration: Calibration,
    found: Mapping[Hashable, float],
    level: float,
    n_runs: int,
    n_neurons: int,
) -> tuple[str, ...]:
    n, least = len(calibration.groups), least_groups(level) + 1
    if not np.isfinite(found["achieved"]):
        return (
            f"no interval of {_percent(level)} is finite: it needs {least} held-out neurons, "
            f"homologs counted once, and there are {n}. Record more, hold more out with "
            "`--held-out` or `--n-calibrations`, or ask for a lower `--level`",
        )
    name, factor = calibration.chosen(level)
    width = {
        SPREADING: "is in proportion to the spread over members",
        HALFWAY: "is in proportion to the square root of the spread over members",
        EVEN: "is the same for all neurons, because the spread over members does not tell where "
        "errors are large",
    }[name]
    homologs = f" ({n:,} with homologs as one)" if n < n_neurons else ""
    return (
        f"intervals of {_percent(level)} are conformal over {n_neurons:,} held-out neurons"
        f"{homologs}, each predicted by one of {n_runs:,} ensembles that never saw it; no "
        f"prediction depends on them. Their width {width} ({factor:.2g} times)",
        f"{_percent(found['achieved'])} of the samples of held-out neurons lie inside "
        f"({_percent(found['low'])} to {_percent(found['high'])}), each neuron's interval made "
        "from the other neurons. Of unrecorded neurons this holds as far as the recorded ones are "
        "a fair sample of all",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
