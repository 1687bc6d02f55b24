"""Statistics of learning curves: closed forms, coverage, censored runs, and sentences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom.analysis.learning import (
    Draws,
    Equivalence,
    Interval,
    Reached,
    equivalence,
    equivalence_verdict,
    final_return,
    initial_return,
    learning_area,
    mean_interval,
    nested_difference,
    ordering,
    paired_difference,
    standing,
    steps_taken,
    steps_to,
    trend,
    trend_verdict,
    verdict,
)
from neuroloom.errors import InputError

STEPS = np.array([0, 100, 200, 400])
RETURNS = np.array([-20.0, 0.0, 40.0, 80.0])


def generator(seed=0):
    return np.random.default_rng(seed)


def test_the_area_is_the_mean_height_of_the_curve():
    """Trapezoids by hand: 100 * -10 + 100 * 20 + 200 * 60 = 13,000 over 400 steps."""
    assert learning_area(STEPS, RETURNS) == pytest.approx(32.5)
    assert learning_area(STEPS, np.full(4, 7.0)) == pytest.approx(7.0)


def test_an_area_stops_within_a_segment():
    """Until 300 the curve ends at 60: (-1,000 + 2,000 + 100 * 50) / 300."""
    assert learning_area(STEPS, RETURNS, until=300.0) == pytest.approx(20.0)
    assert learning_area(STEPS, RETURNS, until=200.0) == pytest.approx(5.0)


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_an_area_adds_up_over_parts_and_rises_with_the_curve(seed):
    rng = generator(seed)
    steps = np.cumsum(rng.integers(1, 50, 12))
    returns = rng.normal(size=12)
    whole = learning_area(steps, returns) * (steps[-1] - steps[0])
    first, last = (learning_area(steps[s], returns[s]) for s in (slice(7), slice(6, None)))
    parts = first * (steps[6] - steps[0]) + last * (steps[-1] - steps[6])
    assert whole == pytest.approx(parts)
    assert learning_area(steps, returns + 2) == pytest.approx(learning_area(steps, returns) + 2)


def test_a_curve_starts_and_ends_where_it_does():
    assert initial_return(STEPS, RETURNS) == -20
    assert final_return(STEPS, RETURNS) == 80
    assert final_return(STEPS, RETURNS, n_last=2) == 60


def test_a_threshold_is_reached_at_the_first_probe_there_or_censored_at_the_last():
    assert steps_to(STEPS, RETURNS, 40.0) == Reached(200.0, True)
    assert steps_to(STEPS, RETURNS, 41.0) == Reached(400.0, True)
    assert steps_to(STEPS, RETURNS, -30.0) == Reached(0.0, True)
    assert steps_to(STEPS, RETURNS, 81.0) == Reached(400.0, False)
    assert steps_to(STEPS, np.array([0.0, 9.0, 1.0, 1.0]), 9.0) == Reached(100.0, True)


def test_censored_runs_count_as_slow_and_are_not_left_out():
    fast, never = Reached(100.0, True), Reached(400.0, False)
    half = steps_taken([fast, fast, never, never], rng=generator())
    assert half.median == 100
    assert (half.n_reached, half.n) == (2, 4)
    assert half.high == np.inf
    most_fail = steps_taken([fast, never, never, never], rng=generator())
    assert most_fail.median == np.inf
    assert steps_taken([fast] * 4, rng=generator())[:3] == (100, 100, 100)


def test_a_run_that_stopped_early_only_counts_while_it_ran():
    """Kaplan and Meier by hand: 5 at risk at 100 (4/5 left), 3 at 200 (8/15), 2 at 300 (4/15)."""
    runs = [(100, True), (150, False), (200, True), (300, True), (400, False)]
    found = steps_taken([Reached(float(s), r) for s, r in runs], rng=generator())
    assert found.median == 300


def test_runs_that_stop_where_others_arrive_were_still_at_risk_there():
    """Five at risk at 100, of whom two arrive (3/5 left); two at 300, of whom one does (3/10)."""
    runs = [(100, True), (100, True), (100, False), (300, True), (400, False)]
    found = steps_taken([Reached(float(s), r) for s, r in runs], rng=generator())
    assert found.median == 300


def test_intervals_of_ten_seeds_cover_and_plain_quantiles_would_not():
    rng = generator()
    found = [mean_interval(rng.normal(size=10), rng=rng, n_resamples=400) for _ in range(400)]
    covered = np.mean([one.low <= 0 <= one.high for one in found])
    assert 0.92 < covered < 0.98  # plain percentiles: .91


def test_pairs_cancel_what_a_seed_does_to_both_arms():
    rng = generator()
    seed = 100 * rng.normal(size=10)
    a, b = seed + rng.normal(size=10) + 3, seed + rng.normal(size=10)
    found = paired_difference(a, b, rng=rng)
    assert found.above_zero
    assert found.mean == pytest.approx((a - b).mean())
    assert found.high - found.low < 4
    turned = paired_difference(b, a, rng=rng)
    assert turned.below_zero
    assert turned.mean == -found.mean
    assert not paired_difference(a, b[::-1].copy(), rng=rng).above_zero


def test_one_draw_a_seed_is_a_paired_difference():
    a, b = generator().normal(size=(2, 8))
    one = paired_difference(a, b, rng=generator(1))
    two = nested_difference(a[:, None], b[:, None], rng=generator(1))
    assert one == two


def test_own_draws_narrow_the_interval_and_shared_ones_do_not():
    """Rewired wirings spread by 1, seeds by nothing: 4 own draws halve it, 4 shared ones stay 4."""
    rng = generator()
    real, own = np.zeros((20, 1)), rng.normal(size=(20, 4))
    narrow = nested_difference(real, own, rng=rng)
    single = nested_difference(real, own[:, :1], rng=rng)
    assert (narrow.high - narrow.low) < 0.7 * (single.high - single.low)
    shared = np.tile(rng.normal(size=(1, 4)), (20, 1))
    wide = nested_difference(real, shared, rng=rng, draws=Draws.SHARED)
    assert nested_difference(real, shared, rng=rng).high - wide.mean < 1e-9
    assert wide.high - wide.low > 1
    assert wide.n == 20


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_shared_draws_cover_where_drawing_seeds_alone_does_not(spread):
    rng = generator(3)
    naive = crossed = 0
    for _ in range(300):
        b = (
            spread * rng.normal(size=(10, 1))
            + rng.normal(size=(1, 6))
            + 0.2 * rng.normal(size=(10, 6))
        )
        for draws in Draws:
            one = nested_difference(np.zeros((10, 1)), b, rng=rng, draws=draws, n_resamples=300)
            inside = one.low <= 0 <= one.high
            naive, crossed = (
                (naive + inside, crossed) if draws is Draws.OWN else (naive, crossed + inside)
            )
    assert crossed / 300 > 0.89
    assert naive / 300 < 0.85


def test_a_trend_is_the_mean_slope_of_the_seeds():
    levels = np.arange(1.0, 6.0)
    seeds = 50 * generator().normal(size=(10, 1))
    found = trend(
        levels, seeds + 2 * levels + 0.1 * generator(1).normal(size=(10, 5)), rng=generator()
    )
    assert found.mean == pytest.approx(2, abs=0.1)
    assert found.above_zero
    slopes = [np.polyfit(levels, row, 1)[0] for row in np.vander(np.arange(1.0, 4.0), 5)]
    assert trend(levels, np.vander(np.arange(1.0, 4.0), 5), rng=generator()).mean == pytest.approx(
        np.mean(slopes)
    )
    assert trend(levels, -seeds - levels, rng=generator()).below_zero


def test_no_difference_seen_is_not_equivalence():
    rng = generator()
    a = rng.normal(size=10)
    near = equivalence(a, a + 0.01 * rng.normal(size=10), margin=0.5, rng=rng)
    assert near.equivalent
    assert not near.different
    noisy = equivalence(a, a + 10 * np.linspace(-1, 1, 10), margin=0.5, rng=rng)
    assert not noisy.equivalent
    assert not noisy.different
    assert noisy.difference.level == 0.9
    far = equivalence(a + 2, a, margin=0.5, rng=rng)
    assert far.different
    assert not far.equivalent


def test_a_verdict_says_when_a_baseline_wins_and_when_nothing_is_shown():
    lost = Interval(-321.0, -402.0, -233.0, 10)
    assert verdict("real wiring", "linear", lost, baseline=True, measure="final return") == (
        "The baseline wins: linear is above real wiring in final return by 321 (95 % interval 233 "
        "to 402, 10 seeds)."
    )
    assert verdict("real wiring", "rewired", lost).startswith("Rewired is above real wiring")
    assert verdict("real wiring", "rewired", Interval(119.0, 61.0, 180.0, 10)).startswith(
        "Real wiring is above rewired in return by 119"
    )
    assert "is not shown to differ from" in verdict("a", "b", Interval(1.0, -1.0, 3.0, 10))


def test_a_trend_and_an_equivalence_have_their_sentences():
    up = Interval(2.0, 1.0, 3.0, 10)
    assert trend_verdict("realism", up, measure="initial return") == (
        "Initial return rises with realism, by 2 (95 % interval 1 to 3, 10 seeds) a level."
    )
    assert "falls with realism, by 2 (95 % interval 1 to 3" in trend_verdict(
        "realism", Interval(-2.0, -3.0, -1.0, 10)
    )
    assert "not shown to change" in trend_verdict("realism", Interval(2.0, -1.0, 3.0, 10))
    said = {
        words: equivalence_verdict("ALIF", "ReLU", Equivalence(one, 5.0))
        for words, one in (
            ("are equivalent", up),
            ("differ in return by more than 5", Interval(9.0, 6.0, 12.0, 10, 0.9)),
            ("is not decided", Interval(2.0, -9.0, 12.0, 10, 0.9)),
        )
    }
    for words, sentence in said.items():
        assert words in sentence


def arms(**means):
    rng = generator(5)
    return {name: mean + rng.normal(size=(10, 3)) for name, mean in means.items()}


def test_standing_names_nulls_it_beats_and_the_baseline_that_beats_it():
    values = arms(real=160.0, rewired=42.0, random=5.0, linear=482.0, mlp=100.0)
    found = standing(
        values,
        focus="real",
        nulls=("rewired", "random"),
        baselines=("linear", "mlp"),
        rng=generator(),
    )
    assert found.summary == (
        "The wiring helps: real is above all its nulls: rewired and random. A simple baseline "
        "wins: linear is above real by 322."
    )
    assert found.sentences[0] == found.summary
    assert len(found.sentences) == 5
    assert found.differences["linear"].below_zero


def test_standing_does_not_say_that_wiring_helps_where_it_does_not():
    values = arms(real=10.0, same=10.0, better=30.0, worse=1.0, linear=10.0)

    def summary(nulls, baselines=()):
        return standing(
            values, focus="real", nulls=nulls, baselines=baselines, rng=generator()
        ).summary

    assert summary(("same",)) == ("The wiring is not shown to help: real is not told from same.")
    assert summary(("better",)) == "The wiring is not shown to help: better is above real."
    assert summary(("worse", "same", "better")) == (
        "Part of the wiring helps: real is above worse; it is not told from same; better is above "
        "real."
    )
    assert summary((), ("linear",)) == ("No baseline is above real; it is not told from linear.")
    assert summary((), ("worse",)) == "Real is above its baseline worse."


def test_an_order_holds_only_if_every_step_does():
    values = arms(real=160.0, rewired=42.0, random=5.0, again=5.0)
    holds, steps, said = ordering(values, ("real", "rewired", "random"), rng=generator())
    assert holds
    assert [round(one.mean, -1) for one in steps] == [120, 40]
    assert said.startswith("The order real (160) > rewired (41.8)")
    assert "is found" in said
    holds, _, said = ordering(values, ("real", "again", "random"), rng=generator())
    assert not holds
    assert "is not found" in said


def test_what_cannot_be_measured_is_answered_with_what_to_do():
    one, ten, wild = np.zeros(1), np.zeros(10), np.array([0.0, np.nan])
    late = STEPS[1:], RETURNS[1:]
    for call, rule in (
        (lambda: mean_interval(one, rng=generator()), "run more seeds"),
        (lambda: mean_interval(wild, rng=generator()), "not left out"),
        (lambda: mean_interval(ten, rng=generator(), level=95.0), "Use 0.95"),
        (lambda: paired_difference(ten, ten[:9], rng=generator()), "Pair them by seed"),
        (lambda: nested_difference(np.zeros((3, 0)), np.zeros((3, 1)), rng=generator()), "one has"),
        (lambda: trend(np.ones(3), np.zeros((4, 3)), rng=generator()), "Number them"),
        (lambda: equivalence(ten, ten, margin=0.0, rng=generator()), "State the largest"),
        (lambda: learning_area(STEPS, RETURNS, until=500.0), "budget that all arms reach"),
        (lambda: learning_area(STEPS[:1], RETURNS[:1]), "at least 2 probes"),
        (lambda: learning_area(STEPS[::-1].copy(), RETURNS), "Sort the probes"),
        (lambda: steps_to(STEPS, RETURNS * np.nan, 1.0), "must be given the return"),
        (lambda: initial_return(*late), "Probe the policy before the first generation"),
        (lambda: final_return(STEPS, RETURNS, n_last=5), "Average fewer probes"),
        (lambda: steps_taken([Reached(1.0, True)], rng=generator()), "Run more seeds"),
        (lambda: standing(arms(real=1.0), focus="reel", rng=generator()), "Did you mean `real`"),
        (lambda: ordering(arms(real=1.0), ("real",), rng=generator()), "at least 2 arms"),
    ):
        with pytest.raises(InputError, match=rule):
            call()
