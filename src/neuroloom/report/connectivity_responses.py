"""What stimulation would do, as a section of the page of a connectivity."""

import numpy as np

from neuroloom.report.figures.responses import predicted_responses
from neuroloom.report.layout import Picture, Section
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief
from neuroloom.studies.connectivity import Connectivity
from neuroloom.studies.connectivity_responses import HORIZON

__all__ = ["response_sections"]

N_ROWS = 100


def response_sections(found: Connectivity) -> list[Section]:
    """The matrix of responses and the largest of them; nothing where there are none."""
    said = found.responses
    if said is None or not np.abs(said.table["response"].to_numpy(float)).any():
        return []
    seconds = f"{HORIZON * found.dt:.3g} s"
    picture = Picture(
        "responses",
        "Responses to stimulation, predicted",
        f"Left: how far each neuron (down the side) has moved when another (along the bottom) was "
        f"pushed by one SD of its own for {HORIZON} steps ({seconds}). Right: the course after a "
        "pulse to the neuron that moves others most. Along connections only: common drive "
        "forecasts, but stimulating a neuron does not drive what drives it.",
        predicted_responses(
            said.matrix,
            said.course,
            found.neuron_id,
            said.stimulated,
            dt=found.dt,
            unit="own SD",
        ),
        wide=True,
        full=True,
    )
    numeric = ("response", "low", "high")
    table = Table(
        "responses",
        "Largest first, in SDs of the neuron's own per SD of the push; low and high: 90 % of "
        "connectivities drawn from the posterior, which is too narrow for later steps where the "
        "model is wrong. The CSV of responses has all pairs.",
        (
            Column("stimulated"),
            Column("responds"),
            *(Column(name, True) for name in numeric),
        ),
        tuple(
            (
                Cell(str(row["stimulated"]), str(row["stimulated"])),
                Cell(str(row["post"]), str(row["post"])),
                *(Cell(brief(row[name]), float(row[name])) for name in numeric),
            )
            for row in said.table.head(N_ROWS).to_dict("records")
        ),
    )
    return [
        Section(
            "stimulation",
            "What stimulating a neuron would do",
            "A prediction of an experiment, and the test of every connection above.",
            pictures=(picture,),
            tables=(table,),
        )
    ]
