"""Teachers: networks whose parameters and whole activity are known, to judge students by."""

from neuroloom.studies.constrained_networks.teachers.making import cached_teacher, make_teacher
from neuroloom.studies.constrained_networks.teachers.teacher import Teacher
from neuroloom.studies.constrained_networks.teachers_config import (
    ChaoticConfig,
    CyclingConfig,
    LinearConfig,
    LowRankConfig,
    TeacherConfig,
)

__all__ = [
    "ChaoticConfig",
    "CyclingConfig",
    "LinearConfig",
    "LowRankConfig",
    "Teacher",
    "TeacherConfig",
    "cached_teacher",
    "make_teacher",
]
