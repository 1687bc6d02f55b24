"""How well does a student know its teacher? Activity and parameters: arrays in, tables out.

Every table keeps recorded and unrecorded neurons apart, and gives the squared error beside the
correlation, because a correlation is blind to size, and its absolute value to sign as well.
"""

from typing import no_type_check

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = [
    "ACTIVITY_MEASURES",
    "activity_errors",
    "neuron_errors",
    "parameter_errors",
    "permutation_ceiling",
]

ACTIVITY_MEASURES = ("mse", "one_minus_abs_rho", "one_minus_rho")
CONSTANT_BELOW = 1e-6  # range of a neuron's activity that counts as none, of its largest value


@no_type_check  # shapes are checked here, in words
def neuron_errors(
    student: Float[np.ndarray, "*sample neuron"],
    teacher: Float[np.ndarray, "*sample neuron"],
    recorded: Bool[np.ndarray, " neuron"],
) -> pd.DataFrame:
    r"""One row a neuron: `neuron` (position), `recorded`, `mse`, `rho` and `constant`.

    `mse` is the mean over all trials and times of the squared difference, in the unit squared;
    `rho` is Pearson's correlation over the same samples. It does not exist where the teacher's
    neuron is constant: there it is NaN and `constant` says `teacher`. Where only the student's is
    constant it has followed nothing: `rho` is 0 and `constant` says `student`.

    Args:
        student: Rates, any unit. Trials and times in front.
        teacher: The same.
        recorded: Which neurons the student was trained on.

    Raises:
        InputError: If shapes differ or a value is not finite.
    """
    _check(student, teacher, recorded)
    one, other = (a.reshape(-1, a.shape[-1]).astype(np.float64) for a in (student, teacher))
    still_one, still_other = _is_constant(one), _is_constant(other)
    rho = np.zeros(one.shape[1])
    moves = ~still_one & ~still_other
    x, y = (v[:, moves] - v[:, moves].mean(0) for v in (one, other))
    rho[moves] = (x * y).sum(0) / np.sqrt((x**2).sum(0) * (y**2).sum(0))
    rho[still_other] = np.nan
    return pd.DataFrame(
        {
            "neuron": np.arange(one.shape[1]),
            "recorded": recorded,
            "mse": ((one - other) ** 2).mean(0),
            "rho": rho,
            "constant": np.where(still_other, "teacher", np.where(still_one, "student", "")),
        }
    )


@no_type_check  # shapes are checked here, in words
def activity_errors(
    student: Float[np.ndarray, "*sample neuron"],
    teacher: Float[np.ndarray, "*sample neuron"],
    recorded: Bool[np.ndarray, " neuron"],
) -> pd.DataFrame:
    r"""One row a split and measure: `split`, `measure`, `value`, `n`, `n_constant`.

    Splits are `recorded` and `unrecorded`; measures `mse`, `one_minus_abs_rho`
    ($1 - \overline{|\rho|}$) and `one_minus_rho` ($1 - \overline{\rho}$), means over neurons of
    `neuron_errors`. Neurons whose teacher is constant have no correlation and are left out of the
    last two; `n_constant` says how many, `n` how many were averaged. `value` is NaN where none is
    left.

    Args:
        student: As in `neuron_errors`.
        teacher: As there.
        recorded: As there.

    Raises:
        InputError: As there.
    """
    table = neuron_errors(student, teacher, recorded)
    rows = []
    for split, inside in (("recorded", table.recorded), ("unrecorded", ~table.recorded)):
        rho = table.rho[inside].dropna().to_numpy()
        n_constant = int(inside.sum()) - rho.size
        values = {
            "mse": table.mse[inside].to_numpy(),
            "one_minus_abs_rho": 1 - np.abs(rho),
            "one_minus_rho": 1 - rho,
        }
        rows += [
            (split, measure, _mean(value), value.size, 0 if measure == "mse" else n_constant)
            for measure, value in values.items()
        ]
    return pd.DataFrame(rows, columns=["split", "measure", "value", "n", "n_constant"])


def permutation_ceiling(
    teacher: Float[np.ndarray, "*sample neuron"],
    *,
    rng: np.random.Generator,
    n_permutations: int = 50,
) -> pd.DataFrame:
    """The error of a student that has every activity right and every name wrong.

    The teacher's activity is compared with itself after its neurons were dealt anew. One row a
    measure of `activity_errors`: `measure`, `value` (mean over permutations), `low` and `high`
    (smallest and largest), `n` (permutations), `n_constant` (neurons without a correlation).

    Args:
        teacher: Rates of the neurons to compare, any unit. At least two neurons.
        rng: Randomness.
        n_permutations: How often neurons are dealt anew.

    Raises:
        InputError: If there are fewer than two neurons, or a value is not finite.
    """
    samples = teacher.reshape(-1, teacher.shape[-1]).astype(np.float64)
    n = samples.shape[1]
    if n < 2 or n_permutations < 1:
        raise InputError(
            "A permutation ceiling must have at least 2 neurons and 1 permutation; got "
            f"{n} and {n_permutations}. Give the rates of all neurons that are compared."
        )
    _check(samples, samples, np.zeros(n, bool))
    square = (samples**2).mean(0)
    distance = square[:, None] + square[None, :] - 2 * (samples.T @ samples) / len(samples)
    centered = samples - samples.mean(0)
    still = _is_constant(samples)
    scale = np.where(still, np.inf, np.sqrt((centered**2).sum(0)))
    rho = (centered.T @ centered) / scale[:, None] / scale[None, :]
    found = []
    for _ in range(n_permutations):
        order = rng.permutation(n)
        aligned = rho[order, np.arange(n)][~still]
        error = distance[order, np.arange(n)]
        found.append([_mean(error), _mean(1 - np.abs(aligned)), _mean(1 - aligned)])
    values = np.array(found)
    return pd.DataFrame(
        {
            "measure": ACTIVITY_MEASURES,
            "value": values.mean(0),
            "low": values.min(0),
            "high": values.max(0),
            "n": n_permutations,
            "n_constant": [0, int(still.sum()), int(still.sum())],
        }
    )


@no_type_check  # shapes are checked here, in words
def parameter_errors(
    student: Float[np.ndarray, " neuron"],
    teacher: Float[np.ndarray, " neuron"],
    recorded: Bool[np.ndarray, " neuron"],
) -> pd.DataFrame:
    """Root mean squared error of a parameter: `split`, `value` (in its unit) and `n`.

    Args:
        student: The parameter of each neuron, such as its gain.
        teacher: The true one.
        recorded: Which neurons the student was trained on.

    Raises:
        InputError: If shapes differ or a value is not finite.
    """
    _check(student, teacher, recorded)
    square = (student.astype(np.float64) - teacher.astype(np.float64)) ** 2
    splits = {"recorded": recorded, "unrecorded": ~recorded}
    return pd.DataFrame(
        [(name, _mean(square[s]) ** 0.5, int(s.sum())) for name, s in splits.items()],
        columns=["split", "value", "n"],
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _is_constant(samples: np.ndarray) -> np.ndarray:
    return np.ptp(samples, axis=0) <= CONSTANT_BELOW * np.abs(samples).max(0)


def _check(student: np.ndarray, teacher: np.ndarray, recorded: np.ndarray) -> None:
    if student.shape != teacher.shape or recorded.shape != student.shape[-1:]:
        raise InputError(
            "`student`, `teacher` and `recorded` must be of the same neurons and samples; their "
            f"shapes are {student.shape}, {teacher.shape} and {recorded.shape}. Put neurons last."
        )
    for name, values in (("student", student), ("teacher", teacher)):
        bad = ~np.isfinite(values)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise InputError(
                f"`{name}` must be finite; {bad.sum()} of {bad.size} values are not, first at "
                f"{first}. Leave out a student that diverged, and say so."
            )
