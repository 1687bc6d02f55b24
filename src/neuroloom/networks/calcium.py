r"""From rates to calcium: a filter of one or two exponentials, with parameters of each neuron.

Kernels k have area 1, so that a rate r held for long reads y0 + A r whatever the time constants,
and the amplitude A is in dF/F per unit of rate. Time is solved exactly for rates that are constant
between samples.
"""

import abc
from typing import no_type_check

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from neuroloom.errors import InputError
from neuroloom.networks.observation import AbstractTemporalObservation
from neuroloom.networks.parameters import Shared, global_value

__all__ = ["AbstractCalciumKernel", "Calcium", "DoubleExponential", "SingleExponential"]


class AbstractCalciumKernel(eqx.Module):
    """The shape in time of what a rate leaves behind: positive, causal, of area 1."""

    @abc.abstractmethod
    def time_constants(self) -> dict[str, Shared]:
        """Each by its name, in seconds."""

    @abc.abstractmethod
    def filtered(
        self,
        rates: Float[Array, "time *trial neuron"],
        dt: float | Float[Array, ""],
        before: Float[Array, "*trial neuron"],
    ) -> Float[Array, "time *trial neuron"]:
        """The rates, filtered, in their own unit.

        Args:
            rates: Each is held over the step that ends at its sample.
            dt: Step, in seconds, above 0.
            before: Rates since ever before the first step.
        """


class SingleExponential(AbstractCalciumKernel):
    r"""A jump and a decay: $$k(s) = e^{-s / \tau_d} / \tau_d$$.

    Attributes:
        decay: tau_d, in seconds, above 0. A single spike jumps by A / tau_d.

    Source:
        The first-order model of Vogelstein et al., J. Neurophysiol. 104:3691 (2010), there with an
        amplitude per spike and in Euler steps of a frame; here with area 1 and exact in time.
    """

    decay: Shared

    def time_constants(self) -> dict[str, Shared]:
        """The decay."""
        return {"decay": self.decay}

    def filtered(
        self,
        rates: Float[Array, "time *trial neuron"],
        dt: float | Float[Array, ""],
        before: Float[Array, "*trial neuron"],
    ) -> Float[Array, "time *trial neuron"]:
        """One state a neuron, which moves towards the rate."""
        moved = _row(-jnp.expm1(-dt / self.decay.expand()), before)

        def step(c: Array, rate: Array) -> tuple[Array, Array]:
            c = c + moved * (rate - c)
            return c, c

        return jax.lax.scan(step, before, rates)[1]


class DoubleExponential(AbstractCalciumKernel):
    r"""A rise and a decay: $$k(s) = (e^{-s / \tau_d} - e^{-s / \tau_r}) / (\tau_d - \tau_r)$$.

    Where the two are equal it is its limit, $s\, e^{-s / \tau} / \tau^2$; for tau_r to 0 it becomes
    `SingleExponential`. Exchanging the two changes nothing: it is two decays in a row.

    Attributes:
        rise: tau_r, in seconds, above 0.
        decay: tau_d, in seconds, above 0. A single spike peaks after s* = log(tau_d / tau_r) tau_d
            tau_r / (tau_d - tau_r), at A k(s*).

    Source:
        The usual description of an indicator's response to one spike; area 1 in place of peak 1 is
        ours, because a rate is no spike.
    """

    rise: Shared
    decay: Shared

    def time_constants(self) -> dict[str, Shared]:
        """The rise and the decay."""
        return {"decay": self.decay, "rise": self.rise}

    def filtered(
        self,
        rates: Float[Array, "time *trial neuron"],
        dt: float | Float[Array, ""],
        before: Float[Array, "*trial neuron"],
    ) -> Float[Array, "time *trial neuron"]:
        """Two states a neuron: the first moves towards the rate, the second towards the first."""
        fast, slow = dt / self.rise.expand(), dt / self.decay.expand()
        risen, moved = (_row(-jnp.expm1(-x), before) for x in (fast, slow))
        handed_on = _row(slow * _mean_decay(fast, slow), before)

        def step(carry: tuple[Array, Array], rate: Array) -> tuple[tuple[Array, Array], Array]:
            s, c = carry
            c = c + moved * (rate - c) + handed_on * (s - rate)
            s = s + risen * (rate - s)
            return (s, c), c

        return jax.lax.scan(step, (before, before), rates)[1]


class Calcium(AbstractTemporalObservation):
    r"""Calcium fluorescence of every neuron, in dF/F.

    $$y_i(t) = y^0_i + A_i \int_0^\infty k_i(s)\, r_i(t - s)\, ds$$

    Attributes:
        kernel: k.
        amplitude: A, in dF/F per unit of rate.
        baseline: y0, in dF/F.

    Example:
        Rates of two neurons at 100 steps a second, seen in 10 frames a second, in dF/F:

        >>> import numpy as np
        >>> from neuroloom.connectome import Connectome
        >>> from neuroloom.networks import Linear, RateNetwork
        >>> from neuroloom.simulation import simulate
        >>> a_to_b = Connectome(
        ...     neuron_id=np.array(["a", "b"]), pre=np.array([0]), post=np.array([1]),
        ...     kind=np.array([0]), count=np.array([2]), sign=np.array([1]))
        >>> network = RateNetwork.from_connectome(a_to_b, activation=Linear())
        >>> push_a = jnp.zeros((500, 2)).at[:, 0].set(1.0)
        >>> rates = network.rate(simulate(network, push_a, dt=0.01))
        >>> calcium = Calcium.from_kernel(SingleExponential(global_value(0.5, 2, unit="s")))
        >>> frames = calcium(rates, dt=0.01, before=jnp.zeros(2))[9::10]
        >>> frames.shape, frames[-1].round(2).tolist()
        ((50, 2), [1.0, 2.0])
    """

    kernel: AbstractCalciumKernel
    amplitude: Shared
    baseline: Shared

    @classmethod
    def from_kernel(
        cls,
        kernel: AbstractCalciumKernel,
        *,
        amplitude: Shared | None = None,
        baseline: Shared | None = None,
    ) -> "Calcium":
        """Check and build.

        Args:
            kernel: Its time constants above 0.
            amplitude: In dF/F per unit of rate; default 1, global.
            baseline: In dF/F; default 0, global.

        Raises:
            InputError: If a time constant is not above 0, or neurons differ in number.
        """
        named = kernel.time_constants()
        for name, parameter in named.items():
            seconds = parameter.constraint(parameter.value)
            if not bool((seconds > 0).all()):
                raise InputError(
                    f"`{name}` must be above 0 seconds; the smallest is "
                    f"{float(seconds.min())}. Give seconds; without a rise, use "
                    "`SingleExponential`."
                )
        n = next(iter(named.values())).group.size
        amplitude = amplitude or global_value(1.0, n, unit="dF/F per unit of rate")
        baseline = baseline or global_value(0.0, n, unit="dF/F")
        for name, parameter in {**named, "amplitude": amplitude, "baseline": baseline}.items():
            if parameter.group.size != n:
                raise InputError(
                    f"`{name}` must be for as many neurons as the others ({n}); it is for "
                    f"{parameter.group.size}. Build all from the same connectome."
                )
        return cls(kernel, amplitude, baseline)

    @no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
    def __call__(
        self,
        rates: Float[Array, "*trial time neuron"],
        *,
        dt: float | Float[Array, ""],
        before: Float[Array, "*trial neuron"],
    ) -> Float[Array, "*trial time neuron"]:
        """Calcium in dF/F at each sample, for any trial axes in front.

        Args:
            rates: Each is held over the step that ends at its sample, as `simulate` gives them. A
                NaN spoils all that follows it.
            dt: Step, in seconds, above 0.
            before: Rates since ever before the first step: `rates[..., 0, :]` starts in the steady
                state of the first rate, zeros at the baseline.

        Raises:
            InputError: If shapes or `dt` do not fit.
        """
        n = self.amplitude.group.size
        if rates.ndim < 2 or rates.shape[-1] != n:
            raise InputError(
                f"`rates` must be (..., time, neuron) with {n} neurons; the shape is "
                f"{rates.shape}. Put trials in front and neurons last; pool into regions after."
            )
        if before.shape != (*rates.shape[:-2], n):
            raise InputError(
                "`before` must be one rate a trial and neuron, of shape "
                f"{(*rates.shape[:-2], n)}; its shape is {before.shape}. Use `rates[..., 0, :]` to "
                "start in the steady state of the first rate."
            )
        if not isinstance(dt, Tracer) and not float(dt) > 0:
            raise InputError(f"`dt` must be above 0 seconds; got {dt}. Give the step in seconds.")
        return _observed(self, rates, dt, before)


@eqx.filter_jit
def _observed(
    calcium: Calcium,
    rates: Float[Array, "*trial time neuron"],
    dt: float | Float[Array, ""],
    before: Float[Array, "*trial neuron"],
) -> Float[Array, "*trial time neuron"]:
    amplitude, baseline = calcium.amplitude.expand(), calcium.baseline.expand()
    filtered = calcium.kernel.filtered(jnp.moveaxis(rates, -2, 0), dt, before)
    filtered = jnp.moveaxis(filtered, 0, -2)
    return _row(baseline, filtered) + _row(amplitude, filtered) * filtered


def _mean_decay(x: Float[Array, " neuron"], y: Float[Array, " neuron"]) -> Float[Array, " neuron"]:
    """Mean of exp(-z) over z from x to y, smooth where they meet.

    It is (exp(-y) - exp(-x)) / (x - y), and exp(-(x + y) / 2) sinh(h) / h with h = (x - y) / 2; the
    second by its series where x and y are close, to 1e-19 of its value.
    """
    close = jnp.abs(x - y) < 1
    square = jnp.where(close, (x - y) / 2, 0) ** 2
    series = jnp.ones_like(square)
    for n in (16, 14, 12, 10, 8, 6, 4, 2):
        series = 1 + square / (n * (n + 1)) * series
    apart = (jnp.exp(-y) - jnp.exp(-x)) / jnp.where(close, 1, x - y)
    return jnp.where(close, jnp.exp(-(x + y) / 2) * series, apart)


def _row(values: Float[Array, " neuron"], like: Array) -> Array:
    """Broadcast over batch axes without changing rank silently."""
    return values.reshape((1,) * (like.ndim - 1) + values.shape)
