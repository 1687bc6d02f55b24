"""`neuroloom connectivity` on the fly's compass and the rat's hippocampus: facts that must hold."""

from pathlib import Path

import numpy as np
import pytest

from neuroloom.datasets.fly_heading import fly_heading
from neuroloom.datasets.rat_place_cells import rat_place_cells
from neuroloom.recording import Recording
from neuroloom.studies.connectivity import connectivity
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.twins import SURE

DATA = Path(__file__).resolve().parents[1].parent / "shared/data"
QUICK = ConnectivityConfig(bootstraps=2, blocks=20, horizon=3, twins=0)
N_WEDGES = 16

needs_fly = pytest.mark.skipif(
    not (DATA / "fly_heading_turner_evans2017").is_dir(), reason="../shared/data is absent"
)
needs_rat = pytest.mark.skipif(
    not (DATA / "rat_place_cells_nelpy").is_dir(), reason="../shared/data is absent"
)


@pytest.fixture(scope="module")
def compass():
    """Four trials of one fly, with how fast it turns."""
    trials = [
        fly_heading(f"PEN1-EB_20160425_Fly2/{name}", data=DATA)
        for name in ("1x_1", "1x_2", "1x_3", "1x_4")
    ]
    n = min(one.activity.shape[1] for one in trials)
    heading = np.concatenate([one.behavior["heading_rad"][:, :n] for one in trials])
    dt = trials[0].dt
    return Recording(
        np.concatenate([one.activity[:, :n] for one in trials]),
        trials[0].neuron_id,
        kind="calcium",
        dt=dt,
        unit="F/F0",
        behavior={"turning": np.gradient(heading, axis=1) / dt},
    )


@pytest.fixture(scope="module")
def track():
    """Ten minutes of the linear track, with where the rat is and how fast."""
    rat = rat_place_cells("linear-track", data=DATA)
    x, y = (rat.behavior[k][:, :6_000] for k in ("x_pixel", "y_pixel"))
    speed = np.hypot(np.gradient(x, axis=1), np.gradient(y, axis=1)) / rat.dt
    behavior = {"x": x, "y": y, "speed": speed}
    activity = rat.activity[:, :6_000]
    spiking = activity.sum(axis=(0, 1)) > 20
    return Recording(
        activity[:, :, spiking],
        rat.neuron_id[spiking],
        kind="spike_count",
        dt=rat.dt,
        unit=rat.unit,
        behavior=behavior,
    )


@pytest.fixture(scope="module")
def of_compass(compass):
    return connectivity(compass, config=QUICK, behavior=["turning"], progress=False)


def out_of_step(recording, rng):
    """Every neuron turned round in time by a lag of its own: no neuron can drive another."""
    activity = recording.activity.copy()
    n = activity.shape[1]
    for trial in activity:
        for i in range(trial.shape[1]):
            trial[:, i] = np.roll(trial[:, i], rng.integers(n // 10, n - n // 10))
    return Recording(activity, recording.neuron_id, kind=recording.kind, dt=recording.dt)


def check_table(found, n):
    table = found.table
    assert len(table) == n * (n - 1)
    numbers = table.drop(columns=["pre", "post"]).to_numpy(float)
    assert np.isfinite(numbers).all()
    assert (table["low"] < table["high"]).all()
    assert table["probability"].between(0, 1).all()
    assert (table["standard_error"] > 0).all()


@needs_fly
def test_wedges_of_the_ellipsoid_body_are_coupled_to_their_neighbors(of_compass):
    places = [list(of_compass.neuron_id).index(f"EPG_{i}") for i in range(N_WEDGES)]
    effect = of_compass.edges.connectivity[np.ix_(places, places)]
    i, j = np.indices(effect.shape)
    apart = np.minimum((i - j) % N_WEDGES, (j - i) % N_WEDGES)
    near, far = effect[apart == 1], effect[apart >= 6]
    assert near.mean() > 5 * abs(far.mean())
    assert (near > 0).mean() > 0.9
    probability = of_compass.edges.probability[np.ix_(places, places)]
    assert probability[apart == 1].mean() > probability[apart >= 6].mean() + 0.3


@needs_fly
def test_calcium_of_the_compass_gets_two_lags_and_forecasts_better_than_its_own_past(of_compass):
    check_table(of_compass, 2 * N_WEDGES)
    assert of_compass.edges.n_lags >= 2
    gain = of_compass.forecasts.gain.set_index("measure").loc["r"]
    assert 0 < gain["low"] < gain["high"]
    late = of_compass.forecasts.late_gain.set_index("measure").loc["r"]
    assert late["value"] > 0
    scores = of_compass.forecasts.scores.query("measure == 'r'").set_index("arm")["value"]
    assert scores["coupling of wrong neurons"] < scores["own past + behavior"]


@needs_fly
def test_no_neuron_of_the_compass_drives_one_that_is_out_of_step(compass):
    apart = connectivity(
        out_of_step(compass, np.random.default_rng(0)), config=QUICK, progress=False
    )
    assert apart.edges.factors.n == 0
    assert (apart.table["probability"] >= SURE).mean() < 0.005


@needs_rat
def test_place_cells_have_finite_answers_beside_position_and_speed(track):
    found = connectivity(track, config=QUICK, behavior=["x", "y", "speed"], progress=False)
    check_table(found, len(found.neuron_id))
    scores = found.forecasts.scores
    assert np.isfinite(scores["value"]).all()
    r = scores.query("measure == 'r'").set_index("arm")["value"]
    assert r["own past + behavior"] > r["own past"]  # place cells: where the rat is tells
    gain = found.forecasts.gain.set_index("measure").loc["r"]
    assert gain["low"] <= gain["value"] <= gain["high"]


@needs_rat
def test_no_place_cell_drives_one_that_is_out_of_step(track):
    apart = connectivity(out_of_step(track, np.random.default_rng(0)), config=QUICK, progress=False)
    assert (apart.table["probability"] >= SURE).mean() < 0.005
