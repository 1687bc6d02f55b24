"""The score table: every arm on the same held-out entries, in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from neuroloom.analysis.evaluation import Arm, HeldOutPredictions, predict_held_out
from neuroloom.analysis.response_scores import Pairs, score_responses, scored_pairs
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.recording import Recording, StimulatedNeurons, homolog_groups

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came of an evaluation.

    Attributes:
        scores: One row a measurement: arm, split, measure, unit, value, low, high, n.
        predictions: Held-out predictions of every arm.
        pairs: What was scored, by arm.
        fold: In which fold each trial was held out.
    """

    scores: pd.DataFrame
    predictions: Mapping[str, HeldOutPredictions]
    pairs: Mapping[str, Pairs]
    fold: Int[np.ndarray, " trial"]

    @property
    def held_out(self) -> Bool[np.ndarray, " trial"]:
        """Which trials were held out in any fold."""
        return self.fold >= 0

    def to_csv(self, path: Path) -> None:
        """Write the score table."""
        self.scores.to_csv(path, index=False)


def evaluate(
    connectome: Connectome,
    recording: Recording,
    arms: Sequence[Arm],
    *,
    split: StimulatedNeurons,
    q_below: float = 0.05,
    n_resamples: int = 200,
    seed: int = 0,
    cells: Path | None = None,
    progress: bool = True,
) -> Evaluation:
    """Fit every arm on the training part of every fold, and score all of them on what was held out.

    Baselines, null wirings and variants are arms like any other: same folds, same data, same
    measures. Intervals (95 %) resample stimulated neurons with their homologs; those of an arm of
    several draws are those into which a further draw falls (Student's t).

    Args:
        connectome: The wiring, with the same neurons as the recording (see
            `neuroloom.studies.placement.place`).
        recording: Of kind `response`, with a trial column for the stimulated neuron, annotation `q`
            and numbers of observations.
        arms: What to compare; the name of each target is the arm in the table.
        split: Which stimulated neurons are held out together.
        q_below: A response is detected below this q value.
        n_resamples: Resamples for the intervals.
        seed: All randomness.
        cells: Folder in which finished fits are kept; a second call carries on from them.
        progress: Whether to show a progress bar.

    Returns:
        Scores, predictions and what was scored.

    Raises:
        InputError: If the recording is of another kind, or neurons differ from the connectome's.
    """
    if recording.kind != "response":
        raise InputError(
            f"`evaluate` must get a recording of kind `response`; got `{recording.kind}`. For "
            "activity over time, use `predict`, which holds out neurons."
        )
    if not np.array_equal(recording.neuron_id, connectome.neuron_id):
        raise InputError(
            "Recording and connectome must have the same neurons in the same order; "
            f"{recording.n_neurons} and {connectome.n_neurons} do not agree. Lay one onto the "
            "other with `neuroloom.studies.placement.place`."
        )
    folds = split.folds(recording, rng=np.random.default_rng([seed, 1]))
    masks = [fold.entries(recording)[1] for fold in folds]
    predictions = predict_held_out(
        connectome, recording, masks, arms, seed=seed, cells=cells, progress=progress
    )
    anywhere = np.any(masks, axis=0)
    group = homolog_groups(recording.column(split.column))
    made: dict[int, Pairs] = {}
    pairs = {}
    for name, arm in predictions.items():
        # Targets that hide the number of trials are still scored on the same pairs and strata.
        truth = recording if arm.target.n_observations is None else arm.target
        if id(truth) not in made:
            made[id(truth)] = scored_pairs(truth, anywhere, group, q_below=q_below)
        pairs[name] = made[id(truth)]
    table = score_responses(
        predictions,
        pairs,
        unit=recording.unit,
        n_resamples=n_resamples,
        rng=np.random.default_rng([seed, 2]),
    )
    place = np.full(recording.n_trials, -1)
    for n, fold in enumerate(folds):
        place[fold.held_out] = n
    return Evaluation(table, predictions, pairs, place)
