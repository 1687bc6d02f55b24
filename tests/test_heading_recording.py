"""Head-direction cells planted in a recording are found, decoded and held against networks."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from made_ring import made_ring
from neuroloom.analysis.heading_recording import (
    HeadingSettings,
    compare_with_network,
    decode_heading,
    heading_of,
    heading_table,
    network_beside,
    turning_of,
)
from neuroloom.datasets.fly_heading import FILES, fly_heading, trials
from neuroloom.errors import InputError
from neuroloom.networks import TaskNetwork, all_to_all
from neuroloom.networks.activations import Linear
from neuroloom.recording import Recording
from neuroloom.recording.nwb import Nearest, read_nwb
from neuroloom.tasks import AngularIntegration

DT = 0.1
PREFERRED = np.deg2rad([20.0, 80.0, 140.0, 200.0, 260.0, 320.0])
SETTINGS = HeadingSettings(n_shifts=10, least_shift=20.0, n_folds=5)


def turned(rng, n_steps=3_000):
    """Heading of an animal that turns back and forth, wrapped, in rad."""
    turn = np.zeros(n_steps)
    for step in range(1, n_steps):
        turn[step] = 0.8 * turn[step - 1] + rng.normal(0, 0.15)
    return np.mod(np.cumsum(turn), 2 * np.pi)


def planted(rng, kind="spike_count", n_steps=3_000):
    """Six head-direction cells, one that follows turning, and one of noise."""
    heading = turned(rng, n_steps)
    turn = np.angle(np.exp(1j * np.gradient(np.unwrap(heading))))
    rate = 1 + 39 * np.exp(4 * (np.cos(heading[:, None] - PREFERRED) - 1))
    fast = 10 * np.exp(2 * (np.cos(heading - 1.0) - 1)) * (1 + 3 * np.clip(turn, -0.3, 0.3))
    rate = np.concatenate([rate, fast[:, None], np.full((n_steps, 1), 5.0)], axis=1)
    if kind == "spike_count":
        activity = rng.poisson(rate * DT).astype(float)
    else:
        activity = rate / 10 + rng.normal(0, 0.3, rate.shape)
    return Recording(
        activity[None], np.array([f"c{n}" for n in range(8)]), kind=kind, dt=DT,
        unit="spikes" if kind == "spike_count" else "dF/F",
        behavior={"heading": heading[None]},
    )  # fmt: skip


@pytest.fixture(scope="module")
def spikes():
    return planted(np.random.default_rng(1))


@pytest.fixture(scope="module")
def decoded(spikes):
    return decode_heading(spikes, SETTINGS)


def test_heading_is_decoded_from_planted_cells_and_not_from_shifted_ones(decoded, spikes):
    assert decoded.score("decoded") < 15
    assert decoded.score("activity shifted in time", "share as good") == pytest.approx(1 / 11)
    assert decoded.shifted.min() > 50
    assert decoded.score("one heading throughout") > 50
    assert decoded.score("guess by occupancy") > 50
    true = spikes.behavior["heading"]
    np.testing.assert_allclose(decoded.true, true)
    apart = np.abs(np.rad2deg(np.angle(np.exp(1j * (decoded.heading - true)))))
    assert np.median(apart) == pytest.approx(decoded.score("decoded"))
    np.testing.assert_allclose(np.abs(decoded.error), apart, atol=1e-9)
    table = decoded.scores.query("arm == 'decoded'")
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert any("8 of 8 neurons" in line for line in decoded.audit)


def test_no_step_is_decoded_by_curves_that_saw_it(rng):
    """Curves of many noise neurons know every step that they saw, and no other."""
    recording = planted(rng, "calcium", n_steps=400)
    noise = rng.normal(size=(1, 400, 80))
    recording = replace(recording, activity=noise, neuron_id=np.arange(80))
    found = decode_heading(recording, replace(SETTINGS, smoothing=0.0, least_shift=10.0))
    assert found.score("decoded") > 60


def test_a_block_whose_heading_is_turned_around_is_decoded_by_the_others(spikes):
    heading = spikes.behavior["heading"].copy()
    heading[0, 600:1200] = np.mod(heading[0, 600:1200] + np.pi, 2 * np.pi)
    found = decode_heading(replace(spikes, behavior={"heading": heading}), SETTINGS)
    assert np.median(np.abs(found.error[0, 600:1200])) > 150
    assert np.median(np.abs(found.error[0, 1300:])) < 25


def test_calcium_with_missing_steps_is_decoded_too_and_in_degrees(rng):
    recording = planted(rng, "calcium")
    activity = recording.activity.copy()
    activity[0, 100:150] = np.nan
    activity[0, :2_000, 7] = np.nan
    heading = np.rad2deg(recording.behavior["heading"]) - 360.0
    heading[0, 500:520] = np.nan
    recording = replace(recording, activity=activity, behavior={"yaw_deg": heading})
    settings = replace(SETTINGS, heading="yaw_deg", degrees=True)
    found = decode_heading(recording, settings)
    assert found.score("decoded") < 15
    missing = np.r_[100:150, 500:520]
    assert np.isnan(found.heading[0, missing]).all()
    assert np.isfinite(found.heading).sum() == 3_000 - 70
    assert any("7 of 8 neurons" in line for line in found.audit)


def test_noise_is_decoded_no_better_than_when_it_is_shifted(rng):
    recording = planted(rng, n_steps=1_500)
    noise = rng.poisson(0.5, (1, 1_500, 8)).astype(float)
    found = decode_heading(replace(recording, activity=noise), SETTINGS)
    assert found.score("activity shifted in time", "share as good") > 0.1


def test_each_planted_cell_gets_its_preferred_heading_and_noise_is_not_tuned(spikes):
    table = heading_table(spikes, SETTINGS, n_draws=59).set_index("neuron")
    cells = [f"c{n}" for n in range(6)]
    away = np.angle(np.exp(1j * (np.deg2rad(table.loc[cells, "preferred_deg"]) - PREFERRED)))
    assert np.abs(np.rad2deg(away)).max() < 6
    assert (table.loc[cells, "p_heading"] <= 1 / 60 + 1e-9).all()
    assert (table.loc[cells, "vector_length"] > 0.5).all()
    assert table.loc[cells, "highest"].between(30, 42).all()
    assert table.loc["c7", "p_heading"] > 0.05
    assert table.loc["c7", "vector_length"] < 0.1
    assert (table["unit"] == "Hz").all()
    assert 0.02 < table.loc["c6", "turning_slope"] < 0.2
    assert table.loc["c6", "p_turning"] <= 1 / 60 + 1e-9
    assert (table.loc[cells, "p_turning"] > 0.02).sum() >= 4


def test_turning_is_counter_clockwise_positive_across_zero_and_unknown_beside_gaps():
    heading = np.mod(np.array([[6.0, 6.2, 6.4, 6.6, np.nan, 7.0, 7.2]]), 2 * np.pi)
    turning = turning_of(heading)
    np.testing.assert_allclose(turning[0, :3], 0.2)
    assert np.isnan(turning[0, 3:6]).all()
    assert turning[0, 6] == pytest.approx(0.2)
    steady = turning_of(np.mod(0.3 * np.arange(50.0)[None], 2 * np.pi), smoothing=3.0)
    np.testing.assert_allclose(steady, 0.3)


def network_of(weight, input_weight, output_weight, *, tau, bias=0.0, activation=None):
    """A network with these weights and nothing drawn."""
    n = len(weight)
    network = TaskNetwork.from_connectome(
        all_to_all(n, self_connections=True), n_inputs=3, n_outputs=2, key=jax.random.key(0),
        tau=tau, activation=activation,
    ).with_weight(jnp.asarray(weight))  # fmt: skip
    return eqx.tree_at(
        lambda net: (net.input_weight, net.output_weight, net.network.bias.value),
        network,
        (jnp.asarray(input_weight), jnp.asarray(output_weight), jnp.broadcast_to(bias, (n,))),
    )


READ = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def test_a_network_is_shown_the_turning_of_the_animal_at_its_own_steps():
    """Three units without memory give back the three inputs of each step."""
    task = AngularIntegration(n_steps=70, cue_steps=5)
    network = network_of(np.zeros((3, 3)), np.eye(3), READ, tau=task.dt, activation=Linear())
    heading = np.mod(0.5 + 0.2 * np.arange(12.0)[None], 2 * np.pi)  # 2 rad/s, from 0.5 rad
    heading[0, 6] = np.nan
    beside = network_beside(network, task, heading, dt=DT)
    assert np.isnan(beside.rates[0, 6]).all()
    seen = np.delete(beside.rates[0], 6, axis=0)
    np.testing.assert_allclose(seen[1:, 0], 2.0 * task.dt)  # rad/step of the task
    assert seen[0, 0] == 0  # time 0: the cue, without turning
    np.testing.assert_allclose(seen[0, 1:], [np.sin(0.5), np.cos(0.5)])
    assert not seen[1:, 1:].any()


def test_each_piece_begins_with_the_heading_of_the_animal_there():
    """Units that forget nothing say the cue for as long as a piece lasts: 8 steps of the task."""
    task = AngularIntegration(n_steps=13, cue_steps=5)
    network = network_of(np.zeros((3, 3)), np.eye(3), READ, tau=1e6, activation=Linear())
    heading = np.mod(0.4 + 0.2 * np.arange(40.0)[None], 2 * np.pi)
    beside = network_beside(network, task, heading, dt=DT)
    step = 4 * np.arange(40)  # of the task
    begun = 8 * ((np.maximum(step, 1) - 1) // 8)
    away = np.angle(np.exp(1j * (beside.heading[0] - (0.4 + 0.2 * begun / 4))))
    assert np.abs(away).max() < 1e-6
    assert beside.turning_sd == pytest.approx(0, abs=1e-9)  # no spread in a steady turn


def test_a_ring_that_integrates_follows_the_animal_and_is_more_alike_than_when_shifted(spikes):
    ring = made_ring(8)
    task = AngularIntegration(n_steps=200)
    network = network_of(
        ring.weight, ring.input_weight, ring.output_weight, tau=ring.tau, bias=ring.bias
    )
    heading = heading_of(spikes)
    beside = network_beside(network, task, heading, dt=DT)
    away = np.angle(np.exp(1j * (beside.heading - heading)))
    assert np.median(np.abs(np.rad2deg(away))) < 15
    mirrored = network_beside(network, task, 2 * np.pi - heading, dt=DT)
    away = np.angle(np.exp(1j * (mirrored.heading + heading)))
    assert np.median(np.abs(np.rad2deg(away))) < 15
    common = {"n_null": 39, "n_draws": 20}
    alike = compare_with_network(spikes, network, task, SETTINGS, **common)
    assert alike.share_as_high == 1 / 40
    assert alike.value > alike.null.max() + 0.2
    blind = eqx.tree_at(lambda net: net.input_weight, network, jnp.asarray(ring.input_weight) * 0.1)
    unlike = compare_with_network(spikes, blind, task, SETTINGS, **common)
    assert unlike.value < alike.low


def test_an_nwb_file_with_planted_cells_is_decoded(tmp_path, spikes):
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "planted.nwb"
    rng = np.random.default_rng(0)
    file = pynwb.NWBFile(
        session_description="planted cells", identifier="planted",
        session_start_time=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    counts = spikes.activity[0]
    for n in range(counts.shape[1]):
        steps = np.repeat(np.arange(len(counts)), counts[:, n].astype(int))
        file.add_unit(spike_times=np.sort((steps + rng.random(steps.size)) * DT), id=n)
    file.add_epoch(start_time=0.0, stop_time=len(counts) * DT)
    series = pynwb.behavior.SpatialSeries(
        name="heading", data=spikes.behavior["heading"][0], rate=1 / DT, starting_time=0.0,
        unit="radians", reference_frame="room",
    )  # fmt: skip
    module = file.create_processing_module(name="behavior", description="heading of the animal")
    module.add(pynwb.behavior.CompassDirection(spatial_series=series))
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    recording = read_nwb(path, dt=DT, behavior=Nearest())
    (name,) = recording.behavior
    found = decode_heading(recording, replace(SETTINGS, heading=name))
    assert found.score("decoded") < 15
    assert np.isfinite(found.heading).mean() > 0.99
    table = heading_table(recording, replace(SETTINGS, heading=name), n_draws=19)
    assert (table["p_heading"][:6] <= 0.05).all()


def test_the_heading_of_a_fly_is_decoded_from_its_compass_in_closed_loop():
    """Turner-Evans et al., eLife 6:e23496 (2017): regions of E-PG and P-EN1 in the bridge."""
    folder = Path(os.environ.get("NEUROLOOM_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / FILES.folder).is_dir():
        pytest.skip("the recordings of fly-heading may not ship and are not here")
    of_fly = [name for name in trials(data=folder) if name.startswith("PEN1-PB_20160621_Fly1/")]
    recordings = [fly_heading(name, data=folder) for name in of_fly]
    looped = [one for one in recordings if str(one.column("condition")[0]) == "1x"]
    settings = HeadingSettings("heading_rad", n_folds=4, n_shifts=20, least_shift=5.0)
    found = [decode_heading(one, settings) for one in looped]
    assert len(found) == 5
    assert np.median([one.score("decoded") for one in found]) < 40
    for one in found:
        assert one.score("activity shifted in time", "share as good") == pytest.approx(1 / 21)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"heading": "haeding"}, "Did you mean `heading`"),
        ({"n_folds": 400}, "Use fewer folds"),
        ({"least_shift": 1_000.0}, "Use fewer shifts"),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_the_way_out(spikes, change, instruction):
    with pytest.raises(InputError, match=instruction):
        decode_heading(spikes, replace(SETTINGS, **change))
