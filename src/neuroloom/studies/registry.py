"""The studies that `neuroloom run` knows by name. Imports nothing heavy until one is loaded.

A study is a package with two modules: `config` has QUESTION and PRESETS and imports nothing heavy;
`study` has STUDY, and imports its arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    from neuroloom.studies.framework import Study

__all__ = ["STUDIES", "check_preset", "load_study", "presets_of", "question_of"]

STUDIES = {
    "constrained-networks": "neuroloom.studies.constrained_networks",
    "functional-connectivity": "neuroloom.studies.functional_connectivity",
    "functional-connectome": "neuroloom.studies.functional_connectome",
    "head-direction": "neuroloom.studies.head_direction",
    "connectome-policy": "neuroloom.studies.connectome_policy",
}
"""Package by name of study."""


def question_of(name: str) -> str:
    """What the study asks, without loading it.

    Raises:
        InputError: If no study is called so; names the nearest.
    """
    return _module(name, "config").QUESTION


def presets_of(name: str) -> Mapping[str, Any]:
    """The study's configs by name, the quickest first, without loading it.

    Raises:
        InputError: If no study is called so; names the nearest.
    """
    return _module(name, "config").PRESETS


def check_preset(study: str, preset: str) -> None:
    """Refuses a preset that the study has not got.

    Raises:
        InputError: If it has not, or no study is called so; names the nearest.
    """
    presets = presets_of(study)
    if preset not in presets:
        raise InputError(
            f"A preset must be one of the {len(presets)} of `{study}`; got `{preset}`. "
            f"{nearest(preset, presets)}"
        )


def load_study(name: str) -> Study:
    """The whole study.

    Raises:
        InputError: If no study is called so; names the nearest.
    """
    return _module(name, "study").STUDY


def _module(name: str, part: str) -> Any:
    if name not in STUDIES:
        raise InputError(
            f"A study must be one of {len(STUDIES)} names; got `{name}`. {nearest(name, STUDIES)}"
        )
    return import_module(f"{STUDIES[name]}.{part}")
