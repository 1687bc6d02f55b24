"""What stands between predicted P-EN1 and their fluorescence: a slower indicator and a scale.

Green and red indicators change roles between flies, and the red one is slower. For each color of
P-EN1, training flies give a time constant and a scale. Everything that does not learn from P-EN1 is
seen through it, the copy of E-PG as well as the wiring and its nulls.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.networks import Calcium, SingleExponential
from neuroloom.networks.parameters import global_value

__all__ = ["Instrument", "fit_instrument"]

Traces = Float[np.ndarray, "trial time roi"]


class Instrument(NamedTuple):
    """By color of P-EN1.

    Attributes:
        decay: Time constant, in seconds; 0 is none.
        scale: SDs of fluorescence per unit of rate, at least 0.
        dt: Step, in seconds.
    """

    decay: dict[str, float]
    scale: dict[str, float]
    dt: float

    def __call__(self, rates: Traces, color: str) -> Traces:
        """Fluorescence of each region about its mean, in SDs of the fly."""
        seen = _filtered(rates, self.decay[color], self.dt)
        return self.scale[color] * (seen - seen.mean(axis=(0, 1)))


def fit_instrument(
    rates: Sequence[Traces],
    measured: Sequence[Traces],
    colors: Sequence[str],
    decays: Sequence[float],
    dt: float,
) -> Instrument:
    """Least squares over training flies; the time constant by trying each.

    Args:
        rates: Of P-EN1 in each training fly.
        measured: Fluorescence, about the mean of each region.
        colors: Of P-EN1 in each fly.
        decays: To be tried, in seconds.
        dt: Step, in seconds.

    Raises:
        InputError: If there is no fly.
    """
    if not rates:
        raise InputError(
            "The instrument must be fitted to flies; got none. Use fewer folds, so that flies of "
            "each color are left to train on."
        )
    decay, scale = {}, {}
    for color in sorted(set(colors)):
        own = [i for i, c in enumerate(colors) if c == color]
        tried = []
        for candidate in decays:
            seen = [_filtered(rates[i], candidate, dt) for i in own]
            x = np.concatenate([(s - s.mean(axis=(0, 1))).ravel() for s in seen])
            y = np.concatenate([measured[i].ravel() for i in own])
            slope = max(0.0, float(x @ y) / max(float(x @ x), 1e-12))
            tried.append((float(((y - slope * x) ** 2).mean()), candidate, slope))
        _, decay[color], scale[color] = min(tried)
    return Instrument(decay, scale, dt)


def _filtered(rates: Traces, decay: float, dt: float) -> Traces:
    if decay == 0:
        return rates
    kernel = SingleExponential(global_value(decay, rates.shape[-1], unit="s"))
    held = jnp.asarray(rates)
    return np.asarray(Calcium.from_kernel(kernel)(held, dt=dt, before=held[:, 0]), np.float64)
