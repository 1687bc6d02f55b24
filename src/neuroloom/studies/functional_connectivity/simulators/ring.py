"""S5: a ring whose neurons correlate over distances at which they are not connected."""

import numpy as np
from jaxtyping import Float

from neuroloom.studies.functional_connectivity.simulators.config import (
    RingConfig,
    SpikingRingConfig,
)
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated, given_or

__all__ = ["ring_weight", "simulate_ring", "simulate_spiking_ring"]

CHUNK = 5_000  # steps whose noise is drawn at once


def ring_weight(config: RingConfig | SpikingRingConfig) -> Float[np.ndarray, "post pre"]:
    r"""W[post, pre], all of them inhibitory, strongest some ten neurons away.

    $$W_{ij} = r\,\big(e^{-d^2 / 2 \sigma_1^2} - a_2\, e^{-d^2 / 2 \sigma_2^2}\big)$$

    d is the distance along the ring. Weights below `cutoff` times the largest are 0, so that there
    are pairs without an edge: the published profile has none, but a tail of no effect.

    Args:
        config: r, both Gaussians and the cutoff.

    Example:
        >>> weight = ring_weight(RingConfig())
        >>> int(np.argmin(weight[0])), int((weight[0] != 0).sum())
        (9, 47)

    Source:
        Das and Fiete, Nat. Neurosci. 23:1286 (2020); sigma, a2 and r as read in NetFormer's code,
        which names `riken_demo.m` of the authors as its source. The cutoff is ours.
    """
    at = np.arange(config.n_neurons)
    around = np.abs(at[:, None] - at[None, :])
    distance = np.minimum(around, config.n_neurons - around)
    narrow, wide = (np.exp(-(distance**2) / (2 * sd**2)) for sd in (config.narrow, config.wide))
    weight = config.strength * (narrow - config.wide_height * wide)
    return np.where(np.abs(weight) < config.cutoff * np.abs(weight).max(), 0.0, weight)


def simulate_ring(
    config: RingConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Rates on a ring, dimensionless; noise is in the input, not on the activity.

    $$x_{t+1} = \tanh\big(W x_t + b\,(1 + \sigma \xi_t [\zeta_t > \theta])\big), \qquad
    x_0 = 0, \quad \xi_t, \zeta_t \sim N(0, 1)$$

    Args:
        config: Sizes, W, input and noise.
        rng: Randomness.
        weight: W, in place of that of the ring.

    Raises:
        InputError: If `weight` does not fit `n_neurons`.

    Source:
        NetFormer (Lu et al., ICLR 2025), read in the authors' code (`NetFormer/data.py`, data type
        `ring_circuit`, and the script that runs it).
    """
    n = config.n_neurons
    weight = given_or(ring_weight(config), weight)
    activity = config.bias * (1 + _sparse_noise(config, (1, config.n_steps, n), rng))
    x = np.zeros((1, n))
    into = np.ascontiguousarray(weight.T)
    for t in range(config.n_steps):
        x = np.tanh(x @ into + activity[:, t])
        activity[:, t] = x
    return Simulated(
        activity,
        weight,
        kind="rate",
        dt=1.0,
        seen=np.ones(n, bool),
        notes=("simulated: a ring of rates, one step counts as one second",),
    )


def simulate_spiking_ring(
    config: SpikingRingConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Spike counts per bin on a ring of threshold neurons.

    $$n_t = [W s_t + b\,(1 + \sigma \xi_t [\zeta_t > \theta]) > \Theta], \qquad
    s_{t+1} = (1 - \Delta t / \tau)\, s_t + n_t$$

    Within r = 0.0025 to 0.025 each r has a threshold that keeps the rate at some 60 Hz; near the
    upper end a periodic pattern of activity forms, and neurons a period apart, which are not
    connected, fire together.

    Args:
        config: Sizes, W, input, noise and bins.
        rng: Randomness.
        weight: W, in place of that of the ring.

    Raises:
        InputError: If `weight` does not fit `n_neurons`.

    Source:
        Das and Fiete, Nat. Neurosci. 23:1286 (2020), as read in NetFormer's notebook
        `spurious_corr_spike_sim/data_generation.ipynb`, which adapts the authors' `riken_demo.m`
        and takes thresholds from their `thresholds_pinned.mat`. Bins are ours.
    """
    n = config.n_neurons
    weight = given_or(ring_weight(config), weight)
    per_bin = round(config.bin_width / config.dt)
    n_bins = round(config.duration / config.bin_width)
    lead = round(config.burn_in / config.dt)
    n_steps = lead + n_bins * per_bin
    kept = 1 - config.dt / config.tau
    counts = np.zeros((1, n_bins, n))
    s = np.zeros(n)
    for start in range(0, n_steps, CHUNK):
        steps = min(CHUNK, n_steps - start)
        pushed = config.bias * (1 + _sparse_noise(config, (steps, n), rng))
        for t in range(steps):
            spike = weight @ s + pushed[t] > config.threshold
            s = kept * s + spike
            if start + t >= lead:
                counts[0, (start + t - lead) // per_bin] += spike
    return Simulated(
        counts,
        weight,
        kind="spike_count",
        dt=per_bin * config.dt,
        seen=np.ones(n, bool),
        unit="spikes",
        notes=(
            f"simulated: a ring of threshold neurons, steps of {config.dt:g} s counted in bins of "
            f"{per_bin * config.dt:g} s",
        ),
    )


def _sparse_noise(
    config: RingConfig | SpikingRingConfig, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Normal noise of the given SD in some of the steps of each neuron, else 0."""
    drawn = rng.normal(size=shape)
    return config.noise_sd * drawn * (rng.normal(size=shape) > config.noise_threshold)
