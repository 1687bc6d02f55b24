"""Errors of a connectome: what a student believes where the wiring was not read perfectly.

Each function takes the true wiring and gives one that is wrong in one way; its audit says how.

| error | changes | keeps |
|---|---|---|
| `with_weight_noise` | the count of every directed connection | who connects to whom |
| `with_spurious_connections` | adds chemical connections | all that was there |
| `with_missing_connections` | leaves connections out | the others, as they were |
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int

from neuroloom.connectome.connectome import CHEMICAL, ELECTRICAL, Connectome
from neuroloom.errors import InputError

__all__ = ["with_missing_connections", "with_spurious_connections", "with_weight_noise"]


def with_weight_noise(connectome: Connectome, sd: float, *, rng: np.random.Generator) -> Connectome:
    r"""Every directed weight a little wrong, in proportion to itself.

    $$w \leftarrow w\,(1 + \sigma\,\xi), \qquad \xi \sim N(0, 1)$$

    Where $1 + \sigma\,\xi$ is below 0 a known sign flips, which may break Dale's law; the audit
    counts such connections. Counts become fractions, in `mean_synapses`. Gap junctions stay as they
    are: a negative conductance means nothing.

    Args:
        connectome: Counts in `synapses` or `mean_synapses`.
        sd: $\sigma$, relative. At least 0.
        rng: Randomness.

    Raises:
        InputError: If `sd` is out of range, or counts are sections, which have no mean synapses.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), the noise of their Fig. 4 e, f.
    """
    if not 0 <= sd < np.inf:
        raise InputError(
            f"`sd` must be finite and at least 0; got {sd}. It is relative: 0.05 stands for 5 % of "
            "each weight."
        )
    if connectome.count_unit == "em_sections":
        raise InputError(
            "Noisy weights must be in `mean_synapses`, the one unit with fractions; these counts "
            "are in em_sections. If they serve as weights only, say so first with "
            "`dataclasses.replace(connectome, count_unit='mean_synapses')`."
        )
    directed = connectome.kind != ELECTRICAL
    factor = np.where(directed, 1 + sd * rng.normal(size=connectome.n_connections), 1.0)
    flipped = (factor < 0) & (connectome.sign != 0)
    why = (
        f"connectome error: noise of {sd:.3g} of each weight on {directed.sum():,} directed "
        f"connections; {flipped.sum():,} of them changed sign"
    )
    return replace(
        connectome,
        count=connectome.count * np.abs(factor),
        sign=np.where(flipped, -connectome.sign, connectome.sign),
        count_unit="mean_synapses",
        audit=(*connectome.audit, why),
    )


def with_spurious_connections(
    connectome: Connectome, probability: float, *, rng: np.random.Generator
) -> Connectome:
    """Chemical connections that are not there, each absent pair by itself with a probability.

    A pair is absent if its first neuron does not contact its second one chemically. Onto itself a
    neuron is offered a connection only where the connectome has chemical self-connections at all.
    The count and sign are those of another chemical connection of the same presynaptic neuron,
    drawn at random among those with a count above 0, so that a neuron of one sign keeps it. A
    neuron that sends none has nothing to copy and gets none; the audit says how many.

    Args:
        connectome: Any.
        probability: Of each absent pair, 0 to 1.
        rng: Randomness.

    Raises:
        InputError: If the probability is out of range.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), their Fig. 4 e, f.
    """
    _check_probability(probability)
    chemical = connectome.kind == CHEMICAL
    template = np.flatnonzero(chemical & (connectome.count > 0))
    template = template[np.argsort(connectome.pre[template], kind="stable")]
    n_sent = np.bincount(connectome.pre[template], minlength=connectome.n_neurons)
    senders = np.flatnonzero(n_sent)
    pre, post = _draw_absent(connectome, chemical, senders, probability, rng)
    first = np.cumsum(n_sent) - n_sent
    copied = template[first[pre] + rng.integers(0, n_sent[pre])]
    n_silent = int(connectome.is_neuron.sum() - connectome.is_neuron[senders].sum())
    why = (
        f"connectome error: added {pre.size:,} spurious chemical connections (probability "
        f"{probability:.3g} of each absent pair), with counts and signs of their sender; "
        f"{n_silent:,} neurons send nothing chemical and got none"
    )
    return replace(
        connectome,
        pre=np.r_[connectome.pre, pre],
        post=np.r_[connectome.post, post],
        kind=np.r_[connectome.kind, np.full(pre.size, CHEMICAL)],
        count=np.r_[connectome.count, connectome.count[copied]],
        sign=np.r_[connectome.sign, connectome.sign[copied]],
        audit=(*connectome.audit, why),
    )


def with_missing_connections(
    connectome: Connectome, probability: float, *, rng: np.random.Generator
) -> Connectome:
    """Each connection, of any kind, left out by itself with a probability.

    Args:
        connectome: Any.
        probability: Of each connection, 0 to 1.
        rng: Randomness.

    Raises:
        InputError: If the probability is out of range.
    """
    _check_probability(probability)
    stays = rng.random(connectome.n_connections) >= probability
    parts = {n: getattr(connectome, n)[stays] for n in ("pre", "post", "kind", "count", "sign")}
    why = (
        f"connectome error: left out {(~stays).sum():,} of {stays.size:,} connections, each with "
        f"probability {probability:.3g}"
    )
    return replace(connectome, **parts, audit=(*connectome.audit, why))


def _draw_absent(
    connectome: Connectome,
    chemical: Bool[np.ndarray, " connection"],
    senders: Int[np.ndarray, " sender"],
    probability: float,
    rng: np.random.Generator,
) -> tuple[Int[np.ndarray, " drawn"], Int[np.ndarray, " drawn"]]:
    """Ends of the absent pairs that are drawn, without a list of all absent pairs.

    The pairs of all senders with all neurons are numbered row by row. The number of absent pairs
    before the i-th present one is its own number minus i, which gives the r-th absent pair by
    bisection.
    """
    receivers = np.flatnonzero(connectome.is_neuron)
    place = np.full(connectome.n_neurons, -1)
    place[receivers] = np.arange(receivers.size)
    rank = np.full(connectome.n_neurons, -1)
    rank[senders] = np.arange(senders.size)
    pre, post = connectome.pre[chemical], connectome.post[chemical]
    if not (pre == post).any():  # then no neuron contacts itself: count such pairs as taken
        pre, post = np.r_[pre, senders], np.r_[post, senders]
    inside = (rank[pre] >= 0) & (place[post] >= 0)
    present = np.unique(rank[pre[inside]] * receivers.size + place[post[inside]])
    n_absent = senders.size * receivers.size - present.size
    n_drawn = rng.binomial(n_absent, probability)
    drawn = np.sort(rng.choice(n_absent, n_drawn, replace=False, shuffle=False))
    drawn = drawn + np.searchsorted(present - np.arange(present.size), drawn, side="right")
    return senders[drawn // max(receivers.size, 1)], receivers[drawn % max(receivers.size, 1)]


def _check_probability(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise InputError(
            f"`probability` must be between 0 and 1; got {probability}. For 5 %, say 0.05."
        )
