"""Figures of the head-direction study, in the order of its arms."""

from neuroloom.report.layout import Picture
from neuroloom.report.studies.head_direction_anatomy import anatomy_pictures
from neuroloom.report.studies.head_direction_animal import pictures as animal_pictures
from neuroloom.report.studies.head_direction_classes import class_pictures
from neuroloom.report.studies.head_direction_perturbation import pictures as perturbation_pictures
from neuroloom.report.studies.head_direction_recording import recording_pictures
from neuroloom.report.studies.head_direction_sweep import sweep_pictures
from neuroloom.report.studies.head_direction_trained import trained_pictures
from neuroloom.report.study_contents import StudyContents

__all__ = ["pictures"]


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *trained_pictures(contents),
        *class_pictures(contents),
        *anatomy_pictures(contents),
        *perturbation_pictures(contents),
        *sweep_pictures(contents),
        *animal_pictures(contents),
        *recording_pictures(contents),
    )
