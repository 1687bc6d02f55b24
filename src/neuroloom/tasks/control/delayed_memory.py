"""A cue to keep in mind until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, Running, check_starts

__all__ = ["DelayedMemory"]


@dataclass(frozen=True)
class DelayedMemory(ControlTask):
    """A cue of 1 or -1, silence, and a question: 1 if the answer has the cue's sign.

    Seen are the cue, while it is shown, and whether the question is asked. The last step earns.

    Attributes:
        n_cue: Steps that show the cue.
        n_delay: Steps of silence.
        n_answer: Steps of the question.

    Raises:
        InputError: If a number is below 1, or the silence below 0.

    Source:
        The oculomotor delayed response of Fuster and Alexander, Science 173:652 (1971), at its
        simplest.
    """

    n_cue: int = 3
    n_delay: int = 10
    n_answer: int = 2

    def __post_init__(self) -> None:
        """Refuses trials without a cue or a question."""
        if min(self.n_cue, self.n_answer) < 1 or self.n_delay < 0:
            raise InputError(
                "`n_cue` and `n_answer` must be at least 1 and `n_delay` at least 0; got "
                f"{self.n_cue}, {self.n_answer} and {self.n_delay}. Leave them out for 3, 2 and 10."
            )

    @property
    def n_steps(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Cue, silence and question."""
        return self.n_cue + self.n_delay + self.n_answer

    @property
    def name(self) -> str:
        """With the length of the silence."""
        return f"memory over {self.n_delay} steps"

    @property
    def n_observations(self) -> int:
        """The cue, and whether the question is asked."""
        return 2

    @property
    def n_actions(self) -> int:
        """The answer."""
        return 1

    @property
    def dt(self) -> float:
        """Steps have no length."""
        return 1.0

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """There is no body."""
        return ()

    def draw_starts(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "episode cue"]:
        """Cues, 1 or -1, as many of each as can be.

        Args:
            rng: Randomness.
            n: Episodes.
        """
        first = rng.choice([-1.0, 1.0])
        return rng.permutation(np.where(np.arange(n) % 2 == 0, first, -first))[:, None]

    def begin(self, starts: Float[np.ndarray, "episode cue"], *, n_threads: int = 1) -> Running:
        """Trials side by side.

        Args:
            starts: Cues.
            n_threads: Not used.

        Raises:
            InputError: If starts are of something else.
        """
        del n_threads
        return _Trials(check_starts(starts, 1, self.name)[:, 0], self)


class _Trials(Running):
    def __init__(self, cue: np.ndarray, task: DelayedMemory) -> None:
        self._cue, self._task = np.array(cue, float), task
        self.alive = np.ones(len(cue), bool)
        self._answer = np.zeros(len(cue))
        self._show(0)

    def _show(self, step: int) -> None:
        shown = self._cue if step < self._task.n_cue else np.zeros_like(self._cue)
        asked = step >= self._task.n_cue + self._task.n_delay
        self.observation = np.stack([shown, np.full(len(shown), float(asked))], 1).astype(
            np.float32
        )

    def _step(self, action: Float[np.ndarray, "episode action"]) -> Float[np.ndarray, " episode"]:
        self._answer = action[:, 0]
        last = self.n_done + 1 == self._task.n_steps
        self._show(self.n_done + 1)
        return (last & (np.sign(self._answer) == self._cue)).astype(float)

    def state(self) -> Float[np.ndarray, "episode state"]:
        """The cue, and the last answer."""
        return np.stack([self._cue, self._answer], axis=1)
