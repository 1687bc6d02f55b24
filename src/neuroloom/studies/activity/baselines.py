"""Predictions that need no network: each sees what the network sees, and no more."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.recording import Recording
from neuroloom.wiring import choose_wiring

__all__ = ["ABOUT_ANYONE", "ABOUT_OBSERVED", "Seen", "ceiling"]

Activity = Float[np.ndarray, "trial time neuron"]
MOST_HOPS = 30
PROPAGATION_GAIN = 0.9
RIDGE = 1e-2
MOST_REGRESSED = 20_000  # samples


class Seen(NamedTuple):
    """What a baseline may look at.

    Attributes:
        connectome: Signs as the network has them.
        training: Held-out neurons and unseen time are NaN.
        visible: Held-out neurons are NaN.
    """

    connectome: Connectome
    training: Recording
    visible: Recording

    @property
    def level(self) -> Float[np.ndarray, " neuron"]:
        """Mean training activity of each observed neuron; the mean of all for the others."""
        return _mean_of(self.training.activity, axes=(0, 1), blank=self.overall)

    @property
    def overall(self) -> float:
        """Mean of all training entries."""
        return float(np.nanmean(self.training.activity))


def overall_mean(seen: Seen) -> Activity:
    """One number: the mean of the training neurons."""
    return np.full(seen.visible.activity.shape, seen.overall)


def population_mean(seen: Seen) -> Activity:
    """At each sample, the mean of the observed neurons, without the neuron itself."""
    activity = seen.visible.activity
    known = ~np.isnan(activity)
    return _mean_without_own(activity, known, np.zeros(activity.shape[2], int), seen.overall)


def same_type_mean(seen: Seen) -> Activity:
    """At each sample, the mean of observed neurons of its cell type; of all where there is none."""
    types = seen.connectome.neurons.get("cell_type")
    everyone = population_mean(seen)
    if types is None:
        return everyone
    member = np.unique(types, return_inverse=True)[1]
    activity = seen.visible.activity
    named = types.astype(str) != ""
    known = ~np.isnan(activity) & named[None, None, :]
    within = _mean_without_own(activity, known, member, np.nan)
    within[:, :, ~named] = np.nan
    return np.where(np.isnan(within), everyone, within)


def wired_neighbors(seen: Seen) -> Activity:
    """Signed mean, by count, of what observed presynaptic partners do about their own means."""
    return _propagated(seen, n_hops=1)


def linear_propagation(seen: Seen) -> Activity:
    """The same through neurons that are not observed, until it has died out."""
    return _propagated(seen, n_hops=MOST_HOPS)


def own_mean(seen: Seen) -> Activity:
    """The mean of the neuron itself over training time; NaN where it was not observed."""
    level = _mean_of(seen.training.activity, axes=(0, 1), blank=np.nan)
    return np.broadcast_to(level[None, None, :], seen.visible.activity.shape).copy()


def persistence(seen: Seen) -> Activity:
    """The neuron's own last sample."""
    filled = _filled(seen)
    before = np.roll(filled, 1, axis=1)
    before[:, 0] = seen.level[None, :]
    return np.where(_ever(seen)[None, None, :], before, np.nan)


def autoregression(seen: Seen, *, n_lags: int = 3) -> Activity:
    """From the neuron's own last samples, by ridge regression over training time."""
    filled = _filled(seen) - seen.level
    lags = np.stack([_delayed(filled, n + 1) for n in range(n_lags)], axis=-1)
    out = np.full(filled.shape, np.nan)
    for neuron in np.flatnonzero(_ever(seen)):
        fitted = ~np.isnan(seen.training.activity[:, :, neuron])
        weight = _ridge(lags[:, :, neuron][fitted], filled[:, :, neuron][fitted])
        out[:, :, neuron] = lags[:, :, neuron] @ weight + seen.level[neuron]
    return out


def ridge_on_others(seen: Seen) -> Activity:
    """From all other observed neurons at the same sample, by ridge over training time."""
    filled = _filled(seen) - seen.level
    ever = np.flatnonzero(_ever(seen))
    fitted = np.argwhere(~np.isnan(seen.training.activity[:, :, ever]).all(axis=2))
    fitted = fitted[:: max(1, len(fitted) // MOST_REGRESSED)]
    design = filled[:, :, ever]
    x = design[fitted[:, 0], fitted[:, 1]]
    gram = x.T @ x
    gram += RIDGE * np.trace(gram) / len(ever) * np.eye(len(ever))
    inverse = np.linalg.inv(gram)
    # The regression of one variable on all others stands in the row of the inverse.
    weight = -inverse / np.diag(inverse)[:, None]
    np.fill_diagonal(weight, 0.0)
    out = np.full(filled.shape, np.nan)
    out[:, :, ever] = design @ weight.T + seen.level[ever]
    return out


ABOUT_ANYONE: Mapping[str, Callable[[Seen], Activity]] = MappingProxyType(
    {
        "baseline: mean of training neurons": overall_mean,
        "baseline: population mean": population_mean,
        "baseline: same cell type": same_type_mean,
        "baseline: wired neighbors": wired_neighbors,
        "baseline: linear propagation": linear_propagation,
    }
)
ABOUT_OBSERVED: Mapping[str, Callable[[Seen], Activity]] = MappingProxyType(
    {
        "baseline: own mean": own_mean,
        "baseline: persistence (own past)": persistence,
        "baseline: autoregression (own past)": autoregression,
        "baseline: ridge on other neurons": ridge_on_others,
    }
)


def ceiling(recording: Recording) -> Activity | None:
    """Mean of the other half of the trials in which the same was done; None if nothing repeats.

    A trial repeats another if its inputs are the same at every sample. Halves alternate.
    """
    if recording.inputs is None or recording.n_trials < 4:
        return None
    flat = recording.inputs.reshape(recording.n_trials, -1)
    condition = np.unique(flat, axis=0, return_inverse=True)[1].reshape(-1)
    out = np.full(recording.activity.shape, np.nan)
    for one in np.unique(condition):
        trials = np.flatnonzero(condition == one)
        for half, other in ((trials[::2], trials[1::2]), (trials[1::2], trials[::2])):
            if half.size and other.size:
                mean = _mean_of(recording.activity[other], axes=(0,), blank=np.nan)
                out[half] = mean[None]
    return out if np.isfinite(out).any() else None


def _propagated(seen: Seen, *, n_hops: int) -> Activity:
    """Deviations sent along connections, each neuron's inputs weighted to a sum of 1.

    One slope, fitted to the observed neurons over training time, gives them their size.
    """
    c = seen.connectome
    gap = c.kind == ELECTRICAL
    pre, post = np.r_[c.pre, c.post[gap]], np.r_[c.post, c.pre[gap]]
    weight = np.r_[np.where(gap, 1.0, c.sign) * c.count, c.count[gap]]
    silent = (pre == post) | ((n_hops == 1) & ~_ever(seen)[pre])
    weight = np.where(silent, 0.0, weight)
    total = np.bincount(post, np.abs(weight), c.n_neurons)
    share = PROPAGATION_GAIN * weight / np.where(total > 0, total, 1.0)[post]
    wiring = choose_wiring(pre, post, c.n_neurons)
    prepared = wiring.prepare(jnp.asarray(share))
    observed = ~np.isnan(seen.visible.activity)
    held = np.where(observed, seen.visible.activity - seen.level, 0.0)
    carried, received = held, held
    for _ in range(n_hops):
        received = np.asarray(wiring.apply(prepared, jnp.asarray(carried)), np.float64)
        carried = np.where(observed, held, received)
    fitted = ~np.isnan(seen.training.activity)
    x, y = received[fitted], (seen.training.activity - seen.level)[fitted]
    slope = float(x @ y / max(x @ x, 1e-300))
    return slope * received + seen.level


def _mean_without_own(
    activity: Activity,
    known: Bool[np.ndarray, "trial time neuron"],
    member: Shaped[np.ndarray, " neuron"],
    blank: float,
) -> Activity:
    """Mean over known entries of the same group at the same sample, less each neuron's own."""
    value = np.where(known, activity, 0.0)
    out = np.empty(activity.shape)
    for group in np.unique(member):
        inside = member == group
        total = value[:, :, inside].sum(axis=2, keepdims=True) - value[:, :, inside]
        n = known[:, :, inside].sum(axis=2, keepdims=True) - known[:, :, inside]
        out[:, :, inside] = np.where(n > 0, total / np.maximum(n, 1), blank)
    return out


def _mean_of(values: np.ndarray, *, axes: tuple[int, ...], blank: float) -> np.ndarray:
    known = ~np.isnan(values)
    n = known.sum(axis=axes)
    total = np.where(known, values, 0.0).sum(axis=axes)
    return np.where(n > 0, total / np.maximum(n, 1), blank)


def _ever(seen: Seen) -> Bool[np.ndarray, " neuron"]:
    return np.asarray(seen.training.observed.any(axis=(0, 1)))


def _filled(seen: Seen) -> Activity:
    """Visible activity, each gap filled with the last sample before it, else with the mean."""
    out = seen.visible.activity.copy()
    blank = np.isnan(out[:, 0])
    out[:, 0] = np.where(blank, seen.level[None, :], out[:, 0])
    for step in range(1, out.shape[1]):
        out[:, step] = np.where(np.isnan(out[:, step]), out[:, step - 1], out[:, step])
    return out


def _delayed(values: Activity, n: int) -> Activity:
    out = np.zeros_like(values)
    out[:, n:] = values[:, :-n]
    return out


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    gram = x.T @ x
    strength = 1e-6 * np.trace(gram) / len(gram) + 1e-300
    return np.linalg.solve(gram + strength * np.eye(len(gram)), x.T @ y)
