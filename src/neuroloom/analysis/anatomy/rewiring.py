"""A weight matrix wired anew, with the degrees and strengths of every neuron kept."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from neuroloom.errors import InputError, SimulationError

__all__ = ["rewire_weights"]

_TOLERANCE = 1e-6  # relative error of strengths that counts as kept
_N_SCALINGS = 2_000


def rewire_weights(
    weight: Float[np.ndarray, "post pre"],
    *,
    rng: np.random.Generator,
    classes: Shaped[np.ndarray, " neuron"] | None = None,
    strengths: bool = True,
    n_rounds: int = 20,
) -> Float[np.ndarray, "post pre"]:
    """The weights dealt anew: who meets whom is random, how much each gives and takes is not.

    Kept, for every neuron: how many connections of either sign it sends and how many it receives,
    and its weight onto itself. With `strengths`, also the sum of the weights of either sign that it
    sends and that it receives; without, the very values that it sends. With `classes`, all of it
    holds towards each class apart. Checked before it returns.

    In a round receivers are paired at random. What the two of a pair get from the same sender may
    be exchanged: where both get the same sign, at the toss of a coin; where the signs differ, who
    gets which is dealt anew among senders of the same two signs, so that each receiver keeps its
    numbers. This also works where everybody connects to everybody and there is nothing to rewire
    but the weights. Then weights of either sign are scaled, by rows and columns in turn, to the
    strengths that they had; signs and zeros stay.

    Args:
        weight: W[post, pre], any unit; 0 is no connection.
        rng: Randomness.
        classes: Of each neuron: keeps everything towards and from each class.
        strengths: Whether strengths are kept, or the values that each neuron sends.
        n_rounds: Rounds of exchange.

    Raises:
        InputError: If the matrix is not square or not finite, or classes do not fit.
        SimulationError: If strengths cannot be met on the new wiring, or a promise does not hold.

    Source:
        Exchange of rows: Strona et al., Nat. Commun. 5:4114 (2014), for 0 and 1; three signs are
        ours. Scaling: Sinkhorn, Ann. Math. Stat. 35:876 (1964).
    """
    n = len(weight)
    if weight.shape != (n, n) or not np.isfinite(weight).all():
        raise InputError(
            f"`weight` must be square and finite; got {weight.shape} with "
            f"{int((~np.isfinite(weight)).sum())} entries that are not. Give W[post, pre]."
        )
    if classes is not None and len(classes) != n:
        raise InputError(
            f"`classes` must have one entry a neuron ({n}); got {len(classes)}. Leave it out to "
            "keep totals only."
        )
    block = np.zeros(n, np.int64)
    if classes is not None:
        block = np.unique(classes, return_inverse=True)[1]
    made = weight.astype(np.float64)
    for _ in range(n_rounds):
        first, second = _paired(block, rng)
        _exchange(made, first, second, block, rng)
    if strengths:
        made = _scaled(made, weight, block)
    _check(weight, made, block, strengths)
    return made


def _paired(
    block: Int[np.ndarray, " neuron"], rng: np.random.Generator
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """Disjoint pairs of neurons of one class."""
    order = np.argsort(block + rng.random(len(block)))
    first, second = [], []
    for one in np.unique(block):
        members = order[block[order] == one]
        half = len(members) // 2
        first.append(members[:half])
        second.append(members[half : 2 * half])
    return np.concatenate(first), np.concatenate(second)


def _exchange(
    made: Float[np.ndarray, "post pre"],
    first: Int[np.ndarray, " pair"],
    second: Int[np.ndarray, " pair"],
    block: Int[np.ndarray, " neuron"],
    rng: np.random.Generator,
) -> None:
    """Exchange what pairs of receivers get, in place; nobody's own column takes part."""
    one, other = made[first], made[second]
    a, b = np.sign(one).astype(np.int64) + 1, np.sign(other).astype(np.int64) + 1
    sender = np.arange(made.shape[1])
    own = (sender[None, :] == first[:, None]) | (sender[None, :] == second[:, None])
    kind = (block[None, :] * 3 + np.minimum(a, b)) * 3 + np.maximum(a, b)
    group = np.where(own | (a == b), -1, kind)
    turned = a > b  # the way round of a pair of signs
    draw = rng.random(group.shape)
    among = np.argsort(group, axis=1, kind="stable")
    shuffled = np.argsort(group + draw, axis=1)
    dealt = turned.copy()
    np.put_along_axis(dealt, shuffled, np.take_along_axis(turned, among, axis=1), axis=1)
    swap = np.where(a == b, draw < 0.5, dealt != turned) & ~own
    made[first], made[second] = np.where(swap, other, one), np.where(swap, one, other)


def _scaled(
    made: Float[np.ndarray, "post pre"],
    weight: Float[np.ndarray, "post pre"],
    block: Int[np.ndarray, " neuron"],
) -> Float[np.ndarray, "post pre"]:
    """The same signs and zeros, scaled to the strengths of `weight` towards every class."""
    of_class = np.eye(int(block.max(initial=0)) + 1)[block]
    off = ~np.eye(len(weight), dtype=bool)
    result = np.where(off, 0.0, weight)
    for sign in (1.0, -1.0):
        part = np.where(off, np.maximum(sign * made, 0.0), 0.0)
        wanted = np.where(off, np.maximum(sign * weight, 0.0), 0.0)
        into, out = wanted @ of_class, of_class.T @ wanted
        worst = 0.0
        for _ in range(_N_SCALINGS):
            part = part * _ratio(into, part @ of_class)[:, block]
            now = of_class.T @ part
            worst = float(np.abs(_ratio(now, out) - 1).max(initial=0.0))
            part = part * _ratio(out, now)[block]
            if worst < _TOLERANCE / 10:
                break
        if worst > _TOLERANCE:
            kind = "excitation" if sign > 0 else "inhibition"
            raise SimulationError(
                f"Strengths must be met on the new wiring; those of {kind} stay {worst:.2g} apart, "
                "as they may in sparse wiring. Give `strengths=False`, which keeps what each "
                "neuron sends."
            )
        result = result + sign * part
    return result


def _ratio(
    wanted: Float[np.ndarray, "one other"], now: Float[np.ndarray, "one other"]
) -> Float[np.ndarray, "one other"]:
    return np.where(now > 0, wanted / np.where(now > 0, now, 1.0), 1.0)


def _check(
    before: Float[np.ndarray, "post pre"],
    after: Float[np.ndarray, "post pre"],
    block: Int[np.ndarray, " neuron"],
    strengths: bool,
) -> None:
    of_class = np.eye(int(block.max(initial=0)) + 1)[block]
    _promise(np.array_equal(np.diag(before), np.diag(after)), "weights onto oneself")
    for sign in (1, -1):
        was: Bool[np.ndarray, "post pre"] = before * sign > 0
        now: Bool[np.ndarray, "post pre"] = after * sign > 0
        _promise(
            np.array_equal(was @ of_class, now @ of_class)
            and np.array_equal(of_class.T @ was, of_class.T @ now),
            "the number of connections of either sign",
        )
        if strengths:
            one, other = np.where(was, before, 0.0), np.where(now, after, 0.0)
            scale = float(np.abs(one).sum(axis=1).max(initial=0.0))
            _promise(
                np.allclose(one @ of_class, other @ of_class, rtol=1e-5, atol=1e-7 * scale)
                and np.allclose(of_class.T @ one, of_class.T @ other, rtol=1e-5, atol=1e-7 * scale),
                "strengths of either sign",
            )
    if not strengths:
        _promise(
            np.array_equal(np.sort(before, axis=0), np.sort(after, axis=0)),
            "the weights that each neuron sends",
        )


def _promise(holds: bool, what: str) -> None:
    if not holds:
        raise SimulationError(
            f"A rewired matrix must keep {what}; it did not. This is a bug: please report it with "
            "the matrix and the seed."
        )
