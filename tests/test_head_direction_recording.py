"""Arms of a user's recording: left out without a file; a planted file; judges on made-up rows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from head_direction_rows import results
from neuroloom.errors import InputError
from neuroloom.recording import Recording, write_npz
from neuroloom.report import write_report
from neuroloom.studies.framework import Context, NotTestedError, run
from neuroloom.studies.head_direction.config import PRESETS
from neuroloom.studies.head_direction.recording.arms import ARMS, CKA, SHIFTED, cells, measure
from neuroloom.studies.head_direction.recording.claims import CLAIMS, judge_alike, judge_decoded
from neuroloom.studies.head_direction.recording.config import RecordingConfig
from neuroloom.studies.head_direction.study import STUDY
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED

FAST = PRESETS["fast"]
TINY = replace(
    FAST,
    n_seeds=1,
    first_seed=0,
    trained=replace(
        FAST.trained, n_neurons=12, n_steps=40, batch_size=4, n_updates=4, curriculum=()
    ),
)


def planted(path):
    rng = np.random.default_rng(0)
    heading = np.mod(np.cumsum(rng.normal(0, 0.2, (1, 900)), axis=1), 2 * np.pi)
    rate = np.exp(3 * (np.cos(heading[..., None] - np.arange(6.0)) - 1))
    activity = rate + rng.normal(0, 0.05, rate.shape)
    ids = np.array([f"c{n}" for n in range(6)])
    behavior = {"yaw": np.rad2deg(heading)}
    write_npz(path, Recording(activity, ids, kind="rate", dt=0.1, unit="Hz", behavior=behavior))
    return str(path)


def test_without_a_recording_there_is_nothing_to_run_and_its_claims_are_not_tested(tmp_path):
    assert [arm.cells(FAST) for arm in ARMS] == [(), ()]
    assert FAST.recording.file == ""
    with pytest.raises(InputError, match="Check the path"):
        cells(replace(FAST, recording=RecordingConfig(file=str(tmp_path / "none.nwb"))))
    with pytest.raises(InputError, match="Leave it out for 200"):
        RecordingConfig(n_draws=3)


def test_neurons_of_a_planted_recording_say_its_heading(tmp_path):
    brought = RecordingConfig(planted(tmp_path / "mine.npz"), "yaw", degrees=True, n_draws=20)
    config = replace(TINY, recording=brought)
    (neurons,), networks = (arm.cells(config) for arm in ARMS)
    assert [cell["seed"] for cell in networks] == [0]
    found = measure(neurons, config, Context(tmp_path / "checkpoint", tmp_path))
    value = {(row.split, row.measure): row.value for row in found.rows}
    assert value["decoded", "median_error"] < 12
    assert value[SHIFTED, "share_as_good"] < 0.05
    assert value["neurons", "tuned_to_heading"] == 1
    away = np.deg2rad(found.arrays["preferred_deg"]) - np.arange(6.0)
    assert np.abs(np.angle(np.exp(1j * away))).max() < 0.1
    (tmp_path / "mine.npz").write_bytes((tmp_path / "mine.npz").read_bytes() + b" ")
    assert cells(config) != (neurons,)  # another file is another cell


@pytest.mark.slow
def test_a_planted_recording_is_held_against_networks(tmp_path):
    brought = RecordingConfig(planted(tmp_path / "mine.npz"), "yaw", degrees=True, n_draws=20)
    config = replace(TINY, recording=brought)
    folder = run(
        STUDY, config, arms=("recording", "recording-networks"), out=tmp_path, progress=False
    )
    card = {claim["id"]: claim for claim in json.loads((folder / "claims.json").read_text())}
    assert card["recording-heading-decoded"]["verdict"] == "pass"
    assert card["recording-like-trained"]["verdict"] == "not tested"  # one seed
    write_report(folder)
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"recorded-heading", "recorded-tuning", "recorded-likeness"} <= drawn
    table = (folder / "measurements.csv").read_text()
    for words in ("tuned_to_heading", "similarity_shifted", "turning_sd", "heading_error"):
        assert words in table


def alike(trained, shifted, untrained):
    rows = []
    for seed, values in enumerate(zip(trained, shifted, untrained, strict=True)):
        at = {"seed": seed, "by": CKA}
        names = ("similarity", "similarity_shifted", "similarity")
        splits = (TRAINED, TRAINED, UNTRAINED)
        rows += [
            ("recording-networks", split, name, value, at)
            for split, name, value in zip(splits, names, values, strict=True)
        ]
        rows.append(("recording-networks", UNTRAINED, "similarity_shifted", 0.9, at))
    return judge_alike(results(*rows), FAST)


def test_networks_must_be_more_alike_than_shifted_and_than_untrained_in_most_seeds():
    assert alike([0.5] * 4, [0.3] * 4, [0.4] * 4).outcome == "pass"
    assert alike([0.5] * 4, [0.6] + [0.3] * 3, [0.4] * 4).outcome == "fail"
    assert alike([0.5] * 4, [0.3] * 4, [0.6] + [0.4] * 3).outcome == "fail"
    with pytest.raises(NotTestedError):
        alike([0.5] * 3, [0.3] * 3, [0.4] * 3)


def test_decoding_must_beat_nineteen_in_twenty_shifts():
    for share, outcome in ((0.02, "pass"), (0.05, "fail"), (0.6, "fail")):
        rows = [
            ("recording", SHIFTED, "share_as_good", share, {}),
            ("recording", SHIFTED, "median_error", 80.0, {}),
            ("recording", "decoded", "median_error", 20.0, {}),
        ]
        assert judge_decoded(results(*rows), FAST).outcome == outcome
    assert {name for claim in CLAIMS for name in claim.arms} == {arm.name for arm in ARMS}
