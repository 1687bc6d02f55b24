"""Statistics beside null wirings: what is kept, what is drawn, what is expected."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from neuroloom.connectome import NULLS, Connectome, TransmitterSigns, rewire, shuffle_signs
from neuroloom.connectome.statistics import (
    Statistic,
    compare_with_nulls,
    draws_that_fit,
    dyads,
    expected_mutual,
    graph_statistics,
    largest_types,
    reciprocity,
    statistics_for,
)
from neuroloom.datasets import connectome
from neuroloom.errors import InputError
from strategies import connectomes, random_connectome


@pytest.fixture(scope="module")
def worm():
    return TransmitterSigns(glutamate=1, otherwise=1)(connectome("worm"))


def hubs(n, n_connections, rng):
    """Uneven degrees, and a third of the connections answered."""
    chance = rng.lognormal(0, 1, n)
    pre, post = (rng.choice(n, 3 * n_connections, p=chance / chance.sum()) for _ in range(2))
    key = np.unique(np.r_[pre * n + post, (post * n + pre)[: n_connections // 3]])
    key = rng.permutation(key)[:n_connections]
    sign = rng.choice([1, 1, 1, -1], n)
    return Connectome(
        *(np.arange(n), key // n, key % n, np.zeros(key.size, int), rng.integers(1, 9, key.size)),
        sign[key // n],
        neurons={"cell_type": rng.choice(list("ABC"), n)},
    )


def rows(found, **where):
    table = found.table
    for column, value in where.items():
        table = table[table[column] == value]
    return list(table.itertuples())


@settings(max_examples=20)
@given(connectomes(dale=True))
def test_what_a_null_is_said_to_keep_it_keeps(c):
    statistics = statistics_for(c)
    for name, null in NULLS.items():
        try:
            drawn = null(c, rng=np.random.default_rng(0))
        except InputError:
            continue
        for s in statistics:
            if name in s.kept_by:
                before, after = (s.measure(x, np.random.default_rng(0))[s.name] for x in (c, drawn))
                np.testing.assert_allclose(after, before, rtol=1e-4, err_msg=f"{name} {s.name}")


def test_a_null_that_may_change_a_statistic_does(worm):
    """So that `kept` is not said of too little either."""
    found = compare_with_nulls(worm, rng=np.random.default_rng(0), n_draws=3)
    assert found.left_out == ()
    pairs = found.table.groupby(["statistic", "null"])["how"].agg(list)
    assert all(len(how) == 1 for how in pairs)
    assert len(pairs) == len(NULLS) * len(statistics_for(worm))
    drawn = found.table[found.table["how"] == "drawn"]
    same = drawn[np.isclose(drawn["mean"], drawn["value"], rtol=1e-9)]
    # Rewiring within the worm's types happens to keep who can be reached.
    assert set(zip(same["statistic"], same["null"], strict=True)) <= {
        ("pairs with a path", "rewire_within_type")
    }


def test_the_interval_is_where_a_further_draw_falls(worm):
    only = {"rewire": NULLS["rewire"]}
    statistics = [s for s in statistics_for(worm) if s.name == "reciprocity"]
    found = compare_with_nulls(
        worm, rng=np.random.default_rng(0), n_draws=8, nulls=only, statistics=statistics
    )
    (stream,) = np.random.default_rng(0).spawn(1)
    drawn = [reciprocity(rewire(worm, rng=stream)).share for _ in range(8)]
    (row,) = found.table.itertuples()
    assert row.mean == pytest.approx(np.mean(drawn))
    half = 2.364624 * np.std(drawn, ddof=1) * np.sqrt(9 / 8)  # t of 7 degrees of freedom
    assert (row.low, row.high) == pytest.approx((row.mean - half, row.mean + half), rel=1e-5)
    assert row.z == pytest.approx((row.value - row.mean) / np.std(drawn, ddof=1))
    assert (row.n_draws, row.how) == (8, "drawn")
    further = [reciprocity(rewire(worm, rng=np.random.default_rng(i))).share for i in range(60)]
    inside = [row.low <= share <= row.high for share in further]
    assert np.mean(inside) > 0.85


def test_the_worm_is_more_reciprocal_than_its_degrees_or_types_explain(worm):
    found = compare_with_nulls(worm, rng=np.random.default_rng(0), n_draws=5)
    by_null = {row.null: row for row in rows(found, statistic="reciprocity")}
    assert by_null["rewire"].value == pytest.approx(0.276, abs=0.001)
    assert by_null["rewire"].mean == pytest.approx(0.05, abs=0.01)
    assert by_null["rewire_within_type"].mean == pytest.approx(0.22, abs=0.01)
    assert all(by_null[name].z > 5 for name in ("rewire", "rewire_within_type", "erdos_renyi"))
    assert by_null["shuffle_signs"].how == "kept"


@pytest.mark.parametrize(("degrees", "null"), [(True, "rewire"), (False, "erdos_renyi")])
def test_expected_mutual_pairs_are_those_of_drawn_wirings(rng, degrees, null):
    c = hubs(400, 6_000, rng)
    expected = expected_mutual(c, rng=rng, degrees=degrees)
    drawn = [dyads(NULLS[null](c, rng=np.random.default_rng(i))).mutual for i in range(12)]
    for both in ("++", "+-", "--"):
        mean = np.mean([d[both] for d in drawn])
        assert expected.mutual[both] == pytest.approx(mean, rel=0.06, abs=1.5), both
    assert reciprocity(c).share > 1.3 * expected.reciprocity


def test_without_draws_mutual_pairs_are_held_against_expectation(worm):
    found = compare_with_nulls(worm, rng=np.random.default_rng(0), n_draws=0)
    (row,) = rows(found, statistic="reciprocity", null="rewire")
    assert (row.how, row.n_draws) == ("expected", 0)
    assert row.low < row.mean < row.high < row.value
    assert row.mean == pytest.approx(0.046, abs=0.005)
    assert {s.how for s in found.table.itertuples()} == {"expected", "kept"}
    assert "spectral radius, unsigned" not in set(found.table["statistic"])


def test_a_null_that_cannot_be_drawn_is_left_out_with_its_reason(rng, worm):
    bare = replace(connectome("worm"), neurons={})
    found = compare_with_nulls(bare, rng=rng, n_draws=1)
    assert "rewire_within_type: the neurons have no column `cell_type`" in found.left_out
    assert "shuffle_signs: no sign is known" in found.left_out
    assert set(found.table["null"]) == {"rewire", "shuffle_weights", "erdos_renyi"}
    mixed = worm.with_signs(
        np.where(np.arange(worm.n_connections) % 3 == 0, -1, 1) * (worm.kind != 1), "mixed"
    )
    (why,) = compare_with_nulls(
        mixed, rng=rng, n_draws=1, nulls={"shuffle_signs": shuffle_signs}
    ).left_out
    assert "Resolve signs with a rule" in why


def test_draws_are_the_generator_s_and_are_told_one_by_one(worm):
    told = []
    only = {name: NULLS[name] for name in ("shuffle_weights", "shuffle_signs")}
    one, two, other = (
        compare_with_nulls(
            worm, rng=np.random.default_rng(seed), n_draws=2, nulls=only, on_draw=told.append
        ).table
        for seed in (0, 0, 1)
    )
    assert one.equals(two)
    assert not one.equals(other)
    assert told == ["shuffle_weights", "shuffle_weights", "shuffle_signs", "shuffle_signs"] * 3
    with pytest.raises(InputError, match="20 give a fair spread"):
        compare_with_nulls(worm, rng=np.random.default_rng(0), n_draws=-1)


def test_ones_own_statistic_and_null_can_be_compared(rng):
    c = random_connectome(30, 200, rng)
    loops = Statistic("loops", "nodes", lambda c, _: {"loops": float((c.pre == c.post).sum())})
    (row,) = compare_with_nulls(
        c, rng=rng, n_draws=2, nulls={"mine": lambda c, rng: c}, statistics=[loops]
    ).table.itertuples()
    assert row.value == row.mean == row.low == row.high == (c.pre == c.post).sum()
    assert np.isnan(row.z)


def test_the_largest_types_are_those_with_the_most_contacts_of_neurons(worm):
    contacts = dict.fromkeys(worm.column("cell_type").tolist(), 0)
    for pre, post, kind, count in zip(worm.pre, worm.post, worm.kind, worm.count, strict=True):
        for end in (pre, post):
            if kind != 1 and worm.is_neuron[end]:
                contacts[str(worm.column("cell_type")[end])] += int(count)
    first = sorted(contacts, key=lambda name: (-contacts[name], name))[:16]
    assert largest_types(worm).tolist() == first
    assert largest_types(replace(worm, neurons={})).size == 0


def test_work_is_bounded_by_the_number_of_connections(rng):
    small = random_connectome(30, 200, rng)
    assert draws_that_fit(small) == 20
    found = graph_statistics(small, rng=rng, n_draws=0)
    assert any("no null wiring was drawn" in note for note in found.notes)
    steps = []
    graph_statistics(small, rng=rng, n_draws=1, on_step=steps.append)
    assert steps[:7] == [
        *("degrees", "reciprocity", "motifs", "type blocks", "eigenvalues", "paths"),
        "effective connectivity",
    ]
    assert set(steps[7:-1]) <= set(NULLS)


def test_a_wiring_without_types_or_signs_has_all_statistics_but_theirs(rng):
    bare = replace(connectome("worm"), neurons={})
    found = graph_statistics(bare, rng=rng, n_draws=0)
    assert found.blocks is None
    assert found.signed is None
    assert found.effective_signed is None
    assert found.effective.source.size == 16  # neurons, as there are no types
    assert "no sign is known, so nothing signed was computed" in found.notes
