"""Which errors of a student training takes away: stiff modes first, sloppy ones hardly."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from neuroloom.analysis.identifiability.modes import Modes
from neuroloom.errors import InputError

__all__ = ["Shrinkage", "mode_shrinkage"]


@dataclass(frozen=True, eq=False)
class Shrinkage:
    r"""How much of the squared error of parameters is left along each mode.

    Attributes:
        stiffness: Of each mode, the stiffest first.
        left: $\sum (v_k \cdot e_{final})^2 / \sum (v_k \cdot e_{initial})^2$ over students.
        correlation: Spearman correlation of stiffness and what is left: -1 where stiffer modes
            always shrink more.
        binned: What is left in bins of equally many modes, from the stiffest to the sloppiest:
            summed over modes and students before dividing.
    """

    stiffness: Float[np.ndarray, " mode"]
    left: Float[np.ndarray, " mode"]
    correlation: float
    binned: Float[np.ndarray, " bin"]

    @property
    def monotone(self) -> bool:
        """Whether every bin of stiffer modes shrank more than the next."""
        return bool((np.diff(self.binned) > 0).all())


def mode_shrinkage(
    modes: Modes,
    initial: Float[np.ndarray, "student unknown"],
    final: Float[np.ndarray, "student unknown"],
    *,
    n_bins: int = 5,
) -> Shrinkage:
    """Projects errors of parameters onto modes, before and after training.

    Args:
        modes: Of the teacher, in units of the prior SD; weights of kinds of trials are the square
            roots by which its sensitivities were multiplied.
        initial: Errors of untrained students, in the same units.
        final: Errors of the same students after training.
        n_bins: Bins of equally many modes.

    Raises:
        InputError: If shapes do not fit, or there are fewer modes than bins.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 7 g-i. Sums over students
        before dividing, and bins, are ours.
    """
    if initial.shape != final.shape or initial.shape[1] != len(modes.direction):
        raise InputError(
            f"Errors must be (student, unknown) with {len(modes.direction)} unknowns, before and "
            f"after; their shapes are {initial.shape} and {final.shape}. Take both in the order of "
            "the linearization's parameters."
        )
    n_modes = len(modes.stiffness)
    if not 1 <= n_bins <= n_modes:
        raise InputError(
            f"`n_bins` must be 1 to the number of modes ({n_modes}); got {n_bins}. Use fewer."
        )
    before, after = ((e @ modes.direction) ** 2 for e in (initial, final))
    before, after = before.sum(axis=0), after.sum(axis=0)
    parts = np.array_split(np.arange(n_modes), n_bins)
    left = after / before
    return Shrinkage(
        stiffness=modes.stiffness,
        left=left,
        correlation=float(np.corrcoef(rankdata(modes.stiffness), rankdata(left))[0, 1]),
        binned=np.array([after[part].sum() / before[part].sum() for part in parts]),
    )
