"""A pulse in one of two channels asks for a few cycles of a sine wave."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.trials import Trials

__all__ = ["Cycling"]


@dataclass(frozen=True)
class Cycling:
    r"""After a pulse at time t_I in channel c, a sine of as many cycles as c asks for.

    $$z(t) = \sin(\omega (t - t_I)) \quad \text{for } 0 \le t - t_I < 2\pi n_c / \omega,
    \quad \text{else } 0$$

    A pulse has height 1 and lasts one step, channels are equally likely, and onsets are uniform in
    `onset`, on the grid of steps. In catch trials there is no pulse and the output stays 0. Every
    target counts. Sample k of the targets is the output after step k, at time (k + 1) dt.

    The task has no physical unit of time: one time unit counts as one second.

    Attributes:
        dt: Step, in seconds.
        duration: Of a trial, in seconds.
        onset: Earliest and latest start of the pulse, in seconds.
        n_cycles: Cycles that each channel asks for.
        angular_speed: omega, in radians per second.
        catch: Probability that a trial has no pulse.

    Example:
        >>> import jax
        >>> trials = Cycling()(jax.random.key(0), 3)
        >>> trials.inputs.shape, trials.targets.shape
        ((3, 400, 2), (3, 400, 1))

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 1.
    """

    dt: float = 0.05
    duration: float = 20.0
    onset: tuple[float, float] = (2.0, 5.0)
    n_cycles: tuple[float, ...] = (2.0, 5.0)
    angular_speed: float = 3.0
    catch: float = 0.2

    def __post_init__(self) -> None:
        if not (self.dt > 0 and self.angular_speed > 0 and 0 <= self.catch <= 1):
            raise InputError(
                "`dt` and `angular_speed` must be above 0 and `catch` a probability; got "
                f"{self.dt}, {self.angular_speed} and {self.catch}. Give seconds, radians per "
                "second and a fraction such as 0.2."
            )
        longest = 2 * np.pi * max(self.n_cycles, default=0.0) / self.angular_speed
        if not 0 <= self.onset[0] <= self.onset[1] <= self.duration - longest:
            raise InputError(
                "`onset` must leave room for every cycle: 0 to `duration` less "
                f"{longest:.4g} s for the {max(self.n_cycles, default=0.0):g} cycles of a trial of "
                f"{self.duration:g} s; got {self.onset}. Start earlier, or lengthen the trial."
            )

    @property
    def n_steps(self) -> int:
        """Steps in a trial."""
        return round(self.duration / self.dt)

    @property
    def n_inputs(self) -> int:
        """Inputs: a channel for each number of cycles."""
        return len(self.n_cycles)

    @property
    def n_outputs(self) -> int:
        """One output."""
        return 1

    def __call__(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw n trials."""
        channel_key, onset_key, catch_key = jax.random.split(key, 3)
        channel = jax.random.randint(channel_key, (n,), 0, len(self.n_cycles))
        low, high = self.onset
        start = jax.random.uniform(onset_key, (n,), minval=low, maxval=high)
        step = jnp.floor(start / self.dt).astype(int)
        pulsed = jax.random.uniform(catch_key, (n,)) >= self.catch
        return self._trials(channel, step, pulsed)

    def _trials(self, channel: Array, step: Array, pulsed: Array) -> Trials:
        n = channel.size
        steps = jnp.arange(self.n_steps)
        at_onset = (steps[None, :] == step[:, None]) & pulsed[:, None]
        asked = channel[:, None] == jnp.arange(len(self.n_cycles))[None, :]
        inputs = at_onset[:, :, None] & asked[:, None, :]
        since = (steps[None, :] + 1 - step[:, None]) * self.dt
        cycles = jnp.asarray(self.n_cycles)[channel][:, None]
        lasts = 2 * np.pi * cycles / self.angular_speed
        active = (since >= 0) & (since < lasts) & pulsed[:, None]
        targets = jnp.where(active, jnp.sin(self.angular_speed * since), 0.0)[:, :, None]
        return Trials(inputs.astype(targets.dtype), targets, jnp.ones((n, self.n_steps, 1), bool))
