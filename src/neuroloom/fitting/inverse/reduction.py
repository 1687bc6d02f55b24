r"""The regression of one neuron, reduced to as many equations as it has coefficients.

$$\dot v_i = q_0 v_i + q_1 + q_u u_i + \sum_{e \to i} q_e\, \phi(v_{\mathrm{pre}(e)}) + \epsilon$$
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neuroloom.fitting.inverse.estimators import Moments
from neuroloom.fitting.inverse.targets import Rows

__all__ = ["Reduced", "reduce_neuron", "solve"]

SAME = 1e-6
"""Singular values below this share of the largest are taken as 0 (of standardized columns)."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """Sufficient statistics of a neuron; columns are v_i, its presynaptic rates, its input.

    Columns are centered (the constant is taken out) and divided by `scale`. `root` and `side` are
    the moment conditions, whitened: `root @ q = side` up to noise of one variance.

    Attributes:
        pre: Presynaptic neuron of each rate column.
        own: Place of the neuron's own rate among the columns, or -1.
        has_input: Whether the last column is a known input.
        root: (condition, column).
        side: (condition,).
        gram: X'X of the scaled columns.
        cross: X'y.
        square: y'y.
        mean: Mean of each column, before scaling.
        scale: SD of each column; 0 where it never changes.
        target_mean: Mean of y.
        n_rows: Rows.
        whitened: Instruments, orthonormal: `root` is `whitened.T @ columns`, corrected.
        columns: X, scaled.
        target: y, centered.
    """

    pre: Int[np.ndarray, " rate"]
    own: int
    has_input: bool
    root: Float[np.ndarray, "condition column"]
    side: Float[np.ndarray, " condition"]
    gram: Float[np.ndarray, "column column"]
    cross: Float[np.ndarray, " column"]
    square: float
    mean: Float[np.ndarray, " column"]
    scale: Float[np.ndarray, " column"]
    target_mean: float
    n_rows: int
    whitened: Float[np.ndarray, "row condition"]
    columns: Float[np.ndarray, "row column"]
    target: Float[np.ndarray, " row"]

    def residual_variance(self, q: Float[np.ndarray, " column"]) -> float:
        """Mean square of what is left, per degree of freedom."""
        left = self.square - 2 * q @ self.cross + q @ self.gram @ q
        return max(float(left), 0.0) / max(self.n_rows - np.count_nonzero(self.scale) - 1, 1)


def reduce_neuron(
    rows: Rows,
    columns: Int[np.ndarray, " neuron"],
    neuron: int,
    pre: Int[np.ndarray, " rate"],
    moments: Moments,
    dt: float,
) -> Reduced:
    """Reduce one neuron.

    Args:
        rows: Of all neurons that are needed.
        columns: Their places in the connectome, ascending.
        neuron: Which.
        pre: Its presynaptic neurons, one a connection.
        moments: Of the estimator.
        dt: Step, in seconds.
    """
    place, sends = np.searchsorted(columns, neuron), np.searchsorted(columns, pre)
    known = [rows.inputs[:, place]] if np.any(rows.inputs[:, place]) else []
    x = np.column_stack([rows.state[:, place], rows.rate[:, sends], *known])
    y = rows.target[:, place]
    mean, target_mean = x.mean(axis=0), float(y.mean())
    x, y = x - mean, y - target_mean
    scale = np.sqrt((x**2).mean(axis=0))
    scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = 0.0
    x = np.where(scale > 0, x / np.where(scale > 0, scale, 1), 0.0)
    loop = np.flatnonzero(pre == neuron)
    own = int(loop[0]) + 1 if loop.size else -1
    blocks = [x] if moments.own else []
    if moments.lag:
        lagged = np.column_stack([rows.lagged_state[:, place], rows.lagged_rate[:, sends]])
        blocks.append(lagged if moments.own else np.column_stack([lagged, *known]))
    z = np.hstack(blocks)
    z = z - z.mean(axis=0)
    size = np.sqrt((z**2).mean(axis=0))
    alive = size > 1e-12 * max(float(size.max(initial=0.0)), 1e-300)
    q, r = np.linalg.qr(z[:, alive] / size[alive])
    left, values, _ = np.linalg.svd(r, full_matrices=False)
    keep = values > SAME * max(float(values.max(initial=0.0)), 1e-300)
    turn = left[:, keep]
    whitened = q @ turn
    root, side = whitened.T @ x, whitened.T @ y
    if moments.noise_variance:
        s, h = _noise(
            rows.slope[:, place], rows.slope[:, sends], own, x.shape[1], moments.noise_variance, dt
        )
        full = np.zeros((z.shape[1], x.shape[1] + 1))
        inner = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        full[: x.shape[1]] = np.column_stack([s * inner * inner[:, None], h * inner])
        full = len(y) * full[alive] / size[alive, None]
        off = turn.T @ np.linalg.lstsq(r.T, full, rcond=SAME)[0]
        root, side = root - off[:, :-1], side - off[:, -1]
    return Reduced(
        pre=pre,
        own=own,
        has_input=bool(known),
        root=root,
        side=side,
        gram=x.T @ x,
        cross=x.T @ y,
        square=float(y @ y),
        mean=mean,
        scale=scale,
        target_mean=target_mean,
        n_rows=len(y),
        whitened=whitened,
        columns=x,
        target=y,
    )


def solve(
    reduced: Reduced,
    *,
    ridge: float = 0.0,
    lags: int = 0,
) -> tuple[Float[np.ndarray, " column"], Float[np.ndarray, "column column"]]:
    """Coefficients of the scaled columns without a prior, and their covariance.

    Args:
        reduced: Of the neuron.
        ridge: Relative to the sum of squares of each column.
        lags: Up to how many rows apart residuals go together; the covariance is then a sandwich
            (Hansen 1982; with the weights of Newey and West 1987 where it would be no covariance
            otherwise). 0 for independent residuals of one variance.
    """
    n = len(reduced.scale)
    a = np.vstack([reduced.root, np.sqrt(ridge * reduced.n_rows) * np.eye(n)])
    inverse = np.linalg.pinv(a, rcond=SAME * 1e-2)[:, : len(reduced.side)]
    q = inverse @ reduced.side
    if not lags:
        return q, reduced.residual_variance(q) * (inverse @ inverse.T)
    score = reduced.whitened * (reduced.target - reduced.columns @ q)[:, None]
    apart = [score[k:].T @ score[:-k] for k in range(1, lags + 1)]
    together = score.T @ score + sum(some + some.T for some in apart)
    if np.linalg.eigvalsh(together)[0] < 0:  # Bartlett's weights never are
        shares = 1 - np.arange(1, lags + 1) / (lags + 1)
        together = score.T @ score
        for share, some in zip(shares, apart, strict=True):
            together += share * (some + some.T)
    return q, inverse @ together @ inverse.T


def _noise(
    own_slope: Float[np.ndarray, " row"],
    slopes: Float[np.ndarray, "row rate"],
    own: int,
    n_columns: int,
    variance: float,
    dt: float,
) -> tuple[Float[np.ndarray, "column column"], Float[np.ndarray, " column"]]:
    """What noise of observation puts into the mean of x x' and of x y, before scaling."""
    s, h = np.zeros((n_columns, n_columns)), np.zeros(n_columns)
    rates = np.arange(1, 1 + slopes.shape[1])
    s[0, 0] = variance
    s[rates, rates] = variance * (slopes**2).mean(axis=0)
    h[0] = -variance / dt
    if own > 0:
        s[0, own] = s[own, 0] = variance * own_slope.mean()
        h[own] = -variance * own_slope.mean() / dt
    return s, h
