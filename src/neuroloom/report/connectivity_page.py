"""The page of a connectivity: one self-contained HTML file."""

from pathlib import Path

import numpy as np
import pandas as pd

from neuroloom.report.connectivity_deconvolved import deconvolved_section
from neuroloom.report.connectivity_forecasts import forecast_section
from neuroloom.report.connectivity_responses import response_sections
from neuroloom.report.connectivity_wired import wired_section, wired_sentence
from neuroloom.report.figures.connectivity import (
    alike_order,
    color_limit,
    connectivity_matrix,
    factor_sensitivity,
    surest_graph,
    twin_calibration,
)
from neuroloom.report.figures.matrices import natural_order
from neuroloom.report.html import write_answer_page
from neuroloom.report.layout import Fact, Matrix, Picture, Section
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief, number, signed
from neuroloom.studies.connectivity import Connectivity
from neuroloom.studies.connectivity_forecasts import OURS
from neuroloom.studies.twins import SURE

__all__ = ["connectivity_answer", "write_connectivity_page"]

MOST_ROWS = 500
WIDE = 30  # neurons whose matrix needs the whole width of the page


def write_connectivity_page(found: Connectivity, page: Path, *, name: str) -> Path:
    """Write the page of a connectivity; it needs no network and no other file.

    Args:
        found: From `neuroloom.connectivity`.
        page: Where it goes; an earlier file is replaced.
        name: Of the recording.

    Returns:
        Path of the page.

    Raises:
        StudyError: If the page cannot be written.
    """
    return write_answer_page(
        "connectivity.html.j2",
        page,
        name=name,
        answer=connectivity_answer(found),
        facts=_facts(found),
        sections=_sections(found),
    )


def connectivity_answer(found: Connectivity) -> str:
    """The answer in a few sentences, with what it is to be held against."""
    table = found.table
    n_sure, expected = _n_sure(found), float(table["probability"].to_numpy().sum())
    ends = zip(table["pre"].tolist(), table["post"].tolist(), strict=True)
    names = ", ".join(f"{pre} → {post}" for pre, post in list(ends)[: min(3, n_sure)])
    gain = found.forecasts.gain.set_index("measure").loc["r"]
    sentences = [
        f"{n_sure:,} of {len(table):,} ordered pairs are connected with a probability of at least "
        f"{SURE:g}"
        + (f", {names} the surest" if names else "")
        + f"; {expected:,.0f} connections are expected in all.",
        f"Hearing other neurons changes the next-step correlation on held-out frames by "
        f"{signed(gain['value'])} ({signed(gain['low'])} to {signed(gain['high'])}).",
    ]
    if found.twin:
        right = found.twin["sure_right"]
        sentences.append(
            "In simulated activity like this, whose connections are known, "
            + (f"{right:.0%} of such pairs are connected, and " if np.isfinite(right) else "")
            + f"the area under the precision-recall curve is "
            f"{number(found.twin['probability_auprc'])} (chance "
            f"{number(found.twin['prevalence'])})."
        )
    if found.wired is not None:
        sentences.append(wired_sentence(found.wired))
    return " ".join(sentences)


def _n_sure(found: Connectivity) -> int:
    return int((found.table["probability"].to_numpy(float) >= SURE).sum())


def _several(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _facts(found: Connectivity) -> tuple[Fact, ...]:
    own = found.forecasts.scores.set_index(["arm", "measure"])["value"]
    n_frames = int(np.isfinite(found.forecasts.measured).all(axis=2).sum())
    facts = [
        Fact("neurons", f"{len(found.neuron_id):,}"),
        Fact(
            "sure connections",
            f"{_n_sure(found):,}",
            f"probability at least {SURE:g}",
            "default",
        ),
        Fact(
            "common drive",
            _several(found.edges.factors.n, "factor"),
            _several(found.edges.n_lags, "lag"),
        ),
        Fact(
            "next-step r",
            number(float(own.loc[(OURS, "r")])),
            f"on {n_frames:,} held-out frames",
            "default",
        ),
    ]
    if found.twin:
        facts.append(
            Fact(
                "found of a twin",
                number(found.twin["probability_auprc"]),
                f"AUPRC; chance {number(found.twin['prevalence'])}",
            )
        )
    return tuple(facts)


def _sections(found: Connectivity) -> list[Section]:
    return [
        _who(found),
        forecast_section(found),
        _sure_section(found),
        *response_sections(found),
        *([wired_section(found.wired)] if found.wired is not None else []),
        *_again(found),
        Section(
            "made", "How it was made", "What was kept, chosen and assumed.", sentences=found.notes
        ),
    ]


def _again(found: Connectivity) -> list[Section]:
    if found.deconvolved is None:
        return []
    order = alike_order(found.edges.connectivity, found.edges.model.pre_class)
    return [deconvolved_section(found, found.deconvolved, order)]


def _who(found: Connectivity) -> Section:
    edges = found.edges
    order = alike_order(edges.connectivity, edges.model.pre_class)
    names = found.neuron_id[order]
    wide = len(names) > WIDE
    pictures = [
        Picture(
            "matrix",
            "Who drives whom",
            f"Mean effect of each connection, its probability counted in: {_effect(found)}. "
            "Neurons that send alike stand together. The diagonal, a neuron's own past, is left "
            "out.",
            connectivity_matrix(
                edges.connectivity[np.ix_(order, order)], names, _effect_unit(found)
            ),
            wide=wide,
            full=wide,
        )
    ]
    if _n_sure(found):
        pictures.append(
            Picture(
                "surest",
                "The strongest sure connections",
                f"Up to 40 connections of probability {SURE:g} or more, the strongest; "
                "orange excites, blue inhibits, thickness is the effect. Arrows go from who drives "
                "to who is driven.",
                surest_graph(found.table, names, least=SURE),
            )
        )
    return Section(
        "who",
        "Who drives whom",
        "A connection means: knowing this neuron's activity helps to forecast that neuron's next "
        "step, beyond all other recorded neurons, their common drive and its own past. What was "
        "not recorded can still stand behind it; stimulation is the test.",
        pictures=tuple(pictures),
        tables=(_edge_table(found), _neuron_table(found)),
        matrices=(_sortable(found, order),),
    )


def _effect_unit(found: Connectivity) -> str:
    """Of the effects that are drawn."""
    return "log rate per spike" if found.edges.likelihood.name == "Poisson" else "own SD per own SD"


def _effect(found: Connectivity) -> str:
    if found.edges.likelihood.name == "Poisson":
        return (
            "by how much one spike of the neuron along the bottom changes the log rate of the "
            "neuron down the side, added up over the lags"
        )
    return (
        "how much the neuron down the side moves, one step later, when the neuron along the bottom "
        "moves; each in SDs of what is its own, beyond the past and common drive"
    )


def _sortable(found: Connectivity, alike: np.ndarray) -> Matrix:
    """All pairs, with orders to choose from."""
    edges, names = found.edges, found.neuron_id
    effect = np.abs(edges.connectivity)
    return Matrix(
        "pairs",
        "Every pair, in the order you choose",
        "The same effects, from the neurons along the bottom to those down the side; orange "
        "excites, blue inhibits. Point at a cell to read it.",
        names,
        edges.connectivity,
        edges.probability,
        color_limit(edges.connectivity),
        {
            "who sends alike": alike,
            "who receives alike": alike_order(edges.connectivity.T, edges.model.post_class),
            "as recorded": np.arange(len(names)),
            "by name": natural_order(names),
            "strongest senders first": np.argsort(-effect.sum(axis=0), kind="stable"),
            "strongest receivers first": np.argsort(-effect.sum(axis=1), kind="stable"),
        },
    )


def _edge_table(found: Connectivity) -> Table:
    table, unit = found.table, found.unit
    shown = table.head(MOST_ROWS)
    numeric = ["probability", "effect", "weight", "low", "high", "standard_error", "stability"]
    numeric += ["count"] * ("count" in table)
    columns = (
        Column("from"),
        Column("to"),
        *(Column(name.replace("_", " "), True) for name in numeric),
    )
    rows = tuple(
        (
            Cell(str(row["pre"]), str(row["pre"])),
            Cell(str(row["post"]), str(row["post"])),
            *(Cell("–" if pd.isna(row[k]) else brief(row[k]), float(row[k])) for k in numeric),
        )
        for row in shown.to_dict("records")
    )
    each = f"{unit} per {unit}" if unit else "units of activity"
    if found.edges.likelihood.name == "Poisson":
        each = _effect_unit(found)
    caption = (
        f"Likeliest first. Effect: as in the matrix; weight: the same in {each}; low and high: "
        "90 % interval of the weight if the connection exists; standard error: of its "
        "unbiased estimate; stability: share of block bootstraps in which it is likelier than "
        "not."
    )
    if len(shown) < len(table):
        caption += f" {len(shown):,} of {len(table):,} pairs; the CSV has all."
    return Table("edges", caption, columns, rows)


def _neuron_table(found: Connectivity) -> Table:
    """What each neuron sends and receives, over all its pairs."""
    edges = found.edges
    sure = edges.probability >= SURE
    columns = {
        "class of senders": edges.model.pre_class + 1,
        "class of receivers": edges.model.post_class + 1,
        "expected to drive": edges.probability.sum(axis=0),
        "surely drives": sure.sum(axis=0),
        "summed effect on others": edges.connectivity.sum(axis=0),
        "expected drivers": edges.probability.sum(axis=1),
        "sure drivers": sure.sum(axis=1),
        "summed effect on it": edges.connectivity.sum(axis=1),
    }
    rows = tuple(
        (
            Cell(str(name), str(name)),
            *(Cell(brief(float(values[i])), float(values[i])) for values in columns.values()),
        )
        for i, name in enumerate(found.neuron_id.tolist())
    )
    return Table(
        "neurons",
        f"All {len(rows):,} neurons, with the number of others that each drives and is driven by: "
        f"expected, and of probability {SURE:g} or more.",
        (Column("neuron"), *(Column(title, True) for title in columns)),
        rows,
        folded=True,
    )


def _sure_section(found: Connectivity) -> Section:
    factors = found.edges.factors
    pictures = [
        Picture(
            "factors",
            "Common drive",
            "Left: eigenvalues of what the past does not explain; those 5 % above the edge of "
            "noise are taken for common drive. Right: correlation of the weights with the "
            "answer, had another number been taken out; the dashed line is the number chosen.",
            factor_sensitivity(factors.spectrum, factors.edge, factors.n, found.by_factors),
            wide=True,
            full=True,
        )
    ]
    sentences = []
    if found.twin_calibration is not None:
        twin = found.twin
        pictures.append(
            Picture(
                "calibration",
                "Do probabilities come true?",
                "In the simulated twin, whose connections are known: share of pairs that are "
                "connected against the probability that the same estimator gives them, with 95 % "
                "of what chance does to so many pairs (their number stands beside each point). On "
                "the dashed line probabilities are right.",
                twin_calibration(found.twin_calibration),
            )
        )
        sentences = [
            f"Of a simulated twin's connections, {twin['sign_accuracy']:.0%} get the right sign; "
            f"weights correlate {number(twin['pearson'])} with the true ones; probabilities are "
            f"off by {number(twin['calibration_error'])} on average (expected calibration error)."
            if twin["prevalence"] > 0
            else "The simulated twin has no connection: none is expected in activity like this.",
            "A twin is drawn from the fitted distribution: it says what these data allow if the "
            "model is right, and nothing of whether it is.",
        ]
    return Section(
        "sure",
        "How sure this is",
        "Probabilities come from all estimates together: how many connections there are, and how "
        "strong, is itself estimated.",
        pictures=tuple(pictures),
        sentences=tuple(sentences),
    )
