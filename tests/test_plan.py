"""A plan of recordings: the order, beside random and worst ones, with costs and a budget."""

import numpy as np
import pytest

from neuroloom.analysis.candidates import Candidates
from neuroloom.analysis.identifiability import Sensitivity, predicted_error
from neuroloom.analysis.plan import n_recordings, plan_recordings, positions_of
from neuroloom.analysis.recording_order import greedy_order
from neuroloom.errors import InputError

LONG = 720575940621039145  # through a float it would be another neuron


@pytest.fixture
def s(rng):
    return Sensitivity(rng.normal(size=(12, 3, 10)) * 0.6 ** np.arange(10))


IDS = np.arange(LONG, LONG + 12)


def make(s, rng, n=4, **options):
    options = {"noise": 0.2, "n_random": 20} | options
    return plan_recordings(s, IDS, n, rng=rng, **options)


def test_a_plan_names_the_neurons_of_the_greedy_order_by_their_exact_ids(s, rng):
    found = make(s, rng)
    order = greedy_order(Candidates.of(s, noise=0.2), 4)
    assert found.chosen.tolist() == IDS[order.neuron].tolist()
    assert found.chosen.dtype == np.int64
    planned = found.table[found.table["role"] == "planned"].sort_values("rank")
    assert planned["neuron"].tolist() == found.chosen.tolist()


def test_the_table_holds_posterior_errors_before_and_after(s, rng):
    found = make(s, rng, recorded=[LONG + 3])
    before = np.arange(12) == 3
    after = before | np.isin(IDS, found.chosen)
    for column, mask in (("error_before", before), ("error_after", after)):
        expected = np.sqrt(predicted_error(s, mask, noise=0.2).mean_square)
        np.testing.assert_allclose(found.table[column], expected, rtol=1e-5)
    assert found.table["role"].tolist().count("recorded") == 1
    last = found.curves().iloc[-1]
    mean_square = found.table.loc[~after, "error_after"].pow(2).mean()
    assert last["greedy"] == pytest.approx(mean_square)
    assert last["n"] == 4


def test_the_plan_is_shown_beside_random_and_worst(s, rng):
    lines = make(s, rng).curves()
    assert lines["greedy"].iloc[0] == lines["worst"].iloc[0] == lines["random_low"].iloc[0]
    later = lines.iloc[1:]
    assert (later["greedy"] <= later["random_median"]).all()
    assert (later["random_median"] <= later["worst"]).all()
    assert (later["random_low"] <= later["random_high"]).all()


def test_forbidden_and_recorded_neurons_are_in_no_order(s, rng):
    found = make(s, rng, n=8, recorded=[LONG], forbidden=[str(LONG + 1), LONG + 2])
    for order in (found.greedy, found.worst, *found.random):
        assert not set(order.neuron.tolist()) & {0, 1, 2}
    assert found.table["role"].tolist()[:3] == ["recorded", "forbidden", "forbidden"]


def test_a_budget_ends_the_plan_and_the_better_of_both_rules_is_kept(rng):
    """Gain per cost takes the cheap crumb, after which the budget misses the prize."""
    value = np.zeros((3, 1, 3))
    value[0, 0, 0], value[1, 0, 1], value[2, 0, 2] = 0.3, 3.0, 0.01
    found = plan_recordings(
        Sensitivity(value),
        np.array(["crumb", "prize", "dust"]),
        2,
        noise=0.01,
        rng=rng,
        cost=np.array([0.009, 1.0, 0.5]),
        budget=1.0,
        n_random=5,
    )
    assert found.chosen.tolist() == ["prize"]
    assert any("gain alone" in note for note in found.notes)
    assert any("the budget paid for 1 of 2" in note for note in found.notes)


def test_an_order_whose_budget_is_used_up_keeps_its_error_and_none_is_cut_short(rng):
    """Dust and crumb are cheap: the worst order buys two neurons, the best one."""
    value = np.zeros((3, 1, 3))
    value[0, 0, 0], value[1, 0, 1], value[2, 0, 2] = 3.0, 0.3, 0.01
    found = plan_recordings(
        Sensitivity(value),
        np.array(["prize", "crumb", "dust"]),
        3,
        noise=0.01,
        rng=rng,
        cost=np.array([1.0, 0.5, 0.5]),
        budget=1.0,
        n_random=9,
    )
    lines = found.curves()
    assert found.chosen.tolist() == ["prize"]
    assert not found.as_many
    assert len(found.worst.neuron) == 2
    left = (0.3**2 + 0.01**2) / 2
    np.testing.assert_allclose(lines["greedy"].iloc[1:], left)
    assert lines["worst"].iloc[-1] == found.worst.unrecorded_error[-1]
    ends = [order.unrecorded_error[-1] for order in found.random]
    assert lines["random_median"].iloc[-1] == np.median(ends)


def test_cheap_neurons_come_first_where_cost_weighs(s, rng):
    cost = np.ones(12)
    first = make(s, rng).greedy.neuron[0]
    cost[first] = 100.0
    found = make(s, rng, cost=cost, budget=4.0)
    assert IDS[first] not in found.chosen
    assert any("gain per cost" in note for note in found.notes)


def test_the_same_seed_draws_the_same_random_orders(s):
    one, other = (make(s, np.random.default_rng(5)).curves() for _ in range(2))
    assert one.equals(other)
    assert not one.equals(make(s, np.random.default_rng(6)).curves())


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"n": 13}, "Plan fewer"),
        ({"n": 0}, "Plan at least one"),
        ({"recorded": [LONG + 12]}, "must name neurons of the network"),
        ({"forbidden": [LONG, LONG]}, "Remove the repeats"),
        ({"forbidden": IDS.tolist()}, "Forbid fewer"),
        ({"recorded": [LONG], "forbidden": [LONG, LONG + 1]}, "leave it out of `forbidden`"),
        ({"budget": 0.5}, "Raise the budget"),
        ({"n_random": 0}, "100 is a good number"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(s, rng, options, instruction):
    with pytest.raises(InputError, match=instruction):
        make(s, rng, **options)


def test_ids_of_another_network_are_refused(s, rng):
    with pytest.raises(InputError, match="in the order of the network's neurons"):
        plan_recordings(s, IDS[:5], 2, noise=0.1, rng=rng)
    with pytest.raises(InputError, match="Did you mean `AVA"):
        positions_of(["AVAl"], np.array(["AVAL", "AVAR"]), "recorded")


@pytest.mark.parametrize("cost", [None, np.linspace(1, 2, 12)])
def test_every_recording_in_every_order_moves_the_bar(s, rng, cost):
    ticks = []
    make(s, rng, cost=cost, n_random=3, done=lambda: ticks.append(1))
    assert len(ticks) == n_recordings(4, 3, costs_differ=cost is not None)
