"""Behavior read from rates by a linear map: what a model's rates keep of what the animal did."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from neuroloom.analysis.forecasts.next_step import neuron_scores
from neuroloom.errors import InputError

__all__ = ["PENALTIES", "Decoded", "decode_behavior"]

Rates = Float[np.ndarray, "trial time neuron"]
Behavior = Float[np.ndarray, "trial time channel"]
PENALTIES = np.logspace(-4, 0, 9)
N_FOLDS = 5


class Decoded(NamedTuple):
    """Behavior, decoded.

    Attributes:
        r2: Identity R2 of each channel of behavior in test data; the benchmark's number is the
            mean. NaN for a channel that does not vary there.
        penalty: That was chosen on training data.
        predicted: Behavior in the test data; NaN where rates are.
    """

    r2: Float[np.ndarray, " channel"]
    penalty: float
    predicted: Float[np.ndarray, "trial time channel"]


def decode_behavior(
    rates: Rates,
    behavior: Behavior,
    test_rates: Float[np.ndarray, "test_trial test_time neuron"],
    test_behavior: Float[np.ndarray, "test_trial test_time channel"],
) -> Decoded:
    """R2 of behavior, by ridge regression on rates at the same sample.

    Samples with a NaN are left out. The penalty is that of logspace(-4, 0, 9) with the best R2 in 5
    contiguous folds of the training data, in the units of the rates.

    Args:
        rates: In training trials.
        behavior: In training trials, such as velocity.
        test_rates: In test trials.
        test_behavior: In test trials.

    Raises:
        InputError: If fewer than 10 training samples are complete.

    Source:
        Pei et al., Neural Latents Benchmark '21 (2021): velocity R2.
    """
    x, y = rates.reshape(-1, rates.shape[2]), behavior.reshape(-1, behavior.shape[2])
    known = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    if known.sum() < 2 * N_FOLDS:
        raise InputError(
            f"A decoder must be trained on at least {2 * N_FOLDS} complete samples; got "
            f"{known.sum()}. Leave out channels of behavior that were not measured."
        )
    search = GridSearchCV(Ridge(), {"alpha": PENALTIES}, cv=KFold(N_FOLDS))
    search.fit(x[known], y[known])
    new = test_rates.reshape(-1, test_rates.shape[2])
    usable = np.isfinite(new).all(axis=1)
    predicted = np.full((len(new), y.shape[1]), np.nan)
    if usable.any():
        predicted[usable] = search.predict(new[usable]).reshape(-1, y.shape[1])
    predicted = predicted.reshape(test_behavior.shape)
    r2 = neuron_scores(predicted, test_behavior)["identity_r2"].to_numpy()
    return Decoded(r2, float(search.best_params_["alpha"]), predicted)
