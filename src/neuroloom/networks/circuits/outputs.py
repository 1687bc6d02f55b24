"""How much the outputs of a circuit say: which are dead, and their entropy."""

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = ["bin_entropy", "dead_outputs", "value_entropy"]


def dead_outputs(
    outputs: Float[np.ndarray, "trial time output"], *, tolerance: float = 1e-6
) -> Bool[np.ndarray, " output"]:
    """Which outputs never change: their range is at most `tolerance` of their largest size.

    Args:
        outputs: Rates over all trials; finite.
        tolerance: Relative; 1e-6 is about the resolution of 32 bits. At least 0.

    Raises:
        InputError: If `tolerance` is below 0 or an output is not finite.
    """
    if not tolerance >= 0:
        raise InputError(
            f"`tolerance` must be at least 0; got {tolerance}. Use 1e-6 for 32-bit rates."
        )
    flat = _flat(outputs)
    return np.ptp(flat, axis=0) <= tolerance * np.abs(flat).max(axis=0)


def value_entropy(
    outputs: Float[np.ndarray, "trial time output"],
) -> Float[np.ndarray, " output"]:
    r"""Entropy of the distinct values of each output, in nats; 0 for a dead one.

    $$H = -\sum_v p_v \log p_v$$

    The published measure. Where every value is different, as continuous rates are, it is log(number
    of values) and says nothing about the circuit; `bin_entropy` does.

    Args:
        outputs: Rates over all trials; finite.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code.
    """
    return np.array([_entropy(np.unique(y, return_counts=True)[1]) for y in _flat(outputs).T])


def bin_entropy(
    outputs: Float[np.ndarray, "trial time output"], *, n_bins: int = 32
) -> Float[np.ndarray, " output"]:
    """Entropy of each output over equal bins of its own range, in bits; 0 for a dead one.

    Args:
        outputs: Rates over all trials; finite.
        n_bins: At least 2. The largest possible entropy is log2 of it.

    Raises:
        InputError: If `n_bins` is below 2 or an output is not finite.
    """
    if n_bins < 2:
        raise InputError(f"`n_bins` must be at least 2; got {n_bins}. Use 32, for up to 5 bits.")
    flat, dead = _flat(outputs), dead_outputs(outputs)
    found = [
        0.0 if still else _entropy(np.histogram(y, n_bins)[0]) / np.log(2)
        for y, still in zip(flat.T, dead, strict=True)
    ]
    return np.array(found)


def _flat(outputs: np.ndarray) -> np.ndarray:
    flat = np.asarray(outputs, float).reshape(-1, outputs.shape[-1])
    if not np.isfinite(flat).all():
        raise InputError(
            f"Outputs must be finite; {int((~np.isfinite(flat)).sum())} of {flat.size} are not. "
            "Rates of an unscaled circuit with feedback as it is may overflow: scale it."
        )
    return flat


def _entropy(n: np.ndarray) -> float:
    share = n[n > 0] / n.sum()
    return float(-(share * np.log(share)).sum()) + 0.0
