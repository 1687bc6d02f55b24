"""How strongly neurons connect, by the difference of their preferred directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.anatomy.offsets import SlidingWindow, preferred_difference
from neuroloom.errors import InputError

__all__ = ["Pairs", "Profile", "connectivity_profile", "pairs_between"]


@dataclass(frozen=True, eq=False)
class Profile:
    """Weight against the offset of preferred directions, receiver less sender.

    Attributes:
        offset: Centers of the windows, in deg, above -180 to 180.
        mean: Mean weight of the pairs in each window; NaN where there is none.
        sd: SD of these weights, of all pairs and not of a sample.
        n: Pairs in each window; one on the edge of a window counts half.
    """

    offset: Float[np.ndarray, " offset"]
    mean: Float[np.ndarray, " offset"]
    sd: Float[np.ndarray, " offset"]
    n: Float[np.ndarray, " offset"]

    def __repr__(self) -> str:
        """Sizes, not contents."""
        seen = int((self.n > 0).sum())
        return f"Profile({len(self.offset)} windows, {seen} with pairs)"


class Pairs(NamedTuple):
    """All pairs of a receiver and a sender that are two neurons and have preferred directions.

    Attributes:
        post: Receiver of each pair.
        pre: Sender.
        weight: Of the connection; 0 where there is none.
        difference: Of preferred directions, receiver less sender, in deg.
    """

    post: Int[np.ndarray, " pair"]
    pre: Int[np.ndarray, " pair"]
    weight: Float[np.ndarray, " pair"]
    difference: Float[np.ndarray, " pair"]


def pairs_between(
    weight: Float[np.ndarray, "post pre"],
    preferred: Float[np.ndarray, " neuron"],
    post: Bool[np.ndarray, " neuron"],
    pre: Bool[np.ndarray, " neuron"],
) -> Pairs:
    """The pairs that a profile is made of; no neuron is paired with itself.

    Args:
        weight: W[post, pre], any unit.
        preferred: Preferred directions, in rad; NaN where a neuron has none, which leaves it out.
        post: Neurons that receive.
        pre: Neurons that send.

    Raises:
        InputError: If sizes do not fit or a weight is not finite.
    """
    n = len(preferred)
    if not weight.shape == (n, n) or not len(post) == len(pre) == n:
        raise InputError(
            f"`weight` must be neurons by neurons and masks as long as `preferred` ({n}); got "
            f"{weight.shape}, {len(post)} and {len(pre)}. Give W[post, pre] of all neurons and "
            "choose by masks."
        )
    bad = int((~np.isfinite(weight)).sum())
    if bad:
        raise InputError(
            f"`weight` must be finite; {bad} entries are not. Write 0 where there is no connection."
        )
    tuned = np.isfinite(preferred)
    receivers, senders = np.flatnonzero(post & tuned), np.flatnonzero(pre & tuned)
    difference = preferred_difference(preferred[receivers], preferred[senders])
    two = receivers[:, None] != senders[None, :]
    i, j = np.nonzero(two)
    return Pairs(
        post=receivers[i],
        pre=senders[j],
        weight=weight[receivers[i], senders[j]].astype(np.float64),
        difference=difference[two],
    )


def connectivity_profile(
    weight: Float[np.ndarray, "post pre"],
    preferred: Float[np.ndarray, " neuron"],
    post: Bool[np.ndarray, " neuron"],
    pre: Bool[np.ndarray, " neuron"],
    *,
    window: float = 5.0,
    step: float = 1.0,
) -> Profile:
    r"""Mean weight in a window that slides over the offset d of preferred directions.

    $$w(d) = \frac{\sum_{ij} s_{ij}(d)\, W_{ij}}{\sum_{ij} s_{ij}(d)}, \qquad
    d_{ij} = \theta_i^\mathrm{post} - \theta_j^\mathrm{pre}, \quad i \ne j$$

    with the share s of a pair in a window as `SlidingWindow` says. Connections that are not there
    count as weights of 0.

    Args:
        weight: W[post, pre], any unit.
        preferred: Preferred directions, in rad; NaN leaves a neuron out.
        post: Neurons that receive.
        pre: Neurons that send.
        window: Width, in deg.
        step: Between the centers of windows, in deg.

    Raises:
        InputError: If sizes do not fit, a weight is not finite or the window is none.

    Example:
        >>> weight = np.array([[0.0, 0.0], [0.7, 0.0]])  # neuron 0 sends to neuron 1
        >>> everyone = np.array([True, True])
        >>> profile = connectivity_profile(weight, np.deg2rad([0.0, 90.0]), everyone, everyone)
        >>> profile.offset[profile.mean > 0].tolist(), profile.offset[profile.mean == 0].tolist()
        ([88.0, 89.0, 90.0, 91.0, 92.0], [-92.0, -91.0, -90.0, -89.0, -88.0])

    Source:
        Cueva et al., ICLR 2020, arXiv 1912.10189, with the window of their code.
    """
    pairs = pairs_between(weight, preferred, post, pre)
    sliding = SlidingWindow(window, step)
    window_of, pair, share = sliding.entries(pairs.difference)
    at = sliding.n_windows
    value = pairs.weight[pair]
    n = np.bincount(window_of, weights=share, minlength=at).astype(float)  # also of no pair
    full = np.where(n > 0, n, np.nan)
    mean = np.bincount(window_of, weights=share * value, minlength=at) / full
    apart = share * (value - mean[window_of]) ** 2
    sd = np.sqrt(np.bincount(window_of, weights=apart, minlength=at) / full)
    return Profile(offset=sliding.offset, mean=mean, sd=sd, n=n)
