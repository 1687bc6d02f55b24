"""Head-direction cells: they fire when the head points their way, wherever the animal is."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = ["HeadDirectionCells"]


@dataclass(frozen=True, eq=False)
class HeadDirectionCells:
    r"""Head-direction cells with von Mises tuning; rates from 0 to 1, dimensionless.

    $$f_i(\theta) = e^{\kappa (\cos(\theta - \theta_i) - 1)}, \qquad \kappa = 1 / s^2$$

    Multiply by a peak rate in Hz for spikes.

    Attributes:
        preferred: Direction of the highest rate of each cell, rad, counter-clockwise from East.
        width: s, rad; the SD of the tuning where that is narrow. Above 0.

    Raises:
        InputError: If a direction is not finite or the width is not above 0.

    Source:
        The tuning that RatInABox 1.15.3 uses (George et al., eLife 13:e85274, 2024), 45 degrees
        wide; directions are drawn here, evenly spaced there.
    """

    preferred: Float[np.ndarray, " neuron"]
    width: float = np.pi / 4

    def __post_init__(self) -> None:
        preferred = np.array(self.preferred, dtype=float)
        if not np.isfinite(preferred).all():
            raise InputError(
                f"`preferred` must be finite; {(~np.isfinite(preferred)).sum()} of "
                f"{preferred.size} are not. Give one direction in rad a cell."
            )
        if not (np.isfinite(self.width) and self.width > 0):
            raise InputError(
                f"`width` must be above 0 rad; got {self.width}. Leave it out for 45 degrees."
            )
        preferred.flags.writeable = False
        object.__setattr__(self, "preferred", preferred)

    @classmethod
    def draw(
        cls, *, key: PRNGKeyArray, n_cells: int, width: float = np.pi / 4
    ) -> HeadDirectionCells:
        """Cells whose directions are uniform around the circle.

        Args:
            key: Draws the directions.
            n_cells: At least 1.
            width: Of every cell, rad.
        """
        return cls(np.asarray(jax.random.uniform(key, (n_cells,), float, 0.0, 2 * np.pi)), width)

    def rates(
        self, head_direction: Float[np.ndarray, "*batch"]
    ) -> Float[np.ndarray, "*batch neuron"]:
        """Rate of each cell at each direction, at most 1; NaN where the direction is.

        Args:
            head_direction: rad, counter-clockwise from East.
        """
        away = np.asarray(head_direction)[..., None] - self.preferred
        return np.exp((np.cos(away) - 1) / self.width**2)
