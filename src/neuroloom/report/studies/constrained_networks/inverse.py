"""What the closed-form inverse recovers, by method and noise: claim 7."""

from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.layout import Picture
from neuroloom.report.studies.constrained_networks.repeats import repeats, steps, without_values
from neuroloom.report.study_contents import StudyContents

__all__ = ["inverse_panels", "pictures"]

ARM = "closed-form-inverse"
QUANTITIES = {"weight": "weights", "tau": "time constants", "rest": "rest"}
SPLITS = ("all", "without autapses", "without autapse neurons", "identified")


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """One a recovered quantity, a panel a level of noise."""
    found = []
    for quantity, words in QUANTITIES.items():
        panels = inverse_panels(contents, quantity)
        if panels:
            found.append(
                Picture(
                    f"inverse-{quantity}",
                    f"Closed-form inverse: {words}",
                    f"R² of recovered {words} on the identity line, by what was regressed on what, "
                    "at each SD of the noise per step. 1 is perfect, the dashed line (0) no better "
                    "than their mean; the axis spreads values near 1 and ends at 0.999999. Noisy: "
                    "what is seen of states has noise of that SD as well. Rewired: the wiring is "
                    "not the true one."
                    " A dot is a network, a bar the median." + without_values(contents, ARM),
                    dot_panels(panels),
                    wide=len(panels) > 1,
                    full=len(panels) > 1,
                )
            )
    return tuple(found)


def inverse_panels(contents: StudyContents, quantity: str) -> tuple[DotPanel, ...]:
    """R2 of one quantity by method, a series for exact, noisy and rewired."""
    panels = []
    measure = f"r2_{quantity}"
    rows = [row for row in contents.measurements if row.arm == ARM and "method" in row.at]
    methods = list(dict.fromkeys(row.at["method"] for row in rows))
    for sigma in reversed(steps(contents, "sigma", ARM)):
        dots: list[Dots] = []
        for method in methods:
            for split in SPLITS if method == "clean derivative" else SPLITS[:1]:
                name = str(method) if split == "all" else f"{method}, {split}"
                for observed, group in (("exact", "default"), ("noisy", "null")):
                    at = {"sigma": sigma, "method": method, "observed": observed, "wiring": "true"}
                    values = repeats(contents, ARM, split, measure, **at)
                    if values.size:
                        dots.append(Dots(name, values, group, f"states seen: {observed}"))
            for wiring in steps(contents, "wiring", ARM):
                if wiring != "true":
                    at = {"sigma": sigma, "method": method, "wiring": wiring}
                    values = repeats(contents, ARM, "all", measure, **at)
                    if values.size:
                        dots.append(Dots(str(method), values, "baseline", "rewired wiring"))
        if dots:
            title = f"Noise of SD {sigma:g} per step"
            panels.append(
                DotPanel(
                    title, f"R² of {QUANTITIES[quantity]}, identity line", tuple(dots), "r2", 0.0
                )
            )
    return tuple(panels)
