"""Numbers of the sweep. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from neuroloom.errors import InputError
from neuroloom.studies.head_direction.trained.config import DEFAULT, Setting

__all__ = ["FAST", "PAPER", "SweepConfig", "factor_of", "settings"]


@dataclass(frozen=True)
class SweepConfig:
    """Levels of each factor beside the default one, which is in every sweep."""

    n_seeds: int = 5
    """Networks of each setting, the first of the study's."""
    activation: tuple[Literal["retanh", "tanh", "relu"], ...] = ("tanh", "relu")
    """From state to rate."""
    noise: tuple[float, ...] = (0.0, 0.3)
    """SD of the noise on rates in training, per step."""
    activity_penalty: tuple[float, ...] = (0.0, 0.1)
    """Weight of the mean squared rate in the loss."""
    weight_penalty: tuple[float, ...] = (0.1, 1.0)
    """Weight of the mean squared weights in the loss."""
    speed: tuple[float, ...] = (0.1, 3.0)
    """Ranges of angular velocity."""
    code: tuple[Literal["sine-cosine", "ring"], ...] = ("ring",)
    """What the outputs say the heading by."""
    factorial: bool = False
    """Every combination of levels, not one factor at a time: 486 settings with the defaults."""
    n_draws: int = 99
    """Circuits of each null."""
    least_fraction: float = 0.05
    """Of units, from which on a network has a class."""
    solved: float = 10.0
    """Normalized error, in %, up to which a network has learned the task."""

    def __post_init__(self) -> None:
        """Refuses a sweep without repeats, and nulls too small for a level of 5 %."""
        if self.n_seeds < 1 or self.n_draws < 19:
            raise InputError(
                "`n_seeds` must be at least 1 and `n_draws` at least 19; got "
                f"{self.n_seeds} and {self.n_draws}. Leave them out for the preset's values."
            )


def settings(config: SweepConfig) -> Sequence[Setting]:
    """The default, then every other setting of the sweep.

    Args:
        config: Numbers of the part.

    Example:
        >>> len(settings(PAPER)), len(settings(replace(PAPER, factorial=True)))
        (12, 486)
        >>> factor_of(settings(PAPER)[1])
        ('activation', 'tanh')
    """
    levels = {name: (getattr(DEFAULT, name), *getattr(config, name)) for name in vars(DEFAULT)}
    if config.factorial:
        return [_setting(dict(zip(levels, at, strict=True))) for at in product(*levels.values())]
    others = [{name: level} for name, at in levels.items() for level in at[1:]]
    return [DEFAULT, *(_setting(other) for other in others)]


def factor_of(setting: Setting) -> tuple[str, str]:
    """What differs from the default and its level, as words; ('default', '') where nothing does.

    Args:
        setting: Of the sweep.
    """
    ours = {n: v for n, v in vars(setting).items() if v != getattr(DEFAULT, n)}
    if not ours:
        return "default", ""
    return ", ".join(ours), ", ".join(str(value) for value in ours.values())


def _setting(levels: dict[str, Any]) -> Setting:
    return replace(DEFAULT, **levels)


PAPER = SweepConfig()
FAST = replace(
    PAPER,
    n_seeds=2,
    activation=(),
    noise=(),
    activity_penalty=(0.0,),
    weight_penalty=(),
    speed=(),
    code=(),
    n_draws=39,
)
