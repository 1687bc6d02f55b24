"""A bump that is held without any turn, while units get a current."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroloom.analysis.bump import Pulse, drift, matched_sets, members, stimulate, towards
from neuroloom.analysis.tuning import COMPASS
from neuroloom.studies.framework import Row
from neuroloom.studies.head_direction.classes.units import RULES
from neuroloom.studies.head_direction.perturbation.chosen import (
    CLASS,
    RANDOM,
    SHAM,
    SHIFTERS,
    chosen_units,
    drawn_bumps,
    life_rows,
)
from neuroloom.studies.head_direction.perturbation.config import PerturbationConfig
from neuroloom.studies.head_direction.perturbation.subjects import Ran, Subject, held
from neuroloom.studies.head_direction.trained.networks import DT

__all__ = ["pushed_rows", "stimulated_example", "stimulated_rows"]


def stimulated_rows(
    split: str,
    subject: Subject,
    numbers: PerturbationConfig,
    *,
    rng: np.random.Generator,
    rules: Sequence[str] = RULES,
    n_sets: int | None = None,
) -> list[Row]:
    """Drift of the bump without any turn, while shifters of one class are stimulated.

    Args:
        split: What the network is.
        subject: The network.
        numbers: Of the part.
        rng: Random units.
        rules: By which classes are told.
        n_sets: Random sets a class; default as in `numbers`.
    """
    inputs = held(numbers.n_headings, numbers.start + numbers.n_held)
    sham = subject.run(inputs)
    rows = [
        Row(split, "drift", _mean_drift(sham, numbers), "deg/s", {"what": SHAM, "current": 0.0})
    ]
    for at, neurons in chosen_units(
        subject, sham, SHIFTERS, numbers, rng, rules=rules, n_sets=n_sets
    ):
        for current in numbers.currents:
            found = subject.run(inputs, stimulate(neurons, current, start=numbers.start))
            here = {**at, "current": current}
            rows.append(Row(split, "drift", _mean_drift(found, numbers), "deg/s", here))
            rows += life_rows(split, found, sham, neurons, numbers.start, here)
    return rows


def pushed_rows(
    split: str,
    subject: Subject,
    numbers: PerturbationConfig,
    *,
    rng: np.random.Generator,
    rules: Sequence[str] = RULES,
    n_sets: int | None = None,
) -> list[Row]:
    """How much nearer the bump comes to the angle that the pushed compass units prefer.

    Only trials in which the bump is 30 to 150 degrees away from that angle count: nearer it has
    nowhere to go, and on the far side no way is the shorter one.

    Args:
        split: What the network is.
        subject: The network.
        numbers: Of the part.
        rng: Random units.
        rules: By which classes are told.
        n_sets: Random sets a class; default as in `numbers`.
    """
    inputs = held(numbers.n_headings, numbers.start + numbers.n_held)
    sham = subject.run(inputs)
    before, rate = sham.angle, sham.rates[:, numbers.start :].mean((0, 1)).astype(float)
    last = numbers.start + numbers.n_pushed - 1
    rows: list[Row] = []
    for rule in rules:
        compass = np.array(members(subject.classes[rule], COMPASS), int)
        compass = compass[np.isfinite(subject.preferred[compass])]
        if not compass.size:
            continue
        n = max(1, round(compass.size / numbers.n_targets))
        moved: dict[tuple[str, int], list[np.ndarray]] = {}
        for k in range(numbers.n_targets):
            target = -np.pi + 2 * np.pi * (k + 0.5) / numbers.n_targets
            off = np.abs(np.angle(np.exp(1j * (subject.preferred[compass] - target))))
            near = tuple(int(i) for i in compass[np.argsort(off, kind="stable")[:n]])
            goal = float(np.angle(np.exp(1j * subject.preferred[list(near)]).sum()))
            drawn = matched_sets(
                rate,
                near,
                n_draws=numbers.n_sets if n_sets is None else n_sets,
                n_strata=numbers.n_strata,
                among=subject.active(rule),
                rng=rng,
            )
            away = np.degrees(np.abs(np.angle(np.exp(1j * (before[:, numbers.start] - goal)))))
            counts = (away >= 30) & (away <= 150)
            for place, neurons in enumerate((near, *drawn)):
                done = stimulate(neurons, numbers.push, start=numbers.start)
                after = subject.run(inputs, done).angle
                nearer = towards(after[counts, last], before[counts, last], goal)
                moved.setdefault((RANDOM if place else CLASS, place), []).append(nearer)
        for (what, place), found in moved.items():
            at = {"rule": rule, "what": what} | ({"repeat": place} if place else {})
            nearer = np.concatenate(found)
            rows.append(Row(split, "towards", float(nearer.mean()), "deg", at))
            rows.append(Row(split, "came_nearer", float((nearer > 0).mean()), "", at))
        rows.append(Row(split, "pushed_units", n, "units", {"rule": rule}))
    return rows


def stimulated_example(subject: Subject, numbers: PerturbationConfig) -> dict[str, np.ndarray]:
    """A bump that is held, and moved by shifters of either class.

    Args:
        subject: The network.
        numbers: Of the part.
    """

    def stimulated(neurons: tuple[int, ...]) -> Pulse:
        return stimulate(neurons, numbers.current, start=numbers.start)

    one = held(numbers.n_headings, numbers.start + numbers.n_held)[:1]
    return drawn_bumps(
        subject,
        one,
        dict.fromkeys(SHIFTERS, stimulated),
    )


def _mean_drift(done: Ran, numbers: PerturbationConfig) -> float:
    return float(drift(done.angle, dt=DT, start=numbers.start).mean())
