"""Leaky rate units wired by a connectome."""

import enum
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.connectome.signs import AbstractSignRule, Dropped, Trainable
from neuroloom.errors import InputError
from neuroloom.networks.activations import AbstractActivation, Softplus
from neuroloom.networks.parameters import Shared, global_value
from neuroloom.wiring import AbstractWiring, choose_wiring

__all__ = ["GainSide", "PreparedNetwork", "RateNetwork"]


class GainSide(enum.Enum):
    """Where the gain of a neuron acts: on what it sends, or on what it receives."""

    PRESYNAPTIC = "presynaptic"
    POSTSYNAPTIC = "postsynaptic"


class PreparedNetwork(NamedTuple):
    """The parameters of a network, per neuron, made once outside the loop over time.

    Attributes:
        tau: Time constant, in seconds.
        gain: Gain, dimensionless.
        bias: Bias, in the unit of the state.
        weights: Chemical weights as the wiring operator wants them.
        conductances: Electrical conductances, likewise, both directions.
        leak: Sum of the electrical conductances of each neuron.
    """

    tau: Float[Array, " neuron"]
    gain: Float[Array, " neuron"]
    bias: Float[Array, " neuron"]
    weights: Array
    conductances: Array
    leak: Float[Array, " neuron"]


class RateNetwork(eqx.Module):
    r"""Leaky rate units, wired by a connectome.

    With the gain on the presynaptic side (what a neuron sends):

    $$\tau_i \dot x_i = -x_i + \sum_{e \to i} w_e\, g_{\mathrm{pre}(e)}
    \phi(x_{\mathrm{pre}(e)} + b_{\mathrm{pre}(e)})
    + k \sum_{\text{gap } e} c_e (x_{j} - x_i) + u_i$$

    with the gain on the postsynaptic side (what a neuron receives):

    $$\tau_i \dot x_i = -x_i + b_i + g_i \sum_{e \to i} w_e\, \phi(x_{\mathrm{pre}(e)})
    + k \sum_{\text{gap } e} c_e (x_{j} - x_i) + u_i$$

    A weight is w = sign x strength x `scale`; the sign of connections that were `Trainable()` is
    tanh of one number a presynaptic neuron. Where signs are clamped, strength is max(strength, 0):
    a trained weight may vanish and never change sides.

    Attributes:
        tau: Time constants, in seconds, above 0.
        gain: Gains g, dimensionless.
        bias: Biases b, in the unit of the state.
        scale: Weight of one unit of strength.
        coupling: Conductance k of one unit of electrical strength.
        learned_sign: Before tanh, per neuron; used where `sign` is 0.
        sign: +1, -1, or 0 where it is learned, of each chemical or neuromuscular connection.
        strength: Count of each such connection, divided by `count_scale`.
        gap_strength: The same for electrical connections, each listed in both directions.
        wiring: Operator of the chemical and neuromuscular connections.
        gap_wiring: Operator of the electrical ones.
        activation: phi.
        gain_side: Where the gain acts.
        clamp_signs: Whether a strength below 0 counts as 0, so that weights keep their signs.
        notes: How unknown signs were treated and what that touched, for reports.

    Source:
        Presynaptic form: Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), where h is x and r
        is g phi(h + b). Postsynaptic form: their zebrafish network. Gap junctions are ours.
    """

    tau: Shared
    gain: Shared
    bias: Shared
    scale: Float[Array, ""]
    coupling: Float[Array, ""]
    learned_sign: Float[Array, " neuron"]
    sign: Float[Array, " connection"]
    strength: Float[Array, " connection"]
    gap_strength: Float[Array, " both_ways"]
    wiring: AbstractWiring
    gap_wiring: AbstractWiring
    activation: AbstractActivation
    gain_side: GainSide = eqx.field(static=True)
    clamp_signs: bool = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True)

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        *,
        tau: Shared | None = None,
        gain: Shared | None = None,
        bias: Shared | None = None,
        scale: float = 1.0,
        coupling: float = 0.0,
        count_scale: float = 1.0,
        activation: AbstractActivation | None = None,
        gain_side: GainSide = GainSide.PRESYNAPTIC,
        clamp_signs: bool = False,
        unknown_sign: AbstractSignRule | Trainable | Dropped | None = None,
    ) -> "RateNetwork":
        """A network with the wiring of a connectome; every node becomes a unit.

        Args:
            connectome: Chemical and neuromuscular connections send rates, electrical ones carry
                diffusive current.
            tau: Time constants; default 0.1 s, global.
            gain: Gains; default 1, global.
            bias: Biases; default 0, global.
            scale: Weight of one unit of strength.
            coupling: Conductance of one unit of electrical strength; 0 leaves them silent.
            count_scale: Counts are divided by this to make strengths; above 0.
            activation: Default `Softplus()`.
            gain_side: Where the gain acts.
            clamp_signs: Whether weights keep their signs when `strength` is trained.
            unknown_sign: What to do with chemical and neuromuscular connections of sign 0: a rule,
                `Trainable()` or `Dropped()`. Without one they are refused.

        Raises:
            InputError: If signs are unknown and nothing says what to do; if a parameter is out of
                range or belongs to another number of neurons.
        """
        n = connectome.n_neurons
        tau = tau or global_value(0.1, n, unit="s")
        gain = gain or global_value(1.0, n, unit="1")
        bias = bias or global_value(0.0, n, unit="state")
        _check_parameters(n, count_scale, tau=tau, gain=gain, bias=bias)
        directed, notes = _resolve_signs(connectome, unknown_sign)
        gap = connectome.kind == ELECTRICAL
        ends = (connectome.pre[gap], connectome.post[gap])
        across = ends[0] != ends[1]  # a gap junction with oneself carries no current
        one_way, other_way = (end[across] for end in ends)
        both = (np.r_[one_way, other_way], np.r_[other_way, one_way])
        conductance = np.tile(connectome.count[gap][across] / count_scale, 2)
        return cls(
            tau=tau,
            gain=gain,
            bias=bias,
            scale=jnp.asarray(float(scale)),
            coupling=jnp.asarray(float(coupling)),
            learned_sign=jnp.full(n, 0.1),
            sign=jnp.asarray(directed.sign.astype(float)),
            strength=jnp.asarray(directed.contacts / count_scale),
            gap_strength=jnp.asarray(conductance.astype(float)),
            wiring=choose_wiring(directed.pre, directed.post, n),
            gap_wiring=choose_wiring(*both, n),
            activation=activation or Softplus(),
            gain_side=gain_side,
            clamp_signs=clamp_signs,
            notes=notes,
        )

    @property
    def n_neurons(self) -> int:
        """Number of units."""
        return self.wiring.n_neurons

    @property
    def pre(self) -> Int[Array, " connection"]:
        """Where each chemical or neuromuscular connection starts."""
        return self.wiring.pre

    @property
    def post(self) -> Int[Array, " connection"]:
        """Where each chemical or neuromuscular connection ends."""
        return self.wiring.post

    @property
    def weight(self) -> Float[Array, " connection"]:
        """Signed weight of each chemical or neuromuscular connection, without the gain."""
        learned = jnp.tanh(self.learned_sign)[self.pre]
        sign = jnp.where(self.sign == 0, learned, self.sign)
        strength = jax.nn.relu(self.strength) if self.clamp_signs else self.strength
        return self.scale * sign * strength

    def prepare(self) -> PreparedNetwork:
        """Expand shared parameters and weights once, before a loop over time."""
        conductance = self.coupling * self.gap_strength
        return PreparedNetwork(
            tau=self.tau.expand(),
            gain=self.gain.expand(),
            bias=self.bias.expand(),
            weights=self.wiring.prepare(self.weight),
            conductances=self.gap_wiring.prepare(conductance),
            leak=jnp.zeros(self.n_neurons, conductance.dtype)
            .at[self.gap_wiring.post]
            .add(conductance),
        )

    def inside(
        self, x: Float[Array, "*batch neuron"], prepared: PreparedNetwork
    ) -> Float[Array, "*batch neuron"]:
        """Where the activation is taken: x + b with the gain on the presynaptic side, else x."""
        if self.gain_side is GainSide.PRESYNAPTIC:
            return x + _row(prepared.bias, x)
        return x

    def rate(
        self, x: Float[Array, "*batch neuron"], prepared: PreparedNetwork | None = None
    ) -> Float[Array, "*batch neuron"]:
        """What each neuron sends at state x."""
        p = prepared or self.prepare()
        rate = self.activation(self.inside(x, p))
        return _row(p.gain, x) * rate if self.gain_side is GainSide.PRESYNAPTIC else rate

    def rate_with_slope(
        self, x: Float[Array, "*batch neuron"], prepared: PreparedNetwork | None = None
    ) -> tuple[Float[Array, "*batch neuron"], Float[Array, "*batch neuron"]]:
        """What each neuron sends at state x, and its derivative in x, gain included.

        For hand-written gradients; its own automatic derivative is not meant to be taken.
        """
        p = prepared or self.prepare()
        rate, slope = self.activation.with_slope(self.inside(x, p))
        if self.gain_side is GainSide.POSTSYNAPTIC:
            return rate, slope
        gain = _row(p.gain, x)
        return gain * rate, gain * slope

    def current(
        self,
        x: Float[Array, "*batch neuron"],
        rates: Float[Array, "*batch neuron"],
        prepared: PreparedNetwork | None = None,
    ) -> Float[Array, "*batch neuron"]:
        """What each neuron receives, bias and gap current included, in the unit of the state.

        Args:
            x: States, for the gap currents.
            rates: What each neuron sends.
            prepared: From `prepare`, to save work in a loop.
        """
        p = prepared or self.prepare()
        received = self.wiring.apply(p.weights, rates)
        if self.gain_side is GainSide.POSTSYNAPTIC:
            received = _row(p.gain, x) * received + _row(p.bias, x)
        if self.gap_strength.size:
            diffusive = self.gap_wiring.apply(p.conductances, x) - _row(p.leak, x) * x
            received = received + diffusive
        return received

    def drift(
        self,
        x: Float[Array, "*batch neuron"],
        u: Float[Array, "*batch neuron"],
        prepared: PreparedNetwork | None = None,
    ) -> Float[Array, "*batch neuron"]:
        """dx/dt, per second, for any batch axes in front."""
        p = prepared or self.prepare()
        received = self.current(x, self.rate(x, p), p)
        return (u + received - x) / _row(p.tau, x)

    def describe(self) -> tuple[str, ...]:
        """The equation's choices in sentences, for a report."""
        shared = ", ".join(
            f"{name} {parameter.sharing} ({parameter.value.size} values)"
            for name, parameter in (("tau", self.tau), ("gain", self.gain), ("bias", self.bias))
        )
        return (
            f"rate network of {self.n_neurons:,} units, {self.strength.size:,} chemical and "
            f"neuromuscular and {self.gap_strength.size // 2:,} electrical connections, "
            f"{type(self.activation).__name__.lower()} activation, {self.gain_side.value} gain; "
            f"{shared}",
            f"chemical wiring: {self.wiring.describe()}",
            *self.notes,
        )


def _row(values: Float[Array, " neuron"], like: Array) -> Array:
    """Broadcast over batch axes without changing rank silently."""
    return values.reshape((1,) * (like.ndim - 1) + values.shape)


def _check_parameters(n: int, count_scale: float, **parameters: Shared) -> None:
    if not count_scale > 0:
        raise InputError(
            f"`count_scale` must be above 0; got {count_scale}. Use 1 to keep counts as they are."
        )
    for name, parameter in parameters.items():
        if parameter.group.shape != (n,):
            raise InputError(
                f"`{name}` must be for {n} neurons; it is for {parameter.group.size}. Build it "
                "from the same connectome."
            )
    smallest = float(parameters["tau"].expand().min(initial=1.0))
    if not smallest > 0:
        raise InputError(
            f"`tau` must be above 0 seconds; the smallest is {smallest}. Give time constants in "
            "seconds."
        )


class _Directed(NamedTuple):
    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    contacts: np.ndarray
    sign: np.ndarray


def _resolve_signs(
    connectome: Connectome, unknown_sign: AbstractSignRule | Trainable | Dropped | None
) -> tuple[_Directed, tuple[str, ...]]:
    chemical = connectome.kind != ELECTRICAL
    notes: list[str] = []
    if isinstance(unknown_sign, AbstractSignRule):
        connectome = unknown_sign(connectome)
        notes.append(connectome.audit[-1])
    unknown = chemical & (connectome.sign == 0)
    n, contacts = int(unknown.sum()), connectome.count[unknown].sum()
    touched = f"{n:,} connections with {contacts:,} {connectome.count_unit}"
    keep = chemical
    if isinstance(unknown_sign, Trainable):
        notes.append(f"sign learned, one a presynaptic neuron: {touched}")
    elif isinstance(unknown_sign, Dropped):
        keep = chemical & ~unknown
        notes.append(f"dropped because their sign is unknown: {touched}")
    elif n:
        left = "after the rule " if unknown_sign else ""
        raise InputError(
            f"Every chemical connection must have a sign; {left}{touched} have sign 0. Give "
            "`unknown_sign` a rule that covers them (such as `TransmitterSigns(glutamate=-1, "
            "otherwise=1)` or `AllExcitatory()`), `Trainable()` to learn them, or `Dropped()` to "
            "leave them out."
        )
    parts = (connectome.pre, connectome.post, connectome.count, connectome.sign)
    return _Directed(*(part[keep] for part in parts)), tuple(notes)
