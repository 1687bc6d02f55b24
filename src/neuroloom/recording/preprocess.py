r"""Normalization that learns from the training part only: dF/F, trends, z-scores.

Each `fit_...` looks at the entries where `training` is true and returns a frozen object; its
`apply(recording)` changes a whole recording, held-out part included, with what was learned. Take
`training` from `fold.entries(recording)[0]`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.errors import InputError
from neuroloom.recording import clock
from neuroloom.recording.recording import Recording

__all__ = [
    "Baseline",
    "Scale",
    "Trend",
    "fit_baseline",
    "fit_scale",
    "fit_trend",
    "resample",
]

Entries = Bool[np.ndarray, "trial time neuron"]


@dataclass(frozen=True, eq=False)
class Baseline:
    r"""Resting fluorescence F0 of each neuron; `apply` gives (F - F0) / F0.

    Attributes:
        neuron_id: The neurons it was learned from.
        value: F0, in the unit of the recording. Above 0.
        sentence: How it was learned, for the audit.
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    value: Float[np.ndarray, " neuron"]
    sentence: str

    def apply(self, recording: Recording) -> Recording:
        """The recording as dF/F."""
        _check_same_neurons(self.neuron_id, recording)
        return _changed(recording, (recording.activity - self.value) / self.value, self, "dF/F")


@dataclass(frozen=True, eq=False)
class Trend:
    r"""A slow polynomial drift of each neuron; `apply` subtracts it and keeps the mean.

    Attributes:
        neuron_id: The neurons it was learned from.
        coefficient: One column a neuron: of (t - center) / half_width to the power 1, 2, ..., each
            power less its mean over the training entries.
        offset: That mean, for each power and neuron.
        center: Middle of the training times, in seconds.
        half_width: Half their range, in seconds.
        sentence: How it was learned, for the audit.
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    coefficient: Float[np.ndarray, "power neuron"]
    offset: Float[np.ndarray, "power neuron"]
    center: float
    half_width: float
    sentence: str

    def apply(self, recording: Recording) -> Recording:
        """The recording without the drift; outside the training times, it extrapolates."""
        _check_same_neurons(self.neuron_id, recording)
        powers = _powers(recording.time, self.center, self.half_width, len(self.coefficient))
        drift = powers @ self.coefficient - (self.offset * self.coefficient).sum(axis=0)
        return _changed(recording, recording.activity - drift, self, recording.unit)


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of each neuron; `apply` gives z-scores.

    Attributes:
        neuron_id: The neurons it was learned from.
        mean: In the unit of the recording.
        sd: In the unit of the recording. Above 0.
        sentence: How it was learned, for the audit.
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    mean: Float[np.ndarray, " neuron"]
    sd: Float[np.ndarray, " neuron"]
    sentence: str

    def apply(self, recording: Recording) -> Recording:
        """The recording in standard deviations from the mean."""
        _check_same_neurons(self.neuron_id, recording)
        return _changed(recording, (recording.activity - self.mean) / self.sd, self, "SD")

    def undo(self, recording: Recording, *, unit: str) -> Recording:
        """The recording back in its own unit."""
        _check_same_neurons(self.neuron_id, recording)
        return _changed(recording, recording.activity * self.sd + self.mean, self, unit, "undid: ")


def fit_baseline(
    recording: Recording, training: Entries, *, quantile: float = 0.1, pooled: bool = False
) -> Baseline:
    """The given quantile of each neuron's training values, as its F0.

    Args:
        recording: Raw fluorescence, `calcium`.
        training: Which entries may be looked at.
        quantile: 0 is the minimum, 0.5 the median.
        pooled: One F0 over all neurons, the only choice for neurons without a training entry.

    Raises:
        InputError: If the kind is another, a neuron has no training value, or an F0 is not above 0.
    """
    if recording.kind != "calcium" or not 0 <= quantile <= 1:
        raise InputError(
            "A baseline must be a quantile from 0 to 1 of a `calcium` recording; got quantile "
            f"{quantile} of `{recording.kind}`. For rates use `fit_scale` or `fit_trend`."
        )
    values = _training_values(recording, training, pooled)
    value = np.array([np.quantile(v, quantile) for v in values])
    if (value <= 0).any():
        first = int(np.argmax(value <= 0))
        raise InputError(
            f"The baseline F0 must be above 0 to divide by; neuron {recording.neuron_id[first]} "
            f"has {value[first]:.4g} ({(value <= 0).sum()} such of {value.size}). If the recording "
            "is dF/F already, leave this step out; else subtract no background."
        )
    who = "all neurons together" if pooled else "each neuron"
    return Baseline(
        recording.neuron_id,
        value,
        f"dF/F with F0 the {quantile:g} quantile of {who} over {training.sum():,} training entries",
    )


def fit_trend(recording: Recording, training: Entries, *, degree: int = 1) -> Trend:
    """The least-squares polynomial in time through each neuron's training values.

    Args:
        recording: Anything with at least two samples; `spike_count` is refused.
        training: Which entries may be looked at.
        degree: 1 is a line.

    Raises:
        InputError: If the kind or the degree does not allow it, or a neuron has too few values.
    """
    if degree < 1 or recording.kind in ("response", "spike_count"):
        raise InputError(
            "A trend must have a degree of at least 1 and a `rate` or `calcium` recording; got "
            f"degree {degree} and `{recording.kind}`. Turn counts into rates first."
        )
    seen = _training_entries(recording, training)
    times = recording.time[seen.any(axis=(0, 2))]
    if times.size == 0:
        raise InputError(
            "The training part must hold an observed entry; it holds none. Check the fold that "
            "made it."
        )
    center, half_width = float(times.min() + times.max()) / 2, float(np.ptp(times)) / 2 or 1.0
    powers = _powers(recording.time, center, half_width, degree)
    coefficient = np.empty((degree, recording.n_neurons))
    offset = np.empty_like(coefficient)
    for n in range(recording.n_neurons):
        trial, step = np.nonzero(seen[:, :, n])
        if np.unique(step).size <= degree:
            raise InputError(
                f"A trend of degree {degree} must have training values at more than {degree} "
                f"times; neuron {recording.neuron_id[n]} has {np.unique(step).size}. Lower the "
                "degree or leave this neuron out."
            )
        design, value = powers[step], recording.activity[trial, step, n]
        offset[:, n] = design.mean(axis=0)
        coefficient[:, n] = np.linalg.lstsq(
            design - offset[:, n], value - value.mean(), rcond=None
        )[0]
    return Trend(
        recording.neuron_id,
        coefficient,
        offset,
        center,
        half_width,
        f"subtracted a polynomial trend of degree {degree}, fitted to {seen.sum():,} training "
        "entries, and kept each mean",
    )


def fit_scale(recording: Recording, training: Entries, *, pooled: bool = False) -> Scale:
    """Mean and standard deviation of each neuron's training values.

    Args:
        recording: Anything but `spike_count`.
        training: Which entries may be looked at.
        pooled: One mean and one standard deviation over all neurons, the only choice for neurons
            without a training entry.

    Raises:
        InputError: If a neuron has no training value, or does not vary.
    """
    if recording.kind == "spike_count":
        raise InputError(
            "z-scores must come from a `rate`, `calcium` or `response`; got `spike_count`. Divide "
            "the counts by `dt` and say `kind='rate'`, then scale."
        )
    values = _training_values(recording, training, pooled)
    mean = np.array([v.mean() for v in values])
    sd = np.array([v.std() for v in values])
    flat = sd <= 1e-12 * np.abs(mean)
    if flat.any():
        raise InputError(
            f"A neuron must vary to be scaled; {recording.neuron_id[int(flat.argmax())]} has one "
            f"value throughout its training part ({flat.sum()} such of {flat.size}). Leave it out "
            "with `recording.select`, or use `pooled=True`."
        )
    who = "all neurons together" if pooled else "each neuron"
    return Scale(
        recording.neuron_id,
        mean,
        sd,
        f"z-scored {who} by mean and SD of {training.sum():,} training entries",
    )


def resample(recording: Recording, dt: float) -> Recording:
    """The recording on another even clock, by linear interpolation; see `clock.resample`.

    Args:
        recording: `rate` or `calcium`.
        dt: The new interval, in seconds.

    Raises:
        InputError: If the kind is another, or counts or annotations would have to be interpolated.
    """
    if recording.kind not in ("rate", "calcium"):
        raise InputError(
            f"Only `rate` and `calcium` must be interpolated; got `{recording.kind}`. Read spike "
            "times with the `dt` that you want instead."
        )
    if recording.n_observations is not None or recording.annotations:
        raise InputError(
            "Counts and annotations of single entries must not be interpolated; this recording has "
            f"{', '.join(recording.annotations) or 'n_observations'}. Drop them first: "
            "`dataclasses.replace(recording, n_observations=None, annotations={})`."
        )

    def on_new_clock(values: np.ndarray) -> tuple[np.ndarray, str]:
        result = clock.resample(recording.time, np.moveaxis(values, 1, 0), dt)
        return np.moveaxis(result[1], 0, 1), result[2]

    activity, sentence = on_new_clock(recording.activity)
    return replace(
        recording,
        activity=activity,
        dt=dt,
        inputs=None if recording.inputs is None else on_new_clock(recording.inputs)[0],
        behavior={name: on_new_clock(values)[0] for name, values in recording.behavior.items()},
        audit=(*recording.audit, sentence),
    )


def _powers(time: np.ndarray, center: float, half_width: float, degree: int) -> np.ndarray:
    return ((time - center) / half_width)[:, None] ** np.arange(1, degree + 1)


def _training_entries(recording: Recording, training: np.ndarray) -> np.ndarray:
    training = np.asarray(training)
    if training.dtype != bool or training.shape != recording.activity.shape:
        raise InputError(
            "`training` must be one True or False an entry, of shape "
            f"{recording.activity.shape}; got {training.dtype} of shape {training.shape}. Use "
            "`fold.entries(recording)[0]`."
        )
    return training & recording.observed


def _training_values(recording: Recording, training: np.ndarray, pooled: bool) -> list[np.ndarray]:
    seen = _training_entries(recording, training)
    if pooled and seen.any():
        return [recording.activity[seen]] * recording.n_neurons
    empty = ~seen.any(axis=(0, 1))
    if empty.any():
        raise InputError(
            "Each neuron must have an observed training value; "
            f"{recording.neuron_id[int(empty.argmax())]} has none ({empty.sum()} such of "
            f"{empty.size}). Held-out neurons must not be normalized by their own activity: use "
            "`pooled=True`."
        )
    return [recording.activity[..., n][seen[..., n]] for n in range(recording.n_neurons)]


def _check_same_neurons(neuron_id: np.ndarray, recording: Recording) -> None:
    if not np.array_equal(neuron_id, recording.neuron_id):
        raise InputError(
            "A normalization must be applied to the neurons it was learned from, in their order; "
            f"it knows {neuron_id.size} and the recording has {recording.n_neurons}, or another "
            "order. Select neurons before fitting."
        )


def _changed(
    recording: Recording,
    activity: np.ndarray,
    how: Baseline | Trend | Scale,
    unit: str,
    prefix: str = "",
) -> Recording:
    audit = (*recording.audit, prefix + how.sentence)
    return replace(recording, activity=activity, unit=unit, audit=audit)
