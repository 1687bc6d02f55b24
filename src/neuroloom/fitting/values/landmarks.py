"""A code of similarity to remembered places, read from any other code."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["landmark_code"]


def landmark_code(
    features: Float[np.ndarray, "position feature"],
    remembered: Float[np.ndarray, "landmark same_feature"],
    *,
    width: float = 0.3,
) -> Float[np.ndarray, "position landmark"]:
    r"""How much a code is like each one that is remembered, 0 to 1.

    $$\exp \left( -\| u(s) - u_k \|^2 / 2 h^2 \right), \quad u = \phi / \| \phi \|$$

    Broad, overlapping fields tell places apart, but hardly so to a reader that is linear in them;
    to one that is linear in this code they do. Where nothing fires, only silence is like it.

    Args:
        features: Code of each position, in any unit.
        remembered: Codes of the places that are remembered, of the same cells. To use one code
            after learning on another, remember with the other.
        width: h, in lengths of a code: 0.3 is an angle of 17 degrees. Above 0.

    Raises:
        InputError: If the width is not above 0, or cells are not the same.

    Source:
        Ours, in the form of radial basis functions; Sutton and Barto, Reinforcement Learning
        (2018), section 9.5.5.
    """
    if not width > 0:
        raise InputError(f"`width` must be above 0; got {width}. Leave it at its default, 0.3.")
    if features.shape[1] != remembered.shape[1]:
        raise InputError(
            "`remembered` must be codes of the same cells as `features`; got "
            f"{remembered.shape[1]} and {features.shape[1]}. Compute both with the same cells."
        )
    here, there = _unit(features), _unit(remembered)
    squared = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2 * here @ there.T
    return np.exp(-np.maximum(squared, 0) / (2 * width**2))


def _unit(code: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(code, axis=1, keepdims=True)
    return np.divide(code, norm, out=np.zeros(code.shape), where=norm > 0)
