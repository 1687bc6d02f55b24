"""The page of a connectivity: one self-contained HTML file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroloom.report.figures.along import Line, lines_along
from neuroloom.report.figures.connectivity import (
    alike_order,
    connectivity_matrix,
    factor_sensitivity,
    surest_graph,
)
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.traces import Trace, activity_traces
from neuroloom.report.html import write_answer_page
from neuroloom.report.layout import Fact, Picture, Section
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief, number
from neuroloom.studies.connectivity import OURS, Connectivity
from neuroloom.studies.wired_or_not import Wired

__all__ = ["connectivity_answer", "write_connectivity_page"]

SURE = 0.9
N_TRACES = 6
MOST_ROWS = 500
_GROUPS = {OURS: "default"}


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
    gain = found.gain.set_index("measure").loc["r"]
    sentences = [
        f"{n_sure:,} of {len(table):,} ordered pairs are connected with a probability of at least "
        f"{SURE:g}"
        + (f", {names} the surest" if names else "")
        + f"; {expected:,.0f} connections are expected in all.",
        f"Hearing other neurons changes the next-step correlation on held-out frames by "
        f"{_signed(gain['value'])} ({_signed(gain['low'])} to {_signed(gain['high'])}).",
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
        sentences.append(_wired_sentence(found.wired))
    return " ".join(sentences)


def _n_sure(found: Connectivity) -> int:
    return int((found.table["probability"].to_numpy(float) >= SURE).sum())


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as mappings, under plain names."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _several(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{abs(float(value)):.3f}"


def _wired_sentence(wired: Wired) -> str:
    z = _above(wired)
    how = "more than" if z > 2 else "less than" if z < -2 else "no more than"
    return (
        f"Pairs that the connectome wires are likelier than others, {how} by chance: AUROC "
        f"{number(wired.auroc)}, rewired with every degree kept {number(wired.null_auroc.mean())} "
        f"({number(wired.null_auroc.min())} to {number(wired.null_auroc.max())})."
    )


def _above(wired: Wired) -> float:
    """How many SD of the null draws the real wiring lies above their mean."""
    if len(wired.null_auroc) < 2:
        return 0.0
    sd = float(wired.null_auroc.std(ddof=1)) * np.sqrt(1 + 1 / len(wired.null_auroc))
    return (wired.auroc - float(wired.null_auroc.mean())) / max(sd, 1e-12)


def _facts(found: Connectivity) -> tuple[Fact, ...]:
    own = found.forecasts.set_index(["arm", "measure"])["value"]
    n_frames = int(np.isfinite(found.measured).all(axis=2).sum())
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
        _forecast_section(found),
        _sure_section(found),
        *([_wired_section(found.wired)] if found.wired is not None else []),
        Section(
            "made", "How it was made", "What was kept, chosen and assumed.", sentences=found.notes
        ),
    ]


def _who(found: Connectivity) -> Section:
    edges = found.edges
    order = alike_order(edges.connectivity, edges.model.pre_class)
    names = found.neuron_id[order]
    pictures = [
        Picture(
            "matrix",
            "Who drives whom",
            "Mean weight of each connection, its probability counted in: how much the neuron down "
            "the side moves, one step later, for one unit of the neuron along the bottom. Neurons "
            "that send alike stand together. The diagonal, a neuron's own past, is left out.",
            connectivity_matrix(edges.connectivity[np.ix_(order, order)], names, ""),
            wide=len(names) > 30,
            full=len(names) > 30,
        )
    ]
    if _n_sure(found):
        pictures.append(
            Picture(
                "surest",
                "The strongest sure connections",
                f"Up to 40 connections of probability {SURE:g} or more, the strongest; "
                "orange excites, blue inhibits, thickness is weight. Arrows go from who drives to "
                "who is driven.",
                surest_graph(found.table, names),
            )
        )
    return Section(
        "who",
        "Who drives whom",
        "A connection means: knowing this neuron's activity helps to forecast that neuron's next "
        "step, beyond all other recorded neurons, their common drive and its own past. What was "
        "not recorded can still stand behind it; stimulation is the test.",
        pictures=tuple(pictures),
        tables=(_edge_table(found.table),),
    )


def _edge_table(table: pd.DataFrame) -> Table:
    shown = table.head(MOST_ROWS)
    numeric = ["probability", "weight", "low", "high", "standard_error", "stability"]
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
        for row in _rows(shown)
    )
    caption = (
        "Likeliest first. Weight: posterior mean; low and high: 90 % interval of the weight if the "
        "connection exists; standard error: of its least-squares estimate; stability: share of "
        "block bootstraps in which it is likelier than not."
    )
    if len(shown) < len(table):
        caption += f" {len(shown):,} of {len(table):,} pairs; the CSV has all."
    return Table("edges", caption, columns, rows)


def _forecast_section(found: Connectivity) -> Section:
    panels = []
    for measure, title, chance in (("r", "next-step r", 0.0), ("skill", "skill", 0.0)):
        rows = found.forecasts.query("measure == @measure")
        dots = tuple(
            Dots(
                str(row["arm"]),
                np.array([row["value"]], float),
                _GROUPS.get(str(row["arm"]), "baseline"),
                low=float(row["low"]),
                high=float(row["high"]),
            )
            for row in _rows(rows)
            if np.isfinite(row["value"])
        )
        if dots:
            panels.append(DotPanel(title, measure, dots, chance=chance))
    pictures = (
        [
            Picture(
                "forecasts",
                "Forecasts of the next step",
                "On frames held out from everything, mean over neurons with 95 % of resamples of "
                "neurons. Skill is 1 − squared error / that of copying the last frame.",
                dot_panels(panels),
                wide=True,
                full=True,
            )
        ]
        if panels
        else []
    )
    lines = []
    rollouts = found.rollouts.query("measure == 'r'")
    for arm, rows in rollouts.groupby("arm", sort=False):
        points = np.stack(
            [rows[k].to_numpy(float) for k in ("horizon", "value", "low", "high")], axis=1
        )
        points[:, 0] *= found.dt
        points = points[np.isfinite(points[:, 1])]
        if len(points):
            lines.append(Line(str(arm), str(arm), points, _GROUPS.get(str(arm), "")))
    if lines:
        pictures.append(
            Picture(
                "rollouts",
                "Free-running forecasts",
                "Correlation of activity with a forecast that sees nothing after its origin, "
                "against how far ahead it looks.",
                lines_along(lines, "ahead (s)", "r, mean over neurons"),
            )
        )
    pictures.append(_trace_picture(found))
    return Section(
        "forecasts",
        "What it forecasts",
        "A good forecast does not show that connections are right: common drive forecasts, too.",
        pictures=tuple(pictures),
    )


def _trace_picture(found: Connectivity) -> Picture:
    measured, predicted = found.measured[-1], found.predicted[-1]
    error = np.nanmean((measured - predicted) ** 2, axis=0) / np.nanvar(measured, axis=0)
    best = np.argsort(np.where(np.isfinite(error), error, np.inf), kind="stable")
    places = best[np.unique(np.linspace(0, len(best) - 1, N_TRACES).astype(int))]
    nothing = np.full(len(measured), np.nan)
    traces = [
        Trace(str(found.neuron_id[i]), measured[:, i], predicted[:, i], nothing, nothing)
        for i in places
    ]
    time = np.arange(len(measured)) * found.dt
    return Picture(
        "traces",
        "Held-out activity and its forecast",
        "One step ahead, in the last held-out trial; neurons from best to worst forecast, in units "
        "of their own SD.",
        activity_traces(time, traces),
        wide=True,
        full=True,
    )


def _sure_section(found: Connectivity) -> Section:
    factors = found.edges.factors
    pictures = (
        Picture(
            "factors",
            "Common drive",
            "Left: eigenvalues of what the past does not explain; those 5 % above the edge of "
            "noise are taken for common drive. Right: correlation of the weights with the "
            "answer, had another number been taken out; the dashed line is the number chosen.",
            factor_sensitivity(factors.spectrum, factors.edge, factors.n, found.by_factors),
            wide=True,
            full=True,
        ),
    )
    sentences = []
    if found.twin:
        twin = found.twin
        sentences = [
            f"Of a simulated twin's connections, {twin['sign_accuracy']:.0%} get the right sign; "
            f"weights correlate {number(twin['pearson'])} with the true ones; probabilities are "
            f"off by {number(twin['calibration_error'])} on average (expected calibration error).",
            "A twin is drawn from the fitted distribution: it says what these data allow if the "
            "model is right, and nothing of whether it is.",
        ]
    return Section(
        "sure",
        "How sure this is",
        "Probabilities come from all estimates together: how many connections there are, and how "
        "strong, is itself estimated.",
        pictures=pictures,
        sentences=tuple(sentences),
    )


def _wired_section(wired: Wired) -> Section:
    z = _above(wired)
    facts = (
        Fact(
            "AUROC",
            number(wired.auroc),
            f"{wired.n_wired:,} of {wired.n_pairs:,} pairs wired",
            "default",
        ),
        Fact(
            "rewired",
            number(float(wired.null_auroc.mean())),
            f"{number(float(wired.null_auroc.min()))} to {number(float(wired.null_auroc.max()))}",
            "null",
        ),
        Fact("above the null", f"{z:.1f} SD"),
        Fact("AUPRC", number(wired.auprc), f"chance {number(wired.n_wired / wired.n_pairs)}"),
    )
    tables = ()
    if len(wired.by_class):
        numeric = ("pairs", "wired", "probability", "probability_wired")
        rows = tuple(
            (
                Cell(str(row["pre_type"]), str(row["pre_type"])),
                Cell(str(row["post_type"]), str(row["post_type"])),
                *(
                    Cell("–" if pd.isna(row[k]) else brief(float(row[k])), float(row[k]))
                    for k in numeric
                ),
            )
            for row in _rows(wired.by_class.head(MOST_ROWS))
        )
        titles = ("pairs", "share wired", "mean probability", "of wired pairs")
        tables = (
            Table(
                "classes",
                "By cell type of who drives and who is driven; most pairs first.",
                (Column("from"), Column("to"), *(Column(t, True) for t in titles)),
                rows,
                folded=True,
            ),
        )
    return Section(
        "wired",
        "Beside the connectome",
        "Whether pairs that the connectome connects have higher probabilities than pairs it does "
        "not, against wirings with every degree kept. Functional connections need not be "
        "anatomical ones.",
        facts=facts,
        tables=tables,
    )
