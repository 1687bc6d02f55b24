"""From the left mushroom body of the larva to the right."""

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.panels import Panel
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import (
    level,
    line_picture,
    line_through,
    repeats,
    steps,
    without_values,
)
from neuroloom.report.studies.constrained_networks.wiring import RECORDED
from neuroloom.report.study_contents import StudyContents
from neuroloom.report.wording import plain_name

__all__ = ["control_panels", "pictures", "sweep_panels"]

ARM = "larva"
RIGHT, LEFT = "right, none recorded", "left, unrecorded"
FIXED = {
    "true types": "ceiling",
    "left type course": "variant",
    "own mean": "transfer",
    "untrained": "other",
}
NAMES = {
    "wiring": "wiring, parameters from the left",
    "true types": "ceiling: the teacher's types",
    "left type course": "mean course of the type, left",
    "own mean": "true mean of each right neuron",
    "untrained": "untrained network",
}


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Every model at the largest number recorded, and error against that number."""
    found = []
    panels = control_panels(contents)
    if panels:
        most = max(_numbers(contents), default=0)
        found.append(
            Picture(
                "larva-models",
                "Larva, left to right: error by model",
                f"Parameters by cell type, learned from {most:g} neurons on the left wiring, "
                "predict the right, where none was recorded, beside null wirings of the right, "
                "null wirings on both sides (refitted) and models without wiring. A dot is a "
                "teacher (null wirings: a draw), a bar the median." + without_values(contents, ARM),
                dot_panels(panels),
                wide=True,
                full=True,
            )
        )
    return (
        *found,
        *line_picture(
            contents,
            "larva-recorded",
            "Larva, left to right: error against number recorded",
            "Recorded are M neurons on the left; scored are the others there, and all neurons on "
            "the right.",
            sweep_panels(contents),
            (ARM,),
        ),
    )


def control_panels(contents: StudyContents) -> tuple[DotPanel, ...]:
    """Squared error and correlation of every model on the right, at the largest M."""
    numbers = _numbers(contents)
    models = [str(m) for m in steps(contents, "model", ARM)]
    first = [m for m in (*NAMES,) if m in models]
    order = [*first[:2], *(m for m in models if m not in NAMES), *first[2:]]
    panels = []
    for title, measure, what in (
        ("Squared error", "mse", "mean squared error, right (rate²)"),
        ("Correlation", "1-rho", "1 − correlation, right, median neuron"),
    ):
        dots = []
        for model in order:
            with_number = [
                r
                for r in contents.measurements
                if r.at.get("model") == model
                and r.arm == ARM
                and r.split == RIGHT
                and "n_recorded" in r.at
            ]
            at = {"n_recorded": numbers[-1]} if with_number else {}
            values = repeats(contents, ARM, RIGHT, measure, model=model, **at)
            if values.size:
                dots.append(Dots(_name(model), values, _group(model)))
        if dots:
            panels.append(DotPanel(title, what, tuple(dots), "log"))
    return tuple(panels)


def sweep_panels(contents: StudyContents) -> tuple[Panel, ...]:
    """Error against M on both sides."""

    def line(name: str, group: str, split: str, model: str) -> tuple[Line, ...]:
        return line_through(contents, name, group, ARM, split, "mse", model=model)

    nulls = [
        one
        for model in steps(contents, "model", ARM)
        for one in line(_name(str(model)), "null", RIGHT, str(model))
        if model not in NAMES and len(one.points) > 1
    ]
    levels: tuple[Level, ...] = ()
    for model, group in FIXED.items():
        if model != "own mean":
            levels += level(contents, NAMES[model], group, ARM, RIGHT, "mse", model=model)
    what = "mean squared error (rate²)"
    right = (*line("wiring", "default", RIGHT, "wiring"), *nulls)
    return (
        Panel("Left, unrecorded", RECORDED, what, line("wiring", "default", LEFT, "wiring")),
        Panel("Right, none recorded", RECORDED, what, right, levels),
    )


def _numbers(contents: StudyContents) -> list[float]:
    return [float(m) for m in steps(contents, "n_recorded", ARM)]


def _name(model: str) -> str:
    kind, _, way = model.partition(", ")
    return NAMES.get(model) or plain_name(f"null: {kind}") + (f", {way}" if way else "")


def _group(model: str) -> str:
    return "default" if model == "wiring" else FIXED.get(model, "null")
