"""In how many directions does activity vary?"""

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["participation_ratio", "variance_spectrum"]


def variance_spectrum(
    activity: Float[np.ndarray, "*sample neuron"],
) -> Float[np.ndarray, " component"]:
    """Variance along each principal component, largest first, in the unit of activity squared.

    They add up to the sum of the variances of the neurons over all samples.

    Args:
        activity: Any unit; trials and times in front are samples alike. At least two samples.

    Raises:
        InputError: If there is one sample only, a value is not finite, or nothing varies.
    """
    samples = activity.reshape(-1, activity.shape[-1]).astype(np.float64)
    bad = ~np.isfinite(samples)
    if len(samples) < 2 or bad.any():
        raise InputError(
            f"`activity` must be finite over at least 2 samples; {bad.sum()} values of "
            f"{len(samples)} samples are not. Leave out what was not measured."
        )
    centered = samples - samples.mean(0)
    variance = np.linalg.svd(centered, compute_uv=False) ** 2 / len(samples)
    if not variance[0] > 1e-14 * np.abs(samples).max() ** 2:
        raise InputError(
            f"`activity` must vary; all {samples.shape[1]} neurons are constant over "
            f"{len(samples)} samples. Take a longer or a driven stretch."
        )
    return variance


def participation_ratio(activity: Float[np.ndarray, "*sample neuron"]) -> float:
    r"""Dimension of activity: how many components share its variance, 1 to the number of neurons.

    $$\mathrm{PR} = \frac{(\sum_k \lambda_k)^2}{\sum_k \lambda_k^2}$$

    with the variances $\lambda_k$ of `variance_spectrum`. K equal components give K.

    Args:
        activity: As in `variance_spectrum`.

    Raises:
        InputError: As there.

    Example:
        >>> t = np.linspace(0, 2 * np.pi, 100, endpoint=False)
        >>> round(participation_ratio(np.stack([np.sin(t), np.cos(t)], 1)), 6)
        2.0

    Source:
        Gao et al., A theory of multineuronal dimensionality, bioRxiv 214262 (2017).
    """
    variance = variance_spectrum(activity)
    return float(variance.sum() ** 2 / (variance**2).sum())
