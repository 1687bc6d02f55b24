"""Grid cells: they fire at the corners of triangles that tile the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from neuroloom.errors import InputError

__all__ = ["GridCells"]

TURNS = np.arange(3) * np.pi / 3


@dataclass(frozen=True, eq=False)
class GridCells:
    r"""Grid cells as the sum of three waves, cut at a level; rates from 0 to 1, dimensionless.

    $$g_i(x) = \frac{1}{3} \sum_{k=0}^{2} \cos\left(\frac{2\pi}{\lambda_i}\,
    u(\alpha_i + k \pi / 3) \cdot (x - c_i)\right), \quad
    f_i = \left[\frac{g_i - g_0}{1 - g_0}\right]_+, \quad
    g_0 = \frac{1 + 2\cos(\sqrt{3}\,\pi w / 2)}{3}$$

    u(a) is the unit vector at angle a. Fields are 2 / sqrt(3) of the wavelength apart, the nearest
    of them at alpha + 30 degrees and every 60 degrees from there.

    Attributes:
        wavelength: lambda of each cell, m. Above 0.
        orientation: alpha of each cell, rad, counter-clockwise from East.
        center: c, one field's center of each cell, x and y in m.
        field_width: w, width of a field as a share of the wavelength. Above 0, at most 1.

    Raises:
        InputError: If a wavelength is not above 0, or the width is out of range.

    Source:
        Solstad, Moser, Einevoll, From grid cells to place cells, Hippocampus 16:1026 (2006), for
        the three waves; cut and scaled as in RatInABox 1.15.3 (its `gridscale` is our wavelength,
        its defaults are ours).
    """

    wavelength: Float[np.ndarray, " neuron"]
    orientation: Float[np.ndarray, " neuron"]
    center: Float[np.ndarray, "neuron 2"]
    field_width: float = 4 / (3 * np.sqrt(3))

    def __post_init__(self) -> None:
        if not (np.isfinite(self.wavelength) & (np.asarray(self.wavelength) > 0)).all():
            raise InputError(
                f"`wavelength` must be above 0 m; the least is {np.min(self.wavelength)}. Give one "
                "a cell, such as 0.3."
            )
        if not 0 < self.field_width <= 1:
            raise InputError(
                f"`field_width` must be above 0 and at most 1; got {self.field_width}. Leave it "
                "out for 0.77."
            )
        for name in ("wavelength", "orientation", "center"):
            value = np.array(getattr(self, name), dtype=float)
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def draw(
        cls,
        *,
        key: PRNGKeyArray,
        n_cells: int,
        wavelengths: Sequence[float] = (0.3, 0.5, 0.8),
        orientations: Sequence[float] = (0.0, 0.1, 0.2),
    ) -> GridCells:
        """Cells in modules of one wavelength and orientation each, with centers drawn.

        Args:
            key: Draws the centers, uniform over one tile of the pattern.
            n_cells: Cells of all modules; they differ by at most one.
            wavelengths: Of each module, m.
            orientations: Of each module, rad; as many.

        Raises:
            InputError: If there are not as many orientations as wavelengths.
        """
        if len(wavelengths) != len(orientations):
            raise InputError(
                f"`orientations` must be as many as `wavelengths`; got {len(orientations)} and "
                f"{len(wavelengths)}. Give one of each a module."
            )
        module = np.arange(n_cells) * len(wavelengths) // n_cells
        wavelength = np.array(wavelengths, dtype=float)[module]
        orientation = np.array(orientations, dtype=float)[module]
        share = np.asarray(jax.random.uniform(key, (n_cells, 2)), dtype=float)
        spacing = 2 / np.sqrt(3) * wavelength
        first, second = (unit(orientation + turn) for turn in (np.pi / 6, np.pi / 2))
        center = spacing[:, None] * (share[:, :1] * first + share[:, 1:] * second)
        return cls(wavelength, orientation, center)

    def rates(self, position: Float[np.ndarray, "*batch 2"]) -> Float[np.ndarray, "*batch neuron"]:
        """Rate of each cell at each position, at most 1; NaN where the position is.

        Args:
            position: x and y, m.
        """
        total = 0.0
        for turn in TURNS:
            wave = 2 * np.pi / self.wavelength[:, None] * unit(self.orientation + turn)
            phase = np.einsum("...d,nd->...n", np.asarray(position), wave)
            total = total + np.cos(phase - (wave * self.center).sum(axis=1))
        level = (1 + 2 * np.cos(np.sqrt(3) * np.pi * self.field_width / 2)) / 3
        return np.maximum((total / 3 - level) / (1 - level), 0.0)


def unit(angle: np.ndarray) -> np.ndarray:
    """Unit vectors at these angles, x and y last."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
