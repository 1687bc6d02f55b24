"""What a connectivity forecasts, as sections of its page."""

import numpy as np

from neuroloom.report.figures.along import Line, lines_along
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.traces import Trace, activity_traces
from neuroloom.report.layout import Picture, Section
from neuroloom.report.wording import signed
from neuroloom.studies.connectivity import Connectivity
from neuroloom.studies.connectivity_forecasts import OURS

__all__ = ["forecast_section"]

N_TRACES = 6
MOST_FRAMES = 400
_GROUPS = {OURS: "default"}


def forecast_section(found: Connectivity) -> Section:
    """Next step, free run and traces, beside baselines."""
    pictures = (*_scores(found), *_rollouts(found), *_traces(found))
    sentences = []
    late = found.forecasts.late_gain
    if late is not None:
        r = late.set_index("measure").loc["r"]
        sentences.append(
            f"Over a forecast whose other neurons are late, which keeps slow drifts and loses who "
            f"drives whom, the next-step correlation changes by {signed(r['value'])} "
            f"({signed(r['low'])} to {signed(r['high'])}), on {int(r['n']):,} neurons."
        )
    return Section(
        "forecasts",
        "What it forecasts",
        "A good forecast does not show that connections are right: common drive forecasts, too.",
        pictures=pictures,
        sentences=tuple(sentences),
    )


def _scores(found: Connectivity) -> list[Picture]:
    panels = []
    measures = (("r", "next-step r"), ("skill", "skill"), ("bits_per_spike", "bits per spike"))
    for measure, title in measures:
        rows = found.forecasts.scores.query("measure == @measure")
        dots = tuple(
            Dots(
                str(row["arm"]),
                np.array([row["value"]], float),
                _GROUPS.get(str(row["arm"]), "baseline"),
                low=float(row["low"]),
                high=float(row["high"]),
            )
            for row in rows.to_dict("records")
            if np.isfinite(row["value"])
        )
        if dots:
            panels.append(DotPanel(title, measure.replace("_", " "), dots, chance=0.0))
    if not panels:
        return []
    caption = (
        "On frames held out from everything, mean over neurons with 95 % of resamples of neurons. "
        "Skill is 1 − squared error / that of copying the last frame."
    )
    if len(panels) > 2:
        caption += " Bits per spike are over the mean rate of the held-out frames."
    drawn = dot_panels(panels)
    return [
        Picture("forecasts", "Forecasts of the next step", caption, drawn, wide=True, full=True)
    ]


def _rollouts(found: Connectivity) -> list[Picture]:
    lines = []
    rollouts = found.forecasts.rollouts.query("measure == 'r'")
    for arm, rows in rollouts.groupby("arm", sort=False):
        points = np.stack(
            [rows[k].to_numpy(float) for k in ("horizon", "value", "low", "high")], axis=1
        )
        points[:, 0] *= found.dt
        points = points[np.isfinite(points[:, 1])]
        if len(points):
            lines.append(Line(str(arm), str(arm), points, _GROUPS.get(str(arm), "")))
    if not lines:
        return []
    return [
        Picture(
            "rollouts",
            "Free-running forecasts",
            "Correlation of activity with a forecast that sees nothing after its origin, against "
            "how far ahead it looks.",
            lines_along(lines, "ahead (s)", "r, mean over neurons"),
        )
    ]


def _traces(found: Connectivity) -> list[Picture]:
    """The part of held-out time that is observed most, in one trial."""
    measured, predicted = found.forecasts.measured, found.forecasts.predicted
    seen = np.isfinite(measured) & np.isfinite(predicted)
    trial = int(seen.sum(axis=(1, 2)).argmax())
    frames = np.flatnonzero(seen[trial].any(axis=1))
    if not frames.size:
        return []
    part = slice(frames[0], min(frames[0] + MOST_FRAMES, frames[-1] + 1))
    known = np.where(seen, measured, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.maximum(seen.sum(axis=(0, 1)), 1)
        mean = np.nansum(known, axis=(0, 1)) / n
        spread = np.nansum((known - mean) ** 2, axis=(0, 1))
        error = np.nansum((known - predicted) ** 2, axis=(0, 1)) / spread
    best = np.argsort(np.where(np.isfinite(error), error, np.inf), kind="stable")
    places = best[np.unique(np.linspace(0, len(best) - 1, N_TRACES).astype(int))]
    nothing = np.full(part.stop - part.start, np.nan)
    traces = [
        Trace(
            str(found.neuron_id[i]),
            measured[trial, part, i],
            predicted[trial, part, i],
            nothing,
            nothing,
        )
        for i in places
    ]
    time = np.arange(part.start, part.stop) * found.dt
    shown = "" if part.stop > frames[-1] else f"the first {MOST_FRAMES} frames of "
    return [
        Picture(
            "traces",
            "Held-out activity and its forecast",
            f"One step ahead: {shown}the held-out trial that is observed most; neurons from best "
            "to worst forecast, in units of their own SD.",
            activity_traces(time, traces),
            wide=True,
            full=True,
        )
    ]
