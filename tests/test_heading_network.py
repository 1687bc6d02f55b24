"""The compass as a network, and what it is compared with."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from compass import CONFIG, compass
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.arm import CLAIMS
from neuroloom.studies.constrained_networks.heading.config import HeadingConfig
from neuroloom.studies.constrained_networks.heading.instrument import fit_instrument
from neuroloom.studies.constrained_networks.heading.network import (
    Compass,
    bridge_only,
    crossed,
    signed_weights,
)
from neuroloom.studies.constrained_networks.heading.rois import roi_map, wedge_of
from neuroloom.studies.constrained_networks.heading.scores import (
    paired_p,
    score,
    sign_p,
    turn_response,
)


def rates_of_pen1(wiring, glomerulus, turn=0.0, push=0.0):
    """P-EN1 of each glomerulus of the bridge while E-PG of one are active."""
    rois = roi_map(wiring, "PB")
    network = Compass.from_connectome(wiring, CONFIG)
    network = eqx.tree_at(lambda c: c.push, network, jnp.asarray(push))
    epg = np.zeros((1, 60, 18))
    epg[..., rois.names.index(glomerulus)] = 3.0
    rates = network.rates(jnp.asarray(rois.clamp(epg)), jnp.full((1, 60), turn))
    seen = np.asarray(rois.observe_pen1()(rates))[0, -1]
    return {rois.names[i]: float(seen[k]) for k, i in enumerate(rois.pen1_rois)}


@pytest.mark.parametrize("glomerulus", ["5R", "3L", "8L"])
def test_epg_excite_pen1_of_their_own_glomerulus(glomerulus):
    seen = rates_of_pen1(compass(), glomerulus)
    assert max(seen, key=lambda g: seen[g]) == glomerulus


def test_pushing_right_raises_the_right_half_and_lowers_the_left():
    wiring = compass()
    still, pushed, other_way = (
        rates_of_pen1(wiring, "5R", turn=turn, push=0.5) for turn in (0.0, 1.0, -1.0)
    )
    for g in still:
        up, down = (pushed, other_way) if g.endswith("R") else (other_way, pushed)
        assert up[g] > still[g] > down[g]


def test_weights_run_from_pre_to_post_and_delta7_inhibit():
    wiring = compass()
    weights = signed_weights(wiring, 0.9)
    at = {str(name): i for i, name in enumerate(wiring.neuron_id)}
    assert weights[at["PEN1-5R"], at["EPG-5R"]] > 0 == weights[at["EPG-5R"], at["PEN1-5R"]]
    assert weights[at["PEN1-5R"], at["D7-5R4L"]] < 0
    assert np.linalg.eigvals(weights).real.max() == pytest.approx(0.9)


def test_crossing_reverses_the_shift_of_every_pen1_and_twice_is_none():
    wiring = compass()
    cell_type, glomerulus = wiring.column("cell_type"), wiring.column("glomerulus")

    def shifts(connectome):
        """Tiles from the E-PG that a P-EN1 hears to those it excites."""
        found = {}
        for pre, post in zip(connectome.pre, connectome.post, strict=True):
            if (cell_type[pre], cell_type[post]) == ("PEN1", "EPG"):
                step = wedge_of(str(glomerulus[post])) // 2 - wedge_of(str(glomerulus[pre])) // 2
                found[str(glomerulus[pre])] = (step + 4) % 8 - 4
        return found

    assert set(shifts(wiring).values()) == {-1, 1}
    assert shifts(crossed(wiring)) == {name: -step for name, step in shifts(wiring).items()}
    np.testing.assert_array_equal(crossed(crossed(wiring)).pre, wiring.pre)
    from_epg = cell_type[wiring.pre] == "EPG"
    np.testing.assert_array_equal(crossed(wiring).pre[from_epg], wiring.pre[from_epg])


def test_in_the_bridge_only_epg_reach_pen1_of_their_own_glomerulus():
    wiring = compass()
    names = wiring.neuron_id
    astray = np.flatnonzero((names[wiring.pre] == "EPG-5R") & (names[wiring.post] == "PEN1-5R"))
    post = wiring.post.copy()
    post[astray] = np.flatnonzero(names == "PEN1-6R")
    moved = replace(wiring, post=post)
    np.testing.assert_array_equal(bridge_only(wiring).count, wiring.count)
    assert np.flatnonzero(bridge_only(moved).count != moved.count).tolist() == astray.tolist()
    assert len(astray) == 1


def test_the_instrument_of_each_color_is_recovered(rng):
    dt, slow = 0.1, 0.3
    rates = [rng.random((2, 200, 5)) for _ in range(4)]
    measured = []
    for i, r in enumerate(rates):
        seen, held = np.empty_like(r), r[:, 0]
        for step in range(r.shape[1]):
            kept = np.exp(-dt / slow)
            held = kept * held + (1 - kept) * r[:, step]
            seen[:, step] = held
        seen = 2.0 * seen if i % 2 else 0.5 * r
        measured.append(seen - seen.mean(axis=(0, 1)))
    colors = ["green", "red"] * 2
    found = fit_instrument(rates, measured, colors, (0.0, 0.1, slow, 1.0), dt)
    assert found.decay == {"green": 0.0, "red": slow}
    assert found.scale == pytest.approx({"green": 0.5, "red": 2.0})
    np.testing.assert_allclose(found(rates[1], "red"), measured[1], atol=1e-10)


def test_the_instrument_never_turns_a_rate_upside_down(rng):
    rates = rng.random((1, 50, 3))
    assert fit_instrument([rates], [-rates], ["red"], (0.0,), 0.1).scale["red"] == 0.0


def test_an_instrument_without_flies_is_refused():
    with pytest.raises(InputError, match="Use fewer folds"):
        fit_instrument([], [], [], (0.0,), 0.1)


def test_scores_are_those_of_numpy_and_a_constant_correlates_with_nothing(rng):
    measured = rng.normal(size=(2, 30, 4))
    predicted = 0.5 * measured + rng.normal(size=measured.shape)
    predicted[..., 2] = 7.0
    found = score(predicted, measured)
    x, y = (a.reshape(60, 4) - a.reshape(60, 4).mean(axis=0) for a in (predicted, measured))
    by_region = [0.0 if k == 2 else np.corrcoef(x[:, k], y[:, k])[0, 1] for k in range(4)]
    assert found.correlation == pytest.approx(np.mean(by_region))
    assert found.mse == pytest.approx(np.mean((x - y) ** 2))
    assert found.r2 == pytest.approx(1 - np.mean((x - y) ** 2) / np.mean(y**2))
    assert score(np.zeros_like(measured), measured).r2 == pytest.approx(0)


@pytest.mark.parametrize("lead", [40.0, -25.0])
def test_the_lead_of_pen1_in_turns_is_measured_in_degrees(lead):
    rois = roi_map(compass(), "EB")
    turning = np.tile([1.0, -1.0], 60)[None, :]
    at = np.linspace(0, 12 * np.pi, 120, endpoint=False)
    ahead = np.radians(lead / 2) * turning[0]
    epg, pen1 = (np.cos(rois.angle[None, :] - a[:, None])[None] for a in (at, at + ahead))
    assert turn_response(pen1, epg, turning, rois, 0.5) == pytest.approx(lead, abs=1.0)


def test_in_the_bridge_the_right_half_counts_up_and_the_left_down():
    rois = roi_map(compass(), "PB")
    right = np.array([rois.names[i].endswith("R") for i in rois.pen1_rois])
    turning = np.tile([1.0, -1.0, 0.0], 20)[None, :]
    pen1 = np.where(right, 0.3, -0.2)[None, None, :] * turning[..., None]
    epg = np.zeros((1, 60, 16))
    assert turn_response(pen1, epg, turning, rois, 0.5) == pytest.approx(1.0)
    assert np.isnan(turn_response(pen1, epg, np.abs(turning), rois, 0.5))


def test_p_values_are_the_exact_ones():
    assert paired_p(np.arange(1.0, 7.0), np.zeros(6)) == pytest.approx(1 / 64)
    assert paired_p(np.zeros(6), np.zeros(6)) == 1.0
    assert sign_p(np.ones(5), np.ones(5)) == pytest.approx(1 / 32)
    assert sign_p(np.zeros(5), np.ones(5)) == 1.0


def test_the_config_is_complete_and_its_criteria_name_their_threshold():
    assert HeadingConfig().n_folds > 1
    assert all("0.05" in c.criterion or c.criterion.startswith("As ") for c in CLAIMS)
