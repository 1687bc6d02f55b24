"""The scores themselves, each with its reduction, without which a score is none.

Two kinds of reduction. *Mean over neurons*: each neuron has a value, all count alike. *Pooled*: a
ratio of two sums over neurons, so that neurons count by what stands below the line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from neuroloom.analysis.forecasts.sums import (
    LEAST_RATE,
    Entries,
    Sums,
    activity_entries,
    spike_entries,
)

__all__ = ["ACTIVITY", "SPIKES", "Measure", "Scoring"]

ByNeuron = Float[np.ndarray, "resample neuron"]
LEAST_SPREAD = 1e-12  # of the sum of squares: less is rounding


@dataclass(frozen=True)
class Measure:
    """One score.

    Attributes:
        name: As it stands in tables.
        reduction: How it gets from neurons to one number, in words.
        part: What is averaged, or what stands above the line.
        whole: What stands below the line; None for a mean over neurons of `part`.
        unit: Of the value; `squared` for the square of the unit of the activity.
    """

    name: str
    reduction: str
    part: Callable[[Sums], ByNeuron]
    whole: Callable[[Sums], ByNeuron] | None = None
    unit: str = ""

    def by_neuron(self, sums: Sums) -> ByNeuron:
        """The value of each neuron; NaN where it cannot be scored."""
        if self.whole is None:
            return self.part(sums)
        return _ratio(self.part(sums), self.whole(sums))

    def reduced(
        self, sums: Sums, weight: Num[np.ndarray, "draw neuron"] | None = None
    ) -> Float[np.ndarray, " value"]:
        """One value a resample of entries or of neurons.

        Args:
            sums: One row, or one a resample of entries.
            weight: How often each neuron was drawn, one row a resample. Default: each once.
        """
        part = self.part(sums)
        whole = np.ones_like(part) if self.whole is None else self.whole(sums)
        known = np.isfinite(part) & np.isfinite(whole)
        w = known if weight is None else weight * known
        above = (w * np.where(known, part, 0.0)).sum(axis=1)
        return _ratio(above, (w * np.where(known, whole, 0.0)).sum(axis=1))


@dataclass(frozen=True)
class Scoring:
    """A kind of activity: what is added up, and the scores made of it.

    Attributes:
        entries: From (predicted, measured, last) to terms that add up.
        measures: The scores, in the order of the table.
    """

    entries: Callable[[np.ndarray, np.ndarray, np.ndarray], Entries]
    measures: tuple[Measure, ...]


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def _spread(sums: Sums, name: str) -> ByNeuron:
    """Sum of squares about the mean; 0 where it is rounding."""
    square = sums[f"{name}_squared"]
    spread = square - sums[name] * _ratio(sums[name], sums["n"])
    return np.where(spread > LEAST_SPREAD * square, spread, 0.0)


def _r(sums: Sums) -> ByNeuron:
    """NaN where the measured is constant; 0 where only the prediction is: it explains nothing."""
    p, m = _spread(sums, "predicted"), _spread(sums, "measured")
    product = sums["product"] - sums["predicted"] * _ratio(sums["measured"], sums["n"])
    r = np.where(p > 0, product / np.sqrt(np.where(p > 0, p, 1.0) * np.where(m > 0, m, 1.0)), 0.0)
    return np.where(m > 0, r, np.nan)


def _mse(sums: Sums) -> ByNeuron:
    return _ratio(sums["error"], sums["n"])


def _identity_r2(sums: Sums) -> ByNeuron:
    spread = _spread(sums, "measured")
    return _ratio(spread - sums["error"], spread)


def _null_nll(sums: Sums) -> ByNeuron:
    """Of the per-neuron mean of the evaluated spikes."""
    rate = np.maximum(sums["spikes"] / np.maximum(sums["n"], 1.0), LEAST_RATE)
    return sums["n"] * rate - sums["spikes"] * np.log(rate) + sums["log_factorial"]


ACTIVITY = Scoring(
    activity_entries,
    (
        Measure("r", "mean over neurons", _r),
        Measure("mse", "mean over neurons", _mse, unit="squared"),
        Measure(
            "skill",
            "pooled: 1 - squared error / squared error of copying the last frame",
            lambda s: s["copy_error"] - s["error_copied"],
            lambda s: s["copy_error"],
        ),
        Measure("identity_r2", "mean over neurons", _identity_r2),
    ),
)

SPIKES = Scoring(
    spike_entries,
    (
        Measure(
            "nll", "pooled: mean over entries", lambda s: s["nll"], lambda s: s["n"], "nats per bin"
        ),
        Measure(
            "bits_per_spike",
            "pooled: gain over the mean rate / number of spikes",
            lambda s: (_null_nll(s) - s["nll"]) / np.log(2),
            lambda s: s["spikes"],
            "bits per spike",
        ),
        Measure(
            "poisson_d2",
            "pooled: 1 - deviance / deviance of the mean rate",
            lambda s: _null_nll(s) - s["nll"],
            lambda s: _null_nll(s) - s["saturated"],
        ),
        Measure(
            "mcfadden_r2",
            "pooled: 1 - log likelihood / that of the mean rate",
            lambda s: _null_nll(s) - s["nll"],
            _null_nll,
        ),
    ),
)
