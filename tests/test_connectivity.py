"""`neuroloom connectivity`: from a recording to a page, on a small network that is known."""

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

import neuroloom as nl
from neuroloom.cli import main
from neuroloom.connectome import Connectome, rewire
from neuroloom.errors import InputError
from neuroloom.fitting.coupling import EdgePosterior, by_number_of_factors, simulate_twin
from neuroloom.recording import Recording, write_npz
from neuroloom.report.connectivity_page import connectivity_answer, write_connectivity_page
from neuroloom.report.connectivity_terminal import print_connectivity
from neuroloom.report.figures.connectivity import alike_order, surest_graph
from neuroloom.studies.connectivity import connectivity
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.connectivity_forecasts import ALONE, GLM, OURS
from neuroloom.studies.held_out_part import learned_and_held_out
from neuroloom.studies.sources import behavior_named, load_recording
from neuroloom.studies.wired_or_not import compared_with, wiring_between

N = 16
QUICK = ConnectivityConfig(bootstraps=2, blocks=10, horizon=3, draws=3)


def truth_and_recording(seed=0, n_steps=1_500, **parts):
    rng = np.random.default_rng(seed)
    weight = (rng.random((N, N)) < 0.12) * rng.normal(0.3, 0.03, (N, N))
    np.fill_diagonal(weight, 0.0)
    x = np.zeros((1, n_steps, N))
    for t in range(1, n_steps):
        x[0, t] = weight @ x[0, t - 1] + rng.normal(size=N)
    ids = np.array([f"n{i:02d}" for i in range(N)])
    behavior = {"speed": rng.normal(size=(1, n_steps))}
    given = {"kind": "rate", "dt": 0.1, "unit": "Hz", "behavior": behavior} | parts
    return weight, Recording(x, ids, **given)


def wired_as(weight, ids):
    post, pre = np.nonzero(weight)
    n = len(post)
    return Connectome(
        neuron_id=ids,
        pre=pre,
        post=post,
        kind=np.zeros(n, int),
        count=np.ones(n, int),
        sign=np.ones(n, int),
        neurons={"cell_type": np.array(["a", "b"] * (len(ids) // 2))},
    )


@pytest.fixture(scope="module")
def found():
    weight, recording = truth_and_recording()
    wiring = wired_as(weight, recording.neuron_id)
    return weight, connectivity(recording, wiring, QUICK, behavior=["speed"], progress=False)


def test_the_table_names_who_drives_whom(found):
    weight, answer = found
    table = answer.table
    assert len(table) == N * (N - 1)
    assert (table["probability"].diff().dropna() <= 1e-6).all()
    sure = table[table["probability"] > 0.9]
    there = [weight[int(r["post"][1:]), int(r["pre"][1:])] for r in sure.to_dict("records")]
    assert len(sure) > 0.7 * (weight != 0).sum()
    assert np.mean(np.array(there) != 0) > 0.9
    assert (sure["low"] < sure["high"]).all()
    inside = (sure["low"] < there) & (there < sure["high"])
    assert inside.mean() > 0.6
    assert sure["count"].mean() > 0.9
    assert table["stability"].between(0, 1).all()


def test_forecasts_are_scored_on_the_end_beside_baselines(found):
    _, answer = found
    scores = answer.forecasts.scores.set_index(["arm", "measure"])["value"]
    assert scores[("edge posterior", "r")] > scores[("own past", "r")] + 0.1
    assert scores[("mean", "r")] == 0
    assert set(answer.forecasts.scores["arm"]) >= {
        "ridge",
        "lasso",
        "persistence",
        "own past",
        "own past + behavior",
        "own past + behavior, 5 lags",
        "coupling of wrong neurons",
    }
    gain = answer.forecasts.gain.set_index("measure")
    assert gain.loc["r", "low"] > 0
    assert answer.forecasts.measured.shape == (1, 300, N)
    assert set(answer.forecasts.rollouts["horizon"]) == {1, 2, 3}


def test_held_out_frames_are_seen_by_no_forecast():
    _, recording = truth_and_recording(1, n_steps=800)
    changed = recording.activity.copy()
    changed[:, -1] += 50  # the last frame is never in a past
    other = Recording(changed, recording.neuron_id, kind="rate", dt=0.1, unit="Hz")
    config = ConnectivityConfig(bootstraps=0, twins=0, blocks=10, horizon=1, lags=1)
    one, two = (connectivity(r, config=config, progress=False) for r in (recording, other))
    np.testing.assert_array_equal(one.forecasts.predicted, two.forecasts.predicted)


def test_a_twin_says_what_can_be_found(found):
    _, answer = found
    assert answer.twin["probability_auprc"] > 0.8
    assert 0 < answer.twin["prevalence"] < 0.4
    edges = answer.edges
    activity, weight = simulate_twin(edges, 4_000, np.random.default_rng(2))
    assert activity.shape == (1, 4_000, N)
    np.testing.assert_allclose(activity.mean((0, 1)), 0.0, atol=0.5)
    assert activity.std() == pytest.approx(1.1, abs=0.15)
    again = EdgePosterior(n_lags=1).fit(activity)
    off = ~np.eye(N, dtype=bool)
    assert np.corrcoef(again.connectivity[off], weight[off])[0, 1] > 0.9
    assert np.corrcoef(again.connectivity[off], weight.T[off])[0, 1] < 0.3


def test_other_numbers_of_factors_are_tried(found):
    weight, answer = found
    table = answer.by_factors
    chosen = answer.edges.factors.n
    assert table["factors"].tolist() == list(range(2 * chosen + 6))
    own = table.set_index("factors").loc[chosen]
    assert own["correlation"] > 0.999
    assert own["changed"] == pytest.approx(0, abs=0.005)
    assert own["connections"] == pytest.approx((weight != 0).sum(), rel=0.3)
    _, recording = truth_and_recording()
    again = by_number_of_factors(
        answer.edges,
        recording.activity,
        np.zeros((1, 1_500, 1)) + recording.behavior["speed"][:, :, None],
        numbers=[0, 1],
    )
    np.testing.assert_allclose(again["connections"], table["connections"][:2])


def test_a_connectome_is_compared_with_rewired_ones(found):
    weight, answer = found
    wired = answer.wired
    assert (wired.n_pairs, wired.n_wired) == (N * (N - 1), (weight != 0).sum())
    assert wired.auroc > 0.85 > 0.7 > wired.null_auroc.max()
    assert wired.by_class["pairs"].sum() == N * (N - 1)
    shares = (wired.by_class["pairs"] * wired.by_class["wired"]).sum()
    assert shares == pytest.approx((weight != 0).sum())


def test_pairs_of_two_classes_are_held_against_rewired_ones():
    weight, recording = truth_and_recording()
    wiring = wired_as(weight, recording.neuron_id)
    probability = np.random.default_rng(1).random((N, N))
    found = compared_with(
        wiring, recording.neuron_id, probability, n_draws=1, rng=np.random.default_rng(2)
    )
    again = wiring_between(rewire(wiring, rng=np.random.default_rng(2)), recording.neuron_id) > 0
    cell_type = np.array(["a", "b"] * (N // 2))
    assert len(found.by_class) == 4
    for row in found.by_class.to_dict("records"):
        pairs = (cell_type[:, None] == row["post_type"]) & (cell_type == row["pre_type"])
        np.fill_diagonal(pairs, False)
        assert row["pairs"] == pairs.sum()
        assert row["null"] == pytest.approx(probability[pairs & again].mean())
        assert row["null_low"] == row["null"] == row["null_high"]
        assert row["probability_wired"] == pytest.approx(probability[pairs & (weight != 0)].mean())


def test_wiring_keeps_its_direction_and_gaps_have_none():
    ids = np.array(["a", "b", "c"])
    wiring = Connectome(
        neuron_id=np.array(["c", "a", "b", "other"]),
        pre=np.array([1, 0]),  # a -> b, and a gap between c and b
        post=np.array([2, 2]),
        kind=np.array([0, 1]),
        count=np.array([5, 2]),
        sign=np.array([1, 0]),
    )
    counts = wiring_between(wiring, ids)
    assert counts.tolist() == [[0, 0, 0], [5, 0, 2], [0, 2, 0]]
    with_stranger = wiring_between(wiring, np.array(["a", "b", "x"]))
    assert np.isnan(with_stranger[2]).all()
    assert with_stranger[1, 0] == 5


def test_a_prior_is_used_and_then_confirms_nothing():
    weight, recording = truth_and_recording(3, n_steps=400)
    wiring = wired_as(weight, recording.neuron_id)
    config = ConnectivityConfig(prior=True, bootstraps=0, twins=0, blocks=10, horizon=1, lags=1)
    with_it = connectivity(recording, wiring, config, progress=False)
    assert with_it.wired is None
    assert any("nothing here can confirm it" in note for note in with_it.notes)
    off = ~np.eye(N, dtype=bool)
    p = with_it.edges.probability
    assert p[off & (weight != 0)].mean() > p[off & (weight == 0)].mean() + 0.4


def test_units_of_one_neuron_change_no_probability():
    _, recording = truth_and_recording(7, n_steps=800)
    config = ConnectivityConfig(bootstraps=0, twins=0, blocks=10, horizon=1, lags=1)
    activity = recording.activity.copy()
    activity[:, :, 3] *= 1_000
    other = Recording(activity, recording.neuron_id, kind="rate", dt=0.1, unit="Hz")
    one, two = (connectivity(r, config=config, progress=False) for r in (recording, other))
    np.testing.assert_allclose(one.edges.probability, two.edges.probability, atol=1e-5)
    np.testing.assert_allclose(two.scale[3], 1_000 * one.scale[3])
    weights = [a.table.set_index(["pre", "post"])["weight"] for a in (one, two)]
    assert weights[1]["n00", "n03"] == pytest.approx(1_000 * weights[0]["n00", "n03"], rel=1e-4)
    assert weights[1]["n03", "n00"] == pytest.approx(weights[0]["n03", "n00"] / 1_000, rel=1e-4)
    np.testing.assert_allclose(
        two.forecasts.predicted[:, 1:] / [1_000 if i == 3 else 1 for i in range(N)],
        one.forecasts.predicted[:, 1:],
        rtol=1e-4,
        atol=1e-6,
    )


def test_trials_may_differ_in_length():
    _, recording = truth_and_recording(8, n_steps=1_200)
    activity = recording.activity.reshape(3, 400, N).copy()
    activity[1, 250:] = np.nan
    rec = Recording(activity, recording.neuron_id, kind="rate", dt=0.1)
    config = ConnectivityConfig(bootstraps=0, twins=0, blocks=10, horizon=1, lags=1)
    answer = connectivity(rec, config=config, progress=False)
    assert len(answer.neuron_id) == N
    told = " ".join(answer.notes)
    assert "1,047 of 1,050 frames count (3 trials of 250 to 400 frames of 0.1 s)" in told


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


def test_neurons_seldom_seen_or_constant_are_left_out_by_name():
    _, recording = truth_and_recording(4, n_steps=600)
    activity = recording.activity.copy()
    activity[:, ::2, 3] = np.nan
    activity[:, :, 5] = 1.0
    activity[:, 10:12, 7] = np.nan
    rec = Recording(activity, recording.neuron_id, kind="calcium", dt=0.1)
    config = ConnectivityConfig(bootstraps=0, twins=0, blocks=10, horizon=1, lags=1)
    answer = connectivity(rec, config=config, progress=False)
    assert set(recording.neuron_id) - set(answer.neuron_id) == {"n03", "n05"}
    told = " ".join(answer.notes)
    assert "1 of 16 neurons are observed in fewer than 90% of the frames" in told
    assert "1 of 16 neurons are constant" in told
    assert "calcium is slow" in told
    longer = connectivity(rec, config=replace(config, lags=None), progress=False)
    assert longer.edges.n_lags >= 2  # calcium
    assert "calcium is slow" not in " ".join(longer.notes)


def test_trials_are_held_out_whole_where_there_are_five():
    every = slice(None)
    assert learned_and_held_out(10, 50, 0.2) == ((slice(8), every), (slice(8, None), every))
    assert learned_and_held_out(4, 50, 0.2) == ((every, slice(40)), (every, slice(40, None)))


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


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda r, w: nl.connectivity(r, behavior=["spead"]), "`spead` is none of its 1.*speed"),
        (lambda r, w: nl.connectivity(replace(r, behavior={}), behavior=["a"]), "Leave it out"),
        (
            lambda r, w: nl.connectivity(r, behavior=["speed", "speed"]),
            "name each variable once.*Leave out what repeats",
        ),
        (
            lambda r, w: nl.connectivity(
                replace(r, behavior={"still": np.ones((1, 50))}), behavior=["still"]
            ),
            "`still` is constant there. Leave it out",
        ),
        (
            lambda r, w: nl.connectivity(
                replace(r, behavior={"lost": np.full((1, 50), np.nan)}), behavior=["lost"]
            ),
            "`lost` is never observed there. Leave it out",
        ),
        (lambda r, w: ConnectivityConfig(lags=0), "`--lags` must be at least 1"),
        (lambda r, w: ConnectivityConfig(test_fraction=1.0), "`--test-fraction` must be above 0"),
        (
            lambda r, w: nl.connectivity(
                Recording(np.zeros((3, 1, 2)), np.array(["a", "b"]), kind="response")
            ),
            "Use `predict` for responses",
        ),
        (
            lambda r, w: nl.connectivity(
                Recording(np.ones((1, 9, 2)), np.array(["a", "b"]), kind="rate", dt=1.0)
            ),
            "At least 2 neurons must be observed",
        ),
        (lambda r, w: wiring_between(w, np.array(["x", "y"])), "Rename them, or leave"),
        (
            lambda r, w: compared_with(
                wired_as(1 - np.eye(N), r.neuron_id),
                r.neuron_id,
                np.zeros((N, N)),
                n_draws=1,
                rng=np.random.default_rng(0),
            ),
            "some pairs must be wired and some not",
        ),
    ],
)
def test_what_cannot_be_answered_is_said(make, said):
    weight, recording = truth_and_recording(6, n_steps=50)
    with pytest.raises(InputError, match=said):
        make(recording, wired_as(weight, recording.neuron_id))


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


def spikes_of(n_steps=6_000, rate=0.2):
    """Neuron 0 drives 1, and 2 silences 3, one bin later; counts."""
    rng = np.random.default_rng(5)
    x = np.zeros((1, n_steps, 6))
    for t in range(n_steps):
        drive = np.full(6, np.log(rate))
        if t:
            drive[1] += 1.0 * x[0, t - 1, 0]
            drive[3] -= 1.5 * x[0, t - 1, 2]
        x[0, t] = rng.poisson(np.exp(np.minimum(drive, 2.0)))
    ids = np.array([f"unit{i}" for i in range(6)])
    return Recording(x, ids, kind="spike_count", dt=0.025, unit="spikes")


@pytest.fixture(scope="module")
def of_spikes():
    return connectivity(spikes_of(), config=replace(QUICK, twins=1), progress=False)


def test_counts_get_a_poisson_likelihood_and_bits_per_spike(of_spikes, tmp_path):
    assert of_spikes.edges.likelihood.name == "Poisson"
    np.testing.assert_array_equal(of_spikes.scale, 1.0)
    ends = of_spikes.table.head(2)[["pre", "post", "weight"]].to_numpy().tolist()
    signs = {(pre, post): np.sign(weight) for pre, post, weight in ends}
    assert signs == {("unit0", "unit1"): 1.0, ("unit2", "unit3"): -1.0}
    bits = of_spikes.forecasts.scores.query("measure == 'bits_per_spike'").set_index("arm")["value"]
    assert {OURS, GLM, ALONE} <= set(bits.index)
    assert bits[OURS] > bits[ALONE] + 0.01
    assert of_spikes.responses is None
    page = write_connectivity_page(of_spikes, tmp_path / "p.html", name="s").read_text()
    assert "log rate per spike" in page
    assert "Bits per spike are over the mean rate" in page


def test_many_spikes_a_bin_are_regressed_and_said_so():
    many = connectivity(spikes_of(1_500, rate=6.0), config=replace(QUICK, twins=0), progress=False)
    assert many.edges.likelihood.name == "Gaussian"
    assert any("regressed as they are" in note for note in many.notes)


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
