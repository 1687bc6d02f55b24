"""What a forecaster is fitted to: the activity of some neurons, and what the animal did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError, nearest
from neuroloom.networks.forecasting import AbstractStructure, Anywhere
from neuroloom.recording import Recording

__all__ = ["Session"]


@dataclass(frozen=True, eq=False, repr=False)
class Session:
    """Neurons recorded together. What must not be learned from does not belong into it.

    Frames are a native frame time, or a bin of spikes; time before is the only thing that a
    smoothing of them may have looked at, or the forecast is given away.

    Attributes:
        activity: Of each neuron in each frame; NaN where not observed.
        behavior: Variables of the animal in the same frames; NaN where not observed. None for no
            such variable.
        structure: What is known of who may be connected; default nothing.
        name: What to call it.

    Raises:
        InputError: If shapes do not fit, or a value is infinite.
    """

    # Wrong input must raise our own error, also where tests check annotations at run time.
    __no_type_check__ = True

    activity: Float[np.ndarray, "trial time neuron"]
    behavior: Float[np.ndarray, "trial time channel"] = None  # pyright: ignore[reportAssignmentType]
    structure: AbstractStructure = None  # pyright: ignore[reportAssignmentType]
    name: str = ""

    def __post_init__(self) -> None:
        def put(attribute: str, value: object) -> None:
            object.__setattr__(self, attribute, value)

        put("activity", _series("activity", self.activity))
        shape = self.activity.shape
        behavior = np.zeros((*shape[:2], 0)) if self.behavior is None else self.behavior
        put("behavior", _series("behavior", behavior))
        if self.behavior.shape[:2] != shape[:2]:
            raise InputError(
                f"`behavior` must have the trials and frames of `activity` {shape[:2]}; its shape "
                f"is {self.behavior.shape}. The axes are (trial, time, channel)."
            )
        put("structure", self.structure or Anywhere(shape[2]))
        if self.structure.n_neurons != shape[2]:
            raise InputError(
                f"`structure` must be of the {shape[2]} neurons of `activity`; it is of "
                f"{self.structure.n_neurons}. Select the recorded neurons from the connectome, in "
                "the order of the recording."
            )

    @classmethod
    def from_recording(
        cls,
        recording: Recording,
        *,
        behavior: Sequence[str] = (),
        structure: AbstractStructure | None = None,
    ) -> Session:
        """The activity of a recording, with some of its behavior.

        Args:
            recording: Activity over time.
            behavior: Names of variables in `recording.behavior`.
            structure: Of its neurons, in their order.

        Raises:
            InputError: If it has no variable of this name.
        """
        for name in behavior:
            if name not in recording.behavior:
                raise InputError(
                    f"`behavior` must name variables of the recording; `{name}` is none. "
                    f"{nearest(name, recording.behavior)}"
                )
        channels = [recording.behavior[name] for name in behavior]
        return cls(
            recording.activity,
            np.stack(channels, axis=2) if channels else None,  # pyright: ignore
            structure,  # pyright: ignore
            recording.name,
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.activity.shape[2]

    @property
    def n_channels(self) -> int:
        """Number of channels of behavior."""
        return self.behavior.shape[2]

    def __repr__(self) -> str:
        """Sizes, not contents."""
        n_trials, n_frames, n_neurons = self.activity.shape
        title = f"{self.name}: " if self.name else ""
        return (
            f"Session({title}{n_trials:,} trials x {n_frames:,} frames x {n_neurons:,} neurons, "
            f"{self.n_channels} channels of behavior)"
        )


def _series(name: str, values: np.ndarray) -> np.ndarray:
    """A read-only copy in double precision."""
    series = np.array(values, float)
    if series.ndim != 3:
        last = "neuron" if name == "activity" else "channel"
        raise InputError(
            f"`{name}` must have three axes, (trial, time, {last}); its shape is {series.shape}. "
            "Add `[None]` for a single trial."
        )
    n_infinite = int(np.isinf(series).sum())
    if n_infinite:
        raise InputError(
            f"`{name}` must be finite, or NaN where not observed; {n_infinite} values are "
            "infinite. Find out where they come from, and mark them as NaN."
        )
    series.flags.writeable = False
    return series
