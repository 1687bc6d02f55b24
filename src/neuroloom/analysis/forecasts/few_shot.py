"""Few-shot co-smoothing: are held-out neurons read from the latents with a handful of trials?"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import PoissonRegressor

from neuroloom.analysis.forecasts.spikes import bits_per_spike
from neuroloom.errors import InputError

__all__ = ["FewShot", "few_shot_co_smoothing"]

Latents = Float[np.ndarray, "_ _ latent"]
Spikes = Float[np.ndarray, "_ _ neuron"]  # trials and samples are checked against the latents


class FewShot(NamedTuple):
    """What a few trials were enough for.

    Attributes:
        value: Mean over draws, in bits per spike.
        draws: Value of each draw of k trials.
        trials: Which trials were drawn; one row a draw.
    """

    value: float
    draws: Float[np.ndarray, " draw"]
    trials: Int[np.ndarray, "draw trial"]


def few_shot_co_smoothing(
    latents: Latents,
    spikes: Spikes,
    test_latents: Latents,
    test_spikes: Spikes,
    *,
    k: int,
    rng: np.random.Generator,
    n_draws: int = 10,
    penalty: float = 0.01,
) -> FewShot:
    r"""co-bps of held-out neurons whose readout was fitted on k training trials only.

    $$\mu_i = \exp(b_i + w_i \cdot z), \qquad \min_{b, w}
    \langle \mu_i - n_i \log \mu_i \rangle + \tfrac{\alpha}{2} |w_i|^2$$

    Ordinary co-smoothing is content with latents that hold the needed signal among others; these
    others cost a readout that must be learned from few trials.

    Args:
        latents: z: rates or latents of a model that saw held-in neurons only, in training trials;
            standardized here with their own mean and SD.
        spikes: Of held-out neurons in the same trials. NaN is left out.
        test_latents: Of the same model, in test trials.
        test_spikes: Of the same held-out neurons in test trials.
        k: How many trials a readout may learn from.
        rng: Draws of trials.
        n_draws: How many draws; each without replacement.
        penalty: alpha, the same for every model that is compared.

    Raises:
        InputError: If there are fewer than k trials, latents are not finite, or shapes do not fit.

    Source:
        Dabholkar and Barak, arXiv 2405.14425 (2024): few-shot co-bps. Their readout and ours are
        Poisson regressions; penalty, standardization and number of draws are ours.
    """
    if not 1 <= k <= len(latents):
        raise InputError(
            f"`k` must be 1 to {len(latents)}, the number of training trials; got {k}. Draw fewer "
            "trials."
        )
    for name, z, n in (
        ("latents", latents, spikes),
        ("test_latents", test_latents, test_spikes),
    ):
        if not np.isfinite(z).all():
            raise InputError(
                f"`{name}` must be finite; {(~np.isfinite(z)).sum()} of {z.size} are not. Cut the "
                "first lags off."
            )
        if z.shape[:2] != n.shape[:2]:
            raise InputError(
                f"`{name}` must have the trials and samples of their spikes, {n.shape[:2]}; got "
                f"{z.shape[:2]}. Cut both alike."
            )
    mean, sd = latents.mean(axis=(0, 1)), latents.std(axis=(0, 1))
    sd = np.where(sd > 0, sd, 1.0)
    train, test = (latents - mean) / sd, (test_latents - mean) / sd
    trials = np.stack([rng.permutation(len(latents))[:k] for _ in range(n_draws)])
    draws = [
        bits_per_spike(_read_out(train[drawn], spikes[drawn], test, penalty), test_spikes)
        for drawn in trials
    ]
    return FewShot(float(np.mean(draws)), np.array(draws), trials)


def _read_out(z: Latents, spikes: Spikes, test: np.ndarray, penalty: float) -> np.ndarray:
    """Rates in the test trials; a neuron silent in all k trials gets rate 0."""
    x, n = z.reshape(-1, z.shape[2]), spikes.reshape(-1, spikes.shape[2])
    new = test.reshape(-1, z.shape[2])
    rates = np.zeros((len(new), n.shape[1]))
    for neuron in range(n.shape[1]):
        known = np.isfinite(n[:, neuron])
        if n[known, neuron].sum() > 0:
            readout = PoissonRegressor(alpha=penalty, solver="newton-cholesky")
            rates[:, neuron] = readout.fit(x[known], n[known, neuron]).predict(new)
    return rates.reshape(*test.shape[:2], -1)
