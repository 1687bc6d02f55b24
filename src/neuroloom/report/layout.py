"""The pieces a page is made of."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int, Shaped
from markupsafe import Markup
from matplotlib.axes import Axes

from neuroloom.report.tables import Table

__all__ = ["Fact", "Film", "Matrix", "Picture", "Section"]

_STEPS = 127  # of color to either side of 0


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
class Film(Picture):
    """A picture that moves; its axes show one frame, for the files that cannot move.

    Attributes:
        gif: The film.
    """

    gif: bytes = b""


@dataclass(frozen=True, eq=False)
class Matrix:
    """Pairs of neurons that a reader sorts, and reads cell by cell under the pointer.

    Attributes:
        name: Unique on the page; letters, digits and hyphens.
        title: A few words.
        caption: What is drawn.
        names: Of the neurons.
        value: From the neurons along the bottom to those down the side, in the order of `names`.
        probability: Of each pair, 0 to 1.
        limit: Where the colors end.
        orders: Positions of the neurons, by the name of the order; the first is shown.
    """

    name: str
    title: str
    caption: str
    names: Shaped[np.ndarray, " neuron"]
    value: Float[np.ndarray, "post pre"]
    probability: Float[np.ndarray, "post pre"]
    limit: float
    orders: Mapping[str, Int[np.ndarray, " neuron"]]

    @property
    def data(self) -> Markup:
        """JSON for the script of the page; values rounded to a 127th of the limit."""
        scaled = np.clip(np.rint(self.value / self.limit * _STEPS), -_STEPS, _STEPS)
        chance = np.rint(np.clip(self.probability, 0, 1) * 255)
        content = {
            "names": [str(name) for name in self.names.tolist()],
            "value": base64.b64encode(scaled.astype(np.int8).tobytes()).decode(),
            "probability": base64.b64encode(chance.astype(np.uint8).tobytes()).decode(),
            "limit": self.limit,
            "orders": {name: order.tolist() for name, order in self.orders.items()},
        }
        return Markup(json.dumps(content).replace("<", "\\u003c"))


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
        matrices: Matrices that a reader sorts.
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
    matrices: tuple[Matrix, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.facts or self.pictures or self.matrices or self.tables or self.sentences)
