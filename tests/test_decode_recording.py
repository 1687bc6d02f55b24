"""`decode_recording` on a planted recording: what it uses, what it never sees, what it answers."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.analysis.decoding import (
    DECODERS,
    DecodingConfig,
    SpatialBins,
    decode_recording,
    given_maps,
    running_steps,
    track_length,
)
from neuroloom.errors import InputError
from neuroloom.recording import Recording
from place_fields import box, session

QUICK = DecodingConfig(
    ("x", "y"), "m", 0.05, 0.05, 0.02, below=(0.1,), n_folds=4, n_shifts=2, n_shuffles=2
)

N_STEPS = 1400


@pytest.fixture(scope="module")
def recording():
    """Two trials of thirty cells in a box of 1 m; in some steps the position is not known."""
    rng = np.random.default_rng(5)
    _, counts, path = session(30, N_STEPS, rng, bins=box())
    path[300:320] = np.nan
    counts, path = counts.reshape(2, -1, 30), path.reshape(2, -1, 2)
    return Recording(
        counts,
        np.arange(30),
        kind="spike_count",
        dt=0.1,
        behavior={"x": path[..., 0], "y": path[..., 1]},
    )


@pytest.fixture(scope="module")
def decoded(recording):
    return decode_recording(recording, QUICK)


def test_planted_positions_are_recovered_and_beat_every_control(decoded):
    for arm in DECODERS:
        assert decoded.median(arm) < 0.12  # m, of a box of 1 m
    assert decoded.median("motion smoother") < decoded.median("maximum likelihood")
    for guess in ("even guess", "occupancy guess", "staying put"):
        assert decoded.median(guess) > 0.25
    assert decoded.controls["median"].min() > 0.2
    share = decoded.scores[decoded.scores["measure"].str.startswith("share as good")]
    assert len(share) == 2 * len(DECODERS)
    assert np.allclose(share["value"], 1 / 3)  # 1 of 1 + 2


def test_held_out_spikes_and_positions_never_reach_their_maps(recording, decoded):
    running = running_steps(recording, ("x", "y"), least_speed=0.02, speed_window=0.5)
    (training, block), *_ = running.folds(4, 1.0)
    assert not training[block].any()
    # In the first block, decoded paths do not depend on where the animal really was there.
    x = recording.behavior["x"].copy()
    last = running.clock[block.stop - 1]
    x[0, 10 : last - 10] = 0.5 + 1e-9 * np.arange(last - 20)
    moved = replace(recording, behavior={"x": x, "y": recording.behavior["y"]})
    config = replace(QUICK, least_speed=0.0, n_shifts=0, n_shuffles=0)
    before, after = (decode_recording(one, config) for one in (recording, moved))
    assert len(before.true) == len(after.true)
    for arm in DECODERS:
        a, b = (one.paths[arm].position[10:280] for one in (before, after))
        assert not np.array_equal(before.true[10:280], after.true[10:280])
        np.testing.assert_array_equal(a, b)


def test_every_running_step_is_decoded_once(recording, decoded):
    running = running_steps(recording, ("x", "y"), least_speed=0.02, speed_window=0.5)
    covered = np.zeros(len(running.counts), int)
    for training, block in running.folds(7, 2.0):
        covered[block] += 1
        distance = np.abs(running.clock[training][:, None] - running.clock[block]).min()
        assert distance > 20  # steps of .1 s
    assert (covered == 1).all()
    assert len(decoded.true) == len(running.counts)
    assert all(np.isfinite(path.position).all() for path in decoded.paths.values())


def test_rest_and_unknown_positions_are_left_out_and_the_audit_says_how_many(recording, decoded):
    running = running_steps(recording, ("x", "y"), least_speed=0.02, speed_window=0.5)
    assert not np.isin(np.arange(300, 320), running.clock).any()
    fast = running_steps(recording, ("x", "y"), least_speed=0.3, speed_window=0.5)
    assert len(fast.counts) < len(running.counts) / 2
    assert f"running: {len(running.counts):,} of {N_STEPS:,} steps of 0.1 s" in decoded.audit[-3]
    assert "hold no spike" in decoded.audit[-2]


def test_a_run_ends_with_its_trial_and_with_a_long_pause_only(recording):
    kwargs = {"least_speed": 0.02, "speed_window": 0.5}
    short, long = (
        running_steps(recording, ("x", "y"), pause=pause, **kwargs) for pause in (0.0, 100.0)
    )
    assert long.starts.sum() == 2  # one a trial
    first = long.starts.nonzero()[0][1]
    assert long.time[first] < long.time[first - 1]
    jumps = np.diff(short.clock) != 1
    np.testing.assert_array_equal(short.starts[1:], jumps)


def test_the_length_of_a_bent_track_goes_around_the_corner():
    bins = SpatialBins((0.0, 0.0), 1.0, (21, 21))
    x, y = bins.center.T
    island = (x > 19) & (y > 19)
    inside = (y < 1) | (x < 1) | island
    length = track_length(given_maps(np.ones((1, bins.n_bins)), bins, inside=inside))
    assert length == pytest.approx(40.0, abs=1.5)  # it may cut the corner by a bin


def test_one_coordinate_is_decoded_as_two_are(recording):
    config = replace(QUICK, position=("x",), n_shifts=0, n_shuffles=0, track=True)
    found = decode_recording(recording, config)
    assert found.true.shape[1] == 1
    assert found.median("Bayesian") < 0.08
    assert found.length == pytest.approx(1.0, abs=0.1)
    fraction = found.scores[found.scores["unit"] == "fraction of track length"]
    assert len(fraction) == 2 * (len(DECODERS) + 3)


def test_the_same_seed_gives_the_same_table(recording):
    config = replace(QUICK, n_folds=2, n_shifts=1, n_shuffles=0, least_shift=5.0)
    short = replace(
        recording,
        activity=recording.activity[:, :150],
        behavior={name: values[:, :150] for name, values in recording.behavior.items()},
    )
    first, again, other = (
        decode_recording(short, one) for one in (config, config, replace(config, seed=1))
    )
    assert first.scores.equals(again.scores)
    assert not first.controls.equals(other.controls)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"position": ("x", "why")}, "Known: x, y|Did you mean"),
        ({"position": ()}, "Name x, then y"),
        ({"least_speed": 1e9}, "Lower `least_speed`"),
        ({"n_folds": 1}, "Use fewer folds"),
        ({"gap": 1e6}, "Use a shorter gap"),
    ],
)
def test_wrong_configurations_are_told_what_to_do(recording, change, instruction):
    with pytest.raises(InputError, match=instruction):
        decode_recording(recording, replace(QUICK, **change))


def test_rates_are_not_decoded_as_counts(recording):
    with pytest.raises(InputError, match="decode_regression"):
        decode_recording(replace(recording, kind="rate"), QUICK)


def test_an_animal_that_stands_still_has_no_motion_prior(recording):
    still = {name: np.full((2, N_STEPS // 2), 0.5) for name in ("x", "y")}
    with pytest.raises(InputError, match="must move between successive training steps"):
        decode_recording(replace(recording, behavior=still), replace(QUICK, least_speed=0.0))
