"""From an angular velocity and a first heading, keep the heading."""

from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.heading_codes import AbstractHeadingCode, SineCosine, wrapped
from neuroloom.tasks.leaky_sum import leaky_sum
from neuroloom.tasks.trials import Trials

__all__ = ["AngularIntegration"]


@dataclass(frozen=True)
class AngularIntegration:
    r"""Integrate an angular velocity with momentum from a heading that is shown at first.

    $$v_t = s\,a\,g_t + m\,v_{t-1}, \quad g_t \sim N(0, 1), \qquad
    \theta_t = \theta_{t-1} + v_t \bmod 2 \pi$$

    Inputs are v (rad/step, counter-clockwise positive), sin theta_0 and cos theta_0. The last two
    are on for the first `cue_steps` only, while v = 0 and targets do not count. theta_0 is uniform.
    A share `still` of the trials has a stretch of v = 0: from a step uniform in 0 to T/3, as long
    as uniform in 0 to 2T/3 steps (whole numbers, ends included). v restarts from 0 after the cue
    and after the stretch, so that its SD, s a / sqrt(1 - m^2), is reached about 10 steps later.

    Attributes:
        dt: Step, in seconds.
        n_steps: T, steps of a trial, the cue included.
        momentum: m, 0 to below 1.
        sd: s, of what each step adds to v, in rad/step.
        speed: a, the range of angular velocities: 0.1, 1 and 3 as published.
        still: Share of trials with a stretch of v = 0. Of n trials n times the share have one, give
            or take less than one, at places that differ from draw to draw.
        cue_steps: Steps for which the first heading is shown.
        code: Of the heading in the outputs: `SineCosine()` or `Ring(n)`.

    Example:
        >>> import jax
        >>> task = AngularIntegration(n_steps=100)
        >>> trials = task(jax.random.key(0), 3)
        >>> trials.inputs.shape, trials.targets.shape
        ((3, 100, 3), (3, 100, 2))
        >>> bool(abs(task.heading(trials) - task.decoded(trials.targets)).max() < 1e-4)
        True

    Source:
        Cueva, Wang, Chin and Wei, ICLR 2020, arXiv 1912.10189; constants from the first author's
        code. Ours: which trials have a stretch is drawn, where the code takes the first half of
        them; the code's stretch starts one step earlier and is one step longer.
    """

    dt: float = 0.025
    n_steps: int = 500
    momentum: float = 0.8
    sd: float = 0.03
    speed: float = 1.0
    still: float = 0.5
    cue_steps: int = 10
    code: AbstractHeadingCode = field(default_factory=SineCosine)

    def __post_init__(self) -> None:
        if not (self.dt > 0 and self.sd >= 0 and self.speed >= 0):
            raise InputError(
                "`dt` must be above 0 and `sd` and `speed` at least 0; got "
                f"{self.dt}, {self.sd} and {self.speed}. Use 0.025, 0.03 and 1, as published."
            )
        if not (0 <= self.momentum < 1 and 0 <= self.still <= 1):
            raise InputError(
                "`momentum` must be 0 to below 1 and `still` a share; got "
                f"{self.momentum} and {self.still}. Use 0.8 and 0.5, as published."
            )
        if not 1 <= self.cue_steps < self.n_steps:
            raise InputError(
                "`cue_steps` must be at least 1 and leave steps to integrate; got "
                f"{self.cue_steps} of {self.n_steps} steps. Lengthen the trial."
            )

    @property
    def n_inputs(self) -> int:
        """Inputs: angular velocity, sine and cosine of the first heading."""
        return 3

    @property
    def n_outputs(self) -> int:
        """Outputs, as the code has them."""
        return self.code.n_outputs

    def __call__(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw n trials."""
        return _drawn(self, key, n)

    def _draw(self, key: PRNGKeyArray, n: int) -> Trials:
        start_key, pause_key, noise_key = jax.random.split(key, 3)
        noise = jax.random.normal(noise_key, (n, self.n_steps))
        first = jax.random.uniform(start_key, (n, 1), noise.dtype, 0, 2 * np.pi)
        velocity = self._velocity(noise, self._stretches(pause_key, n))
        shown = (jnp.arange(self.n_steps) < self.cue_steps)[None, :]
        cues = [jnp.where(shown, part, 0.0) for part in (jnp.sin(first), jnp.cos(first))]
        targets = self.code.targets(first + leaky_sum(velocity))
        mask = jnp.broadcast_to(~shown[:, :, None], targets.shape)
        return Trials(jnp.stack([velocity, *cues], axis=-1), targets, mask)

    def heading(self, trials: Trials) -> Float[Array, "trial time"]:
        """True heading after each step, in rad, [0, 2 pi).

        Args:
            trials: Of this task; read from the inputs, so that codes do not matter.
        """
        first = jnp.arctan2(trials.inputs[:, :1, 1], trials.inputs[:, :1, 2])
        return wrapped(first + leaky_sum(self.angular_velocity(trials)))

    def angular_velocity(self, trials: Trials) -> Float[Array, "trial time"]:
        """Turn in each step, in rad/step, counter-clockwise positive.

        Args:
            trials: Of this task.
        """
        return trials.inputs[:, :, 0]

    def decoded(self, outputs: Float[Array, "trial time output"]) -> Float[Array, "trial time"]:
        """Heading that outputs say, in rad, [0, 2 pi).

        Args:
            outputs: Of a network, in the task's code.
        """
        return self.code.decode(outputs)

    def _stretches(self, key: PRNGKeyArray, n: int) -> Bool[Array, "trial time"]:
        """Where v = 0. Systematic sampling: every trial is as likely, their number is fixed."""
        place_key, start_key, length_key = jax.random.split(key, 3)
        passed = jnp.floor(self.still * jnp.arange(n + 1) + jax.random.uniform(place_key))
        third, thirds = round(self.n_steps / 3), round(2 * self.n_steps / 3)
        start = jax.random.randint(start_key, (n, 1), 0, third + 1)
        length = jax.random.randint(length_key, (n, 1), 0, thirds + 1)
        steps = jnp.arange(self.n_steps)[None, :]
        return (jnp.diff(passed) > 0)[:, None] & (steps >= start) & (steps < start + length)

    def _velocity(
        self, noise: Float[Array, "trial time"], paused: Bool[Array, "trial time"]
    ) -> Float[Array, "trial time"]:
        """The filtered noise, less what it would remember of the time before the stretch."""
        steps = jnp.arange(self.n_steps)[None, :]
        active = (steps >= self.cue_steps) & ~paused
        driven = leaky_sum(jnp.where(active, self.speed * self.sd * noise, 0.0), self.momentum)
        last = jnp.max(jnp.where(paused, steps, -1), axis=1, keepdims=True)
        there = jnp.take_along_axis(driven, jnp.maximum(last, 0), axis=1)
        left = jnp.asarray(self.momentum ** np.arange(self.n_steps + 1.0), noise.dtype)
        after = (last >= 0) & (steps > last)
        remembered = jnp.where(after, there * left[jnp.maximum(steps - last, 0)], 0.0)
        return jnp.where(active, driven - remembered, 0.0)


@partial(jax.jit, static_argnames=("task", "n"))
def _drawn(task: AngularIntegration, key: PRNGKeyArray, n: int) -> Trials:
    """One program a task and n: step by step, the first draw takes seconds to compile."""
    return task._draw(key, n)
