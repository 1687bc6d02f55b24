"""A small file or folder of each public layout of tables, with the headers of its release."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from pyarrow import feather

from neuroloom.connectome import read_connectome

A, B, C = 720575940621039145, 720575940600000002, 720575940600000003

CODEX = {
    "connections.csv.gz": "pre_root_id,post_root_id,neuropil,syn_count,nt_type\n"
    f"{A},{B},PB,12,ACH\n{A},{B},EB,3,ACH\n{B},{C},EB,21,GLUT\n{C},{A},PB,9,\n",
    "Neurons Data.csv.gz": "root_id,group,nt_type,nt_type_score,da_avg,ser_avg,gaba_avg,glut_avg,"
    f"ach_avg,oct_avg\n{A},EB.PB,ACH,0.9,0,0,0,0,0.9,0\n{B},EB,GLUT,0.8,0,0,0,0.8,0,0\n"
    f"{C},EB,,,0,0,0,0,0,0\n",
    "classification.csv.gz": "root_id,flow,super_class,class,sub_class,hemilineage,side,nerve\n"
    f"{C},intrinsic,central,CX,,DM1,left,\n{A},intrinsic,central,CX,,DM1,right,\n"
    f"{B},intrinsic,central,CX,,DM1,left,\n",
    "consolidated_cell_types.csv.gz": "root_id,primary_type,additional_type(s)\n"
    f"{A},EPG,\n{B},Delta7,\n",
    "coordinates.csv.gz": "root_id,position,supervoxel_id\n"
    f"{A},[400000 200000 100000],78000000000000000\n{A},[400001 200001 100001],7800000000000001\n",
    "labels.csv.gz": "root_id,label,user_id,position,supervoxel_id,label_id,date_created,user_name,"
    f"user_affiliation\n{A},EPG,1,[1 2 3],7,1,2020-01-01,Some One,Some Lab\n",
}
NEUPRINT = {
    "neurons.csv": "bodyId,instance,type\n1,EPG(PB08)_L4,EPG\n2,Delta7(PB15)_L1L9R8_R,Delta7\n",
    "roi-connections.csv": "bodyId_pre,bodyId_post,roi,weight\n1,2,PB,7\n1,2,NotPrimary,2\n"
    "2,1,PB,4\n",
    "total-connections.csv": "bodyId_pre,bodyId_post,weight\n1,2,9\n2,1,4\n",
}
MALE = {
    "weights": pd.DataFrame({"body_pre": [10, 11], "body_post": [11, 10], "weight": [5, 6]}),
    "annotations": pd.DataFrame(
        {
            "bodyId": [10, 11, 12],
            "status": "Traced",
            "superclass": ["cb_intrinsic", "cb_intrinsic", None],
            "class": ["CX", "CX", None],
            "type": ["EPG", "PEG", None],
            "somaSide": ["L", "R", None],
            "somaLocation": [[1, 2, 3], None, [4, 5, 6]],
        }
    ),
    "transmitter": pd.DataFrame(
        {
            "body": [10, 11],
            "predicted_nt": ["acetylcholine", "gaba"],
            "predicted_nt_confidence": [0.9, 0.5],
            "consensus_nt": ["acetylcholine", "unclear"],
        }
    ),
}
HARMONISED = {
    "edgelist": pd.DataFrame(
        {
            "pre": [str(A), str(B)],
            "post": [str(B), str(C)],
            "count": [5, 8],
            "norm": [0.5, 1.0],
            "total_input": [10, 8],
        }
    ),
    "meta": pd.DataFrame(
        {
            "banc_888_id": [str(A), str(B), str(C)],
            "region": "brain",
            "side": ["left", "right", "right"],
            "super_class": "central",
            "cell_class": "CX",
            "cell_type": ["EPG", "PEG", "PEG"],
            "neurotransmitter_predicted": ["acetylcholine", "gaba", "glutamate"],
        }
    ),
}


def codex(folder: Path) -> Path:
    """A download of FlyWire Codex, one file under the name that a browser gives it."""
    for name, text in CODEX.items():
        (folder / name).write_bytes(gzip.compress(text.encode()))
    return folder


def neuprint(folder: Path) -> Path:
    """An export of neuPrint, with a special roi."""
    for name, text in NEUPRINT.items():
        (folder / name).write_text(text)
    return folder


def male_cns(folder: Path) -> Path:
    """Three flat Feather files of the MaleCNS, with three names for one key."""
    for name, table in MALE.items():
        feather.write_feather(table, str(folder / f"{name}.feather"))
    return folder


def harmonised(folder: Path) -> Path:
    """Edge list and neurons as BANC and its kin share them; ids are text."""
    for name, table in HARMONISED.items():
        feather.write_feather(table, str(folder / f"{name}.feather"))
    return folder


def _one(name: str, text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        return folder / name

    return write


def _binary(name: str, table: pd.DataFrame) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        if name.endswith("parquet"):
            table.to_parquet(path)
        else:
            feather.write_feather(table, str(path))
        return path

    return write


FOLDERS = {"codex": codex, "neuprint": neuprint, "male": male_cns, "harmonised": harmonised}
SAMPLES: dict[str, Callable[[Path], Path]] = {
    "codex": _one("connections.csv.gz", CODEX["connections.csv.gz"]),
    "codex unpacked": _one("connections.csv", CODEX["connections.csv.gz"]),
    "neuprint": _one("roi-connections.csv", NEUPRINT["roi-connections.csv"]),
    "male": _binary("weights.feather", MALE["weights"]),
    "harmonised": _binary("edgelist.feather", HARMONISED["edgelist"]),
    "parquet": _binary("edges.parquet", HARMONISED["edgelist"]),
}


def checked(path: Path) -> object:
    """Reads a text table of connections, and counts it once more by the csv module alone."""
    made = read_connectome(path)
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    if "\r" in text:  # the csv module takes it for the end of a line, we take it for a cell's
        return made
    lines = [f"{line}\n" for line in text.split("\n") if line and not line.startswith("#")]
    table = csv.DictReader(lines, delimiter=max(",\t; ", key=lines[0].count))
    names = table.fieldnames or []
    roles = [[n for n in names if n in of] for of in (PRE, POST, COUNT)]
    if [len(found) for found in roles] == [1, 1, 1]:
        (pre,), (post,), (count,) = roles
        expected: Counter = Counter()
        for row in table:
            expected[row[pre].strip(), row[post].strip()] += float(row[count])
        ids = made.neuron_id.astype(str)
        ends = zip(ids[made.pre].tolist(), ids[made.post].tolist(), strict=True)
        assert dict(zip(ends, made.count.tolist(), strict=True)) == expected
    return made


PRE = ("pre_root_id", "bodyId_pre")
POST = ("post_root_id", "bodyId_post")
COUNT = ("syn_count", "weight")
READERS: dict[str, Callable[[Path], object]] = dict.fromkeys(SAMPLES, read_connectome)
READERS |= dict.fromkeys(("codex", "codex unpacked", "neuprint"), checked)
