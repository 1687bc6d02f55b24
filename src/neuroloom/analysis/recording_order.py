"""In which order to record neurons: greedily for the best, greedily for the worst, at random."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.candidates import Candidates, Knowledge
from neuroloom.errors import InputError

__all__ = ["RecordingOrder", "greedy_order", "linear_order", "random_orders", "worst_order"]


@dataclass(frozen=True, eq=False)
class RecordingOrder:
    """Neurons in the order in which they are recorded, and what that leaves unknown.

    Attributes:
        neuron: Positions of the neurons.
        gain: By how much each lowered the summed expected squared error of all wanted neurons.
        unrecorded_error: Expected squared error, mean over wanted neurons that are not recorded,
            before the first and after each; 0 once all are recorded.
        total_error: The same, mean over all wanted neurons, recorded ones included.
        n_evaluations: How many gains were computed.
        n_grew: How often a gain was found beyond what lazy evaluation took for its bound.
    """

    neuron: Int[np.ndarray, " chosen"]
    gain: Float[np.ndarray, " chosen"]
    unrecorded_error: Float[np.ndarray, " count"]
    total_error: Float[np.ndarray, " count"]
    n_evaluations: int
    n_grew: int


def greedy_order(
    candidates: Candidates,
    n: int,
    *,
    eligible: Bool[np.ndarray, " neuron"] | None = None,
    cost: Float[np.ndarray, " neuron"] | None = None,
    budget: float = np.inf,
    per_cost: bool = True,
    slack: float = 2.0,
    done: Callable[[], object] = lambda: None,
) -> RecordingOrder:
    r"""Always records next what lowers the expected error of all wanted neurons most (V-optimal).

    $$v^* = \arg\max_v \; \frac{1}{c_v} \, \mathrm{tr}\,
    (S_v C S_v^\top + s^2)^{-1} \, S_v C G C S_v^\top, \qquad
    G = \frac{1}{K} \sum_{u\,\mathrm{wanted}} S_u^\top S_u$$

    Lazy evaluation keeps every gain from when it was last computed, takes `slack` times it as a
    bound, and computes again only where the bound could win. With a slack of 1 that is exact where
    gains only shrink as more is recorded (submodularity). The decrease of a trace is not
    submodular: once a strong common signal is known, what a neuron says beside it may be worth more
    than before. So gains do grow, in linear networks too, and the order is guaranteed to be that of
    evaluating every gain only where none grows by more than `slack` between two looks. `n_grew`
    counts how often more was seen; 0 is no proof, as growth that nobody looks at is not seen.

    Args:
        candidates: Neurons, with what is recorded already and what is wanted.
        n: How many to choose; fewer where none are left, or the budget is used up.
        eligible: Which may be chosen; default all. What is recorded already never is.
        cost: Cost of each neuron, above 0.
        budget: The costs may not add up to more.
        per_cost: Whether gains are divided by costs; if not, costs only use up the budget.
        slack: At least 1; `inf` computes every gain at every step.
        done: Called after every recording; moves a progress bar.

    Raises:
        InputError: If `n`, costs, the budget or the slack are out of range.

    Source:
        Lazy evaluation: Minoux, Optimization Techniques, Lecture Notes 7:234 (1978); with costs:
        Leskovec et al., KDD 2007.
    """
    state, price = _start(candidates, n, eligible, cost, budget, done)
    if not per_cost:
        price.weight = np.ones(candidates.n_neurons)
    if not slack >= 1:
        raise InputError(
            f"`slack` must be at least 1; got {slack}. Use 2, or `inf` to compute every gain."
        )
    if slack == np.inf:
        return _plainly(candidates, state, n, price, 1.0)
    return _lazily(candidates, state, n, price, slack)


def worst_order(
    candidates: Candidates,
    n: int,
    *,
    eligible: Bool[np.ndarray, " neuron"] | None = None,
    cost: Float[np.ndarray, " neuron"] | None = None,
    budget: float = np.inf,
    done: Callable[[], object] = lambda: None,
) -> RecordingOrder:
    """Always records next what helps least per cost: what to hold a plan against.

    Args:
        candidates: As of `greedy_order`, like all of these.
        n: How many to choose.
        eligible: Which may be chosen.
        cost: Cost of each neuron.
        budget: The costs may not add up to more.
        done: Called after every recording.
    """
    state, price = _start(candidates, n, eligible, cost, budget, done)
    return _plainly(candidates, state, n, price, -1.0)


def random_orders(
    candidates: Candidates,
    n: int,
    *,
    n_draws: int,
    rng: np.random.Generator,
    eligible: Bool[np.ndarray, " neuron"] | None = None,
    cost: Float[np.ndarray, " neuron"] | None = None,
    budget: float = np.inf,
    done: Callable[[], object] = lambda: None,
) -> tuple[RecordingOrder, ...]:
    """Records eligible neurons in an order drawn at random, several times.

    Args:
        candidates: As of `greedy_order`.
        n: How many to choose.
        n_draws: How many orders to draw.
        rng: Randomness.
        eligible: Which may be chosen.
        cost: Cost of each neuron; one that the rest of the budget does not pay for is passed over.
        budget: The costs may not add up to more.
        done: Called after every recording.
    """
    drawn = []
    for _ in range(n_draws):
        state, price = _start(candidates, n, eligible, cost, budget, done)
        trace = _Trace(candidates, state)
        for neuron in rng.permutation(candidates.n_neurons):
            if len(trace.neuron) < n and price.affords(int(neuron)):
                trace.record(int(neuron), price)
        drawn.append(trace.finished(0, 0))
    return tuple(drawn)


def linear_order(
    response: Float[np.ndarray, "neuron unknown"], n: int, *, worst: bool = False
) -> Int[np.ndarray, " chosen"]:
    r"""The order of a linear network by its closed form.

    For fixed points $x^* = M b$ of a linear network, $M = (I - W)^{-1} W$ (or any other linear
    response), with singular vectors $v_k$ and values $s_k$:

    $$\mathrm{score}_i = \sum_k (\hat m_i \cdot v_k)^2 s_k^2 \Big/ \sum_k s_k^2$$

    where $\hat m_i$ is row i of M after projection by P, of length 1; the largest score is recorded
    and P deflated by it, $P \leftarrow P - \hat m \hat m^\top$. It is `greedy_order` without noise,
    with one sample a neuron and equal priors.

    Args:
        response: M, one row a neuron.
        n: How many neurons.
        worst: Take the smallest score instead; rows that tell nothing new come first then.

    Returns:
        Positions of the neurons.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 8.
    """
    if not 0 <= n <= len(response):
        raise InputError(
            f"`n` must be 0 to the number of neurons ({len(response)}); got {n}. Choose fewer."
        )
    _, sizes, axes = np.linalg.svd(response, full_matrices=False)
    share = sizes**2 / max(float(sizes @ sizes), np.finfo(float).tiny)
    scale = np.linalg.norm(response, axis=1)
    rows = response.copy()
    order: list[int] = []
    for _ in range(n):
        length = np.linalg.norm(rows, axis=1)
        new = length > 1e-9 * np.maximum(scale, np.finfo(float).tiny)
        unit = np.where(new[:, None], rows / np.where(new, length, 1.0)[:, None], 0.0)
        score = ((unit @ axes.T) ** 2) @ share
        taken = np.isin(np.arange(len(rows)), order)
        score = np.where(taken, np.inf if worst else -np.inf, score)
        best = int(np.argmin(score) if worst else np.argmax(score))
        order.append(best)
        rows = rows - np.outer(rows @ unit[best], unit[best])
    return np.array(order, dtype=np.int64)


_LOOKED_AT = 8  # the most promising gains, computed together


class _Prices:
    """Who may still be chosen, and what the budget still pays for."""

    def __init__(
        self, eligible: np.ndarray, cost: np.ndarray, budget: float, done: Callable[[], object]
    ) -> None:
        self.left = eligible.copy()
        self.cost = cost
        self.weight = cost
        self.budget = budget
        self.done = done

    def affords(self, neuron: int) -> bool:
        return bool(self.left[neuron] and self.cost[neuron] <= self.budget)

    def open(self) -> np.ndarray:
        return np.flatnonzero(self.left & (self.cost <= self.budget))

    def pay(self, neuron: int) -> None:
        self.left[neuron] = False
        self.budget -= float(self.cost[neuron])
        self.done()


class _Trace:
    """An order as it grows."""

    def __init__(self, candidates: Candidates, state: Knowledge) -> None:
        self.candidates = candidates
        self.state = state
        self.neuron: list[int] = []
        self.total = [state.total]
        self.unrecorded = [state.unrecorded()]

    def record(self, neuron: int, prices: _Prices) -> None:
        self.state.record(neuron)
        self.neuron.append(neuron)
        prices.pay(neuron)
        self.total.append(self.state.total)
        self.unrecorded.append(self.state.unrecorded())

    def finished(self, n_evaluations: int, n_grew: int) -> RecordingOrder:
        wanted = max(int(self.candidates.wanted.sum()), 1)
        total = np.array(self.total)
        return RecordingOrder(
            neuron=np.array(self.neuron, dtype=np.int64),
            gain=-np.diff(total),
            unrecorded_error=np.array(self.unrecorded),
            total_error=total / wanted,
            n_evaluations=n_evaluations,
            n_grew=n_grew,
        )


def _start(
    candidates: Candidates,
    n: int,
    eligible: np.ndarray | None,
    cost: np.ndarray | None,
    budget: float,
    done: Callable[[], object],
) -> tuple[Knowledge, _Prices]:
    n_neurons = candidates.n_neurons
    eligible = np.ones(n_neurons, bool) if eligible is None else eligible
    cost = np.ones(n_neurons) if cost is None else cost
    if n < 1:
        raise InputError(f"`n` must be at least 1; got {n}. Say how many neurons to record.")
    for name, given in (("eligible", eligible), ("cost", cost)):
        if given.shape != (n_neurons,):
            raise InputError(
                f"`{name}` must have one entry a neuron ({n_neurons}); its shape is {given.shape}. "
                "Give them in the order of the neurons."
            )
    bad = ~((cost > 0) & np.isfinite(cost))
    if bad.any():
        raise InputError(
            f"Costs must be above 0 and finite; {bad.sum()} are not, the first is "
            f"{cost[bad][0]:g} of neuron {np.flatnonzero(bad)[0]}. To forbid a neuron, make it not "
            "eligible."
        )
    if not budget > 0:
        raise InputError(f"`budget` must be above 0; got {budget}. Leave it out for no limit.")
    return candidates.knowledge(), _Prices(eligible & ~candidates.recorded, cost, budget, done)


def _plainly(
    candidates: Candidates, state: Knowledge, n: int, prices: _Prices, better: float
) -> RecordingOrder:
    trace, evaluated, grew = _Trace(candidates, state), 0, 0
    last = np.full(candidates.n_neurons, np.inf)
    while len(trace.neuron) < n and prices.open().size:
        which = prices.open()
        gain = trace.state.gains(which)
        evaluated += len(which)
        grew += int((gain > last[which] * (1 + 1e-9)).sum())
        last[which] = gain
        trace.record(int(which[np.argmax(better * gain / prices.weight[which])]), prices)
    return trace.finished(evaluated, grew)


def _lazily(
    candidates: Candidates, state: Knowledge, n: int, prices: _Prices, slack: float
) -> RecordingOrder:
    trace, evaluated, grew = _Trace(candidates, state), 0, 0
    gain = np.full(candidates.n_neurons, np.inf)
    looked = np.full(candidates.n_neurons, -1)
    while len(trace.neuron) < n and (which := prices.open()).size:
        fresh = looked[which] == len(trace.neuron)
        bound = np.where(fresh, gain[which], slack * gain[which]) / prices.weight[which]
        best = int(np.argmax(bound))
        if fresh[best]:
            trace.record(int(which[best]), prices)
            continue
        stale = np.flatnonzero(~fresh & (bound >= np.sort(bound)[-_LOOKED_AT:][0]))
        again = which[stale]
        found = trace.state.gains(again)
        evaluated += len(again)
        grew += int((found > slack * gain[again] * (1 + 1e-9)).sum())
        gain[again], looked[again] = found, len(trace.neuron)
    return trace.finished(evaluated, grew)
