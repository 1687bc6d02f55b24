"""A circuit as anatomy sees it: weights, preferred directions and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from neuroloom.analysis.anatomy.profile import Profile, connectivity_profile
from neuroloom.errors import InputError

__all__ = ["MOTIF", "Circuit", "SortedMatrix", "nine_pairs", "sorted_matrix"]

MOTIF = ("compass", "shifter+", "shifter-")
"""Classes whose nine pairs make the motif of Cueva et al. (2020)."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """Weights between neurons that have a class and may have a preferred direction.

    Attributes:
        weight: W[post, pre], any unit; 0 where there is no connection.
        preferred: Preferred direction, in rad; NaN where a neuron has none.
        classes: Class of each neuron.
        supersets: Further groups of neurons by name, which may overlap.
        name: For tables.
    """

    weight: Float[np.ndarray, "post pre"]
    preferred: Float[np.ndarray, " neuron"]
    classes: Shaped[np.ndarray, " neuron"]
    supersets: Mapping[str, Bool[np.ndarray, " neuron"]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    name: str = "circuit"

    def __post_init__(self) -> None:
        n = len(self.classes)
        sizes = [len(self.preferred), *(len(mask) for mask in self.supersets.values())]
        if self.weight.shape != (n, n) or any(size != n for size in sizes):
            raise InputError(
                f"`weight`, `preferred`, `classes` and `supersets` must be of the same neurons; "
                f"got a matrix of {self.weight.shape} and lengths {[n, *sizes]}. Give W[post, pre] "
                "of all neurons, with NaN as preferred direction where there is none."
            )
        bad = int((~np.isfinite(self.weight)).sum())
        if bad:
            raise InputError(
                f"`weight` must be finite; {bad} entries are not. Write 0 where there is no "
                "connection."
            )

    def __repr__(self) -> str:
        """Sizes, not contents."""
        names, counts = np.unique(self.classes, return_counts=True)
        made_of = ", ".join(f"{n} {c}" for c, n in zip(names, counts, strict=True))
        return f"Circuit({self.name}: {len(self.classes)} neurons: {made_of})"

    def members(self, group: str) -> Bool[np.ndarray, " neuron"]:
        """Neurons of a class or superset; none where nobody is of it.

        Args:
            group: Its name.
        """
        return self.supersets.get(group, self.classes == group)

    def profile(self, pre: str, post: str, *, window: float = 5.0, step: float = 1.0) -> Profile:
        """`connectivity_profile` from one group to another.

        Args:
            pre: Group that sends.
            post: Group that receives.
            window: Width of the window, in deg.
            step: Between centers of windows, in deg.
        """
        return connectivity_profile(
            self.weight,
            self.preferred,
            self.members(post),
            self.members(pre),
            window=window,
            step=step,
        )

    def with_supersets(self, slope: Float[np.ndarray, " neuron"]) -> Circuit:
        """The same circuit with two supersets, `positive` and `negative`, by the slope of tuning.

        Everybody of the three classes of the motif belongs to one of them, compass neurons too, by
        the sign of their own slope; where that is 0, to none. They ask what the thresholds between
        classes hide.

        Args:
            slope: Rate against angular velocity at the preferred direction, any unit.

        Source:
            Cueva's code has such supersets; that membership goes by the sign of the slope is our
            reading.
        """
        motif = np.isin(self.classes, MOTIF)
        signs = {"positive": motif & (slope > 0), "negative": motif & (slope < 0)}
        return replace(self, supersets=MappingProxyType({**self.supersets, **signs}))


def nine_pairs(groups: tuple[str, ...] = MOTIF) -> tuple[tuple[str, str], ...]:
    """All ordered pairs (pre, post) of these groups; nine of three.

    Args:
        groups: Their names.

    Example:
        >>> len(nine_pairs()), nine_pairs()[1]
        (9, ('compass', 'shifter+'))
    """
    return tuple((pre, post) for pre in groups for post in groups)


@dataclass(frozen=True, eq=False)
class SortedMatrix:
    """A weight matrix in the order of classes and, within them, of preferred directions.

    Attributes:
        weight: W[post, pre], sorted on both sides.
        order: Position, in the circuit, of each row and column.
        classes: Class of each row and column.
        preferred: Preferred direction of each, in rad, from 0 to 2 pi.
        start: First row of each class that is there, in order, and the number of rows at the end.
    """

    weight: Float[np.ndarray, "post pre"]
    order: Int[np.ndarray, " sorted"]
    classes: Shaped[np.ndarray, " sorted"]
    preferred: Float[np.ndarray, " sorted"]
    start: Int[np.ndarray, " class_and_end"]


def sorted_matrix(circuit: Circuit, classes: tuple[str, ...] = MOTIF) -> SortedMatrix:
    """The weights of these classes, sorted by class and then by preferred direction from 0 on.

    Neurons without a preferred direction come last in their class.

    Args:
        circuit: Any.
        classes: In this order; other neurons are left out. No supersets.

    Source:
        Cueva et al., ICLR 2020.
    """
    around = np.mod(circuit.preferred, 2 * np.pi)
    parts = []
    for one in classes:
        members = np.flatnonzero(circuit.classes == one)
        parts.append(members[np.argsort(around[members], kind="stable")])  # NaN sort last
    order = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)
    sizes = [len(part) for part in parts if len(part)]
    return SortedMatrix(
        weight=circuit.weight[np.ix_(order, order)],
        order=order,
        classes=circuit.classes[order],
        preferred=around[order],
        start=np.cumsum([0, *sizes]),
    )
