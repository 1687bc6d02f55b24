"""Students of a linear network, by theory and by training, for any order of recording."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError

__all__ = ["descended", "low_rank_response", "students_by_theory", "students_by_training"]


def low_rank_response(
    n_neurons: int, rank: int, *, strength: float = 1.4, rng: np.random.Generator
) -> Float[np.ndarray, "neuron neuron"]:
    r"""Fixed points of a random linear network of low rank: M in $x^* = M b$, dimensionless.

    $$M = (I - W)^{-1} W$$ with W made of `rank` singular components, chosen at random, of a matrix
    of independent normal entries of SD `strength` / sqrt(N).

    Args:
        n_neurons: Number of neurons N.
        rank: Number of components, 1 to N.
        strength: SD of the entries times sqrt(N).
        rng: Randomness.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 8 a-e (N 300, rank 60).
    """
    if not 1 <= rank <= n_neurons:
        raise InputError(
            f"`rank` must be 1 to the number of neurons ({n_neurons}); got {rank}. Choose fewer."
        )
    full = strength * rng.normal(size=(n_neurons, n_neurons)) / np.sqrt(n_neurons)
    u, s, v = np.linalg.svd(full)
    kept = rng.choice(n_neurons, rank, replace=False)
    w = (u[:, kept] * s[kept]) @ v[kept]
    return np.linalg.solve(np.eye(n_neurons) - w, w)


def students_by_theory(
    response: Float[np.ndarray, "neuron unknown"],
    order: Int[np.ndarray, " chosen"],
    numbers: Sequence[int],
    error: Float[np.ndarray, "target unknown"],
) -> Float[np.ndarray, " number"]:
    r"""Mean squared error of all neurons once training has ended: $e \leftarrow (I - P_R) e$.

    Args:
        response: M.
        order: In which neurons are recorded.
        numbers: How many of them.
        error: What students start wrong by, one row a target.
    """
    found = []
    for m in numbers:
        rows = response[order[:m]]
        left = error
        if m:
            _, s, v = np.linalg.svd(rows, full_matrices=False)
            v = v[s > 1e-10 * s.max(initial=0.0)]
            left = error - (error @ v.T) @ v
        found.append(float(((left @ response.T) ** 2).mean()))
    return np.array(found)


def students_by_training(
    response: Float[np.ndarray, "neuron unknown"],
    order: Int[np.ndarray, " chosen"],
    numbers: Sequence[int],
    error: Float[np.ndarray, "target unknown"],
    *,
    learning_rate: float,
    n_steps: int,
) -> Float[np.ndarray, " number"]:
    r"""The same by gradient descent on the summed squared error of recorded neurons.

    One learning rate serves every order and number, so that orders are compared and nothing else.

    Args:
        response: M.
        order: In which neurons are recorded.
        numbers: How many of them.
        error: What students start wrong by, one row a target.
        learning_rate: Step per gradient of half the sum; stable below $2 / s_1^2$.
        n_steps: Steps.

    Raises:
        InputError: If the learning rate is not stable.
    """
    limit = 2 / max(float(np.linalg.norm(response, 2)) ** 2, np.finfo(float).tiny)
    if not 0 < learning_rate < limit:
        raise InputError(
            f"`learning_rate` must be above 0 and below {limit:.3g}, or descent diverges; got "
            f"{learning_rate}. Use half of that for every order alike."
        )
    found = []
    for m in numbers:
        rows = response[order[:m]]
        left = descended(rows, error, learning_rate=learning_rate, n_steps=n_steps if m else 0)
        found.append(float(((left @ response.T) ** 2).mean()))
    return np.array(found)


def descended(
    rows: Float[np.ndarray, "neuron unknown"],
    error: Float[np.ndarray, "target unknown"],
    *,
    learning_rate: float,
    n_steps: int,
) -> Float[np.ndarray, "target unknown"]:
    """What students are wrong by after some steps of gradient descent.

    Args:
        rows: Of the response, of the recorded neurons.
        error: What they start wrong by, one row a target.
        learning_rate: Step per gradient of half the summed squared error.
        n_steps: Steps.
    """
    left = error
    for _ in range(n_steps):
        left = left - learning_rate * (left @ rows.T) @ rows
    return left
