"""The page, the terminal and the command of `neuroloom connectivity`."""

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import signal

from driven_recordings import QUICK, N, truth_and_recording, wired_as
from neuroloom.cli import main
from neuroloom.recording import Recording, write_npz
from neuroloom.report.connectivity_page import connectivity_answer, write_connectivity_page
from neuroloom.report.connectivity_terminal import print_connectivity
from neuroloom.report.figures.connectivity import alike_order, surest_graph
from neuroloom.studies.connectivity import connectivity
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.sources import behavior_named, load_recording


@pytest.fixture(scope="module")
def found():
    weight, recording = truth_and_recording()
    wiring = wired_as(weight, recording.neuron_id)
    return weight, connectivity(recording, wiring, QUICK, behavior=["speed"], progress=False)


def test_few_neurons_are_said_to_say_little(tmp_path):
    _, recording = truth_and_recording(9, n_steps=300)
    rec = Recording(recording.activity[:, :, :3], recording.neuron_id[:3], kind="rate", dt=0.1)
    config = ConnectivityConfig(bootstraps=0, blocks=10, horizon=1)
    answer = connectivity(rec, config=config, progress=False)
    assert any("fewer than 90 pairs" in note for note in answer.notes)
    page = write_connectivity_page(answer, tmp_path / "page.html", name="three")
    assert "fewer than 90 pairs" in page.read_text(encoding="utf-8")


def test_a_neuron_without_held_out_activity_is_no_trouble_to_the_page(tmp_path):
    _, recording = truth_and_recording(10, n_steps=600)
    activity = recording.activity.copy()
    activity[:, 450:, 2] = 0.0
    rec = Recording(activity, recording.neuron_id, kind="rate", dt=0.1)
    config = ConnectivityConfig(bootstraps=0, twins=0, blocks=10, horizon=2, lags=1)
    answer = connectivity(rec, config=config, progress=False)
    assert (answer.table["pre"] == "n02").any()
    scores = answer.forecasts.scores
    assert np.isfinite(scores["value"]).all()
    write_connectivity_page(answer, tmp_path / "page.html", name="silent")


def test_neurons_that_drive_alike_stand_together():
    weight = np.zeros((6, 6))
    weight[3, [0, 2, 4]] = 1.0
    weight[5, [1, 3]] = -1.0
    order = alike_order(weight, np.zeros(6, int)).tolist()
    places = sorted(order.index(i) for i in (0, 2, 4))
    assert places[-1] - places[0] == 2
    assert alike_order(weight, np.array([1, 0, 1, 0, 1, 0])).tolist()[:3] != [0, 2, 4]


def test_names_around_a_crowded_ring_do_not_cover_each_other():
    n = 48
    names = np.array([f"Pvalb_{i:03d}" for i in range(n)])
    table = pd.DataFrame(
        {"pre": names, "post": np.roll(names, 5), "probability": 1.0, "effect": 0.1}
    )
    ax = surest_graph(table, names)
    figure = ax.get_figure(root=True)
    figure.canvas.draw()
    texts = [text for text in ax.texts if text.get_text().startswith("Pvalb")]
    assert len(texts) > 40
    places = np.array([text.get_window_extent().get_points().mean(axis=0) for text in texts])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(len(places))
    height = 8 / 72 * figure.dpi
    assert apart.min() > height


def test_the_page_and_the_terminal_say_what_was_found(found, tmp_path):
    _, answer = found
    page = write_connectivity_page(answer, tmp_path / "page.html", name="toy <b>")
    html = page.read_text(encoding="utf-8")
    assert "toy &lt;b&gt;" in html
    assert not re.search(r"(src|href)=\"https?:", html)
    for title in (
        "Who drives whom",
        "Free-running forecasts",
        "Common drive",
        "Beside the conn",
        "Do probabilities come true?",
        "By classes of who drives and who is driven",
        "Over a forecast whose other neurons are late",
    ):
        assert title in html
    told = connectivity_answer(answer)
    assert "of 240 ordered pairs are connected" in told
    assert "the connectome wires are likelier than by chance" in told
    console = Console(record=True, width=120)
    print_connectivity(answer, console=console)
    text = console.export_text()
    assert "edge posterior" in text
    assert str(answer.table["pre"][0]) in text


def test_the_command_writes_page_and_table(tmp_path, capsys):
    _, recording = truth_and_recording(5, n_steps=400)
    path = tmp_path / "rec.npz"
    write_npz(path, recording)
    done = main(
        [
            "connectivity",
            str(path),
            "--bootstraps",
            "0",
            "--twins",
            "0",
            "--horizon",
            "2",
            "--lags",
            "1",
            "--behavior",
            "speed",
            "--out",
            str(tmp_path),
            "--no-progress",
        ]
    )
    assert done == 0
    said = capsys.readouterr().out
    assert "ordered pairs are connected" in said
    assert (tmp_path / "connectivity-rec.html").exists()
    header = (tmp_path / "connectivity-rec.csv").read_text().splitlines()[0]
    assert header.startswith("pre,post,probability,effect,weight,low,high")


def test_behavior_of_an_nwb_file_predicts_too(tmp_path, capsys):
    pynwb = pytest.importorskip("pynwb", reason="the extra `nwb` is not installed")
    _, recording = truth_and_recording(12, n_steps=400)
    path = tmp_path / "fly.nwb"
    write_foreign_nwb(pynwb, path, recording)
    loaded = load_recording(str(path), behavior=["turning"])
    assert behavior_named(loaded, ["turning"]) == ("turning_rad_per_s",)
    np.testing.assert_allclose(
        loaded.behavior["turning_rad_per_s"][0, 1:-1], recording.behavior["speed"][0, 1:-1]
    )
    arguments = "--bootstraps 0 --twins 0 --horizon 2 --lags 1 --behavior turning --no-progress"
    assert main(["connectivity", str(path), *arguments.split(), "--out", str(tmp_path)]) == 0
    assert "behavior whose past predicts, too: turning_rad_per_s" in " ".join(
        capsys.readouterr().out.split()
    )


def write_foreign_nwb(pynwb, path, recording):
    """Fluorescence and behavior as another program leaves them."""
    ophys, clock = pynwb.ophys, {"rate": 1 / recording.dt, "starting_time": 0.0}
    file = pynwb.NWBFile(
        session_description="a fly",
        identifier="fly",
        session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
    )
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=ophys.OpticalChannel(
            name="green", description="green", emission_lambda=510.0
        ),
        description="one",
        device=file.create_device(name="scope"),
        excitation_lambda=920.0,
        indicator="GCaMP",
        location="EB",
    )
    segmentation = ophys.ImageSegmentation()
    imaging = file.create_processing_module(name="ophys", description="fluorescence")
    imaging.add(segmentation)
    regions = segmentation.create_plane_segmentation(
        name="regions", description="rois", imaging_plane=plane
    )
    for _ in recording.neuron_id:
        regions.add_roi(pixel_mask=[(0, 0, 1.0)])
    table = regions.create_roi_table_region(
        description="all", region=list(range(len(recording.neuron_id)))
    )
    container = ophys.DfOverF(name="DfOverF")
    imaging.add(container)
    series = ophys.RoiResponseSeries(
        name="dff", data=recording.activity[0], rois=table, unit="dF/F", **clock
    )
    container.add_roi_response_series(series)
    turning = pynwb.TimeSeries(
        name="turning", data=recording.behavior["speed"][0], unit="rad/s", **clock
    )
    module = file.create_processing_module(name="behavior", description="of the fly")
    module.add(pynwb.behavior.BehavioralTimeSeries(time_series=turning))
    with pynwb.NWBHDF5IO(path=str(path), mode="w") as out:
        out.write(file)


def test_the_matrix_of_the_page_holds_every_pair_in_several_orders(found, tmp_path):
    _, answer = found
    page = write_connectivity_page(answer, tmp_path / "page.html", name="toy")
    content = re.search(r'type="application/json">(.*?)</script>', page.read_text("utf-8"))
    data = json.loads(content[1])
    assert data["names"] == answer.neuron_id.tolist()
    value = np.frombuffer(base64.b64decode(data["value"]), np.int8).reshape(N, N)
    shown = np.clip(answer.edges.connectivity, -data["limit"], data["limit"])
    np.testing.assert_allclose(value * data["limit"] / 127, shown, atol=data["limit"] / 250)
    chance = np.frombuffer(base64.b64decode(data["probability"]), np.uint8).reshape(N, N)
    np.testing.assert_allclose(chance / 255, answer.edges.probability, atol=1 / 500)
    assert len(data["orders"]) == 6
    for order in data["orders"].values():
        assert sorted(order) == list(range(N))
    sent = np.abs(answer.edges.connectivity).sum(axis=0)
    assert (np.diff(sent[data["orders"]["strongest senders first"]]) <= 0).all()


def test_deconvolution_is_shown_beside_the_default(tmp_path):
    weight, recording = truth_and_recording(11, n_steps=3_000)
    slow = signal.lfilter([1.0], [1.0, -0.8], recording.activity, axis=1)
    rec = Recording(slow, recording.neuron_id, kind="calcium", dt=0.1, unit="dF/F")
    config = replace(QUICK, deconvolve=1, twins=0, bootstraps=0, lags=None)
    answer = connectivity(rec, config=config, progress=False)
    again = answer.deconvolved
    assert again.decay.coefficient[0] == pytest.approx(0.8, abs=0.05)
    assert again.correlation > 0.9
    off = ~np.eye(N, dtype=bool)
    truth = weight[off]
    assert np.corrcoef(again.edges.connectivity[off], truth)[0, 1] > 0.9
    assert np.corrcoef(again.edges.connectivity.T[off], truth)[0, 1] < 0.4
    assert {"probability_deconvolved", "effect_deconvolved"} <= set(answer.table)
    r = answer.forecasts.scores.query("measure == 'r'").set_index("arm")["value"]
    assert r["edge posterior, deconvolved"] == pytest.approx(r["edge posterior"], abs=0.03)
    page = write_connectivity_page(answer, tmp_path / "page.html", name="slow")
    html = page.read_text(encoding="utf-8")
    assert "After deconvolution" in html
    assert "matrix-deconvolved" in html


def test_responses_to_stimulation_go_from_who_is_stimulated(found, tmp_path):
    truth, answer = found[0], found[-1]
    said = answer.responses
    assert said is not None
    off = ~np.eye(len(truth), dtype=bool)
    r = np.corrcoef(said.matrix[off], truth[off])[0, 1]
    assert r > 0.8 > np.corrcoef(said.matrix.T[off], truth[off])[0, 1]
    first = said.table.iloc[0]
    assert first["low"] <= first["response"] <= first["high"]
    page = write_connectivity_page(answer, tmp_path / "p.html", name="s").read_text()
    assert "What stimulating a neuron would do" in page
