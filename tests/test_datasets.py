"""The datasets by name: the worm against its release, other preprocessings and the literature."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from neuroloom import datasets
from neuroloom.connectome import KINDS
from neuroloom.connectome.cook2019 import read_cook2019
from neuroloom.datasets import (
    fly_optic_lobe,
    larva_mushroom_body,
    shipped,
    worm_motor_segments,
    worm_series,
)
from neuroloom.datasets import worm as worm_module
from neuroloom.datasets.worm_responses import find_atlas
from neuroloom.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
ATLAS = ROOT.parent / "shared/data/celegans_signal_propagation_randi2023/randi2023_atlas.npz"
COOK = "cect/data/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx"


@pytest.fixture(scope="module")
def worm():
    return datasets.connectome("worm")


@pytest.fixture(scope="module")
def neuron(worm):
    """Each column by name of the cell."""
    ids = worm.neuron_id.tolist()
    return {
        name: dict(zip(ids, values.tolist(), strict=True)) for name, values in worm.neurons.items()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "download", "--no-deps", "--dest", str(folder), "cect==0.3.5"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the wheel cect 0.3.5 cannot be had: {done.stderr.strip()[-200:]}")
    return next(folder.glob("*.whl"))


def matrix(connectome, kind, names=None):
    """Counts at [pre, post] among `names`; electrical ones on both sides."""
    part = connectome.of_kind(kind)
    dense = np.zeros((part.n_neurons, part.n_neurons), np.int64)
    dense[part.pre, part.post] = part.count
    if kind == "electrical":
        dense = np.maximum(dense, dense.T)
    places = slice(None) if names is None else part.positions(names)
    return dense[places][:, places]


def sections(worm, pre, post):
    """Count by kind from `pre` to `post`, as stored."""
    a, b = worm.positions(np.array([pre, post]))
    here = (worm.pre == a) & (worm.post == b)
    return {KINDS[k]: int(n) for k, n in zip(worm.kind[here], worm.count[here], strict=True)}


def test_loading_is_cached():
    worm_module.worm.cache_clear()
    first = datasets.connectome("worm")
    assert datasets.connectome("worm") is first


def test_every_shipped_table_has_the_checksum_that_the_attribution_states():
    attribution = (shipped.TABLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    modules = (
        worm_module, fly_optic_lobe, larva_mushroom_body, worm_motor_segments, worm_series
    )  # fmt: skip
    checksums = {name: digest for module in modules for name, digest in module.CHECKSUMS.items()}
    assert set(checksums) == {path.name for path in shipped.TABLES.glob("*.csv")}
    for name, digest in checksums.items():
        assert hashlib.sha256((shipped.TABLES / name).read_bytes()).hexdigest() == digest
        assert f"| `{name}` | `{digest}` |" in attribution


def test_the_attribution_holds_source_licence_and_citations():
    attribution = (shipped.TABLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for part in (
        *("`flyvis` 1.2.0", "`graspologic` 3.4.4", "Copyright (c) Microsoft Corporation"),
        *("10.1038/s41586-024-07939-3", "10.1038/nature23455", "10.1038/s41586-021-03778-8"),
        *(
            "10.1098/rstb.1986.0056",
            "`cect` 0.3.5",
            "MIT License",
            "Copyright (c) 2026 OpenWorm",
            "WITHOUT WARRANTY",
        ),
        *("10.1038/s41586-019-1352-7", "10.7554/eLife.95402", "corrected in July 2020"),
    ):
        assert part in attribution


@pytest.mark.parametrize("change", [b"", b"I1L,I2L,chemical,11\n"])
def test_a_changed_table_is_refused_with_what_to_do(tmp_path, monkeypatch, change):
    for name in worm_module.CHECKSUMS:
        content = (shipped.TABLES / name).read_bytes()
        changed = content.replace(b"I1L,I2L,chemical,10\n", change)
        (tmp_path / name).write_bytes(changed)
    monkeypatch.setattr(shipped, "TABLES", tmp_path)
    worm_module.worm.cache_clear()
    with pytest.raises(InputError, match=r"worm_connections.csv .* Install neuroloom again"):
        worm_module.worm()


def test_a_missing_table_is_refused_with_what_to_do_and_listed_as_absent(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "TABLES", tmp_path)
    worm_module.worm.cache_clear()
    with pytest.raises(InputError, match="Install neuroloom again"):
        worm_module.worm()
    assert [d.present for d in datasets.available() if d.name == "worm"] == [False]


def test_every_dataset_states_licence_citation_size_and_how_to_get_it():
    known = {dataset.name: dataset for dataset in datasets.available()}
    assert set(known) == {
        *("worm", "worm-adult", "worm-development", "worm-white", "worm-responses"),
        *("worm-responses-unc31", "fly-optic-lobe", "fly-heading-rules", "fly-heading"),
        *("fly-cx-fafb", "larva-mushroom-body", "worm-motor", "worm-motor-segments"),
        *("zebrafish-oculomotor", "rat-place-cells"),
    }
    for dataset in known.values():
        assert dataset.licence
        assert "doi:10." in dataset.citation or "repository" in dataset.citation
        assert any(character.isdigit() for character in dataset.size)
        assert dataset.where
        assert dataset.n_bytes > 0 or dataset.name == "fly-heading-rules"
    assert known["worm"].present
    shipping = {name for name, dataset in known.items() if dataset.where.startswith("Ships")}
    assert len(shipping) == 8
    assert all(known[name].licence.startswith("MIT") for name in shipping)
    assert known["worm-responses"].present == (find_atlas() is not None)


@pytest.mark.skipif(find_atlas() is None, reason="the extra `worm` is not installed")
@pytest.mark.parametrize(
    ("name", "n_trials"), [("worm-responses", 173), ("worm-responses-unc31", 109)]
)
def test_a_recording_comes_by_its_name(name, n_trials):
    recording = datasets.recording(name)
    assert recording.name == name
    assert len(recording.activity) == n_trials


def test_an_unknown_dataset_is_answered_with_the_nearest_of_its_noun():
    with pytest.raises(InputError, match="Did you mean `worm`"):
        datasets.connectome("wrom")
    with pytest.raises(InputError, match="Did you mean `worm-responses`"):
        datasets.recording("worm_responses")
    with pytest.raises(InputError, match="Known: fly-heading, rat-place-cells, worm-responses, "):
        datasets.recording("zzz")


def test_a_dataset_of_the_other_noun_is_answered_with_the_right_call():
    with pytest.raises(InputError, match=r"Use `datasets\.recording\('worm-responses'\)`"):
        datasets.connectome("worm-responses")
    with pytest.raises(InputError, match=r"Use `datasets\.connectome\('worm'\)`"):
        datasets.recording("worm")


def test_a_member_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="Did you mean `worm-adult/7`"):
        datasets.connectome("worm-adult/77")
    with pytest.raises(InputError, match=r"got `worm-development` alone. There are worm-develop"):
        datasets.connectome("worm-development")
    with pytest.raises(InputError, match="Use `worm`"):
        datasets.connectome("worm/left")
    with pytest.raises(InputError, match="must have a member after its slash"):
        datasets.connectome("worm-adult/")
    with pytest.raises(InputError, match=r"Use `datasets\.connectome\('worm-adult/7'\)`"):
        datasets.recording("worm-adult/7")


def test_every_shipped_dataset_opens_under_its_own_name_and_with_its_members():
    for dataset in datasets.available():
        if not dataset.where.startswith(("Ships", "Made")):
            continue
        names = [f"{dataset.name}/{member}" for member in dataset.members] or [dataset.name]
        for name in names:
            connectome = datasets.connectome(name)
            assert connectome.name == name
            assert connectome.audit
        if dataset.default:
            assert datasets.connectome(dataset.name).name == f"{dataset.name}/{dataset.default}"


def test_importing_datasets_opens_none_and_loads_nothing_heavy():
    code = (
        "import sys; from neuroloom import datasets; "
        "bad = [m for m in ('scipy', 'pandas', 'jax', 'h5py', 'neuroloom.datasets.worm') "
        "if m in sys.modules]; sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_modules_of_datasets_are_reached_by_attribute():
    assert datasets.fly_optic_lobe.expand(0).n_neurons == 65
    with pytest.raises(AttributeError, match="has no attribute 'fly_optic'"):
        _ = datasets.fly_optic


@pytest.mark.slow
@pytest.mark.parametrize("script", ["build_worm_tables", "build_worm_series_tables"])
def test_the_build_scripts_rebuild_the_shipped_tables_byte_by_byte(wheel, script):
    done = subprocess.run(
        [sys.executable, ROOT / f"scripts/{script}.py", "--check", "--wheel", wheel],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal to the shipped table") == 2


@pytest.fixture(scope="module")
def spreadsheet(wheel, tmp_path_factory):
    path = tmp_path_factory.mktemp("cook") / "cook.xlsx"
    with zipfile.ZipFile(wheel) as archive:
        path.write_bytes(archive.read(COOK))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sex", "n_chemical", "total", "n_gap", "total_gap", "n_nodes", "n_neurons"),
    [
        ("hermaphrodite", 4_879, 28_113, 1_450, 11_680, 473, 302),
        ("male", 5_306, 45_959, 1_758, 15_910, 598, 384),
    ],
)
def test_the_reader_equals_pandas_on_the_real_sheets(
    spreadsheet, sex, n_chemical, total, n_gap, total_gap, n_nodes, n_neurons
):
    """Independent: pandas slices the whole sheet by the positions that Cook's layout gives."""
    import pandas as pd

    connectome = read_cook2019(spreadsheet, sex=sex)
    assert connectome.n_neurons == n_nodes
    assert connectome.is_neuron.sum() == n_neurons
    written = connectome.neurons["original_name"].tolist()
    for sheet, kinds, n, sum_ in (
        (f"{sex} chemical", ("chemical", "neuromuscular"), n_chemical, total),
        (f"{sex} gap jn asymmetric", ("electrical",), n_gap, total_gap),
    ):
        table = pd.read_excel(spreadsheet, sheet_name=sheet, header=None)
        table = table.iloc[2:].set_index(2).rename_axis(None)
        table.columns = table.iloc[0]
        table = table.iloc[1:, 2:].loc[lambda t: t.index.notna(), lambda t: t.columns.notna()]
        long = table.copy().rename_axis("pre").reset_index().melt("pre", var_name="post").dropna()
        expected = {(row.pre, row.post): int(row.value) for row in long.itertuples()}
        assert len(expected) == n
        assert sum(expected.values()) == sum_
        part = connectome.of_kind(*kinds)
        found = {
            (written[a], written[b]): int(count)
            for a, b, count in zip(part.pre, part.post, part.count, strict=True)
        }
        if "electrical" in kinds:
            expected = {frozenset(ends): count for ends, count in expected.items()}
            found = {frozenset(ends): count for ends, count in found.items()}
        assert found == expected


@pytest.mark.slow
def test_the_symmetric_sheet_lists_the_same_junctions_twice(spreadsheet):
    import pandas as pd

    worm = read_cook2019(spreadsheet)
    table = pd.read_excel(
        spreadsheet, sheet_name="hermaphrodite gap jn symmetric", header=None
    ).iloc[3:472, 3:472]
    symmetric = np.nan_to_num(table.to_numpy(dtype=float))
    own = worm.of_kind("electrical")
    loops = own.count[own.pre == own.post].sum()
    assert symmetric.sum() == 23_313 == 2 * own.count.sum() - loops
