"""Single worms: the counts of their releases, their orientation, and what ages share."""

import zipfile

import numpy as np
import pytest

from neuroloom import datasets
from neuroloom.connectome import KINDS
from neuroloom.datasets.worm_series import STAGES, worm_adult, worm_development, worm_white
from neuroloom.errors import InputError

# Rows, and contacts by kind, of each spreadsheet as it was opened by hand.
SIZES = {
    1: (858, 187, 1_296, 104),
    2: (1_110, 194, 1_895, 133),
    3: (1_106, 198, 2_128, 109),
    4: (1_345, 204, 2_777, 243),
    5: (1_807, 211, 4_116, 419),
    6: (1_739, 216, 4_456, 267),
    7: (2_493, 222, 7_467, 400),
    8: (2_496, 219, 7_970, 430),
}


@pytest.fixture(scope="module")
def worms():
    return worm_development()


def found(connectome, pre, post):
    """Count by kind from `pre` to `post`, as stored."""
    a, b = connectome.positions(np.array([pre, post]))
    here = (connectome.pre == a) & (connectome.post == b)
    pairs = zip(connectome.kind[here], connectome.count[here], strict=True)
    return {KINDS[kind]: int(n) for kind, n in pairs}


@pytest.mark.parametrize("animal", SIZES)
def test_each_animal_has_the_counts_of_its_spreadsheet(worms, animal):
    worm = worms[animal]
    onto_cells = worm.of_kind("chemical", "neuromuscular").count.sum()
    gaps = worm.of_kind("electrical").count.sum()
    assert (worm.n_connections, worm.n_neurons, onto_cells, gaps) == SIZES[animal]
    assert worm.count_unit == "synapses"
    assert not worm.sign.any()
    assert STAGES[animal] in worm.audit[0]


def test_white_has_the_counts_of_the_release():
    white = worm_white()
    assert (white.n_connections, white.count.sum(), white.n_neurons) == (2_961, 8_914, 309)
    assert (worm_white("A").n_connections, worm_white("A").count.sum()) == (1_899, 4_875)
    assert (worm_white("L4").n_connections, worm_white("L4").count.sum()) == (1_769, 5_103)


def test_well_known_connections_run_from_pre_to_post_at_every_age(worms):
    for animal, worm in worms.items():
        assert found(worm, "AFDL", "AIYL")["chemical"] >= 2, animal
        assert found(worm, "AFDL", "AIYL")["chemical"] > 3 * found(worm, "AIYL", "AFDL").get(
            "chemical", 0
        )
        assert "chemical" not in found(worm, "AVAL", "ASHL")
    for worm in (worms[8], worm_white(), worm_white("A"), worm_white("L4")):
        assert found(worm, "ASHL", "AVAL")["chemical"] >= 1
        assert found(worm, "AVAL", "ASHL") == {}


def test_single_counts_are_those_of_the_spreadsheets(worms):
    # Read off by hand.
    assert found(worms[8], "AFDL", "AIYL") == {"chemical": 10}
    assert found(worm_white(), "AFDL", "AIYL") == {"chemical": 7}


def test_adults_share_the_wiring_of_the_other_reconstruction(worms):
    cook = datasets.connectome("worm")
    for worm in (worms[7], worms[8], worm_white()):
        both = np.intersect1d(worm.neuron_id, cook.neuron_id)
        assert both.size >= worm.n_neurons - 2

        def pairs(connectome, ids=both):
            place = np.full(connectome.n_neurons, -1)
            place[connectome.positions(ids)] = np.arange(ids.size)
            part = connectome.of_kind("chemical")
            a, b = place[part.pre], place[part.post]
            return set(zip(a[(a >= 0) & (b >= 0)], b[(a >= 0) & (b >= 0)], strict=True))

        ours, theirs = pairs(worm), pairs(cook)
        assert len(ours & theirs) > 0.6 * len(ours)
        assert len({(b, a) for a, b in ours} & theirs) < 0.4 * len(ours)


def test_cells_are_named_and_described_as_in_the_dataset_worm(worms):
    cook = datasets.connectome("worm")
    worm = worms[8]
    here = np.isin(worm.neuron_id, cook.neuron_id)
    assert here.all()
    at = cook.positions(worm.neuron_id)
    assert (np.diff(at) > 0).all()  # in its order
    for name, values in cook.neurons.items():
        np.testing.assert_array_equal(worm.neurons[name], values[at])
    assert {"dBWML1", "vBWMR8"} <= set(worm.neuron_id.tolist())
    assert "exc_gl" in worms[2].neuron_id
    muscle = worm.neurons["node_kind"] == "muscle"
    assert np.strings.startswith(worm.neuron_id[muscle], ("dBWM")).sum() == 16
    white = worm_white()
    rest = set(white.neuron_id.tolist()) - set(cook.neuron_id.tolist())
    assert rest == {"LegacyBodyWallMuscles", "pm4"}
    assert {white.neurons["node_kind"][white.positions(np.array([name]))[0]] for name in rest} == {
        "muscle"
    }
    assert any("2 cells are not in it" in line for line in white.audit)


def test_chemical_input_of_muscles_is_neuromuscular_and_gap_junctions_stand_once(worms):
    for worm in (*worms.values(), worm_white("A")):
        onto_muscle = worm.neurons["node_kind"][worm.post] == "muscle"
        assert (worm.kind[onto_muscle] != KINDS.index("chemical")).all()
        assert onto_muscle[worm.kind == KINDS.index("neuromuscular")].all()
        gaps = worm.of_kind("electrical")
        pairs = set(zip(gaps.pre.tolist(), gaps.post.tolist(), strict=True))
        assert not any((b, a) in pairs for a, b in pairs if a != b)


def test_brains_grow_and_connections_of_all_ages_keep_their_direction(worms):
    synapses = [worms[animal].count.sum() for animal in (1, 4, 6, 8)]
    assert synapses == sorted(synapses)
    every = [
        {
            (w.neuron_id[a], w.neuron_id[b])
            for a, b in zip(w.of_kind("chemical").pre, w.of_kind("chemical").post, strict=True)
        }
        for w in worms.values()
    ]
    stable = set.intersection(*every)
    assert len(stable) > 250
    assert ("AFDL", "AIYL") in stable


def test_an_adult_by_name_is_animal_8_and_pools_nothing():
    assert datasets.connectome("worm-adult").count.sum() == 8_400
    assert datasets.connectome("worm-adult/7").count.sum() == 7_867
    assert worm_adult(7).name == "worm-adult/7"
    np.testing.assert_array_equal(
        datasets.connectome("worm-development/7").count, worm_adult(7).count
    )


def test_an_animal_or_series_that_is_none_is_refused():
    with pytest.raises(InputError, match="Use `worm_development` for the larvae"):
        worm_adult(3)
    with pytest.raises(InputError, match="Use `whole` for the whole animal"):
        worm_white("B")


@pytest.mark.slow
def test_every_row_equals_the_spreadsheet(tmp_path):
    """Independent: pandas reads the sheets; cells are compared by name."""
    import subprocess
    import sys

    import pandas as pd

    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "download", "--no-deps", "--dest", str(tmp_path), "cect==0.3.5"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the wheel cect 0.3.5 cannot be had: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        for animal, stage in STAGES.items():
            with wheel.open(f"cect/data/witvliet_2020_{animal} {stage}.xlsx") as file:
                table = pd.read_excel(file)
            worm = datasets.connectome(f"worm-development/{animal}")
            rows = [
                (frozenset if r.type == "electrical" else tuple, r.pre, r.post, r.synapses)
                for r in table.itertuples()
                if "BWM" not in r.pre + r.post and "excgl" not in r.pre + r.post
            ]
            expected = {ends((pre, post)): n for ends, pre, post, n in rows}
            ids = worm.neuron_id.tolist()
            kind = np.array(KINDS)[worm.kind]
            ours = {
                (frozenset if k == "electrical" else tuple)((ids[a], ids[b])): int(n)
                for a, b, k, n in zip(worm.pre, worm.post, kind, worm.count, strict=True)
                if "BWM" not in ids[a] + ids[b] and "exc_gl" not in ids[a] + ids[b]
            }
            assert ours == expected
