"""Several bits of memory, each set by the last pulse in its own channel."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.trials import Trials

__all__ = ["FlipFlop"]


@dataclass(frozen=True)
class FlipFlop:
    r"""Hold in every output the sign of the last pulse in the input of the same number.

    $$y_{t,c} = u_{s,c}, \quad s = \max \{ s \le t : u_{s,c} \ne 0 \}$$

    A trial is cut into slots of `width` steps. Slots hold a pulse of height +1 or -1, equally
    likely, for all their steps, or nothing; the first slot always holds one in every channel, so
    that every target is defined and counts.

    The task has no physical unit of time: one time unit counts as one second.

    Attributes:
        n_bits: Channels, and outputs.
        dt: Step, in seconds.
        n_steps: Steps in a trial.
        pulse: Probability of a pulse in each slot and channel.
        width: Steps that a pulse lasts. A leaky network of time constant 10 dt needs about 10, and
            rarer pulses; the published ones of one step are for a network without leak.

    Example:
        >>> import jax
        >>> trials = FlipFlop()(jax.random.key(0), 4)
        >>> trials.inputs.shape, trials.targets.shape
        ((4, 64, 3), (4, 64, 3))

    Source:
        Sussillo and Barak, Neural Comput. 25:626 (2013), the 3-bit flip-flop. Constants are those
        of Golub and Sussillo, J. Open Source Softw. 3:1003 (2018), example code: 64 steps, a pulse
        in each step and channel with probability 0.5.
    """

    n_bits: int = 3
    dt: float = 1.0
    n_steps: int = 64
    pulse: float = 0.5
    width: int = 1

    def __post_init__(self) -> None:
        if not (self.dt > 0 and 0 <= self.pulse <= 1):
            raise InputError(
                f"`dt` must be above 0 and `pulse` a probability; got {self.dt} and {self.pulse}. "
                "Use 1 and 0.5, as published."
            )
        if min(self.n_bits, self.width) < 1 or self.n_steps < self.width:
            raise InputError(
                "`n_bits` and `width` must be at least 1 and a trial as long as a pulse; got "
                f"{self.n_bits}, {self.width} and {self.n_steps} steps. Lengthen the trial."
            )

    @property
    def n_inputs(self) -> int:
        """Inputs: a channel for each bit."""
        return self.n_bits

    @property
    def n_outputs(self) -> int:
        """Outputs: one for each bit."""
        return self.n_bits

    def __call__(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw n trials."""
        return _drawn(self, key, n)

    def _draw(self, key: PRNGKeyArray, n: int) -> Trials:
        pulse_key, sign_key = jax.random.split(key)
        slots = jnp.arange(-(-self.n_steps // self.width))
        shape = (n, slots.size, self.n_bits)
        pulsed = jax.random.bernoulli(pulse_key, self.pulse, shape) | (slots == 0)[None, :, None]
        sign = jnp.where(jax.random.bernoulli(sign_key, 0.5, shape), 1.0, -1.0)
        last = jax.lax.cummax(jnp.where(pulsed, slots[None, :, None], 0), axis=1)
        inputs = jnp.where(pulsed, sign, 0.0)
        targets = jnp.take_along_axis(sign, last, axis=1)
        inputs, targets = (
            jnp.repeat(part, self.width, axis=1)[:, : self.n_steps] for part in (inputs, targets)
        )
        return Trials(inputs, targets, jnp.ones(targets.shape, bool))


@partial(jax.jit, static_argnames=("task", "n"))
def _drawn(task: FlipFlop, key: PRNGKeyArray, n: int) -> Trials:
    return task._draw(key, n)
