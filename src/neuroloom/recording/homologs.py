"""Left and right homologs by name, in the convention of the worm: ASHL and ASHR, RMDDL and RMDDR.

A name that ends in L or R need not have a partner (AVL, RIR, AQR): two names are homologs only if
both are in the list.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

__all__ = ["alone", "homolog_groups", "homolog_of"]

# The two AWC neurons are named by what they express, which differs between animals, not by side.
PAIRS_BY_STATE = ({"AWCON", "AWCOFF"}, {"AWCON", "AWCOF"})
MIRROR = {"L": "R", "R": "L"}


def homolog_of(names: Shaped[np.ndarray, " neuron"]) -> Shaped[np.ndarray, " neuron"]:
    """The name of each neuron's homolog in the list, an empty text where it has none.

    Args:
        names: Text; other ids (whole numbers) have no homologs by name.

    Example:
        >>> homolog_of(np.array(["ASHL", "ASHR", "AVL", "RIH"])).tolist()
        ['ASHR', 'ASHL', '', '']
    """
    names = np.asarray(names)
    if not _text(names):
        return np.full(names.shape, "")
    known = set(names.tolist())

    def partner(name: str) -> str:
        for pair in PAIRS_BY_STATE:
            if name in pair and pair <= known:
                return next(iter(pair - {name}))
        mirrored = name[:-1] + MIRROR.get(name[-1:], "")
        return mirrored if mirrored != name[:-1] and mirrored in known else ""

    return np.array([partner(name) for name in names.tolist()], dtype=str).reshape(names.shape)


def homolog_groups(names: Shaped[np.ndarray, " neuron"]) -> Shaped[np.ndarray, " neuron"]:
    """A label for each neuron that it shares with its homolog, and with no other.

    Example:
        >>> homolog_groups(np.array(["ASHR", "ASHL", "AVL"])).tolist()
        ['ASHL', 'ASHL', 'AVL']
    """
    names = np.asarray(names)
    partner = homolog_of(names)
    return np.where((partner != "") & (partner < names), partner, names) if _text(names) else names


def alone(names: Shaped[np.ndarray, " neuron"]) -> Shaped[np.ndarray, " neuron"]:
    """A label of its own for each neuron: homologs may be separated."""
    return np.asarray(names)


def _text(names: np.ndarray) -> bool:
    return names.dtype.kind == "U"
