"""How well a heading that is said follows a fly, and how far shifters are ahead in a turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d

from neuroloom.errors import InputError
from neuroloom.networks import TaskNetwork
from neuroloom.simulation import perform
from neuroloom.studies.head_direction.animal.config import ActivityConfig
from neuroloom.studies.head_direction.animal.turning import FlyPieces, inputs_of
from neuroloom.tasks import AngularIntegration

__all__ = [
    "Followed",
    "best_gain",
    "bump_match",
    "exchanged",
    "follow",
    "heading_error",
    "integrated",
    "lead",
    "pushed_direction",
    "turning_speed",
]


class Followed(NamedTuple):
    """What a network did with the flies' turning, after each step of a piece.

    Attributes:
        outputs: cos + i sin of the heading that it says, of any length.
        shifters: Population vector of its shifters, each at the heading that it drives the outputs
            to, their rates about their means.
    """

    outputs: np.ndarray
    shifters: np.ndarray

    @property
    def heading(self) -> Float[np.ndarray, "piece time"]:
        """What it says, in rad."""
        return np.angle(self.outputs)


def follow(
    network: TaskNetwork,
    task: AngularIntegration,
    flies: Sequence[FlyPieces],
    shifters: Bool[np.ndarray, " neuron"],
) -> list[Followed]:
    """Run a network on the turning of flies; the cue at the start of each piece is left out.

    Args:
        network: Of two outputs, sine and cosine.
        task: What it was trained on: its step and cue.
        flies: One or more, of one length of pieces.
        shifters: Which neurons are; without any, their population vector is 0.
    """
    inputs = np.concatenate([inputs_of(one.heading, task.cue_steps) for one in flies])
    done = perform(network, jnp.asarray(inputs, network.input_weight.dtype), dt=task.dt)
    said = np.asarray(done.outputs, float)[:, task.cue_steps :]
    place = pushed_direction(network)
    used = np.flatnonzero(shifters & np.isfinite(place))
    rates = np.asarray(done.rates, float)[:, task.cue_steps :, used]
    bump = (rates - rates.mean(axis=(0, 1))) @ np.exp(1j * place[used])
    ends = np.cumsum([len(one.heading) for one in flies])[:-1]
    outputs = np.split(said[..., 1] + 1j * said[..., 0], ends)
    return [Followed(*parts) for parts in zip(outputs, np.split(bump, ends), strict=True)]


def integrated(pieces: FlyPieces, gain: float) -> Float[np.ndarray, "piece time"]:
    """The first heading and so many times the turns since; 0 holds the first heading.

    Args:
        pieces: Of one fly.
        gain: Dimensionless.
    """
    first = pieces.heading[:, :1]
    return first + gain * (pieces.heading[:, 1:] - first)


def exchanged(pieces: FlyPieces) -> FlyPieces:
    """Each piece with its own first heading and the turns of the next piece of this fly.

    Args:
        pieces: Of one fly, at least two.
    """
    first = pieces.heading[:, :1]
    turns = np.roll(pieces.heading - first, 1, axis=0)
    return pieces._replace(heading=first + turns)


def heading_error(said: Float[np.ndarray, "piece time"], pieces: FlyPieces) -> float:
    """Mean distance between the heading that is said and that of the fly, in deg, 0 to 180.

    Args:
        said: In rad.
        pieces: Of one fly.
    """
    away = np.angle(np.exp(1j * (said - pieces.heading[:, 1:])))
    return float(np.degrees(np.abs(away).mean()))


def bump_match(said: Float[np.ndarray, "piece time"], bump: np.ndarray) -> float:
    r"""How constant the angle between bump and heading is within pieces, 0 to 1; mean over pieces.

    $$\left| \sum_t b_t e^{-i \theta_t} \right| / \sum_t |b_t|$$

    with the bump b as a population vector: moments at which it is large count more. Its offset from
    the heading is free in every piece, because it is arbitrary in a fly.

    Args:
        said: In rad.
        bump: Of the same pieces.
    """
    together = np.abs((bump * np.exp(-1j * said)).sum(axis=1))
    return float((together / np.abs(bump).sum(axis=1)).mean())


def best_gain(others: Sequence[FlyPieces], gains: Sequence[float]) -> float:
    """The gain at which integrated turning matches the E-PG bumps of these flies best, on average.

    Args:
        others: Flies that are not scored with it, at least one.
        gains: To be tried.

    Raises:
        InputError: If there is no other fly.
    """
    if not others:
        raise InputError(
            "A gain must be found in flies that are not scored with it; there are none. Give at "
            "least two flies of a region."
        )
    found = [np.mean([bump_match(integrated(o, g), o.epg) for o in others]) for g in gains]
    return float(gains[int(np.argmax(found))])


def turning_speed(
    pieces: FlyPieces, config: ActivityConfig, dt: float
) -> Float[np.ndarray, "piece time"]:
    """Angular velocity, smoothed, in rad/s, counter-clockwise positive.

    Args:
        pieces: Of one fly.
        config: Numbers.
        dt: Step, in seconds.
    """
    speed = np.diff(pieces.heading, axis=1) / dt
    return gaussian_filter1d(speed, config.turn_smoothing / dt, axis=1)


def lead(
    ahead: np.ndarray, behind: np.ndarray, speed: Float[np.ndarray, "piece time"], threshold: float
) -> float:
    """How far one bump is ahead of another in a turn, in deg: turns ccw less turns cw.

    Twice the lead in either sense, if both are alike; an offset between the bumps drops out.

    Args:
        ahead: Population vector of P-EN or of shifters.
        behind: Of E-PG, or the outputs of a network.
        speed: In rad/s.
        threshold: From which on the fly turns, in rad/s.

    Returns:
        NaN if the fly does not turn both ways; 0 where there is no bump.

    Source:
        Turner-Evans et al., eLife 6:e23496 (2017): the bump of P-EN leads that of E-PG in turns.
    """
    ways = speed > threshold, speed < -threshold
    if not all(way.any() for way in ways):
        return float("nan")
    apart = ahead * behind.conj()
    return float(np.degrees(np.angle(apart[ways[0]].sum() * apart[ways[1]].sum().conj())))


def pushed_direction(network: TaskNetwork) -> Float[np.ndarray, " neuron"]:
    """To which heading each neuron drives the outputs through the neurons that it sends to, in rad.

    It is where a P-EN lies in the ellipsoid body, as seen by imaging: at the E-PG that it sends to.
    NaN for a neuron that reaches no neuron that is read.

    Args:
        network: Of two outputs, sine and cosine.
    """
    gain = np.asarray(network.network.gain.expand(), float)
    weight = gain[:, None] * np.asarray(network.weight, float)
    sine, cosine = np.asarray(network.output_weight, float) @ weight
    return np.where(np.hypot(sine, cosine) > 0, np.arctan2(sine, cosine), np.nan)
