"""Which neurons a region of the compass sees."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from compass import compass
from neuroloom.datasets.fly_cx_fafb import fly_cx_fafb
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.rois import glomerulus_of, roi_map, wedge_of

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (DATA / "fly_cx_fafb_turner_evans2020").is_dir(), reason="../shared/data is absent"
)


def members(weights: np.ndarray, names: np.ndarray) -> dict[str, float]:
    return {str(names[i]): float(weights[i]) for i in np.flatnonzero(weights)}


def test_going_around_the_wedges_come_from_left_and_right_in_turn():
    around = sorted((f"{k}{s}" for k in range(1, 9) for s in "LR"), key=wedge_of)
    assert " ".join(around) == "1L 1R 8L 2R 7L 3R 6L 4R 5L 5R 4L 6R 3L 7R 2L 8R"


def test_a_glomerulus_sees_the_neurons_that_name_it():
    wiring = compass()
    rois = roi_map(wiring, "PB")
    at = rois.names.index("5R")
    assert members(rois.epg[at], wiring.neuron_id) == {"EPG-5R": 1.0}
    assert members(rois.pen1[at], wiring.neuron_id) == {"PEN1-5R": 1.0}
    assert [rois.names[i] for i in (0, 8, 9, 17)] == ["9L", "1L", "1R", "9R"]


def test_a_wedge_sees_one_epg_and_the_two_pen1_of_its_tile():
    wiring = compass()
    rois = roi_map(wiring, "EB")
    assert members(rois.epg[2], wiring.neuron_id) == {"EPG-8L": 1.0}
    for wedge in (2, 3):  # the tile of the E-PG of 8L and 2R
        assert members(rois.pen1[wedge], wiring.neuron_id) == {"PEN1-9L": 0.5, "PEN1-3R": 0.5}


def test_pen1_are_seen_in_the_wedges_of_the_epg_they_excite():
    wiring = compass()
    rois = roi_map(wiring, "EB")
    cell_type = wiring.column("cell_type")
    for i in np.flatnonzero(cell_type == "PEN1"):
        excited = wiring.post[(wiring.pre == i) & (cell_type[wiring.post] == "EPG")]
        wedges = {int(np.flatnonzero(rois.epg[:, j])[0]) for j in excited}
        assert wedges == set(map(int, np.flatnonzero(rois.pen1[:, i])))


def test_the_ends_of_the_bridge_have_no_epg_and_its_middle_no_pen1():
    rois = roi_map(compass(), "PB")
    assert {rois.names[i] for i in range(18) if i not in rois.epg_rois} == {"9L", "9R"}
    assert {rois.names[i] for i in range(18) if i not in rois.pen1_rois} == {"1L", "1R"}


@pytest.mark.parametrize("region", ["EB", "PB"])
def test_held_epg_are_seen_as_they_were_measured_and_nothing_else_is_held(region, rng):
    wiring = compass()
    rois = roi_map(wiring, region)
    measured = rng.random((3, 7, len(rois.names)))
    held = rois.clamp(measured)
    is_epg = wiring.column("cell_type") == "EPG"
    assert np.isnan(held[..., ~is_epg]).all()
    assert not np.isnan(held[..., is_epg]).any()
    seen = rois.observe_epg()(jnp.asarray(np.nan_to_num(held)))
    np.testing.assert_allclose(seen, measured[..., rois.epg_rois])


def test_half_a_ring_is_refused():
    wiring = compass()
    left = np.array([name.endswith("L") for name in wiring.column("glomerulus")])
    types = np.where(
        left & (wiring.column("cell_type") == "PEN1"), "other", wiring.column("cell_type")
    )
    part = replace(wiring, neurons={**wiring.neurons, "cell_type": types})
    with pytest.raises(InputError, match="Use the matrix"):
        roi_map(part, "EB")


def test_a_glomerulus_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="Use the columns of fly-cx-fafb"):
        glomerulus_of("10R")


@needs_data
def test_the_extrapolated_ring_has_three_epg_a_region_and_strong_targets_in_the_tile():
    wiring = fly_cx_fafb("extrapolated", data=DATA)
    bridge, body = roi_map(wiring, "PB"), roi_map(wiring, "EB")
    at = bridge.names.index("5R")
    third = pytest.approx(1 / 3)
    wanted = {"EPG-5Ra": third, "EPG-5Rb": third, "EPG-5Rc": third}
    assert members(bridge.epg[at], wiring.neuron_id) == wanted
    assert members(body.epg[9], wiring.neuron_id) == wanted
    weights = np.zeros((104, 104))
    weights[wiring.post, wiring.pre] = wiring.count
    for i in np.flatnonzero(wiring.column("cell_type") == "PEN1"):
        by_wedge = body.epg @ weights[:, i]
        assert set(np.argsort(by_wedge)[-2:]) == set(np.flatnonzero(body.pen1[:, i]))
