"""A first-order filter over time without a loop over time."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["leaky_sum"]

BLOCK = 32  # steps; measured: 16 to 64 are alike, one block of 500 is slower


def leaky_sum(x: Float[Array, "trial time"], keep: float = 1.0) -> Float[Array, "trial time"]:
    r"""Sum over the past, in the unit of the samples, of which each step keeps a part.

    $$y_t = x_t + k\,y_{t-1}, \quad y_{-1} = 0 \quad\Longleftrightarrow\quad
    y_t = \sum_{s \le t} k^{t-s} x_s$$

    The sum is taken in closed form, block by block: a triangular matrix of powers within blocks of
    32 steps, another over the ends of blocks. Nothing divides by a small power, so that any `keep`
    is as exact as the loop.

    Args:
        x: Samples, trial by trial.
        keep: k, what is left after one step: 0 (nothing) to 1 (a running sum).

    Example:
        >>> import jax.numpy as jnp
        >>> leaky_sum(jnp.array([[1.0, 0.0, 0.0, 1.0]]), 0.5).tolist()
        [[1.0, 0.5, 0.25, 1.125]]
    """
    n_trials, n_steps = x.shape
    n_blocks = -(-n_steps // BLOCK)
    padded = jnp.pad(x, ((0, 0), (0, n_blocks * BLOCK - n_steps)))
    blocks = padded.reshape(n_trials, n_blocks, BLOCK)
    within = blocks @ jnp.asarray(_powers(BLOCK, keep).T, x.dtype)
    ends = within[:, :, -1]
    before = jnp.asarray(_powers(n_blocks, keep**BLOCK, delay=1).T, x.dtype)
    carried = (ends @ before)[:, :, None]
    left = jnp.asarray(keep ** np.arange(1, BLOCK + 1), x.dtype)[None, None, :]
    return (within + carried * left).reshape(n_trials, -1)[:, :n_steps]


def _powers(n: int, keep: float, delay: int = 0) -> np.ndarray:
    """What is left at row t of a sample at column s: keep^(t - s - delay), 0 where it is later."""
    passed = np.arange(n)[:, None] - np.arange(n)[None, :] - delay
    return np.where(passed >= 0, float(keep) ** np.maximum(passed, 0), 0.0)
