"""The published classes: bounds, and the order of the rule."""

from dataclasses import replace

import numpy as np
import pytest

from made_turns import made_turns, made_units
from neuroloom.analysis.tuning import ClassBounds, head_direction_tuning, published_classes
from neuroloom.errors import InputError


def tuned(strength, slope, rate_range=1.0):
    """Measures as given, the rest of any unit."""
    turns = made_turns(np.random.default_rng(0), 2, 50)
    one = head_direction_tuning(*turns, made_units(*turns, np.zeros(1), np.zeros(1)))
    return replace(
        one,
        strength=np.array([strength]),
        slope=np.array([slope]),
        rate_range=np.array([rate_range]),
    )


@pytest.mark.parametrize(
    ("strength", "slope", "rate_range", "expected"),
    [
        (0.9, 0.0175, 1.0, "compass"),
        (0.9, -0.0175, 1.0, "compass"),
        (0.9, 0.0176, 1.0, "shifter+"),
        (0.9, -0.0176, 1.0, "shifter-"),
        (0.735, 0.001, 1.0, "shifter+"),  # not above the bound of a compass unit
        (0.3, -0.001, 1.0, "shifter-"),
        (0.04, 0.0065, 1.0, "weak"),
        (0.04, 0.0066, 1.0, "shifter+"),
        (0.05, -0.001, 1.0, "shifter-"),
        (0.03, 0.0, 1.0, "weak"),
        (0.0299, 0.1, 1.0, "removed"),
        (0.9, 0.1, 0.0099, "removed"),
        (0.9, 0.0, 0.01, "compass"),
        (0.5, 0.0, 1.0, "weak"),  # nothing says which way it shifts
        (np.nan, np.nan, np.nan, "removed"),
        (0.5, np.nan, 1.0, "weak"),
    ],
)
def test_the_rule_is_applied_in_its_order(strength, slope, rate_range, expected):
    assert published_classes(tuned(strength, slope, rate_range)) == [expected]


def test_planted_units_at_the_published_scale_are_recovered(rng):
    turns = made_turns(rng, 60)
    gain = np.repeat([0.0, 4.0, -4.0], 8)
    preferred = np.tile(2 * np.pi * np.arange(8) / 8, 3)
    rates = made_units(*turns, preferred, gain, base=np.where(gain == 0, 0.9, 0.4))
    planted = np.repeat(["compass", "shifter+", "shifter-"], 8)
    np.testing.assert_array_equal(published_classes(head_direction_tuning(*turns, rates)), planted)
    quiet = published_classes(head_direction_tuning(*turns, 0.1 * rates))
    assert "compass" not in quiet  # the bounds do not bear another scale of rates


def test_other_bounds_give_other_classes():
    bounds = ClassBounds(compass_strength=0.4)
    assert published_classes(tuned(0.5, 0.01), bounds) == ["compass"]


def test_a_bound_below_zero_is_refused():
    with pytest.raises(InputError, match="compared without sign"):
        ClassBounds(weak_slope=-0.1)
