"""What all claims of the study share: how many seeds they ask for, and how many must agree."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

__all__ = ["LEAST_SEEDS", "MOST_OF", "most", "share_interval"]

LEAST_SEEDS = 4
"""Of `fast`. Criteria that ask for 8 of 10 seeds ask for 4 of 4."""
MOST_OF = 0.8


def most(agree: Bool[np.ndarray, " seed"]) -> bool:
    """Whether at least 8 in 10 of the seeds agree.

    Example:
        >>> most(np.array([True] * 8 + [False] * 2)), most(np.array([True, True, True, False]))
        (True, False)
    """
    return bool(np.sum(agree) >= MOST_OF * len(agree))


def share_interval(agree: Bool[np.ndarray, " seed"]) -> tuple[float, float, float]:
    """Share of the seeds that agree, and its 95 % interval.

    Example:
        >>> [round(end, 2) for end in share_interval(np.array([True] * 8 + [False] * 2))]
        [0.8, 0.49, 0.94]

    Source:
        Wilson, J. Am. Stat. Assoc. 22:209 (1927).
    """
    n, z = len(agree), 1.959964
    share = float(np.mean(agree))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return share, float(max(0.0, middle - half)), float(min(1.0, middle + half))
