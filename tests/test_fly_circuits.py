"""The fly's compass as a circuit: signs, senses, and paths through Delta7."""

from pathlib import Path

import numpy as np
import pytest

from neuroloom.analysis.anatomy import first_harmonic
from neuroloom.studies.framework import NoDataError
from neuroloom.studies.head_direction.animal.circuits import (
    EXPORT,
    FAFB,
    RULES,
    fly_circuit,
    fly_wiring,
    through_inhibition,
)
from neuroloom.studies.head_direction.animal.resemblance import fly_pairs, profiles

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def rules():
    return fly_circuit(fly_wiring(RULES, data=None, export=""), name=RULES)


def shift(circuit, pre, post):
    return np.degrees(first_harmonic(circuit.profile(pre, post, window=45.0, step=22.5)).shift)


def test_a_relay_becomes_the_path_through_it():
    # 0 -> 1 directly (2) and by the relay 2 (0.5 x -3); the relay halves itself (-1).
    weight = np.zeros((3, 3))
    weight[1, 0], weight[2, 0], weight[1, 2], weight[2, 2] = 2.0, 0.5, -3.0, -1.0
    found = through_inhibition(weight, np.array([False, False, True]))
    np.testing.assert_allclose(found, [[0.0, 0.0], [2.0 - 3.0 * 0.5 / 2, 0.0]])


def test_relays_at_rest_give_the_same_input_as_the_paths(rules):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(7, 7)) / 4
    relay = np.array([False, True, False, True, False, False, True])
    rates = rng.normal(size=7)
    rates[relay] = np.linalg.solve(
        np.eye(3) - weight[np.ix_(relay, relay)], weight[np.ix_(relay, ~relay)] @ rates[~relay]
    )
    found = through_inhibition(weight, relay) @ rates[~relay]
    np.testing.assert_allclose(found, (weight @ rates)[~relay])


def test_the_rules_connect_five_of_nine_pairs_with_the_published_senses(rules):
    assert fly_pairs(rules) == [
        ("compass", "compass"),
        ("compass", "shifter+"),
        ("compass", "shifter-"),
        ("shifter+", "compass"),
        ("shifter-", "compass"),
    ]
    assert shift(rules, "shifter+", "compass") == pytest.approx(56.25, abs=0.01)
    assert shift(rules, "shifter-", "compass") == pytest.approx(-56.25, abs=0.01)
    assert abs(shift(rules, "compass", "shifter+")) < 3
    assert abs(shift(rules, "compass", "compass")) < 1e-6


def test_delta7_inhibit_where_epg_do_not_excite(rules):
    near, away = profiles(rules, [("compass", "compass")])[0][[7, 15]]
    assert near > 0 > away  # offsets 0 and 180 deg
    direct = profiles(rules, [("shifter+", "compass")])[0]
    assert (direct >= 0).all()  # P-EN do not reach Delta7


def test_an_export_that_is_not_there_is_no_data():
    with pytest.raises(NoDataError, match="give the folder as `--animal"):
        fly_wiring(EXPORT, data=None, export="")


@pytest.mark.skipif(
    not (SHARED / "fly_cx_fafb_turner_evans2020").is_dir(), reason="no FAFB matrices here"
)
def test_a_real_brain_has_all_nine_pairs_and_shifts_like_the_rules():
    fly = fly_circuit(fly_wiring(FAFB, data=SHARED, export=""), name=FAFB)
    assert len(fly_pairs(fly)) == 9
    assert shift(fly, "shifter+", "compass") == pytest.approx(56.25, abs=3)
    assert shift(fly, "shifter-", "compass") == pytest.approx(-56.25, abs=3)
