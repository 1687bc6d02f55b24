"""Which neurons each region of interest of the compass sees: a stated weighted sum.

The bridge is imaged in 18 glomeruli, 9L ... 1L, 1R ... 9R, the ellipsoid body in 16 wedges. In
both, every E-PG of the extrapolated wiring belongs to one region. P-EN1 fill a tile of two wedges,
which a left and a right one share.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.observation import PooledRoi

__all__ = ["RoiMap", "glomerulus_of", "roi_map", "wedge_of"]

N_WEDGES = 16
GLOMERULI = tuple(f"{k}L" for k in range(9, 0, -1)) + tuple(f"{k}R" for k in range(1, 10))


@dataclass(frozen=True, eq=False)
class RoiMap:
    """Weights of neurons in regions; a row of zeros is a region the wiring has no neuron for.

    Attributes:
        region: `EB` or `PB`.
        names: Of the regions, in anatomical order.
        angle: Direction each region stands for, in radians; the midline of the bridge is 0.
        epg: Weight of every neuron of the wiring in each region of E-PG; rows sum to 1 or 0.
        pen1: The same of P-EN1.
    """

    region: Literal["EB", "PB"]
    names: tuple[str, ...]
    angle: Float[np.ndarray, " roi"]
    epg: Float[np.ndarray, "roi neuron"]
    pen1: Float[np.ndarray, "roi neuron"]

    @property
    def epg_rois(self) -> Int[np.ndarray, " seen"]:
        """Positions of the regions with E-PG."""
        return np.flatnonzero(self.epg.any(axis=1))

    @property
    def pen1_rois(self) -> Int[np.ndarray, " seen"]:
        """Positions of the regions with P-EN1."""
        return np.flatnonzero(self.pen1.any(axis=1))

    def observe_epg(self) -> PooledRoi:
        """From rates to E-PG, in the order of `epg_rois`."""
        return _pooled(self.epg[self.epg_rois])

    def observe_pen1(self) -> PooledRoi:
        """From rates to P-EN1, in the order of `pen1_rois`."""
        return _pooled(self.pen1[self.pen1_rois])

    def clamp(self, epg: Float[np.ndarray, "*trial roi"]) -> Float[np.ndarray, "*trial neuron"]:
        """Rates that hold each E-PG at what its region shows, NaN for all other neurons."""
        held = np.full((*epg.shape[:-1], self.epg.shape[1]), np.nan)
        roi, neuron = np.nonzero(self.epg)
        held[..., neuron] = epg[..., roi]
        return held


def roi_map(connectome: Connectome, region: Literal["EB", "PB"]) -> RoiMap:
    """The regions of one structure, for a wiring with the columns of `fly_cx_fafb`.

    | | E-PG | P-EN1 |
    |---|---|---|
    | PB, glomerulus | its E-PG, equal weights | its P-EN1 |
    | EB, wedge | its E-PG, equal weights | the left and the right P-EN1 of its tile, 1/2 each |

    The wiring has E-PG in glomeruli 1 to 8 and P-EN1 in 2 to 9: the regions of the bridge's ends
    have no E-PG and those beside the midline no P-EN1.

    Args:
        connectome: Has the columns `cell_type` (`EPG`, `PEN1`) and `glomerulus` (such as `5R`).
        region: `EB`, the ellipsoid body, or `PB`, the bridge.

    Raises:
        InputError: If a tile does not hold P-EN1 of both sides, or a neuron names no glomerulus.

    Source:
        Wolff, Iyer and Rubin, J. Comp. Neurol. 523:997 (2015): which glomerulus projects to which
        wedge (E-PG) and tile (P-EN). Equal weights are ours: the recording is the brightest pixel
        of a region, which no sum of neurons is.
    """
    cell_type, glomerulus = connectome.column("cell_type"), connectome.column("glomerulus")
    place = wedge_of if region == "EB" else GLOMERULI.index
    n_rois = N_WEDGES if region == "EB" else len(GLOMERULI)
    epg, pen1 = np.zeros((2, n_rois, connectome.n_neurons))
    for i in np.flatnonzero(cell_type == "EPG"):
        epg[place(glomerulus_of(glomerulus[i])), i] = 1
    for i in np.flatnonzero(cell_type == "PEN1"):
        own = glomerulus_of(glomerulus[i])
        if region == "PB":
            pen1[place(own), i] = 1
        else:  # the tile of the E-PG one glomerulus nearer to the midline
            tile = wedge_of(f"{int(own[0]) - 1}{own[1]}") // 2
            pen1[2 * tile : 2 * tile + 2, i] = 1
    right = np.array([name.endswith("R") for name in glomerulus])
    shared = (pen1[:, right].sum(axis=1) > 0) == (pen1[:, ~right].sum(axis=1) > 0)
    if region == "EB" and not (shared & (epg.sum(axis=1) > 0)).all():
        raise InputError(
            "Every wedge of the ellipsoid body must hold E-PG and P-EN1 of both halves; "
            f"{(~shared).sum()} of {N_WEDGES} have P-EN1 of one only. Use the matrix "
            "`extrapolated` of fly-cx-fafb: the measured ones hold a part of the ring."
        )
    return RoiMap(
        region=region,
        names=tuple(f"wedge {k}" for k in range(N_WEDGES)) if region == "EB" else GLOMERULI,
        angle=2
        * np.pi
        / N_WEDGES
        * (np.arange(N_WEDGES) if region == "EB" else np.array([wedge_of(g) for g in GLOMERULI]))
        - np.pi / N_WEDGES,
        epg=epg / np.maximum(epg.sum(axis=1, keepdims=True), 1),
        pen1=pen1 / np.maximum(pen1.sum(axis=1, keepdims=True), 1),
    )


def wedge_of(glomerulus: str) -> int:
    """Place in the ring of 16 wedges of the E-PG of a glomerulus: 1L, 1R, 8L, 2R, ... 2L, 8R."""
    number = int(glomerulus[0])
    place = 2 * number - 1 if glomerulus[1] == "R" else 2 * (9 - number)
    return place % N_WEDGES


def glomerulus_of(name: str) -> str:
    """The one glomerulus that a columnar neuron names.

    Raises:
        InputError: If it is none of the 18.
    """
    if name not in GLOMERULI:
        raise InputError(
            f"A columnar neuron must name one glomerulus, 1L to 9R; got `{name}`. Use the columns "
            "of fly-cx-fafb."
        )
    return name


def _pooled(weights: Float[np.ndarray, "roi neuron"]) -> PooledRoi:
    roi, neuron = np.nonzero(weights)
    return PooledRoi.from_members(neuron, roi, weights[roi, neuron])
