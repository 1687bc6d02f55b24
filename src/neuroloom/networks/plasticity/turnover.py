"""Synapses that go, and as many that grow elsewhere."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.plasticity.rule import AbstractPlasticity, WeightTrajectory, checked_time

__all__ = ["SynapseTurnover"]


class SynapseTurnover(AbstractPlasticity):
    r"""Synapses are removed at random, and as many grow where there were none.

    Between two times h apart, a share $1 - e^{-r h}$ of the synapses is exchanged, rounded at
    random. New ones stand in places that were free before, with weights drawn, with replacement,
    from those of the beginning. The number of synapses is kept; degrees are not. Where there is
    less room, fewer are exchanged.

    Attributes:
        rate: r, per second.

    Source:
        Ours. Spine turnover is reviewed in Holtmaat and Svoboda, Nat. Rev. Neurosci. 10:647 (2009).
    """

    rate: float = eqx.field(converter=float, static=True)

    def __check_init__(self) -> None:
        if not 0 <= self.rate < np.inf:
            raise InputError(
                f"`rate` must be finite and at least 0 per second; got {self.rate}. To exchange a "
                "share f in t seconds, take -log(1 - f) / t."
            )

    @property
    def keeps_places(self) -> bool:
        """No."""
        return False

    def __call__(
        self,
        weight: Float[Array, "*shape"],
        present: Bool[Array, "*shape"],
        time: Float[np.ndarray, " time"],
        *,
        key: PRNGKeyArray,
        allowed: Bool[Array, "*shape"] | None = None,
    ) -> WeightTrajectory:
        """Weights and places at the given times."""
        time = checked_time(time)
        room = jnp.ones(weight.shape, bool) if allowed is None else allowed
        share = jnp.asarray(-np.expm1(-self.rate * np.diff(time, prepend=0.0)), weight.dtype)
        keys = jax.random.split(key, time.size)
        weights, places = _exchanged(weight, present, room, share, keys)
        return WeightTrajectory(jnp.asarray(time), weights, places)


@jax.jit
def _exchanged(
    weight: Array, present: Array, room: Array, share: Array, keys: Array
) -> tuple[Array, Array]:
    """Weights and places after each share, compiled once a shape."""
    count = jnp.cumsum(present.ravel())
    n_present = count[-1]

    def step(
        state: tuple[Array, Array], now: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        strength, is_there = state
        own_key, part = now
        round_key, gone_key, grown_key, weight_key = jax.random.split(own_key, 4)
        free = room & ~is_there
        wanted = jnp.floor(part * n_present + jax.random.uniform(round_key))
        n = jnp.minimum(jnp.minimum(wanted.astype(int), n_present), free.sum())
        gone = _chosen(is_there, n, gone_key)
        grown = _chosen(free, n, grown_key)
        drawn = jax.random.randint(weight_key, weight.shape, 0, jnp.maximum(n_present, 1))
        original = weight.ravel()[jnp.searchsorted(count, drawn + 1)]  # of the present ones
        strength = jnp.where(grown, original, jnp.where(gone, 0, strength))
        is_there = (is_there & ~gone) | grown
        return (strength, is_there), (strength, is_there)

    start = (jnp.where(present, weight, 0), present)
    return jax.lax.scan(step, start, (keys, share))[1]


def _chosen(among: Bool[Array, "*shape"], n: Array, key: PRNGKeyArray) -> Bool[Array, "*shape"]:
    """As many of the places that are true, n of them, at random; no fewer are true."""
    lot = jnp.where(among, jax.random.uniform(key, among.shape), 2.0)
    last = jnp.sort(lot.ravel())[jnp.maximum(n - 1, 0)]
    return among & (lot <= last) & (n > 0)
