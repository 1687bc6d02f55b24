"""Which neurons to record next: the greedy order beside random and worst ones, and a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from neuroloom.analysis.candidates import Candidates
from neuroloom.analysis.identifiability import Sensitivity
from neuroloom.analysis.recording_order import (
    RecordingOrder,
    greedy_order,
    random_orders,
    worst_order,
)
from neuroloom.errors import InputError, nearest
from neuroloom.fitting.devices import one_blas_thread

__all__ = ["Plan", "n_recordings", "plan_recordings", "positions_of"]


@dataclass(frozen=True, eq=False)
class Plan:
    """Which neurons to record next, and what that is expected to tell of all others.

    Attributes:
        neuron_id: All neurons.
        greedy: The plan.
        worst: What helps least, for comparison.
        random: Orders drawn at random from the same neurons.
        table: One row a neuron, in the order of `neuron_id`: neuron, role (`recorded`, `planned`,
            `forbidden`, `free`), rank (1 is recorded first), cost, error_before and error_after
            (expected RMS error in the unit of activity, before and after the plan), gain_alone (by
            how much recording it alone would lower the summed expected squared error).
        noise: SD of the noise in every sample, unit of activity.
        notes: What was assumed and left out, a sentence each.
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    greedy: RecordingOrder
    worst: RecordingOrder
    random: tuple[RecordingOrder, ...]
    table: pd.DataFrame
    noise: float
    notes: tuple[str, ...] = ()

    @property
    def as_many(self) -> bool:
        """Whether all orders have as many neurons; if not, the same budget bought them."""
        orders = (self.greedy, self.worst, *self.random)
        return len({len(order.neuron) for order in orders}) == 1

    @property
    def chosen(self) -> Shaped[np.ndarray, " chosen"]:
        """Ids of the planned neurons, the first to record first."""
        return self.neuron_id[self.greedy.neuron]

    def random_error(self, quantile: float) -> Float[np.ndarray, " count"]:
        """A quantile over random orders of the expected squared error of unrecorded neurons.

        Args:
            quantile: 0 to 1; 0.5 is the median.

        Returns:
            After 0, 1, 2, ... recordings; a draw whose budget is used up stays where it is.
        """
        longest = max(len(order.unrecorded_error) for order in self.random)
        errors = np.stack([_held(order.unrecorded_error, longest) for order in self.random])
        return np.quantile(errors, quantile, axis=0)

    def curves(self) -> pd.DataFrame:
        """Expected squared error of unrecorded neurons against the number recorded in addition.

        An order whose budget is used up keeps its last error: the last row is what the whole budget
        buys.

        Returns:
            Columns n, greedy, random_median, random_low (5 %), random_high (95 %), worst; unit of
            activity squared.
        """
        lines = {
            "greedy": self.greedy.unrecorded_error,
            "random_median": self.random_error(0.5),
            "random_low": self.random_error(0.05),
            "random_high": self.random_error(0.95),
            "worst": self.worst.unrecorded_error,
        }
        n = max(len(line) for line in lines.values())
        held = {name: _held(line, n) for name, line in lines.items()}
        return pd.DataFrame({"n": np.arange(n)} | held)


@one_blas_thread()  # thousands of small products, which threads only slow down
def plan_recordings(
    sensitivity: Sensitivity,
    neuron_id: Shaped[np.ndarray, " neuron"],
    n: int,
    *,
    noise: float,
    rng: np.random.Generator,
    recorded: Sequence[int | str] = (),
    forbidden: Sequence[int | str] = (),
    wanted: Bool[np.ndarray, " neuron"] | None = None,
    cost: Float[np.ndarray, " neuron"] | None = None,
    budget: float = np.inf,
    n_random: int = 100,
    slack: float = 2.0,
    done: Callable[[], object] = lambda: None,
) -> Plan:
    """Which n neurons to record next, so that the others are predicted best.

    With costs, the plan is made twice, once by gain per cost and once by gain alone, and the one
    that leaves less error is kept: either alone can be arbitrarily bad under a budget.

    Args:
        sensitivity: Of all neurons: of a linearized network, or of an ensemble's members.
        neuron_id: Their ids.
        n: How many to choose.
        noise: SD of the noise in every recorded sample, unit of activity, at least 0.
        rng: Randomness of the orders drawn for comparison.
        recorded: Ids of neurons recorded already.
        forbidden: Ids of neurons that cannot be recorded.
        wanted: Neurons whose activity shall be known; default all.
        cost: Cost of each neuron, above 0; default 1.
        budget: The costs may not add up to more.
        n_random: Random orders to draw for comparison.
        slack: Of `greedy_order`.
        done: Called after every recording in every order, `n_recordings` times if the budget pays
            for all; moves a progress bar.

    Raises:
        InputError: If an id is unknown, named twice, or both recorded and forbidden, nobody is
            left to record, or numbers are out of range.

    Source:
        V-optimal design; both rules under a budget: Leskovec et al., KDD 2007.
    """
    if len(neuron_id) != sensitivity.n_neurons:
        raise InputError(
            f"`neuron_id` must name the {sensitivity.n_neurons} neurons of the sensitivity; it "
            f"names {len(neuron_id)}. Give ids in the order of the network's neurons."
        )
    known = positions_of(recorded, neuron_id, "recorded")
    barred = positions_of(forbidden, neuron_id, "forbidden")
    mask = np.isin(np.arange(len(neuron_id)), known)
    eligible = ~mask & ~np.isin(np.arange(len(neuron_id)), barred)
    _check_numbers(n, n_random, int(eligible.sum()))
    both = np.intersect1d(known, barred)
    if both.size:
        raise InputError(
            "`recorded` and `forbidden` must have no neuron in common; "
            f"`{neuron_id[both[0]]}` is in both ({both.size} such). A recorded neuron is never "
            "planned: leave it out of `forbidden`."
        )
    candidates = Candidates.of(sensitivity, noise=noise, recorded=mask, wanted=wanted)
    price = np.ones(len(neuron_id)) if cost is None else cost
    limits = {"eligible": eligible, "cost": price, "budget": budget, "done": done}
    greedy, rule = _best(candidates, n, limits, slack)
    if not greedy.neuron.size:
        raise InputError(
            f"The budget must pay for at least one neuron; {budget:g} is below the smallest cost, "
            f"{price[eligible].min():g}. Raise the budget."
        )
    state, everyone = candidates.knowledge(), np.arange(len(neuron_id))
    before, gain_alone = state.errors(everyone), state.gains(everyone)
    for neuron in greedy.neuron:
        state.record(int(neuron))
    after = mask | np.isin(np.arange(len(neuron_id)), greedy.neuron)
    table = pd.DataFrame(
        {
            "neuron": neuron_id,
            "role": np.select(
                [mask, after, ~eligible], ["recorded", "planned", "forbidden"], "free"
            ),
            "rank": _ranks(greedy.neuron, len(neuron_id)),
            "cost": price,
            "error_before": np.sqrt(before),
            "error_after": np.sqrt(state.errors(everyone)),
            "gain_alone": gain_alone,
        }
    )
    return Plan(
        neuron_id=neuron_id,
        greedy=greedy,
        worst=worst_order(candidates, n, **limits),
        random=random_orders(candidates, n, n_draws=n_random, rng=rng, **limits),
        table=table,
        noise=float(noise),
        notes=(*_notes(sensitivity, n, greedy, mask, slack), *rule),
    )


def n_recordings(n: int, n_random: int, *, costs_differ: bool) -> int:
    """How many recordings all orders of a plan have together, if the budget pays for all.

    Args:
        n: How many neurons are to be chosen.
        n_random: Random orders.
        costs_differ: Whether the plan is made by both rules.
    """
    return n * (2 + costs_differ + n_random)


def positions_of(
    ids: Sequence[int | str], neuron_id: Shaped[np.ndarray, " neuron"], name: str
) -> Int[np.ndarray, " named"]:
    """Where these neurons are.

    Args:
        ids: Each at most once; numbers may be given as text.
        neuron_id: All neurons.
        name: What the ids are, for the message.

    Raises:
        InputError: If an id is unknown or named twice.
    """
    place = {str(one): position for position, one in enumerate(neuron_id.tolist())}
    texts = [str(one) for one in ids]
    unknown = [one for one in texts if one not in place]
    if unknown:
        raise InputError(
            f"`{name}` must name neurons of the network; `{unknown[0]}` is none "
            f"({len(unknown)} such of {len(texts)}). {nearest(unknown[0], place)}"
        )
    if len(set(texts)) < len(texts):
        twice = next(one for one in texts if texts.count(one) > 1)
        raise InputError(
            f"`{name}` must name each neuron once; `{twice}` is named {texts.count(twice)} times. "
            "Remove the repeats."
        )
    return np.array([place[one] for one in texts], dtype=np.int64)


def _held(line: Float[np.ndarray, " count"], n: int) -> Float[np.ndarray, " longer"]:
    """Continued to n values by its last."""
    return np.append(line, np.full(n - len(line), line[-1]))


def _best(
    candidates: Candidates, n: int, limits: dict, slack: float
) -> tuple[RecordingOrder, tuple[str, ...]]:
    by_cost = greedy_order(candidates, n, slack=slack, **limits)
    price = limits["cost"]
    if np.ptp(price) == 0:
        return by_cost, ()
    by_gain = greedy_order(candidates, n, per_cost=False, slack=slack, **limits)
    if by_gain.total_error[-1] < by_cost.total_error[-1]:
        return by_gain, ("chosen by gain alone, which left less error than gain per cost",)
    return by_cost, ("chosen by gain per cost, which left no more error than gain alone",)


def _ranks(order: np.ndarray, n_neurons: int) -> np.ndarray:
    rank = np.full(n_neurons, np.nan)
    rank[order] = np.arange(1, len(order) + 1)
    return rank


def _check_numbers(n: int, n_random: int, n_eligible: int) -> None:
    if n_eligible == 0:
        raise InputError(
            "At least one neuron must be left to record; all are recorded or forbidden. Forbid "
            "fewer."
        )
    if not 1 <= n <= n_eligible:
        raise InputError(
            f"The number to plan must be 1 to the number of neurons that may be recorded "
            f"({n_eligible}); got {n}. Plan {'fewer' if n > 1 else 'at least one'}."
        )
    if n_random < 1:
        raise InputError(
            f"`n_random` must be at least 1, as a plan is always shown beside random; got "
            f"{n_random}. 100 is a good number."
        )


def _notes(
    sensitivity: Sensitivity, n: int, greedy: RecordingOrder, mask: np.ndarray, slack: float
) -> list[str]:
    notes = [
        f"neurons recorded already: {int(mask.sum())}; expected errors are those of a model "
        f"linear in its {sensitivity.n_unknowns:,} unknowns, {sensitivity.n_samples} samples a "
        "neuron",
        f"{greedy.n_evaluations:,} gains computed; "
        + (
            "every gain at every step"
            if slack == np.inf
            else f"lazy: a gain may grow by {slack:g} before it is missed, and "
            f"{greedy.n_grew} were seen to grow by more"
        ),
    ]
    if sensitivity.explained < 1 - 1e-6:
        notes.append(
            f"the unknowns kept hold {100 * sensitivity.explained:.1f} % of the prior variance of "
            "activity; what the rest would add to errors is missing"
        )
    if len(greedy.neuron) < n:
        notes.append(f"the budget paid for {len(greedy.neuron)} of {n} neurons")
    return notes
