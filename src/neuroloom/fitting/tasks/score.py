"""How far outputs are from what a task wants, in percent."""

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = ["normalized_error"]


def normalized_error(
    outputs: Float[np.ndarray, "trial time output"],
    targets: Float[np.ndarray, "trial time output"],
    mask: Bool[np.ndarray, "trial time output"],
) -> float:
    r"""Error in % of what the mean target would make, averaged over outputs.

    $$100\, \frac{\sum (y - y^*)^2}{\sum (y^* - \overline{y^*})^2}$$

    for each output, over the trials and steps that count.

    Args:
        outputs: y.
        targets: y*.
        mask: Which targets count.

    Raises:
        InputError: If the target of an output never changes where it counts.

    Source:
        Cueva et al., ICLR 2020, code. Theirs adds the bare squared error of an output whose target
        is constant; here it is refused.

    Example:
        >>> targets = np.array([[[1.0], [3.0]]])
        >>> normalized_error(targets + 0.5, targets, np.ones((1, 2, 1), bool))
        25.0
    """
    counts = np.asarray(mask)
    wanted = np.where(counts, np.asarray(targets, float), 0)
    wrong = np.where(counts, np.asarray(outputs, float) - wanted, 0)
    n = np.maximum(counts.sum((0, 1)), 1)
    around = np.where(counts, wanted - wanted.sum((0, 1)) / n, 0)
    spread = (around**2).sum((0, 1))
    if not (spread > 0).all():
        raise InputError(
            "Every target must change where it counts; that of output "
            f"{int(np.flatnonzero(~(spread > 0))[0])} does not. Draw more trials, or leave it out."
        )
    return float(100 * ((wrong**2).sum((0, 1)) / spread).mean())
