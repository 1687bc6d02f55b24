"""The worm's motor circuit out of the whole animal, for tests: motor neurons and body-wall muscles
by name, + where cholinergic and - where GABAergic."""

import functools

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets import connectome

EXCITES = ("AS", "DA", "DB", "VA", "VB", "VC")
INHIBITS = ("DD", "VD")


@functools.cache
def motor_circuit() -> Connectome:
    worm = connectome("worm")
    kept = worm.select(np.isin(worm.column("cell_type"), [*EXCITES, *INHIBITS, "BWM"]))
    own = np.where(np.isin(kept.column("cell_type"), INHIBITS), -1, 1)
    sign = np.where(kept.kind == 1, 0, own[kept.pre])
    return kept.with_signs(sign, "signs by class, for a test")
