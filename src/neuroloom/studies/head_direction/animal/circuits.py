"""The fly's compass as a circuit whose profiles can be compared with those of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom import datasets
from neuroloom.analysis.anatomy import Circuit
from neuroloom.connectome import Connectome, read_connectome
from neuroloom.datasets.fly_compass import fly_compass
from neuroloom.studies.framework import NoDataError

__all__ = [
    "EXPORT",
    "FAFB",
    "RULES",
    "SOURCES",
    "fly_circuit",
    "fly_wiring",
    "through_inhibition",
]

RULES, FAFB, EXPORT = "rules", "FAFB", "export"
SOURCES = (RULES, FAFB, EXPORT)
"""Published rules, one fly's brain, and a neuPrint export of the user's."""


def fly_wiring(source: str, *, data: Path | None, export: str, by_tile: bool = False) -> Connectome:
    """A fly's compass with directions and classes, from one of `SOURCES`.

    Args:
        source: Which one.
        data: The folder of datasets that may not ship.
        export: Folder or file of the user's; empty if there is none.
        by_tile: As in `fly_compass`.

    Raises:
        NoDataError: If the export is asked for and there is none.
        InputError: If files are not what they should be.
    """
    if source == RULES:
        wiring = datasets.connectome("fly-heading-rules")
    elif source == FAFB:
        wiring = datasets.connectome("fly-cx-fafb/extrapolated", data=data)
    elif not export:
        raise NoDataError(
            "the hemibrain's compass does not ship. Export EPG, EPGt, PEN, PEG and Delta7 from "
            "neuPrint and give the folder as `--animal.export`."
        )
    else:
        wiring = read_connectome(Path(export))
    return fly_compass(wiring, by_tile=by_tile)


def through_inhibition(
    weight: Float[np.ndarray, "post pre"], relay: Shaped[np.ndarray, " neuron"]
) -> Float[np.ndarray, "receiver sender"]:
    r"""Weights among all other neurons once relays are replaced by the paths through them.

    $$W_{aa} + W_{ar} (1 - W_{rr})^{-1} W_{ra}$$

    which is what linear relays do at rest. Networks that a task made have no Delta7; what inhibits
    there is a direct weight.

    Args:
        weight: W[post, pre], signed.
        relay: Which neurons are relays.

    Returns:
        W[post, pre] of the neurons that are no relays, in their order.
    """
    a, r = np.flatnonzero(~relay), np.flatnonzero(relay)
    inner = np.eye(len(r)) - weight[np.ix_(r, r)]
    paths = weight[np.ix_(a, r)] @ np.linalg.solve(inner, weight[np.ix_(r, a)])
    return weight[np.ix_(a, a)] + paths


def fly_circuit(compass: Connectome, *, name: str) -> Circuit:
    """Compass and shifter neurons of a fly; Delta7 and ring neurons as paths through them.

    Each connection counts as its part of what the receiver hears of the compass.

    Args:
        compass: From `fly_compass`.
        name: For tables.
    """
    weight = np.zeros((compass.n_neurons,) * 2)
    weight[compass.post, compass.pre] = compass.count * compass.sign
    received = np.abs(weight).sum(axis=1, keepdims=True)
    weight = weight / np.where(received > 0, received, 1.0)
    group = compass.column("cell_class")
    relay = group == "inhibitory"
    return Circuit(
        weight=through_inhibition(weight, relay),
        preferred=compass.column("preferred_rad")[~relay],
        classes=group[~relay],
        name=name,
    )
