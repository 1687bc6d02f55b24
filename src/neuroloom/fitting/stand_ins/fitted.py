"""Students that were trained, in the order in which they were given."""

from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Num

from neuroloom.errors import InputError
from neuroloom.fitting.result import Fit
from neuroloom.fitting.stand_ins.lesson import Parts
from neuroloom.fitting.stand_ins.pupil import Respond
from neuroloom.networks.stand_ins import AbstractStandIn

__all__ = ["FittedStandIns", "by_shape"]


@dataclass(frozen=True, eq=False, repr=False)
class FittedStandIns:
    """What `fit_stand_ins` returns.

    Attributes:
        fits: One a program: students of one shape are trained together.
        places: For each fit, where in the students that were given its members stand.
        parts: The rows that each student trained and stopped on.
    """

    fits: tuple[Fit, ...]
    places: tuple[tuple[int, ...], ...]
    parts: tuple[Parts, ...]

    @property
    def kept(self) -> tuple[int, ...]:
        """Which of the students that were given did not diverge."""
        return tuple(sorted(place for place, _, _ in self._members()))

    @property
    def notes(self) -> tuple[str, ...]:
        """Students that were left out, by their place."""
        lost = sorted({p for places in self.places for p in places} - set(self.kept))
        return tuple(f"student {place} diverged and was left out" for place in lost)

    def _members(self) -> list[tuple[int, int, int]]:
        """Place, fit and member of each that did not diverge."""
        return [
            (self.places[f][given], f, m)
            for f, fit in enumerate(self.fits)
            for m, given in enumerate(fit.kept)
        ]

    def student(self, place: int) -> AbstractStandIn:
        """A trained student, by its place among those that were given.

        Raises:
            InputError: If there is none, or it diverged.
        """
        for at, f, m in self._members():
            if at == place:
                return self.fits[f].member(m).student
        raise InputError(
            f"A student must be one of those that were kept, {self.kept}; got {place}. "
            f"{len(self.notes)} diverged."
        )

    def students(self) -> list[AbstractStandIn]:
        """All that were kept, in the order of `kept`."""
        return [self.student(place) for place in self.kept]

    def respond(
        self, inputs: Num[np.ndarray, "row *time input"]
    ) -> Float[np.ndarray, "member row *time output"]:
        """What each student that was kept answers, in the circuit's unit.

        Args:
            inputs: In the unit and form of the lesson.
        """
        shown = Respond(jnp.asarray(inputs, float))
        outputs = [np.asarray(fit.apply(shown)) for fit in self.fits]
        return np.stack([outputs[f][m] for _, f, m in sorted(self._members())])

    def history(
        self, place: int
    ) -> tuple[Float[np.ndarray, " check"], Float[np.ndarray, " check"]]:
        """Training loss and loss on the rows aside at each check, in output variances."""
        for fit, places in zip(self.fits, self.places, strict=True):
            if place in places:
                at = places.index(place)
                return fit.history[:, at], fit.validation_history[:, at]
        raise InputError(
            f"A student must be one of the {len(self.parts)} that were given; got {place}. Count "
            "from 0."
        )

    def __repr__(self) -> str:
        """How many, in how many programs."""
        return (
            f"FittedStandIns({len(self.kept)} of {len(self.parts)} students, "
            f"{len(self.fits)} programs)"
        )


def by_shape(students: Sequence[AbstractStandIn]) -> list[list[int]]:
    """Places of students that one program can train: of one structure and one shape."""
    groups: dict[tuple, list[int]] = {}
    for place, student in enumerate(students):
        arrays, form = eqx.partition(student, eqx.is_array)
        shapes = tuple(leaf.shape for leaf in jax.tree.leaves(arrays))
        groups.setdefault((jax.tree.structure(form), shapes), []).append(place)
    return list(groups.values())
