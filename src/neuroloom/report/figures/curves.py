"""ROC and precision-recall curves of detection, with baselines, a null wiring and chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve, roc_curve

from neuroloom.analysis.scores import auroc, average_precision
from neuroloom.report.heldout import held_out_entries
from neuroloom.report.records import group_of
from neuroloom.report.theme import GROUP_COLORS, MUTED, house_style, label, new_axes
from neuroloom.report.wording import plain_name

__all__ = ["Ranking", "precision_recall_curves", "rankings", "roc_curves"]

_BASELINES_NAMED = 3
_STYLES = {"null": [(0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1))], "baseline": ["-", "--", ":"]}


@dataclass(frozen=True)
class Ranking:
    """One arm's scores of the held-out pairs it has a score for.

    Attributes:
        arm: As in `scores.csv`.
        score: Larger means: a response is more likely.
        detected: Whether there was one.
    """

    arm: str
    score: Float[np.ndarray, " pair"]
    detected: Bool[np.ndarray, " pair"]


def rankings(predictions: xr.Dataset) -> list[Ranking]:
    """The default and every other arm that scores both detected and undetected pairs.

    Empty where the file has no `probability` or no `detected`.
    """
    if "probability" not in predictions or "detected" not in predictions:
        return []
    detected = predictions["detected"].to_numpy().astype(float)
    inside = held_out_entries(predictions) & np.isfinite(detected)
    scores = {"default": predictions["probability"].to_numpy()}
    if "baseline_score" in predictions.data_vars:
        arms = predictions["baseline_score"].coords["baseline"].to_numpy().astype(str)
        scores |= dict(zip(arms, predictions["baseline_score"].to_numpy(), strict=True))
    found = []
    for arm, score in scores.items():
        use = inside & np.isfinite(score)
        label_ = detected[use] > 0
        if label_.any() and not label_.all():
            found.append(Ranking(str(arm), score[use].astype(float), label_))
    return found if found and found[0].arm == "default" else []


@house_style()
def roc_curves(arms: list[Ranking], ax: Axes | None = None) -> Axes:
    """True against false positive rate of every arm.

    Args:
        arms: From `rankings`, the default first.
        ax: Axes to draw on.
    """
    ax = ax or _axes()
    ax.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=(0, (4, 3)), label="chance 0.500")
    areas = {arm.arm: float(auroc(arm.score, arm.detected)[0]) for arm in arms}
    for arm, style, name in _styled(arms, areas):
        x, y, _ = roc_curve(arm.detected, arm.score)
        ax.plot(*_thinned(x, y), label=name, **style)
    ax.set(xlim=(0, 1), ylim=(0, 1.005), xlabel="false positive rate", ylabel="true positive rate")
    _legend(ax, "AUROC")
    return ax


@house_style()
def precision_recall_curves(arms: list[Ranking], ax: Axes | None = None) -> Axes:
    """Precision against recall of every arm; chance is the prevalence.

    Args:
        arms: From `rankings`, the default first.
        ax: Axes to draw on.
    """
    ax = ax or _axes()
    prevalence = float(arms[0].detected.mean())
    ax.axhline(
        prevalence,
        color=MUTED,
        lw=0.8,
        ls=(0, (4, 3)),
        label=f"prevalence {prevalence:.3f}",
    )
    areas = {arm.arm: float(average_precision(arm.score, arm.detected)[0]) for arm in arms}
    tops = [prevalence]
    for arm, style, name in _styled(arms, areas):
        precision, recall, _ = precision_recall_curve(arm.detected, arm.score)
        # The first few pairs make a curve jump about; below 1 % recall it says nothing.
        keep = recall >= 0.01
        ax.plot(*_thinned(recall[keep], precision[keep]), label=name, **style)
        tops.append(float(precision[keep][:-1].max(initial=prevalence)))
    top = min(1.0, 1.08 * max(tops))
    ax.set(xlim=(0, 1), ylim=(0, top), xlabel="recall (share of responses found)")
    ax.set_ylabel("precision (share of calls that are right)")
    _legend(ax, "AUPRC")
    return ax


def _axes() -> Axes:
    return new_axes(box=(0.62, 2.0, 0.2, 0.2), width=4.7, height=5.2)


def _styled(
    arms: list[Ranking], areas: dict[str, float]
) -> list[tuple[Ranking, dict[str, Any], str | None]]:
    """Baselines first, the default last, hence on top. Only the best baselines get a name."""
    n_default = arms[0].score.size
    best = sorted((a.arm for a in arms if group_of(a.arm) == "baseline"), key=lambda a: -areas[a])
    seen: dict[str, int] = {}
    styled = []
    unnamed = len(best) - _BASELINES_NAMED
    order = sorted(
        arms, key=lambda a: (a.arm == "default", group_of(a.arm) == "null", areas[a.arm])
    )
    for arm in order:
        group = group_of(arm.arm)
        name: str | None = f"{plain_name(arm.arm)} {areas[arm.arm]:.3f}"
        if arm.score.size != n_default:
            name += f" ({arm.score.size:,} of {n_default:,} pairs)"
        style: dict[str, Any] = {"color": GROUP_COLORS[group], "lw": 1.2}
        if arm.arm == "default":
            style["lw"] = 2.4
        elif arm.arm in best[_BASELINES_NAMED:]:
            style |= {"lw": 0.7, "alpha": 0.45}
            name = f"{unnamed} more baseline{'s' * (unnamed > 1)}" if unnamed else None
            unnamed = 0
        else:
            shapes = _STYLES.get(group, ["-"])
            place = best.index(arm.arm) if arm.arm in best else seen.get(group, 0)
            style["ls"] = shapes[place % len(shapes)]
            seen[group] = seen.get(group, 0) + 1
        styled.append((arm, style, None if name is None else label(name, 62)))
    return styled


def _legend(ax: Axes, title: str) -> None:
    handles, labels = ax.get_legend_handles_labels()
    n_named = len(labels)
    legend = ax.legend(
        handles[::-1],
        labels[::-1],
        title=f"arm and its {title}",
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.17),
        fontsize=8.4 if n_named < 9 else 7.8,
        title_fontsize=8.4,
        alignment="left",
        borderaxespad=0,
        handlelength=2.6,
        labelspacing=0.35,
    )
    legend.get_title().set_color(MUTED)
    ax.grid()


def _thinned(x: np.ndarray, y: np.ndarray, n: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """At most about `n` points: the ends, and steps of equal length along the curve."""
    if x.size <= n:
        return x, y
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    keep = np.unique(np.searchsorted(along, np.linspace(0, along[-1], n)).clip(0, x.size - 1))
    return x[keep], y[keep]
