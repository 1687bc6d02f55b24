"""The shape over lags that all connections share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.factors import MARGIN, Factors
from neuroloom.fitting.coupling.lagged import LaggedMoments

__all__ = ["lag_profile"]


def lag_profile(moments: LaggedMoments, factors: Factors) -> Float[np.ndarray, " lag"]:
    r"""How a connection is spread over the lags, of absolute sum 1.

    The leading eigenvector of

    $$M_{kl} = \sum_{i \ne j} \hat A_{kij} \hat A_{lij} / v_{ij} - C_{klj} / C_{11j},$$

    with A least squares at each lag, v the noise variance of the first and C the inverse covariance
    of predictors: what noise alone puts into the products is taken off. The direction of common
    drive is taken out of the estimates first, in units of each neuron's own noise.

    Lags that carry nothing cost little: their entries are averages over all pairs. Where the
    largest eigenvalue is within what noise alone gives (the edge of Marchenko and Pastur), all is
    read one step back: a shape that was picked to fit noise would make noise look like coupling.

    Args:
        moments: Of all frames.
        factors: Common drive in the residuals.
    """
    n, p = moments.n_neurons, moments.n_lags
    scale = np.sqrt(np.diag(moments.past))
    scale = np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(moments.past / np.outer(scale, scale), hermitian=True)
    inverse = inverse / np.outer(scale, scale)
    found, inverse = (inverse @ moments.cross)[: n * p], inverse[: n * p, : n * p]
    sd = np.sqrt(factors.own_variance)
    keep = np.eye(n)
    if factors.n:
        direction = np.linalg.qr(factors.loading / sd[:, None])[0]
        keep = keep - direction @ direction.T
    at = found.reshape(p, n, n).swapaxes(1, 2) / sd[:, None]  # lag, post, pre
    at = np.einsum("ik,lkj->lij", keep, at)
    own = (keep**2).sum(axis=1)
    shape = np.stack([np.diag(part) for row in _blocks(inverse, p) for part in row])
    shape = shape.reshape(p, p, n)
    noise = np.outer(own, shape[0, 0]) / moments.n_frames
    z = np.where(np.eye(n, dtype=bool), 0.0, at / np.sqrt(noise))
    expected = (n - 1) * (shape / shape[0, 0]).sum(axis=2)
    products = np.einsum("kij,lij->kl", z, z) - expected
    values, vectors = np.linalg.eigh(products)
    n_pairs = n * (n - 1)
    if values[-1] <= MARGIN * n_pairs * ((1 + np.sqrt(p / n_pairs)) ** 2 - 1):
        return np.eye(p)[0]
    leading = vectors[:, -1]
    leading = leading if leading.sum() >= 0 else -leading
    return leading / np.abs(leading).sum()


def _blocks(square: np.ndarray, p: int) -> list[list[np.ndarray]]:
    return [np.split(row, p, axis=1) for row in np.split(square, p, axis=0)]
