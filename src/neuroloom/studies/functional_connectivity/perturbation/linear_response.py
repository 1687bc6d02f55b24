r"""Responses to stimulation from linear coupling whose prior is the wiring.

$$R_{ij} = s\, M_{ij} / M_{jj}, \qquad M = (I - A)^{-1}, \qquad A = A^0 + \delta, \qquad
A^0 = \frac{g}{\rho}\,(2 (1 - \eta)\, C + 2 \eta\, G)$$

R is the response of i while j is held one push s above rest; C are chemical contacts, G gap
junctions, rho scales their sum to a largest |eigenvalue| of 1. `WiringGains` has two numbers, g and
the share eta of gap junctions; `ResponseCoupling` also moves single couplings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, log_expit

from neuroloom.analysis.evaluation import AbstractFitted, AbstractPredictor, Prediction
from neuroloom.analysis.perturbation import growth
from neuroloom.connectome import Connectome
from neuroloom.recording import Recording
from neuroloom.studies.responses.features import (
    contacts,
    log_trials,
    robust_responses,
    weighted_least_squares,
)
from neuroloom.studies.responses.predictor import stimulated_positions

__all__ = ["LinearResponse", "ResponseCoupling", "WiringGains", "held", "wiring_weight"]

Matrix = Float[np.ndarray, "post pre"]
GAINS = (0.1, 0.3, 0.6, 0.9, 0.97)
GAP_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
SPREADS = (0.0, 0.1, 1.0, 10.0, 100.0)
"""Variance of a coupling of mean prior weight, in that weight's square; 0 is the wiring alone."""
UNWIRED = (0.01, 0.1, 1.0)
"""Variance of an unwired pair, relative to a pair of mean prior weight."""
STEADY = 0.95
SMALLEST = 1e-9


def wiring_weight(connectome: Connectome, gain: float, gap_share: float) -> Matrix:
    """A0: all contacts as excitation, with two gains.

    Args:
        connectome: Any.
        gain: g, the largest |eigenvalue|, at least 0 and below 1.
        gap_share: eta, 0 for chemical contacts alone to 1 for gap junctions alone.
    """
    chemical, gap = (contacts(connectome.of_kind(k)).T for k in ("chemical", "electrical"))
    mixed = 2 * (1 - gap_share) * chemical + 2 * gap_share * gap
    np.fill_diagonal(mixed, 0.0)
    radius = growth(mixed[None])
    return gain * mixed / radius if radius > 0 else mixed


def held(weight: Matrix) -> Float[np.ndarray, "post stimulated"]:
    """Steady response to holding each neuron 1 above rest; 1 on the diagonal.

    Args:
        weight: A, of a growth below 1 a step: `push_responses` would ask for all eigenvalues again.
    """
    response = np.linalg.inv(np.eye(len(weight)) - weight)
    return response / np.diag(response)


class Detection(NamedTuple):
    """Log odds that a response is detected: a line in its log size and its log trials."""

    intercept: float
    size: float
    trials: float

    def odds(self, size: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """Log odds."""
        return self.intercept + self.size * np.log(size + SMALLEST) + self.trials * trials


@dataclass(frozen=True, eq=False)
class LinearResponse(AbstractFitted):
    """Responses of fitted coupling.

    Attributes:
        weight: A, in units of `post` per unit of `pre`.
        response: In the unit of the recording, of every pair.
        push: s, how far a stimulated neuron is held above rest, in that unit.
        detection: Log odds by size in pushes.
        trials_known: Whether the number of trials of the target enters the chance.
        notes: What was fitted.
    """

    weight: Matrix
    response: Float[np.ndarray, "trial neuron"]
    push: float
    detection: Detection
    trials_known: bool
    notes: tuple[str, ...]

    def predict(self, target: Recording) -> Prediction:
        """Chance and size of every response; without trials, the chance only ranks."""
        trials = log_trials(target) if self.trials_known else np.zeros(self.response.shape)
        size = np.abs(self.response) / max(abs(self.push), SMALLEST)
        chance = expit(self.detection.odds(size, trials))
        return Prediction(
            self.response[:, None, :, None], chance[:, None], self.notes, self.trials_known
        )


@dataclass(frozen=True)
class WiringGains(AbstractPredictor):
    """The wiring as a linear network, with two gains chosen by the likelihood of detections.

    Attributes:
        q_below: A response is detected below this q value.
        trials_known: Whether a prediction may use the number of trials.
    """

    q_below: float = 0.05
    trials_known: bool = False

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> LinearResponse:
        """Fit to the pairs that are not hidden."""
        del rng
        found = _gains(connectome, _others(connectome, training), self.q_below)
        response = found.push * _rows(held(found.weight), found.stimulated)
        note = f"gain {found.gain:g}, share of gap junctions {found.gap_share:g}"
        return LinearResponse(
            found.weight, response, found.push, found.detection, self.trials_known, (note,)
        )


@dataclass(frozen=True)
class ResponseCoupling(AbstractPredictor):
    r"""Coupling that explains each response by the responses of the neurons that drive it.

    $$R_{ij} = m_i + \sum_{k \ne i, j} A_{ik} R_{kj} + A_{ij} s + \epsilon_{ij}$$

    A regression of every neuron's responses on those of all others, over stimulated neurons. Prior:
    A ~ N(A0, v (eta + A0 / mean A0)), with the two gains of `WiringGains`; v and eta are those
    under which training is likeliest. m takes up what a neuron does whatever is stimulated. Noise
    is that of a mean of n trials; responses on the right are drawn to the prior by their noise.

    Attributes:
        q_below: A response is detected below this q value.
        trials_known: Whether a prediction may use the number of trials.

    Source:
        Modular response analysis: Kholodenko et al., PNAS 99:12841 (2002), there for steady states
        of pathways without noise. The prior, noise and missing pairs are ours.
    """

    q_below: float = 0.05
    trials_known: bool = False

    def fit(
        self, connectome: Connectome, training: Recording, *, rng: np.random.Generator
    ) -> LinearResponse:
        """Fit to the pairs that are not hidden."""
        del rng
        training = _others(connectome, training)
        prior = _gains(connectome, training, self.q_below)
        data = _regressions(training, prior)
        kernels = _kernels(data, prior.weight)
        tried = [(s, u) for s in SPREADS for u in (UNWIRED if s else UNWIRED[:1])]
        likelihood = [_solved(data, kernels, *one)[0] for one in tried]
        spread, unwired = tried[int(np.argmax(likelihood))]
        _, load = _solved(data, kernels, spread, unwired)
        weight = prior.weight + _posterior(data, prior.weight, load, spread, unwired)
        found = growth(weight[None])
        note = (
            f"gain {prior.gain:g}, share of gap junctions {prior.gap_share:g}, spread of couplings "
            f"{spread:g}, of unwired ones {unwired:g}, growth {found:.2f} a step"
        )
        if found > STEADY:
            weight = weight * (STEADY / found)
            note += f", weakened to {STEADY:g}"
        response = prior.push * _rows(held(weight), prior.stimulated)
        return LinearResponse(
            weight, response, prior.push, prior.detection, self.trials_known, (note,)
        )


class Gains(NamedTuple):
    """The wiring with its two gains, and how it is seen."""

    weight: Matrix
    gain: float
    gap_share: float
    push: float
    baseline: float
    detection: Detection
    stimulated: Int[np.ndarray, " trial"]


def _rows(response: np.ndarray, stimulated: np.ndarray) -> Float[np.ndarray, "trial neuron"]:
    return response[:, stimulated].T


def _others(connectome: Connectome, training: Recording) -> Recording:
    """Without what stimulated neurons did themselves: that is the light, not propagation."""
    own = stimulated_positions(connectome, training)[:, None] == np.arange(training.n_neurons)
    return replace(training, activity=np.where(own[:, None], np.nan, training.activity))


def _gains(connectome: Connectome, training: Recording, q_below: float) -> Gains:
    stimulated = stimulated_positions(connectome, training)
    q = training.annotations["q"][:, 0]
    known = np.isfinite(q) & training.observed[:, 0]
    detected, trials = q[known] < q_below, log_trials(training)[known]
    best: tuple[float, Matrix, float, float, Detection] | None = None
    for gap_share in GAP_SHARES:
        unit = wiring_weight(connectome, 1.0, gap_share)
        for gain in GAINS:
            size = _rows(held(gain * unit), stimulated)[known]
            detection, likelihood = _detection(size, trials, detected)
            if best is None or likelihood > best[0]:
                best = (likelihood, gain * unit, gain, gap_share, detection)
    assert best is not None
    _, weight, gain, gap_share, detection = best
    size = _rows(held(weight), stimulated)
    design = np.stack([np.ones_like(size), size], axis=-1)
    baseline, push = weighted_least_squares(design, *robust_responses(training))
    return Gains(weight, gain, gap_share, float(push), float(baseline), detection, stimulated)


def _detection(
    size: np.ndarray, trials: np.ndarray, detected: Bool[np.ndarray, " pair"]
) -> tuple[Detection, float]:
    """The line by Newton's method, and its log likelihood; a slight ridge keeps it finite."""
    features = np.stack([np.ones_like(size), np.log(size + SMALLEST), trials], axis=-1)
    line = np.zeros(3)
    for _ in range(12):
        chance = expit(features @ line)
        slope = features.T @ (detected - chance) - 1e-3 * line
        curvature = (features * (chance * (1 - chance))[:, None]).T @ features
        line = line + np.linalg.solve(curvature + 1e-3 * np.eye(3), slope)
    odds = features @ line
    likelihood = float(log_expit(odds)[detected].sum() + log_expit(-odds)[~detected].sum())
    return Detection(*(float(one) for one in line)), likelihood


class Regressions(NamedTuple):
    """Every neuron's responses, and those of the others, over the stimulated neurons of training.

    Attributes:
        left: What the prior does not explain of each response; 0 where not seen.
        past: Responses of the drivers of a neuron, the stimulated one at its push.
        noise: Variance of `left`; very large where not seen.
        rows: Neurons with responses, to which the first axis of `left` and `noise` belongs.
    """

    left: Float[np.ndarray, "post trial"]
    past: Float[np.ndarray, "trial pre"]
    noise: Float[np.ndarray, "post trial"]
    rows: Int[np.ndarray, " post"]


UNSEEN = 1e9
INTERCEPT = 1.0
"""Prior variance of what a neuron does whatever is stimulated, relative to that of responses."""


def _regressions(training: Recording, prior: Gains) -> Regressions:
    response, n = robust_responses(training)
    used = (n > 0).any(axis=1)
    response, n, stimulated = response[used], n[used], prior.stimulated[used]
    expected = prior.push * _rows(held(prior.weight), stimulated)
    seen = n > 0
    off = np.where(seen, response - prior.baseline - expected, 0.0)
    # Squares of what is left, against 1 / n: variance of true responses, and of a single trial.
    design = np.stack([np.ones_like(n), 1 / np.maximum(n, 1)], axis=-1)
    true, single = weighted_least_squares(design, off**2, np.where(seen, n, 0.0))
    true, single = max(float(true), 1e-6), max(float(single), 1e-6)
    error = single / np.maximum(n, 1)
    # A stimulated neuron is not seen (`_others`): there `past` is what holds it, the push.
    past = expected + np.where(seen, true / (true + error), 0.0) * off
    rows = np.flatnonzero(seen.sum(0) >= 5)
    mine = past @ prior.weight.T  # what the prior makes of the others' responses
    left = np.where(seen, response - prior.baseline - mine, 0.0)
    noise = np.where(seen, true + error, UNSEEN)
    return Regressions(left[:, rows].T, past, noise[:, rows].T, rows)


def _mean_weight(weight: Matrix) -> float:
    return float(weight[weight > 0].mean()) if (weight > 0).any() else 1.0


def _kernels(data: Regressions, weight: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of the responses of each neuron if all couplings vary alike, or as the wiring."""
    rows, past = data.rows, data.past
    own = past[:, rows].T
    alike = past @ past.T - own[:, :, None] * own[:, None, :]
    wired = np.empty_like(alike)
    for one, place in enumerate(rows):
        drivers = np.flatnonzero(weight[place])
        wired[one] = (past[:, drivers] * weight[place, drivers]) @ past[:, drivers].T
    mean = _mean_weight(weight)
    return mean**2 * alike, mean * wired


def _solved(
    data: Regressions, kernels: tuple[np.ndarray, np.ndarray], spread: float, unwired: float
) -> tuple[float, Float[np.ndarray, "post trial"]]:
    """Log likelihood of all responses up to a constant, and what each of them weighs."""
    alike, wired = kernels
    kernel = spread * (unwired * alike + wired)
    kernel += INTERCEPT * float(np.median(data.noise[data.noise < UNSEEN]))
    at = np.arange(kernel.shape[1])
    kernel[:, at, at] += data.noise
    total, load = 0.0, np.empty_like(data.left)
    for one, (covariance, left) in enumerate(zip(kernel, data.left, strict=True)):
        half = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
        load[one] = cho_solve(half, left, check_finite=False)
        total += float(np.log(np.diag(half[0])).sum()) + 0.5 * float(left @ load[one])
    return -total, load


def _posterior(
    data: Regressions, weight: Matrix, load: np.ndarray, spread: float, unwired: float
) -> Matrix:
    """Mean of what single couplings are beside the prior; 0 of a neuron onto itself."""
    mean = _mean_weight(weight)
    variance = spread * mean**2 * (unwired + weight[data.rows] / mean)
    variance[np.arange(len(data.rows)), data.rows] = 0.0
    found = np.zeros_like(weight)
    found[data.rows] = variance * (load @ data.past)
    return found
