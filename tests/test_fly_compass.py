"""Directions and classes of the compass: by hand for a few neurons, by symmetry for all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroloom import datasets, read_connectome
from neuroloom.connectome import Connectome
from neuroloom.datasets.fly_compass import CLASSES, fly_compass
from neuroloom.datasets.fly_heading_rules import wedge
from neuroloom.errors import InputError

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NEUPRINT = SHARED / "format_samples" / "neuprint_export_hemibrain_ER_EPG"
FAFB = SHARED / "fly_cx_fafb_turner_evans2020"


def wiring(cell_type, **columns):
    """Neurons without connections."""
    none = np.zeros(0, np.int64)
    return Connectome(
        neuron_id=np.array([f"n{i}" for i in range(len(cell_type))]),
        pre=none,
        post=none,
        kind=none,
        count=none,
        sign=none,
        neurons={"cell_type": np.array(cell_type)} | {k: np.array(v) for k, v in columns.items()},
    )


def first_harmonic(compass, pre, post):
    """Mean direction, in degrees, of post seen from pre, weighted by synapses; unsigned."""
    group, at = compass.column("cell_class"), compass.column("preferred_rad")
    own = (group[compass.pre] == pre) & (group[compass.post] == post)
    offset = at[compass.post[own]] - at[compass.pre[own]]
    return np.degrees(np.angle((compass.count[own] * np.exp(1j * offset)).sum()))


@pytest.fixture(scope="module")
def rules():
    return fly_compass(datasets.connectome("fly-heading-rules"))


def test_directions_are_those_of_the_rules_and_classes_those_of_a_model(rules):
    np.testing.assert_allclose(rules.column("preferred_rad"), rules.column("heading_rad"))
    by_id = dict(zip(rules.neuron_id.tolist(), rules.column("cell_class").tolist(), strict=True))
    assert by_id["EPG-L3"] == by_id["PEG-R9"] == "compass"
    assert by_id["PEN-L3"] == "shifter+"
    assert by_id["PEN-R3"] == "shifter-"
    assert by_id["Delta7-R3L6"] == "inhibitory"
    assert set(by_id.values()) == set(CLASSES)


def test_pens_of_the_two_halves_shift_in_opposite_senses(rules):
    assert first_harmonic(rules, "shifter+", "compass") == pytest.approx(56.25)
    assert first_harmonic(rules, "shifter-", "compass") == pytest.approx(-56.25)
    assert first_harmonic(rules, "compass", "shifter+") == pytest.approx(0, abs=1e-9)


def test_by_tile_a_shift_is_exactly_one_of_eight():
    rules = fly_compass(datasets.connectome("fly-heading-rules"), by_tile=True)
    assert first_harmonic(rules, "shifter+", "compass") == pytest.approx(45)
    assert first_harmonic(rules, "shifter-", "compass") == pytest.approx(-45)
    epg = rules.column("compass_type") == "EPG"
    turns = rules.column("preferred_rad")[epg] / (np.pi / 4)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-12)
    assert len(np.unique(turns.round() % 8)) == 8


def test_names_of_neuprint_and_of_fafb_give_the_same_directions():
    glomeruli = ["5R", "4L", "5R4L", "5R", ""]
    fafb = fly_compass(wiring(["EPG", "PEN1", "D7", "PEG", "ring"], glomerulus=glomeruli))
    names = ["EPG(PB08)_R5", "PEN_a(PEN1)_L4_C6", "Delta7(PB15)_R5L4_R", "PEG(PB09)_R5", "ER4d_L"]
    types = ["EPG", "PEN_a(PEN1)", "Delta7", "PEG", "ER4d"]
    neuprint = fly_compass(wiring(types, instance=names))
    for column in ("compass_type", "side", "glomerulus", "cell_class"):
        np.testing.assert_array_equal(fafb.column(column), neuprint.column(column))
    assert fafb.column("glomerulus").tolist() == ["R5", "L4", "R5L4", "R5", ""]
    np.testing.assert_allclose(fafb.column("preferred_rad"), neuprint.column("preferred_rad"))
    epg, pen, delta7, _, ring = fafb.column("preferred_rad")
    assert epg == pytest.approx(wedge("R", 5) * np.pi / 8 - np.pi / 16 - 2 * np.pi)
    assert np.isnan(ring)
    opposite = np.angle(np.exp(1j * epg) + np.exp(1j * pen)) + np.pi
    assert np.exp(1j * delta7) == pytest.approx(np.exp(1j * opposite))


def test_unknown_signs_are_set_by_type_and_known_ones_kept(rules):
    blank = replace(rules, sign=np.zeros(rules.n_connections, np.int64))
    np.testing.assert_array_equal(fly_compass(blank).sign, rules.sign)
    assert any("signs of 330 connections by type" in line for line in fly_compass(blank).audit)
    odd = rules.with_signs(-rules.sign, "turned around")
    np.testing.assert_array_equal(fly_compass(odd).sign, -rules.sign)


def test_other_neurons_are_left_out_and_the_audit_says_so():
    types = ["EPG", "FC1", "PEN_b(PEN2)"]
    found = fly_compass(wiring(types, instance=["EPG(PB08)_L3", "FC1(x)", "PEN_b(PEN2)_R2"]))
    assert found.column("compass_type").tolist() == ["EPG", "PEN2"]
    assert any("kept 2 of 3" in line for line in found.audit)


def test_a_columnar_neuron_without_a_glomerulus_is_refused():
    with pytest.raises(InputError, match="Give a column `glomerulus`, such as R5"):
        fly_compass(wiring(["EPG", "PEN"], glomerulus=["R5", "R5L4"]))
    with pytest.raises(InputError, match="must have a neuron column `glomerulus`"):
        fly_compass(wiring(["EPG"]))


def test_a_wiring_without_a_compass_is_refused():
    with pytest.raises(InputError, match="spelled as in neuPrint"):
        fly_compass(wiring(["MBON", "KC"], glomerulus=["", ""]))


@pytest.mark.skipif(not NEUPRINT.is_dir(), reason="no neuPrint sample beside the project")
def test_a_real_export_of_neuprint_has_epgs_all_around_and_ring_neurons():
    found = fly_compass(read_connectome(NEUPRINT))
    epg = found.column("compass_type") == "EPG"
    assert (epg.sum(), (~epg).sum()) == (46, 240)
    assert len(np.unique(found.column("preferred_rad")[epg].round(6))) == 16
    assert set(found.column("cell_class")[~epg]) == {"inhibitory"}


@pytest.mark.skipif(not FAFB.is_dir(), reason="no FAFB matrices beside the project")
@pytest.mark.parametrize("matrix", ["extrapolated", "all"])
def test_pen1_of_a_real_brain_shift_as_the_rules_say(matrix):
    found = fly_compass(datasets.connectome(f"fly-cx-fafb/{matrix}", data=SHARED))
    pen1 = found.column("compass_type")
    found = found.select(np.isin(pen1, ["EPG", "PEN1"]))
    assert first_harmonic(found, "shifter+", "compass") == pytest.approx(56.25, abs=3)
    assert first_harmonic(found, "shifter-", "compass") == pytest.approx(-56.25, abs=3)
