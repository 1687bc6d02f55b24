"""What one learning curve says: where it starts, ends, and how high it is on the way."""

import numpy as np
from jaxtyping import Float, Num

from neuroloom.errors import InputError

__all__ = ["final_return", "initial_return", "learning_area", "require_curve"]


def learning_area(
    steps: Num[np.ndarray, " probe"],
    returns: Float[np.ndarray, " probe"],
    *,
    until: float | None = None,
) -> float:
    """Mean return on the way: area under the learning curve over its length, in returns.

    The curve is straight between probes. Two curves compare only over the same steps: pass the
    common budget as `until` where they end at different steps.

    Args:
        steps: Environment steps spent at each probe, ascending.
        returns: What the policy returned then.
        until: Where to stop, in environment steps; default the last probe.

    Raises:
        InputError: If the curve is not one (see `require_curve`), has fewer than 2 probes, or does
            not reach `until`.
    """
    require_curve(steps, returns)
    end = float(steps[-1]) if until is None else until
    if steps.size < 2 or not steps[0] < end <= steps[-1]:
        raise InputError(
            f"`until` must lie on a curve of at least 2 probes; got {end:,.0f} and "
            f"{steps.size} probes from {steps[0]:,.0f} to {steps[-1]:,.0f} steps. Take the budget "
            "that all arms reach."
        )
    inside = steps < end
    x = np.r_[steps[inside].astype(float), end]
    y = np.r_[returns[inside], np.interp(end, steps, returns)]
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def initial_return(steps: Num[np.ndarray, " probe"], returns: Float[np.ndarray, " probe"]) -> float:
    """Return before any training: the probe at 0 steps.

    Args:
        steps: Environment steps spent at each probe, ascending from 0.
        returns: What the policy returned then.

    Raises:
        InputError: If the curve is not one, or does not start at 0 steps.
    """
    require_curve(steps, returns)
    if steps[0] != 0:
        raise InputError(
            f"A curve must start at 0 steps for an initial return; it starts at {steps[0]:,.0f}. "
            "Probe the policy before the first generation."
        )
    return float(returns[0])


def final_return(
    steps: Num[np.ndarray, " probe"], returns: Float[np.ndarray, " probe"], *, n_last: int = 1
) -> float:
    """Mean return of the last probes.

    The best probe of a run is not its final one: a maximum over noisy probes flatters.

    Args:
        steps: Environment steps spent at each probe, ascending.
        returns: What the policy returned then.
        n_last: Over how many probes.

    Raises:
        InputError: If the curve is not one, or has fewer probes.
    """
    require_curve(steps, returns)
    if not 1 <= n_last <= returns.size:
        raise InputError(
            f"`n_last` must be 1 to the number of probes ({returns.size}); got {n_last}. Average "
            "fewer probes."
        )
    return float(returns[-n_last:].mean())


def require_curve(steps: Num[np.ndarray, " probe"], returns: Float[np.ndarray, " probe"]) -> None:
    """Refuses what is not a learning curve.

    Raises:
        InputError: If there is no probe, steps do not ascend, or a number is not finite.
    """
    if steps.size == 0 or not np.isfinite(steps).all() or (np.diff(steps) <= 0).any():
        raise InputError(
            f"`steps` must ascend and be finite, at least one; got {steps[:4].tolist()} and "
            f"{max(steps.size - 4, 0)} more. Sort the probes, and keep one at each step."
        )
    if not np.isfinite(returns).all():
        raise InputError(
            f"`returns` must be finite; {int((~np.isfinite(returns)).sum())} of {returns.size} are "
            "not. A policy that diverged must be given the return of an episode that ended there."
        )
