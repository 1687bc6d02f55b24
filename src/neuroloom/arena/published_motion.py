"""The motion of the paper whose networks stand in for a circuit: a random walk of the velocity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from neuroloom.arena.barriers import Barriers, first_hit
from neuroloom.arena.motion import AbstractMotion, Row, State, check_motion

__all__ = ["PublishedMotion"]

N_QUANTILES = 4097


@dataclass(frozen=True)
class PublishedMotion(AbstractMotion):
    r"""A velocity that walks at random, reversed and turned at walls.

    $$x_{t+1} = x_t + v_t \Delta t, \qquad
    v_{t+1} = v_t + \ell\,\sigma \sqrt{\Delta t}\,\xi_t, \quad \xi \sim N(0, 1)$$

    A step that meets a wall is not taken: the walker stays for that step, and its velocity becomes
    R(theta)(-v), theta from a von Mises distribution around 0, before the noise is added. Nothing
    pulls the velocity back: without walls the variance of each component grows by
    (l sigma)^2 a second. The head points along the velocity.

    The published run also left steps that met a wall out of its record; select `Walk.free` to get
    that record, whose samples are then not evenly spaced.

    Attributes:
        start_sd: SD of each component of the first velocity, lengths/s. At least 0.
        noise_sd: sigma, lengths/s in the square root of a second. At least 0.
        concentration: Of the von Mises distribution of turns at walls; 0 for any direction alike.
        length: l, how many m one length is. Above 0.
        published_noise: Add noise of SD sigma dt instead of sigma sqrt(dt), as the published code
            does: the variance then grows by (l sigma)^2 dt a second, and halving `dt` halves it.

    Source:
        Liu, Mavor-Parker, Barry, arXiv 2211.12935, and their public code: dt 0.1 s, start 2, noise
        1, concentration 2. It names no unit; with our length 11 of 1,200 steps (5 to 21 in 8 of 10
        runs) meet a wall of the 3.2 m box under `published_noise`, where theirs lost 6 to 15. We
        depart in: noise that does not depend on `dt`, unless `published_noise`; no step crosses
        a wall (there, barriers along an axis let some through).
    """

    start_sd: float = 2.0
    noise_sd: float = 1.0
    concentration: float = 2.0
    length: float = 0.05
    published_noise: bool = False

    def __post_init__(self) -> None:
        check_motion(self, above_0=("length",))

    def begin(self, x: Row, y: Row, key: PRNGKeyArray) -> State:
        """Velocities drawn from a normal distribution.

        Args:
            x: m.
            y: m.
            key: Draws the velocities.
        """
        vx, vy = self.length * self.start_sd * jax.random.normal(key, (2, *x.shape), x.dtype)
        ones = jnp.ones_like(x)
        begun = State(x, y, vx, vy, jnp.zeros_like(x), ones, jnp.zeros_like(x), ones > 0)
        return _headed(begun)

    def step(self, state: State, barriers: Barriers, key: PRNGKeyArray, dt: float) -> State:
        """Every walker one step later.

        Args:
            state: Before the step.
            barriers: Walls that no step may cross.
            key: Draws the noise and the turns at walls.
            dt: Length of the step, s.
        """
        noise_key, turn_key = jax.random.split(key)
        vx, vy = state.velocity_x, state.velocity_y
        x, y = state.x + vx * dt, state.y + vy * dt
        hit, _, _ = first_hit(barriers, state.x, state.y, x, y)
        turn = self._turn(jax.random.uniform(turn_key, x.shape, x.dtype))
        cos, sin = jnp.cos(turn), jnp.sin(turn)
        noise = jax.random.normal(noise_key, (2, *x.shape), x.dtype)
        spread = self.length * self.noise_sd * (dt if self.published_noise else dt**0.5)
        return _headed(
            state._replace(
                x=jnp.where(hit, state.x, x),
                y=jnp.where(hit, state.y, y),
                velocity_x=jnp.where(hit, sin * vy - cos * vx, vx) + spread * noise[0],
                velocity_y=jnp.where(hit, -sin * vx - cos * vy, vy) + spread * noise[1],
                free=~hit,
            )
        )

    def _turn(self, uniform: Row) -> Row:
        """Angles from quantiles, in rad: linear between 4,097 of them."""
        quantiles = jnp.asarray(_von_mises_quantiles(self.concentration), uniform.dtype)
        place = uniform * (N_QUANTILES - 1)
        below = jnp.clip(place.astype(int), 0, N_QUANTILES - 2)
        share = place - below
        return (1 - share) * quantiles[below] + share * quantiles[below + 1]


@cache
def _von_mises_quantiles(concentration: float) -> np.ndarray:
    """Angles below which 0, 1 / 4,096, ... of a von Mises distribution lie, in rad.

    The density is summed by trapezoids, whose error for it falls faster than any power.
    """
    angle = np.linspace(-np.pi, np.pi, 16 * N_QUANTILES)
    density = np.exp(concentration * (np.cos(angle) - 1))
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp(np.linspace(0, 1, N_QUANTILES), below / below[-1], angle)


def _headed(state: State) -> State:
    """With the head along the velocity."""
    speed = jnp.sqrt(state.velocity_x**2 + state.velocity_y**2)
    still = speed == 0
    speed = jnp.where(still, 1.0, speed)
    return state._replace(
        head_x=jnp.where(still, state.head_x, state.velocity_x / speed),
        head_y=jnp.where(still, state.head_y, state.velocity_y / speed),
    )
