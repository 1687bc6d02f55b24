"""Which entries of two connectivities are compared: ordered pairs of different neurons."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = ["Pairs", "scored_pairs"]


class Pairs(NamedTuple):
    """Entries that are scored, one a pair of different neurons.

    Attributes:
        post: Position of the postsynaptic neuron.
        pre: Position of the presynaptic neuron.
        estimate: Estimated weight. Any unit.
        truth: True weight. 0 is no edge.
    """

    post: Int[np.ndarray, " pair"]
    pre: Int[np.ndarray, " pair"]
    estimate: Float[np.ndarray, " pair"]
    truth: Float[np.ndarray, " pair"]

    @property
    def edge(self) -> Bool[np.ndarray, " pair"]:
        """Which pairs are connected."""
        return self.truth != 0


@no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
def scored_pairs(
    estimate: Float[np.ndarray, "post pre"],
    truth: Float[np.ndarray, "post pre"],
    *,
    seen: Bool[np.ndarray, " neuron"] | None = None,
) -> Pairs:
    """The pairs that can be scored, in the order of the rows of W[post, pre].

    The diagonal is left out, whatever it holds, and so are pairs whose truth is NaN (not known).

    Args:
        estimate: Estimated W[post, pre].
        truth: True W[post, pre], of the same neurons.
        seen: Which neurons were recorded; pairs with another one are left out. Default: all.

    Raises:
        InputError: If shapes differ, the estimate is not finite where it is scored, or no pair is
            left.

    Example:
        >>> w = np.array([[9.0, 0.0], [0.5, 9.0]])
        >>> scored_pairs(w, w).truth
        array([0. , 0.5])
    """
    if estimate.ndim != 2 or estimate.shape[0] != estimate.shape[1]:
        raise InputError(
            "`estimate` must be W[post, pre] of as many rows as columns; its shape is "
            f"{estimate.shape}. Score one lag, or a norm over lags."
        )
    if estimate.shape != truth.shape:
        raise InputError(
            f"`estimate` and `truth` must be of the same neurons; their shapes are {estimate.shape}"
            f" and {truth.shape}. Restrict the truth to the neurons that were recorded."
        )
    n = len(truth)
    kept = np.ones(n, bool) if seen is None else seen
    if kept.shape != (n,) or kept.dtype != bool:
        raise InputError(
            f"`seen` must say True or False of each of the {n} neurons; got {kept.dtype} of shape "
            f"{kept.shape}. Give a mask, not positions."
        )
    scored = np.outer(kept, kept) & ~np.eye(n, dtype=bool) & ~np.isnan(truth)
    post, pre = np.nonzero(scored)
    if post.size == 0:
        raise InputError(
            f"At least one pair of different neurons must be left to be scored; of {n} neurons, "
            f"{int(kept.sum())} are seen and no pair of them has a known truth. Check `seen`."
        )
    found = estimate[post, pre].astype(np.float64)
    lost = ~np.isfinite(found)
    if lost.any():
        raise InputError(
            f"`estimate` must be finite off its diagonal; {int(lost.sum())} of {lost.size} pairs "
            f"are not, the first at post {post[lost][0]}, pre {pre[lost][0]}. Leave neurons that "
            "were not estimated out with `seen`."
        )
    return Pairs(post, pre, found, truth[post, pre].astype(np.float64))
