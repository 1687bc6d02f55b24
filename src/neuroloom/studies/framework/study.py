"""What a study is made of: arms with their controls, cells, and what a cell leaves behind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroloom.errors import InputError, StudyError, nearest

if TYPE_CHECKING:
    from neuroloom.studies.framework.cells import Context
    from neuroloom.studies.framework.claims import Claim

__all__ = ["Arm", "Cell", "Measured", "NoDataError", "Row", "Scalar", "Study", "grid"]

Scalar = int | float | str


class NoDataError(StudyError):
    """What a cell raises where data that may not ship are absent: its claims are not tested."""


@dataclass(frozen=True)
class Cell:
    """The smallest part of a study that is computed, kept and resumed as a whole.

    Attributes:
        arm: Name of its arm.
        coordinates: What tells it from the other cells of the arm, as (name, value) pairs.

    Example:
        >>> cell = Cell.of("students", n_neurons=300, seed=3)
        >>> cell["n_neurons"], str(cell)
        (300, 'students, n_neurons 300, seed 3')
    """

    arm: str
    coordinates: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinates", tuple(_plain(dict(self.coordinates)).items()))

    @classmethod
    def of(cls, arm: str, **coordinates: Any) -> Cell:
        """A cell at these coordinates: int, float or text each."""
        return cls(arm, tuple(coordinates.items()))

    def __getitem__(self, name: str) -> Any:
        return dict(self.coordinates)[name]

    def __str__(self) -> str:
        return ", ".join([self.arm, *(f"{name} {value}" for name, value in self.coordinates)])


def grid(arm: str, **axes: Iterable[Any]) -> tuple[Cell, ...]:
    """A cell for every combination; the last axis varies fastest.

    Example:
        >>> [str(cell) for cell in grid("teachers", n=(100, 400), seed=range(2))]
        ['teachers, n 100, seed 0', 'teachers, n 100, seed 1',
         'teachers, n 400, seed 0', 'teachers, n 400, seed 1']
    """
    values = [tuple(axis) for axis in axes.values()]
    return tuple(Cell.of(arm, **dict(zip(axes, at, strict=True))) for at in product(*values))


@dataclass(frozen=True)
class Row:
    """One measurement of a cell; a row of `measurements.csv`.

    Attributes:
        split: On what, for example `recorded`, `unrecorded`, `held-out flies`.
        measure: Which number, for example `mse`.
        value: NaN where it could not be measured. Infinity is kept as NaN.
        unit: Empty where the measure has none.
        at: Further coordinates beside those of the cell, for example `n_recorded` and `member`.
    """

    split: str
    measure: str
    value: float | int | np.number
    unit: str = ""
    at: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        value = float(self.value)
        object.__setattr__(self, "value", value if math.isfinite(value) else math.nan)
        object.__setattr__(self, "at", _plain(self.at))


@dataclass(frozen=True, eq=False)
class Measured:
    """What `Arm.measure` returns.

    Attributes:
        rows: Every number that counts.
        arrays: For figures, by name; kept beside the rows as NPZ. No objects.
        notes: Sentences for the audit of the report.
        failures: What failed without stopping the cell, a sentence each, by name: "student 3 with
            40 recorded diverged at step 120 and is left out".
    """

    rows: Sequence[Row]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: Sequence[str] = ()
    failures: Sequence[str] = ()


@dataclass(frozen=True)
class Arm:
    """One way of answering the question, beside what it must be held against.

    Attributes:
        name: Lower-case words with hyphens: what `--arm` takes.
        sentence: What is done.
        control: What it is compared with.
        cells: From the config to all of its cells; pure and quick. What a cell reads beyond the
            named datasets belongs into its coordinates, as a checksum.
        measure: Computes one cell, in this process or in a Dask worker. It depends on its arguments
            alone, so that a resumed run gives the same numbers; it must be a function of a module.
        seconds: How long a cell takes on two cores, from the cell and the config: an honest guess.
        needs: Names of datasets that must be there; else the arm is not run and its claims are
            not tested.
    """

    name: str
    sentence: str
    control: str
    cells: Callable[[Any], Sequence[Cell]]
    measure: Callable[[Cell, Any, Context], Measured]
    seconds: Callable[[Cell, Any], float]
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise InputError(
                f"An arm's name must be lower-case words joined by hyphens; got `{self.name}`. It "
                "is typed at the command line and names files."
            )


@dataclass(frozen=True)
class Study:
    """A question, presets of a frozen config, arms with their controls, claims with criteria.

    Attributes:
        name: As `neuroloom run NAME` takes it.
        question: One sentence.
        presets: Configs by name, the quickest first.
        arms: In the order in which they run here; a cluster begins with a cell of each.
        claims: In the order of the scorecard.
        replicates: Coordinates over which scores are averaged. The first of these with more than
            one value gives the 95 % interval; the values of the others are averaged before.
        methods: What was done, a sentence each.
        citations: To be cited with any use of the results.
        one_core: Whether a cell keeps about one core busy, so that the command line runs as many
            at a time as there are cores.
    """

    name: str
    question: str
    presets: Mapping[str, Any]
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...] = ()
    replicates: tuple[str, ...] = ("seed", "member")
    methods: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    one_core: bool = False

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        ids = [claim.id for claim in self.claims]
        for words, what in ((names, "arm"), (ids, "claim")):
            twice = sorted({word for word in words if words.count(word) > 1})
            if twice:
                raise InputError(f"Every {what} must have a name of its own; `{twice[0]}` is two.")
        for claim in self.claims:
            for name in claim.arms:
                if name not in names:
                    raise InputError(
                        f"A claim must rest on arms of its study; `{claim.id}` names `{name}`. "
                        f"{nearest(name, names)}"
                    )

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            InputError: If there is none; names the nearest.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        names = [arm.name for arm in self.arms]
        raise InputError(
            f"An arm must be one of the {len(names)} of `{self.name}`; got `{name}`. "
            f"{nearest(name, names)}"
        )

    def preset(self, name: str) -> Any:
        """The config of that name.

        Raises:
            InputError: If there is none; names the nearest.
        """
        if name not in self.presets:
            raise InputError(
                f"A preset must be one of the {len(self.presets)} of `{self.name}`; got `{name}`. "
                f"{nearest(name, self.presets)}"
            )
        return self.presets[name]

    def cells(self, config: Any, arms: Sequence[str] = ()) -> tuple[Cell, ...]:
        """Every cell of these arms (all, if none is named), in the order in which they run.

        Raises:
            InputError: If an arm is unknown.
            StudyError: If an arm makes a cell twice, or one of another arm.
        """
        chosen = {self.arm(name).name for name in arms} or {arm.name for arm in self.arms}
        found: list[Cell] = []
        for arm in self.arms:
            cells = arm.cells(config) if arm.name in chosen else ()
            if len(set(cells)) < len(cells) or any(cell.arm != arm.name for cell in cells):
                raise StudyError(
                    f"An arm must make each of its own cells once; `{arm.name}` does not. Give "
                    "each cell coordinates that no other has, and the arm's name."
                )
            found += cells
        return tuple(found)

    def predicted_seconds(self, config: Any, cells: Iterable[Cell]) -> float:
        """How long these cells take on two cores, one after another: a guess of the arms'."""
        return sum((self.arm(cell.arm).seconds(cell, config) for cell in cells), start=0.0)


def _plain(coordinates: Mapping[str, Any]) -> dict[str, Scalar]:
    """Python numbers and texts, which are equal and hash alike wherever they come from."""
    plain = {}
    for name, value in coordinates.items():
        value = value.item() if isinstance(value, np.generic) else value
        if not isinstance(value, (int, float, str)) or value != value:
            raise StudyError(
                f"A coordinate must be a number or a text; `{name}` is {value!r}. Name it by a "
                "number or a word."
            )
        plain[str(name)] = value
    return plain
