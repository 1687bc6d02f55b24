"""What a dataset states of itself, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    from neuroloom.connectome import Connectome
    from neuroloom.recording import Recording

__all__ = ["DatasetInfo", "Entry", "Noun", "no_members"]

Noun = Literal["connectome", "recording"]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset without opening it.

    Attributes:
        name: What `connectome` or `recording` takes.
        noun: `connectome` or `recording`; a dataset that is both has two of these.
        present: Whether it is here and can be opened.
        where: How to get it.
        size: What it holds, in words.
        licence: Under which terms, and of what.
        citation: Whom to cite.
        n_bytes: Size of its files.
        members: What may follow the name after a slash, as far as it is known here.
        default: The member that the name alone opens; empty where one must be named, or where there
            are none.
    """

    name: str
    noun: Noun
    present: bool
    where: str
    size: str
    licence: str
    citation: str
    n_bytes: int = 0
    members: tuple[str, ...] = ()
    default: str = ""


def no_members(data: Path | None) -> tuple[str, ...]:
    """For a dataset that is one thing."""
    del data
    return ()


@dataclass(frozen=True)
class Entry:
    """A dataset: its facts, and the functions that open it.

    Each function takes the member (empty if there are none) and the folder given as `data`, which
    datasets that ship or are installed do not need.

    Attributes:
        name: Its name.
        size: What it holds, in words.
        licence: Under which terms, and of what.
        citation: Whom to cite.
        where: How to get it.
        n_bytes: Size of its files.
        is_present: Whether it can be opened, given `data`.
        connectome: Opens the connectome, if it is one.
        recording: Opens the recording, if it is one.
        members: What may follow the name after a slash, given `data`; empty where that is not known
            until its files are there, and opening it says which are missing.
        default: The member that the name alone opens, if any.
    """

    name: str
    size: str
    licence: str
    citation: str
    where: str
    n_bytes: int
    is_present: Callable[[Path | None], bool]
    connectome: Callable[[str, Path | None], Connectome] | None = None
    recording: Callable[[str, Path | None], Recording] | None = None
    members: Callable[[Path | None], tuple[str, ...]] = no_members
    default: str = ""

    @property
    def nouns(self) -> tuple[Noun, ...]:
        """What it can be opened as."""
        opens: tuple[tuple[Noun, object], ...] = (
            ("connectome", self.connectome),
            ("recording", self.recording),
        )
        return tuple(noun for noun, function in opens if function is not None)

    def info(self, data: Path | None) -> tuple[DatasetInfo, ...]:
        """Its facts, once for each noun."""
        return tuple(
            DatasetInfo(
                name=self.name,
                noun=noun,
                present=self.is_present(data),
                where=self.where,
                size=self.size,
                licence=self.licence,
                citation=self.citation,
                n_bytes=self.n_bytes,
                members=self.members(data),
                default=self.default,
            )
            for noun in self.nouns
        )

    def checked_member(self, member: str, data: Path | None) -> str:
        """The member, or the default where none is named.

        Raises:
            InputError: If there is no such member, or one must be named; says the nearest.
        """
        if self.members is no_members:
            if member:
                raise InputError(
                    f"The dataset `{self.name}` must be named alone; got `{self.name}/{member}`. "
                    f"Use `{self.name}`."
                )
            return ""
        known, chosen = self.members(data), member or self.default
        if known and chosen not in known:
            what = f"`{self.name}/{member}`" if member else f"`{self.name}` alone"
            full = [f"{self.name}/{each}" for each in known]
            hint = nearest(f"{self.name}/{member}", full) if member else ""
            shown = ", ".join(full[:12]) + (f" and {len(full) - 12} others" * (len(full) > 12))
            raise InputError(
                f"The dataset `{self.name}` must be named with one of its {len(known)} members; "
                f"got {what}. {hint if hint.startswith('Did') else f'There are {shown}.'}"
            )
        return chosen
