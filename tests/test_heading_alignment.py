"""Where a fly's regions begin and which way they run."""

import numpy as np
import pytest

from compass import bump, compass, shaken, turns
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.alignment import align, expected_correlation
from neuroloom.studies.constrained_networks.heading.network import signed_weights
from neuroloom.studies.constrained_networks.heading.rois import roi_map

DT = 0.1


def setting(region):
    wiring = compass()
    rois = roi_map(wiring, region)
    return rois, expected_correlation(signed_weights(wiring, 0.9), rois)


def as_recorded(anatomical, *, shift, reflected):
    """What an experimenter would write down: the other way round, or starting elsewhere."""
    moved = np.roll(anatomical, shift, axis=1)
    return moved[:, ::-1] if reflected else moved


def fly(rois, rng, *, shift, reflected, n_trials=3):
    headings = [turns(rng, 600, DT) for _ in range(n_trials)]
    epg = [bump(rois.angle, h) + 0.3 * shaken(rois, rng, 600) for h in headings]
    return [as_recorded(e, shift=shift, reflected=reflected) for e in epg], headings, epg


@pytest.mark.parametrize(("shift", "reflected"), [(0, False), (0, True), (1, False), (5, True)])
def test_a_planted_shift_and_reflection_of_the_bridge_are_recovered(shift, reflected, rng):
    rois, expected = setting("PB")
    recorded, headings, truth = fly(rois, rng, shift=shift, reflected=reflected)
    found = align(recorded, headings, DT, rois, expected)
    for seen, wanted in zip(recorded, truth, strict=True):
        np.testing.assert_array_equal(seen[:, found.order], wanted)
    assert found.reflected is reflected
    assert found.turning > 0.1


@pytest.mark.parametrize("reflected", [False, True])
def test_of_the_ellipsoid_body_the_sense_is_found_and_the_shift_left_open(reflected, rng):
    rois, expected = setting("EB")
    recorded, headings, _ = fly(rois, rng, shift=0, reflected=reflected)
    found = align(recorded, headings, DT, rois, expected)
    assert (found.reflected, found.shift) == (reflected, 0)
    assert np.ptp(found.agreement[::2]) < 0.1  # by tiles, all shifts fit nearly alike


def test_a_single_vote_does_not_shift_the_bridge(rng):
    rois, expected = setting("PB")
    recorded, headings, _ = fly(rois, rng, shift=5, reflected=False, n_trials=1)
    found = align(recorded, headings, DT, rois, expected)
    assert (found.votes.tolist(), found.shift) == ([5], 0)


def test_the_wiring_is_its_own_mirror_image_and_cannot_tell_the_sense():
    _, expected = setting("PB")
    np.testing.assert_allclose(expected, expected[::-1, ::-1], atol=1e-12)


def test_neighbors_on_the_ring_are_expected_to_vary_together_wherever_they_lie():
    rois, expected = setting("PB")
    at = rois.names.index
    assert expected[at("1L"), at("1R")] > expected[at("1L"), at("4R")] + 0.5
    assert expected[at("8L"), at("2R")] > expected[at("8L"), at("4L")] + 0.5


def test_a_fly_that_never_turns_is_refused(rng):
    rois, expected = setting("EB")
    epg = [rng.random((100, 16)) for _ in range(2)]
    with pytest.raises(InputError, match="leave the fly out"):
        align(epg, [np.zeros(100)] * 2, DT, rois, expected)


def test_a_fly_without_trials_is_refused():
    rois, expected = setting("EB")
    with pytest.raises(InputError, match="Raise `n_alignment_trials`"):
        align([], [], DT, rois, expected)
