"""The part on goals: its codes, what it measures, and its judges on made-up rows."""

from dataclasses import dataclass, replace

import jax
import numpy as np
import pytest

from neuroloom.arena import BoundaryCells, PlaceCells, rectangle
from neuroloom.studies.framework import Cell, NotTestedError, Results, Row
from neuroloom.studies.functional_connectome.goals import arms, codes
from neuroloom.studies.functional_connectome.goals.claims import CLAIMS
from neuroloom.studies.functional_connectome.goals.config import FAST

PLACE_CODE, MOVED = CLAIMS


@dataclass(frozen=True)
class Config:
    first_seed: int = 300
    n_seeds: int = 10
    goals: object = FAST


def made_up(values, n=10):
    """Rows of made-up seeds: (code, measure, learner, phase) to a value."""
    rows = {}
    for seed in range(n):
        rows[Cell.of("goals", seed=seed)] = [
            Row(code, measure, value + 0.01 * seed, at={"learner": learner, "phase": phase})
            for (code, measure, learner, phase), value in values.items()
        ]
    return Results.of(rows, ("seed",))


def ratios(predicted, true, shuffled):
    names = (codes.PREDICTED, codes.TRUE, codes.SHUFFLED)
    keys = [(name, "late_ratio", arms.SUCCESSOR, "first") for name in names]
    return dict(zip(keys, (predicted, true, shuffled), strict=True))


@pytest.mark.parametrize(
    ("found", "outcome"),
    [((1.5, 1.4, 3.0), "pass"), ((2.5, 1.4, 3.0), "fail"), ((1.5, 1.4, 1.5), "fail")],
)
def test_a_place_code_must_be_near_the_shortest_way_and_beat_the_shuffled(found, outcome):
    assert PLACE_CODE.judge(made_up(ratios(*found)), Config()).outcome == outcome


def test_a_bad_true_code_fails_the_claim():
    assert PLACE_CODE.judge(made_up(ratios(1.5, 2.5, 3.0)), Config()).outcome == "fail"


@pytest.mark.parametrize(("ours", "outcome"), [(3.0, "pass"), (9.0, "fail")])
def test_successor_features_must_save_episodes(ours, outcome):
    values = {}
    for code in (codes.TRUE, codes.ONE_HOT):
        values[code, "episodes_to_goal", arms.SUCCESSOR, "moved"] = ours
        values[code, "episodes_to_goal", arms.VALUES, "moved"] = 8.0
    assert MOVED.judge(made_up(values), Config()).outcome == outcome


def test_nine_seeds_are_too_few():
    with pytest.raises(NotTestedError, match="10"):
        PLACE_CODE.judge(made_up(ratios(1.5, 1.4, 3.0), n=9), Config())


def test_episodes_count_until_five_in_a_row_are_good():
    bad, good = [9.0] * 7, [1.0] * 8
    assert arms._episodes(np.array(bad + good)) == 7
    assert arms._episodes(np.array(bad)) == 7


def test_an_arm_has_a_cell_for_every_world():
    assert [cell["seed"] for cell in arms.cells(Config(n_seeds=2))] == [300, 301]


def test_an_agent_on_a_one_hot_code_beats_the_walk_and_codes_hold_what_they_say():
    training = rectangle(1.0, 1.0)
    boundary = BoundaryCells.draw(20, furthest=1.0, key=jax.random.key(0))
    place = PlaceCells.draw(10, boundary, training, key=jax.random.key(1))
    rng = np.random.default_rng(0)
    first, second = codes.two_goals(
        training, step=0.2, goal_radius=1.2, barrier=0.6, apart=3, step_limit=40, rng=rng
    )
    assert first.shortest()[second.at_goal].max() >= 3
    found = codes.goal_codes(first, boundary, place, place.rates_given, rng)
    np.testing.assert_array_equal(found[codes.TRUE], found[codes.PREDICTED])
    ordered = [np.sort(found[name], axis=0) for name in (codes.TRUE, codes.SHUFFLED)]
    np.testing.assert_array_equal(*ordered)
    assert (found[codes.TRUE] != found[codes.SHUFFLED]).any()
    norms = np.linalg.norm(found[codes.BOUNDARY], axis=1)
    np.testing.assert_allclose(norms, 1)
    goals = replace(FAST, n_forage=30, n_first=30, n_moved=30, step_limit=40)
    some = {name: found[name] for name in (codes.TRUE, codes.ONE_HOT)}
    measured = arms.goal_rows(first, second, some, goals, seed=0, rng=rng)
    results = Results.of({Cell.of("goals", seed=0): measured.rows}, ("seed",))
    at = {"learner": arms.SUCCESSOR, "phase": "moved"}
    late = [
        results.values("goals", code, "late_ratio", **at)[0] for code in (codes.ONE_HOT, arms.WALK)
    ]
    assert 1 <= late[0] < 0.5 * late[1]
    assert measured.arrays["value"].shape == (2, len(first.positions))
