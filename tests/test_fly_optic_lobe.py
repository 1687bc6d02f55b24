"""The fly's optic lobe: its counts, its orientation, and its lattice against brute force."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from neuroloom import datasets
from neuroloom.connectome import summarize
from neuroloom.datasets import fly_optic_lobe
from neuroloom.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
FLYVIS = ROOT.parent / "shared/data/fly_visual_flyvis/fib25-fib19_v2.2.json"
needs_flyvis = pytest.mark.skipif(
    not FLYVIS.is_file(), reason="no ../shared/data beside the project"
)


@pytest.fixture(scope="module")
def types():
    return datasets.connectome("fly-optic-lobe")


@pytest.fixture(scope="module")
def lattice():
    return fly_optic_lobe.expand()


def between(connectome, pre, post):
    """Count and sign of the connection from `pre` to `post`, or None."""
    a, b = connectome.positions(np.array([pre, post]))
    here = np.flatnonzero((connectome.pre == a) & (connectome.post == b))
    return (connectome.count[here[0]], connectome.sign[here[0]]) if here.size else None


def in_hull(point, known):
    """Whether no line through the point has all known ones strictly on one side (exact)."""
    known = [(a - point[0], b - point[1]) for a, b in known]
    normals = [(-b, a) for a, b in known] + [(b, -a) for a, b in known] + list(known)
    tilted = [(1000 * p + s * q, 1000 * q - s * p) for p, q in normals for s in (-1, 0, 1)]
    return not any(all(p * a + q * b > 0 for a, b in known) for p, q in tilted)


def brute_force(spec, extent, filled):
    """Nodes, and (pre, post, sign, count) of each connection, one at a time."""
    around = range(-extent, extent + 1)
    cells = [
        (node["name"], u, v)
        for node in spec["nodes"]
        for u, v in product(around, around)
        if abs(u + v) <= extent
        and u % node["pattern"][1][0] == 0
        and v % node["pattern"][1][1] == 0
    ]
    place = {cell: i for i, cell in enumerate(cells)}
    found = []
    for edge in spec["edges"]:
        offsets = [(tuple(offset), n) for offset, n in edge["offsets"]]
        known = [offset for offset, _ in offsets]
        if filled and len(known) >= 3:
            us, vs = zip(*known, strict=True)
            grid = product(range(min(us), max(us) + 1), range(min(vs) + 1, max(vs) + 1))
            offsets += [(p, 1) for p in grid if p not in known and in_hull(p, known)]
        for (du, dv), n in offsets:
            for (name, u, v), i in place.items():
                j = place.get((edge["tar"], u + du, v + dv))
                if name == edge["src"] and j is not None:
                    found.append((i, j, edge["alpha"], n))
    return cells, found


def test_there_are_65_types_and_605_connections_with_the_signs_of_the_release(types):
    assert (types.n_neurons, types.n_connections) == (65, 605)
    assert ((types.sign > 0).sum(), (types.sign < 0).sum()) == (377, 228)
    assert types.count_unit == "mean_synapses"


def test_four_types_excite_some_and_inhibit_others_and_the_audit_says_so(types, lattice):
    signs = {
        name: set(types.sign[types.pre == i].tolist())
        for i, name in enumerate(types.neuron_id.tolist())
    }
    assert {name for name, both in signs.items() if both == {1, -1}} == {"R8", "Am", "C2", "C3"}
    for connectome in (types, lattice):
        assert not connectome.obeys_dale
        assert any("R8, Am, C2 and C3" in line for line in connectome.audit)


def test_light_goes_from_photoreceptors_through_lamina_and_medulla_to_motion_detectors(types):
    assert between(types, "R1", "L1") == (40, -1)  # histamine closes channels
    assert between(types, "L1", "R1") is None
    for pre, post, sign in (
        *(("L1", "Mi1", -1), ("L1", "Tm3", -1), ("L2", "Tm1", 1), ("L2", "Tm2", 1)),
        *(("Mi1", "T4a", 1), ("Tm3", "T4b", 1), ("Mi4", "T4c", -1), ("Mi9", "T4d", -1)),
        *(("Tm1", "T5a", 1), ("Tm2", "T5b", 1), ("Tm9", "T5c", 1), ("CT1(Lo1)", "T5d", -1)),
    ):
        count, found = between(types, pre, post)
        assert found == sign, (pre, post)
        back = between(types, post, pre)
        assert back is None or back[0] < count / 4


def test_physiology_is_stated_where_it_is_known(types):
    of = {
        name: dict(zip(types.neuron_id.tolist(), values.tolist(), strict=True))
        for name, values in types.neurons.items()
    }
    assert Counter(of["role"].values()) == {"input": 8, "output": 34, "intermediate": 23}
    assert sum(polarity != "" for polarity in of["polarity"].values()) == 32
    assert (of["polarity"]["L1"], of["polarity"]["L2"], of["polarity"]["Mi1"]) == (
        *("off", "off"),
        "on",
    )
    assert {name for name, word in of["direction_selective"].items() if word == "on"} == {
        f"T4{c}" for c in "abcd"
    }
    assert {name for name, word in of["direction_selective"].items() if word == "off"} == {
        f"T5{c}" for c in "abcd"
    }
    assert of["preferred_direction_deg"]["T5c"] == 90
    assert np.isnan(of["preferred_direction_deg"]["Mi1"])
    strides = {n: (of["stride_u"][n], of["stride_v"][n]) for n in of["stride_u"]}
    assert {n for n, stride in strides.items() if stride != (1, 1)} == {"Lawf1", "Lawf2"}
    assert strides["Lawf1"] == strides["Lawf2"] == (3, 2)


@needs_flyvis
def test_a_count_of_types_adds_the_means_over_the_offsets(types):
    spec = json.loads(FLYVIS.read_text())
    expected = {
        (edge["src"], edge["tar"]): (sum(n for _, n in edge["offsets"]), edge["alpha"])
        for edge in spec["edges"]
    }
    found = {
        (types.neuron_id[a], types.neuron_id[b]): (count, sign)
        for a, b, count, sign in zip(types.pre, types.post, types.count, types.sign, strict=True)
    }
    assert found.keys() == expected.keys()
    for pair, (count, sign) in expected.items():
        assert found[pair] == (pytest.approx(count), sign)


@needs_flyvis
@pytest.mark.parametrize(("extent", "filled"), [(0, True), (1, True), (2, True), (2, False)])
def test_the_lattice_equals_brute_force_in_nodes_connections_counts_and_order(extent, filled):
    cells, expected = brute_force(json.loads(FLYVIS.read_text()), extent, filled)
    found = fly_optic_lobe.expand(extent, gap_synapses=1.0 if filled else 0)
    assert found.neuron_id.tolist() == [f"{name}:{u}:{v}" for name, u, v in cells]
    assert [found.neurons["cell_type"].tolist(), found.neurons["u"].tolist()] == [
        [name for name, _, _ in cells],
        [u for _, u, _ in cells],
    ]
    assert found.neurons["v"].tolist() == [v for _, _, v in cells]
    rows = zip(found.pre, found.post, found.sign, found.count, strict=True)
    assert list(rows) == expected


@needs_flyvis
def test_gaps_are_those_of_flyvis(lattice):
    """Independent: Qhull and matplotlib's point in polygon, as flyvis calls them."""
    from matplotlib.path import Path as Polygon
    from scipy.spatial import ConvexHull

    expected = 0
    for edge in json.loads(FLYVIS.read_text())["edges"]:
        known = np.array([offset for offset, _ in edge["offsets"]])
        if len(known) < 3:
            continue
        corners = known[ConvexHull((1 + 1e-6) * known, qhull_options="QJ").vertices]
        sides = [range(a, b + 1) for a, b in zip(known.min(0), known.max(0), strict=True)]
        grid = np.array(list(product(*sides)))
        inside = {tuple(p) for p in grid[Polygon(corners).contains_points(grid)].tolist()}
        expected += len(inside - {tuple(p) for p in known.tolist()})
    assert expected == 238
    assert any("155,962 connections at 238 offsets" in line for line in lattice.audit)
    assert any(
        "155,962 connections at 238 offsets" in line for line in fly_optic_lobe.expand().audit
    )


def test_the_full_lattice_has_the_published_size(lattice):
    assert (lattice.n_neurons, lattice.n_connections) == (45_669, 1_513_231)
    sizes = Counter(lattice.neurons["cell_type"].tolist())
    assert {sizes["Lawf1"], sizes["Lawf2"]} == {123}
    assert {n for name, n in sizes.items() if not name.startswith("Lawf")} == {721}


def test_offsets_lead_from_the_presynaptic_column_to_the_postsynaptic_one(lattice):
    # Mi9 inhibits each T4 from one side and Mi4 from the other, along the direction the T4 prefers
    # (Takemura 2017, Shinomiya 2019): T4a and T4b, T4c and T4d prefer opposite ones.
    name, u, v = (lattice.neurons[k] for k in ("cell_type", "u", "v"))

    def shift(pre, post):
        here = (name[lattice.pre] == pre) & (name[lattice.post] == post)
        way = [w[lattice.post[here]] - w[lattice.pre[here]] for w in (u, v)]
        return np.average(way, axis=1, weights=lattice.count[here])

    for post in ("T4a", "T4b", "T4c", "T4d"):
        assert shift("Mi9", post) @ shift("Mi4", post) < 0
    assert shift("Mi4", "T4a") @ shift("Mi4", "T4b") < 0
    assert shift("Mi4", "T4c") @ shift("Mi4", "T4d") < 0
    # Read off the file: the column of T4a minus that of its Mi4 is (-0.34, 1.45) on average.
    assert shift("Mi4", "T4a") == pytest.approx([-0.34, 1.45], abs=0.2)


def test_what_was_assumed_in_gaps_is_said_and_can_be_left_out(lattice):
    assert any("nobody reported" in line for line in lattice.audit)
    reported = fly_optic_lobe.expand(gap_synapses=0)
    assert lattice.n_connections - reported.n_connections == 155_962
    assert not any("nobody reported" in line for line in reported.audit)
    assert lattice.count.sum() - reported.count.sum() == pytest.approx(155_962)


def test_a_lattice_can_be_summarized_and_merged_back_to_its_types(types, lattice):
    merged = lattice.merge("cell_type")
    # Lawf1 contacts Lawf1 in the next column, and the next Lawf1 is three columns away.
    assert (merged.n_neurons, merged.n_connections) == (65, 604)
    assert "left out Lawf1 -> Lawf1: its offsets lead to no neuron of the lattice" in lattice.audit
    for pre, post in (("R1", "L1"), ("Mi9", "T4a"), ("C3", "L1"), ("Lawf2", "L3")):
        assert between(merged, pre, post)[1] == between(types, pre, post)[1]
    assert dict(summarize(types).rows)["signs"] == "377 +, 228 -, 0 unknown"


@pytest.mark.parametrize("extent", [-1, 2.0, True, "15", None])
def test_an_extent_that_is_no_whole_number_is_refused(extent):
    with pytest.raises(InputError, match="The published lattice has 15"):
        fly_optic_lobe.expand(extent)


@pytest.mark.parametrize("gap_synapses", [-1.0, float("nan"), float("inf")])
def test_a_number_of_assumed_synapses_that_is_none_is_refused(gap_synapses):
    with pytest.raises(InputError, match="0 for reported offsets only"):
        fly_optic_lobe.expand(1, gap_synapses=gap_synapses)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "wheel"), [("build_fly_tables", "flyvis"), ("build_larva_tables", "graspologic")]
)
def test_the_build_scripts_rebuild_the_shipped_tables_byte_by_byte(script, wheel):
    done = subprocess.run(
        [sys.executable, ROOT / f"scripts/{script}.py", "--check"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    if "No matching distribution" in done.stderr:
        pytest.skip(f"the wheel of {wheel} cannot be had")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal to the shipped table") == 2
