"""Students whose wiring is free have no names for their hidden units: match before judging them."""

from typing import no_type_check

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = ["match_units", "weight_errors"]


@no_type_check  # shapes are checked here, in words
def match_units(
    student: Float[np.ndarray, "*sample neuron"],
    teacher: Float[np.ndarray, "*sample neuron"],
    recorded: Bool[np.ndarray, " neuron"],
) -> Int[np.ndarray, " neuron"]:
    """The student's unit that stands for each neuron of the teacher.

    Recorded neurons stand for themselves. The others are assigned one to one so that the summed
    squared error is least, which no other assignment can beat. `student[..., order]` and
    `weight[np.ix_(order, order)]` are then in the teacher's order. The assignment has seen the
    teacher, so what it leaves is a lower bound of the error.

    Args:
        student: Rates, any unit. Trials and times in front.
        teacher: The same.
        recorded: Which neurons the student was trained on.

    Raises:
        InputError: If shapes differ.

    Source:
        Kuhn, Naval Res. Logist. Q. 2:83 (1955), by SciPy. The paper matched greedily.
    """
    from scipy.optimize import linear_sum_assignment

    if student.shape != teacher.shape or recorded.shape != student.shape[-1:]:
        raise InputError(
            "`student`, `teacher` and `recorded` must be of the same neurons and samples; their "
            f"shapes are {student.shape}, {teacher.shape} and {recorded.shape}. Put neurons last."
        )
    order = np.arange(recorded.size)
    free = np.flatnonzero(~recorded)
    hidden, true = (
        a.reshape(-1, a.shape[-1])[:, free].astype(np.float64) for a in (student, teacher)
    )
    cost = (true**2).sum(0)[:, None] + (hidden**2).sum(0)[None, :] - 2 * true.T @ hidden
    rows, columns = linear_sum_assignment(cost)
    order[free[rows]] = free[columns]
    return order


@no_type_check  # shapes are checked here, in words
def weight_errors(
    student: Float[np.ndarray, "post pre"],
    teacher: Float[np.ndarray, "post pre"],
    recorded: Bool[np.ndarray, " neuron"],
) -> pd.DataFrame:
    """Mean squared difference of two matrices of weights: `block`, `value`, `n` (entries).

    Blocks: `all`, `recorded to recorded` and `unrecorded to unrecorded`. Absent connections count
    with weight 0. `value` is NaN in an empty block.

    Args:
        student: W[post, pre], any unit.
        teacher: W[post, pre] in the same order of neurons.
        recorded: Which neurons the student was trained on.

    Raises:
        InputError: If shapes differ.
    """
    n = recorded.size
    if student.shape != (n, n) or teacher.shape != (n, n):
        raise InputError(
            f"Both matrices must be {n} x {n}, one row and column a neuron; their shapes are "
            f"{student.shape} and {teacher.shape}. Rows are post, columns pre."
        )
    square = (student.astype(np.float64) - teacher.astype(np.float64)) ** 2
    blocks = {
        "all": square,
        "recorded to recorded": square[np.ix_(recorded, recorded)],
        "unrecorded to unrecorded": square[np.ix_(~recorded, ~recorded)],
    }
    return pd.DataFrame(
        [(k, float(v.mean()) if v.size else float("nan"), v.size) for k, v in blocks.items()],
        columns=["block", "value", "n"],
    )
