"""How wrong the prediction of every neuron must be expected to be, once some are recorded."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.identifiability.sensitivity import Sensitivity
from neuroloom.errors import InputError

__all__ = ["PredictedError", "left_by_gradient_descent", "predicted_error"]

_RELATIVE = 1e-10  # singular values below this part of the largest count as 0


@dataclass(frozen=True, eq=False)
class PredictedError:
    """What is expected of the prediction of each neuron.

    Attributes:
        mean_square: Expected squared error, mean over samples; unit of activity squared.
        sd: Posterior SD at every sample, unit of activity: 1.645 of it is the half-width of a 90 %
            interval, if the model is right.
    """

    mean_square: Float[np.ndarray, " neuron"]
    sd: Float[np.ndarray, "neuron sample"]


def predicted_error(
    sensitivity: Sensitivity, recorded: Bool[np.ndarray, " neuron"], *, noise: float
) -> PredictedError:
    r"""Posterior error of every neuron's noise-free activity after recording some of them.

    $$E_u = \frac{1}{K} \mathrm{tr}\, S_u C S_u^\top, \qquad
    C = (S_R^\top S_R / s^2 + C_0^{-1})^{-1}$$

    with $C_0 = I$ in the unknowns of a `Sensitivity`. Exact in a model that is linear in its
    unknowns with Gaussian prior and noise; elsewhere to first order around where it was linearized.

    Args:
        sensitivity: Of all neurons.
        recorded: Which neurons are recorded; may be none.
        noise: SD s of the noise in every recorded sample, unit of activity, at least 0. At 0, C is
            the projector onto what no recorded sample tells.

    Returns:
        Of recorded neurons too: what is left of their noise-free activity.

    Raises:
        InputError: If the noise is negative, or the mask is of another number of neurons.

    Example:
        >>> known_together = Sensitivity(np.array([[[1.0, 0.0]], [[2.0, 0.0]], [[0.0, 1.0]]]))
        >>> predicted_error(known_together, np.array([True, False, False]), noise=0.0).mean_square
        array([0., 0., 1.])

    Source:
        Bayesian linear regression; the spectrum of S_R'S_R as in Beiran and Litwin-Kumar, Nat.
        Neurosci. 28:2561 (2025), Fig. 7.
    """
    check_noise(noise)
    check_mask(recorded, sensitivity.n_neurons)
    rest = _residual(sensitivity.value, sensitivity.rows(recorded), noise)
    variance = np.einsum("nkp,nkp->nk", rest, rest)
    return PredictedError(variance.mean(axis=1), np.sqrt(variance))


def left_by_gradient_descent(
    per_parameter: Float[np.ndarray, "neuron sample parameter"],
    recorded: Bool[np.ndarray, " neuron"],
    prior_sd: Float[np.ndarray, " parameter"],
) -> PredictedError:
    r"""Error of a student trained to the end by gradient descent, started from the prior.

    $$E_u = \frac{1}{K} \mathrm{tr}\, S_u (I - P_R) C_0 (I - P_R) S_u^\top$$

    P_R projects onto the row space of S_R: what no recorded sample tells stays as it started.
    Unlike `predicted_error`, it does not use that the prior makes some parameters likelier to be
    off.

    Args:
        per_parameter: Change of activity per unit of each parameter, in the coordinates in which
            gradient descent goes.
        recorded: Which neurons are recorded; may be none.
        prior_sd: SD of what the student starts wrong by, per parameter, in its unit.

    Raises:
        InputError: If the mask is of another number of neurons.

    Source:
        Ours, after Beiran and Litwin-Kumar (2025), Fig. 8.
    """
    check_mask(recorded, len(per_parameter))
    rows = per_parameter[recorded].reshape(-1, per_parameter.shape[2])
    rest = _residual(per_parameter, rows, 0.0) * prior_sd
    # tr S (I-P) C0 (I-P) S', and (I-P) is symmetric: the rows of S (I-P) C0^(1/2)
    variance = np.einsum("nkp,nkp->nk", rest, rest)
    return PredictedError(variance.mean(axis=1), np.sqrt(variance))


def check_noise(noise: float) -> None:
    """Refuses a noise that is no SD."""
    if not 0 <= noise < np.inf:
        raise InputError(
            f"`noise` must be an SD, at least 0 and finite, in the unit of activity; got {noise}. "
            "Use 0 for recordings without noise."
        )


def check_mask(which: np.ndarray, n_neurons: int) -> None:
    """Refuses a mask of another number of neurons."""
    if which.shape != (n_neurons,):
        raise InputError(
            f"The recorded set must say of each of {n_neurons} neurons whether it is in it; its "
            f"shape is {which.shape}. Make it with `np.isin(connectome.neuron_id, ids)`."
        )


def _residual(
    value: Float[np.ndarray, "neuron sample unknown"],
    rows: Float[np.ndarray, "row unknown"],
    noise: float,
) -> Float[np.ndarray, "neuron sample unknown"]:
    """Every row times C^(1/2), so that squares of what is returned are variances."""
    if not rows.size:
        return value
    if rows.shape[0] > rows.shape[1]:
        rows = np.linalg.qr(rows)[1]
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = noise / np.sqrt(sizes**2 + noise**2)
    kept = np.where(sizes > _RELATIVE * sizes.max(initial=0.0), kept, 1.0)
    return value - ((value @ axes.T) * (1 - kept)) @ axes
