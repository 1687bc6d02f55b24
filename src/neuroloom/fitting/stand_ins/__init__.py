"""Students that learn to stand in for a circuit: trained at once, on parts of data, or online."""

from neuroloom.fitting.stand_ins.fit import draw_students, fit_stand_ins
from neuroloom.fitting.stand_ins.fitted import FittedStandIns
from neuroloom.fitting.stand_ins.lesson import Parts, StandInLesson
from neuroloom.fitting.stand_ins.linear import fit_linear
from neuroloom.fitting.stand_ins.online import Learners, errors_by_pass, update
from neuroloom.fitting.stand_ins.rectified import fit_rectified
from neuroloom.fitting.stand_ins.training import StandInTraining

__all__ = [
    "FittedStandIns",
    "Learners",
    "Parts",
    "StandInLesson",
    "StandInTraining",
    "draw_students",
    "errors_by_pass",
    "fit_linear",
    "fit_rectified",
    "fit_stand_ins",
    "update",
]
