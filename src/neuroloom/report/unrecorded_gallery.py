"""Figures of neurons that were never recorded, and of which of them to record next."""

import numpy as np
from jaxtyping import Bool

from neuroloom.report.contents import RunContents
from neuroloom.report.figures.intervals import (
    coverage_by_level,
    interval_widths,
    unrecorded_traces,
)
from neuroloom.report.figures.plan import plan_curve
from neuroloom.report.figures.traces import Trace
from neuroloom.report.heldout import ensemble_mean
from neuroloom.report.layout import Picture

__all__ = ["level_pictures", "plan_pictures", "unrecorded_neurons", "unrecorded_pictures"]

N_TRACES = 6


def unrecorded_neurons(contents: RunContents) -> Bool[np.ndarray, " neuron"]:
    """Neurons of a run on activity that were measured at no time."""
    measured = contents.predictions["measured"].to_numpy()
    none = ~np.isfinite(measured).any(axis=(0, 1))
    return none & (contents.about["job"] == "activity")


def level_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Achieved against nominal coverage."""
    if not contents.coverage:
        return ()
    return (
        Picture(
            "coverage-by-level",
            "Promised and achieved coverage",
            "Each held-out neuron's interval is made from the errors on other neurons; bars are "
            "95 % intervals over neurons. On the dashed line intervals hold what they promise. "
            "The spread over the ensemble alone (squares) does not know what all members get "
            "wrong.",
            coverage_by_level(contents.coverage),
        ),
    )


def unrecorded_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Predictions of some neurons never recorded, with intervals, and the widths of all."""
    data, unit = contents.predictions, contents.unit
    never = unrecorded_neurons(contents)
    if not never.any() or not {"low", "high", "held_out"} <= set(data.data_vars):
        return ()
    low, high = (data[end].to_numpy().astype(float) for end in ("low", "high"))
    half = (high - low).mean(axis=(0, 1)) / 2
    if not np.isfinite(half[never]).all():
        return ()
    held_out = data["held_out"].to_numpy().any(axis=(0, 1))
    names = data["neuron"].to_numpy().astype(str)
    mean = ensemble_mean(data)
    order = np.flatnonzero(never)[np.argsort(half[never], kind="stable")]
    if len(order) > N_TRACES:
        middle = len(order) // 2
        order = np.concatenate([order[:2], order[middle - 1 : middle + 1], order[-2:]])
    traces = [
        Trace(
            str(names[i]),
            np.full(mean.shape[1], np.nan),
            mean[0, :, i],
            low[0, :, i],
            high[0, :, i],
        )
        for i in order
    ]
    nominal = 100 * float(contents.about["coverage"].get("nominal") or np.nan)
    return (
        Picture(
            "unrecorded-traces",
            "Neurons that were never recorded",
            f"{len(order)} of {never.sum():,} neurons in the first trial: the narrowest, the "
            f"middle and the widest intervals of {nominal:g} %. Beside each name stand its mean "
            "and half its interval; each lane has its own height. Where the band is much wider "
            "than the line moves, little more than a level is known.",
            unrecorded_traces(data["time"].to_numpy().astype(float), traces, unit),
            wide=True,
        ),
        Picture(
            "interval-widths",
            "Width of the intervals",
            "Each dot is a neuron. Where blue dots lie above the grey ones, neurons that were "
            "never recorded are less certain than those that were recorded and held out: the "
            "recorded set cannot see them.",
            interval_widths(half[held_out & np.isfinite(half)], half[never], unit),
        ),
    )


def plan_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Expected error against the number of neurons recorded."""
    if not contents.plan:
        return ()
    return (
        Picture(
            "plan",
            "Expected error against number recorded",
            "Root mean squared error that the fitted network expects of all neurons that are then "
            "still unrecorded. The plan is worth its name where it falls below the band of random "
            "orders. The worst line may rise, as neurons that were known well leave the mean. How "
            "far expected errors are from those of held-out neurons, the methods say.",
            plan_curve(contents.plan, contents.unit),
        ),
    )
