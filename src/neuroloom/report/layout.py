"""The pieces a page is made of."""

from dataclasses import dataclass, field

from matplotlib.axes import Axes

from neuroloom.report.tables import Table

__all__ = ["Fact", "Picture", "Section"]


@dataclass(frozen=True)
class Picture:
    """A figure with what a reader must know to read it.

    Attributes:
        name: Of its file, without ending; letters, digits and hyphens.
        title: A few words.
        caption: What is drawn and what to look for.
        axes: Drawn; the whole figure they are in is shown.
        wide: Whether it needs more than half a page; it then scrolls on a small screen.
        full: Whether nothing may stand beside it: it has the whole width of the page.
    """

    name: str
    title: str
    caption: str
    axes: Axes
    wide: bool = False
    full: bool = False


@dataclass(frozen=True)
class Fact:
    """A number to see first: what it is, the number, and what to hold it against."""

    name: str
    value: str
    note: str = ""
    group: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page, left out as a whole where the run has nothing for it.

    Attributes:
        key: Anchor on the page.
        title: A few words.
        lead: What this part answers and how to read it.
        facts: Numbers on top.
        pictures: Figures.
        tables: Tables.
        sentences: A list, one item a sentence.
    """

    key: str
    title: str
    lead: str
    facts: tuple[Fact, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.facts or self.pictures or self.tables or self.sentences)
