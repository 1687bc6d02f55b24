"""Wiring of layers: one dense product for each pair of layers that is connected."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.errors import InputError
from neuroloom.wiring.sparse import as_ends

__all__ = ["Block", "LayeredWiring"]


class Block(NamedTuple):
    """The connections from one layer to one layer.

    Attributes:
        post: The layer that receives.
        pre: The layer that sends.
        start: The first of its connections.
        stop: The one after its last.
    """

    post: int
    pre: int
    start: int
    stop: int

    @property
    def is_delayed(self) -> bool:
        """Whether it goes down or stays in its layer, and so acts one step later."""
        return self.pre >= self.post


class LayeredWiring(eqx.Module):
    r"""Who connects to whom among layers, as products of dense matrices.

    $$y_l = \sum_{m < l} W_{lm}\, r_m(t) + \sum_{m \ge l} W_{lm}\, r_m(t - 1)$$

    Connections that go up act within a step; those that go down or stay in their layer act one step
    later. Connections stand block after block. Only their number in each block is fixed, so that
    ends may be traded inside a block (synapse turnover) without compiling anew.

    Attributes:
        pre: Where each connection starts, as a place in its layer.
        post: Where it ends, likewise.
        sizes: Neurons of each layer.
        blocks: The pairs of layers that are connected.
    """

    pre: Int[Array, " connection"]
    post: Int[Array, " connection"]
    sizes: tuple[int, ...] = eqx.field(static=True)
    blocks: tuple[Block, ...] = eqx.field(static=True)

    @classmethod
    def from_ends(
        cls,
        pre: Int[np.ndarray, " connection"],
        post: Int[np.ndarray, " connection"],
        layer: Int[np.ndarray, " neuron"],
    ) -> tuple["LayeredWiring", Int[np.ndarray, " connection"]]:
        """The wiring, and the order in which it takes the connections.

        Args:
            pre: Where each connection starts, as a position among all neurons.
            post: Where it ends, likewise.
            layer: Of each neuron, 0 to the number of layers less 1; none empty.

        Raises:
            InputError: If a layer has no neuron.
        """
        sizes = np.bincount(layer)
        if not (sizes > 0).all():
            raise InputError(
                "`layer` must number layers from 0 without a gap; layer "
                f"{int(np.flatnonzero(sizes == 0)[0])} of {sizes.size} has no neuron. Number the "
                "layers anew, for instance with `numpy.unique(layer, return_inverse=True)[1]`."
            )
        place = np.empty(layer.size, np.int64)
        place[np.argsort(layer, kind="stable")] = np.concatenate([np.arange(n) for n in sizes])
        key = layer[post] * sizes.size + layer[pre]
        order = np.argsort(key, kind="stable")
        pairs, start = np.unique(key[order], return_index=True)
        stop = np.append(start[1:], key.size)
        blocks = tuple(
            Block(int(pair // sizes.size), int(pair % sizes.size), int(a), int(b))
            for pair, a, b in zip(pairs, start, stop, strict=True)
        )
        ends = as_ends(place[pre][order]), as_ends(place[post][order])
        return cls(*ends, tuple(sizes.tolist()), blocks), order

    def matrix(self, block: Block, weight: Float[Array, " connection"]) -> Float[Array, "post pre"]:
        """W[post, pre] of one block; parallel connections add."""
        inside = slice(block.start, block.stop)
        empty = jnp.zeros((self.sizes[block.post], self.sizes[block.pre]), weight.dtype)
        return empty.at[self.post[inside], self.pre[inside]].add(weight[inside])

    def prepare(self, weight: Float[Array, " connection"]) -> tuple[Array, ...]:
        """What `apply` needs of the weights, a matrix a block; make it once, outside a loop."""
        return tuple(self.matrix(block, weight).T for block in self.blocks)

    def apply(
        self,
        prepared: tuple[Array, ...],
        layer: int,
        now: list[Float[Array, "*batch _"]],
        before: tuple[Float[Array, "*batch _"], ...],
    ) -> Array:
        """What each neuron of a layer receives, for any batch axes in front.

        Args:
            prepared: From `prepare`.
            layer: The layer that receives.
            now: What every lower layer sends in this step.
            before: What every layer sent in the last step.
        """
        batch = now[0].shape[:-1]
        received = jnp.zeros((*batch, self.sizes[layer]), now[0].dtype)
        for block, matrix in zip(self.blocks, prepared, strict=True):
            if block.post == layer:
                sent = before[block.pre] if block.is_delayed else now[block.pre]
                received = received + sent @ matrix
        return received
