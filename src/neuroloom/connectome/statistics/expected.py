"""What to expect of mutual pairs from degrees or density alone, where draws cost too much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.statistics.dyads import MUTUAL

__all__ = ["ExpectedMutual", "expected_mutual"]

_MOST_ROUNDS = 60
_MARK = {1: "+", -1: "-", 0: "?"}


@dataclass(frozen=True)
class ExpectedMutual:
    """Expected numbers of mutual pairs.

    Attributes:
        mutual: By both signs, as in `Dyads.mutual`.
        n_pairs: Expected connected ordered pairs of distinct nodes.
    """

    mutual: dict[str, float]
    n_pairs: float

    @property
    def reciprocity(self) -> float:
        """Expected share of ordered pairs that are answered; NaN where nothing is connected."""
        return 2 * sum(self.mutual.values()) / self.n_pairs if self.n_pairs else float("nan")


@dataclass(frozen=True)
class _Class:
    """Connections of one kind and sign, without self-connections, and the chance of each."""

    sign: int
    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    out: Float[np.ndarray, " neuron"]
    into: Float[np.ndarray, " neuron"]
    x: Float[np.ndarray, " neuron"]
    y: Float[np.ndarray, " neuron"]

    def chance(self, pre: np.ndarray, post: np.ndarray) -> Float[np.ndarray, " sample"]:
        """Of a connection from each `pre` to each `post`."""
        odds = self.x[pre] * self.y[post]
        return odds / (1 + odds)


def expected_mutual(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    degrees: bool = True,
    n_samples: int = 400_000,
) -> ExpectedMutual:
    r"""Mutual pairs if partners were independent, per kind and sign, in expectation.

    $$p^q_{ij} = \frac{x_j y_i}{1 + x_j y_i}, \quad \sum_i p^q_{ij} = k^{out}_j, \quad
    \sum_j p^q_{ij} = k^{in}_i, \quad E[M_{qr}] = \sum_{i \ne j} p^q_{ij} \, p^r_{ji}$$

    where $q, r$ are a kind and sign. Each sum is estimated from random pairs of a sender and a
    receiver, so it costs seconds at any size. It stands for `rewire` to a few percent; with
    `degrees=False` it stands for `erdos_renyi`.

    Args:
        connectome: Any; electrical connections are left out.
        rng: Draws the samples.
        degrees: Keep every degree; otherwise only the number of connections, spread evenly over
            the nodes that send (or receive) such connections.
        n_samples: Samples for each pair of classes.

    Source:
        The directed configuration model of maximal entropy: Squartini and Garlaschelli, New J.
        Phys. 13:083001 (2011), here for each kind and sign, and without leaving out i = j when
        $x$ and $y$ are fitted.
    """
    classes = _classes(connectome, degrees)
    mutual = dict.fromkeys(MUTUAL, 0.0)
    n_pairs = 0.0
    for one in classes:
        n_pairs += one.pre.size
        at = rng.integers(one.pre.size, size=(2, n_samples))
        if degrees:
            pre, post = one.pre[at[0]], one.post[at[1]]
        else:
            pre, post = (rng.choice(np.flatnonzero(k), n_samples) for k in (one.out, one.into))
        # A pair comes up in proportion to its degrees; this makes it as likely as the model does.
        weight = one.chance(pre, post) / (one.out[pre] * one.into[post])
        weight[pre == post] = 0.0
        if not weight.any():
            continue
        for other in classes:
            answered = other.chance(post, pre)
            expected = one.pre.size * float((weight * answered).sum() / weight.sum())
            name = _name(one.sign, other.sign)
            # Both orders of two classes are summed, and a pair of one class is seen from both ends.
            mutual[name] += expected / 2
    return ExpectedMutual(mutual, n_pairs)


def _name(one: int, other: int) -> str:
    both = _MARK[one] + _MARK[other]
    return both if both in MUTUAL else both[::-1]


def _classes(connectome: Connectome, degrees: bool) -> list[_Class]:
    n = connectome.n_neurons
    found = []
    usable = (connectome.kind != ELECTRICAL) & (connectome.pre != connectome.post)
    label = connectome.kind.astype(np.int8) * 3 + connectome.sign + 1
    for one in np.flatnonzero(np.bincount(label[usable], minlength=1)):
        inside = usable & (label == one)
        pre, post = connectome.pre[inside], connectome.post[inside]
        out, into = (np.bincount(end, minlength=n).astype(float) for end in (pre, post))
        if not degrees:
            receivers = np.bincount(
                connectome.post[usable & (connectome.kind == one // 3)], minlength=n
            )
            out = np.where(out > 0, pre.size / np.count_nonzero(out), 0.0)
            into = np.where(receivers > 0, pre.size / np.count_nonzero(receivers), 0.0)
        found.append(_Class(int(one) % 3 - 1, pre, post, out, into, *_fitted(out, into)))
    return found


def _fitted(
    out: Float[np.ndarray, " neuron"], into: Float[np.ndarray, " neuron"]
) -> tuple[Float[np.ndarray, " neuron"], Float[np.ndarray, " neuron"]]:
    """The x and y of nodes; nodes of one degree share theirs, so only distinct degrees are solved.

    There are at most about the square root of twice the connections of these.
    """
    k_out, of_out, n_out = np.unique(out, return_inverse=True, return_counts=True)
    k_in, of_in, n_in = np.unique(into, return_inverse=True, return_counts=True)
    total = float((k_out * n_out).sum())
    x, y = k_out / np.sqrt(total), k_in / np.sqrt(total)
    for _ in range(_MOST_ROUNDS):
        before = x
        x = k_out / (n_in * y / (1 + np.outer(x, y))).sum(axis=1)
        y = k_in / (n_out * x / (1 + np.outer(y, x))).sum(axis=1)
        if np.allclose(x, before, rtol=1e-4, atol=0):
            break
    return x[of_out], y[of_in]
