"""Noise is one of two explicit objects: on the state, or on the rate."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["RateNoise", "StateNoise"]


@dataclass(frozen=True)
class StateNoise:
    r"""White noise on the state.

    $$x_{t+1} = x_t + \dots + \sigma \sqrt{\Delta t}\, \xi_t, \qquad \xi_t \sim N(0, 1)$$

    A leaky neuron alone then has variance sigma^2 tau / 2, whatever `dt`.

    Attributes:
        sd: sigma, in units of the state per square root of a second. At least 0.
    """

    sd: float

    def __post_init__(self) -> None:
        _check(self.sd)

    @classmethod
    def from_step_sd(cls, sd: float, *, dt: float) -> "StateNoise":
        """From a published SD per step: sd / sqrt(dt).

        Args:
            sd: SD added to the state at every step, as many papers quote it.
            dt: The step they used, in seconds.

        Example:
            >>> StateNoise.from_step_sd(0.002, dt=0.04)
            StateNoise(sd=0.01)
        """
        return cls(sd / dt**0.5)


@dataclass(frozen=True)
class RateNoise:
    """White noise added to what every neuron sends, drawn anew at every step.

    Its effect on the state shrinks with `dt`; it stands for unreliable release, not for diffusion.

    Attributes:
        sd: SD per step, in units of the rate. At least 0.
    """

    sd: float

    def __post_init__(self) -> None:
        _check(self.sd)


def _check(sd: float) -> None:
    if not 0 <= sd < float("inf"):
        raise InputError(
            f"The SD of noise must be finite and at least 0; got {sd}. Use None for no noise."
        )
