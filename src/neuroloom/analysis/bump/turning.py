"""How well a bump follows turns to either side, with intervals over trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["Estimate", "TurningGain", "gain_ratio", "turning_gain"]

ByStep = Float[np.ndarray, "trial time"]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        value: Of all trials.
        low: Lower end, over resampled trials.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TurningGain:
    """Turn of the bump for each turn of the animal.

    Attributes:
        positive: Gain of counter-clockwise turns (v > 0), dimensionless; 1 is perfect.
        negative: Gain of clockwise turns (v < 0), dimensionless.
        drift: Turn of the bump at v = 0, in rad/step.
    """

    positive: Estimate
    negative: Estimate
    drift: Estimate


def turning_gain(
    decoded: ByStep,
    angular_velocity: ByStep,
    *,
    start: int = 0,
    window: int = 20,
    drift: bool = True,
    n_draws: int = 500,
    rng: np.random.Generator,
) -> TurningGain:
    r"""Gains of counter-clockwise and clockwise turns and the drift, by one regression.

    $$\hat\theta_{k+w} - \hat\theta_k = w d + g_+ \sum_{t=k+1}^{k+w} \max(v_t, 0)
    + g_- \sum_{t=k+1}^{k+w} \min(v_t, 0)$$

    over stretches of w steps that do not overlap. Turns are split step by step, because an animal
    turns both ways within a stretch.

    Two questions: *does the bump go that way when the animal turns that way* is asked without d
    (`drift=False`); *how much more does it turn if the animal does* with it. Where two classes push
    against each other also at rest, silencing one makes the bump drift to the other side whatever
    the animal does: the first gain is lost on one side, the second one is halved on both.

    Args:
        decoded: Decoded angle after each step, in rad; unwrapped here.
        angular_velocity: True turn in each step, in rad/step.
        start: Step before the first stretch, such as that in which a perturbation begins.
        window: w; well above the delay of the network, or the delay lowers the gain.
        drift: Whether d is fitted; else it is 0.
        n_draws: How often trials are drawn anew for the intervals.
        rng: Randomness of these draws.

    Raises:
        InputError: If no stretch fits, or turns to one side are missing.

    Source:
        Ours; the published figures show the decoded angle only.
    """
    sums = _sums(decoded, angular_velocity, start, window, drift)
    value, drawn = _solved(sums, _resampled(len(decoded), n_draws, rng))
    return TurningGain(*_estimates(value, drawn), *[] if drift else [Estimate(0.0, 0.0, 0.0)])


def gain_ratio(
    decoded: ByStep,
    reference: ByStep,
    angular_velocity: ByStep,
    *,
    start: int = 0,
    window: int = 20,
    drift: bool = True,
    n_draws: int = 500,
    rng: np.random.Generator,
) -> tuple[Estimate, Estimate]:
    """Gain with a perturbation over gain without it: of v > 0, and of v < 0.

    Args:
        decoded: Decoded angle with the perturbation, in rad.
        reference: Decoded angle of the same trials without it, in rad.
        angular_velocity: As `turning_gain`, which has the other arguments too.
        start: As `turning_gain`.
        window: As `turning_gain`.
        drift: As `turning_gain`.
        n_draws: As `turning_gain`; a draw takes the same trials from both.
        rng: As `turning_gain`.
    """
    chosen = _resampled(len(decoded), n_draws, rng)
    with_it, without = (
        _solved(_sums(angle, angular_velocity, start, window, drift), chosen)
        for angle in (decoded, reference)
    )
    value, drawn = (a[..., :2] / b[..., :2] for a, b in zip(with_it, without, strict=True))
    positive, negative = _estimates(value, drawn)
    return positive, negative


def _sums(
    decoded: np.ndarray, velocity: np.ndarray, start: int, window: int, drift: bool
) -> tuple[np.ndarray, np.ndarray]:
    """X'X and X'y of each trial; X = [positive part, negative part, 1 where there is a drift]."""
    n = (decoded.shape[1] - 1 - start) // window if window > 0 and start >= 0 else 0
    if n < 1:
        raise InputError(
            "There must be at least 1 stretch of `window` steps after `start`; got "
            f"{decoded.shape[1]} steps, `window` {window} and `start` {start}. Lengthen the trial "
            "or shorten `window`."
        )
    edges = start + window * np.arange(n + 1)
    turned = np.diff(np.unwrap(decoded, axis=1)[:, edges], axis=1) / window
    sides = np.stack([np.maximum(velocity, 0), np.minimum(velocity, 0), np.ones_like(velocity)], 2)
    sides = sides if drift else sides[:, :, :2]
    parts = np.diff(np.cumsum(sides, axis=1)[:, edges], axis=1) / window
    for place, side in enumerate(("> 0", "< 0")):
        if not parts[:, :, place].any():
            raise InputError(
                f"There must be turns to both sides; none has v {side}. Add trials, or give both "
                "signs of `angular_velocity`."
            )
    return np.einsum("tkp,tkq->tpq", parts, parts), np.einsum("tkp,tk->tp", parts, turned)


def _resampled(n_trials: int, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each trial is in each draw."""
    return rng.multinomial(n_trials, np.full(n_trials, 1 / n_trials), size=n_draws).astype(float)


def _solved(sums: tuple[np.ndarray, np.ndarray], chosen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Coefficients of all trials, and of each draw; of least norm where a draw has one side."""
    squares, products = sums
    value = np.linalg.pinv(squares.sum(0)) @ products.sum(0)
    drawn = np.linalg.pinv(np.tensordot(chosen, squares, 1), hermitian=True)
    return value, (drawn @ (chosen @ products)[:, :, None])[:, :, 0]


def _estimates(value: np.ndarray, drawn: np.ndarray) -> list[Estimate]:
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return [Estimate(*map(float, one)) for one in zip(value, low, high, strict=True)]
