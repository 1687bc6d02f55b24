"""The recording: what some of the neurons did, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from neuroloom.errors import InputError, nearest
from neuroloom.recording.checks import (
    as_counts,
    as_ids,
    as_labels,
    as_mask,
    as_numbers,
    frozen,
    require,
)
from neuroloom.recording.stimulus import Stimulus

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ACTIVITY_KINDS", "Recording"]

ACTIVITY_KINDS = ("rate", "calcium", "spike_count", "response")


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Activity of some neurons over trials and time. It never changes; functions return new ones.

    NaN means *not observed*. An infinite value is refused.

    Attributes:
        activity: What was measured, in `unit`; NaN where nothing was. Numbers of any real type
            are stored as float64.
        neuron_id: The dataset's own name of each neuron, int64 or str. Unique.
        kind: `rate`, `calcium`, `spike_count` (whole numbers, spikes per step) or `response`
            (one number per trial and neuron: `time` has length 1).
        dt: Seconds per step; None for a `response`, and only there.
        start: Time of the first sample, in seconds.
        inputs: What was shown or injected, on the same clock. No NaN.
        input_name: A name for each channel of `inputs`.
        stimuli: Events with their own times, in seconds.
        behavior: Variables of the animal, on the same clock; NaN where not observed.
        trials: Columns of one entry a trial, such as `stimulated` or `animal`.
        n_observations: How many measurements stand behind each entry.
        annotations: Further numbers for each entry, such as `q`; NaN where there is none.
        unit: Unit of `activity`, such as `dF/F` or `Hz`.
        name: What to call it in a report.
        licence: The terms of the data.
        citation: Whom to cite.
        audit: What was kept, changed or left out on the way here, a sentence each.

    Raises:
        InputError: If any of the above does not hold.

    Example:
        >>> Recording(np.zeros((1, 4, 2)), np.array(["a", "b"]), kind="rate", dt=0.1, unit="Hz")
        Recording(1 trial x 4 steps of 0.1 s x 2 neurons, rate in Hz; 8 of 8 entries observed)
    """

    # Wrong input must raise our own error, also where tests check annotations at run time.
    __no_type_check__ = True

    activity: Float[np.ndarray, "trial time neuron"]
    neuron_id: Shaped[np.ndarray, " neuron"]
    kind: str
    dt: float | None = None
    start: float = 0.0
    inputs: Float[np.ndarray, "trial time channel"] | None = None
    input_name: tuple[str, ...] = ()
    stimuli: tuple[Stimulus, ...] = ()
    behavior: Mapping[str, Float[np.ndarray, "trial time"]] = field(default_factory=dict)
    trials: Mapping[str, Shaped[np.ndarray, " trial"]] = field(default_factory=dict)
    n_observations: Int[np.ndarray, "trial time neuron"] | None = None
    annotations: Mapping[str, Float[np.ndarray, "trial time neuron"]] = field(default_factory=dict)
    unit: str = ""
    name: str = ""
    licence: str = ""
    citation: str = ""
    audit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        def put(attribute: str, value: object) -> None:
            object.__setattr__(self, attribute, value)

        put("activity", frozen(as_numbers("activity", self.activity, n_axes=3)))
        put("neuron_id", frozen(as_ids(self.neuron_id)))
        require(
            self.activity.shape[2] == len(self.neuron_id),
            f"The last axis of `activity` must have one place a neuron id ({len(self.neuron_id)});"
            f" its shape is {self.activity.shape}. The axes are (trial, time, neuron): transpose "
            "if time comes last, and add `[None]` for a single trial.",
        )
        self._check_kind()
        put("dt", None if self.dt is None else float(self.dt))
        put("start", float(self.start))
        self._check_clock()
        put("input_name", tuple(self.input_name))
        if self.inputs is not None:
            put("inputs", frozen(self._checked_inputs(self.inputs)))
        require(
            self.inputs is not None or not self.input_name,
            f"`input_name` must name channels of `inputs`; got {self.input_name} and no inputs. "
            "Give both or neither.",
        )
        put("stimuli", tuple(self.stimuli))
        put("audit", tuple(self.audit))
        entry, sample = self.activity.shape, self.activity.shape[:2]
        put(
            "behavior",
            MappingProxyType(
                {
                    name: frozen(as_numbers(f"behavior[{name!r}]", values, shape=sample))
                    for name, values in self.behavior.items()
                }
            ),
        )
        put(
            "annotations",
            MappingProxyType(
                {
                    name: frozen(as_numbers(f"annotations[{name!r}]", values, shape=entry))
                    for name, values in self.annotations.items()
                }
            ),
        )
        put(
            "trials",
            MappingProxyType(
                {
                    name: frozen(as_labels(f"trials[{name!r}]", values, self.n_trials))
                    for name, values in self.trials.items()
                }
            ),
        )
        if self.n_observations is not None:
            put("n_observations", frozen(as_counts("n_observations", self.n_observations, entry)))
        for stimulus in self.stimuli:
            require(
                0 <= stimulus.trial < self.n_trials,
                f"A stimulus must belong to a trial, 0 to {self.n_trials - 1}; got trial "
                f"{stimulus.trial} ({stimulus.name or 'unnamed'}). Count trials from 0.",
            )

    def _check_kind(self) -> None:
        require(
            self.kind in ACTIVITY_KINDS,
            f"`kind` must be one of {', '.join(ACTIVITY_KINDS)}; got `{self.kind}`. "
            f"{nearest(str(self.kind), ACTIVITY_KINDS)}",
        )
        if self.kind == "spike_count":
            seen = self.activity[~np.isnan(self.activity)]
            bad = seen[(seen < 0) | (seen != np.round(seen))]
            require(
                bad.size == 0,
                f"A `spike_count` must be a whole number, at least 0; got {bad[:1]} ({bad.size} "
                "such). If these are rates in Hz, say `kind='rate'`.",
            )

    def _check_clock(self) -> None:
        response = self.kind == "response"
        require(
            not response or (self.n_steps == 1 and self.dt is None),
            f"A `response` must have one step and no `dt`; got {self.n_steps} steps and dt = "
            f"{self.dt}. For activity over time use `rate`, `calcium` or `spike_count`.",
        )
        require(
            response or (self.dt is not None and np.isfinite(self.dt) and self.dt > 0),
            f"`dt` must be a number of seconds above 0; got {self.dt}. Give the sampling "
            "interval (1 / frame rate).",
        )
        require(
            bool(np.isfinite(self.start)),
            f"`start` must be a finite number of seconds; got {self.start}. Use 0 if the "
            "recording has no other clock.",
        )

    def _checked_inputs(self, inputs: np.ndarray) -> np.ndarray:
        inputs = as_numbers("inputs", inputs, n_axes=3)
        require(
            inputs.shape[:2] == self.activity.shape[:2],
            f"`inputs` must have the trials and steps of `activity` {self.activity.shape[:2]}; its "
            f"shape is {inputs.shape}. The axes are (trial, time, channel).",
        )
        n_missing = int(np.isnan(inputs).sum())
        require(
            n_missing == 0,
            f"`inputs` must be known at every step; {n_missing} values are NaN. Put what was only "
            "partly observed into `behavior`.",
        )
        names = self.input_name
        require(
            len(names) == inputs.shape[2] == len(set(names)),
            f"`input_name` must hold one different name a channel ({inputs.shape[2]}); got "
            f"{names}. Name every channel.",
        )
        return inputs

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        return self.activity.shape[0]

    @property
    def n_steps(self) -> int:
        """How many samples each trial has."""
        return self.activity.shape[1]

    @property
    def n_neurons(self) -> int:
        """How many neurons there are."""
        return self.activity.shape[2]

    @property
    def observed(self) -> Bool[np.ndarray, "trial time neuron"]:
        """Where a value was measured."""
        return ~np.isnan(self.activity)

    @property
    def time(self) -> Float[np.ndarray, " time"]:
        """When each sample was taken, in seconds."""
        return self.start + (self.dt or 0.0) * np.arange(self.n_steps)

    def select(
        self,
        *,
        trials: Bool[np.ndarray, " trial"] | None = None,
        time: Bool[np.ndarray, " time"] | None = None,
        neurons: Bool[np.ndarray, " neuron"] | None = None,
    ) -> Recording:
        """The part where the masks are true, in order; a mask not given keeps all.

        Args:
            trials: One True or False a trial. Stimuli of the others are dropped.
            time: One True or False a step; the true ones must be next to each other.
            neurons: One True or False a neuron.

        Raises:
            InputError: If a mask has another length or type, keeps nothing, or leaves a hole in
                time.

        Example:
            >>> recording = Recording(np.zeros((1, 4, 2)), np.array([1, 2]), kind="rate", dt=0.1)
            >>> recording.select(neurons=recording.neuron_id == 2).n_neurons
            1
        """
        t = as_mask("trials", trials, self.n_trials)
        s = as_mask("time", time, self.n_steps)
        n = as_mask("neurons", neurons, self.n_neurons)
        steps = np.flatnonzero(s)
        require(
            steps[-1] - steps[0] + 1 == steps.size,
            f"`time` must keep steps next to each other; it keeps {steps.size} between "
            f"{steps[0]} and {steps[-1]}. Select each block by itself.",
        )
        block = np.ix_(t, s, n)
        place = np.cumsum(t) - 1
        sentence = (
            f"kept {t.sum():,} of {t.size:,} trials, {s.sum():,} of {s.size:,} steps and "
            f"{n.sum():,} of {n.size:,} neurons, because only those were selected"
        )
        whole = t.all() and s.all() and n.all()
        return replace(
            self,
            activity=self.activity[block],
            neuron_id=self.neuron_id[n],
            start=float(self.time[steps[0]]),
            inputs=None if self.inputs is None else self.inputs[t][:, s],
            stimuli=tuple(
                replace(e, trial=int(place[e.trial])) for e in self.stimuli if t[e.trial]
            ),
            behavior={name: values[np.ix_(t, s)] for name, values in self.behavior.items()},
            trials={name: values[t] for name, values in self.trials.items()},
            n_observations=None if self.n_observations is None else self.n_observations[block],
            annotations={name: values[block] for name, values in self.annotations.items()},
            audit=self.audit if whole else (*self.audit, sentence),
        )

    def column(self, name: str) -> Shaped[np.ndarray, " trial"]:
        """The trial column of this name.

        Raises:
            InputError: If there is none.
        """
        if name not in self.trials:
            have = ", ".join(sorted(self.trials)) or "no trial column"
            raise InputError(
                f"The recording must have a trial column `{name}`; it has {have}. Add it with "
                "`dataclasses.replace(recording, trials={...})`."
            )
        return self.trials[name]

    def to_xarray(self) -> xr.Dataset:
        """All of it as an `xarray.Dataset`; see `neuroloom.recording.labelled`."""
        from neuroloom.recording.labelled import to_xarray

        return to_xarray(self)

    @staticmethod
    def from_xarray(dataset: xr.Dataset, *, resample: float | None = None) -> Recording:
        """The recording in an `xarray.Dataset`; see `neuroloom.recording.labelled`."""
        from neuroloom.recording.labelled import from_xarray

        return from_xarray(dataset, resample=resample)

    def __repr__(self) -> str:
        """Sizes, not contents: a recording has millions of values."""

        def sized(n: int, word: str) -> str:
            return f"{n:,} {word}{'' if n == 1 else 's'}"

        title = f"{self.name}: " if self.name else ""
        step = "" if self.dt is None else f" of {self.dt:g} s"
        return (
            f"Recording({title}{sized(self.n_trials, 'trial')} x {sized(self.n_steps, 'step')}"
            f"{step} x {sized(self.n_neurons, 'neuron')}, {self.kind}"
            f"{f' in {self.unit}' if self.unit else ''}; {self.observed.sum():,} of "
            f"{self.activity.size:,} entries observed)"
        )
