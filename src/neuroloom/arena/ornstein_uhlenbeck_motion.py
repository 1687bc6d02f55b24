"""Turns and speeds that forget themselves, and walls that repel: how rats move in a box."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from neuroloom.arena.barriers import Barriers, first_hit
from neuroloom.arena.motion import AbstractMotion, Row, State, check_motion
from neuroloom.errors import InputError

__all__ = ["OrnsteinUhlenbeckMotion"]


@dataclass(frozen=True)
class OrnsteinUhlenbeckMotion(AbstractMotion):
    r"""Turns and speeds that forget themselves, and walls that repel, as rats in a box.

    $$d\omega = -\frac{\omega}{\tau_\omega}dt + \sigma_\omega\sqrt{\frac{2}{\tau_\omega}}\,dB, \quad
    dz = -\frac{z}{\tau_v}dt + \sqrt{\frac{2}{\tau_v}}\,dB, \quad
    s = \sigma_v \sqrt{-2 \ln \Phi(-z)}$$

    The velocity turns by omega dt and has the speed s, which is Rayleigh distributed. Within
    `wall_distance` D of a wall at distance r, with V = `wall_strength` sigma_v and thigmotaxis h,
    it gains 3 (1 - h)^2 (V / D)^2 (D - r) dt, and the position alone is carried off by
    6 h^2 V (1 - sqrt(1 - (D - r)^2 / D^2)) dt; walls add up. A step that meets a wall is reflected
    there and taken at half of sigma_v; if that meets a wall too, the walker stays and turns round.
    The head follows the direction of the steps taken with the time constant `head_tau`.

    Attributes:
        rotation_sd: SD of the rotational velocity, rad/s. At least 0.
        rotation_tau: Time over which it is forgotten, s. Above 0.
        speed_scale: Scale of the Rayleigh distribution of speeds, m/s (mean 1.2533 of it). Above 0.
        speed_tau: Time over which the speed is forgotten, s. Above 0.
        thigmotaxis: From 0, walkers turn away from walls, to 1, they stay along them.
        wall_distance: How far a wall is felt, m. Above 0.
        wall_strength: 0 for walls that are not felt.
        head_tau: Time constant of the head, s; 0 for the direction of the last step.
        euler: Take RatInABox's forward Euler steps. By default turns and speeds are exact at any
            `dt`; Euler's rotational SD is larger by 1 / sqrt(1 - dt / (2 tau)), 21 % at 0.05 s.

    Source:
        George et al., eLife 13:e85274 (2024), and RatInABox 1.15.3, whose values are the defaults
        (fitted by its authors to Sargolini et al. 2006). We depart in: exact steps; at most one
        reflection a step, off the wall that is met first.
    """

    rotation_sd: float = np.pi * 120 / 180
    rotation_tau: float = 0.08
    speed_scale: float = 0.08
    speed_tau: float = 0.7
    thigmotaxis: float = 0.5
    wall_distance: float = 0.1
    wall_strength: float = 1.0
    head_tau: float = 0.15
    euler: bool = False

    def __post_init__(self) -> None:
        check_motion(self, above_0=("rotation_tau", "speed_scale", "speed_tau", "wall_distance"))
        if self.thigmotaxis > 1:
            raise InputError(
                f"`thigmotaxis` must be from 0 to 1; got {self.thigmotaxis}. Use 1 for walkers "
                "that stay along walls."
            )

    def begin(self, x: Row, y: Row, key: PRNGKeyArray) -> State:
        """Speed `speed_scale` in a direction drawn uniformly, no rotation.

        Args:
            x: m.
            y: m.
            key: Draws the directions.
        """
        angle = jax.random.uniform(key, x.shape, x.dtype, 0.0, 2 * np.pi)
        way_x, way_y = jnp.cos(angle), jnp.sin(angle)
        v = self.speed_scale
        free = jnp.ones(x.shape, bool)
        return State(x, y, v * way_x, v * way_y, jnp.zeros_like(x), way_x, way_y, free)

    def step(self, state: State, barriers: Barriers, key: PRNGKeyArray, dt: float) -> State:
        """Every walker one step later.

        Args:
            state: Before the step.
            barriers: Walls that no step may cross.
            key: Draws the noise of turns and speeds.
            dt: Length of the step, s.
        """
        noise = jax.random.normal(key, (2, *state.x.shape), state.x.dtype)
        keep, new = self._forgetting(dt, self.rotation_tau)
        rotation = keep * state.rotation + new * self.rotation_sd * noise[0]
        cos, sin = jnp.cos(rotation * dt), jnp.sin(rotation * dt)
        vx = cos * state.velocity_x - sin * state.velocity_y
        vy = sin * state.velocity_x + cos * state.velocity_y
        speed = jnp.maximum(jnp.sqrt(vx**2 + vy**2), 1e-12)
        keep, new = self._forgetting(dt, self.speed_tau)
        scale = self._speed(keep * self._normal(speed) + new * noise[1]) / speed
        vx, vy = scale * vx, scale * vy
        gain_x, gain_y, push_x, push_y = self._repelled(barriers, state.x, state.y)
        vx, vy = vx + gain_x * dt, vy + gain_y * dt
        x, y = state.x + (vx + push_x) * dt, state.y + (vy + push_y) * dt
        hit, wall_x, wall_y = first_hit(barriers, state.x, state.y, x, y)
        back_x, back_y = self._reflected(vx, vy, wall_x, wall_y)
        vx, vy = jnp.where(hit, back_x, vx), jnp.where(hit, back_y, vy)
        x = jnp.where(hit, state.x + back_x * dt, x)
        y = jnp.where(hit, state.y + back_y * dt, y)
        again = hit & first_hit(barriers, state.x, state.y, x, y)[0]
        x, y = jnp.where(again, state.x, x), jnp.where(again, state.y, y)
        vx, vy = jnp.where(again, -vx, vx), jnp.where(again, -vy, vy)
        head_x, head_y = self._head(state, x, y, dt)
        return State(x, y, vx, vy, rotation, head_x, head_y, ~hit)

    def _forgetting(self, dt: float, tau: float) -> tuple[float, float]:
        """What is kept of a variable of SD 1 after `dt`, and the SD of what is new."""
        if self.euler:
            return 1 - dt / tau, (2 * dt / tau) ** 0.5
        keep = float(np.exp(-dt / tau))
        return keep, (1 - keep**2) ** 0.5

    def _normal(self, speed: Row) -> Row:
        """The standard normal variable that has the rank of this speed; kept within 1e-6."""
        below = -jnp.expm1(-(speed**2) / (2 * self.speed_scale**2))
        return np.sqrt(2) * jax.lax.erf_inv(jnp.clip(2 * below - 1, -1 + 2e-6, 1 - 2e-6))

    def _speed(self, normal: Row) -> Row:
        above = 0.5 * jax.lax.erfc(normal * np.sqrt(0.5))
        # A walker that stands has no direction.
        return self.speed_scale * jnp.sqrt(jnp.maximum(-2 * jnp.log(above), 1e-12))

    def _repelled(self, barriers: Barriers, x: Row, y: Row) -> tuple[Row, Row, Row, Row]:
        """Acceleration in m/s^2, and displacement in m/s, away from walls."""
        gap_x, gap_y = barriers.away(x, y)
        distance = jnp.sqrt(gap_x**2 + gap_y**2)
        depth = jnp.maximum(1 - distance / self.wall_distance, 0.0)
        v, h = self.wall_strength * self.speed_scale, self.thigmotaxis
        spring = 3 * (1 - h) ** 2 * v**2 / self.wall_distance * depth / distance
        carried = 6 * h**2 * v * (1 - jnp.sqrt(1 - depth**2)) / distance
        return (
            jnp.sum(spring * gap_x, axis=0, keepdims=True),
            jnp.sum(spring * gap_y, axis=0, keepdims=True),
            jnp.sum(carried * gap_x, axis=0, keepdims=True),
            jnp.sum(carried * gap_y, axis=0, keepdims=True),
        )

    def _reflected(self, vx: Row, vy: Row, wall_x: Row, wall_y: Row) -> tuple[Row, Row]:
        """The velocity mirrored in a wall, at half of `speed_scale`."""
        along = vx * wall_x + vy * wall_y
        scale = 0.5 * self.speed_scale / jnp.sqrt(vx**2 + vy**2)
        return scale * (2 * along * wall_x - vx), scale * (2 * along * wall_y - vy)

    def _head(self, state: State, x: Row, y: Row, dt: float) -> tuple[Row, Row]:
        """The unit vector of the head; it stays where the walker does."""
        step_x, step_y = x - state.x, y - state.y
        length = jnp.sqrt(step_x**2 + step_y**2)
        moved = length > 0
        length = jnp.where(moved, length, 1.0)
        way_x = jnp.where(moved, step_x / length, state.head_x)
        way_y = jnp.where(moved, step_y / length, state.head_y)
        if self.head_tau <= dt:
            return way_x, way_y
        share = dt / self.head_tau if self.euler else 1 - float(np.exp(-dt / self.head_tau))
        head_x = state.head_x + share * (way_x - state.head_x)
        head_y = state.head_y + share * (way_y - state.head_y)
        # Turning round at once can cancel the head; it then takes the new direction.
        length = jnp.sqrt(head_x**2 + head_y**2)
        there = length > 1e-6
        length = jnp.where(there, length, 1.0)
        return (
            jnp.where(there, head_x / length, way_x),
            jnp.where(there, head_y / length, way_y),
        )
