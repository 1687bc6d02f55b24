"""Learned connectivities: who drives whom, at every lag, and by how much."""

import abc
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.forecasting.structure import AbstractStructure, Anywhere

__all__ = [
    "AbstractConnectivity",
    "AbstractConnectivityForm",
    "Free",
    "FreeConnectivity",
    "LowRank",
    "LowRankConnectivity",
    "SparseAndLowRank",
    "SparseAndLowRankConnectivity",
]


class AbstractConnectivity(eqx.Module):
    r"""Weights `weight[lag, post, pre]`, per SD and SD, and the current that they carry.

    $$I_t(i) = \sum_{l < p} \sum_{k \neq i} A_l[i, k]\, x_{t-l}(k)$$

    Lag 0 is the last frame before the one that is forecast.
    """

    structure: eqx.AbstractVar[AbstractStructure]

    @property
    @abc.abstractmethod
    def n_lags(self) -> int:
        """Number of lags p."""

    @abc.abstractmethod
    def weight(self) -> Float[Array, "lag post pre"]:
        """A; exactly 0 where the structure allows no connection."""

    @abc.abstractmethod
    def trained(self) -> tuple[Any, ...]:
        """The leaves that a fit may change."""

    @abc.abstractmethod
    def sparse(self) -> Any:
        """The leaf whose entries an L1 penalty may set to 0, as `weight` is laid out; or None."""

    @abc.abstractmethod
    def factors(self) -> tuple[Array, ...]:
        """The leaves under a quadratic penalty, which bounds the nuclear norm of their product."""

    def current(
        self, activity: Float[Array, "trial time neuron"]
    ) -> Float[Array, "trial later neuron"]:
        """I after each frame that has p frames, in SD; the first is that after frame p - 1.

        Args:
            activity: x, in SD from the mean; 0 where not observed.
        """
        return _through(self.weight(), activity)


class FreeConnectivity(AbstractConnectivity):
    """A weight of its own for every pair and lag.

    Attributes:
        value: A, before the structure takes entries out.
        structure: Where a connection may be.
    """

    value: Float[Array, "lag post pre"]
    structure: AbstractStructure

    @property
    def n_lags(self) -> int:
        """Number of lags p."""
        return self.value.shape[0]

    def weight(self) -> Float[Array, "lag post pre"]:
        """The values that the structure allows."""
        return jnp.where(self.structure.allowed()[None], self.value, 0.0)

    def trained(self) -> tuple[Any, ...]:
        """The values."""
        return (self.value,)

    def sparse(self) -> Any:
        """The values."""
        return self.value

    def factors(self) -> tuple[Array, ...]:
        """None."""
        return ()


class LowRankConnectivity(AbstractConnectivity):
    r"""Senders and receivers: $$A_l = (R_l S' - \mathrm{diag}) \circ M$$.

    Attributes:
        receiver: R, what a neuron hears, at each lag.
        sender: S, what a neuron says.
        structure: Where a connection may be.
    """

    receiver: Float[Array, "lag neuron rank"]
    sender: Float[Array, "neuron rank"]
    structure: AbstractStructure

    @property
    def n_lags(self) -> int:
        """Number of lags p."""
        return self.receiver.shape[0]

    def weight(self) -> Float[Array, "lag post pre"]:
        """The product of receivers and senders where the structure allows it."""
        return jnp.where(self.structure.allowed()[None], self.receiver @ self.sender.T, 0.0)

    def trained(self) -> tuple[Any, ...]:
        """Receivers and senders."""
        return (self.receiver, self.sender)

    def sparse(self) -> None:
        """No entry of its own."""
        return

    def factors(self) -> tuple[Array, ...]:
        """Receivers and senders."""
        return (self.receiver, self.sender)

    def current(
        self, activity: Float[Array, "trial time neuron"]
    ) -> Float[Array, "trial later neuron"]:
        """As the product of A and x; A itself is made only where the structure needs it."""
        if not isinstance(self.structure, Anywhere):
            return _through(self.weight(), activity)
        said = activity @ self.sender
        to_itself = jnp.sum(self.receiver * self.sender[None], axis=-1)
        total: Any = 0.0
        for lag, heard, own in zip(range(self.n_lags), self.receiver, to_itself, strict=True):
            back = _at_lag(said, lag, self.n_lags) @ heard.T
            total = total + back - own[None, None] * _at_lag(activity, lag, self.n_lags)
        return total


class SparseAndLowRankConnectivity(AbstractConnectivity):
    r"""A sparse part beside one of low rank: $$A_l = (S_l + R_l S' - \mathrm{diag}) \circ M$$.

    Attributes:
        value: The sparse part.
        receiver: What a neuron hears of the part of low rank, at each lag.
        sender: What a neuron says to it.
        structure: Where a connection may be, of either part.
    """

    value: Float[Array, "lag post pre"]
    receiver: Float[Array, "lag neuron rank"]
    sender: Float[Array, "neuron rank"]
    structure: AbstractStructure

    @property
    def n_lags(self) -> int:
        """Number of lags p."""
        return self.value.shape[0]

    def weight(self) -> Float[Array, "lag post pre"]:
        """The sum of both parts where the structure allows it."""
        both = self.value + self.receiver @ self.sender.T
        return jnp.where(self.structure.allowed()[None], both, 0.0)

    def trained(self) -> tuple[Any, ...]:
        """Both parts."""
        return (self.value, self.receiver, self.sender)

    def sparse(self) -> Any:
        """The sparse part."""
        return self.value

    def factors(self) -> tuple[Array, ...]:
        """Receivers and senders."""
        return (self.receiver, self.sender)


@dataclass(frozen=True)
class AbstractConnectivityForm(abc.ABC):
    """A kind of connectivity, before it is drawn for the neurons of a session."""

    @abc.abstractmethod
    def draw(
        self, structure: AbstractStructure, *, n_lags: int, key: PRNGKeyArray
    ) -> AbstractConnectivity:
        """A connectivity with small random weights."""


@dataclass(frozen=True)
class Free(AbstractConnectivityForm):
    """A weight of its own for every pair and lag.

    Attributes:
        start_sd: SD of the weights to start from.
    """

    start_sd: float = 0.01

    def draw(
        self, structure: AbstractStructure, *, n_lags: int, key: PRNGKeyArray
    ) -> FreeConnectivity:
        """Normal weights."""
        n = structure.n_neurons
        value = self.start_sd * jax.random.normal(key, (n_lags, n, n))
        return FreeConnectivity(value=value, structure=structure)


@dataclass(frozen=True)
class LowRank(AbstractConnectivityForm):
    """Senders and receivers of so many numbers each.

    Attributes:
        rank: How many, at least 1.
        start_sd: SD of the weights to start from.
    """

    rank: int = 8
    start_sd: float = 0.01

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise InputError(
                f"`rank` must be at least 1; got {self.rank}. For no coupling at all, compare with "
                "a hard mask of zeros."
            )

    def draw(
        self, structure: AbstractStructure, *, n_lags: int, key: PRNGKeyArray
    ) -> LowRankConnectivity:
        """Normal factors whose products have the SD asked for."""
        n, heard, said = structure.n_neurons, *jax.random.split(key)
        sd = (self.start_sd / self.rank**0.5) ** 0.5
        return LowRankConnectivity(
            receiver=sd * jax.random.normal(heard, (n_lags, n, self.rank)),
            sender=sd * jax.random.normal(said, (n, self.rank)),
            structure=structure,
        )


@dataclass(frozen=True)
class SparseAndLowRank(AbstractConnectivityForm):
    """A sparse part beside one of low rank, which is to take up what many neurons share.

    Attributes:
        rank: Of the second part, at least 1.
        start_sd: SD of the weights of each part to start from.
    """

    rank: int = 4
    start_sd: float = 0.01

    def draw(
        self, structure: AbstractStructure, *, n_lags: int, key: PRNGKeyArray
    ) -> SparseAndLowRankConnectivity:
        """Both parts."""
        part, rest = jax.random.split(key)
        low = LowRank(self.rank, self.start_sd).draw(structure, n_lags=n_lags, key=rest)
        free = Free(self.start_sd).draw(structure, n_lags=n_lags, key=part)
        return SparseAndLowRankConnectivity(
            value=free.value, receiver=low.receiver, sender=low.sender, structure=structure
        )


def _at_lag(activity: Array, lag: int, n_lags: int) -> Array:
    """The frames that lie `lag` before each frame from `n_lags` - 1 on."""
    return activity[:, n_lags - 1 - lag : activity.shape[1] - lag]


def _through(weight: Array, activity: Array) -> Array:
    total: Any = 0.0
    for lag, at_lag in enumerate(weight):
        total = total + _at_lag(activity, lag, len(weight)) @ at_lag.T
    return total
