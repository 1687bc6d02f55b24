r"""A forecaster: what every neuron does next, from its own past and the currents it receives."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.networks.forecasting.connectivity import AbstractConnectivity
from neuroloom.networks.forecasting.decoder import (
    AbstractDecoder,
    AbstractDecoderForm,
    Decoded,
    Seen,
)
from neuroloom.networks.forecasting.likelihoods import AbstractLikelihood
from neuroloom.networks.forecasting.scaling import Scaling

__all__ = [
    "Circuit",
    "Forecaster",
    "Memory",
    "Reference",
    "SessionForecasters",
    "after_rest",
    "n_context",
]

LEAST = 1e-6  # SD^2; a neuron without any current has the plain mean
BLOCK = 100  # frames that are forecast at once, to stay in cache


class Reference(NamedTuple):
    """Some of the frames that a circuit was trained on, as long as a forecast needs.

    Attributes:
        activity: In SD; 0 where not observed.
        behavior: Likewise.
    """

    activity: Float[Array, "trial time neuron"]
    behavior: Float[Array, "trial time channel"]


class Circuit(eqx.Module):
    """What belongs to the neurons of one session, and to no other.

    Attributes:
        connectivity: A, from neuron to neuron.
        embedding: e, what each neuron is to the decoder.
        own: G, what a neuron does to itself at each lag, in SD per SD.
        drive: C, what each channel of behavior does to it, in SD per SD.
        bias: c, in units of eta.
        scaling: Mean and SD in training.
        reference: Runs of frames over which gains are averaged. A fit never changes it.
    """

    connectivity: AbstractConnectivity
    embedding: Float[Array, "feature neuron"]
    own: Float[Array, "lag neuron"]
    drive: Float[Array, "channel neuron"]
    bias: Float[Array, " neuron"]
    scaling: Scaling
    reference: Reference

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.bias.size

    @property
    def n_channels(self) -> int:
        """Number of channels of behavior."""
        return self.drive.shape[0]

    def trained(self) -> tuple[Any, ...]:
        """The leaves that a fit may change."""
        of_neurons = (self.embedding, self.own, self.drive, self.bias)
        return (*self.connectivity.trained(), *of_neurons)


class Memory(NamedTuple):
    """What a forecaster remembers between two frames.

    Attributes:
        activity: Frames that the lags still reach, in SD.
        decoder: What the decoder remembers.
        level: The gain that counts as 1; the same in every frame.
    """

    activity: Float[Array, "trial back neuron"]
    decoder: Any
    level: Float[Array, " neuron"]


class Forecaster(eqx.Module):
    r"""The frame after the last one, of every neuron of one session.

    $$I_t(i) = \sum_{l < p} \sum_{k \neq i} A_l[i, k]\, x_{t-l}(k)$$

    $$\eta_{t+1}(i) = c_i + \sum_{l < p} G_l(i)\, x_{t-l}(i) + C_i b_t + \gamma_t(i)\, I_t(i)
    + D(u_{t-d+1 \dots t}(i), e_i), \qquad u = (x(i), |I(i)|, b)$$

    with x in SD from the mean, b the behavior, D and gamma the two outputs of a decoder that all
    neurons, sessions and animals share. The forecast is eta for a `Gaussian`, a rate made of it for
    `Poisson` counts.

    **Gauge.** A decoder that sees the current and answers as it likes can undo whatever is done to
    a row of A, by a factor of any size and sign: strength and sign of connections would mean
    nothing. Here it sees the size of the current and not its sign, so that D, even in I, can carry
    nothing linear; and the gain is above 0, and what it makes of the current has a regression on
    the current of slope 1 over R, some frames of training:

    $$\gamma_t(i) = g_t(i)\, \frac{\langle I(i)^2 \rangle_R}{\langle g(i)\, I(i)^2 \rangle_R},
    \quad 0 < g < 2, \qquad \text{so} \qquad
    \frac{\langle \gamma(i) I(i) \cdot I(i) \rangle_R}{\langle I(i)^2 \rangle_R} = 1$$

    Two such models that make the same forecasts have the same A: with rows A' = k A the parts odd
    in I agree only if gamma' = gamma / k, so k > 0 as both are positive, and k = 1 as both have
    slope 1. **A current of 1 SD moves eta by 1, in the sense of least squares.** What remains to
    the decoder is what is curved: saturation (a gain that falls with |I|), thresholds (|I| added to
    I), gating by the neuron's own past and the behavior. With `reads_current=False` gamma is 1, and
    A is the slope of eta in every frame.

    (A gain of 1 by derivative, at rest or as a mean over some frames, fixes the gauge in theory
    and not in practice: decoders of 4 units learned a kink where it was taken, and all but undid
    a flipped row.)

    What was not observed counts as the mean.

    Attributes:
        decoder: D.
        circuit: Everything else.
        likelihood: From eta to what is measured.

    Source:
        SynapsNet-style, a reconstruction: Delavari, Oruc and Murphy, arXiv 2411.08221 (2024)
        describe embeddings, directed currents and one decoder for all neurons; lags, linear paths,
        the gauge and Poisson counts are ours.
    """

    decoder: AbstractDecoder
    circuit: Circuit
    likelihood: AbstractLikelihood

    @property
    def n_context(self) -> int:
        """Frames until the first forecast: those that window and lags reach."""
        return n_context(self.decoder, self.circuit.connectivity.n_lags)

    def __call__(
        self,
        activity: Float[Array, "trial time neuron"],
        behavior: Float[Array, "trial time channel"],
        level: Float[Array, " neuron"] | None = None,
    ) -> Float[Array, "trial later neuron"]:
        """The eta after each frame from `n_context` - 1 on; the last is of a frame not yet seen.

        Args:
            activity: x, in SD; 0 where not observed.
            behavior: b, in SD; 0 where not observed.
            level: `level()`, for a caller that has made it before.
        """
        circuit = self.circuit
        current = circuit.connectivity.current(after_rest(activity, circuit))
        eta, gain = self._decoded(activity, current, behavior)
        last = _last(current, eta)
        if gain is not None:
            level = self.level() if level is None else level
            last = last * (gain / level[None, None])
        eta = eta + last + circuit.bias[None, None] + _last(behavior, eta) @ circuit.drive
        for lag, strength in enumerate(circuit.own):
            eta = eta + strength[None, None] * _last(activity, eta, lag)
        return eta

    def inputs(
        self,
        activity: Float[Array, "trial time neuron"],
        behavior: Float[Array, "trial time channel"] | None,
    ) -> tuple[Float[Array, "trial time neuron"], Float[Array, "trial time channel"]]:
        """Activity and behavior in their own units as `__call__` wants them.

        Args:
            activity: NaN where not observed.
            behavior: Likewise; None for a forecaster that knows none.
        """
        if behavior is None:
            behavior = jnp.zeros((*activity.shape[:2], 0), activity.dtype)
        scaling = self.circuit.scaling
        x, b = scaling.standardize(activity), scaling.standardize_behavior(behavior)
        return jnp.nan_to_num(x), jnp.nan_to_num(b)

    def forecast(
        self,
        activity: Float[Array, "trial time neuron"],
        behavior: Float[Array, "trial time channel"] | None = None,
    ) -> Float[Array, "trial time neuron"]:
        """What is expected in each frame given those before it, in the unit of the activity.

        NaN in the first `n_context` frames of each trial, for which there is no forecast.

        Args:
            activity: In its own unit; NaN where not observed.
            behavior: In its own units; NaN where not observed.
        """
        x, b = (part[:, :-1] for part in self.inputs(activity, behavior))
        level = self.level()
        eta = self(x, b, level) if self.decoder.remembers else self._in_blocks(x, b, level)
        expected = self.likelihood.expected(eta, self.circuit.scaling)
        before = jnp.full_like(activity[:, : self.n_context], jnp.nan)
        return jnp.concatenate([before, expected], axis=1)

    def _in_blocks(self, x: Array, b: Array, level: Array) -> Array:
        """As `__call__` of a decoder without memory, a block of frames after the other."""
        n_later = x.shape[1] - self.n_context + 1
        n_blocks = -(-n_later // BLOCK)
        missing = n_blocks * BLOCK - n_later
        x, b = (jnp.pad(part, ((0, 0), (0, missing), (0, 0))) for part in (x, b))

        def block(number: Array) -> Array:
            size = self.n_context - 1 + BLOCK
            first = number * BLOCK
            now, shown = (
                jax.lax.dynamic_slice_in_dim(part, first, size, axis=1) for part in (x, b)
            )
            return self(now, shown, level)

        blocks = jnp.moveaxis(jax.lax.map(block, jnp.arange(n_blocks)), 0, 1)
        return blocks.reshape(len(x), -1, x.shape[2])[:, :n_later]

    def start(self, n_trials: int, level: Float[Array, " neuron"] | None = None) -> Memory:
        """What it remembers before the first frame: rest.

        Args:
            n_trials: How many trials it will run.
            level: `level()`, for a caller that has made it before.
        """
        n, n_more = self.circuit.n_neurons, self.circuit.connectivity.n_lags - 1
        return Memory(
            jnp.zeros((n_trials, n_more, n), self.circuit.bias.dtype),
            self.decoder.start(n_trials, n),
            self.level() if level is None else level,
        )

    def step(
        self,
        memory: Memory,
        activity: Float[Array, "trial neuron"],
        behavior: Float[Array, "trial channel"],
    ) -> tuple[Memory, Float[Array, "trial neuron"]]:
        """As `__call__`, frame by frame: what it remembers after a frame, and eta of the next.

        The first `n_context` - 1 values of eta know less than their whole context.

        Args:
            memory: From `start` or the step before.
            activity: x in this frame.
            behavior: b in this frame.
        """
        frames = jnp.concatenate([memory.activity, activity[:, None]], axis=1)
        current = self.circuit.connectivity.current(frames)[:, -1]
        return self.respond(memory, activity, current, behavior)

    def respond(
        self,
        memory: Memory,
        activity: Float[Array, "trial neuron"],
        current: Float[Array, "trial neuron"],
        behavior: Float[Array, "trial channel"],
    ) -> tuple[Memory, Float[Array, "trial neuron"]]:
        """`step` with a current of the caller's: every neuron by itself.

        Args:
            memory: From `start` or the step before.
            activity: x in this frame, as the neuron itself sees it.
            current: I in this frame, before the gain.
            behavior: b in this frame.
        """
        circuit, reads = self.circuit, self.decoder.reads_current
        frames = jnp.concatenate([memory.activity, activity[:, None]], axis=1)
        size = jnp.abs(current)[:, None] if reads else None
        seen = Seen(activity[:, None], size, behavior[:, None])
        decoder, (added, gain) = self.decoder.step(memory.decoder, seen, circuit.embedding)
        if gain is not None:
            current = current * (gain[:, 0] / memory.level[None])
        eta = added[:, 0] + current + circuit.bias[None] + behavior @ circuit.drive
        eta = eta + jnp.einsum("ln,tln->tn", circuit.own[::-1], frames)
        return memory._replace(activity=frames[:, 1:], decoder=decoder), eta

    def connectivity(self, *, standardized: bool = False) -> Float[Array, "lag post pre"]:
        """A as `weight[lag, post, pre]`: change of eta(post) by a change of x(pre).

        Args:
            standardized: In SD of post per SD of pre, as fitted (for Poisson in units of eta per
                SD of pre). If not, in the unit of post per unit of pre (for Poisson in units of
                eta per count).
        """
        weight, sd = self.circuit.connectivity.weight(), self.circuit.scaling.sd
        if standardized:
            return weight
        return weight * self.likelihood.unit(self.circuit.scaling)[None, :, None] / sd[None, None]

    def level(self) -> Float[Array, " neuron"]:
        """The raw gain g that counts as 1: its mean over the reference, weighted by I^2."""
        circuit, runs = self.circuit, self.circuit.reference
        if not self.decoder.reads_current:
            return jnp.ones_like(circuit.bias)
        current = circuit.connectivity.current(after_rest(runs.activity, circuit))
        n_runs, n = len(current), self.decoder.together
        n = n_runs if n_runs % n else n  # so many at once stay in cache

        def sums(some: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            gain = self._decoded(*some).gain
            assert gain is not None  # the decoder reads the current
            weight = _last(some[1], gain) ** 2 + LEAST
            return jnp.sum(weight * gain, axis=(0, 1)), jnp.sum(weight, axis=(0, 1))

        groups = jax.tree.map(
            lambda part: part.reshape(n_runs // n, n, *part.shape[1:]),
            (runs.activity, current, runs.behavior),
        )
        weighted, weights = jax.lax.map(jax.checkpoint(sums), groups)
        return weighted.sum(axis=0) / weights.sum(axis=0)

    def _decoded(self, activity: Array, current: Array, behavior: Array) -> Decoded:
        size = jnp.abs(current) if self.decoder.reads_current else None
        skip = self.n_context - self.decoder.window
        return self.decoder(Seen(activity, size, behavior), self.circuit.embedding, skip=skip)


class SessionForecasters(eqx.Module):
    """One decoder, and the circuits of all sessions that it is shared by.

    Attributes:
        decoder: Shared by all neurons of all sessions.
        circuits: One a session.
        likelihood: Of all of them.
    """

    decoder: AbstractDecoder
    circuits: tuple[Circuit, ...]
    likelihood: AbstractLikelihood

    def of(self, session: int) -> Forecaster:
        """The forecaster of one session."""
        return Forecaster(self.decoder, self.circuits[session], self.likelihood)


def n_context(decoder: AbstractDecoder | AbstractDecoderForm, n_lags: int) -> int:
    """Frames until the first forecast: those that window and lags reach."""
    window = decoder.window
    return window + n_lags - 1 if decoder.reads_current else max(window, n_lags)


def after_rest(activity: Array, circuit: Circuit) -> Array:
    """Activity with so many frames of rest before it that there is a current in each."""
    n_more = circuit.connectivity.n_lags - 1
    rest = jnp.zeros((len(activity), n_more, activity.shape[2]), activity.dtype)
    return jnp.concatenate([rest, activity], axis=1)


def _last(series: Array, like: Array, back: int = 0) -> Array:
    """As many frames as `like` has, the last of them `back` frames before the end."""
    stop = series.shape[1] - back
    return series[:, stop - like.shape[1] : stop]
