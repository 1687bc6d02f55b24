"""A decoded path, how far it is from the true one, and in which unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from neuroloom.analysis.decoding.evidence import AbstractEvidence
from neuroloom.errors import InputError

__all__ = ["DecodedPath", "PathWriter", "error_table", "path_errors"]


@dataclass(frozen=True, eq=False)
class DecodedPath:
    """Where the animal was, as decoded, at each step.

    Attributes:
        position: Center of the most probable bin.
        mean: Mean over bins, by their probability.
        entropy: Of the posterior, in bits: 0 where one bin is certain.
        silent: Steps that hold no spike.
    """

    position: Float[np.ndarray, "time axis"]
    mean: Float[np.ndarray, "time axis"]
    entropy: Float[np.ndarray, " time"]
    silent: Bool[np.ndarray, " time"]

    @property
    def silent_fraction(self) -> float:
        """Share of steps that hold no spike, from 0 to 1."""
        return float(self.silent.mean())


class PathWriter:
    """Collects posteriors block by block and keeps only what a path needs of them."""

    def __init__(self, evidence: AbstractEvidence) -> None:
        """Room for every step of the evidence."""
        self._center = evidence.bins.center[evidence.visited]
        n_steps = len(evidence.silent)
        shape = (n_steps, self._center.shape[1])
        self._path = DecodedPath(
            np.full(shape, np.nan), np.full(shape, np.nan), np.full(n_steps, np.nan),
            evidence.silent.copy(),
        )  # fmt: skip

    def write(self, block: slice, posterior: Float[np.ndarray, "step place"]) -> None:
        """Take up the posteriors of these steps."""
        self._path.position[block] = self._center[posterior.argmax(axis=1)]
        self._path.mean[block] = posterior @ self._center
        with np.errstate(divide="ignore", invalid="ignore"):
            bits = np.where(posterior > 0, posterior * np.log2(posterior), 0.0)
        self._path.entropy[block] = -bits.sum(axis=1)

    def done(self) -> DecodedPath:
        """The path."""
        return self._path


def path_errors(
    decoded: Float[np.ndarray, "time axis"], true: Float[np.ndarray, "true_time true_axis"]
) -> Float[np.ndarray, " time"]:
    """Straight distance at each step, in the unit of both; NaN where either is.

    Raises:
        InputError: If the shapes differ.
    """
    if decoded.shape != true.shape:
        raise InputError(
            f"`decoded` and `true` must have one shape; got {decoded.shape} and {true.shape}. "
            "Compare the same steps, axes in the same order."
        )
    return np.linalg.norm(decoded - true, axis=1)


def error_table(
    errors: Float[np.ndarray, " time"],
    *,
    unit: str,
    below: tuple[float, ...] = (),
    length: float | None = None,
    block: int = 50,
    n_draws: int = 200,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Median, mean and shares of the errors, with 95 % intervals: a row a measure.

    Columns: `measure`, `value`, `low`, `high`, `unit`, `n` (steps with an error). Intervals are
    quantiles over draws of whole blocks of successive steps, because errors of neighbors go
    together.

    Args:
        errors: From `path_errors`; NaN is left out.
        unit: Of the errors, such as `m` or `pixel`.
        below: Bounds in that unit: the share of steps with a smaller error.
        length: Length of the track in that unit; adds median and mean as fractions of it.
        block: Steps in a block.
        n_draws: How many draws.
        rng: For the draws.

    Raises:
        InputError: If no error is finite, or `length` is not above 0.
    """
    known = errors[np.isfinite(errors)]
    if not known.size:
        raise InputError(
            "`errors` must be finite somewhere; all are NaN. Check that true positions are known "
            "where the path was decoded."
        )
    if length is not None and not length > 0:
        raise InputError(f"`length` must be above 0 {unit}; got {length}. Leave it out.")
    begin = np.arange(0, known.size, block)
    drawn = rng.integers(begin.size, size=(n_draws, begin.size))
    samples = [np.concatenate([known[b : b + block] for b in begin[one]]) for one in drawn]
    measures = [("median error", unit, np.median, 1.0), ("mean error", unit, np.mean, 1.0)]
    if length is not None:
        part = "fraction of track length"
        measures += [("median error", part, np.median, 1 / length)]
        measures += [("mean error", part, np.mean, 1 / length)]
    for bound in below:
        name = f"share of steps below {bound:g} {unit}"
        measures.append((name, "1", lambda e, bound=bound: np.mean(e < bound), 1.0))
    rows = []
    for name, in_unit, measure, scale in measures:
        spread = [float(measure(sample)) * scale for sample in samples]
        low, high = np.quantile(spread, [0.025, 0.975])
        rows.append((name, float(measure(known)) * scale, low, high, in_unit, known.size))
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high", "unit", "n"])
