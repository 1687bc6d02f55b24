"""Where a learned connection may be, and how much it costs to have one."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError

__all__ = ["AbstractStructure", "Anywhere", "HardMask", "SoftPrior", "contacts"]


class AbstractStructure(eqx.Module):
    """What is known of a connectivity before any activity was seen.

    Nobody is connected with itself: the diagonal is never allowed. What a neuron does to itself is
    a parameter of its own (`Circuit.own`).
    """

    @property
    @abc.abstractmethod
    def n_neurons(self) -> int:
        """Number of neurons."""

    @abc.abstractmethod
    def allowed(self) -> Bool[Array, "post pre"]:
        """Where a connection may be; never from a neuron to itself."""

    @abc.abstractmethod
    def cost(self) -> Float[Array, "post pre"]:
        """By what the L1 penalty of each connection is multiplied, dimensionless."""


class Anywhere(AbstractStructure):
    """Nothing is known: every pair may be connected, at the same cost.

    Attributes:
        n: Number of neurons.
    """

    n: int = eqx.field(static=True)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.n

    def allowed(self) -> Bool[Array, "post pre"]:
        """Everything but the diagonal."""
        return ~jnp.eye(self.n, dtype=bool)

    def cost(self) -> Float[Array, "post pre"]:
        """1."""
        return jnp.ones((self.n, self.n))


class HardMask(AbstractStructure):
    """Only where the connectome has contacts; elsewhere weights are 0 and stay 0.

    Attributes:
        present: Where there is a contact.
    """

    present: Bool[Array, "post pre"]

    def __init__(self, count: Float[np.ndarray, "post pre"]) -> None:
        """From contacts `count[post, pre]`, at least 0; see `contacts`."""
        self.present = jnp.asarray(_checked(count) > 0)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.present.shape[0]

    def allowed(self) -> Bool[Array, "post pre"]:
        """Where there is a contact, without the diagonal."""
        return self.present & Anywhere(self.n_neurons).allowed()

    def cost(self) -> Float[Array, "post pre"]:
        """1."""
        return Anywhere(self.n_neurons).cost()


class SoftPrior(AbstractStructure):
    r"""Everywhere, but cheaper where the connectome has contacts: cost $$1 / (\epsilon + c)$$.

    Attributes:
        count: Contacts c.
        epsilon: Pairs without a contact cost 1 / epsilon, so many times what a pair of
            1 - epsilon contacts costs. Above 0.
    """

    count: Float[Array, "post pre"]
    epsilon: float = eqx.field(static=True)

    def __init__(self, count: Float[np.ndarray, "post pre"], epsilon: float = 1.0) -> None:
        """From contacts `count[post, pre]`, at least 0; see `contacts`."""
        if not (np.isfinite(epsilon) and epsilon > 0):
            raise InputError(
                f"`epsilon` must be a finite number above 0; got {epsilon}. With 1 a pair without "
                "a contact costs as much as a pair costs under no prior."
            )
        self.count = jnp.asarray(_checked(count))
        self.epsilon = float(epsilon)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.count.shape[0]

    def allowed(self) -> Bool[Array, "post pre"]:
        """Everything but the diagonal."""
        return Anywhere(self.n_neurons).allowed()

    def cost(self) -> Float[Array, "post pre"]:
        """1 / (epsilon + contacts)."""
        return 1 / (self.epsilon + self.count)


def contacts(connectome: Connectome) -> Float[np.ndarray, "post pre"]:
    """Contacts of every pair, chemical and neuromuscular from pre to post, electrical both ways.

    Args:
        connectome: Its neurons in the order of the recording's: `Connectome.select` and
            `Connectome.positions` put them there.

    Example:
        >>> from neuroloom.connectome import Connectome
        >>> ends = {"pre": np.array([0]), "post": np.array([1]), "kind": np.array([0])}
        >>> one = np.array([3]), np.array([1])
        >>> c = Connectome(neuron_id=np.array(["a", "b"]), count=one[0], sign=one[1], **ends)
        >>> contacts(c)
        array([[0., 0.],
               [3., 0.]])
    """
    from neuroloom.connectome.connectome import ELECTRICAL

    count = np.zeros((connectome.n_neurons, connectome.n_neurons))
    np.add.at(count, (connectome.post, connectome.pre), connectome.count)
    gap = (connectome.kind == ELECTRICAL) & (connectome.pre != connectome.post)
    np.add.at(count, (connectome.pre[gap], connectome.post[gap]), connectome.count[gap])
    return count


def _checked(count: np.ndarray) -> np.ndarray:
    count = np.asarray(count, float)
    if count.ndim != 2 or count.shape[0] != count.shape[1]:
        raise InputError(
            f"`count` must be a square matrix, `count[post, pre]`; its shape is {count.shape}. "
            "`contacts(connectome)` makes one."
        )
    bad = ~(np.isfinite(count) & (count >= 0))
    if bad.any():
        raise InputError(
            f"`count` must be finite and at least 0; got {count[bad][0]} ({bad.sum()} such). Give "
            "numbers of contacts, without sign."
        )
    return count
