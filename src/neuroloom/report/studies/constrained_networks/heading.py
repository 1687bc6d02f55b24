"""The fly's compass: P-EN1 of flies that were held out, foretold from wiring."""

import math

import numpy as np
from jaxtyping import Float

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.heat import HeatMap, heat_maps
from neuroloom.report.figures.pairs import PairPanel, pair_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import steps
from neuroloom.report.study_contents import StudyContents

__all__ = ["by_fly", "example_maps", "pictures", "score_panels", "turn_panels"]

ARM, SPLIT = "fly-heading", "held-out flies"
REGIONS = {"EB": "ellipsoid body", "PB": "protocerebral bridge"}
TURNS = {
    "EB": "How far the bump of P-EN1 is ahead of that of E-PG",
    "PB": "P-EN1 of the right half of the bridge minus those of the left",
}
CONDITIONS = {"closed loop": "Closed loop", "Dark": "Dark"}
WIRED = "wiring, fitted to E-PG"
BRIDGE = "wiring, E-PG to P-EN1 in the bridge only, fitted to E-PG"
CROSSED = "wiring with crossed P-EN1, fitted to E-PG"
MEASURED = "measured"


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """An example, scores of every model, and responses to turns."""
    found = []
    for region, words in REGIONS.items():
        example = example_maps(contents, region)
        if example:
            time, maps, fly = example
            found.append(
                Picture(
                    f"heading-example-{region.lower()}",
                    f"Fly heading: P-EN1 of a held-out fly, {words}",
                    f"{fly}. E-PG are handed to the network, which was fitted to E-PG of other "
                    "flies; its P-EN1, seen through regions and indicator, against those measured. "
                    "Each region about its mean over the trial, in SDs of the fly's population.",
                    heat_maps(time, maps, "activity (SD of the fly)"),
                    wide=True,
                    full=True,
                )
            )
    for region, words in REGIONS.items():
        panels = score_panels(contents, region)
        if panels:
            found.append(
                Picture(
                    f"heading-scores-{region.lower()}",
                    f"Fly heading: scores of every model, {words}",
                    "Correlation over time of foretold and measured P-EN1, mean over regions of "
                    "interest. A dot is a held-out fly (null wirings: its mean over draws), a bar "
                    "the median over flies; the dashed line is 0."
                    + _left_out(contents, "correlation", region),
                    dot_panels(panels),
                    wide=True,
                    full=True,
                )
            )
    for region, words in REGIONS.items():
        panels = turn_panels(contents, region)
        if panels:
            found.append(
                Picture(
                    f"heading-turns-{region.lower()}",
                    f"Fly heading: which way P-EN1 go in a turn, {words}",
                    f"{TURNS[region]}, turns one way minus turns the other: foretold against "
                    "measured, a dot a held-out fly, over all conditions. Right signs lie in the "
                    "shaded quarters." + _left_out(contents, "turn response", region),
                    pair_panels(panels),
                    wide=True,
                    full=True,
                )
            )
    return tuple(found)


def example_maps(
    contents: StudyContents, region: str
) -> tuple[Float[np.ndarray, " time"], tuple[HeatMap, ...], str] | None:
    """Time, maps, and which fly: E-PG, and P-EN1 measured and foretold, each about its mean."""
    for _, arrays in contents.arrays(ARM, region=region):
        measured = np.asarray(arrays["pen1_measured"], float)
        foretold = np.asarray(arrays["pen1_predicted"], float)
        places = [str(name) for name in arrays["pen1_region"]]
        maps = (
            _map("E-PG, measured", arrays["epg"], [str(name) for name in arrays["epg_region"]]),
            _map("P-EN1, measured", measured, places),
            _map("P-EN1, foretold from the wiring", foretold, places),
        )
        fly = f"Fly {arrays['fly'][0]}, one trial, condition {arrays['condition'][0]}"
        return np.asarray(arrays["time_s"], float), maps, fly
    return None


def score_panels(contents: StudyContents, region: str) -> tuple[DotPanel, ...]:
    """Correlation of every model and fly, closed loop and dark apart."""
    panels = []
    for condition, title in CONDITIONS.items():
        dots = []
        for model in _models(contents):
            values = by_fly(contents, "correlation", region, model, condition)
            if values:
                dots.append(Dots(_name(model), np.array(list(values.values())), _group(model)))
        if dots:
            panels.append(DotPanel(title, "correlation", tuple(dots), chance=0.0))
    return tuple(panels)


def turn_panels(contents: StudyContents, region: str) -> tuple[PairPanel, ...]:
    """Turn responses, foretold against measured, of three wirings."""
    panels = []
    truth = by_fly(contents, "turn response", region, MEASURED, "all")
    for model, title in (
        (WIRED, "Wiring"),
        (BRIDGE, "E-PG to P-EN1 in the bridge only"),
        (CROSSED, "P-EN1 crossed"),
    ):
        foretold = by_fly(contents, "turn response", region, model, "all")
        flies = [fly for fly in truth if fly in foretold]
        if flies:
            points = np.array([(truth[fly], foretold[fly]) for fly in flies])
            panels.append(PairPanel(title, points, {"EB": "deg", "PB": "SD"}[region]))
    return tuple(panels)


def by_fly(
    contents: StudyContents, measure: str, region: str, model: str, condition: str
) -> dict[str, float]:
    """The mean over draws of each fly, sorted; NaN left out."""
    wanted = {"region": region, "model": model, "condition": condition}
    values: dict[str, list[float]] = {}
    for row in contents.measurements:
        same = (row.arm, row.split, row.measure) == (ARM, SPLIT, measure)
        if same and wanted.items() <= row.at.items() and not math.isnan(row.value):
            values.setdefault(str(row.at["fly"]), []).append(row.value)
    return {fly: float(np.mean(own)) for fly, own in sorted(values.items())}


def _map(title: str, values: np.ndarray, names: list[str]) -> HeatMap:
    values = np.asarray(values, float)
    return HeatMap(title, values - values.mean(axis=0), tuple(names))


def _models(contents: StudyContents) -> list[str]:
    """Wirings fitted to E-PG first, then nulls, then the others."""
    names = [str(m) for m in steps(contents, "model", ARM) if m != MEASURED]
    first = (WIRED, BRIDGE, CROSSED)
    return sorted(
        names,
        key=lambda n: (
            first.index(n) if n in first else 3,
            "null" not in n,
            "fitted to P-EN1" in n,
            n,
        ),
    )


def _name(model: str) -> str:
    return model.replace("rewire_within_type", "rewired within types").replace(
        "shuffle_weights", "weights shuffled"
    )


def _group(model: str) -> str:
    if model in (WIRED, BRIDGE):
        return "default"
    if "null" in model or model == CROSSED:
        return "null"
    return "transfer" if "fitted to P-EN1" in model else "baseline"


def _left_out(contents: StudyContents, measure: str, region: str) -> str:
    mine = [
        row
        for row in contents.measurements
        if (row.arm, row.measure) == (ARM, measure) and row.at.get("region") == region
    ]
    n = sum(math.isnan(row.value) for row in mine)
    return f" {n:,} of {len(mine):,} values do not exist and are left out." if n else ""
