"""S6: a network of Poisson neurons that hear each other's spikes through one filter."""

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.errors import SimulationError
from neuroloom.studies.functional_connectivity.simulators.config import PoissonConfig
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated, given_or

__all__ = ["draw_poisson_weight", "simulate_poisson"]

MOST_SPIKES = 20.0  # mean count of a bin, above which the network has run away


def draw_poisson_weight(
    config: PoissonConfig, sender: Shaped[np.ndarray, " neuron"], rng: np.random.Generator
) -> Float[np.ndarray, "post pre"]:
    """W[post, pre], dimensionless: signs by sender, `self_weight` on the diagonal.

    Args:
        config: Density, sizes and factor of inhibition.
        sender: `excitatory` or `inhibitory`.
        rng: Randomness.
    """
    n = sender.size
    connected = rng.random((n, n)) < config.density
    size = np.abs(config.weight_mean + config.weight_sd * rng.normal(size=(n, n)))
    signed = np.where(sender == "excitatory", 1.0, -config.inhibition) * size
    weight = np.where(connected, signed, 0.0)
    np.fill_diagonal(weight, config.self_weight)
    return weight


def simulate_poisson(
    config: PoissonConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Spike counts per bin.

    $$n_i(t) \sim \mathrm{Poisson}(f(u_i(t))), \qquad
    u_i(t) = b_i + \sum_j W_{ij} \sum_{l \ge 1} h_l\, n_j(t - l), \qquad
    h_l = (1 - a)\, a^{l - 1}, \quad a = e^{-\Delta t / \tau}$$

    f is exp, or softplus. h sums to 1, so that a weight is what one spike changes u by, summed over
    all bins. b is such that a neuron that hears nothing fires at its base rate.

    Args:
        config: Sizes, rates, weights and link.
        rng: Randomness.
        weight: W, in place of one that is drawn.

    Raises:
        InputError: If `weight` does not fit `n_neurons`.
        SimulationError: If excitation runs away.

    Example:
        >>> simulate_poisson(PoissonConfig(n_steps=2_000), rng=np.random.default_rng(0))
        Simulated(spike_count, 1 x 2,000 steps of 0.01 s, 30 of 30 neurons seen, 170 edges)

    Source:
        The coupled Poisson GLM; Pillow et al., Nature 454:995 (2008), without a stimulus and with
        one filter for all pairs. Numbers are ours: our spec names 30 neurons and no others.
    """
    n = config.n_neurons
    shares = np.arange(n) < round(config.excitatory * n)
    sender = np.where(shares, "excitatory", "inhibitory")
    weight = given_or(draw_poisson_weight(config, sender, rng), weight)
    base = config.base_rate * np.exp(config.rate_log_sd * rng.normal(size=n)) * config.dt
    bias = np.log(np.expm1(base)) if config.softplus else np.log(base)
    kept = np.exp(-config.dt / config.tau)
    into = np.ascontiguousarray((1 - kept) * weight.T)
    counts = np.empty((config.n_trials, config.n_steps, n))
    trace = np.zeros((config.n_trials, n))
    for t in range(config.n_steps):
        u = trace @ into + bias
        mean = np.logaddexp(0, u) if config.softplus else np.exp(np.minimum(u, 50.0))
        if mean.max() > MOST_SPIKES:
            raise SimulationError(
                f"A neuron must not run away; at step {t} neuron {int(mean.max(0).argmax())} is to "
                f"fire {mean.max():.3g} spikes a bin. Lower `weight_mean` or `base_rate`, or raise "
                "`inhibition`."
            )
        counts[:, t] = rng.poisson(mean)
        trace = kept * trace + counts[:, t]
    return Simulated(
        counts,
        weight,
        kind="spike_count",
        dt=config.dt,
        seen=np.ones(n, bool),
        unit="spikes",
        cell_type=sender,
        notes=(f"simulated: Poisson neurons, bins of {config.dt:g} s",),
    )
