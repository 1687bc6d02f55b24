"""The whole sweep: share of seeds that learn the task, have each class, and show each motif."""

import numpy as np
from matplotlib.axes import Axes

from neuroloom.report.layout import Picture
from neuroloom.report.studies.head_direction_classes import CLASS_COLORS
from neuroloom.report.study_contents import StudyContents, StudyScore
from neuroloom.report.theme import GROUP_COLORS, INK, MUTED, house_style, new_axes, new_figure
from neuroloom.studies.head_direction.criteria import share_interval
from neuroloom.studies.head_direction.sweep.arms import CLASSES, MOTIFS
from neuroloom.studies.head_direction.sweep.config import factor_of
from neuroloom.studies.head_direction.trained.config import DEFAULT, Setting

__all__ = ["sweep_pictures"]

Column = tuple[str, str, str, str]
COLUMNS: tuple[Column, ...] = (
    ("learns the task", "solved", "", INK),
    *((name, "has_class", name, CLASS_COLORS[name]) for name in CLASSES),
    *(
        (name, "has_motif", name, GROUP_COLORS[group])
        for name, group in zip(MOTIFS, ("ceiling", "variant"), strict=True)
    ),
)
"""Title, measure, class or motif, color."""


def sweep_pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """One, where the sweep was run."""
    rows = [row for row in contents.measurements if row.arm == "sweep"]
    if not rows:
        return ()
    return (
        Picture(
            "seed-fractions",
            "Share of seeds, setting by setting",
            "Every setting of the sweep, one factor at a time around the default on top. Bars: "
            "share of seeds whose network learns the task (normalized error of at most 10 % at 500 "
            "steps, in its own range), has at least one unit in twenty of each class (mixture), "
            "and shows each motif beyond shuffled preferred headings and rewired weights; lines "
            "are 95 % intervals (Wilson).",
            _draw_bars(rows),
            wide=True,
            full=True,
        ),
    )


@house_style()
def _draw_bars(rows: list[StudyScore]) -> Axes:
    settings = list(dict.fromkeys(_setting(row) for row in rows))
    settings.sort(key=lambda setting: setting != DEFAULT)
    names = [" ".join(factor_of(setting)).replace("_", " ").strip() for setting in settings]
    wide, row_high, left = 1.22, 0.27, 1.95
    height = 0.75 + row_high * len(settings) + 0.35
    figure = new_figure(left + len(COLUMNS) * (wide + 0.24) + 0.1, height)
    width = figure.get_size_inches()[0]
    for k, (title, measure, which, color) in enumerate(COLUMNS):
        x = left + k * (wide + 0.24)
        ax = new_axes(figure, (x, 0.55, width - x - wide, 0.4))
        for place, setting in enumerate(settings):
            agree = np.array(
                [
                    row.value > 0
                    for row in rows
                    if row.measure == measure
                    and _setting(row) == setting
                    and which in ("", row.at.get("class"), row.at.get("motif"))
                ]
            )
            if agree.size:
                share, low, high = share_interval(agree)
                ax.barh(place, share, height=0.62, color=color, alpha=0.75)
                ax.plot([low, high], [place, place], color=INK, lw=0.9)
            else:
                ax.text(0.5, place, "none trained", ha="center", va="center", color=MUTED)
        ax.set(xlim=(0, 1), ylim=(len(settings) - 0.45, -0.55), title=title)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_xlabel("share of seeds")
        ax.grid(axis="x")
        if k == 0:
            ax.set_yticks(range(len(names)), names)
        else:
            ax.set_yticks([])
    return figure.axes[0]


def _setting(row: StudyScore) -> Setting:
    known = {name: row.at[name] for name in vars(DEFAULT)}
    return Setting(**known)  # pyright: ignore[reportArgumentType]
