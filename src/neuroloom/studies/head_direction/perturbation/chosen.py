"""What all parts of a perturbation share: names of what is done, random units, and life."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neuroloom.analysis.bump import Clamp, Pulse, activity_left, matched_sets, members, surviving
from neuroloom.analysis.tuning import COMPASS, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.studies.framework import Row
from neuroloom.studies.head_direction.classes.units import MIXTURE, RULES
from neuroloom.studies.head_direction.perturbation.config import PerturbationConfig
from neuroloom.studies.head_direction.perturbation.subjects import Ran, Subject

__all__ = [
    "CLASS",
    "RANDOM",
    "SHAM",
    "SHIFTERS",
    "chosen_units",
    "drawn_bumps",
    "life_rows",
]

CLASS, RANDOM, SHAM = "the class", "random units", "sham"
SHIFTERS = (SHIFTER_PLUS, SHIFTER_MINUS)


def chosen_units(
    subject: Subject,
    sham: Ran,
    names: Sequence[str],
    numbers: PerturbationConfig,
    rng: np.random.Generator,
    *,
    rules: Sequence[str] = RULES,
    n_sets: int | None = None,
) -> list[tuple[dict[str, Any], tuple[int, ...]]]:
    """Units of each class by each rule, and random units in their place.

    Args:
        subject: The network.
        sham: What it does without a perturbation; random units are as active in it.
        names: Of the classes; those without units are left out.
        numbers: Of the part.
        rng: Random units.
        rules: By which classes are told.
        n_sets: Random sets a class; default as in `numbers`.

    Returns:
        Coordinates of their rows, and their positions.
    """
    rate = sham.rates[:, numbers.start :].mean((0, 1)).astype(float)
    found: list[tuple[dict[str, Any], tuple[int, ...]]] = []
    for rule in rules:
        for name in names:
            neurons = members(subject.classes[rule], name)
            if not neurons:
                continue
            at = {"rule": rule, "class": name}
            found.append((at | {"what": CLASS}, neurons))
            drawn = matched_sets(
                rate,
                neurons,
                n_draws=numbers.n_sets if n_sets is None else n_sets,
                n_strata=numbers.n_strata,
                among=subject.active(rule),
                rng=rng,
            )
            found += [
                (at | {"what": RANDOM, "repeat": place}, one)
                for place, one in enumerate(drawn, start=1)
            ]
    return found


def life_rows(
    split: str,
    found: Ran,
    sham: Ran,
    neurons: tuple[int, ...],
    start: int,
    at: Mapping[str, Any],
) -> list[Row]:
    """Whether the bump and the activity of the other units are still there at the end.

    Args:
        split: What the network is.
        found: With the perturbation.
        sham: Without it.
        neurons: That were perturbed.
        start: First step of the perturbation.
        at: Coordinates of the rows.
    """
    alive = surviving(found.amplitude[:, start:], sham.amplitude[:, start:])[:, -1].mean()
    left = activity_left(found.rates[:, -1:], sham.rates[:, -1:], neurons).mean()
    return [
        Row(split, "survival", float(alive), "", at),
        Row(split, "amplitude", float(found.amplitude[:, -1].mean()), "", at),
        Row(split, "activity_left", float(left), "", at),
    ]


def drawn_bumps(
    subject: Subject, one: Any, done: Mapping[str, Callable[[tuple[int, ...]], Clamp | Pulse]]
) -> dict[str, np.ndarray]:
    """Decoded angle and rates of compass units in order, with and without, by name.

    Args:
        subject: The network.
        one: Inputs of one trial.
        done: What is done to the units of a class, by its name.
    """
    classes = subject.classes[MIXTURE]
    compass = np.array(members(classes, COMPASS), int)
    compass = compass[np.argsort(subject.preferred[compass], kind="stable")]
    arrays = {"preferred": subject.preferred[compass].astype(np.float32)}
    for name, doing in {SHAM: None, **done}.items():
        neurons = members(classes, name)
        if name != SHAM and not neurons:
            continue
        found = subject.run(one, *([] if doing is None else [doing(neurons)]))
        arrays[f"{name}/angle"] = found.angle[0].astype(np.float32)
        arrays[f"{name}/compass"] = found.rates[0][:, compass].astype(np.float32)
    return arrays
