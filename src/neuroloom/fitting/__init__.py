"""Fitting: gradient ensembles, checkpoints, devices, losses."""

from neuroloom.fitting.devices import map_members
from neuroloom.fitting.fit import fit
from neuroloom.fitting.losses import detection_loss, squared_error
from neuroloom.fitting.program import Loss
from neuroloom.fitting.result import Fit

__all__ = ["Fit", "Loss", "detection_loss", "fit", "map_members", "squared_error"]
