"""`neuroloom connectivity`: from a recording to a page, on a small network that is known."""

from dataclasses import replace

import numpy as np
import pytest

import neuroloom as nl
from driven_recordings import QUICK, N, truth_and_recording, wired_as
from neuroloom.connectome import Connectome, rewire
from neuroloom.errors import InputError
from neuroloom.fitting.coupling import EdgePosterior, by_number_of_factors, simulate_twin
from neuroloom.recording import Recording
from neuroloom.studies.connectivity import connectivity
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.held_out_part import learned_and_held_out
from neuroloom.studies.wired_or_not import compared_with, wiring_between


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
