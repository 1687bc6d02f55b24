"""A small sound file of every format, in its exact public layout, and how each is read."""

import numpy as np
from openpyxl import Workbook
from scipy import sparse

from neuroloom.connectome.graphml import read_graphml, write_graphml
from neuroloom.connectome.matrices import read_sparse_npz
from neuroloom.connectome.policies import BothWays, Electrical, KeepFirst
from neuroloom.connectome.varshney import read_varshney
from neuroloom.connectome.witvliet import read_witvliet

WITVLIET = [
    ("pre", "post", "type", "synapses"),
    ("ASHL", "AVAL", "chemical", 12),
    ("AVAL", "VB01", "chemical", 3),
    ("VB01", "BWM-VL05", "chemical", 7),
    ("AVAL", "ASHL", "electrical", 2),
    ("AVAL", "AVAL", "electrical", 1),
    ("ASHL", "CEPshDL", "chemical", 1),
    ("excgl", "AVAL", "electrical", 4),
]
CONNECT = [
    ("Neuron 1", "Neuron 2", "Type", "Nbr"),
    ("ASHL", "AVAL", "S", 4),
    ("ASHL", "AVAL", "Sp", 2),
    ("AVAL", "ASHL", "R", 3),
    ("AVAL", "ASHL", "Rp", 3),
    ("AVAL", "VB01", "S", 5),
    ("VB01", "AVAL", "R", 5),
    ("ASHL", "VB01", "EJ", 1),
    ("VB01", "ASHL", "EJ", 1),
    ("RIBL", "RIBL", "EJ", 6),
    ("VB01", "NMJ", "NMJ", 9),
    ("VB01", "NMJ", "NMJ", 2),
]
TABLES = {
    "Connectome": [
        ("Origin", "Target", "Type", "Number of Connections", "Neurotransmitter"),
        ("ASHL", "AVAL", "Send", 6, "Glutamate"),
        ("HSNL", "ASHL", "Send", 2, "Serotonin_Acetylcholine"),
        ("ASHL", "HSNL", "GapJunction", 1, "Generic_GJ"),
        ("HSNL", "ASHL", "GapJunction", 1, "Generic_GJ"),
        ("AVAL", "HSNL", "GapJunction", 3, "Generic_GJ"),
    ],
    "NeuronsToMuscle": [
        ("Neuron", "Muscle", "Number of Connections", "Neurotransmitter"),
        ("HSNL", "MVULVA", 8, "Serotonin, Acetylcholine"),
        ("VB1", "MDL05", 3, "Acetylcholine"),
    ],
    "Sensory": [
        ("Neuron", "Landmark", "Landmark Position", "Weight", "Neurotransmitter"),
        ("ASHL", "Sensory", 0.13, 1, "Glutamate"),
    ],
}
GRAPHML = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"><key attr.name="wnorm" attr.type="float" for="edge" id="d1"/>
<key attr.name="weight" attr.type="float" for="edge" id="d0"/>
<graph edgedefault="undirected"><node id="ADAL"/>
<node id="AVAL"/>
<node id="AVAR"/>
<edge source="ADAL" target="AVAL">
  <data key="d0">10597.25</data>
  <data key="d1">0.25</data>
</edge>
<edge source="AVAR" target="AVAL">
  <data key="d0">3.5</data>
  <data key="d1">0.5</data>
</edge>
</graph></graphml>
"""  # noqa: E501
IDS = np.array([720575940621039145, 720575940621039146, 9])
MATRIX = np.array([[0, 12, 0], [3, 0, 5], [0, 0, 1]])  # rows send


def witvliet_csv(folder):
    text = "".join("\t".join(map(str, row)) + "\n" for row in WITVLIET)
    return _put(folder / "witvliet_2020_8 adult.csv", text.encode())


def white_csv(folder):
    text = "".join("\t".join(map(str, row)) + "\r\n" for row in WITVLIET)
    return _put(folder / "white_1986_whole.csv", text.encode())


def witvliet_xlsx(folder):
    return new_workbook(folder / "witvliet_2020_8 adult.xlsx", {"witvliet_2020_8": WITVLIET})


def varshney_xls(folder):
    return old_workbook(folder / "NeuronConnect.xls", {"NeuronConnect.csv": CONNECT})


def varshney_xlsx(folder):
    return new_workbook(folder / "NeuronConnectFormatted.xlsx", {"Sheet1": CONNECT})


def varshney_tables(folder):
    return old_workbook(folder / "CElegansNeuronTables.xls", TABLES)


def graphml_undirected(folder):
    return _put(folder / "reference.graphml", GRAPHML.encode())


def graphml_own(folder):
    path = folder / "own.graphml.gz"
    write_graphml(path, read_varshney(varshney_xls(folder)))
    return path


def sparse_npz(folder):
    sparse.save_npz(folder / "matrix.npz", sparse.csr_array(MATRIX))
    return folder / "matrix.npz"


def sparse_coo(folder):
    sparse.save_npz(folder / "coo.npz", sparse.coo_array(MATRIX), compressed=False)
    return folder / "coo.npz"


def _put(path, data):
    path.write_bytes(data)
    return path


def new_workbook(path, sheets):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def old_workbook(path, sheets):
    import xlwt

    book = xlwt.Workbook()
    for title, rows in sheets.items():
        sheet = book.add_sheet(title)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                sheet.write(i, j, value)
    book.save(str(path))
    return path


SAMPLES = {
    "witvliet csv": witvliet_csv,
    "white csv": white_csv,
    "witvliet xlsx": witvliet_xlsx,
    "varshney xls": varshney_xls,
    "varshney xlsx": varshney_xlsx,
    "varshney tables": varshney_tables,
    "graphml undirected": graphml_undirected,
    "graphml both ways": graphml_undirected,
    "graphml own": graphml_own,
    "sparse npz": sparse_npz,
    "sparse coo": sparse_coo,
}
READERS = {
    "witvliet csv": read_witvliet,
    "white csv": read_witvliet,
    "witvliet xlsx": read_witvliet,
    "varshney xls": read_varshney,
    "varshney xlsx": read_varshney,
    "varshney tables": lambda path: read_varshney(path, on_duplicate=KeepFirst()),
    "graphml undirected": lambda path: read_graphml(
        path, undirected=Electrical(), count="weight", count_unit="mean_synapses"
    ),
    "graphml both ways": lambda path: read_graphml(
        path, undirected=BothWays(), count_unit="mean_synapses"
    ),
    "graphml own": read_graphml,
    "sparse npz": lambda path: read_sparse_npz(path, neuron_id=IDS, rows="pre"),
    "sparse coo": lambda path: read_sparse_npz(path, neuron_id=IDS, rows="post", signed=True),
}
