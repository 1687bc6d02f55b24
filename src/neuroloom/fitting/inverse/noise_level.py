"""How noisy the observation is, from the activity itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int

from neuroloom.connectome import Connectome
from neuroloom.fitting.inverse.estimators import Instruments
from neuroloom.fitting.inverse.prior import WeightPrior
from neuroloom.fitting.inverse.recover import recover_parameters, relu

__all__ = ["observation_noise_sd"]


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def observation_noise_sd(
    connectome: Connectome,
    activity: Float[np.ndarray, "*trial time_and_one neuron"],
    inputs: Float[np.ndarray, "*trial time neuron"],
    dt: float,
    *,
    activation: Callable[[np.ndarray], np.ndarray] = relu,
    neurons: Int[np.ndarray, " some"] | None = None,
) -> float:
    r"""SD of noise that was added to every recorded state anew, in units of the state.

    Noise in the state leaves residuals of forward differences independent; noise of observation
    makes neighbors go against each other,
    $\mathrm{cov}(e_t, e_{t+1}) = -s^2 (1/\Delta t + q_0 + q_{ii} \phi')/\Delta t$. Coefficients
    come from `Instruments()` with a prior; the answer is the root of the median of s^2 over
    neurons, 0 where that is negative.

    Args:
        connectome: As in `recover_parameters`.
        activity: As there.
        inputs: As there.
        dt: As there.
        activation: As there.
        neurons: Which to take; default up to 200, evenly spaced.

    Raises:
        InputError: As `recover_parameters`.
    """
    n = connectome.n_neurons
    if neurons is None:
        neurons = np.unique(np.linspace(0, n - 1, min(n, 200)).astype(int))
    found = recover_parameters(
        connectome,
        activity,
        inputs,
        dt,
        activation=activation,
        estimator=Instruments(),
        prior=WeightPrior(),
        neurons=neurons,
    )
    v = np.asarray(activity, dtype=float).reshape(-1, *np.shape(activity)[-2:])
    u = np.asarray(inputs, dtype=float).reshape(-1, *np.shape(inputs)[-2:])
    rates = np.asarray(activation(v[:, :-1]), dtype=float)
    gain = np.nan_to_num(found.input_gain)
    variances = []
    for place, neuron in enumerate(found.neuron):
        into = found.post == neuron
        received = rates[..., found.pre[into]] @ found.weight[into]
        drift = received + found.rest[place] + gain[place] * u[..., neuron] - v[:, :-1, neuron]
        left = np.diff(v[..., neuron], axis=1) / dt - drift / found.tau[place]
        left -= left.mean()
        together = float((left[:, 1:] * left[:, :-1]).mean())
        own = into & (found.pre == neuron)
        rising = float((np.diff(rates[..., neuron], axis=1) != 0).mean())
        leak = (-1 + found.weight[own].sum() * rising) / found.tau[place]
        variances.append(-together * dt / (1 / dt + leak))
    return float(np.sqrt(max(float(np.median(variances)), 0.0)))
