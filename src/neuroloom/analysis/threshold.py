"""How many recorded neurons are enough? Where errors fall below a threshold for good."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Num

from neuroloom.errors import InputError

__all__ = ["Enough", "enough_recorded"]


class Enough(NamedTuple):
    """The number of recorded neurons from which on an error stays below a threshold.

    Attributes:
        value: Interpolated number, or NaN where the curve does not say.
        lowest: It is above this one (0 if the first error is below already).
        highest: It is at most this one (infinite if the last error is above still).
        verdict: The same in words.
    """

    value: float
    lowest: float
    highest: float
    verdict: str


@no_type_check  # shapes are checked here, in words
def enough_recorded(
    n_recorded: Num[np.ndarray, " point"],
    error: Float[np.ndarray, " point"],
    *,
    threshold: float = 0.2,
) -> Enough:
    r"""The number M* of recorded neurons from which on the error stays at or below the threshold.

    Between the last number with an error above it and the next one, errors are interpolated
    linearly in log M, since sweeps double M. A curve that starts below, or ends above, has no M*;
    the verdict says which.

    Args:
        n_recorded: M, rising, above 0.
        error: Error at each M, such as $1 - \overline{\rho}$ of unrecorded neurons.
        threshold: In the unit of the error.

    Raises:
        InputError: If M does not rise, or an error is NaN.

    Example:
        >>> enough_recorded(np.array([1, 2, 4]), np.array([0.8, 0.4, 0.0])).verdict
        'crossed at 2.83, between 2 and 4'

    Source:
        The threshold 0.2 on 1 - rho: Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig.
        3 d-f. That the error must stay below, and the logarithm, are ours.
    """
    rises = n_recorded.size > 0 and n_recorded[0] > 0 and bool((np.diff(n_recorded) > 0).all())
    if not rises or error.shape != n_recorded.shape or np.isnan(error).any():
        raise InputError(
            "`n_recorded` must rise from above 0, with one error each that is not NaN; got "
            f"{n_recorded.tolist()} with {error.tolist()}. Sort the sweep, average repeated "
            "numbers, and leave out students that diverged."
        )
    above = np.flatnonzero(error > threshold)
    if not above.size:
        first = float(n_recorded[0])
        verdict = f"below {threshold:g} from the smallest number on ({first:g})"
        return Enough(float("nan"), 0.0, first, verdict)
    last = above[-1]
    if last == n_recorded.size - 1:
        end = float(n_recorded[-1])
        verdict = f"never: still {error[-1]:.3g} at the largest number ({end:g})"
        return Enough(float("nan"), end, float("inf"), verdict)
    low, high = float(n_recorded[last]), float(n_recorded[last + 1])
    part = (error[last] - threshold) / (error[last] - error[last + 1])
    value = float(low * (high / low) ** part)
    return Enough(value, low, high, f"crossed at {value:.3g}, between {low:g} and {high:g}")
