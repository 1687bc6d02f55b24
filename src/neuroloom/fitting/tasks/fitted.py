"""What training on a task returns."""

from dataclasses import dataclass

import pandas as pd

from neuroloom.fitting.tasks.training import TaskTraining
from neuroloom.networks import TaskNetwork

__all__ = ["TaskFit"]


@dataclass(frozen=True, eq=False, repr=False)
class TaskFit:
    """An ensemble of networks trained on a task.

    Attributes:
        networks: Those that did not diverge, in the order of the members.
        members: Which member each of them is.
        failures: A sentence for each member that diverged.
        history: A row for each check of each member: `update` (how many were done), `member`,
            `n_steps` of a trial, and the means since the last check of `error` (mean squared),
            `activity_term` (penalty times mean squared rate) and `activity_penalty`.
        training: How they were trained.
        finished: False if training was interrupted and this is what there was.
    """

    networks: list[TaskNetwork]
    members: tuple[int, ...]
    failures: tuple[str, ...]
    history: pd.DataFrame
    training: TaskTraining
    finished: bool = True

    def __repr__(self) -> str:
        """Sizes, not contents."""
        n_updates = int(self.history["update"].to_numpy().max()) if len(self.history) else 0
        return (
            f"TaskFit({len(self.networks)} networks after {n_updates:,} updates; "
            f"{len(self.failures)} diverged)"
        )
