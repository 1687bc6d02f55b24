"""Common drive: slow latents that many neurons hear and nobody records."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import signal

from neuroloom.studies.functional_connectivity.simulators.config import DriveConfig

__all__ = ["Drive", "draw_drive", "draw_latent"]


class Drive(NamedTuple):
    """What the latents did, and what each neuron heard of them.

    Attributes:
        latent: z, of unit variance. Entry t is heard at step t by neurons without delay.
        on_neuron: What is added to each neuron, in units of its activity.
        loading: B.
        delay: By how many steps each neuron hears late.
    """

    latent: Float[np.ndarray, "trial time latent"]
    on_neuron: Float[np.ndarray, "trial time neuron"]
    loading: Float[np.ndarray, "neuron latent"]
    delay: Int[np.ndarray, " neuron"]


def draw_latent(
    n_latents: int, persistence: float, *, n_trials: int, n_steps: int, rng: np.random.Generator
) -> Float[np.ndarray, "trial time latent"]:
    r"""Independent autoregressive latents of unit variance, dimensionless, stationary from step 0.

    $$z_{t+1} = \rho z_t + \sqrt{1 - \rho^2}\, \eta_t, \qquad z_0, \eta_t \sim N(0, 1)$$

    Args:
        n_latents: How many.
        persistence: rho, in [0, 1).
        n_trials: Trials, independent of each other.
        n_steps: Steps a trial.
        rng: Randomness.
    """
    moved = rng.normal(size=(n_trials, n_steps, n_latents))
    moved[:, 1:] *= np.sqrt(1 - persistence**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -persistence], moved, axis=1))


def draw_drive(
    config: DriveConfig,
    *,
    n_neurons: int,
    n_trials: int,
    n_steps: int,
    rng: np.random.Generator,
) -> Drive:
    r"""Latents and what neurons hear of them.

    $$d_i(t) = g\, \phi_i\Big(\sum_k B_{ik}\, z_k(t - \delta_i)\Big), \qquad B_{ik} \sim N(0, 1)$$

    phi is the identity, or, where `rectified`, $\max(u, 0)$ shifted and scaled to the mean and the
    variance of u, so that g means the same. Where `loading_density` p is below 1, a fraction 1 - p
    of B is 0 and the rest is divided by the root of p. delta is uniform in 0 to `max_delay`.

    Args:
        config: g, K, rho and the variants.
        n_neurons: How many neurons hear.
        n_trials: Trials.
        n_steps: Steps a trial.
        rng: Randomness.

    Source:
        Dense loadings without delay: our spec, section 5 (our own addition to NetFormer's system).
        The three variants are ours.
    """
    shape = (n_neurons, config.n_latents)
    loading = rng.normal(size=shape)
    loading *= (rng.random(shape) < config.loading_density) / np.sqrt(config.loading_density)
    delay = rng.integers(0, config.max_delay + 1, size=n_neurons)
    latent = draw_latent(
        config.n_latents,
        config.persistence,
        n_trials=n_trials,
        n_steps=n_steps + config.max_delay,
        rng=rng,
    )
    mixed = latent @ loading.T
    heard = np.empty((n_trials, n_steps, n_neurons))
    for late in range(config.max_delay + 1):
        first = config.max_delay - late
        heard[..., delay == late] = mixed[:, first : first + n_steps][..., delay == late]
    if config.rectified:
        heard = _rectified(heard, np.linalg.norm(loading, axis=1))
    return Drive(latent[:, config.max_delay :], config.strength * heard, loading, delay)


def _rectified(heard: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """What is above 0 of a normal variable of this SD, with its mean and variance restored."""
    mean, spread = 1 / np.sqrt(2 * np.pi), np.sqrt(0.5 - 1 / (2 * np.pi))
    return (np.maximum(heard, 0) - mean * sd) / spread
