"""S8: three regions, one of them driven by the two others alone."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.studies.functional_connectivity.simulators.config import RegionsConfig
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated, given_or

__all__ = ["REGIONS", "draw_region_weight", "simulate_regions"]

REGIONS = ("A", "B", "C")


class _Shown(NamedTuple):
    channel: Float[np.ndarray, "trial time channel"]
    loading: Float[np.ndarray, "neuron channel"]


def draw_region_weight(
    config: RegionsConfig, rng: np.random.Generator
) -> Float[np.ndarray, "post pre"]:
    """W[post, pre], dimensionless: random and dense within, sparse between regions, no autapses.

    Args:
        config: Sizes, gains and densities. A weight is normal with SD gain / root of the number of
            inputs of its kind.
        rng: Randomness.
    """
    region = np.repeat(np.arange(len(REGIONS)), config.n_per_region)
    own = region[:, None] == region[None, :]
    density = np.where(own, config.within_density, config.between_density)
    gain = np.where(own, config.gain, config.between_gain)
    drawn = rng.normal(size=own.shape) * gain / np.sqrt(density * config.n_per_region)
    weight = np.where(rng.random(own.shape) < density, drawn, 0.0)
    np.fill_diagonal(weight, 0.0)
    return weight


def simulate_regions(
    config: RegionsConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Rates tanh(x) of three regions, dimensionless; `cell_type` is the region.

    $$\tau \dot x = -x + W \tanh(x) + u(t) + \text{noise}$$

    Region B hears a sequence of bumps, each by other neurons, and C an input that switches on and
    stays; A hears neither. Onsets differ between trials. The inputs are not known to an estimator:
    they are `latent`, and `drive` is u.

    Args:
        config: Sizes, weights, inputs and noise.
        rng: Randomness.
        weight: W, in place of one that is drawn; regions in the order A, B, C.

    Raises:
        InputError: If `weight` does not fit three regions of `n_per_region`.

    Source:
        Reconstruction. Three interacting regions were used as ground truth by Perich et al.,
        Inferring brain-wide interactions using data-constrained recurrent neural network models,
        bioRxiv 2020.12.18.423348 (CURBD). Their code is under the GPL and was not read; equation,
        numbers, sparse weights within a region and jitter of onsets are ours.
    """
    weight = given_or(draw_region_weight(config, rng), weight)
    n, (trials, lead) = len(weight), (config.n_trials, round(config.burn_in / config.dt))
    n_steps = round(config.duration / config.dt)
    shown = _draw_input(config, lead + n_steps, lead, rng)
    drive = shown.channel @ shown.loading.T
    pace, noise = config.dt / config.tau, config.noise_sd * np.sqrt(config.dt)
    x = rng.normal(size=(trials, n))
    activity = np.empty((trials, n_steps, n))
    into = np.ascontiguousarray(weight.T)
    for t in range(lead + n_steps):
        force = np.tanh(x) @ into + drive[:, t] - x
        x = x + pace * force + noise * rng.normal(size=x.shape)
        if t >= lead:
            activity[:, t - lead] = np.tanh(x)
    return Simulated(
        activity,
        weight,
        kind="rate",
        dt=config.dt,
        seen=np.ones(n, bool),
        cell_type=np.repeat(REGIONS, config.n_per_region),
        latent=shown.channel[:, lead:],
        drive=drive[:, lead:],
        notes=("simulated: three regions, inputs to two of them (our reconstruction)",),
    )


def _draw_input(config: RegionsConfig, n_steps: int, lead: int, rng: np.random.Generator) -> _Shown:
    """Bumps that follow each other through each trial, and a step that stays."""
    n, k = config.n_per_region, config.n_bumps
    time = (np.arange(n_steps) - lead) * config.dt
    start = rng.uniform(0, config.duration / 4, size=(config.n_trials, 2))
    spacing = 0.75 * config.duration / k
    center = start[:, :1] + spacing * (np.arange(k) + 0.5)
    channel = np.empty((config.n_trials, n_steps, k + 1))
    away = time[None, :, None] - center[:, None, :]
    channel[..., :k] = np.exp(-(away**2) / (2 * config.bump_sd**2))
    channel[..., k] = time >= start[:, 1:]
    hears = rng.random((2, n)) < config.input_density
    loading = np.zeros((len(REGIONS) * n, k + 1))
    loading[n + np.arange(n), np.arange(n) * k // n] = config.input_size * hears[0]
    loading[2 * n :, k] = config.input_size * hears[1] * rng.choice([-1.0, 1.0], size=n)
    return _Shown(channel, loading)
