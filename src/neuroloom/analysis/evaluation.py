"""Fit on what is not held out, predict what is, for every arm and fold in the same way."""

import abc
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from threadpoolctl import threadpool_limits

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, StudyError
from neuroloom.recording import Recording
from neuroloom.runs import atomic_write, progress_bar

__all__ = [
    "AbstractFitted",
    "AbstractPredictor",
    "Arm",
    "HeldOutPredictions",
    "Prediction",
    "predict_held_out",
]


@dataclass(frozen=True)
class Prediction:
    """What a fitted predictor says of a recording it has not seen.

    Attributes:
        effect: Predicted activity, in the unit of the recording, one layer an ensemble member.
        probability: Probability that a response is detected, where the predictor gives one; or any
            score that ranks pairs, if `calibrated` is false.
        calibrated: Whether `probability` is a probability.
        notes: What a reader must know: members that diverged, by name, and the like.
    """

    effect: Float[np.ndarray, "trial time neuron member"]
    probability: Float[np.ndarray, "trial time neuron"] | None = None
    notes: tuple[str, ...] = ()
    calibrated: bool = True


class AbstractFitted(abc.ABC):
    """A predictor after fitting."""

    @abc.abstractmethod
    def predict(self, target: Recording) -> Prediction:
        """Predict `target`, whose activity is hidden (NaN) where it was held out."""


class AbstractPredictor(abc.ABC):
    """A way to predict activity from wiring and a training recording."""

    @abc.abstractmethod
    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> AbstractFitted:
        """Fit to `training`, in which everything held out is NaN."""


@dataclass(frozen=True)
class Arm:
    """A predictor, the wiring it gets, and what it is asked to predict.

    Attributes:
        predictor: Fitted anew in every fold and draw.
        targets: Recordings to predict, by the name under which the scores appear. All share the
            trials and neurons of the training recording. One fit serves them all.
        wiring: Makes the wiring to fit with from the connectome and `rng=`: a null wiring, signs by
            a rule. None keeps the connectome as it is.
        n_draws: How many times to draw the wiring.
    """

    predictor: AbstractPredictor
    targets: Mapping[str, Recording]
    wiring: Callable[..., Connectome] | None = None
    n_draws: int = 1


@dataclass(frozen=True)
class HeldOutPredictions:
    """Held-out predictions of one arm over one target, put together over the folds.

    Attributes:
        draws: One `Prediction` a draw, NaN where nothing was held out.
        target: What was to be predicted.
    """

    draws: tuple[Prediction, ...]
    target: Recording


def predict_held_out(
    connectome: Connectome,
    recording: Recording,
    folds: Sequence[Bool[np.ndarray, "trial time neuron"]],
    arms: Sequence[Arm],
    *,
    seed: int,
    cells: Path | None = None,
    progress: bool = True,
) -> dict[str, HeldOutPredictions]:
    """Predictions of every held-out entry, by each arm, refitted in each fold and draw.

    A predictor sees the recording with the held-out entries, their annotations included, set to
    NaN; it cannot look. Only the number of observations of a target stays visible, and only where
    that target says so.

    Args:
        connectome: The wiring.
        recording: What was measured.
        folds: For each fold, which entries are held out.
        arms: What to compare.
        seed: Every random number follows from it, the arm, the draw and the fold, so that a
            resumed run equals an uninterrupted one.
        cells: Folder in which each finished (arm, draw, fold) is kept, and from which it is read
            on a second call. None keeps nothing.
        progress: Whether to show a progress bar.

    Returns:
        By target name.

    Raises:
        InputError: If two arms give one name, or folds do not fit the recording.
        StudyError: If a kept cell does not fit; says which file to remove.
    """
    names = [name for arm in arms for name in arm.targets]
    if len(set(names)) != len(names):
        raise InputError(
            f"Every target must have a name of its own; got {sorted(names)}. Rename the repeated "
            "ones."
        )
    for held_out in folds:
        if held_out.shape != recording.activity.shape:
            raise InputError(
                f"A fold must mark entries of the recording, {recording.activity.shape}; got "
                f"{held_out.shape}. Make it with a split of this recording."
            )
    n_cells = sum(arm.n_draws * len(folds) for arm in arms)
    done: dict[str, list[Prediction]] = {name: [] for name in names}
    with progress_bar("fitting", total=n_cells, enabled=progress) as bar:
        for arm in arms:
            first = next(iter(arm.targets))
            for draw in range(arm.n_draws):
                wiring = connectome
                if arm.wiring is not None:
                    wiring = arm.wiring(connectome, rng=_rng(seed, first, draw))
                parts = []
                for fold, held_out in enumerate(folds):
                    path = cells and cells / f"{_slug(first)}-{draw}-{fold}.npz"
                    part = _read_cell(path, arm, recording) if path and path.exists() else None
                    if part is None:
                        rng = _rng(seed, first, draw, fold)
                        # One thread a library: on a shared machine, threads that wait for each
                        # other made boosted trees 40 times slower.
                        with threadpool_limits(limits=1):
                            fitted = arm.predictor.fit(wiring, hide(recording, held_out), rng=rng)
                            part = {
                                name: _as_kept(fitted.predict(hide(target, held_out)))
                                for name, target in arm.targets.items()
                            }
                        if path:
                            _write_cell(path, part)
                    parts.append(part)
                    bar.advance(note=f"{first}, draw {draw + 1}, fold {fold + 1}")
                for name in arm.targets:
                    done[name].append(_assemble([p[name] for p in parts], folds))
    return {
        name: HeldOutPredictions(tuple(done[name]), arm.targets[name])
        for arm in arms
        for name in arm.targets
    }


def hide(recording: Recording, held_out: Bool[np.ndarray, "trial time neuron"]) -> Recording:
    """The recording with the activity and annotations of the held-out entries set to NaN.

    The number of observations stays: it is a property of the experiment's plan, not of its answer.
    Where even that must be hidden, take it out of the recording first.
    """
    return replace(
        recording,
        activity=np.where(held_out, np.nan, recording.activity),
        annotations={
            name: np.where(held_out, np.nan, values)
            for name, values in recording.annotations.items()
        },
    )


def _as_kept(prediction: Prediction) -> Prediction:
    """Rounded as a kept cell is, so that a resumed run gives the same numbers."""
    rounded = prediction.effect.astype(np.float32).astype(np.float64)
    return replace(prediction, effect=rounded)


def _rng(seed: int, name: str, *place: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *(p + 1 for p in place)])


def _slug(name: str) -> str:
    plain = "".join(c if c.isalnum() else "-" for c in name.lower())
    return f"{plain}-{zlib.crc32(name.encode()):08x}"


def _assemble(parts: Sequence[Prediction], folds: Sequence[np.ndarray]) -> Prediction:
    n_members = min(part.effect.shape[-1] for part in parts)
    effect = np.full((*folds[0].shape, n_members), np.nan)
    scored = all(part.probability is not None for part in parts)
    probability = np.full(folds[0].shape, np.nan) if scored else None
    for part, held_out in zip(parts, folds, strict=True):
        effect[held_out] = part.effect[held_out][:, :n_members]
        if probability is not None and part.probability is not None:
            probability[held_out] = part.probability[held_out]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return Prediction(effect, probability, notes, all(part.calibrated for part in parts))


def _write_cell(path: Path, part: Mapping[str, Prediction]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for place, prediction in enumerate(part.values()):
        arrays[f"effect_{place}"] = prediction.effect.astype(np.float32)
        arrays[f"notes_{place}"] = np.array(prediction.notes, dtype=str)
        arrays[f"calibrated_{place}"] = np.array(prediction.calibrated)
        if prediction.probability is not None:
            arrays[f"probability_{place}"] = prediction.probability.astype(np.float64)
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _read_cell(path: Path, arm: Arm, recording: Recording) -> dict[str, Prediction]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        part = {
            name: Prediction(
                arrays[f"effect_{place}"].astype(np.float64),
                arrays.get(f"probability_{place}"),
                tuple(arrays[f"notes_{place}"].tolist()),
                bool(arrays[f"calibrated_{place}"]),
            )
            for place, name in enumerate(arm.targets)
        }
        fits = all(p.effect.shape[:-1] == recording.activity.shape for p in part.values())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StudyError(
            f"A kept result must be readable; {path.name} is not ({error}). Remove that file; the "
            "run computes it again."
        ) from error
    if not fits:
        raise StudyError(
            f"A kept result must fit the recording; {path.name} has another shape. Remove that "
            "file; the run computes it again."
        )
    return part
