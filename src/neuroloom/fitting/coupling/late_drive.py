"""Common drive that reaches some neurons late: along which directions earlier steps show it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.fitting.coupling.estimates import least_squares
from neuroloom.fitting.coupling.factors import MARGIN, Factors
from neuroloom.fitting.coupling.lagged import LaggedMoments

__all__ = ["late_directions"]

LEAST_NEURONS = 100
"""With 50 of 200 neurons seen, what these directions take of connections costs more than what they
take of drive: AUPRC .78 without and .75 with them (S3, seeds 0 to 4)."""


def late_directions(
    moments: LaggedMoments,
    factors: Factors,
    inflation: Float[np.ndarray, " neuron"],
    weight: Float[np.ndarray, "post pre"],
) -> Float[np.ndarray, "neuron direction"]:
    r"""Orthonormal directions, across the factors, that coefficients of earlier steps share.

    Neurons that hear a drive later than others are forecast from these, so that the drive stands in
    coefficients and not in residuals, where factors are sought. Coupling acts one step back, or, in
    slow sensors, alike at every lag but for a number; drive acts along the same few directions U at
    all lags:

    $$\hat A_l = s_l W + U M_l + \text{noise}, \qquad l = 2, \dots, p$$

    Left singular vectors of these, in units of their noise and side by side, count where their
    singular values exceed what noise alone gives, $\sqrt{N} + \sqrt{(p - 1) N}$, by the margin of
    the factors. Without factors nobody hears a drive, and there are none; nor are there below 100
    neurons.

    Args:
        moments: Of the frames; with one lag there are none.
        factors: Of the residuals.
        inflation: Of the variance of estimates.
        weight: W, connections as far as they are known, one step back.

    Source:
        Ours; the edge is that of Davidson and Szarek, Handbook of the Geometry of Banach Spaces 1
        (2001), for matrices of independent normal entries.
    """
    n, n_lags = moments.n_neurons, moments.n_lags
    if not factors.n or n_lags < 2 or n < LEAST_NEURONS:
        return np.zeros((n, 0))
    found, _, inverse = least_squares(moments)
    own = factors.own_variance * inflation
    off = ~np.eye(n, dtype=bool)
    size = float((weight[off] ** 2).sum())
    known = factors.directions()
    parts = []
    for lag in range(1, n_lags):
        rows = slice(lag * n, (lag + 1) * n)
        share = float((found[rows].T[off] * weight[off]).sum()) / size if size > 0 else 0.0
        noise = np.sqrt(np.outer(own, inverse[rows]) / moments.n_frames)
        left = np.where(off, (found[rows].T - share * weight) / noise, 0.0)
        parts.append(left - known @ (known.T @ left))
    vector, value, _ = np.linalg.svd(np.concatenate(parts, axis=1), full_matrices=False)
    edge = np.sqrt(n) * (1 + np.sqrt(len(parts)))
    return vector[:, value > MARGIN * edge]
