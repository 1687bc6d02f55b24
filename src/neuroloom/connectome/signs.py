"""What to do with connections whose sign is not known: named rules, never a silent +1.

A rule takes a connectome and returns one in which some signs of 0 are filled; the audit says how
many connections and contacts it touched. `Trainable` and `Dropped` are the two other ways; a
network understands them.
"""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.errors import InputError

__all__ = ["AbstractSignRule", "AllExcitatory", "Dropped", "Trainable", "TransmitterSigns"]

FAST = ("acetylcholine", "gaba", "glutamate")


class AbstractSignRule(abc.ABC):
    """Fills signs of 0 of chemical and neuromuscular connections, and says so in the audit."""

    @abc.abstractmethod
    def neuron_sign(self, connectome: Connectome) -> Int[np.ndarray, " neuron"]:
        """+1, -1 or 0 (the rule does not know) for what each neuron sends."""

    @property
    @abc.abstractmethod
    def sentence(self) -> str:
        """The rule in words."""

    def __call__(self, connectome: Connectome) -> Connectome:
        """The connectome with the signs that this rule knows.

        A sign that is already known stays as it is.
        """
        unknown = (connectome.sign == 0) & (connectome.kind != ELECTRICAL)
        ruled = self.neuron_sign(connectome)[connectome.pre]
        sign = np.where(unknown, ruled, connectome.sign)
        filled, left = unknown & (ruled != 0), unknown & (ruled == 0)
        why = (
            f"sign rule ({self.sentence}): set {filled.sum():,} connections with "
            f"{connectome.count[filled].sum():,} {connectome.count_unit} "
            f"({(ruled[filled] > 0).sum():,} +, {(ruled[filled] < 0).sum():,} -); "
            f"{left.sum():,} with {connectome.count[left].sum():,} stay unknown"
        )
        return connectome.with_signs(sign, why)


@dataclass(frozen=True)
class TransmitterSigns(AbstractSignRule):
    """The sign of a neuron's fast transmitter; where several are released, of the first of these.

    Attributes:
        acetylcholine: Sign of acetylcholine.
        gaba: Sign of GABA.
        glutamate: Sign of glutamate; 0, not known, unless you decide: it excites or inhibits by
            receptor.
        otherwise: Sign where no fast transmitter is known (only monoamines, or nothing).
    """

    acetylcholine: int = 1
    gaba: int = -1
    glutamate: int = 0
    otherwise: int = 0

    def __post_init__(self) -> None:
        for name in (*FAST, "otherwise"):
            if getattr(self, name) not in (-1, 0, 1):
                raise InputError(
                    f"The sign of `{name}` must be +1, -1 or 0 (not known); got "
                    f"{getattr(self, name)!r}. A rule sets signs only; sizes are in the counts."
                )

    @property
    def sentence(self) -> str:
        """The rule in words."""
        mark = {1: "+", -1: "-", 0: "unknown"}
        fast = ", ".join(f"{name} {mark[getattr(self, name)]}" for name in FAST)
        return f"{fast}, otherwise {mark[self.otherwise]}"

    def neuron_sign(self, connectome: Connectome) -> Int[np.ndarray, " neuron"]:
        """By the column `neurotransmitter`; several are joined with `+`, `,` or `/`.

        Raises:
            InputError: If there is no such column.
        """
        sign = np.full(connectome.n_neurons, self.otherwise, np.int8)
        names = connectome.column("neurotransmitter").astype(str)
        distinct, which = np.unique(names, return_inverse=True)
        released = [_released(name) for name in distinct]
        for transmitter in reversed(FAST):
            has = np.array([transmitter in r for r in released])[which]
            sign[has] = getattr(self, transmitter)
        return sign


@dataclass(frozen=True)
class AllExcitatory(AbstractSignRule):
    """Every unknown sign is +1."""

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return "all unknown signs +"

    def neuron_sign(self, connectome: Connectome) -> Int[np.ndarray, " neuron"]:
        """+1 for every neuron."""
        return np.ones(connectome.n_neurons, np.int8)


@dataclass(frozen=True)
class Trainable:
    """A network learns one sign per presynaptic neuron, between -1 and +1, where it is unknown."""


@dataclass(frozen=True)
class Dropped:
    """A network leaves out connections of unknown sign."""


# Spellings of public tables: words, Codex codes, common short forms.
_SPELLING = {
    "acetylcholine": "acetylcholine",
    "ach": "acetylcholine",
    "gaba": "gaba",
    "glutamate": "glutamate",
    "glut": "glutamate",
    "glu": "glutamate",
}


def _released(name: str) -> set[str]:
    parts = name.lower().replace(",", "+").replace("/", "+").replace(";", "+").split("+")
    return {_SPELLING[part.strip()] for part in parts if part.strip() in _SPELLING}
