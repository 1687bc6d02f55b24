"""What recordings cannot tell, each kind as a value with a sentence."""

import abc
from dataclasses import dataclass

__all__ = [
    "AbstractDegeneracy",
    "AutapseTau",
    "Combination",
    "Exchangeable",
    "GainScale",
    "Sign",
    "Silent",
    "Undetermined",
    "Unseen",
]

Id = int | str
_NAMED = 6  # in a sentence; the value has all


@dataclass(frozen=True)
class AbstractDegeneracy(abc.ABC):
    """Something of a network that a recorded set cannot tell."""

    @property
    @abc.abstractmethod
    def sentence(self) -> str:
        """What cannot be known, of which neurons, and why."""


@dataclass(frozen=True)
class Unseen(AbstractDegeneracy):
    """Neurons from which no path leads to a recorded neuron."""

    neurons: tuple[Id, ...]

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"No path leads from {listed(self.neurons)} to a recorded neuron: nothing recorded "
            "tells of parameters of their own, nor of what they do beyond what others drive."
        )


@dataclass(frozen=True)
class Silent(AbstractDegeneracy):
    """Neurons that never rise above threshold."""

    neurons: tuple[Id, ...]

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"{listed(self.neurons)} never rise above threshold in these trials: their gains and "
            "what they would send cannot be known, their biases only as an upper bound."
        )


@dataclass(frozen=True)
class AutapseTau(AbstractDegeneracy):
    """A neuron with an autapse that always acts where its activation is linear."""

    neuron: Id

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"The autapse of {self.neuron} cannot be told from its time constant: its activation "
            "is linear throughout, so that only (W - 1) / tau and its inputs over tau are known."
        )


@dataclass(frozen=True)
class GainScale(AbstractDegeneracy):
    """Gains that act only as products with something else that is unknown.

    Attributes:
        neurons: Whose gains.
        partner: What they are multiplied by.
    """

    neurons: tuple[Id, ...]
    partner: str

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"The gain of {listed(self.neurons)} and {self.partner} are known only as a product: "
            "one may be any factor larger if the other is smaller."
        )


@dataclass(frozen=True)
class Sign(AbstractDegeneracy):
    """A neuron whose sign can be turned together with that of its neighborhood.

    Attributes:
        neuron: Which.
        turned: What changes sign together.
    """

    neuron: Id
    turned: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"The sign of {self.neuron} cannot be known: with the opposite sign of its "
            f"{', '.join(self.turned)}, everything recorded stays the same."
        )


@dataclass(frozen=True)
class Exchangeable(AbstractDegeneracy):
    """Neurons that are connected in the same way and not recorded."""

    neurons: tuple[Id, ...]

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return (
            f"{listed(self.neurons)} can be exchanged: they are connected and driven alike and "
            "none is recorded, so that which of them has which parameters cannot be known."
        )


@dataclass(frozen=True)
class Undetermined(AbstractDegeneracy):
    """Parameters that change nothing recorded, each by itself."""

    parameters: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        return f"To first order nothing recorded depends on {listed(self.parameters)}."


@dataclass(frozen=True)
class Combination(AbstractDegeneracy):
    """Parameters of which only combinations are known.

    Attributes:
        parameters: Which, those that matter most first.
        n_free: How many independent combinations of them change nothing recorded.
        wiring_rank: Rank of the wiring, where it is below the number of neurons and these are
            gains.
    """

    parameters: tuple[str, ...]
    n_free: int
    wiring_rank: int | None = None

    @property
    def sentence(self) -> str:
        """What cannot be known, and why."""
        n = len(self.parameters)
        why = ""
        if self.wiring_rank is not None:
            why = (
                f"; the wiring has rank {self.wiring_rank}, and passes on no more of what gains do"
            )
        return (
            f"Of {listed(self.parameters)} only {n - self.n_free} of {n} combinations are known"
            f"{why}."
        )


def listed(names: tuple[Id, ...]) -> str:
    """The first few names, and how many more.

    Example:
        >>> listed(("a", "b", "c"))
        'a, b and c'
    """
    texts = [str(name) for name in names]
    if len(texts) > _NAMED:
        texts = [*texts[:_NAMED], f"{len(texts) - _NAMED} more"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]
