"""A circuit as a controller: one wiring, any level of realism, weights that keep their sign."""

from __future__ import annotations

from enum import Enum
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from neuroloom.connectome import KINDS, Connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies.levels import AbstractLevel, LeakyRate, Received
from neuroloom.networks.policies.policy import AbstractPolicy
from neuroloom.networks.policies.ports import AbstractPorts
from neuroloom.wiring import PopulationWiring

__all__ = ["CircuitPolicy", "Sharing"]

ELECTRICAL = KINDS.index("electrical")


class Sharing(Enum):
    """Which connections have one log-weight together."""

    GLOBAL = "global"
    """All that excite, all that inhibit, and all gap junctions: 3."""
    BLOCK = "block"
    """As `GLOBAL`, apart for targets that are neurons and targets that are muscles; gap junctions
    together: 5."""
    CLASS_PAIR = "class pair"
    """Those of a class to a class, of one sign."""
    CONNECTION = "connection"
    """Each on its own."""


class CircuitPolicy(AbstractPolicy):
    r"""A connectome that is driven through ports and drives muscles.

    Weights are $w_{ij} = s_{ij}\, m_{ij}\, e^{\ell_{g(ij)}}$: the sign is the connectome's and
    never changes, m is fixed (the count times a scale, or 1), and search acts on the log-weight of
    the group. Gap junctions are a Laplacian, $\sum_j G_{ij} (v_j - v_i)$, of log-weights likewise.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        level: What a cell is.
        ports: Where the body meets the circuit.
        log_weight: Of each group of connections.
        log_gap: Of each group of gap junctions; none without gap junctions.
        raw_leak: Logits of the leaks of neurons and muscles, where the level has leaks.
        wiring: Of the connections.
        junctions: Of gap junctions, both ways; none without.
        magnitude: m.
        sign: s.
        group: Group of each connection.
        gap_magnitude: m of each gap junction, both ways.
        gap_group: Group of each gap junction, both ways.
        is_muscle: Of each cell.
        prepared: Weights laid out for the product, once for an episode; none before.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), for log-weights under Dale's law.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    level: AbstractLevel = eqx.field(static=True)
    ports: AbstractPorts
    log_weight: Float[Array, "*member group"]
    log_gap: Float[Array, "*member gap_group"] | None
    raw_leak: Float[Array, "*member 2"] | None
    wiring: PopulationWiring
    junctions: PopulationWiring | None
    magnitude: Float[np.ndarray, " connection"]
    sign: Float[np.ndarray, " connection"]
    group: Int[np.ndarray, " connection"]
    gap_magnitude: Float[np.ndarray, " junction"] | None
    gap_group: Int[np.ndarray, " junction"] | None
    is_muscle: np.ndarray
    prepared: Any = None

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        ports: AbstractPorts,
        *,
        level: AbstractLevel | None = None,
        sharing: Sharing = Sharing.CONNECTION,
        count_scale: float | None = None,
    ) -> CircuitPolicy:
        """The circuit before any search.

        Args:
            connectome: With known signs of all connections but electrical ones.
            ports: Made for it.
            level: What a cell is; default `LeakyRate()`.
            sharing: Which connections have one log-weight.
            count_scale: m is the count times this; without it m is 1, as in the paper.

        Raises:
            InputError: If there are no connections, a sign is unknown, or the scale is not above 0.
        """
        level = LeakyRate() if level is None else level
        if count_scale is not None and not count_scale > 0:
            raise InputError(
                f"`count_scale` must be above 0; got {count_scale}. Leave it out for equal weights."
            )
        electrical = connectome.kind == ELECTRICAL
        chemical = ~electrical
        unknown = int((connectome.sign[chemical] == 0).sum())
        if unknown or not chemical.any():
            raise InputError(
                "A circuit must have connections, each with a known sign; "
                f"{unknown} of {chemical.sum()} signs are unknown. Apply a sign rule, such as "
                "`TransmitterSigns`, or `select` a part whose signs are known."
            )
        is_muscle = connectome.column("node_kind") == "muscle"
        n = connectome.n_neurons
        pre, post = connectome.pre[chemical], connectome.post[chemical]
        sign = connectome.sign[chemical]
        scale = 1.0 if count_scale is None else count_scale
        base = connectome.count.astype(float) * scale if count_scale else np.ones(len(electrical))
        group = _groups(connectome, chemical, sharing, is_muscle)
        first = np.empty(group.max() + 1)
        first[group] = np.where(sign > 0, level.log_excitatory, level.log_inhibitory)
        gap: dict[str, Any] = dict.fromkeys(("log_gap", "junctions", "gap_magnitude", "gap_group"))
        joined = electrical & (connectome.pre != connectome.post)
        if joined.any():
            one, other = connectome.pre[joined], connectome.post[joined]
            gap_group = _groups(connectome, joined, sharing, is_muscle)
            gap = {
                "log_gap": jnp.full(gap_group.max() + 1, level.log_excitatory, float),
                "junctions": PopulationWiring.from_ends(
                    np.concatenate([one, other]), np.concatenate([other, one]), n
                ),
                "gap_magnitude": np.tile(base[joined], 2),
                "gap_group": np.tile(gap_group, 2),
            }
        raw = None
        if level.leaks is not None:
            leaks = np.array(level.leaks)
            raw = jnp.asarray(np.log(leaks / (1 - leaks)), float)
        return cls(
            ports.n_observations,
            ports.n_actions,
            level,
            ports,
            jnp.asarray(first, float),
            gap["log_gap"],
            raw,
            PopulationWiring.from_ends(pre, post, n),
            gap["junctions"],
            base[chemical],
            sign.astype(float),
            group,
            gap["gap_magnitude"],
            gap["gap_group"],
            is_muscle,
        )

    @property
    def weight(self) -> Float[Array, "*member connection"]:
        """Signed weight of each connection, in the order of the connectome's chemical ones."""
        size = jnp.exp(self.log_weight[..., self.group])
        return size * jnp.asarray(self.sign * self.magnitude, size.dtype)

    @property
    def gap_weight(self) -> Float[Array, "*member junction"] | None:
        """Of each gap junction, both ways."""
        if self.log_gap is None:
            return None
        size = jnp.exp(self.log_gap[..., self.gap_group])
        return size * jnp.asarray(self.gap_magnitude, size.dtype)

    def prepare(self) -> CircuitPolicy:
        """The same policy with its weights laid out for the product."""
        weight, gap = self.weight, self.gap_weight
        ready: dict[str, Array] = {"weight": self.wiring.prepare(weight)}
        if self.level.conducts:
            ready["unsigned"] = self.wiring.prepare(jnp.abs(weight))
        if gap is not None and self.junctions is not None:
            ready["gap"] = self.junctions.prepare(gap)
            ready["gap_total"] = self.junctions(gap, jnp.ones(len(self.is_muscle), gap.dtype))
        if self.raw_leak is not None:
            leak = jax.nn.sigmoid(self.raw_leak)
            ready["leak"] = jnp.where(self.is_muscle, leak[1], leak[0])
        return eqx.tree_at(lambda p: p.prepared, self, ready, is_leaf=lambda x: x is None)

    def initial(self) -> PyTree[Array]:
        """Of the ports and of the cells."""
        return self.ports.initial(), self.level.initial(len(self.is_muscle))

    def __call__(
        self, state: PyTree[Array], observation: Float[Array, " observation"]
    ) -> tuple[PyTree[Array], Float[Array, " action"]]:
        """A control step, of as many sub-steps as the level has.

        Args:
            state: Of the ports and of the cells.
            observation: What it sees.
        """
        ready = (self if self.prepared is not None else self.prepare()).prepared
        port, cells = state
        port, drive = self.ports.drive(port, observation)
        received = self._received(ready)

        def once(cells: PyTree, _: None) -> tuple[PyTree, None]:
            return self.level.advance(cells, received, drive, ready.get("leak")), None

        if self.level.substeps == 1:
            cells = once(cells, None)[0]
        else:
            cells = jax.lax.scan(once, cells, None, self.level.substeps)[0]
        return (port, cells), self.ports.act(self.level.activity(cells))

    def activity(self, state: PyTree[Array]) -> Float[Array, " cell"]:
        """What each cell sends.

        Args:
            state: Of the ports and of the cells.
        """
        return self.level.activity(state[1])

    def _received(self, ready: dict[str, Array]) -> Received:
        n = len(self.is_muscle)
        junctions, total = self.junctions, ready.get("gap_total", jnp.zeros(n))

        def gap(value: Array) -> Array:
            if junctions is None:
                return jnp.zeros_like(value)
            return junctions.apply(ready["gap"], value) - total * value

        return Received(
            chemical=lambda sent: self.wiring.apply(ready["weight"], sent),
            unsigned=lambda sent: self.wiring.apply(ready["unsigned"], sent),
            gap=gap,
            gap_total=total,
        )


def _groups(
    connectome: Connectome, chosen: np.ndarray, sharing: Sharing, is_muscle: np.ndarray
) -> np.ndarray:
    """The group of each chosen connection, 0 and up."""
    pre, post = connectome.pre[chosen], connectome.post[chosen]
    sign = connectome.sign[chosen].astype(int)
    if sharing is Sharing.CONNECTION:
        return np.arange(len(pre))
    keys = [sign]
    if sharing is Sharing.BLOCK and (sign != 0).all():
        keys.append(is_muscle[post].astype(int))
    if sharing is Sharing.CLASS_PAIR:
        _, cell_type = np.unique(connectome.column("cell_type"), return_inverse=True)
        ends = np.stack([cell_type[pre], cell_type[post]])
        keys += list(ends if (sign != 0).all() else np.sort(ends, axis=0))
    return np.unique(np.stack(keys), axis=1, return_inverse=True)[1].ravel()
