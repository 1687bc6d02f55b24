"""What a fit may see, what a prediction may see, and what only the score sees."""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from jaxtyping import Bool

from neuroloom.analysis.evaluation import hide
from neuroloom.errors import InputError
from neuroloom.recording import HeldOutNeurons, Recording, TimeBlocks, Trials, homolog_groups
from neuroloom.studies.activity.scoring import HELD_OUT, HELD_OUT_UNSEEN, OBSERVED

__all__ = ["Partition", "divide", "others_held_out", "own_stream"]

N_PARTS = 5  # one of them is time, or trials, that no fit sees
GAP_STEPS = 10
LEAST_STEPS = 25
LEAST_NEURONS = 4


@dataclass(frozen=True, eq=False)
class Partition:
    """A recording cut along neurons and along time.

    Attributes:
        recording: All of it. Only the score may look.
        held_out: Neurons whose activity nothing but the score sees, at any time.
        observed: The other recorded neurons.
        fitted: Which samples of the observed neurons a fit may see.
        unseen: Which samples no fit sees; between the two there may be a gap.
        sentences: How it was cut.
    """

    recording: Recording
    held_out: Bool[np.ndarray, " neuron"]
    observed: Bool[np.ndarray, " neuron"]
    fitted: Bool[np.ndarray, "trial time"]
    unseen: Bool[np.ndarray, "trial time"]
    sentences: tuple[str, ...]

    @property
    def training(self) -> Recording:
        """For fits: held-out neurons, and everybody's unseen time, are NaN."""
        return hide(self.recording, self.held_out[None, None, :] | ~self.fitted[:, :, None])

    @property
    def visible(self) -> Recording:
        """For predictions: held-out neurons are NaN, the observed ones are there at all times."""
        hidden = np.broadcast_to(self.held_out[None, None, :], self.recording.activity.shape)
        return hide(self.recording, hidden)

    @property
    def scored(self) -> dict[str, Bool[np.ndarray, "trial time neuron"]]:
        """Entries by name of the split."""
        everywhere = np.ones_like(self.unseen)
        return {
            HELD_OUT: everywhere[:, :, None] & self.held_out[None, None, :],
            HELD_OUT_UNSEEN: self.unseen[:, :, None] & self.held_out[None, None, :],
            OBSERVED: self.unseen[:, :, None] & self.observed[None, None, :],
        }


def divide(recording: Recording, *, fraction: float, rng: np.random.Generator) -> Partition:
    """Hold out neurons, homologs together, and a fifth of the time (of the trials, from 5 on).

    A neuron's left or right homolog, where names have sides, is its near copy: left among the
    observed it gives the answer away, and what is scored is then the animal's symmetry and not the
    wiring. Names without sides are held out one by one.

    Args:
        recording: Activity over time.
        fraction: Share of the recorded neurons to hold out.
        rng: Randomness.

    Raises:
        InputError: If it is a `response`, or too small.
    """
    if recording.dt is None:
        raise InputError(
            "This job must have activity over time; the recording is a `response`, with one number "
            "a trial. Predict it with stimulated neurons held out instead."
        )
    n_recorded = int(recording.observed.any(axis=(0, 1)).sum())
    if n_recorded < LEAST_NEURONS or recording.n_steps < LEAST_STEPS:
        raise InputError(
            f"At least {LEAST_NEURONS} recorded neurons and {LEAST_STEPS} samples a trial must be "
            f"there to hold neurons out; the recording has {n_recorded} on the connectome and "
            f"{recording.n_steps}. Record more, or give a smaller `dt` for spike times."
        )
    fold = HeldOutNeurons(fraction, together=homolog_groups).folds(recording, rng=rng)[0]
    held_out = fold.held_out
    observed = recording.observed.any(axis=(0, 1)) & ~held_out
    if held_out.sum() < 2 or observed.sum() < 2:
        raise InputError(
            f"At least 2 neurons must be held out and 2 observed; got {held_out.sum()} and "
            f"{observed.sum()}. Change the fraction with `--held-out`."
        )
    apart = (homolog_groups(recording.neuron_id) != recording.neuron_id).any()
    fitted, unseen, how = _cut_time(recording, rng)
    sentences = (
        f"held out {held_out.sum():,} of {n_recorded:,} recorded neurons"
        f"{', left and right homologs together' if apart else ''}: nothing but the score sees them",
        how,
        "while predicting, the true activity of observed neurons drives all others at all times; a "
        "neuron's own activity does not enter its own prediction",
    )
    return Partition(recording, held_out, observed, fitted, unseen, sentences)


def others_held_out(
    partition: Partition, n_sets: int, *, rng: np.random.Generator
) -> list[Partition]:
    """The same recording with other neurons held out, as many at a time, to calibrate intervals.

    Each set is drawn from neurons that no set before it held out, homologs together; there are
    fewer sets where the neurons run out.

    Args:
        partition: Its held-out neurons are observed in all of the others.
        n_sets: How many sets at most.
        rng: Randomness.
    """
    recording = partition.recording
    left = np.flatnonzero(partition.observed)
    label = np.unique(homolog_groups(recording.neuron_id[left]), return_inverse=True)[1]
    order = np.argsort(rng.permutation(label.max(initial=-1) + 1)[label], kind="stable")
    left, label = left[order], label[order]
    sets, start = [], 0
    while len(sets) < n_sets:
        end = start + int(partition.held_out.sum())
        while end < len(left) and label[end] == label[end - 1]:
            end += 1
        if end > len(left):
            break
        held_out = np.zeros_like(partition.held_out)
        held_out[left[start:end]] = True
        observed = (partition.observed | partition.held_out) & ~held_out
        if observed.sum() >= 2:
            sets.append(replace(partition, held_out=held_out, observed=observed))
        start = end
    return sets


def own_stream(seed: int, *words: str | int) -> np.random.Generator:
    """Randomness of one purpose, whatever else was or was not drawn before."""
    return np.random.default_rng([seed, *(crc32(str(word).encode()) for word in words)])


def _cut_time(recording: Recording, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, str]:
    shape = recording.activity.shape[:2]
    if recording.n_trials >= N_PARTS:
        fold = Trials(N_PARTS).folds(recording, rng=rng)[0]
        fitted, unseen = (
            np.broadcast_to(part[:, None], shape) for part in (fold.training, fold.held_out)
        )
        what = f"{fold.held_out.sum():,} of {recording.n_trials:,} trials"
    else:
        n_gap = min(GAP_STEPS, recording.n_steps // 20)
        blocks = TimeBlocks(N_PARTS, gap=n_gap * (recording.dt or 0.0))
        fold = blocks.folds(recording, rng=rng)[-1]
        fitted, unseen = (
            np.broadcast_to(part[None, :], shape) for part in (fold.training, fold.held_out)
        )
        what = f"the last {fold.held_out.sum():,} of {recording.n_steps:,} samples of each trial"
    return fitted, unseen, f"no fit sees {what}; observed neurons are scored there alone"
