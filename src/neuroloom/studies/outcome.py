"""What a job found, before it is written to a run folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from neuroloom.connectome import Connectome
from neuroloom.fitting import Fit

__all__ = ["NEURON_COLUMNS", "Outcome"]

NEURON_COLUMNS = ["neuron", "role", "measure", "value", "n"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """Question, answer and everything behind it.

    Attributes:
        job: `responses` or `activity`.
        question: One sentence.
        answer: One or two sentences with the figures.
        scores: One row a measurement: arm, split, measure, unit, value, low, high, n.
        neurons: One row a neuron, role and measure: `NEURON_COLUMNS`.
        predictions: Over trial, time, neuron (and member, baseline): what was predicted and
            measured.
        fits: Fitted ensembles by file name without ending; may be empty.
        methods: What was done, a sentence each.
        coverage: Nominal and achieved coverage of the intervals.
        tables: Further tables by file name without ending; written as CSV. May be empty.
        wiring: What was fitted, signs resolved; None where it is the connectome as it came.
    """

    job: str
    question: str
    answer: str
    scores: pd.DataFrame
    neurons: pd.DataFrame
    predictions: xr.Dataset
    fits: Mapping[str, Fit] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    coverage: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    wiring: Connectome | None = None
