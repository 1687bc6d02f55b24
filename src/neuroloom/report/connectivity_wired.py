"""A connectivity beside a connectome, as a section of its page."""

import numpy as np
import pandas as pd

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.layout import Fact, Picture, Section
from neuroloom.report.tables import Cell, Column, Table
from neuroloom.report.wording import brief, number
from neuroloom.studies.wired_or_not import Wired

__all__ = ["above_null", "wired_section", "wired_sentence"]

MOST_ROWS = 500
MOST_CLASSES = 10


def wired_sentence(wired: Wired) -> str:
    """Whether wired pairs are likelier, and whether rewired wirings say the same."""
    z = above_null(wired)
    how = "likelier" if z > 2 else "less likely" if z < -2 else "no likelier"
    return (
        f"Pairs that the connectome wires are {how} than by chance: AUROC {number(wired.auroc)}, "
        f"rewired with every degree kept {number(wired.null_auroc.mean())} "
        f"({number(wired.null_auroc.min())} to {number(wired.null_auroc.max())})."
    )


def above_null(wired: Wired) -> float:
    """How many SD of the null draws the real wiring lies above their mean; 0 from one draw."""
    if len(wired.null_auroc) < 2:
        return 0.0
    sd = float(wired.null_auroc.std(ddof=1)) * np.sqrt(1 + 1 / len(wired.null_auroc))
    return (wired.auroc - float(wired.null_auroc.mean())) / max(sd, 1e-12)


def wired_section(wired: Wired) -> Section:
    """Facts, classes of pairs as dots with their null, and all classes as a table."""
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
        Fact("above the null", f"{above_null(wired):.1f} SD"),
        Fact("AUPRC", number(wired.auprc), f"chance {number(wired.n_wired / wired.n_pairs)}"),
    )
    return Section(
        "wired",
        "Beside the connectome",
        "Whether pairs that the connectome connects have higher probabilities than pairs it does "
        "not, against wirings with every degree kept. Functional connections need not be "
        "anatomical ones.",
        facts=facts,
        pictures=_classes(wired.by_class),
        tables=_table(wired.by_class),
    )


def _classes(by_class: pd.DataFrame) -> tuple[Picture, ...]:
    if not len(by_class):
        return ()
    dots = []
    for row in by_class.dropna(subset=["probability_wired"]).head(MOST_CLASSES).to_dict("records"):
        name = f"{row['pre_type']} → {row['post_type']}"
        dots.append(Dots(name, np.array([row["probability_wired"]], float), series="wired"))
        if np.isfinite(row["null"]):
            dots.append(
                Dots(
                    name,
                    np.array([row["null"]], float),
                    "null",
                    series="rewired",
                    low=float(row["null_low"]),
                    high=float(row["null_high"]),
                )
            )
    if not dots:
        return ()
    return (
        Picture(
            "classes",
            "By classes of who drives and who is driven",
            "Mean probability of the pairs that the connectome wires, and of those that wirings "
            "with every degree kept wire in its place (lowest to highest draw). Classes with most "
            "pairs first.",
            dot_panels([DotPanel("mean probability", "probability", tuple(dots))]),
            wide=True,
        ),
    )


def _table(by_class: pd.DataFrame) -> tuple[Table, ...]:
    if not len(by_class):
        return ()
    titles = {
        "pairs": "pairs",
        "wired": "share wired",
        "probability": "mean probability",
        "probability_wired": "of wired pairs",
        "null": "of rewired pairs",
        "null_low": "lowest draw",
        "null_high": "highest draw",
    }
    rows = tuple(
        (
            Cell(str(row["pre_type"]), str(row["pre_type"])),
            Cell(str(row["post_type"]), str(row["post_type"])),
            *(
                Cell("–" if pd.isna(row[k]) else brief(float(row[k])), float(row[k]))
                for k in titles
            ),
        )
        for row in by_class.head(MOST_ROWS).to_dict("records")
    )
    return (
        Table(
            "class-pairs",
            "By cell type of who drives and who is driven; most pairs first.",
            (Column("from"), Column("to"), *(Column(t, True) for t in titles.values())),
            rows,
            folded=True,
        ),
    )
