"""How alike two populations are after the best rotation of one onto the other."""

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["centered_pair", "procrustes_similarity"]


def procrustes_similarity(
    a: Float[np.ndarray, "sample neuron"], b: Float[np.ndarray, "other_sample other"]
) -> float:
    r"""Cosine of the angle between two populations that rotation leaves, 0 to 1, dimensionless.

    $$\max_{Q^\top Q = I} \frac{\langle A, B Q \rangle}{\lVert A \rVert \lVert B \rVert}
    = \frac{\lVert B^\top A \rVert_*}{\lVert A \rVert_F \lVert B \rVert_F}$$

    of centered activity. Rotation, reflection, shift and scale do not count; stretching one
    direction does. The smaller population is filled up with silent neurons. With few samples and
    many neurons a rotation fits anything, so that the value means little without its null.

    Args:
        a: Activity in any unit, no NaN.
        b: Of another population at the same moments.

    Raises:
        InputError: If moments differ, fewer than 3 are given, a value is not finite, or a
            population never changes.

    Example:
        >>> a = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
        >>> round(procrustes_similarity(a, 3 * a[:, ::-1] + 1), 9)
        1.0

    Source:
        Schönemann, Psychometrika 31 (1966). It is the square root of 1 - the disparity of
        `scipy.spatial.procrustes`, and the cosine of the angular distance of Williams, Kunz,
        Kornblith and Linderman, NeurIPS 2021.
    """
    a, b = centered_pair(a, b)
    shared = np.linalg.norm(b.T @ a, "nuc")
    return float(shared / (np.linalg.norm(a) * np.linalg.norm(b)))


def centered_pair(
    a: Float[np.ndarray, "sample neuron"], b: Float[np.ndarray, "other_sample other"]
) -> tuple[Float[np.ndarray, "sample neuron"], Float[np.ndarray, "sample other"]]:
    """Both populations less their means over samples, in their own units.

    Raises:
        InputError: As `procrustes_similarity`.
    """
    if len(a) != len(b) or len(a) < 3:
        raise InputError(
            "Both populations must have the same samples, at least 3; got "
            f"{len(a)} and {len(b)}. Bring both to the same moments."
        )
    centered = []
    for name, one in (("a", a), ("b", b)):
        bad = int((~np.isfinite(one)).sum())
        if bad:
            raise InputError(
                f"`{name}` must be finite; {bad} of {one.size} values are not. Leave out the "
                "samples or neurons that were not observed."
            )
        apart = one - one.mean(axis=0)
        if not np.abs(apart).max(initial=0.0) > 1e-12 * np.abs(one).max(initial=0.0):
            raise InputError(
                f"`{name}` must change from sample to sample; none of its {one.shape[1]} neurons "
                "does. Leave silent populations out."
            )
        centered.append(apart)
    return centered[0], centered[1]
