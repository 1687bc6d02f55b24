"""Likelihood scores of spike counts, as one number each; `forecast_scores` puts them in a table."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.forecasts.measures import SPIKES
from neuroloom.analysis.forecasts.sums import Predicted, Sums, add_up, spike_entries
from neuroloom.errors import InputError

__all__ = ["bits_per_spike", "co_smoothing", "forward_prediction", "mcfadden_r2", "poisson_d2"]

Activity = Float[np.ndarray, "trial time neuron"]
BITS, D2, MCFADDEN = (
    next(m for m in SPIKES.measures if m.name == name)
    for name in ("bits_per_spike", "poisson_d2", "mcfadden_r2")
)


def bits_per_spike(rates: Predicted, spikes: Activity) -> float:
    r"""Log likelihood gained over the mean rate, in bits per spike. 0: no better than the mean.

    $$\frac{\mathrm{NLL}_{\text{null}} - \mathrm{NLL}}{n_{\text{spikes}} \ln 2}, \qquad
    \mathrm{NLL} = \sum \mu - n \log \mu + \log n!$$

    The null is the mean of each neuron over the *scored* spikes: it knows what a forecast does not,
    so that 0 is harder than it looks.

    Args:
        rates: mu, in spikes per bin. 0 counts as 1e-9; NaN is not scored.
        spikes: n. NaN is not scored, nor does it count in the null.

    Returns:
        NaN without a spike.

    Example:
        >>> spikes = np.array([[[0.0], [2.0]]])
        >>> bits_per_spike(np.full((1, 2, 1), 1.0), spikes)
        0.0
        >>> round(bits_per_spike(np.array([[[0.5], [1.5]]]), spikes), 3)
        0.585

    Source:
        Pei et al., Neural Latents Benchmark '21 (2021), and its `evaluation.py` (MIT); the same
        number, from its equations. We leave out NaN rates, which it refuses.
    """
    return _value(BITS.reduced, rates, spikes)


def co_smoothing(
    rates: Predicted, spikes: Activity, held_out: Bool[np.ndarray, " neuron"]
) -> float:
    """co-bps: `bits_per_spike` of neurons that the model did not see in the scored trials.

    It rewards latents that no held-out neuron needs as little as it punishes them; read
    `few_shot_co_smoothing` beside it.

    Args:
        rates: As in `bits_per_spike`, of all neurons.
        spikes: Of all neurons.
        held_out: Which were held out.

    Raises:
        InputError: If none was.
    """
    _any(held_out, "held_out", "neuron")
    return bits_per_spike(rates[:, :, held_out], spikes[:, :, held_out])


def forward_prediction(
    rates: Predicted, spikes: Activity, forward: Bool[np.ndarray, " time"]
) -> float:
    """fp-bps: `bits_per_spike` of all neurons at times after the last that the model saw.

    Args:
        rates: As in `bits_per_spike`, of held-in and held-out neurons.
        spikes: Of both.
        forward: Which samples of a trial came after.

    Raises:
        InputError: If none did.
    """
    _any(forward, "forward", "sample")
    return bits_per_spike(rates[:, forward], spikes[:, forward])


def poisson_d2(rates: Predicted, spikes: Activity) -> float:
    r"""Share of the Poisson deviance of the mean rate that is explained. At most 1; blind to units.

    $$1 - \frac{\sum n \log (n/\mu) - (n - \mu)}{\sum n \log (n/\bar n) - (n - \bar n)}$$

    Source:
        Equal to scikit-learn's `d2_tweedie_score(power=1)` for one neuron, tested.
    """
    return _value(D2.reduced, rates, spikes)


def mcfadden_r2(rates: Predicted, spikes: Activity) -> float:
    """1 - log likelihood / log likelihood of the mean rate, log n! included.

    Small even for the true rates where counts are small; compare it between models of one data set
    only.

    Source:
        McFadden, in Frontiers in Econometrics (1974).
    """
    return _value(MCFADDEN.reduced, rates, spikes)


def _value(reduced: Callable[[Sums], np.ndarray], rates: Predicted, spikes: Activity) -> float:
    return float(reduced(add_up(spike_entries(rates, spikes, spikes)))[0])


def _any(mask: np.ndarray, name: str, what: str) -> None:
    if not mask.any():
        raise InputError(
            f"`{name}` must mark at least one {what}; it marks none of {mask.size}. Hold some out "
            "before fitting."
        )
