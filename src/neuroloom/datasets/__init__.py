"""Real data by name, each with licence and citation.

from neuroloom import datasets
worm = datasets.connectome("worm")
responses = datasets.recording("worm-responses")

A dataset of several members is opened by `name/member`: `worm-development/3`. Data that may not
ship are read from a folder of yours: `data=`, or the variable NEUROLOOM_DATA.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from neuroloom.connectome import Connectome
from neuroloom.datasets.entry import DatasetInfo, Entry, Noun
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording

__all__ = ["DatasetInfo", "available", "connectome", "nouns_of", "recording"]

# Module of this folder by name of the dataset; it holds the dataset's `Entry` in `ENTRIES`.
_MODULES = {
    "worm": "worm",
    "worm-adult": "worm_series",
    "worm-development": "worm_series",
    "worm-white": "worm_series",
    "worm-motor": "worm_motor",
    "worm-motor-segments": "worm_motor_segments",
    "worm-responses": "worm_responses",
    "worm-responses-unc31": "worm_responses",
    "fly-optic-lobe": "fly_optic_lobe",
    "fly-heading-rules": "fly_heading_rules",
    "fly-heading": "fly_heading",
    "fly-cx-fafb": "fly_cx_fafb",
    "larva-mushroom-body": "larva_mushroom_body",
    "zebrafish-oculomotor": "zebrafish_oculomotor",
    "rat-place-cells": "rat_place_cells",
}


def available(data: str | Path | None = None) -> tuple[DatasetInfo, ...]:
    """Every dataset that has a name, here or not.

    Args:
        data: Folder with the data that may not ship; default: the variable NEUROLOOM_DATA.

    Example:
        >>> [dataset.name for dataset in available() if dataset.noun == "connectome"][:3]
        ['worm', 'worm-adult', 'worm-development']
    """
    return tuple(info for name in _MODULES for info in _entry(name).info(_folder(data)))


def nouns_of(source: str) -> tuple[Noun, ...]:
    """What a name, with or without a member, can be opened as; empty if it is no dataset's.

    Example:
        >>> nouns_of("worm-adult/7"), nouns_of("wrom")
        (('connectome',), ())
    """
    name = source.partition("/")[0]
    return _entry(name).nouns if name in _MODULES else ()


def connectome(name: str, *, data: str | Path | None = None) -> Connectome:
    """The connectome of this name.

    Args:
        name: One that `available` lists as a connectome, with `/` and a member where it has some.
        data: Folder with the data that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If there is none, or its files are not there; says the nearest name, or which
            files to put where.

    Example:
        >>> connectome("worm")
        Connectome(worm: 473 nodes, 6,329 connections: 3,828 chemical, 1,450 electrical,
        1,051 neuromuscular; 39,793 em_sections; signs 0 +, 0 -, 4,879 unknown)
    """
    entry, member = _opened(name, "connectome", data)
    assert entry.connectome is not None  # `_opened` has refused what is none
    return entry.connectome(member, _folder(data))


def recording(name: str, *, data: str | Path | None = None) -> Recording:
    """The recording of this name.

    Args:
        name: One that `available` lists as a recording, with `/` and a member where it has some.
        data: Folder with the data that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If there is none, or its data are not there or not installed; says what to do.
    """
    entry, member = _opened(name, "recording", data)
    assert entry.recording is not None  # `_opened` has refused what is none
    return entry.recording(member, _folder(data))


def _opened(source: str, noun: Noun, data: str | Path | None) -> tuple[Entry, str]:
    name, slash, member = source.partition("/")
    if name not in _MODULES:
        raise _unknown(source, noun)
    entry = _entry(name)
    if noun not in entry.nouns:
        other = entry.nouns[0]
        raise InputError(
            f"A dataset must be asked for as what it is; `{name}` is a {other}, not a {noun}. "
            f"Use `datasets.{other}({source!r})`."
        )
    if slash and not member:
        raise InputError(
            f"A name must have a member after its slash; got `{source}`. Use `{name}`, or add one."
        )
    return entry, entry.checked_member(member, _folder(data))


def _unknown(name: str, noun: Noun) -> InputError:
    names = [other for other in _MODULES if noun in _entry(other).nouns]
    return InputError(
        f"A {noun} must be a dataset that `neuroloom datasets` lists; got `{name}`. "
        f"{nearest(name, names)}"
    )


def _entry(name: str) -> Entry:
    return _module(name).ENTRIES[name]


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{_MODULES[name]}")


def _folder(data: str | Path | None) -> Path | None:
    return None if data is None else Path(data)


def __getattr__(name: str) -> object:
    """The modules of this folder, imported when they are first used."""
    if name not in _MODULES.values():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
