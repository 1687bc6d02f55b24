"""Profiles by preferred direction: windows, wrap-around, planted shifts, intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloom import datasets
from neuroloom.analysis.anatomy import (
    Circuit,
    Profile,
    connectivity_profile,
    first_harmonic,
    mean_angle,
    nine_pairs,
    over_networks,
    preferred_difference,
    resampled_profiles,
    wrapped,
)
from neuroloom.analysis.anatomy.harmonic import harmonics
from neuroloom.analysis.anatomy.offsets import SlidingWindow
from neuroloom.errors import InputError
from ring_circuits import SHIFT, planted

EVERYONE = np.array([True, True])


def a_to_b(offset, weight=0.7):
    """Neuron 0 sends to neuron 1, which prefers a direction `offset` deg further."""
    return np.array([[0.0, 0.0], [weight, 0.0]]), np.deg2rad([30.0, 30.0 + offset])


def test_a_connection_stands_at_the_offset_of_its_receiver_from_its_sender():
    weight, preferred = a_to_b(20.0)
    profile = connectivity_profile(weight, preferred, EVERYONE, EVERYONE)
    assert profile.offset[profile.mean == 0.7].tolist() == [18.0, 19.0, 20.0, 21.0, 22.0]
    assert profile.offset[profile.mean == 0.0].tolist() == [-22.0, -21.0, -20.0, -19.0, -18.0]
    only = connectivity_profile(
        weight, preferred, ~np.array([True, False]), ~EVERYONE | [True, False]
    )
    assert np.nanmax(only.mean) == 0.7
    assert only.n.sum() == 5


@pytest.mark.parametrize(
    ("offset", "centers"),
    [
        (180.0, [-179.0, -178.0, 178.0, 179.0, 180.0]),
        (-179.0, [-179.0, -178.0, -177.0, 179.0, 180.0]),
        (179.0, [-179.0, 177.0, 178.0, 179.0, 180.0]),
        (0.0, [-2.0, -1.0, 0.0, 1.0, 2.0]),
    ],
)
def test_windows_go_around_the_back_without_a_gap(offset, centers):
    weight, preferred = a_to_b(offset)
    sender, receiver = np.array([True, False]), np.array([False, True])
    profile = connectivity_profile(weight, preferred, receiver, sender)
    assert profile.offset[profile.n > 0].tolist() == centers
    assert profile.offset[0] == -179.0
    assert profile.offset[-1] == 180.0
    assert len(profile.offset) == 360


def test_a_pair_on_the_edge_of_a_window_counts_half_and_every_pair_counts_the_same():
    weight, preferred = a_to_b(22.5)
    sender, receiver = np.array([True, False]), np.array([False, True])
    profile = connectivity_profile(weight, preferred, receiver, sender)
    at = profile.n > 0
    assert profile.offset[at].tolist() == [20.0, 21.0, 22.0, 23.0, 24.0, 25.0]
    assert profile.n[at].tolist() == [0.5, 1.0, 1.0, 1.0, 1.0, 0.5]


@given(
    difference=st.lists(st.floats(-720, 720), min_size=8, max_size=8),
    window=st.sampled_from([(5.0, 1.0), (45.0, 22.5), (22.5, 22.5), (180.0, 45.0)]),
)
@settings(max_examples=25)
def test_every_pair_counts_width_over_step_wherever_it_lies(difference, window):
    sliding = SlidingWindow(*window)
    spread = sliding.spread(np.array(difference))
    np.testing.assert_allclose(spread.sum(axis=0), window[0] / window[1])


def test_profiles_are_those_of_a_loop_over_pairs(rng):
    n = 12
    weight, preferred = rng.normal(size=(n, n)), rng.uniform(-10, 10, n)
    post, pre = rng.random(n) < 0.7, rng.random(n) < 0.7
    profile = connectivity_profile(weight, preferred, post, pre, window=20.0, step=5.0)
    for k, center in enumerate(profile.offset):
        inside = []
        for i in np.flatnonzero(post):
            for j in np.flatnonzero(pre):
                d = np.angle(np.exp(1j * (preferred[i] - preferred[j] - np.deg2rad(center))))
                if i != j and abs(np.rad2deg(d)) < 10.0:
                    inside.append(weight[i, j])
        assert profile.n[k] == len(inside)
        if inside:
            assert profile.mean[k] == pytest.approx(np.mean(inside))
            assert profile.sd[k] == pytest.approx(np.std(inside))
        else:
            assert np.isnan(profile.mean[k])


def test_self_connections_and_neurons_without_a_direction_are_left_out(rng):
    circuit = planted(8)
    loud, untuned = circuit.weight.copy(), circuit.preferred.copy()
    np.fill_diagonal(loud, 1e6)
    everyone = np.ones(24, bool)
    one = connectivity_profile(circuit.weight, untuned, everyone, everyone)
    other = connectivity_profile(loud, untuned, everyone, everyone)
    np.testing.assert_array_equal(one.mean, other.mean)
    loud[3], loud[:, 3], untuned[3] = 1e6, 1e6, np.nan
    without = connectivity_profile(loud, untuned, everyone, everyone)
    assert np.nanmax(without.mean) < 1
    drawn = resampled_profiles(loud, untuned, everyone, everyone, rng=rng, n_draws=20)
    assert np.nanmax(drawn.mean) < 1


def test_planted_shifts_are_recovered_for_all_nine_pairs():
    circuit = planted(36)
    for pre, post in nine_pairs():
        shift, sharpness = first_harmonic(circuit.profile(pre, post))
        assert np.rad2deg(shift) == pytest.approx(SHIFT[pre], abs=0.6)
        if pre != post:  # without self-connections in the way, exactly
            assert np.rad2deg(shift) == pytest.approx(SHIFT[pre], abs=1e-9)
        assert sharpness > 0.3


def test_planted_shifts_survive_noise_and_the_interval_over_neurons_holds_them(rng):
    circuit = planted(30, noise=0.1, rng=rng)
    for pre, low, high in (("shifter+", 40, 50), ("shifter-", -50, -40), ("compass", -5, 5)):
        drawn = resampled_profiles(
            circuit.weight,
            circuit.preferred,
            circuit.members("compass"),
            circuit.members(pre),
            rng=rng,
            n_draws=100,
        )
        shift = drawn.shift()
        assert low < np.rad2deg(shift.low) < np.rad2deg(shift.high) < high
        assert shift.contains(np.deg2rad(SHIFT[pre]))
        assert not shift.contains(np.deg2rad(SHIFT[pre] + 20))
        middle, least, most = drawn.sharpness()
        assert 0 < least < most < 1
        assert middle == pytest.approx(first_harmonic(circuit.profile(pre, "compass")).sharpness)
        band = drawn.band()
        seen = np.isfinite(band.mean)
        assert (band.low[seen] <= band.high[seen]).all()
        np.testing.assert_array_equal(band.mean, circuit.profile(pre, "compass").mean)


def test_a_draw_of_everybody_once_is_the_profile_itself():
    circuit = planted(8)

    class Once(np.random.Generator):
        def multinomial(self, n, p, size):
            return np.ones((size, n))

    drawn = resampled_profiles(
        circuit.weight,
        circuit.preferred,
        circuit.members("compass"),
        np.ones(24, bool),
        rng=Once(np.random.PCG64(0)),
        n_draws=2,
    )
    expected = connectivity_profile(
        circuit.weight, circuit.preferred, circuit.members("compass"), np.ones(24, bool)
    )
    np.testing.assert_allclose(drawn.mean, np.stack([expected.mean] * 2))
    np.testing.assert_allclose(drawn.observed, expected.mean)


def test_the_first_harmonic_is_the_fourier_sum_and_positive_for_a_peak_at_plus_d(rng):
    offset = SlidingWindow().offset
    mean = rng.normal(size=360)
    shift, sharpness = first_harmonic(Profile(offset, mean, mean, np.ones(360)))
    c1 = (mean * np.exp(-1j * np.deg2rad(offset))).sum()
    assert shift == pytest.approx(-np.angle(c1))
    assert sharpness == pytest.approx(abs(c1) / np.abs(mean).sum())
    peak = 1 + np.cos(np.deg2rad(offset - 60.0))
    found = first_harmonic(Profile(offset, peak, peak, np.ones(360)))
    assert np.rad2deg(found.shift) == pytest.approx(60.0)
    assert found.sharpness == pytest.approx(0.5)
    assert found.sideways == pytest.approx(0.5 * np.sin(np.pi / 3))
    assert found.centered == pytest.approx(0.25)


def test_gaps_do_not_let_the_mean_leak_into_the_harmonic():
    offset = SlidingWindow().offset
    mean = 5.0 + np.cos(np.deg2rad(offset - 60.0))
    mean[100:200] = np.nan
    shift, sharpness = first_harmonic(Profile(offset, mean, mean, np.ones(360)))
    assert np.rad2deg(shift) == pytest.approx(60.0)
    mean[:] = np.nan
    mean[3:8] = 1.0
    shift, sharpness = first_harmonic(Profile(offset, mean, mean, np.ones(360)))
    assert np.isnan(shift)
    assert np.isnan(sharpness)


def test_a_flat_profile_has_no_shift_and_no_sharpness():
    shift, sharpness, amplitude = harmonics(
        SlidingWindow().offset, np.stack([np.full(360, 2.0), np.zeros(360)])
    )
    assert np.isnan(shift).all()
    assert sharpness.tolist() == amplitude.tolist() == [0.0, 0.0]


def test_the_flys_rules_shift_by_one_tile_either_way_and_epg_sends_straight():
    fly = datasets.connectome("fly-heading-rules")
    weight = np.zeros((fly.n_neurons, fly.n_neurons))
    np.add.at(weight, (fly.post, fly.pre), fly.sign * fly.count)
    kind, side = fly.column("cell_type"), fly.column("side")
    names = {"EPG": "compass", "PEG": "PEG", "Delta7": "Delta7"}
    classes = np.array(
        [
            names.get(k, "shifter+" if s == "L" else "shifter-")
            for k, s in zip(kind, side, strict=True)
        ]
    )
    fine = Circuit(weight, fly.column("heading_rad"), classes)  # 16 wedges: 45 or 67.5 deg
    tile = np.floor(np.mod(np.rad2deg(fine.preferred) + 22.5, 360.0) / 45.0 + 1e-9) * 45.0
    coarse = Circuit(weight, np.deg2rad(tile), classes)
    for pre, sense in (("shifter+", 1), ("shifter-", -1)):
        shift = np.rad2deg(first_harmonic(fine.profile(pre, "compass", window=22.5)).shift)
        assert 45 <= sense * shift <= 67.5
        found = first_harmonic(coarse.profile(pre, "compass", window=45.0, step=45.0))
        assert np.rad2deg(found.shift) == pytest.approx(sense * 45.0, abs=1e-6)
        back = first_harmonic(coarse.profile("compass", pre, window=45.0, step=45.0))
        assert np.rad2deg(back.shift) == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(first_harmonic(coarse.profile("compass", "compass")).shift)  # no such rule


def test_intervals_over_networks_are_students_t():
    profiles = [
        Profile(
            np.array([-60.0, 60.0, 180.0]), np.array([v, np.nan, np.nan]), np.zeros(3), np.ones(3)
        )
        for v in (1.0, 2.0, 3.0)
    ]
    band = over_networks(profiles)
    assert band.mean[0] == 2.0
    assert band.low[0] == pytest.approx(-0.484, abs=1e-3)
    assert np.isnan(band.mean[1])
    assert np.isnan(over_networks(profiles[:1]).low[0])
    with pytest.raises(InputError, match="Make all with one `window`"):
        over_networks([profiles[0], connectivity_profile(*a_to_b(0.0), EVERYONE, EVERYONE)])


def test_mean_angles_go_around_the_back():
    angle = mean_angle(np.deg2rad([178.0, -178.0, 180.0, np.nan]))
    assert abs(wrapped(np.rad2deg([angle.mean]))[0]) == pytest.approx(180.0)
    assert angle.contains(np.pi)
    assert angle.contains(-np.pi)
    assert angle.contains(np.deg2rad(-179.0))
    assert not angle.contains(0.0)
    assert np.rad2deg(angle.high - angle.low) == pytest.approx(2 * 4.968, abs=1e-2)
    assert np.isnan(mean_angle(np.array([np.nan])).mean)
    assert np.isnan(mean_angle(np.array([0.3])).low)
    everywhere = mean_angle(np.deg2rad([0.0, 120.0, 245.0]))
    assert everywhere.high - everywhere.low == pytest.approx(2 * np.pi)


def test_differences_are_receiver_less_sender():
    assert preferred_difference(np.array([1.0]), np.array([0.25]))[0, 0] == pytest.approx(
        np.rad2deg(0.75)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 7.0}, "The paper has 1"),
        ({"window": 0.5}, "The paper has 5"),
        ({"window": 200.0}, "The paper has 5"),
    ],
)
def test_windows_that_are_none_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        connectivity_profile(*a_to_b(0.0), EVERYONE, EVERYONE, **options)


def test_weights_that_do_not_fit_are_refused(rng):
    weight, preferred = a_to_b(0.0)
    with pytest.raises(InputError, match="choose by masks"):
        connectivity_profile(weight, preferred[:1], EVERYONE[:1], EVERYONE[:1])
    weight[0, 0] = np.nan
    with pytest.raises(InputError, match="Write 0 where"):
        connectivity_profile(weight, preferred, EVERYONE, EVERYONE)
    with pytest.raises(InputError, match="An interval needs 200"):
        resampled_profiles(*a_to_b(0.0), EVERYONE, EVERYONE, rng=rng, n_draws=0)
    drawn = resampled_profiles(*a_to_b(0.0), EVERYONE, EVERYONE, rng=rng, n_draws=3)
    with pytest.raises(InputError, match="is a share"):
        drawn.band(level=95.0)
