"""Fitting: gradient ensembles, checkpoints, devices, losses."""

from neuroloom.fitting.devices import map_members
from neuroloom.fitting.fit import fit
from neuroloom.fitting.levenberg_marquardt import LevenbergMarquardt, SumOfSquares
from neuroloom.fitting.losses import detection_loss, squared_error
from neuroloom.fitting.program import Loss
from neuroloom.fitting.result import Fit
from neuroloom.fitting.students import (
    AbstractMethod,
    FirstOrder,
    Lesson,
    SecondOrder,
    Student,
    fit_students,
    gain_and_bias,
)

__all__ = [
    "AbstractMethod",
    "FirstOrder",
    "Fit",
    "Lesson",
    "LevenbergMarquardt",
    "Loss",
    "SecondOrder",
    "Student",
    "SumOfSquares",
    "detection_loss",
    "fit",
    "fit_students",
    "gain_and_bias",
    "map_members",
    "squared_error",
]
