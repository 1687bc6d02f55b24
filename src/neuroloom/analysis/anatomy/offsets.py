"""Differences of preferred directions, and the sliding window over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from neuroloom.errors import InputError

__all__ = ["Entries", "SlidingWindow", "preferred_difference", "wrapped"]

_EDGE = 1e-6  # deg: nearer than this to the edge of a window counts as on it


def wrapped(degrees: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """The same angles from above -180 to 180 deg.

    Args:
        degrees: Any angle, in deg.

    Example:
        >>> wrapped(np.array([-180.0, 190.0, 180.0, -540.0])).tolist()
        [180.0, -170.0, 180.0, 180.0]
    """
    return 180.0 - np.mod(180.0 - degrees, 360.0)


def preferred_difference(
    preferred_post: Float[np.ndarray, " post"], preferred_pre: Float[np.ndarray, " pre"]
) -> Float[np.ndarray, "post pre"]:
    """Preferred direction of who receives less that of who sends, in deg, above -180 to 180.

    Args:
        preferred_post: Of the receivers, in rad.
        preferred_pre: Of the senders, in rad.

    Example:
        >>> preferred_difference(np.deg2rad([10.0]), np.deg2rad([350.0])).round(6).tolist()
        [[20.0]]
    """
    return wrapped(np.rad2deg(preferred_post[:, None] - preferred_pre[None, :]))


class Entries(NamedTuple):
    """A list of pairs in windows.

    Attributes:
        window: Which window.
        pair: Which pair.
        share: How much of it, 1/2 on the edge and 1 within.
    """

    window: Int[np.ndarray, " entry"]
    pair: Int[np.ndarray, " entry"]
    share: Float[np.ndarray, " entry"]


@dataclass(frozen=True)
class SlidingWindow:
    """Windows of one width around centers that go once around the circle.

    A pair of neurons is in every window less than half a width from its offset; on the edge of a
    window it counts half. So every pair counts `width / step` in all, mirror images have mirrored
    profiles, and the window at 180 deg takes offsets from both of its sides.

    Attributes:
        width: In deg, from `step` to 180.
        step: Between centers, in deg; a whole number of steps goes around.

    Source:
        Cueva's code for ICLR 2020 has 5 deg at 1 deg; the edge that counts half is ours.
    """

    width: float = 5.0  # deg
    step: float = 1.0  # deg

    def __post_init__(self) -> None:
        around = 360.0 / self.step if self.step > 0 else 0.5
        if abs(around - round(around)) > _EDGE or around < 3:
            raise InputError(
                f"`step` must divide 360 deg into 3 parts or more; got {self.step}. The paper has "
                "1, the fly's wedges are 22.5 apart."
            )
        if not self.step <= self.width <= 180:
            raise InputError(
                f"`window` must be from one step ({self.step} deg) to 180 deg wide; got "
                f"{self.width}. The paper has 5."
            )

    @property
    def n_windows(self) -> int:
        """How many centers go around."""
        return round(360.0 / self.step)

    @property
    def offset(self) -> Float[np.ndarray, " offset"]:
        """Centers of the windows, in deg, rising, the last at 180."""
        return -180.0 + self.step * np.arange(1, self.n_windows + 1)

    def entries(self, difference: Float[np.ndarray, " pair"]) -> Entries:
        """Which pairs are in which windows; pairs of the same window may be anywhere in the list.

        Args:
            difference: Offsets of the pairs, in deg, wrapped or not.
        """
        place = (difference - (-180.0 + self.step)) / self.step
        first = np.ceil(place - self.width / 2 / self.step - _EDGE).astype(np.int64)
        each = first[None, :] + np.arange(int(self.width / self.step + 1e-9) + 1)[:, None]
        beyond = np.abs(each - place[None, :]) * self.step - self.width / 2
        share = np.where(np.abs(beyond) <= _EDGE, 0.5, (beyond < 0).astype(float))
        there = share > 0
        pair = np.broadcast_to(np.arange(len(difference)), each.shape)
        return Entries(np.mod(each[there], self.n_windows), pair[there], share[there])

    def spread(self, difference: Float[np.ndarray, " pair"]) -> sparse.csr_array:
        """Share of each pair in each window, 0, 1/2 or 1, as (window, pair).

        Args:
            difference: Offsets of the pairs, in deg, wrapped or not.
        """
        window, pair, share = self.entries(difference)
        return sparse.csr_array((share, (window, pair)), shape=(self.n_windows, len(difference)))
