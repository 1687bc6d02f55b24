"""A recording laid onto a connectome: every value at its neuron, everything else named."""

import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.recording import Recording
from neuroloom.studies.placement import awc_by_side, place


def wiring(*ids, muscles=(), **options):
    """A chain through all of them, muscles last."""
    every = np.array([*ids, *muscles])
    n = len(every)
    return Connectome(
        neuron_id=every,
        pre=np.arange(n - 1),
        post=np.arange(1, n),
        kind=np.zeros(n - 1, int),
        count=np.arange(1, n),
        sign=np.ones(n - 1, int),
        neurons={"node_kind": np.array(["neuron"] * len(ids) + ["muscle"] * len(muscles))},
        **options,
    )


def rates(*ids, n_trials=2, n_steps=3, **options):
    """Trial t, step s, neuron n has the value 100 t + 10 s + n."""
    t, s, n = np.indices((n_trials, n_steps, len(ids)))
    return Recording(
        activity=100.0 * t + 10.0 * s + n, neuron_id=np.array(ids), kind="rate", dt=0.1, **options
    )


def responses(stimulated, ids, **options):
    """Trial t, neuron n has the value 10 t + n."""
    t, n = np.indices((len(stimulated), len(ids)))
    return Recording(
        activity=(10.0 * t + n)[:, None],
        neuron_id=np.array(ids),
        kind="response",
        trials={"stimulated": np.array(stimulated)},
        **options,
    )


def of(recording, values, name):
    """The values of one neuron."""
    return values[:, :, recording.neuron_id.tolist().index(name)]


def test_every_value_comes_to_its_neuron_and_the_others_are_nan():
    recording = rates("c", "a", annotations={"snr": rates("c", "a").activity + 0.5})
    placed = place(wiring("a", "b", "c", "d"), recording)
    laid = placed.recording
    assert laid.neuron_id.tolist() == placed.connectome.neuron_id.tolist() == ["a", "b", "c", "d"]
    for old, name in ((0, "c"), (1, "a")):
        np.testing.assert_array_equal(of(laid, laid.activity, name), recording.activity[:, :, old])
        np.testing.assert_array_equal(
            of(laid, laid.annotations["snr"], name), recording.activity[:, :, old] + 0.5
        )
    for name in "bd":
        assert np.isnan(of(laid, laid.activity, name)).all()
        assert np.isnan(of(laid, laid.annotations["snr"], name)).all()
    assert laid.dt == recording.dt


def test_observations_are_counted_at_their_neuron_and_zero_elsewhere():
    counts = np.array([[[3, 5]], [[2, 7]]])
    recording = responses(["a", "b"], ["c", "a"], n_observations=counts)
    laid = place(wiring("a", "b", "c"), recording).recording
    assert laid.n_observations[:, 0].tolist() == [[5, 0, 3], [7, 0, 2]]


def test_nothing_that_was_given_is_changed():
    connectome, recording = wiring("a", "b", muscles=["m"]), rates("b", "a")
    before = recording.activity.copy()
    place(connectome, recording)
    np.testing.assert_array_equal(recording.activity, before)
    assert recording.neuron_id.tolist() == ["b", "a"]
    assert connectome.n_neurons == 3


def test_zero_padded_names_match_and_the_connectomes_spelling_is_kept():
    placed = place(wiring("VB1", "VB2", "DA9"), rates("VB02", "DA09", "VB1"))
    laid = placed.recording
    assert laid.neuron_id.tolist() == ["VB1", "VB2", "DA9"]
    assert laid.activity[0, 0].tolist() == [2, 0, 1]
    assert "2 by zero padding" in " ".join(placed.audit)


def test_whole_numbers_match_to_the_last_digit():
    ids = (720575940621039145, 720575940621039146, 7)
    laid = place(wiring(*ids), rates(ids[1], ids[0])).recording
    assert laid.activity[0, 0, :2].tolist() == [1, 0]
    assert np.isnan(laid.activity[:, :, 2]).all()


def test_muscles_are_left_out_with_their_connections():
    placed = place(wiring("a", "b", muscles=["m1", "m2"]), rates("a", "b", "m1"))
    assert placed.connectome.neuron_id.tolist() == ["a", "b"]
    assert placed.connectome.n_connections == 1
    assert placed.audit[0].startswith("wiring: ")
    assert any(
        "left out 1 recorded neurons (unmatched in recording): m1" in s for s in placed.audit
    )


def test_what_has_no_certain_place_is_named_by_its_reason():
    placed = place(
        wiring("ASHL", "ASHR", "VB1", "AVL"), rates("ASH", "VB1", "VB01", "XYZ", "AVL", "ASHR")
    )
    said = "\n".join(placed.audit)
    assert "left out 1 recorded neurons (ambiguous): ASH" in said
    assert "left out 2 recorded neurons (duplicate): VB1, VB01" in said
    assert "left out 1 recorded neurons (unmatched in recording): XYZ" in said
    seen = placed.recording.observed.any(axis=(0, 1))
    assert placed.recording.neuron_id[seen].tolist() == ["ASHR", "AVL"]


def test_a_long_list_of_names_is_cut_and_its_length_is_told():
    strangers = [f"x{i}" for i in range(20)]
    placed = place(wiring("a", "b"), rates("a", "b", *strangers))
    line = next(s for s in placed.audit if "unmatched in recording" in s)
    assert line.startswith("left out 20 recorded neurons")
    assert line.endswith("x7, ...")


@pytest.mark.parametrize("ids", [("a", "x", "y"), ("x", "y", "z")])
def test_fewer_than_two_matches_are_refused_with_both_sides_shown(ids):
    with pytest.raises(InputError, match="Name neurons alike on both sides") as caught:
        place(wiring("a", "b", "c"), rates(*ids))
    assert f"Recorded: {', '.join(ids)}" in str(caught.value)
    assert "in the connectome: a, b, c" in str(caught.value)
    assert f"{int('a' in ids)} of 3 match" in str(caught.value)


def test_two_matches_are_enough():
    assert place(wiring("a", "b", "c"), rates("a", "b", "x")).recording.n_neurons == 3


def test_awc_by_state_takes_the_stated_side_and_says_so():
    connectome = wiring("AWCL", "AWCR", "ASHL")
    recording = responses(["AWCON", "ASHL"], ["AWCOFF", "AWCON", "ASHL"])
    placed = place(connectome, recording)
    laid = placed.recording
    assert laid.activity[:, 0].tolist() == [[0, 1, 2], [10, 11, 12]]
    assert laid.column("stimulated").tolist() == ["AWCR", "ASHL"]
    assert any("took AWCOFF as AWCL, AWCON as AWCR: a stated choice" in s for s in placed.audit)


@pytest.mark.parametrize(
    ("recorded", "known", "renamed"),
    [
        (["AWCOF", "AWCON"], ["AWCL", "AWCR"], {"AWCOF": "AWCL", "AWCON": "AWCR"}),
        (["AWCOFF"], ["AWCL", "AWCR"], {"AWCOFF": "AWCL"}),
        (["AWCON", "AWCR"], ["AWCL", "AWCR"], {}),  # the side is taken
        (["AWCON"], ["AWCON", "AWCR"], {}),  # the connectome knows the state
        (["AWCON"], ["ASHL"], {}),
        (["AWCL"], ["AWCL"], {}),
    ],
)
def test_awc_is_renamed_only_where_just_the_side_is_known(recorded, known, renamed):
    assert awc_by_side(np.array(recorded), np.array(known)) == renamed


def test_trials_of_unknown_stimulated_neurons_are_left_out_and_named():
    recording = responses(["b", "Q", "a", "R"], ["c", "a"])
    placed = place(wiring("a", "b", "c"), recording)
    assert placed.recording.column("stimulated").tolist() == ["b", "a"]
    assert placed.recording.activity[:, 0, 2].tolist() == [0, 20]
    assert any(
        "left out 2 trials whose stimulated neuron has no certain place in the connectome: Q, R"
        in s
        for s in placed.audit
    )


def test_a_stimulated_neuron_takes_the_connectomes_spelling():
    laid = place(wiring("VB1", "b"), responses(["VB01", "b"], ["VB01", "b"])).recording
    assert laid.column("stimulated").tolist() == ["VB1", "b"]


def test_a_neuron_that_is_stimulated_in_several_trials_keeps_them_all():
    recording = responses(["b", "a", "b", "Q", "b"], ["c", "a"])
    laid = place(wiring("a", "b", "c"), recording).recording
    assert laid.column("stimulated").tolist() == ["b", "a", "b", "b"]
    assert laid.activity[:, 0, 2].tolist() == [0, 10, 20, 40]


def test_a_recording_without_any_known_stimulated_neuron_is_refused():
    with pytest.raises(InputError, match=r"none of 2 is.*Name neurons alike on both sides"):
        place(wiring("a", "b"), responses(["Q", "R"], ["a", "b"]))
