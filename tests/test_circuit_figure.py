"""The circuit drawing: where cells stand, what lines join, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from neuroloom import datasets
from neuroloom.errors import InputError
from neuroloom.report.figures.circuit import (
    cell_places,
    class_matrices,
    class_matrix,
    motor_circuit,
)
from neuroloom.report.studies.connectome_policy import circuit_pictures
from neuroloom.report.study_contents import StudyContents, StudyScore


@pytest.fixture(scope="module")
def worm():
    return datasets.connectome("worm-motor-segments")


def test_cells_stand_in_their_segment_and_lane(worm):
    places = cell_places(worm)
    np.testing.assert_array_equal(np.floor(places.x + 0.5), worm.column("segment"))
    assert places.names[0] == "dorsal muscle"
    assert places.names[-1] == "ventral muscle"
    assert places.names.index("DB") < places.names.index("DD") < places.names.index("VD")
    for lane, name in enumerate(places.names):
        here = places.lane == lane
        assert set(worm.column("cell_type")[here]) == {name.split()[-1]}
        assert len(np.unique(places.x[here])) == here.sum()  # nobody hides another


def test_lines_go_from_sender_to_receiver(worm):
    places = cell_places(worm)
    axes = motor_circuit(worm).figure.axes
    assert [ax.get_title(loc="left").split(",")[0] for ax in axes] == [
        "excitatory: 370",
        "inhibitory: 114",
        "gap junctions: 89",
    ]
    (lines,) = [child for child in axes[1].collections if isinstance(child, PathCollection)]
    inhibits = (worm.sign < 0) & (worm.kind != 1)
    for path, pre, post in zip(
        lines.get_paths(), worm.pre[inhibits], worm.post[inhibits], strict=True
    ):
        np.testing.assert_allclose(path.vertices[0], (places.x[pre], places.lane[pre]))
        np.testing.assert_allclose(path.vertices[-1], (places.x[post], places.lane[post]))


def test_classes_are_summed_with_their_sign(worm):
    names, signed, n_unknown = class_matrix(worm)
    assert n_unknown == 0
    cell_type, side = worm.column("cell_type"), worm.column("side_dv")
    mine = (
        (cell_type[worm.pre] == "VD")
        & (cell_type[worm.post] == "muscle")
        & (side[worm.post] == "ventral")
    )
    value = signed[names.index("ventral muscle"), names.index("VD")]
    assert value == -worm.count[mine].sum()
    assert signed[names.index("VD"), names.index("ventral muscle")] == 0
    axes = class_matrices({"one": worm, "two": worm}).figure.axes
    assert [ax.get_title(loc="left") for ax in axes[:2]] == ["one", "two"]
    assert axes[0].images[0].get_array().shape == (9, 7)  # muscles send nothing


def test_unknown_signs_are_shown_and_told(worm):
    sign = np.where(worm.pre == worm.pre[worm.sign < 0][0], 0, worm.sign)
    partly = replace(worm, sign=sign.astype(worm.sign.dtype))
    n = int((sign[worm.kind != 1] == 0).sum())
    titles = [ax.get_title(loc="left") for ax in motor_circuit(partly).figure.axes]
    assert titles[2].startswith(f"of unknown sign: {n}, ")
    assert n > 0
    assert len(titles) == 4
    title = class_matrices({"one": partly}).figure.axes[0].get_title(loc="left")
    assert title == f"one, {n} of unknown sign left out"


def test_cells_without_a_segment_are_named(worm):
    segment = worm.column("segment").astype(str)
    segment[3] = ""
    lost = replace(worm, neurons={**worm.neurons, "segment": segment})
    with pytest.raises(InputError, match=f"1 have none, {worm.neuron_id[3]} first. Use 0"):
        motor_circuit(lost)


def test_other_connectomes_are_refused_or_drawn_by_class(worm):
    plain = replace(worm, neurons={"node_kind": worm.column("node_kind")})
    with pytest.raises(InputError, match="must know cell_type, segment, side_dv"):
        motor_circuit(plain)
    many = np.array([f"class {n}" for n in range(worm.n_neurons)])
    with pytest.raises(InputError, match="at most 30 classes"):
        motor_circuit(replace(worm, neurons={**worm.neurons, "cell_type": many}))
    with pytest.raises(InputError, match="of the same classes; got none"):
        class_matrices({})


def test_the_report_draws_each_circuit_and_the_nulls_that_were_run(tmp_path):
    """Coordinates come from text: seeds are floats there."""
    at = {"circuit": "worm-motor-segments", "draw": 0.0, "seed": 500.0}
    rows = tuple(
        StudyScore(
            "wiring", "search", "final", "reward", 1.0, 1.0, 1.0, 1.0, at | {"wiring": wiring}
        )
        for wiring in ("real", "random", "linear, joint angles")
    )
    contents = StudyContents(tmp_path, {}, (), rows, ())
    drawn = {picture.name: picture.axes.figure for picture in circuit_pictures(contents)}
    assert list(drawn) == ["circuit-1", "classes-1"]
    shown = [ax.get_title(loc="left") for ax in drawn["classes-1"].axes[:2]]
    assert shown == ["real", "random"]
