"""Do repeats of an estimate agree?"""

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["stability"]


def stability(estimates: Float[np.ndarray, "member post pre"]) -> float:
    """Mean correlation between two estimates of the same connectivity, off the diagonal; -1 to 1.

    Says how far an estimate depends on its seed or on the half of the data; a stable one can still
    be wrong.

    Args:
        estimates: One a seed, resample or part of the data; finite off the diagonal.

    Returns:
        NaN where an estimate is constant.

    Raises:
        InputError: If there are fewer than two.

    Source:
        Pearson, averaged over pairs of estimates.
    """
    if len(estimates) < 2:
        raise InputError(
            f"`estimates` must hold at least two; got {len(estimates)}. Repeat the fit with "
            "another seed."
        )
    n = estimates.shape[-1]
    rows = estimates[:, ~np.eye(n, dtype=bool)]
    if not np.isfinite(rows).all():
        raise InputError(
            "`estimates` must be finite off their diagonals; "
            f"{int((~np.isfinite(rows)).sum())} entries are not. Leave out the member that "
            "diverged."
        )
    rows = rows - rows.mean(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    agreement = unit @ unit.T
    return float(agreement[np.triu_indices(len(rows), 1)].mean())
