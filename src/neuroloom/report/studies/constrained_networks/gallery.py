"""All figures of the study, in the order of the paper's."""

from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks import (
    departures,
    dimension,
    heading,
    inverse,
    larva,
    orders,
    wiring,
    zebrafish,
)
from neuroloom.report.study_contents import StudyContents

__all__ = ["pictures"]

MODULES = (wiring, dimension, departures, orders, inverse, larva, zebrafish, heading)


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return tuple(picture for module in MODULES for picture in module.pictures(contents))
