"""Two rules side by side: which units do they agree on?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

from neuroloom.analysis.tuning.cell_class import CELL_CLASSES
from neuroloom.errors import InputError

__all__ = ["CrossTable", "cross_table"]


@dataclass(frozen=True)
class CrossTable:
    """How many units are of each pair of classes.

    Attributes:
        classes: Names of rows and of columns.
        count: Rows by the first rule, columns by the second.
    """

    classes: tuple[str, ...]
    count: Int[np.ndarray, "first second"]

    @property
    def agreement(self) -> float:
        """Part of the units that both rules put into one class; NaN without units."""
        total = self.count.sum()
        return float(np.trace(self.count) / total) if total else float("nan")


def cross_table(
    first: Shaped[np.ndarray, " neuron"], second: Shaped[np.ndarray, " _"]
) -> CrossTable:
    """How many units are of each pair of classes by two rules.

    Args:
        first: Class of each unit by one rule.
        second: By another, the same units.

    Returns:
        The five classes, then any other name that a rule has used, in alphabetical order.

    Raises:
        InputError: If the numbers of units differ.

    Example:
        >>> table = cross_table(np.array(["compass", "weak"]), np.array(["compass", "compass"]))
        >>> table.agreement, int(table.count[3, 0])
        (0.5, 1)
    """
    if first.shape != second.shape:
        raise InputError(
            f"Both rules must be of the same units; got {len(first)} and {len(second)}. Take "
            "classes of one network."
        )
    used = sorted(set(first.tolist()) | set(second.tolist()))
    names = (*CELL_CLASSES, *(name for name in used if name not in CELL_CLASSES))
    count = [[int(((first == a) & (second == b)).sum()) for b in names] for a in names]
    return CrossTable(names, np.array(count, dtype=np.int64))
