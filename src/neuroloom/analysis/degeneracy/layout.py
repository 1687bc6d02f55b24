"""Which unknown parameter of a rate network is which: names, and places in the raveled vector."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from neuroloom.fitting.trainable import trainable_mask
from neuroloom.networks import RateNetwork
from neuroloom.networks.parameters import Shared

__all__ = ["Layout"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the unknowns of a rate network stand.

    Attributes:
        network: At the point in question.
        neuron_id: Its neurons.
        leaves: Path of each unknown array, such as `.gain.value`, and where its entries are.
        size: Number of unknowns.
    """

    network: RateNetwork
    neuron_id: Shaped[np.ndarray, " neuron"]
    leaves: dict[str, np.ndarray]
    size: int

    @classmethod
    def of(
        cls,
        network: RateNetwork,
        neuron_id: Shaped[np.ndarray, " neuron"],
        trainable: Callable[[Any], Any],
    ) -> "Layout":
        """Of the unknowns that `trainable` picks."""
        free = eqx.filter(network, trainable_mask(network, trainable))
        leaves, start = {}, 0
        for path, leaf in jax.tree_util.tree_flatten_with_path(free)[0]:
            leaves[jax.tree_util.keystr(path)] = np.arange(start, start + leaf.size)
            start += leaf.size
        return cls(network, neuron_id, leaves, start)

    def shared(self, field: str) -> Shared:
        """The parameter of this name: tau, gain or bias."""
        return getattr(self.network, field)

    def own(self, field: str) -> Int[np.ndarray, " neuron"]:
        """Where each neuron's value of tau, gain or bias is, if no other neuron shares it; else -1.

        Args:
            field: `tau`, `gain` or `bias`.
        """
        group = np.asarray(self.shared(field).group)
        if f".{field}.value" not in self.leaves:
            return np.full(len(group), -1)
        alone = np.bincount(group, minlength=len(self.leaves[f".{field}.value"]))[group] == 1
        return np.where(alone, self.leaves[f".{field}.value"][group], -1)

    def slope(self, field: str) -> Float[np.ndarray, " neuron"]:
        """How fast each neuron's tau, gain or bias moves with its raw value."""
        shared = self.shared(field)
        raw = shared.value
        rise = jax.jvp(shared.constraint, (raw,), (jnp.ones_like(raw),))[1]
        return np.asarray(rise, np.float64)[np.asarray(shared.group)]

    def value(self, field: str) -> Float[np.ndarray, " neuron"]:
        """Each neuron's tau, gain or bias."""
        return np.asarray(self.shared(field).expand(), np.float64)

    @property
    def strength(self) -> Int[np.ndarray, " connection"] | None:
        """Where the strengths of connections are, if they are unknown."""
        return self.leaves.get(".strength")

    def names(self) -> list[str]:
        """Every unknown in words, such as `gain of AVAL` or `strength of ASHL -> AVAL`."""
        found: list[str] = []
        ids = self.neuron_id.tolist()
        for path, places in self.leaves.items():
            field = path.removeprefix(".").removesuffix(".value")
            if path.endswith(".value") and isinstance(getattr(self.network, field, None), Shared):
                found += [f"{field} of {who}" for who in self._groups(field, ids)]
            elif path == ".strength":
                ends = zip(np.asarray(self.network.pre), np.asarray(self.network.post), strict=True)
                found += [f"strength of {ids[pre]} -> {ids[post]}" for pre, post in ends]
            elif path == ".learned_sign":
                found += [f"sign of {one}" for one in ids]
            else:
                found += [
                    field if len(places) == 1 else f"{field}[{n}]" for n in range(len(places))
                ]
        return found

    def _groups(self, field: str, ids: list) -> list[str]:
        shared = self.shared(field)
        group = np.asarray(shared.group)
        texts = []
        for one in range(shared.value.size):
            members = np.flatnonzero(group == one)
            if len(members) == len(ids) > 1:
                texts.append("all neurons")
            elif len(members) == 1:
                texts.append(str(ids[members[0]]))
            else:
                first = f"{ids[members[0]]} " if len(members) else ""
                texts.append(f"the {len(members)} neurons of {first}'s {shared.sharing}")
        return texts
