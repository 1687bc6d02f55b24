"""From speed and direction of movement, keep the position in a square arena."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.leaky_sum import leaky_sum
from neuroloom.tasks.trials import Trials

__all__ = ["PathIntegration"]


@dataclass(frozen=True)
class PathIntegration:
    r"""Integrate a velocity, shown as speed and direction, into x and y.

    $$\phi_t = \phi_{t-1} + \omega \sqrt{dt}\, g_t, \qquad
    (x, y)_t = (x, y)_{t-1} + dt\, v_t\, (\cos \phi_t, \sin \phi_t)$$

    The animal starts in the middle in any direction. Its speed is Rayleigh distributed and forgets
    itself with `speed_memory`. Walls reflect it like a mirror. Inputs are the speed in m/s, and
    sine and cosine of the direction in which it really moved in the step; outputs are x and y in m
    from the middle. Every target counts.

    Attributes:
        dt: Step, in seconds.
        n_steps: Steps in a trial.
        side: Of the square arena, in m.
        mean_speed: Mean of v, in m/s.
        speed_memory: Time constant with which speed forgets itself, in seconds.
        turning: omega, spread of the direction after one second, in rad.

    Example:
        >>> import jax
        >>> task = PathIntegration(n_steps=50)
        >>> trials = task(jax.random.key(0), 3)
        >>> trials.inputs.shape, trials.targets.shape
        ((3, 50, 3), (3, 50, 2))
        >>> bool(abs(task.position(trials) - trials.targets).max() < 1e-5)
        True

    Source:
        Cueva and Wei, ICLR 2018, arXiv 1803.07770: speed and direction in, coordinates out, a
        random walk in direction, a start in the middle, 500 steps. Their text gives no numbers of
        the motion; these are ours, near those of Banino et al., Nature 557:429 (2018), for rats.
        Ours too: direction as sine and cosine, as an angle jumps at 2 pi; and mirrors, where
        theirs draws another direction until it stays inside.
    """

    dt: float = 0.025
    n_steps: int = 500
    side: float = 1.0
    mean_speed: float = 0.16
    speed_memory: float = 0.5
    turning: float = 0.8

    def __post_init__(self) -> None:
        positive = (self.dt, self.side, self.mean_speed, self.speed_memory)
        if not (min(positive) > 0 and self.turning >= 0 and self.n_steps >= 1):
            raise InputError(
                "`dt`, `side`, `mean_speed` and `speed_memory` must be above 0, `turning` at least "
                f"0 and `n_steps` at least 1; got {positive}, {self.turning} and {self.n_steps}. "
                "Give seconds, m, m/s and rad."
            )

    @property
    def n_inputs(self) -> int:
        """Inputs: speed, sine and cosine of the direction."""
        return 3

    @property
    def n_outputs(self) -> int:
        """Outputs: x and y."""
        return 2

    def __call__(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw n trials."""
        return _drawn(self, key, n)

    def position(self, trials: Trials) -> Float[Array, "trial time 2"]:
        """True position after each step, x and y in m from the middle.

        Args:
            trials: Of this task; read from the inputs.
        """
        speed, sine, cosine = (trials.inputs[:, :, k] for k in range(3))
        walked = [leaky_sum(self.dt * speed * part) for part in (cosine, sine)]
        return jnp.stack(walked, axis=-1)

    def _draw(self, key: PRNGKeyArray, n: int) -> Trials:
        first_key, turn_key, speed_key = jax.random.split(key, 3)
        turn = jax.random.normal(turn_key, (n, self.n_steps)) * self.turning * self.dt**0.5
        first = jax.random.uniform(first_key, (n, 1), turn.dtype, 0, 2 * np.pi)
        direction = first + leaky_sum(turn)
        length = self.dt * self._speed(speed_key, n)
        walked = [leaky_sum(length * part(direction)) for part in (jnp.cos, jnp.sin)]
        position = jnp.stack([self._inside(one) for one in walked], axis=-1)
        moved = jnp.diff(position, axis=1, prepend=jnp.zeros((n, 1, 2), position.dtype))
        speed = jnp.sqrt(jnp.sum(moved**2, axis=-1))
        along = moved / jnp.maximum(speed, 1e-12)[:, :, None]
        inputs = jnp.stack([speed / self.dt, along[:, :, 1], along[:, :, 0]], axis=-1)
        return Trials(inputs, position, jnp.ones(position.shape, bool))

    def _speed(self, key: PRNGKeyArray, n: int) -> Float[Array, "trial time"]:
        """Length of a vector of two Gaussians with memory, stationary from the first step on."""
        kept = float(np.exp(-self.dt / self.speed_memory))
        noise = jax.random.normal(key, (2 * n, self.n_steps))
        fresh = jnp.asarray(np.where(np.arange(self.n_steps) == 0, 1.0, (1 - kept**2) ** 0.5))
        both = leaky_sum(noise * fresh.astype(noise.dtype)[None, :], kept)
        return self.mean_speed * (2 / np.pi) ** 0.5 * jnp.sqrt(both[:n] ** 2 + both[n:] ** 2)

    def _inside(self, walked: Float[Array, "trial time"]) -> Float[Array, "trial time"]:
        """One coordinate of a free path, folded at the walls: what mirrors make of it."""
        half = self.side / 2
        return half - jnp.abs(jnp.mod(walked + half, 4 * half) - 2 * half)


@partial(jax.jit, static_argnames=("task", "n"))
def _drawn(task: PathIntegration, key: PRNGKeyArray, n: int) -> Trials:
    return task._draw(key, n)
