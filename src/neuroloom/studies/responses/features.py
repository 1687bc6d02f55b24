"""What a simple predictor may know of a (stimulated, responder) pair, from wiring and training.

Nothing here sees a held-out response. Features of a training trial leave that trial, and those of
the stimulated neuron's homologs, out of every mean, so that training and held-out rows mean the
same.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.recording import Recording

__all__ = [
    "GAINS",
    "ResponderStatistics",
    "contacts",
    "log_trials",
    "n_trials",
    "propagation",
    "responder_statistics",
    "robust_responses",
    "weighted_least_squares",
    "wiring_features",
]

GAINS = (0.3, 0.6, 0.9)
PRIOR = 10.0  # trials' worth of the mean of all responders, to which a mean of few is drawn


class ResponderStatistics(NamedTuple):
    """Means over training trials, [trial, neuron]: a trial's own group is left out of its row.

    Attributes:
        rate: Fraction of measured pairs that were detected, by responder.
        size: Mean |response| by responder, in the unit of the recording.
        mean: Mean response by responder, in the unit of the recording.
        n: Natural log of 1 + the number of measured pairs behind them.
    """

    rate: Float[np.ndarray, "trial neuron"]
    size: Float[np.ndarray, "trial neuron"]
    mean: Float[np.ndarray, "trial neuron"]
    n: Float[np.ndarray, "trial neuron"]


def contacts(connectome: Connectome) -> Float[np.ndarray, "neuron neuron"]:
    """Contacts that carry a push from a sender (row) to a receiver (column), of every kind.

    Chemical contacts count from `pre` to `post`, electrical ones both ways.
    """
    n = connectome.n_neurons
    gap = connectome.kind == ELECTRICAL
    total = np.zeros((n, n))
    np.add.at(total, (connectome.pre, connectome.post), connectome.count)
    np.add.at(total, (connectome.post[gap], connectome.pre[gap]), connectome.count[gap])
    return total


def propagation(
    connectome: Connectome, gain: float, *, signed: bool = False
) -> Float[np.ndarray, "neuron neuron"]:
    r"""How far a push of each neuron (row) travels to each other (column) in a linear network.

    $$P = (I - g \hat W)^{-1}, \qquad \hat W = W / \rho(|W|)$$

    over contacts of every kind, with the largest |eigenvalue| of the unsigned wiring scaled to 1.

    Args:
        connectome: Any.
        gain: g, at least 0 and below 1, dimensionless.
        signed: Whether chemical contacts carry the connection's sign; one of sign 0 counts as +.

    Source:
        Katz, Psychometrika 18:39 (1953).
    """
    unsigned = contacts(connectome)
    weight = unsigned
    if signed:
        negative = connectome.sign < 0
        weight = unsigned.copy()
        ends = connectome.pre[negative], connectome.post[negative]
        np.add.at(weight, ends, -2.0 * connectome.count[negative])
    radius = float(np.abs(np.linalg.eigvals(unsigned)).max(initial=0.0))
    scaled = weight / radius if radius > 0 else weight
    return np.linalg.inv(np.eye(connectome.n_neurons) - gain * scaled)


def wiring_features(
    connectome: Connectome, stimulated: Int[np.ndarray, " trial"]
) -> Float[np.ndarray, "trial neuron feature"]:
    """Logs of direct contacts, of propagation at several gains, and of both ends' totals.

    Args:
        connectome: The wiring.
        stimulated: Position of the stimulated neuron of each trial.
    """
    total = contacts(connectome)
    layers = [np.log1p(total), np.log1p(total.T)]
    layers += [np.log(np.abs(propagation(connectome, g)) + 1e-9) for g in GAINS]
    layers.append(np.log(np.abs(propagation(connectome, GAINS[-1], signed=True)) + 1e-9))
    pairs = [layer[stimulated] for layer in layers]
    sent, received = np.log1p(total.sum(1)), np.log1p(total.sum(0))
    shape = (stimulated.size, connectome.n_neurons)
    pairs += [
        np.broadcast_to(values, shape)
        for values in (sent[stimulated, None], received[stimulated, None], sent, received)
    ]
    return np.stack(pairs, axis=-1)


def responder_statistics(
    training: Recording, group: Shaped[np.ndarray, " trial"], *, q_below: float
) -> ResponderStatistics:
    """Means of every responder over the training trials of other groups.

    Args:
        training: Everything held out is NaN.
        group: Stimulated neuron with its homologs, of each trial.
        q_below: A response is detected below this q value.
    """
    response, _ = robust_responses(training)
    q = training.annotations["q"][:, 0]
    known = training.observed[:, 0] & np.isfinite(q)
    same = np.unique(group, return_inverse=True)[1]

    def mean(values: np.ndarray) -> Float[np.ndarray, "trial neuron"]:
        seen = np.where(known, values, 0.0)
        overall = seen.sum() / max(known.sum(), 1)
        top, bottom = seen.sum(0) - _by_group(seen, same), known.sum(0) - _by_group(known, same)
        return (top + PRIOR * overall) / (bottom + PRIOR)

    left = known.sum(0) - _by_group(known, same)
    return ResponderStatistics(
        rate=mean(q < q_below), size=mean(np.abs(response)), mean=mean(response), n=np.log1p(left)
    )


def robust_responses(
    training: Recording,
) -> tuple[Float[np.ndarray, "trial neuron"], Float[np.ndarray, "trial neuron"]]:
    """Responses without their outliers, and how much each counts: its number of trials.

    The outer half percent on each side is drawn in to the rest: in the worm's atlas a single
    response of -17.5 dF/F would otherwise decide every mean and every fit. Both are 0 where nothing
    is known.
    """
    seen = training.observed[:, 0]
    response = np.where(seen, training.activity[:, 0], 0.0)
    low, high = np.quantile(response[seen], [0.005, 0.995])
    return np.where(seen, np.clip(response, low, high), 0.0), np.where(
        seen, n_trials(training), 0.0
    )


def weighted_least_squares(
    design: Float[np.ndarray, "trial neuron term"],
    response: Float[np.ndarray, "trial neuron"],
    weight: Float[np.ndarray, "trial neuron"],
) -> Float[np.ndarray, " term"]:
    """Coefficients that make the weighted squared error least; 0 where a term says nothing new."""
    root = np.sqrt(weight[weight > 0])
    known = design[weight > 0] * root[:, None]
    return np.linalg.lstsq(known, response[weight > 0] * root, rcond=1e-9)[0]


def n_trials(recording: Recording) -> Float[np.ndarray, "trial neuron"]:
    """Number of observations of each pair; 1 where the recording does not say."""
    counts = recording.n_observations
    return recording.observed[:, 0] * 1.0 if counts is None else counts[:, 0].astype(float)


def log_trials(recording: Recording) -> Float[np.ndarray, "trial neuron"]:
    """Natural log of the number of observations; 0 where there are none."""
    return np.log(np.maximum(n_trials(recording), 1.0))


def _by_group(
    values: Shaped[np.ndarray, "trial neuron"], group: Int[np.ndarray, " trial"]
) -> Float[np.ndarray, "trial neuron"]:
    """The sum over the trials of each trial's own group."""
    total = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(total, group, values.astype(np.float64))
    return total[group]
