"""What is held out: whole neurons, blocks of time, trials, stimulated neurons, animals.

A split is a frozen description; `folds(recording, rng=rng)` turns it into masks. Held out means
held out before any normalization, selection or early stopping.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Shaped

from neuroloom.errors import InputError
from neuroloom.recording.homologs import alone, homolog_groups
from neuroloom.recording.recording import Recording

__all__ = [
    "AbstractSplit",
    "Animals",
    "Fold",
    "HeldOutNeurons",
    "StimulatedNeurons",
    "TimeBlocks",
    "Trials",
]

AXES = ("trial", "time", "neuron")
Together = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Fold:
    """One way to cut a recording along one axis. A place may be in neither part: it is a gap.

    Attributes:
        axis: `trial`, `time` or `neuron`.
        training: Which places of that axis may be learned from.
        held_out: Which places are kept for scoring.
    """

    axis: str
    training: Bool[np.ndarray, " place"]
    held_out: Bool[np.ndarray, " place"]

    def __post_init__(self) -> None:
        for name in ("training", "held_out"):
            part = np.array(getattr(self, name))
            part.flags.writeable = False
            object.__setattr__(self, name, part)
            if not part.any():
                raise InputError(
                    f"Each fold must have a training and a held-out part; `{name}` is empty "
                    f"along `{self.axis}` ({part.size} places). Use fewer folds, a shorter gap or "
                    "another fraction."
                )

    def entries(
        self, recording: Recording
    ) -> tuple[Bool[np.ndarray, "trial time neuron"], Bool[np.ndarray, "trial time neuron"]]:
        """Training and held-out masks over all entries, observed or not."""
        shape = [1, 1, 1]
        shape[AXES.index(self.axis)] = -1
        training, held_out = (
            np.broadcast_to(part.reshape(shape), recording.activity.shape).copy()
            for part in (self.training, self.held_out)
        )
        return training, held_out


class AbstractSplit(ABC):
    """A frozen description of what to hold out."""

    @abstractmethod
    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """The folds; the same generator state gives the same folds."""


@dataclass(frozen=True)
class HeldOutNeurons(AbstractSplit):
    """Whole neurons held out, drawn among the observed ones or named: one fold.

    Attributes:
        fraction: Share of the observed neurons to draw, between 0 and 1. Give this or `ids`.
        ids: The neurons to hold out.
        together: Labels for neurons that must not be separated when drawing: `alone`,
            `homolog_groups`, or your own function of the ids.
    """

    fraction: float | None = None
    ids: tuple[str | int, ...] = ()
    together: Together = alone

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        if (self.fraction is None) == (not self.ids):
            raise InputError(
                f"`HeldOutNeurons` must get a fraction or ids; got fraction {self.fraction} and "
                f"{len(self.ids)} ids. Give exactly one of them."
            )
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise InputError(
                f"`fraction` must be above 0 and below 1; got {self.fraction}. For 20 % write 0.2."
            )

    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """One fold along `neuron`. Neurons without a single observation stay in training."""
        if self.ids:
            held_out = np.isin(recording.neuron_id, self._checked_ids(recording))
        else:
            observed = np.flatnonzero(recording.observed.any(axis=(0, 1)))
            label = self.together(recording.neuron_id[observed])
            wanted = max(1, round((self.fraction or 0.0) * observed.size))
            place = np.unique(label, return_inverse=True)[1]
            size = np.bincount(place)
            order = rng.permutation(size.size)
            before = np.cumsum(size[order]) - size[order]
            drawn = np.isin(place, order[before < wanted])
            held_out = np.zeros(recording.n_neurons, bool)
            held_out[observed[drawn]] = True
        return (Fold("neuron", ~held_out, held_out),)

    def _checked_ids(self, recording: Recording) -> np.ndarray:
        known = set(recording.neuron_id.tolist())
        missing = [i for i in self.ids if i not in known]
        if missing:
            raise InputError(
                f"Held-out neurons must be in the recording; {missing[0]!r} is not ({len(missing)} "
                f"such of {len(self.ids)}). Use its ids, of type {recording.neuron_id.dtype}."
            )
        return np.array(self.ids)


@dataclass(frozen=True)
class TimeBlocks(AbstractSplit):
    """Equal blocks of time, each held out once, the same in every trial.

    Attributes:
        n_blocks: How many blocks. At least 2.
        gap: Training samples lie at least this far from every held-out one, in seconds.
    """

    n_blocks: int = 5
    gap: float = 0.0

    def __post_init__(self) -> None:
        _check_n("n_blocks", self.n_blocks)
        if not (np.isfinite(self.gap) and self.gap >= 0):
            raise InputError(
                f"`gap` must be a finite number of seconds, at least 0; got {self.gap}. Use the "
                "time over which the activity remembers itself."
            )

    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """`n_blocks` folds along `time`, in order; nothing is drawn."""
        if recording.n_steps < self.n_blocks:
            raise InputError(
                f"`n_blocks` must be at most the number of samples ({recording.n_steps}); got "
                f"{self.n_blocks}. Use fewer blocks, or split trials instead."
            )
        step = np.arange(recording.n_steps)
        block = step * self.n_blocks // recording.n_steps
        n_gap = int(np.ceil(self.gap / (recording.dt or 1.0) - 1e-9))
        folds = []
        for n in range(self.n_blocks):
            inside = step[block == n]
            distance = np.maximum(inside[0] - step, step - inside[-1])
            folds.append(Fold("time", distance >= max(1, n_gap), block == n))
        return tuple(folds)


@dataclass(frozen=True)
class Trials(AbstractSplit):
    """Trials, each held out once.

    Attributes:
        n_folds: How many parts. At least 2.
    """

    n_folds: int = 5

    def __post_init__(self) -> None:
        _check_n("n_folds", self.n_folds)

    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """`n_folds` folds along `trial`."""
        return _grouped(np.arange(recording.n_trials), self.n_folds, "trials", rng)


@dataclass(frozen=True)
class StimulatedNeurons(AbstractSplit):
    """Trials by the neuron that was stimulated; no stimulated neuron is in both parts.

    Attributes:
        n_folds: How many parts. At least 2.
        together: Labels for stimulated neurons that must not be separated. The default keeps left
            and right homologs in one part, because the one gives the other's answer away.
        column: The trial column with the neuron's name.
    """

    n_folds: int = 5
    together: Together = homolog_groups
    column: str = "stimulated"

    def __post_init__(self) -> None:
        _check_n("n_folds", self.n_folds)

    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """`n_folds` folds along `trial`."""
        label = self.together(recording.column(self.column))
        return _grouped(label, self.n_folds, "groups of stimulated neurons", rng)


@dataclass(frozen=True)
class Animals(AbstractSplit):
    """Trials by animal, each animal held out once.

    Attributes:
        column: The trial column with the animal.
        n_folds: How many parts; None for one part an animal.
    """

    column: str = "animal"
    n_folds: int | None = None

    def __post_init__(self) -> None:
        if self.n_folds is not None:
            _check_n("n_folds", self.n_folds)

    def folds(self, recording: Recording, *, rng: np.random.Generator) -> tuple[Fold, ...]:
        """Folds along `trial`; one an animal, in the order of their names, if `n_folds` is None."""
        label = recording.column(self.column)
        if self.n_folds is not None:
            return _grouped(label, self.n_folds, "animals", rng)
        names = np.unique(label)
        if names.size < 2:
            raise InputError(
                f"Animals must be at least 2 to hold one out; the column `{self.column}` names "
                f"{names.size}. Split by trials or time blocks instead."
            )
        return tuple(Fold("trial", label != name, label == name) for name in names)


def _check_n(name: str, n: int) -> None:
    if n < 2:
        raise InputError(f"`{name}` must be at least 2; got {n}. One part cannot be held out.")


def _grouped(
    label: Shaped[np.ndarray, " trial"], n_folds: int, what: str, rng: np.random.Generator
) -> tuple[Fold, ...]:
    """Folds that never separate equal labels.

    Groups come in random order, big ones first; each goes to the part with fewest trials so far.
    """
    place = np.unique(label, return_inverse=True)[1]
    size = np.bincount(place)
    if size.size < n_folds:
        raise InputError(
            f"`n_folds` must be at most the number of {what} ({size.size}); got {n_folds}. Use "
            "fewer folds."
        )
    order = rng.permutation(size.size)
    order = order[np.argsort(-size[order], kind="stable")]
    part: Int[np.ndarray, " group"] = np.zeros(size.size, int)
    filled = np.zeros(n_folds, int)
    for group in order:
        part[group] = filled.argmin()
        filled[part[group]] += size[group]
    fold = part[place]
    return tuple(Fold("trial", fold != n, fold == n) for n in range(n_folds))
