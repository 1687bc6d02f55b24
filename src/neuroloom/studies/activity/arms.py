"""Every wiring on which the ensemble is fitted: the real one, other signs, null wirings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neuroloom.analysis.evaluation import Prediction
from neuroloom.connectome import Connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.errors import InputError, SimulationError, nearest
from neuroloom.fitting import Fit
from neuroloom.studies.activity.cells import cell_path, kept_or_made
from neuroloom.studies.activity.choices import SignedWiring, has_unknown_signs, other_rule, sign
from neuroloom.studies.activity.ensemble import Ensemble, predict_with_fit
from neuroloom.studies.activity.intervals import HeldOutErrors, held_out_errors
from neuroloom.studies.activity.partition import Partition, own_stream
from neuroloom.studies.activity.scoring import Activity
from neuroloom.studies.config import PredictConfig

__all__ = ["DEFAULT", "FittedArm", "Results", "fit_arms", "fit_calibrations", "planned_arms"]

DEFAULT = "default"
TYPED = ("rewire_within_type",)


@dataclass(frozen=True)
class FittedArm:
    """A wiring, or several drawn alike, on which the same ensemble is fitted.

    Attributes:
        name: As in the score table.
        wiring: Makes the wiring of a draw.
        n_draws: How many.
    """

    name: str
    wiring: Callable[[int], SignedWiring]
    n_draws: int = 1


@dataclass
class Results:
    """What the arms predicted, as it comes in.

    Attributes:
        default: The default's prediction by member.
        draws: Mean over members by arm and draw.
        fit: The default's ensemble.
        calibrations: The default's errors where other neurons are held out.
        notes: Members and draws that were left out, by name.
    """

    default: Prediction | None = None
    draws: dict[str, list[Activity]] = field(default_factory=dict)
    fit: Fit | None = None
    calibrations: list[HeldOutErrors] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def planned_arms(
    connectome: Connectome, wiring: SignedWiring, config: PredictConfig
) -> tuple[list[FittedArm], list[str]]:
    """The default, a second sign rule where signs are unknown, and the null wirings.

    Args:
        connectome: As it was given.
        wiring: The same, with the signs of the default.
        config: Names the rule, the null wirings and how many draws of each.

    Returns:
        The arms, and a sentence for each null wiring left out because there are no cell types.

    Raises:
        InputError: If there is no null wiring of that name, or the wiring does not allow it.
    """
    arms, left_out = [FittedArm(DEFAULT, lambda _: wiring)], []
    if has_unknown_signs(connectome):
        rule = other_rule(config.sign_rule)
        other = sign(connectome, rule)
        arms.append(FittedArm(f"variant: signs {rule}", lambda _: other))
    for word in config.nulls if config.n_null_draws else ():
        if word not in NULLS:
            raise InputError(
                f"A null wiring must be one of {', '.join(NULLS)}; got `{word}`. "
                f"{nearest(word, NULLS)}"
            )
        arm = _null_arm(word, wiring, config)
        if word in TYPED and "cell_type" not in connectome.neurons:
            left_out.append(f"left out `{arm.name}`: the connectome has no column `cell_type`")
        else:
            arm.wiring(0)  # what does not apply says so now, not after the default was fitted
            arms.append(arm)
    return arms, left_out


def _null_arm(word: str, wiring: SignedWiring, config: PredictConfig) -> FittedArm:
    name = f"null: {word.replace('_', ' ')}"

    def drawn(draw: int) -> SignedWiring:
        made = NULLS[word](wiring.connectome, rng=own_stream(config.seed, name, draw))
        return wiring._replace(connectome=made)

    return FittedArm(name, drawn, config.n_null_draws)


def fit_arms(
    arms: list[FittedArm],
    ensemble: Ensemble,
    partition: Partition,
    results: Results,
    *,
    seed: int,
    cells: Path | None,
) -> Iterator[str]:
    """Fill `results`, one draw of one arm after another; says what was just done.

    A draw of which every member diverged is left out and named, unless it is the default.

    Args:
        arms: What to fit.
        ensemble: How.
        partition: What fits and predictions may see.
        results: Receives predictions and notes.
        seed: With the arm and the draw, it decides every random number.
        cells: Where finished and half-finished fits are kept.

    Raises:
        SimulationError: If every member of the default diverged.
        StudyError: If a kept result is damaged.
    """
    for arm, draw in [(a, draw) for a in arms for draw in range(a.n_draws)]:
        where = arm.name if arm.n_draws == 1 else f"{arm.name}, draw {draw + 1}"
        cell = OneDraw(arm, draw, ensemble, partition, seed, cells)
        try:
            prediction = kept_or_made(
                cell.path("npz"), partition.recording.activity.shape, cell.predict
            )
        except SimulationError as error:
            if arm.name == DEFAULT:
                raise
            results.notes.append(f"left out {where}: {error}")
            yield f"{where}: diverged"
            continue
        results.notes += [f"{where}: {note}" for note in prediction.notes]
        results.draws.setdefault(arm.name, []).append(prediction.effect.mean(axis=-1))
        if arm.name == DEFAULT:
            results.default, results.fit = prediction, cell.fit()
        else:
            cell.forget()
        yield f"{where}{cell.loss}"


def fit_calibrations(
    arm: FittedArm,
    ensemble: Ensemble,
    partitions: list[Partition],
    results: Results,
    *,
    seed: int,
    cells: Path | None,
) -> Iterator[str]:
    """The default once more for each partition: what it errs where other neurons are held out.

    One in which every member diverged is left out and named.

    Args:
        arm: The default.
        ensemble: How it was fitted.
        partitions: Each holds out neurons that no other holds out.
        results: Receives predictions and notes.
        seed: As for the arms.
        cells: Where finished and half-finished fits are kept.

    Raises:
        StudyError: If a kept result is damaged.
    """
    for number, partition in enumerate(partitions, start=1):
        where = f"calibration {number}"
        # The default has one draw; further places in its row of cells are these.
        cell = OneDraw(arm, number, ensemble, partition, seed, cells)
        shape = partition.recording.activity.shape
        try:
            prediction = kept_or_made(cell.path("npz"), shape, cell.predict)
        except SimulationError as error:
            results.notes.append(f"left out {where}: {error}")
            yield f"{where}: diverged"
            continue
        results.notes += [f"{where}: {note}" for note in prediction.notes]
        results.calibrations.append(held_out_errors(prediction.effect, partition))
        cell.forget()
        yield f"{where}{cell.loss}"


@dataclass
class OneDraw:
    """One fit and what it predicts.

    Attributes:
        arm: Which arm.
        draw: Which of its wirings.
        ensemble: How to fit.
        partition: What may be seen.
        seed: Decides every random number.
        cells: Folder of kept results.
        fitted: The fit, once it was needed.
    """

    arm: FittedArm
    draw: int
    ensemble: Ensemble
    partition: Partition
    seed: int
    cells: Path | None
    fitted: Fit | None = None

    def path(self, ending: str) -> Path | None:
        """Where a result of this draw is kept."""
        return self.cells and cell_path(self.cells, self.arm.name, self.draw, ending)

    def fit(self) -> Fit:
        """The fit; from its checkpoint, if it was finished before, without fitting again."""
        if self.fitted is None:
            self.fitted = self.ensemble.fit(
                self.arm.wiring(self.draw),
                self.partition.training,
                rng=own_stream(self.seed, self.arm.name, self.draw, "fit"),
                checkpoint=self.path("eqx"),
            )
        return self.fitted

    def predict(self) -> Prediction:
        """By member for the default; only the mean over members for all others."""
        prediction = predict_with_fit(self.fit(), self.partition.visible)
        if self.arm.name == DEFAULT:
            return prediction
        mean = prediction.effect.mean(axis=-1, keepdims=True)
        return Prediction(mean, None, prediction.notes)

    def forget(self) -> None:
        """Remove the checkpoint of a fit whose prediction is kept."""
        path = self.path("eqx")
        if path is not None:
            path.unlink(missing_ok=True)

    @property
    def loss(self) -> str:
        """Loss of the last check at which a member ran, for the progress bar."""
        if self.fitted is None:
            return " (kept)"
        ran = np.isfinite(self.fitted.history).any(axis=1)
        return f", loss {np.nanmean(self.fitted.history[ran][-1]):.4g}" if ran.any() else ""
