r"""How likely each connection is, from noisy estimates of all of them at once.

$$\hat A_{ij} = S_{ij} + \nu_{a_i b_j} + \sum_k Q_{ik} M_{kj} + \epsilon_{ij}, \qquad
\epsilon_{ij} \sim N(0, v_{ij}), \qquad
S_{ij} \sim (1-\rho)\,\delta_0 + \rho\, N(r_i \mu, r_i^2 \tau^2), \quad
(\rho, \mu, \tau) = (\rho_{g a_i b_j}, \mu_{a_i b_j}, \tau_{a_i b_j})$$

S is the connectivity: absent, or drawn from what neurons of class b send to neurons of class a.
Common drive that a forecast takes for coupling lies along the factors Q and is M; detours through
neurons that were not recorded shift all pairs of two classes alike, by nu. All numbers of the
distribution are estimated from the estimates themselves (empirical Bayes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit

from neuroloom.fitting.coupling.edge_classes import classes_from, starting_classes
from neuroloom.fitting.coupling.edge_drive import common_drive, detours, robust_common_drive
from neuroloom.fitting.coupling.edge_pairs import Pairs, log_parts, truncated

__all__ = ["EdgeModel", "Places", "fit_edge_model", "infer_edges", "prior_of"]

N_ROUNDS = 150
SETTLED = 1e-5
"""EM ends where the log likelihood gains less than this a pair in three rounds, classes at rest."""
PSEUDO_PAIRS = 2.0
"""Pairs' worth of prior for each block of classes: the density of its group, the mean weight of its
senders, the variance within all blocks."""
GAINS = np.exp(np.linspace(-1.2, 1.2, 13))
FIRST_DENSITY = 0.15
MOST_CLASSES = 4
N_COMMON = 5
"""Rounds in which common drive is found anew."""


@dataclass(frozen=True, eq=False)
class Places:
    """A prior of every pair by itself, from pairs of similar neurons (`edge_places`).

    Attributes:
        density: Of connections.
        mean: Of their weights, in the unit of the estimates.
        variance: Of their weights.
        n_neighbors: How many neighbors count much.
        evidence: By how much places beat classes in the log likelihood of estimates from the other
            half of the recording, both ways added.
    """

    density: Float[np.ndarray, "post pre"]
    mean: Float[np.ndarray, "post pre"]
    variance: Float[np.ndarray, "post pre"]
    n_neighbors: int
    evidence: float = 0.0


@dataclass(frozen=True, eq=False)
class EdgeModel:
    """The fitted distribution, and what it says of every pair; 0 on the diagonal.

    Attributes:
        probability: That the connection exists.
        mean: Of its weight if it exists, in the unit of the estimates.
        sd: Of its weight if it exists.
        common: What of the estimate is common drive along factors.
        detour: What of it all pairs of two classes share.
        density: By group of pairs, class of the postsynaptic and of the presynaptic neuron.
        slab_mean: Mean weight of connections between two classes, for a gain of 1.
        slab_variance: Their variance.
        gain: How strongly each neuron responds, relative to others.
        post_class: Class by what a neuron receives.
        pre_class: Class by what it sends.
        log_likelihood: Of the estimates.
        criterion: Integrated classification likelihood; larger is better.
        places: What neighbors say of each pair, in place of classes; None where classes suffice.
    """

    probability: Float[np.ndarray, "post pre"]
    mean: Float[np.ndarray, "post pre"]
    sd: Float[np.ndarray, "post pre"]
    common: Float[np.ndarray, "post pre"]
    detour: Float[np.ndarray, "n_post n_pre"]
    density: Float[np.ndarray, "group n_post n_pre"]
    slab_mean: Float[np.ndarray, "n_post n_pre"]
    slab_variance: Float[np.ndarray, "n_post n_pre"]
    gain: Float[np.ndarray, " post"]
    post_class: Int[np.ndarray, " post"]
    pre_class: Int[np.ndarray, " pre"]
    log_likelihood: float
    criterion: float
    places: Places | None = None

    @property
    def weight(self) -> Float[np.ndarray, "post pre"]:
        """Posterior mean of the connectivity: probability times weight if it exists."""
        return self.probability * self.mean


def fit_edge_model(pairs: Pairs, rng: np.random.Generator) -> EdgeModel:
    """Fit by expectation-maximization; the number of classes by their criterion.

    If no connections at all explain the estimates as well, none is inferred. Classes are added
    one at a time, of senders or of receivers, while the integrated classification likelihood
    rises, up to four of each. Known labels are taken as they are.

    Args:
        pairs: Estimates, and what is known beside them.
        rng: Where classes start.

    Source:
        Two-groups model and empirical Bayes: Efron, Statist. Sci. 23:1 (2008); latent blocks and
        their criterion: Daudin, Picard and Robin, Stat. Comput. 18:173 (2008), with classifications
        in place of mean fields. Gains, common drive and signs are ours.
    """
    common = robust_common_drive(pairs)
    none = _without_connections(pairs, common)
    if pairs.label is not None:
        labelled = _fitted(pairs, pairs.label, pairs.label, common)
        return labelled if labelled.criterion > none.criterion else none
    z = np.where(pairs.between, (pairs.estimate - common) / np.sqrt(pairs.variance), np.nan)
    started: dict[tuple[int, bool], np.ndarray] = {}

    def start(n: int, senders: bool) -> np.ndarray:
        if (n, senders) not in started:
            started[n, senders] = starting_classes(z.T if senders else z, n, rng)
        return started[n, senders]

    size = (1, 1)
    best = _fitted(pairs, start(1, False), start(1, True), common)
    if best.criterion <= none.criterion:
        return none
    most = min(MOST_CLASSES, len(z) // 10)
    while True:
        tried = {
            (k, m): _fitted(pairs, start(k, False), start(m, True), common)
            for k, m in ((size[0] + 1, size[1]), (size[0], size[1] + 1))
            if max(k, m) <= most
        }
        if not tried:
            return best
        size, found = max(tried.items(), key=lambda item: item[1].criterion)
        if found.criterion <= best.criterion:
            return best
        best = found


def prior_of(model: EdgeModel, pairs: Pairs) -> tuple[np.ndarray, ...]:
    """Density, mean weight, variance of weights and detour of each pair, before it is estimated."""
    return _state_of(model).of(pairs, model.post_class, model.pre_class)


def infer_edges(model: EdgeModel, pairs: Pairs) -> EdgeModel:
    """What a fitted distribution says of other estimates of the same connections.

    Density, weights, gains and classes stay; common drive is found anew. For resampled data.
    """
    state = _state_of(model)
    for _ in range(N_COMMON if pairs.direction.shape[1] else 1):
        of = state.of(pairs, state.a, state.b)
        absent, present, _, _ = log_parts(pairs, pairs.estimate - state.common, of)
        q = np.where(pairs.between, expit(present - absent), 0.0)
        state = replace(state, common=common_drive(pairs, q, of))
    return _said(pairs, state)


def _state_of(model: EdgeModel) -> _State:
    return _State(
        a=model.post_class,
        b=model.pre_class,
        density=model.density,
        mean=model.slab_mean,
        variance=model.slab_variance,
        gain=model.gain,
        common=model.common,
        detour=model.detour,
        places=model.places,
    )


@dataclass(frozen=True, eq=False)
class _State:
    """Numbers of the distribution while they are estimated."""

    a: np.ndarray
    b: np.ndarray
    density: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    gain: np.ndarray
    common: np.ndarray
    detour: np.ndarray
    places: Places | None = None

    def of(self, pairs: Pairs, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        """Density, mean and variance of each pair, were the classes these."""
        block = a[:, None] * self.mean.shape[1] + b[None, :]
        detour = np.take(self.detour, block)
        if self.places is not None:
            return self.places.density, self.places.mean, self.places.variance, detour
        grouped = block + pairs.group * self.mean.size if len(self.density) > 1 else block
        return (
            np.take(self.density, grouped),
            self.gain[:, None] * np.take(self.mean, block),
            self.gain[:, None] ** 2 * np.take(self.variance, block),
            detour,
        )


def _fitted(pairs: Pairs, a: np.ndarray, b: np.ndarray, common: np.ndarray) -> EdgeModel:
    n_post, n_pre, n_groups = int(a.max()) + 1, int(b.max()) + 1, int(pairs.group.max()) + 1
    x = (pairs.estimate - common)[pairs.between]
    noise = pairs.variance[pairs.between].mean()
    state = _State(
        a=a,
        b=b,
        density=np.full((n_groups, n_post, n_pre), FIRST_DENSITY),
        mean=np.zeros((n_post, n_pre)),
        variance=np.full((n_post, n_pre), 3 * max(float(np.var(x)) - noise, 0.1 * noise)),
        gain=np.ones(len(a)),
        common=common,
        detour=np.zeros((n_post, n_pre)),
    )
    before = -np.inf
    for n in range(N_ROUNDS):
        state, log_likelihood = _maximized(pairs, state)
        moved = False
        if n % 3 == 2:
            following = _regrouped(pairs, state) if pairs.label is None else state
            moved = bool((following.a != state.a).any() or (following.b != state.b).any())
            state = replace(following, gain=_gains(pairs, following) if n % 6 == 5 else state.gain)
            if not moved and log_likelihood - before < SETTLED * pairs.between.sum():
                break
            before = log_likelihood
    return _said(pairs, state)


def _without_connections(pairs: Pairs, common: np.ndarray) -> EdgeModel:
    """The model in which all that is estimated is noise and common drive."""
    n, n_groups = len(common), int(pairs.group.max()) + 1
    place = np.zeros(n, int)
    spread = np.full((1, 1), float(np.median(pairs.variance[pairs.between])))
    none = _State(
        a=place,
        b=place,
        density=np.full((n_groups, 1, 1), 1e-6),
        mean=np.zeros((1, 1)),
        variance=spread,
        gain=np.ones(n),
        common=common,
        detour=np.zeros((1, 1)),
    )
    for _ in range(N_COMMON if pairs.direction.shape[1] else 0):
        none = replace(
            none, common=common_drive(pairs, np.zeros((n, n)), none.of(pairs, place, place))
        )
    said = _said(pairs, none)
    return replace(said, criterion=said.log_likelihood)


def _maximized(pairs: Pairs, state: _State) -> tuple[_State, float]:
    """One round of EM for all but classes and gains."""
    of = state.of(pairs, state.a, state.b)
    x = pairs.estimate - state.common
    absent, present, mean, variance = log_parts(pairs, x, of)
    q = np.where(pairs.between, expit(present - absent), 0.0)
    shape, n_groups = state.mean.shape, len(state.density)
    place = state.a[:, None] * shape[1] + state.b[None, :]
    gain = state.gain[:, None]

    def summed(values: np.ndarray) -> np.ndarray:
        flat = np.bincount(place.ravel(), values.ravel(), minlength=shape[0] * shape[1])
        return flat.reshape(shape)

    n_all, n_there = (
        np.bincount(
            (pairs.group * state.mean.size + place).ravel(),
            v.ravel(),
            minlength=n_groups * state.mean.size,
        ).reshape(n_groups, *shape)
        for v in (pairs.between.astype(float), q)
    )
    there, first, second = (
        summed(q),
        summed(q * mean / gain),
        summed(q * (variance + mean**2) / gain**2),
    )
    by_group = n_there.sum(axis=(1, 2)) / np.maximum(n_all.sum(axis=(1, 2)), 1.0)
    density = (n_there + PSEUDO_PAIRS * by_group[:, None, None]) / (n_all + PSEUDO_PAIRS)
    tiny = np.finfo(float).tiny
    of_sender = first.sum(0) / np.maximum(there.sum(0), tiny)
    mu = (first + PSEUDO_PAIRS * of_sender) / (there + PSEUDO_PAIRS)
    left = np.maximum(second - 2 * mu * first + mu**2 * there, 0.0)
    within = max(left.sum() / max(there.sum(), tiny), 1e-6 * second.sum() / max(there.sum(), tiny))
    updated = replace(
        state,
        density=np.clip(density, 1e-6, 1 - 1e-6),
        mean=mu,
        variance=(left + PSEUDO_PAIRS * within) / (there + PSEUDO_PAIRS),
        common=common_drive(pairs, q, of),
        detour=detours(pairs, q, of, x, summed),
    )
    return updated, float(np.logaddexp(absent, present)[pairs.between].sum())


def _mixture(
    pairs: Pairs, state: _State, x: np.ndarray, a: np.ndarray, b: np.ndarray
) -> np.ndarray:
    absent, present, _, _ = log_parts(pairs, x, state.of(pairs, a, b))
    return np.where(pairs.between, np.logaddexp(absent, present), 0.0)


def _regrouped(pairs: Pairs, state: _State) -> _State:
    """Every neuron in its likeliest class, receivers first, then senders."""
    x = pairs.estimate - state.common
    n = len(state.a)
    n_post, n_pre = state.mean.shape
    if n_post > 1:
        each = [_mixture(pairs, state, x, np.full(n, k), state.b).sum(1) for k in range(n_post)]
        state = replace(state, a=classes_from(np.array(each), state.a))
    if n_pre > 1:
        each = [_mixture(pairs, state, x, state.a, np.full(n, k)).sum(0) for k in range(n_pre)]
        state = replace(state, b=classes_from(np.array(each), state.b))
    return state


def _gains(pairs: Pairs, state: _State) -> np.ndarray:
    """The likeliest gain of each neuron, of a grid; their geometric mean is 1."""
    if pairs.gain_sd == 0:
        return state.gain
    x = pairs.estimate - state.common
    each = []
    for gain in GAINS:
        trial = replace(state, gain=np.full(len(state.a), gain))
        prior = -0.5 * (np.log(gain) / pairs.gain_sd) ** 2
        each.append(_mixture(pairs, trial, x, state.a, state.b).sum(1) + prior)
    found = GAINS[np.argmax(each, axis=0)]
    return found / np.exp(np.log(found).mean())


def _said(pairs: Pairs, state: _State) -> EdgeModel:
    x = pairs.estimate - state.common
    absent, present, mean, variance = log_parts(pairs, x, state.of(pairs, state.a, state.b))
    log_likelihood = float(np.logaddexp(absent, present)[pairs.between].sum())
    if pairs.sign.any():
        mean, variance = truncated(pairs.sign, mean, variance)
    n, (n_post, n_pre) = len(x), state.mean.shape
    classified = 0.0
    for place, n_classes in ((state.a, n_post), (state.b, n_pre)):
        share = np.bincount(place, minlength=n_classes) / n
        classified += float(np.log(share[place]).sum()) - 0.5 * (n_classes - 1) * np.log(n)
    n_numbers = n_post * n_pre * (2 + len(state.density))
    return EdgeModel(
        probability=np.where(pairs.between, expit(present - absent), 0.0),
        mean=np.where(pairs.between, mean, 0.0),
        sd=np.where(pairs.between, np.sqrt(variance), 0.0),
        common=state.common,
        detour=state.detour,
        density=state.density,
        slab_mean=state.mean,
        slab_variance=state.variance,
        gain=state.gain,
        post_class=state.a,
        pre_class=state.b,
        log_likelihood=log_likelihood,
        places=state.places,
        criterion=log_likelihood + classified - 0.5 * n_numbers * float(np.log(n * (n - 1))),
    )
