"""The paper's three feed-forward controls: layers between an encoder and a decoder, no wiring."""

from __future__ import annotations

from enum import Enum
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from neuroloom.connectome import Connectome
from neuroloom.connectome.block_nulls.layered import (
    LayerStatistics,
    layered_wiring,
    random_layers,
    unwired,
)
from neuroloom.errors import InputError
from neuroloom.networks.policies.circuit_policy import Sharing
from neuroloom.networks.policies.learned_ports import LearnedPorts
from neuroloom.networks.policies.levels import Artificial
from neuroloom.networks.policies.policy import AbstractPolicy
from neuroloom.networks.policies.ports import AbstractPorts
from neuroloom.wiring import PopulationWiring

__all__ = ["DenseLayersPolicy", "LayeredControl", "LayeredPolicy", "layered_policy"]


class LayeredControl(Enum):
    """Which of the three controls."""

    STATISTICS = "sparse layers with the circuit's cells, synapses and signs"
    DENSE = "dense layers with as many cells"
    RANDOM_STATISTICS = "sparse layers whose density and inhibition are drawn from U(0, 1)"


class LayeredPolicy(AbstractPolicy):
    r"""Sparse layers under Dale's law, $z_1 = \max(I, 0)$, $z_{l+1} = \max(W z_l, 0)$, in one step.

    I is what the encoder sends to the first layer, and the decoder reads the last. Weights are
    $w = s\, e^{\ell}$ as a circuit's: signs never change, search acts on $\ell$. There are no
    biases, as in the circuit that it stands beside.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        ports: Encoder and decoder.
        log_weight: Of each group of connections.
        wiring: Of the connections.
        magnitude: m of each connection: its count times a scale, or 1.
        sign: s of each connection.
        group: Group of each connection.
        n_layers: How many.
        n_cells: Of all layers.
        prepared: Weights laid out for the product; none before `prepare`.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022). That encoder and decoder are the circuit's, and
        layers equally large, is our reading.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    ports: AbstractPorts
    log_weight: Float[Array, "*member group"]
    wiring: PopulationWiring
    magnitude: Float[np.ndarray, " connection"]
    sign: Float[np.ndarray, " connection"]
    group: Int[np.ndarray, " connection"]
    n_layers: int = eqx.field(static=True)
    n_cells: int = eqx.field(static=True)
    prepared: Any = None

    @classmethod
    def from_connectome(
        cls,
        layers: Connectome,
        ports: AbstractPorts,
        *,
        sharing: Sharing = Sharing.CONNECTION,
        count_scale: float | None = None,
    ) -> LayeredPolicy:
        """Layers before any search; log-weights start where the artificial level's do.

        Args:
            layers: Of `layered_wiring` or `random_layers`.
            ports: Made for it: they drive the first layer and read the last.
            sharing: `GLOBAL` (all that excite, all that inhibit) or `CONNECTION`.
            count_scale: m is the count times this; without it m is 1, as in the paper.

        Raises:
            InputError: If a connection does not lead to the next layer, or the sharing needs
                classes, which layers have not.
        """
        layer = layers.column("layer")
        astray = int((layer[layers.post] != layer[layers.pre] + 1).sum())
        if astray:
            raise InputError(
                f"Connections of layers must lead to the next layer; {astray} of "
                f"{layers.n_connections} do not. Make them by `layered_wiring`, or run a circuit "
                "as `CircuitPolicy`."
            )
        start = Artificial()
        if sharing is Sharing.CONNECTION:
            group = np.arange(layers.n_connections)
            first = np.where(layers.sign > 0, start.log_excitatory, start.log_inhibitory)
        elif sharing is Sharing.GLOBAL:
            signs, group = np.unique(layers.sign, return_inverse=True)
            first = np.where(signs > 0, start.log_excitatory, start.log_inhibitory)
        else:
            raise InputError(
                f"Layers must share weights by `Sharing.GLOBAL` or `Sharing.CONNECTION`; got "
                f"{sharing}. Their cells have no classes."
            )
        scale = 1.0 if count_scale is None else count_scale
        m = layers.count.astype(float) * scale if count_scale else np.ones(layers.n_connections)
        return cls(
            ports.n_observations,
            ports.n_actions,
            ports,
            jnp.asarray(first, float),
            PopulationWiring.from_ends(layers.pre, layers.post, layers.n_neurons),
            m,
            layers.sign.astype(float),
            group.astype(np.int64),
            int(layer.max()),
            layers.n_neurons,
        )

    @property
    def weight(self) -> Float[Array, "*member connection"]:
        """Signed weight of each connection."""
        size = jnp.exp(self.log_weight[..., self.group])
        return size * jnp.asarray(self.sign * self.magnitude, size.dtype)

    def prepare(self) -> LayeredPolicy:
        """The same policy with its weights laid out for the product."""
        ready = self.wiring.prepare(self.weight)
        return eqx.tree_at(lambda p: p.prepared, self, ready, is_leaf=lambda x: x is None)

    def initial(self) -> PyTree[Array]:
        """Of the ports; cells remember nothing and are silent."""
        return self.ports.initial(), jnp.zeros(self.n_cells)

    def __call__(
        self, state: PyTree[Array], observation: Float[Array, " observation"]
    ) -> tuple[PyTree[Array], Float[Array, " action"]]:
        """All layers in turn, within one control step.

        Args:
            state: Of the ports, and the last activity of cells, which is not used.
            observation: What it sees.
        """
        weight = self.prepared if self.prepared is not None else self.prepare().prepared
        port, drive = self.ports.drive(state[0], observation)
        cells = jax.nn.relu(drive)
        for _ in range(self.n_layers - 1):
            cells = jax.nn.relu(self.wiring.apply(weight, cells) + drive)
        return (port, cells), self.ports.act(cells)

    def activity(self, state: PyTree[Array]) -> Float[Array, " cell"]:
        """What each cell sent last.

        Args:
            state: Of the ports and of the cells.
        """
        return state[1]


class DenseLayersPolicy(AbstractPolicy):
    r"""Dense layers of ReLU units, $z_{l+1} = \max(W_l z_l + b_l, 0)$, weights of either sign.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        ports: Encoder and decoder.
        weights: From each layer to the next.
        biases: Of the second and later layers.
        sizes: Cells of each layer.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022): a dense perceptron with two hidden layers and as
        many neurons. Its start, U(-.3, .3), is theirs for encoder and decoder.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    ports: AbstractPorts
    weights: tuple[Float[Array, "*member post pre"], ...]
    biases: tuple[Float[Array, "*member post"], ...]
    sizes: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def random(
        cls, layers: Connectome, ports: AbstractPorts, *, spread: float = 0.3, key: PRNGKeyArray
    ) -> DenseLayersPolicy:
        """Uniform weights within the spread, biases 0.

        Args:
            layers: Whose column `layer` says how large each layer is; connections do not matter.
            ports: Made for it.
            spread: Half the width of the uniform distribution.
            key: Randomness.
        """
        sizes = tuple(np.bincount(layers.column("layer"))[1:].tolist())
        keys = jax.random.split(key, len(sizes) - 1)
        weights = tuple(
            jax.random.uniform(k, (post, pre), minval=-spread, maxval=spread)
            for k, pre, post in zip(keys, sizes[:-1], sizes[1:], strict=True)
        )
        biases = tuple(jnp.zeros(size) for size in sizes[1:])
        return cls(ports.n_observations, ports.n_actions, ports, weights, biases, sizes)

    def initial(self) -> PyTree[Array]:
        """Of the ports; cells remember nothing and are silent."""
        return self.ports.initial(), jnp.zeros(sum(self.sizes))

    def __call__(
        self, state: PyTree[Array], observation: Float[Array, " observation"]
    ) -> tuple[PyTree[Array], Float[Array, " action"]]:
        """All layers in turn, within one control step.

        Args:
            state: Of the ports, and the last activity of cells, which is not used.
            observation: What it sees.
        """
        port, drive = self.ports.drive(state[0], observation)
        cells = [jax.nn.relu(drive[: self.sizes[0]])]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            cells.append(jax.nn.relu(weight @ cells[-1] + bias))
        together = jnp.concatenate(cells)
        return (port, together), self.ports.act(together)

    def activity(self, state: PyTree[Array]) -> Float[Array, " cell"]:
        """What each cell sent last.

        Args:
            state: Of the ports and of the cells.
        """
        return state[1]


def layered_policy(
    connectome: Connectome,
    control: LayeredControl,
    *,
    n_observations: int,
    n_actions: int,
    n_layers: int = 2,
    n_hidden: int = 8,
    sharing: Sharing = Sharing.CONNECTION,
    rng: np.random.Generator,
    key: PRNGKeyArray,
) -> AbstractPolicy:
    """One of the paper's feed-forward controls, built from the statistics of a circuit.

    All three have as many cells as the circuit, in layers of equal size, between an encoder and a
    decoder like those that the paper gives to the circuit (`LearnedPorts`).

    Args:
        connectome: The circuit; gap junctions do not count.
        control: Which.
        n_observations: Numbers that the task shows.
        n_actions: Numbers that it takes.
        n_layers: Layers of cells.
        n_hidden: Units of the hidden layer of encoder and decoder.
        sharing: Of the sparse ones; a dense network shares no weights.
        rng: Randomness of the wiring.
        key: Randomness of encoder, decoder and dense weights.

    Raises:
        InputError: If a sign of the circuit is unknown or a cell sends several, or there are fewer
            places than connections.
        SimulationError: If statistics are not kept; a bug, please report it.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> policy = layered_policy(connectome("worm-motor"), LayeredControl.STATISTICS,
        ...     n_observations=14, n_actions=5, rng=np.random.default_rng(0), key=jax.random.key(0))
        >>> policy.log_weight.size, int((policy.sign < 0).sum()), policy.n_cells
        (885, 174, 170)
    """
    n_cells = LayerStatistics.of(connectome).n_cells
    if control is LayeredControl.STATISTICS:
        layers = layered_wiring(connectome, rng=rng, n_layers=n_layers)
    elif control is LayeredControl.RANDOM_STATISTICS:
        layers = random_layers(n_cells, rng=rng, n_layers=n_layers)
    else:
        layers = unwired(n_cells, n_layers)
    port_key, own_key = jax.random.split(key)
    ports = LearnedPorts.random(
        layers,
        n_observations=n_observations,
        n_actions=n_actions,
        n_hidden=n_hidden,
        key=port_key,
    )
    if control is LayeredControl.DENSE:
        return DenseLayersPolicy.random(layers, ports, key=own_key)
    return LayeredPolicy.from_connectome(layers, ports, sharing=sharing)
