"""Turns to either side while the units of a class are silenced or weakened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.bump import Clamp, Scale, gain_ratio, members, silence, turning_gain
from neuroloom.analysis.tuning import COMPASS
from neuroloom.studies.framework import Row
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.perturbation.chosen import (
    CLASS,
    SHIFTERS,
    chosen_units,
    drawn_bumps,
    life_rows,
)
from neuroloom.studies.head_direction.perturbation.config import PerturbationConfig
from neuroloom.studies.head_direction.perturbation.subjects import Ran, Subject
from neuroloom.studies.head_direction.trained.networks import DT

__all__ = [
    "ACROSS",
    "BESIDE_DRIFT",
    "CLOCKWISE",
    "COUNTER",
    "WEAKENED",
    "silenced_example",
    "silenced_rows",
]

WEAKENED = "the class, weakened"
COUNTER, CLOCKWISE = "v > 0", "v < 0"
ACROSS, BESIDE_DRIFT = "through 0", "beside a drift"
"""Whether the bump goes where the animal goes; how much more it turns if the animal does."""


def silenced_rows(
    split: str,
    subject: Subject,
    inputs: Any,
    velocity: Float[np.ndarray, "trial time"],
    numbers: PerturbationConfig,
    *,
    rng: np.random.Generator,
    rules: Sequence[str] = RULES,
    n_sets: int | None = None,
) -> list[Row]:
    """Gain of turns to either side, drift, survival and activity with each class silenced.

    Args:
        split: What the network is.
        subject: The network.
        inputs: Of trials that turn to both sides alike.
        velocity: Turn in each step, in rad/step.
        numbers: Of the part.
        rng: Random units and resampled trials.
        rules: By which classes are told.
        n_sets: Random sets a class; default as in `numbers`.
    """
    sham = subject.run(inputs)
    rows: list[Row] = []
    for fit in (ACROSS, BESIDE_DRIFT):
        own = turning_gain(sham.angle, velocity, **_options(numbers, fit), rng=rng)
        for side, gain in ((COUNTER, own.positive), (CLOCKWISE, own.negative)):
            rows.append(Row(split, "gain", gain.value, "", {"fit": fit, "side": side}))
    names = (COMPASS, *SHIFTERS)
    for at, neurons in chosen_units(subject, sham, names, numbers, rng, rules=rules, n_sets=n_sets):
        done: list[tuple[dict[str, Any], Clamp | Scale]] = [
            (at, silence(neurons, start=numbers.start))
        ]
        if at["what"] == CLASS and at["rule"] == MIXTURE:
            less = Scale(neurons, numbers.factor, numbers.start)
            done.append(({**at, "what": WEAKENED}, less))
        for here, doing in done:
            found = subject.run(inputs, doing)
            rows += _ratio_rows(split, found, sham, velocity, numbers, here, rng)
            rows += life_rows(split, found, sham, neurons, numbers.start, here)
        own = members(subject.classes[at["rule"]], at["class"])
        rate = sham.rates[:, numbers.start :, list(neurons)].mean()
        rows.append(Row(split, "of_the_class", float(np.isin(neurons, own).mean()), "", at))
        rows.append(Row(split, "mean_rate", float(rate), "", at))
    return rows


def _options(numbers: PerturbationConfig, fit: str, n_draws: int = 1) -> dict[str, Any]:
    """Without draws there is no interval."""
    return {
        "start": numbers.start,
        "window": numbers.window,
        "n_draws": n_draws,
        "drift": fit == BESIDE_DRIFT,
    }


def _ratio_rows(
    split: str,
    found: Ran,
    sham: Ran,
    velocity: np.ndarray,
    numbers: PerturbationConfig,
    at: dict[str, Any],
    rng: np.random.Generator,
) -> list[Row]:
    rows = []
    for fit in (ACROSS, BESIDE_DRIFT):
        n_draws = numbers.n_resamples if at["what"] == CLASS else 1
        options = _options(numbers, fit, n_draws)
        ratios = gain_ratio(found.angle, sham.angle, velocity, **options, rng=rng)
        for side, ratio in zip((COUNTER, CLOCKWISE), ratios, strict=True):
            here = {**at, "fit": fit, "side": side}
            rows.append(Row(split, "gain_ratio", ratio.value, "", here))
            if at["what"] == CLASS:
                rows.append(Row(split, "gain_ratio_low", ratio.low, "", here))
                rows.append(Row(split, "gain_ratio_high", ratio.high, "", here))
    options = _options(numbers, BESIDE_DRIFT)
    moved = turning_gain(found.angle, velocity, **options, rng=rng).drift.value
    return [*rows, Row(split, "drift_at_rest", np.degrees(moved) / DT, "deg/s", at)]


def silenced_example(
    subject: Subject, inputs: Any, velocity: np.ndarray, numbers: PerturbationConfig
) -> dict[str, np.ndarray]:
    """Angles and rates of compass units in the trial that turns much to both sides.

    Args:
        subject: The network.
        inputs: Of trials.
        velocity: Turn in each step, in rad/step.
        numbers: Of the part.
    """

    def silenced(neurons: tuple[int, ...]) -> Clamp:
        return silence(neurons, start=numbers.start)

    after = velocity[:, numbers.start :]
    both = np.minimum(np.maximum(after, 0).sum(1), np.maximum(-after, 0).sum(1))
    one = inputs[int(both.argmax())][None]
    start = np.arctan2(float(one[0, 0, 1]), float(one[0, 0, 2]))
    true = start + np.cumsum(velocity[int(both.argmax())])
    return {"true": true.astype(np.float32)} | drawn_bumps(
        subject,
        one,
        dict.fromkeys((COMPASS, *SHIFTERS), silenced),
    )
