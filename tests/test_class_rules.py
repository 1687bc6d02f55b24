"""Joint maps, the rule by templates, and two rules side by side."""

import numpy as np
import pytest

from made_ring import made_inputs, made_ring
from made_turns import made_turns, made_units
from neuroloom.analysis.tuning import (
    TemplateRule,
    cross_table,
    head_direction_tuning,
    joint_map,
    template_classes,
)
from neuroloom.errors import InputError


def test_a_joint_map_is_the_product_it_was_made_of(rng):
    heading, velocity = made_turns(rng, 100)
    rates = made_units(heading, velocity, np.array([1.0]), np.array([2.0]), base=1.0)
    found = joint_map(heading, velocity, rates, n_headings=24, n_velocities=10)
    bump = np.exp(3 * (np.cos(found.heading - 1.0) - 1))
    line = 1.0 + 2.0 * np.deg2rad(found.velocity)
    expected = bump[:, None] * line[None, :]
    enough = found.occupancy[0] > 30
    np.testing.assert_allclose(found.rate[0][enough], expected[enough], atol=0.06)
    assert enough.mean() > 0.5


def test_a_joint_map_counts_every_sample_within_its_range_once(rng):
    heading, velocity = made_turns(rng)
    found = joint_map(heading, velocity, np.ones((40, 400, 1)))
    within = np.abs(velocity) <= 3 * velocity[velocity != 0].std()
    assert found.occupancy.sum() == within.sum()
    assert found.occupancy[0, :, 50].sum() > (velocity == 0).sum()  # those at rest, and slow ones


def test_a_joint_map_averages_to_the_tuning_curve(rng):
    heading, velocity = made_turns(rng)
    rates = made_units(heading, velocity, np.array([1.0, 5.0]), np.array([2.0, 0.0]))
    found = joint_map(heading, velocity, rates, n_sd=9.0)
    curve = np.nansum(found.rate * found.occupancy, axis=2) / found.occupancy.sum(axis=2)
    np.testing.assert_allclose(curve, head_direction_tuning(heading, velocity, rates).curve)


def test_templates_know_the_classes_of_a_ring(rng):
    ring = made_ring(rng=rng, n_silent=2)
    inputs, heading, velocity = made_inputs(rng, 80)
    rates = ring.run(inputs)[:, 10:]
    found = template_classes(heading[:, 10:], velocity[:, 10:], rates)
    shifters = np.char.startswith(ring.classes, "shifter")
    np.testing.assert_array_equal(found.classes[shifters], ring.classes[shifters])
    assert (found.classes[ring.classes == "removed"] == "removed").all()


def test_templates_know_units_that_fire_at_rest_and_when_turning_either_way(rng):
    turns = made_turns(rng, 100)
    preferred = np.linspace(0, 5, 6)
    size = np.abs(turns[1])[..., None]
    rest = made_units(*turns, preferred, np.zeros(6)) * np.exp(-10 * size)
    both = made_units(*turns, preferred, np.zeros(6)) * (0.1 + 5 * size)
    still = made_units(*turns, preferred, np.zeros(6), base=0.9)
    found = template_classes(*turns, np.concatenate([rest, both, 0.03 * both], axis=-1))
    expected = np.repeat(["stationary", "both ways", "removed"], 6)
    np.testing.assert_array_equal(found.classes, expected)
    wide = TemplateRule(n_headings=12, n_velocities=8, compass_variance=0.01)
    assert (template_classes(*turns, still, rule=wide).classes == "compass").all()


def test_a_template_fits_itself(rng):
    turns = made_turns(rng, 100)
    v = turns[1] / (3 * turns[1][turns[1] != 0].std())
    follows = np.stack([np.clip(-v, 0, 1), np.clip(v, 0, 1), np.abs(v)], axis=-1)
    found = template_classes(*turns, follows, rule=TemplateRule(n_headings=1))
    best = found.correlation[[0, 1, 2], [0, 1, 3]]
    assert (best > 0.99).all()
    assert (np.abs(found.correlation[[0, 1], [1, 0]]) < 0.9).all()


def test_a_cross_table_counts_pairs_and_names_what_one_rule_alone_knows():
    first = np.array(["compass", "compass", "shifter+", "removed"])
    second = np.array(["compass", "shifter-", "both ways", "removed"])
    table = cross_table(first, second)
    assert table.classes[-1] == "both ways"
    at = table.classes.index
    assert table.count[at("compass"), at("shifter-")] == 1
    assert table.count[at("shifter-"), at("compass")] == 0
    assert table.count[at("shifter+"), at("both ways")] == 1
    assert table.count.sum() == 4
    assert table.agreement == 0.5


def test_what_cannot_be_done_is_refused(rng):
    with pytest.raises(InputError, match="Take classes of one network"):
        cross_table(np.array(["weak"]), np.array(["weak", "weak"]))
    turns = made_turns(rng, 5)
    with pytest.raises(InputError, match="Scale bounds with the rates"):
        template_classes(*turns, np.zeros((5, 400, 1)), rule=TemplateRule(still=0.0))
