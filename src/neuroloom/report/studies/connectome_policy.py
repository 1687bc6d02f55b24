"""Figures of the connectome-policy study, in the order of its arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neuroloom.report.figures.along import Level, Line
from neuroloom.report.figures.circuit import class_matrices, motor_circuit
from neuroloom.report.figures.dots import DotPanel, Dots, dot_panels
from neuroloom.report.figures.film import film, still
from neuroloom.report.figures.gait import Gait, chain_points, gaits
from neuroloom.report.figures.panels import Panel, line_panels
from neuroloom.report.layout import Film, Picture
from neuroloom.report.study_contents import StudyContents
from neuroloom.studies.connectome_policy.bodies import BODY
from neuroloom.studies.connectome_policy.config import PORTED, SIMPLE, WIRED
from neuroloom.studies.connectome_policy.controllers import NULLS, circuit_of, drawn_wiring
from neuroloom.studies.connectome_policy.off_domain_arm import (
    CHEETAH,
    DIGITS,
    FINAL,
    OFF_DOMAIN,
)
from neuroloom.studies.connectome_policy.realism_arm import LEVELS, REALISM, WIRINGS
from neuroloom.studies.connectome_policy.statistics_arm import PUBLISHED, STATISTICS
from neuroloom.studies.connectome_policy.swim_arm import BUILT, SWIM
from neuroloom.studies.connectome_policy.wiring_arm import OTHER, WIRING

__all__ = ["circuit_pictures", "pictures"]

REAL = "real"
NETWORKS = {"real": "default", "rewired": "null", "perceptron": "baseline", "linear": "baseline"}
SECONDS = 20.0  # of an episode that are drawn
FILMED, FRAME = 10.0, 0.08  # s of a film, and from frame to frame


def pictures(contents: StudyContents) -> tuple[Picture, ...]:
    """Those of the arms that were run."""
    return (
        *circuit_pictures(contents),
        *_curves(contents),
        *_ends(contents),
        *_gaits(contents),
        *_films(contents),
        *_afterwards(contents),
        *_statistics(contents),
        *_realism(contents),
        *_off_domain(contents),
        *_swim(contents),
    )


def circuit_pictures(contents: StudyContents) -> Iterator[Picture]:
    """Each circuit along its body, and class by class beside nulls that were run.

    Args:
        contents: Of the run.
    """
    cells = [row.at for row in contents.measurements if row.arm in (WIRING, OTHER)]
    for number, name in enumerate(dict.fromkeys(str(at["circuit"]) for at in cells)):
        circuit = circuit_of(name)
        yield Picture(
            f"circuit-{number + 1}",
            f"The circuit: {name}",
            "Every cell in its segment, head at the left; a line from sender to receiver ends in a "
            "dot and grows with the root of its count. Orange neurons excite, blue ones inhibit.",
            motor_circuit(circuit),
            wide=True,
            full=True,
        )
        mine = [at for at in cells if at["circuit"] == name]
        there = {str(at["wiring"]) for at in mine}
        seed = min(int(float(str(at["seed"]))) for at in mine)
        shown = [one for one in (REAL, *NULLS) if one in there][:4]
        yield Picture(
            f"classes-{number + 1}",
            f"Who contacts whom: {name} and its nulls",
            "Counts of connections from class to class, with their sign; of each null the first "
            f"draw of seed {seed}.",
            class_matrices({one: drawn_wiring(circuit, one, seed, 0) for one in shown}),
            wide=True,
            full=True,
        )


def group_of(name: str) -> str:
    """Whose color an arm of the wiring has.

    Args:
        name: Of the arm.
    """
    if name == REAL:
        return "default"
    return "variant" if name in PORTED else "null" if name in WIRED else "baseline"


def _arms(contents: StudyContents) -> list[str]:
    there = {str(row.at["wiring"]) for row in contents.scores if row.arm == WIRING}
    return [name for name in (*WIRED, *PORTED, *SIMPLE) if name in there]


def _curves(contents: StudyContents) -> Iterator[Picture]:
    names, panels = _arms(contents), []
    for title, chosen in (
        ("the circuit and its nulls", [n for n in names if n in WIRED]),
        ("other ports", [n for n in names if n == REAL or n in PORTED]),
        ("simple controllers", [n for n in names if n == REAL or n in SIMPLE]),
    ):
        lines = []
        for name in chosen:
            points = contents.line("env_steps", WIRING, "search", "return", wiring=name)
            if len(points):
                points[:, 0] /= 1e3
                lines.append(Line(name, name, points, group_of(name)))
        if len(lines) > 1:
            panels.append(Panel(title, "thousand steps of the body", "return", tuple(lines)))
    if panels:
        yield Picture(
            "learning-curves",
            "Learning to swim",
            "Return of the mean policy of the search on starts that the search never meets, "
            "against steps of the body that were spent; means over seeds and draws with 95 % "
            "intervals over seeds.",
            line_panels(panels),
            wide=True,
            full=True,
        )


def _repeats(contents: StudyContents, arm: str, split: str, measure: str, **at: str) -> np.ndarray:
    """Every value, draws of a seed averaged."""
    by_seed: dict[object, list[float]] = {}
    for row in contents.measurements:
        if (row.arm, row.split, row.measure) == (arm, split, measure) and all(
            row.at.get(name) == value for name, value in at.items()
        ):
            by_seed.setdefault(row.at.get("seed"), []).append(row.value)
    means = np.array([np.mean(values) for values in by_seed.values()])
    return means[np.isfinite(means)]


def _dots(
    contents: StudyContents, measure: str, names: Sequence[str], split: str, **at: str
) -> tuple[Dots, ...]:
    found = []
    for name in names:
        values = _repeats(contents, WIRING, split, measure, wiring=name, **at)
        if values.size:
            found.append(Dots(name, values, group_of(name)))
    return tuple(found)


def _ends(contents: StudyContents) -> Iterator[Picture]:
    names, panels = _arms(contents), []
    for measure, title in (
        ("initial", "before the search"),
        ("area", "on the way (area)"),
        ("final", "at the end"),
    ):
        dots = _dots(contents, measure, names, "search")
        if dots:
            panels.append(DotPanel(title, "return", dots, chance=0.0))
    if panels:
        yield Picture(
            "returns",
            "What each arm earns",
            "Return of the mean policy before the search, on its way (area under the learning "
            "curve over its length) and at its end. A point a seed, draws of a null averaged; the "
            "bar and the number are the median.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _gaits(contents: StudyContents) -> Iterator[Picture]:
    shown = []
    for name in _arms(contents):
        best = _best(contents, name)
        if best is None:
            continue
        n = min(len(best["state"]), int(SECONDS / float(best["dt"])))
        circuit = "dorsal" in best
        drive = best["dorsal"] - best["ventral"] if circuit else np.clip(best["action"], -1, 1)
        shown.append(
            Gait(
                f"{name}: best seed, return {best['reward'].sum():.0f}",
                chain_points(best["state"][:n].astype(float), BODY),
                drive[:n].astype(float),
                float(best["dt"]),
                "segment" if circuit else "joint",
            )
        )
    if shown:
        yield Picture(
            "gaits",
            "How they swim",
            f"The best seed of each arm in the first {SECONDS:g} s of a fresh episode. Above: "
            "the body, head marked, at eight equally spaced times, and the way of its middle. "
            "Below: mean activity of dorsal less that of ventral muscles, from head to tail; of "
            "controllers without muscles the torque of each joint.",
            gaits(shown, measure="dorsal less ventral, or torque"),
            wide=True,
            full=True,
        )


def _films(contents: StudyContents) -> Iterator[Picture]:
    for number, name in enumerate(_arms(contents)):
        best = _best(contents, name)
        if best is None:
            continue
        dt = float(best["dt"])
        every = max(1, round(FRAME / dt))
        shown = best["state"][: int(FILMED / dt) : every].astype(float)
        gif = film(chain_points(shown, BODY), dt=every * dt)
        yield Film(
            f"film-{number + 1}",
            f"{name}, return {best['reward'].sum():.0f}",
            f"The best seed of `{name}` in the first {FILMED:g} s of a fresh episode, from above; "
            "tiles of 1 m, the head dark.",
            still(gif),
            gif=gif,
        )


def _best(contents: StudyContents, name: str) -> Mapping[str, np.ndarray] | None:
    cells = [arrays for _, arrays in contents.arrays(WIRING, wiring=name) if "state" in arrays]
    return max(cells, key=lambda arrays: float(arrays["reward"].sum()), default=None)


def _afterwards(contents: StudyContents) -> Iterator[Picture]:
    names = _arms(contents)
    conditions = list(
        dict.fromkeys(
            str(row.at["condition"]) for row in contents.measurements if "condition" in row.at
        )
    )
    panels = [
        DotPanel(condition, "return", dots, chance=0.0)
        for condition in conditions
        if (dots := _dots(contents, "return", names, "afterwards", condition=condition))
    ]
    for first in range(0, len(panels), 3):
        last = min(first + 3, len(panels))
        yield Picture(
            f"afterwards-{first // 3 + 1}",
            "In other bodies, damaged, with noise" + (" (continued)" if first else ""),
            "Return after the search, without learning again. A point a seed, draws averaged. "
            "Of controllers without the circuit, those whose weights all joints share fit other "
            "bodies; none has a class of cells to lose.",
            dot_panels(panels[first:last]),
            wide=True,
            full=True,
        )


def _statistics(contents: StudyContents) -> Iterator[Picture]:
    names = list(
        dict.fromkeys(
            str(row.at["network"]) for row in contents.measurements if row.arm == STATISTICS
        )
    )
    lines = []
    for name in names:
        points = contents.line("env_steps", STATISTICS, "search", "return", network=name)
        if len(points):
            points[:, 0] /= 1e3
            lines.append(Line(name, name, points))
    if lines:
        levels = tuple(
            Level(f"{name}, published", value, value - spread, value + spread)
            for name, (value, spread) in PUBLISHED.items()
        )
        panel = Panel(
            "by the genetic algorithm", "thousand steps of the body", "return", tuple(lines), levels
        )
        yield Picture(
            "statistics",
            "Does it help to have the worm's numbers?",
            "Feed-forward networks with the paper's encoder, decoder and search. Dashed: final "
            "returns that the paper gives, of its own body and budget.",
            line_panels([panel]),
            wide=True,
            full=True,
        )


def _realism(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    there = dict.fromkeys(str(row.at["ports"]) for row in contents.scores if row.arm == REALISM)
    for ports in there:
        for measure, title in (("initial", "after shared weights"), ("final", "after each weight")):
            dots = tuple(
                Dots(level, values, "default" if wiring == REAL else "null", wiring)
                for level in LEVELS
                for wiring in WIRINGS
                if (
                    values := _repeats(
                        contents,
                        REALISM,
                        "each weight",
                        measure,
                        level=level,
                        wiring=wiring,
                        ports=ports,
                    )
                ).size
            )
            if dots:
                panels.append(DotPanel(f"{ports} ports, {title}", "return", dots, chance=0.0))
    if panels:
        yield Picture(
            "realism",
            "Levels of realism",
            "Return once shared weights were found, and once a genetic algorithm tuned each; with "
            "the paper's encoder and decoder (learned ports), or with joints and muscles by "
            "segment (anatomical ports). A point a seed.",
            dot_panels(panels),
            wide=True,
            full=True,
        )


def _off_domain(contents: StudyContents) -> Iterator[Picture]:
    panels = []
    for task, unit, x, y in (
        (CHEETAH, 1e3, "thousand steps of the body", "return"),
        (DIGITS, 1e6, "million steps of images", "part named rightly"),
    ):
        lines = []
        for name, group in NETWORKS.items():
            points = contents.line(
                "env_steps", OFF_DOMAIN, "search", "return", task=task, network=name
            )
            if len(points):
                points[:, 0] /= unit
                lines.append(Line(name, name, points, group))
        if lines:
            panels.append(Panel(task, x, y, tuple(lines)))
    if panels:
        yield Picture(
            "off-domain",
            "Where the circuit does not belong",
            "Gymnasium's half-cheetah on starts that the search never meets, and scikit-learn's "
            "digits, of the images that searches draw from; means over seeds with 95 % intervals.",
            line_panels(panels),
            wide=True,
            full=True,
        )
    dots = tuple(
        Dots(name, values, group)
        for name, group in NETWORKS.items()
        if (values := _repeats(contents, OFF_DOMAIN, *FINAL[DIGITS], network=name)).size
    )
    if dots:
        panel = DotPanel("digits, held out", "part named rightly", dots, chance=0.1)
        yield Picture(
            "digits",
            "Digits that no search has seen",
            "Part of the held-out fifth of the images that is named rightly; a point a seed. "
            "Dashed: by chance.",
            dot_panels([panel]),
        )


def _swim(contents: StudyContents) -> Iterator[Picture]:
    names = list(dict.fromkeys(row.split for row in contents.measurements if row.arm == SWIM))
    dots = []
    for name in names:
        values = _repeats(contents, SWIM, name, "return")
        if values.size:
            dots.append(Dots(name, values, "default" if name == BUILT else "null"))
    if dots:
        yield Picture(
            "ncap",
            "A circuit that swims untrained",
            "NCAP's circuit on its own swim task, of 1,000 at the most; a point a seed.",
            dot_panels([DotPanel("NCAP, no learning", "return", tuple(dots))]),
        )
