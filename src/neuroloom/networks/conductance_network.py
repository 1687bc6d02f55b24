"""Leaky neurons with conductance synapses, near rest: how far a push travels through a wiring."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.errors import InputError
from neuroloom.wiring import AbstractWiring, choose_wiring

__all__ = ["ConductanceNetwork"]


class ConductanceNetwork(eqx.Module):
    r"""Deviations from rest of leaky neurons that are joined by conductances.

    $$\tau \dot x_i = -x_i + \sum_{e \to i} g_e\,(c\, s_e\, x_{\mathrm{pre}(e)} - x_i)
    + \sum_{\text{gap } e} G_e\,(x_j - x_i) + u_i$$

    $$g_e = e^{a_i + b_{\mathrm{pre}(e)}} \sqrt{n_e}, \qquad
    G_e = e^{k + (d_i + d_j)/2} \sqrt{n_e}, \qquad c = 0.98 / (1 + e^{-t})$$

    Every synapse both drives its target and loads it, so no parameters make the network unstable:
    it always has one steady state. Divided by h_i = 1 + sum g_e it is a linear `RateNetwork` with
    postsynaptic gain c exp(a_i) / h_i, presynaptic gain exp(b), gap conductance G / h_i and input
    u / h_i.

    Attributes:
        log_received: a, log gain of what a neuron receives, per neuron, dimensionless.
        log_sent: b, log gain of what it sends, per neuron.
        log_gap: d, log gain of its gap junctions, per neuron.
        log_coupling: k, log of the conductance of gap junctions against that of synapses, global.
        transmission: t, logit of how much of a deviation a synapse passes on, global.
        learned_sign: Before tanh, per neuron; the sign of what it sends where `sign` is 0.
        sign: s, of each chemical connection; 0 where it is learned.
        root_count: Square root of the count n of each chemical connection.
        root_gap_count: The same for electrical connections, each listed in both directions.
        wiring: Operator of the chemical connections.
        gap_wiring: Operator of the electrical ones.

    Source:
        Ours. The graded synapse near rest is that of Varshney et al., PLoS Comput. Biol. 7:e1001066
        (2011); per-neuron gains follow Beiran and Litwin-Kumar (2025). The square root of counts
        was chosen on the worm (docs/worm-responses.md).
    """

    log_received: Float[Array, " neuron"]
    log_sent: Float[Array, " neuron"]
    log_gap: Float[Array, " neuron"]
    log_coupling: Float[Array, ""]
    transmission: Float[Array, ""]
    learned_sign: Float[Array, " neuron"]
    sign: Float[Array, " connection"]
    root_count: Float[Array, " connection"]
    root_gap_count: Float[Array, " both_ways"]
    wiring: AbstractWiring
    gap_wiring: AbstractWiring

    @classmethod
    def from_connectome(
        cls, connectome: Connectome, *, learn_unknown_signs: bool = False
    ) -> "ConductanceNetwork":
        """All gains 1, half of a deviation passed on; no self-connections, which carry nothing.

        Args:
            connectome: Chemical and electrical connections; signs resolved.
            learn_unknown_signs: Let connections of sign 0 have one learned sign a sender.

        Raises:
            InputError: If signs are unknown and not to be learned.
        """
        n = connectome.n_neurons
        across = connectome.pre != connectome.post
        chemical = (connectome.kind != ELECTRICAL) & across
        unknown = chemical & (connectome.sign == 0)
        if unknown.any() and not learn_unknown_signs:
            raise InputError(
                f"Every chemical connection must have a sign; {unknown.sum():,} with "
                f"{connectome.count[unknown].sum():,} {connectome.count_unit} have sign 0. Apply a "
                "rule such as `TransmitterSigns(glutamate=1, otherwise=1)`, or set "
                "`learn_unknown_signs=True`."
            )
        gap = (connectome.kind == ELECTRICAL) & across
        one, other = connectome.pre[gap], connectome.post[gap]
        zero = jnp.zeros(n)
        return cls(
            log_received=zero,
            log_sent=zero,
            log_gap=zero,
            log_coupling=jnp.asarray(1.0),
            transmission=jnp.asarray(0.0),
            learned_sign=jnp.full(n, 1.0),
            sign=jnp.asarray(connectome.sign[chemical].astype(float)),
            root_count=jnp.asarray(np.sqrt(connectome.count[chemical])),
            root_gap_count=jnp.asarray(np.tile(np.sqrt(connectome.count[gap]), 2)),
            wiring=choose_wiring(connectome.pre[chemical], connectome.post[chemical], n),
            gap_wiring=choose_wiring(np.r_[one, other], np.r_[other, one], n),
        )

    def initialize(self, key: PRNGKeyArray, *, sd: float = 0.3) -> "ConductanceNetwork":
        """The same network with normally distributed log gains; a member's starting point.

        Args:
            key: Randomness.
            sd: SD of the log gains.
        """
        drawn = sd * jax.random.normal(key, (3, *self.log_sent.shape), self.log_sent.dtype)
        return eqx.tree_at(lambda n: (n.log_received, n.log_sent, n.log_gap), self, tuple(drawn))

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.wiring.n_neurons

    def steady_response(self, pushed: Int[Array, " trial"]) -> Float[Array, "trial neuron"]:
        """Where every neuron comes to rest while one is pushed by a constant input of 1.

        One dense solve for all trials.

        Args:
            pushed: Position of the neuron that is pushed in each trial.
        """
        pre, post = self.wiring.pre, self.wiring.post
        conductance = self.root_count * jnp.exp(self.log_received[post] + self.log_sent[pre])
        sign = jnp.where(self.sign == 0, jnp.tanh(self.learned_sign)[pre], self.sign)
        passed = 0.98 * jax.nn.sigmoid(self.transmission)
        here, there = self.gap_wiring.post, self.gap_wiring.pre
        half = 0.5 * (self.log_gap[here] + self.log_gap[there])
        gap = self.root_gap_count * jnp.exp(self.log_coupling + half)
        load = jnp.ones(self.n_neurons, gap.dtype).at[post].add(conductance).at[here].add(gap)
        system = (
            jnp.diag(load)
            - self.wiring.matrix(passed * sign * conductance)
            - self.gap_wiring.matrix(gap)
        )
        inputs = jax.nn.one_hot(pushed, self.n_neurons, dtype=gap.dtype, axis=0)
        return jnp.linalg.solve(system, inputs).T
