"""Rows of a learning curve, the same for every arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroloom.analysis.learning import final_return, initial_return, learning_area, steps_to
from neuroloom.fitting.evolution import Evolution
from neuroloom.networks.policies import AbstractPolicy, n_parameters
from neuroloom.studies.framework import Row

__all__ = ["learning_rows", "n_connections"]


def learning_rows(
    split: str,
    found: Evolution,
    policy: AbstractPolicy,
    *,
    threshold: float,
    at: Mapping[str, Any],
) -> list[Row]:
    """Curve, initial and final return, area, steps to the threshold, sizes.

    Args:
        split: Name of the arm.
        found: The search.
        policy: As it was before.
        threshold: Return to which steps are counted.
        at: Coordinates of all rows.
    """
    every = {name: found.history[name].to_numpy(float) for name in found.history.columns}
    probed = np.isfinite(every["probe"])
    steps, returns = every["env_steps"][probed], every["probe"][probed]
    reached = steps_to(steps, returns, threshold)
    rows = [
        Row(split, "return", value, "reward", {**at, "env_steps": int(step)})
        for step, value in zip(steps, returns, strict=True)
    ]
    for name, value, unit in (
        ("initial", initial_return(steps, returns), "reward"),
        ("final", final_return(steps, returns), "reward"),
        ("area", learning_area(steps, returns), "reward"),
        ("best", float(np.nanmax(every["best"])), "reward"),
        ("reached", float(reached.reached), "1"),
        ("steps_to_threshold", float(reached.steps), "env steps"),
        ("failed_members", float(every["failed"].sum()), "members"),
        ("parameters", n_parameters(policy), ""),
        ("connections", n_connections(policy), ""),
        ("env_steps_spent", float(steps[-1]), "env steps"),
    ):
        rows.append(Row(split, name, value, unit, at))
    return rows


def n_connections(policy: AbstractPolicy) -> int:
    """Synapses of a circuit, gap junctions once; of other policies their weights.

    Args:
        policy: Any.
    """
    magnitude = getattr(policy, "magnitude", None)
    if magnitude is None:
        return n_parameters(policy)
    gap = getattr(policy, "gap_magnitude", None)
    return len(magnitude) + (0 if gap is None else len(gap) // 2)
