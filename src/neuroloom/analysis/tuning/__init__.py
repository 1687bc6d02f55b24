"""What units are tuned to, and which class of head-direction unit each of them is."""

from neuroloom.analysis.tuning.bins import AbstractBins, CircularBins, LinearBins, ProductBins
from neuroloom.analysis.tuning.cell_class import (
    CELL_CLASSES,
    COMPASS,
    REMOVED,
    SHIFTER_MINUS,
    SHIFTER_PLUS,
    WEAK,
    ClassBounds,
    published_classes,
)
from neuroloom.analysis.tuning.cross_table import CrossTable, cross_table
from neuroloom.analysis.tuning.head_direction import (
    HeadDirectionTuning,
    VelocityFit,
    head_direction_tuning,
)
from neuroloom.analysis.tuning.joint_map import JointMap, joint_map
from neuroloom.analysis.tuning.mixture import MixtureClasses, MixtureRule, mixture_classes
from neuroloom.analysis.tuning.shuffles import AbstractShuffle, TimeShift, TrialExchange
from neuroloom.analysis.tuning.slope_mixture import SlopeMixture
from neuroloom.analysis.tuning.templates import TemplateClasses, TemplateRule, template_classes
from neuroloom.analysis.tuning.tuning_curve import (
    TuningCurve,
    bootstrap_tuning,
    chance,
    null_tuning,
    tuning_curve,
)
from neuroloom.analysis.tuning.tuning_null import TuningNull, tuning_null

__all__ = [
    "CELL_CLASSES",
    "COMPASS",
    "REMOVED",
    "SHIFTER_MINUS",
    "SHIFTER_PLUS",
    "WEAK",
    "AbstractBins",
    "AbstractShuffle",
    "CircularBins",
    "ClassBounds",
    "CrossTable",
    "HeadDirectionTuning",
    "JointMap",
    "LinearBins",
    "MixtureClasses",
    "MixtureRule",
    "ProductBins",
    "SlopeMixture",
    "TemplateClasses",
    "TemplateRule",
    "TimeShift",
    "TrialExchange",
    "TuningCurve",
    "TuningNull",
    "VelocityFit",
    "bootstrap_tuning",
    "chance",
    "cross_table",
    "head_direction_tuning",
    "joint_map",
    "mixture_classes",
    "null_tuning",
    "published_classes",
    "template_classes",
    "tuning_curve",
    "tuning_null",
]
