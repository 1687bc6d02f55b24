"""Galleries of studies: a module or package a study, with `pictures(contents)`.

A study without one is drawn by `plain`: every measure against its longest numeric coordinate.
"""

from collections.abc import Callable
from importlib import import_module

from neuroloom.report.layout import Picture
from neuroloom.report.study_contents import StudyContents

__all__ = ["GALLERIES", "gallery_of"]

GALLERIES: dict[str, str] = {
    "constrained-networks": "neuroloom.report.studies.constrained_networks.gallery",
    "functional-connectome": "neuroloom.report.studies.functional_connectome",
    "functional-connectivity": "neuroloom.report.studies.functional_connectivity",
    "head-direction": "neuroloom.report.studies.head_direction",
    "connectome-policy": "neuroloom.report.studies.connectome_policy",
}
"""Module by name of study."""


def gallery_of(study: str) -> Callable[[StudyContents], tuple[Picture, ...]]:
    """What draws the study's figures from what its run left."""
    return import_module(GALLERIES.get(study, "neuroloom.report.studies.plain")).pictures
