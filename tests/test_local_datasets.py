"""Datasets whose files may not ship: read from a folder of the user's, verified, or refused."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from neuroloom import cli, datasets
from neuroloom.datasets import (
    fly_cx_fafb,
    fly_heading,
    rat_place_cells,
    zebrafish_oculomotor,
)
from neuroloom.errors import InputError

DATA = Path(__file__).resolve().parents[1].parent / "shared/data"
MODULES = (fly_cx_fafb, fly_heading, rat_place_cells, zebrafish_oculomotor)
NAMES = tuple(module.NAME for module in MODULES)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the project")


@pytest.fixture(autouse=True)
def no_folder_named(monkeypatch):
    monkeypatch.delenv("NEUROLOOM_DATA", raising=False)


def opened(name, **data):
    """The dataset of this name, whichever noun it is."""
    noun = datasets.nouns_of(name)[0]
    return getattr(datasets, noun)(name, **data)


def by_type(connectome, pre, post):
    cell_type = connectome.neurons["cell_type"]
    here = (cell_type[connectome.pre] == pre) & (cell_type[connectome.post] == post)
    return connectome.count[here].sum()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.NAME)
def test_without_a_folder_one_error_says_which_files_to_put_where(module, tmp_path):
    with pytest.raises(InputError) as refused:
        opened(module.NAME if module is not rat_place_cells else "rat-place-cells/w-maze")
    message = str(refused.value)
    assert "no folder is named" in message
    assert f"DIR/{module.FILES.folder}/" in message
    assert "--data DIR" in message
    assert "NEUROLOOM_DATA" in message
    assert all(name in message for name in module.FILES.checksums)
    assert not any(d.present for d in datasets.available() if d.name == module.NAME)
    empty = tmp_path / "nothing"
    member = {fly_heading: "/x/1x_1", rat_place_cells: "/w-maze"}.get(module, "")
    with pytest.raises(InputError, match=f"{len(module.FILES.checksums)} are missing") as refused:
        opened(f"{module.NAME}{member}", data=empty)
    assert all(str(refused.value).count(name) == 1 for name in module.FILES.checksums)


@needs_data
def test_all_are_present_with_the_folder_named_either_way(monkeypatch):
    assert all(d.present for d in datasets.available(DATA) if d.name in NAMES)
    monkeypatch.setenv("NEUROLOOM_DATA", str(DATA))
    found = {d.name: d for d in datasets.available() if d.name in NAMES}
    assert all(dataset.present for dataset in found.values())
    for module in MODULES:
        files = [DATA / module.FILES.folder / name for name in module.FILES.checksums]
        assert found[module.NAME].n_bytes == sum(path.stat().st_size for path in files)
        there = {path for path in (DATA / module.FILES.folder).rglob("*") if path.is_file()}
        assert set(files) == there
    assert datasets.connectome("fly-cx-fafb").n_neurons == 44


@needs_data
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("fly-cx-fafb/noduli", "matrix_NO.txt"),
        ("fly-heading/PEN1-EB_20160425_Fly2/1x_1", "PEN1-EB_20160425_Fly2.npz"),
        ("rat-place-cells/linear-track", "linear-track/spikes.mat"),
        ("zebrafish-oculomotor", "MatOrder_CO_top500_2blocks_gamma038_08062020.mat"),
    ],
)
def test_a_changed_or_missing_file_is_refused_by_name(tmp_path, name, file):
    module = next(m for m in MODULES if name.partition("/")[0] == m.NAME)
    folder = module.FILES.folder
    shutil.copytree(DATA / folder, tmp_path / folder)
    path = tmp_path / folder / file
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=r"must have the SHA-256 .* Copy it again from"):
        opened(name, data=tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=f"1 are missing: {file}. Put the files of"):
        opened(name, data=tmp_path)
    assert not any(d.present for d in datasets.available(tmp_path) if d.name == module.NAME)


@needs_data
def test_a_damaged_index_spoils_no_listing_and_is_said_on_opening(tmp_path):
    folder = fly_heading.FILES.folder
    shutil.copytree(DATA / folder, tmp_path / folder)
    (tmp_path / folder / "index.json").write_text("[]")
    listed = {d.name: d for d in datasets.available(tmp_path)}["fly-heading"]
    assert listed.members == ()
    with pytest.raises(InputError, match=r"index.json .* must have the SHA-256"):
        datasets.recording("fly-heading", data=tmp_path)


@needs_data
@pytest.mark.parametrize(
    ("member", "n_neurons", "n_connections", "total"),
    [
        ("bridge", 37, 198, 2_490),
        ("ellipsoid-body", 37, 758, 9_271),
        ("noduli", 16, 112, 1_521),
        ("all", 44, 994, 13_347),
        ("extrapolated", 104, 4_442, 41_313.2),
    ],
)
def test_the_fly_compass_has_the_counts_of_its_files(member, n_neurons, n_connections, total):
    fly = datasets.connectome(f"fly-cx-fafb/{member}", data=DATA)
    assert (fly.n_neurons, fly.n_connections) == (n_neurons, n_connections)
    assert fly.count.sum() == pytest.approx(total, abs=0.05)
    assert fly.count_unit == ("mean_synapses" if member == "extrapolated" else "synapses")
    assert not fly.sign.any()


@needs_data
def test_the_fly_compass_runs_from_rows_to_columns():
    bridge, body, whole, extrapolated = (
        datasets.connectome(f"fly-cx-fafb/{member}", data=DATA)
        for member in ("bridge", "ellipsoid-body", "all", "extrapolated")
    )
    assert [by_type(bridge, *pair) for pair in (("EPG", "PEG"), ("EPG", "D7"), ("D7", "PEN1"))] == [
        *(726, 381, 77),
    ]
    assert by_type(bridge, "PEN1", "EPG") == by_type(bridge, "PEN1", "D7") == 0
    assert by_type(body, "PEN1", "EPG") == 2_163
    assert by_type(whole, "EPG", "PEG") == 1_051  # not 726 + 281
    assert by_type(extrapolated, "EPG", "D7") == pytest.approx(10_097.2, abs=0.05)
    assert by_type(extrapolated, "PEN1", "D7") == 0
    assert body.count[body.pre == body.post].sum() == 9
    assert "kept 8 connections of a neuron with itself" in body.audit
    assert Counter(body.neurons["cell_type"].tolist()) == {
        **{"EPG": 10, "PEN1": 8, "PEN2": 8, "PEG": 4, "ring": 7}
    }
    ring = body.neurons["cell_type"] == "ring"
    assert set(body.neuron_id[ring].tolist()) == {f"R{letter}" for letter in "abcdefg"}
    glomerulus = dict(
        zip(whole.neuron_id.tolist(), whole.neurons["glomerulus"].tolist(), strict=True)
    )
    assert glomerulus["EPG-5Ra"] == "5R"
    assert glomerulus["D7-1R9R8L"] == "1R9R8L"
    assert glomerulus["Ra"] == ""


@needs_data
def test_the_measured_compass_shifts_as_the_rules_say():
    """In the ellipsoid body of a real fly, P-EN1 contact the E-PGs that the rules name."""
    rules = datasets.connectome("fly-heading-rules")
    named = rules.neuron_id.tolist()
    ruled = {(named[a], named[b]) for a, b in zip(rules.pre, rules.post, strict=True)}
    fly = datasets.connectome("fly-cx-fafb/ellipsoid-body", data=DATA)
    cell_type, glomerulus = fly.neurons["cell_type"], fly.neurons["glomerulus"]
    by_rule = {True: 0, False: 0}
    for a, b, n in zip(fly.pre, fly.post, fly.count, strict=True):
        if cell_type[a] == "PEN1" and cell_type[b] == "EPG":
            pen, epg = (f"{glomerulus[i][1]}{glomerulus[i][0]}" for i in (a, b))
            by_rule[(f"PEN-{pen}", f"EPG-{epg}") in ruled] += int(n)
    assert by_rule[True] + by_rule[False] == 2_163
    assert by_rule[True] > 1.8 * by_rule[False]  # half of the E-PGs would be chance


@needs_data
def test_signs_of_the_fly_compass_come_by_a_stated_rule_only():
    fly = datasets.connectome("fly-cx-fafb", data=DATA)
    signed = fly_cx_fafb.CompassSigns()(fly)
    cell_type = signed.neurons["cell_type"][signed.pre]
    np.testing.assert_array_equal(signed.sign, np.where(np.isin(cell_type, ["D7", "ring"]), -1, 1))
    assert "sign rule (D7 and ring neurons -, EPG, PEN1, PEN2 and PEG +)" in signed.audit[-1]


@needs_data
def test_an_unknown_member_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="Did you mean `fly-cx-fafb/bridge`"):
        datasets.connectome("fly-cx-fafb/brigde", data=DATA)
    with pytest.raises(InputError, match=r"got `fly-heading` alone. There are fly-heading/PEN1-EB"):
        datasets.recording("fly-heading", data=DATA)
    with pytest.raises(InputError, match="Did you mean `fly-heading/PEN1-EB_20160425_Fly2/1x_1`"):
        datasets.recording("fly-heading/PEN1-EB_20160425_Fly2/1x1", data=DATA)
    with pytest.raises(InputError, match="There are rat-place-cells/linear-track, rat-place-cells"):
        datasets.recording("rat-place-cells", data=DATA)
    with pytest.raises(InputError, match=r"`fly_heading.trials\(\)` lists them"):
        fly_heading.fly_heading("zzz", data=DATA)
    with pytest.raises(InputError, match="Choose one of them"):
        rat_place_cells.rat_place_cells("t-maze", data=DATA)
    with pytest.raises(InputError, match="Use `all` for the measured neurons"):
        fly_cx_fafb.fly_cx_fafb("PB", data=DATA)


@needs_data
def test_a_heading_trial_equals_its_file_and_follows_the_heading():
    name = "PEN1-EB_20160425_Fly2/1x_1"
    trial = datasets.recording(f"fly-heading/{name}", data=DATA)
    with np.load(DATA / "fly_heading_turner_evans2017/PEN1-EB_20160425_Fly2.npz") as file:
        epg, pen1, t, heading = (file[f"1x_1/{k}"] for k in ("epg", "pen1", "t", "heading"))
    assert trial.neuron_id.tolist() == [f"{p}_{i}" for p in ("EPG", "PEN1") for i in range(16)]
    np.testing.assert_array_equal(trial.activity[0], np.concatenate([epg, pen1]).T)
    np.testing.assert_array_equal(trial.behavior["heading_rad"][0], heading)
    np.testing.assert_allclose(trial.time, t, atol=0.01 * trial.dt)
    assert trial.kind == "calcium"
    assert trial.unit == "F/F0"
    assert 0.8 < np.median(trial.activity) < 1.6  # not zero-based
    # The published offset of this trial, up to rotation and reflection: 0.929.
    ring = np.exp(2j * np.pi * np.arange(16) / 16)
    bump = np.angle((epg.T - epg.min(axis=1)) @ ring)
    fixed = max(abs(np.exp(1j * (s * bump - heading)).mean()) for s in (1, -1))
    assert fixed == pytest.approx(0.929, abs=0.03)


@needs_data
def test_every_heading_trial_opens_with_the_shape_of_the_index():
    index = json.loads((DATA / "fly_heading_turner_evans2017/index.json").read_text())
    assert len(fly_heading.trials(data=DATA)) == len(index) == 238
    n_resampled = 0
    for row in index:
        name = f"{row['key']}/{row['cond']}_{row['trial']}"
        trial = datasets.recording(f"fly-heading/{name}", data=DATA)
        assert trial.n_neurons == 2 * row["n_roi"]
        assert abs(trial.n_steps - row["n_frames"]) <= 1
        assert 1 / trial.dt == pytest.approx(row["rate_hz"], rel=0.01)
        assert trial.column("condition").tolist() == [row["cond"]]
        assert trial.observed.all()
        resampled = any("resampled" in line for line in trial.audit)
        assert resampled or trial.n_steps == row["n_frames"]
        n_resampled += resampled
    assert 0 < n_resampled < 238


@needs_data
def test_the_zebrafish_wiring_runs_from_columns_to_rows():
    fish = datasets.connectome("zebrafish-oculomotor", data=DATA)
    assert (fish.n_neurons, fish.n_connections, fish.count.sum()) == (609, 10_665, 19_838)
    assert fish.count.max() == 21
    assert not (fish.pre == fish.post).any()
    assert fish.neuron_id.dtype == np.int64
    assert (fish.neuron_id.min(), fish.neuron_id.max()) == (76_181, 82_220)
    cell_type = fish.neurons["cell_type"]
    assert Counter(cell_type.tolist()) == {
        **{"Int": 255, "Axl": 251, "DOs": 34, "ABD_m": 32, "ABD_i": 22, "vSPNs": 15}
    }
    # Motor and other output cells send nothing inside the set and hear a lot.
    for name, total in (("ABD_m", 3_379), ("ABD_i", 3_767), ("vSPNs", 1_109)):
        assert not (cell_type[fish.pre] == name).any()
        assert fish.count[cell_type[fish.post] == name].sum() == total
    totals = fish.neurons["total_inputs"]
    assert (totals == 0).sum() == 2
    within = np.bincount(fish.post, weights=fish.count, minlength=609)
    assert np.median((within / np.maximum(totals, 1))[totals > 0]) == pytest.approx(0.094, abs=2e-3)


@needs_data
def test_the_zebrafish_recording_has_two_saccades_and_its_missing_entries():
    fish = datasets.recording("zebrafish-oculomotor", data=DATA)
    assert fish.activity.shape == (2, 181, 635)
    assert (fish.start, fish.dt) == (-30.0, pytest.approx(1 / 3))
    assert fish.column("saccade").tolist() == ["left", "right"]
    missing = np.isnan(fish.activity).mean(axis=(1, 2))
    np.testing.assert_allclose(missing, [0.35, 0.40], atol=0.005)
    assert fish.observed.any(axis=1).all()
    cells = zebrafish_oculomotor.recorded_cells(data=DATA)
    assert {len(values) for values in cells.values()} == {635}
    assert [cells[f"is_{k}"].sum() for k in ("abducens_motor", "abducens_internuclear")] == [37, 8]
    assert not cells["is_vestibular"].any()
    # Cells of the same side of the brain rise for one saccade and fall for the other: time is the
    # axis that was averaged, so the traces are smooth along it.
    step = np.nanmean(np.abs(np.diff(fish.activity, axis=1)))
    assert step < 0.5 * np.nanmean(np.abs(np.diff(fish.activity, axis=2)))


@needs_data
@pytest.mark.parametrize(
    ("maze", "n_units", "n_spikes", "x_range", "y_range"),
    [
        ("linear-track", 31, 28_829, (133, 554), (1, 479)),
        ("w-maze", 24, 518_352 - 461_464, (183, 525), (121, 479)),
    ],
)
def test_the_rat_has_its_units_spikes_and_positions(maze, n_units, n_spikes, x_range, y_range):
    rat = datasets.recording(f"rat-place-cells/{maze}", data=DATA)
    assert rat.n_neurons == n_units
    assert rat.kind == "spike_count"
    assert rat.dt == 0.1
    assert 0.99 * n_spikes < rat.activity.sum() <= n_spikes
    for name, (low, high) in (("x_pixel", x_range), ("y_pixel", y_range)):
        seen = rat.behavior[name][~np.isnan(rat.behavior[name])]
        assert low <= seen.min() < low + 10
        assert high - 10 < seen.max() <= high
        assert seen.size > 0.99 * rat.n_steps
    assert any("461,464 of 518,352" in line for line in rat.audit) == (maze == "w-maze")
    assert any("units without a spike" in line for line in rat.audit)


@needs_data
def test_counts_and_positions_of_the_rat_share_one_clock():
    """Independent: one unit and the video, binned with plain comparisons."""
    from scipy.io import loadmat

    folder = DATA / "rat_place_cells_nelpy/linear-track"
    rat = datasets.recording("rat-place-cells/linear-track", data=DATA)
    first = loadmat(folder / "spikes.mat")["spikes"][0, 0][0, 0][0, 0][0, 0]["time"][0, 0].ravel()
    raw = (folder / "trajectory.videoPositionTracking").read_bytes()
    raw = raw[raw.index(b"<End settings>\n") + 15 :]
    assert rat.neuron_id[0] == "t1u1"
    for step in (0, 1_000, rat.n_steps - 1):
        low, high = rat.time[step], rat.time[step] + rat.dt
        assert rat.activity[0, step, 0] == ((first >= low) & (first < high)).sum()
        ticks = [int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 12)]
        xs = [int.from_bytes(raw[i + 4 : i + 6], "little") for i in range(0, len(raw), 12)]
        here = [x for tick, x in zip(ticks, xs, strict=True) if low <= tick / 30_000 < high]
        assert rat.behavior["x_pixel"][0, step] == pytest.approx(np.mean(here))
    assert rat.start == pytest.approx(4_397.03, abs=0.005)
    assert rat.time[-1] < 6_365.28


@needs_data
@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan"), 1e6])
def test_a_step_that_does_not_fit_the_session_is_refused(dt):
    with pytest.raises(InputError, match=r"Leave it out for 0\.1 s"):
        rat_place_cells.rat_place_cells("w-maze", dt=dt, data=DATA)


@needs_data
def test_place_cells_fire_in_places():
    # Spatial information above half a bit per spike: reported for 14 of 18 active units.
    rat = datasets.recording("rat-place-cells/linear-track", data=DATA)
    x, y = rat.behavior["x_pixel"][0], rat.behavior["y_pixel"][0]
    speed = np.hypot(np.gradient(x), np.gradient(y)) / rat.dt
    runs = ~np.isnan(speed) & (speed > 15)
    place = (y[runs] // 20).astype(int)
    occupied = np.bincount(place) / runs.sum()
    informed = []
    for spikes in rat.activity[0, runs].T:
        if spikes.sum() < 100:
            continue
        rate = np.bincount(place, weights=spikes) / np.maximum(np.bincount(place), 1)
        relative = rate / (rate * occupied).sum()
        inside = relative > 0
        informed.append((occupied * relative)[inside] @ np.log2(relative[inside]))
    assert len(informed) >= 8
    assert np.mean(np.array(informed) > 0.5) > 0.6


@needs_data
def test_the_command_line_takes_the_folder(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main(["inspect", "zebrafish-oculomotor", "--data", str(DATA)]) == 0
    text = capsys.readouterr().out
    assert "10,665 connections" in text
    assert "2 trials x 181 steps" in text
    assert cli.main(["inspect", "rat-place-cells/w-maze", "--data", str(DATA)]) == 0
    assert "24 neurons" in capsys.readouterr().out
    assert cli.main(["datasets", "fly-heading", "--data", str(DATA)]) == 0
    text = "".join(capsys.readouterr().out.split())
    assert "PEN1-PB_20160908_Fly3/Dark_1" in text


def test_the_command_line_says_which_files_to_put_where(capsys):
    assert cli.main(["inspect", "fly-cx-fafb"]) == 2
    assert "--data DIR" in capsys.readouterr().err
    assert cli.main(["datasets"]) == 0
    text = capsys.readouterr().out
    assert "11 of 15 datasets are here" in text or "9 of 15 datasets are here" in text
    assert cli.main(["datasets", "fly-haeding"]) == 2
    assert "Did you mean `fly-heading`" in capsys.readouterr().err
