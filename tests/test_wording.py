"""Words follow from the numbers, and no further."""

import math

import pytest

from neuroloom.errors import StudyError
from neuroloom.report.records import Score
from neuroloom.report.wording import headline, interval_text, number, plain_name, verdict

POOLED = "held-out stimulated, pooled"
NAN = math.nan


def score(arm, value, low=NAN, high=NAN, *, measure="auroc", split=POOLED, n=100.0):
    return Score(arm, split, measure, "", value, low, high, n)


def level(*scores):
    return verdict(headline(scores)).level


OWN = score("default", 0.75, 0.72, 0.78)


def test_a_null_below_the_whole_interval_and_lower_baselines_give_yes():
    assert level(OWN, score("null: rewire", 0.6, 0.58, 0.62), score("baseline: mean", 0.7)) == "yes"


def test_a_null_that_the_interval_reaches_shows_nothing_even_if_its_draws_lie_close_together():
    found = verdict(headline([OWN, score("null: shuffle_weights", 0.749, 0.7489, 0.7491)]))
    assert found.level == "no"
    assert "does not show that the real wiring matters" in found.title
    assert any("within this model's interval" in sentence for sentence in found.sentences)


def test_a_paired_gain_above_zero_beats_a_null_whose_interval_overlaps():
    null = score("null: rewire", 0.70, 0.65, 0.74)
    gain = score("null: rewire", 0.05, 0.02, 0.08, measure="auroc_gain")
    found = verdict(headline([OWN, null, gain]))
    assert found.level == "yes"
    assert any("0.020–0.080): it is beaten" in sentence for sentence in found.sentences)
    assert level(OWN, null) == "no"  # without the gain the intervals decide


def test_a_paired_gain_that_reaches_zero_or_a_further_draw_that_does_as_well_shows_nothing():
    gain = score("null: rewire", 0.05, -0.01, 0.11, measure="auroc_gain")
    assert level(OWN, score("null: rewire", 0.70, 0.65, 0.74), gain) == "no"
    gain = score("null: rewire", 0.05, 0.02, 0.08, measure="auroc_gain")
    assert level(OWN, score("null: rewire", 0.70, 0.62, 0.78), gain) == "no"


def test_one_of_two_nulls_gives_partly_and_names_the_other():
    found = verdict(
        headline([OWN, score("null: rewire", 0.6, 0.5, 0.7), score("null: shuffle_weights", 0.74)])
    )
    assert found.level == "partly"
    assert "1 of 2" in found.title
    assert "weights shuffled" in found.title


def test_a_null_that_is_better_is_called_so():
    found = verdict(headline([OWN, score("null: rewire", 0.8, 0.79, 0.81)]))
    assert found.level == "no"
    assert any("0.050 worse" in sentence for sentence in found.sentences)


def test_a_baseline_as_good_gives_partly():
    assert level(OWN, score("null: rewire", 0.6), score("baseline: mean", 0.75)) == "partly"


def test_without_a_null_nothing_is_decided():
    assert level(OWN, score("baseline: mean", 0.1)) == "open"


def test_where_smaller_is_better_the_smaller_wins():
    rows = [
        score("default", 0.2, 0.15, 0.25, measure="mse"),
        score("null: rewire", 0.5, 0.4, 0.6, measure="mse"),
    ]
    assert level(*rows) == "yes"
    assert level(rows[0], score("null: rewire", 0.1, 0.05, 0.12, measure="mse")) == "no"


def test_the_headline_is_the_pooled_auroc_and_leaves_missing_values_out():
    head = headline(
        [
            score("default", 0.9, measure="correlation"),
            OWN,
            score("null: rewire", NAN),
            score("ceiling: halves", 0.8),
        ]
    )
    assert (head.split, head.measure, head.own) == (POOLED, "auroc", OWN)
    assert [row.arm for row in head.rows] == ["default", "ceiling: halves"]


def test_the_headline_of_activity_is_the_correlation_of_held_out_neurons():
    head = headline(
        [
            score("default", 0.9, measure="correlation", split="observed neurons"),
            score("default", 0.4, measure="correlation", split="held-out neurons"),
        ]
    )
    assert head.split == "held-out neurons"


def test_scores_without_the_default_are_refused():
    with pytest.raises(StudyError, match="Run again with the command that made it"):
        headline([score("null: rewire", 0.5), score("default", NAN)])


def test_ranked_puts_the_best_first():
    rows = [OWN, score("baseline: a", 0.5), score("baseline: b", 0.7)]
    assert [row.value for row in headline(rows).ranked("baseline")] == [0.7, 0.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-0.25, "−0.250"),
        (0.00198, "0.002"),
        (0.0001, "0.0001"),
        (12.0, "12"),
        (-1234567.0, "−1,234,567"),
        (math.inf, "∞"),
        (NAN, "–"),
    ],
)
def test_numbers_are_written_for_reading(value, text):
    assert number(value) == text


def test_an_interval_with_a_negative_end_has_no_dash_between():
    assert interval_text(-0.1, 0.2) == "−0.100 to 0.200"
    assert interval_text(0.1, NAN) == ""


def test_an_unknown_arm_keeps_its_name():
    assert plain_name("null: my own") == "null wiring: my own"
    assert plain_name("mine") == "mine"
