"""The parts of the page, in order; a part the run has nothing for is left out."""

from neuroloom.report.contents import RunContents
from neuroloom.report.data_gallery import activity_pictures, response_pictures
from neuroloom.report.gallery import (
    calibration_pictures,
    curve_pictures,
    neuron_pictures,
    null_pictures,
    score_pictures,
    uncertainty_pictures,
)
from neuroloom.report.layout import Fact, Section
from neuroloom.report.provenance import citations, provenance_section
from neuroloom.report.tables import (
    every_measurement,
    neuron_table,
    score_table,
)
from neuroloom.report.unrecorded_gallery import (
    level_pictures,
    plan_pictures,
    unrecorded_pictures,
)
from neuroloom.report.wording import Headline, interval_text, measure_name, number, plain_name

__all__ = ["headline_facts", "page_sections"]


def headline_facts(contents: RunContents, head: Headline) -> tuple[Fact, ...]:
    """The default, its best null wiring and baseline, the ceiling, and the share of positives."""
    own = head.own
    within = interval_text(own.low, own.high)
    note = f"{measure_name(head.measure)}" + (f", 95 % interval {within}" if within else "")
    facts = [Fact("this model", number(own.value), note, "default")]
    titles = {"null": "best null wiring", "baseline": "best baseline", "ceiling": "highest ceiling"}
    for group, title in titles.items():
        for best in head.ranked(group)[:1]:
            name = plain_name(best.arm).removeprefix("null wiring: ")
            facts.append(Fact(title, number(best.value), name, group))
    for row in contents.scores:
        if (row.arm, row.split, row.measure) == ("default", head.split, "prevalence"):
            share = f"{100 * row.value:.1f} %"
            facts.append(Fact("prevalence", share, "of scored pairs are responses"))
    return tuple(facts)


def page_sections(contents: RunContents, head: Headline) -> tuple[Section, ...]:
    """Every part that has something to show."""
    about = contents.about
    parts = [
        Section(
            "scores",
            "Scores",
            "All arms predict the same held-out data. Baselines say what is reached without the "
            "model, null wirings what it reaches without the real wiring, and a ceiling what can "
            "be reached at all.",
            pictures=score_pictures(contents, head),
            tables=(score_table(contents.scores), every_measurement(contents.scores)),
        ),
        Section(
            "nulls",
            "Real wiring against null wirings",
            "The same model is fitted anew on wirings in which some of the order is destroyed. "
            "Only what the real wiring adds to these is evidence for the wiring.",
            pictures=null_pictures(contents, head),
        ),
        _data_section(contents),
        Section(
            "calibration",
            "Are the predicted numbers right?",
            "A score says whether large comes before small. These figures say whether a predicted "
            "number can be taken at its word.",
            pictures=calibration_pictures(contents),
        ),
        Section(
            "curves",
            "ROC and precision-recall curves",
            "How many responses are found, and at what price in false calls.",
            pictures=curve_pictures(contents),
        ),
        Section(
            "neurons",
            "Scores of single neurons",
            "Where the model can be used, and where it cannot. Extremes of so many neurons are "
            "partly luck: look at n before trusting a name.",
            pictures=neuron_pictures(contents),
            tables=(neuron_table(contents.neurons),),
        ),
        Section(
            "uncertainty",
            "Uncertainty",
            "Members of the ensemble agree on some predictions and not on others, and each "
            "prediction has an interval. Both are held against what was measured.",
            facts=_coverage_facts(contents),
            pictures=(*level_pictures(contents), *uncertainty_pictures(contents)),
        ),
        Section(
            "unrecorded",
            "Neurons that were never recorded",
            "Nothing can be held against these predictions. Their intervals rest on the errors "
            "made on recorded neurons that were held out, and hold as far as the recorded neurons "
            "are a fair sample of all.",
            pictures=unrecorded_pictures(contents),
        ),
        Section(
            "plan",
            "What to record next",
            "The neurons whose recording is expected to tell most of all others, beside random "
            "and worst choices.",
            facts=_plan_facts(contents),
            pictures=plan_pictures(contents),
        ),
        Section(
            "methods",
            "Methods",
            "What was done, with its sizes.",
            sentences=tuple(map(str, about["methods"])),
        ),
        Section(
            "audit",
            "Audit of the data",
            "What was kept, renamed and left out on the way in. Nothing is repaired in silence.",
            sentences=tuple(map(str, about["audit"])),
        ),
        provenance_section(about),
        Section(
            "citations",
            "Citations",
            "Please cite these with any use of the results.",
            sentences=citations(about),
        ),
    ]
    return tuple(part for part in parts if not part.empty)


def _data_section(contents: RunContents) -> Section:
    if contents.about["job"] == "responses":
        return Section(
            "responses",
            "Wiring and responses",
            "The same neurons stand in the same place of every matrix: stimulated neurons (which "
            "send) along the bottom, responders (which receive) down the side.",
            pictures=response_pictures(contents),
        )
    return Section(
        "activity",
        "Held-out neurons",
        "The model was fitted to the other neurons alone; what these did it had to infer from the "
        "wiring.",
        pictures=activity_pictures(contents),
    )


def _coverage_facts(contents: RunContents) -> tuple[Fact, ...]:
    coverage = contents.about["coverage"]
    nominal = coverage.get("nominal")
    n = coverage.get("n")
    what = f"{n:,.0f} held-out measurements" if n else "held-out measurements"
    if n and coverage.get("n_neurons"):
        what = f"{n:,.0f} measurements of {coverage['n_neurons']:,.0f} held-out neurons"
    of = f"of {what} lie inside"
    facts = []
    if nominal is not None:
        facts.append(
            Fact("nominal coverage", _percent(float(nominal)), "what an interval promises")
        )
    if coverage.get("interval_achieved") is not None:
        facts.append(
            Fact("intervals achieve", _percent(float(coverage["interval_achieved"])), of, "default")
        )
    elif nominal is not None:
        facts.append(Fact("intervals achieve", "infinite", "too few neurons held out", "default"))
    if coverage.get("ensemble_achieved") is not None:
        facts.append(
            Fact(
                "ensemble spread alone achieves",
                _percent(float(coverage["ensemble_achieved"])),
                "it knows nothing of measurement noise or of shared errors",
                "null",
            )
        )
    return tuple(facts)


def _plan_facts(contents: RunContents) -> tuple[Fact, ...]:
    if not contents.plan:
        return ()
    first, last = contents.plan[0], contents.plan[-1]
    names = ", ".join(row.neuron for row in contents.plan)
    unit = contents.unit
    fall = f"{number(first.error_before)} to {number(last.error_after)}"
    return (
        Fact("record next", names, "in this order", "default"),
        Fact("expected error falls", fall, f"{unit}, over unrecorded neurons"),
        Fact("as many at random", number(last.random_after), f"{unit}, median of draws", "null"),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
