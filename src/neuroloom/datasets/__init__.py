"""Real data by name, each with licence and citation.

from neuroloom import datasets
worm = datasets.connectome("worm")
responses = datasets.recording("worm-responses")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from neuroloom.connectome import Connectome
from neuroloom.datasets import fly_optic_lobe
from neuroloom.datasets import worm as _worm
from neuroloom.datasets import worm_responses as _responses
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording

__all__ = ["DatasetInfo", "available", "connectome", "fly_optic_lobe", "recording"]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset without opening it.

    Attributes:
        name: What `connectome` or `recording` takes.
        noun: `connectome` or `recording`.
        present: Whether it is here and can be opened.
        where: How to get it.
        size: What it holds, in words.
        licence: Under which terms, and of what.
        citation: Whom to cite.
    """

    name: str
    noun: Literal["connectome", "recording"]
    present: bool
    where: str
    size: str
    licence: str
    citation: str


_CONNECTOMES: dict[str, Callable[[], Connectome]] = {
    _worm.NAME: _worm.worm,
    fly_optic_lobe.NAME: fly_optic_lobe.fly_optic_lobe,
}


def available() -> tuple[DatasetInfo, ...]:
    """Every dataset that has a name, here or not.

    Example:
        >>> [(dataset.name, dataset.noun) for dataset in available()]
        [('worm', 'connectome'), ('fly-optic-lobe', 'connectome'),
         ('worm-responses', 'recording'),
         ('worm-responses-unc31', 'recording')]
    """
    installed = _responses.find_atlas() is not None
    return (
        *(
            DatasetInfo(
                name=shipped.NAME,
                noun="connectome",
                present=all((shipped.TABLES / table).is_file() for table in shipped.CHECKSUMS),
                where="Ships with neuroloom.",
                size=shipped.SIZE,
                licence=shipped.LICENCE,
                citation=shipped.CITATION,
            )
            for shipped in (_worm, fly_optic_lobe)
        ),
        *(
            DatasetInfo(
                name=name,
                noun="recording",
                present=installed,
                where=_responses.HOW_TO_GET,
                size=_responses.SIZE,
                licence=_responses.LICENCE,
                citation=_responses.CITATION,
            )
            for name in _responses.NAMES
        ),
    )


def connectome(name: str) -> Connectome:
    """The connectome of this name.

    Args:
        name: One that `available` lists as a connectome.

    Raises:
        InputError: If there is none; says the nearest name.

    Example:
        >>> connectome("worm")
        Connectome(worm: 473 nodes, 6,329 connections: 3,828 chemical, 1,450 electrical,
        1,051 neuromuscular; 39,793 em_sections; signs 0 +, 0 -, 4,879 unknown)
    """
    if name not in _CONNECTOMES:
        raise _unknown(name, "connectome")
    return _CONNECTOMES[name]()


def recording(name: str) -> Recording:
    """The recording of this name.

    Args:
        name: One that `available` lists as a recording.

    Raises:
        InputError: If there is none, or its data are not installed; says what to do.
    """
    if name not in _responses.NAMES:
        raise _unknown(name, "recording")
    return _responses.worm_responses(_responses.NAMES[name])


def _unknown(name: str, noun: str) -> InputError:
    known = {dataset.name: dataset.noun for dataset in available()}
    if name in known:
        return InputError(
            f"A dataset must be asked for as what it is; `{name}` is a {known[name]}, not a "
            f"{noun}. Use `datasets.{known[name]}({name!r})`."
        )
    names = [other for other, its_noun in known.items() if its_noun == noun]
    return InputError(
        f"A {noun} must be a dataset that `neuroloom datasets` lists; got `{name}`. "
        f"{nearest(name, names)}"
    )
