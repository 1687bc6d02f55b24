"""A start for a search: the best of many policies drawn around one."""

from __future__ import annotations

import numpy as np

from neuroloom.errors import InputError, StudyError
from neuroloom.networks.policies import AbstractPolicy, flatten
from neuroloom.simulation.policies import perform_policies
from neuroloom.tasks.control import ControlTask

__all__ = ["screen"]


def screen(
    policy: AbstractPolicy,
    task: ControlTask,
    *,
    n: int,
    sd: float,
    seed: int,
    n_threads: int | None = None,
) -> AbstractPolicy:
    """The policy of n, drawn around one, that earns most in one episode.

    For searches that begin on a plateau: the same rule for every policy, instead of a start that
    was chosen by hand. All meet the same start; the policy itself is not among them.

    Args:
        policy: In the middle.
        task: What earns.
        n: How many are drawn.
        sd: Of each parameter.
        seed: Of the draws and of the start.
        n_threads: Default: one a core.

    Raises:
        InputError: If `n` is below 1 or `sd` is not above 0.
        StudyError: If no member has a finite return.
    """
    if n < 1 or not sd > 0:
        raise InputError(
            f"`n` must be at least 1 and `sd` above 0; got {n} and {sd}. Leave screening out to "
            "begin at the policy itself."
        )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    vector, rebuild = flatten(policy)
    drawn = vector + sd * rng.standard_normal((n, vector.size))
    starts = task.draw_starts(rng, 1)
    returns = perform_policies(rebuild(drawn), task, starts=starts, n_threads=n_threads).total[:, 0]
    if not np.isfinite(returns).any():
        raise StudyError(
            f"At least one member must have a finite return; none of {n} has. Take a smaller `sd`."
        )
    return rebuild(drawn[np.nanargmax(returns)])
