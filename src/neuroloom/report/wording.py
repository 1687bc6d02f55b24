"""Plain words for what the score table holds, and the verdict its numbers support."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neuroloom.analysis.response_scores import beats
from neuroloom.errors import StudyError
from neuroloom.report.records import Score

__all__ = [
    "CHANCE",
    "GROUP_NAMES",
    "Headline",
    "Verdict",
    "brief",
    "headline",
    "interval_text",
    "measure_name",
    "number",
    "plain_name",
    "signed",
    "verdict",
    "verdict_text",
]

GROUP_NAMES = {
    "default": "This model",
    "variant": "Variants of this model",
    "null": "The same model on null wirings",
    "baseline": "Baselines",
    "ceiling": "Ceilings",
    "transfer": "Transfer to other data",
    "other": "Other",
}
_MEASURES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "correlation": "correlation",
    "rank_correlation": "rank correlation",
    "mse": "squared error",
    "identity_r2": "identity-line R²",
    "identity_r2_median": "median identity-line R²",
    "prevalence": "prevalence",
    "auroc_gain": "gain of this model in AUROC",
}
_NULLS = {
    "rewire": "rewired, every degree kept",
    "rewire_within_type": "rewired within cell types",
    "shuffle_weights": "weights shuffled",
    "shuffle_signs": "signs shuffled",
    "erdos_renyi": "random wiring of equal density",
}
CHANCE = {"auroc": 0.5, "correlation": 0.0, "identity_r2": 0.0, "identity_r2_median": 0.0}
_SMALLER_IS_BETTER = ("brier", "mse")
_HEADLINES = (
    ("held-out stimulated, pooled", "auroc"),
    ("held-out neurons", "identity_r2_median"),
    ("held-out neurons", "correlation"),
    ("held-out neurons", "identity_r2"),
)


@dataclass(frozen=True)
class Headline:
    """The one split and measure by which the arms are compared first.

    Attributes:
        split: As in `scores.csv`.
        measure: As in `scores.csv`.
        rows: The scores of that split and measure, one an arm.
        gains: Of the default over an arm, paired, where the run has it.
    """

    split: str
    measure: str
    rows: tuple[Score, ...]
    gains: Mapping[str, Score] = field(default_factory=dict)

    @property
    def sign(self) -> int:
        """+1 where larger is better, -1 where smaller is."""
        return -1 if self.measure in _SMALLER_IS_BETTER else 1

    @property
    def own(self) -> Score:
        """The default's."""
        return next(row for row in self.rows if row.arm == "default")

    def ranked(self, group: str) -> list[Score]:
        """Scores of one group of arms, best first."""
        return sorted(
            (row for row in self.rows if row.group == group), key=lambda row: -self.sign * row.value
        )


@dataclass(frozen=True)
class Verdict:
    """What the numbers allow one to say.

    Attributes:
        level: `yes`, `partly`, `no`, or `open` where there is nothing to compare with.
        title: One sentence.
        sentences: The figures behind it.
    """

    level: str
    title: str
    sentences: tuple[str, ...]


def plain_name(arm: str) -> str:
    """What a reader sees for an arm.

    Example:
        >>> plain_name("null: rewire"), plain_name("baseline: responder mean")
        ('null wiring: rewired, every degree kept', 'responder mean')
    """
    group, _, rest = arm.partition(":")
    rest = rest.strip()
    if arm == "default":
        return "this model"
    if group == "null" and rest:
        return f"null wiring: {_NULLS.get(rest, rest)}"
    return rest if group in ("baseline", "ceiling", "variant", "transfer") and rest else arm


def measure_name(measure: str) -> str:
    """What a reader sees for a measure."""
    return _MEASURES.get(measure, measure.replace("_", " "))


def number(value: float, digits: int = 3) -> str:
    """A number for reading: three decimals, or three digits where that says nothing.

    Example:
        >>> number(0.7512), number(0.00001234), number(23901.0), number(float("nan"))
        ('0.751', '1.23e-05', '23,901', '–')
    """
    value = float(value)
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == int(value) and abs(value) >= 10:
        return f"{int(value):,}".replace("-", "−")
    if value != 0 and (abs(value) < 0.5 * 10**-digits or abs(value) >= 1e4):
        return f"{value:.{digits}g}".replace("-", "−", 1) if value < 0 else f"{value:.{digits}g}"
    return f"{value:.{digits}f}".replace("-", "−")


def brief(value: float) -> str:
    """Three digits, but every digit before the point.

    Example:
        >>> brief(156592.0), brief(106.0979), brief(0.0008312), brief(-0.83)
        ('156,592', '106', '0.000831', '−0.83')
    """
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−", 1) if value < 0 else text


def signed(value: float) -> str:
    """Three decimals with their sign.

    Example:
        >>> signed(-0.0304), signed(0.2)
        ('−0.030', '+0.200')
    """
    return f"{'+' if value >= 0 else '−'}{abs(float(value)):.3f}"


def interval_text(low: float, high: float) -> str:
    """An interval for reading; empty where there is none.

    Example:
        >>> interval_text(0.7, 0.76), interval_text(-0.1, 0.2), interval_text(float("nan"), 1.0)
        ('0.700–0.760', '−0.100 to 0.200', '')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    between = " to " if low < 0 or high < 0 else "–"
    return f"{number(low)}{between}{number(high)}"


def headline(scores: Iterable[Score]) -> Headline:
    """The split and measure to compare first: AUROC of pooled held-out responses if there is one.

    Raises:
        StudyError: If the arm `default` has no value at all.
    """
    scores = [row for row in scores if not math.isnan(row.value)]
    pairs = [(row.split, row.measure) for row in scores if row.arm == "default"]
    if not pairs:
        arms = ", ".join(sorted({row.arm for row in scores})[:8]) or "no values"
        raise StudyError(
            f"`scores.csv` must have values of the arm `default`; it has {arms}. Run again with "
            "the command that made it."
        )
    plain = [pair for pair in pairs if pair[1] != "prevalence"] or pairs
    split, measure = next((pair for pair in _HEADLINES if pair in pairs), plain[0])
    rows = [row for row in scores if (row.split, row.measure) == (split, measure)]
    paired = f"{measure}_gain"
    gains = {row.arm: row for row in scores if (row.split, row.measure) == (split, paired)}
    return Headline(
        split, measure, tuple({row.arm: row for row in rows[::-1]}.values())[::-1], gains
    )


def verdict(head: Headline) -> Verdict:
    """Compare the default with each null wiring, the best baseline and the highest ceiling.

    A null wiring is beaten clearly by the rule of `beats`, where the run has paired gains. Where it
    has none, the interval of its draws must lie on the worse side of the default's whole 95 %
    interval. A baseline is beaten when the default's value is better.
    """
    own, sign = head.own, head.sign
    within = interval_text(own.low, own.high)
    sentences = [
        f"{measure_name(head.measure)} on “{head.split}”: {number(own.value)}"
        + (f" (95 % interval {within})." if within else ".")
    ]
    nulls, not_clear = head.ranked("null"), []
    for null in nulls:
        name = plain_name(null.arm).removeprefix("null wiring: ")
        gain = head.gains.get(null.arm)
        how = _how_beaten(own, null, sign, gain)
        if how != "clearly":
            not_clear.append(name)
        spread = interval_text(null.low, null.high)
        sentences.append(
            f"Null wiring, {name}: {number(null.value)}"
            + (f" (a further draw: {spread})" if spread else "")
            + f"; the real wiring is {_apart(sign * (own.value - null.value))}"
            + _why(how, gain)
        )
    baselines = head.ranked("baseline")
    if baselines:
        best = baselines[0]
        among = "The one baseline" if len(baselines) == 1 else f"Best of {len(baselines)} baselines"
        sentences.append(
            f"{among} ({plain_name(best.arm)}): {number(best.value)}; this model is "
            f"{_apart(sign * (own.value - best.value))}."
        )
    for top in head.ranked("ceiling")[:1]:
        other = f" on {top.n:,.0f} entries" if math.isfinite(top.n) and top.n != own.n else ""
        sentences.append(f"Ceiling ({plain_name(top.arm)}): {number(top.value)}{other}.")
    beaten = [sign * (own.value - row.value) > 0 for row in baselines]
    return Verdict(*_judgement(len(nulls), not_clear, beaten), tuple(sentences))


def _why(how: str, gain: Score | None) -> str:
    if gain is not None:
        paired = interval_text(gain.low, gain.high)
        end = " it is beaten" if how == "clearly" else " it is not shown to be beaten"
        return f" (paired, 95 % interval {paired}):{end}."
    return {
        "clearly": ", and the null lies outside of this model's interval.",
        "not clearly": ", but the null lies within this model's interval.",
        "not": ".",
    }[how]


def _how_beaten(own: Score, null: Score, sign: int, gain: Score | None) -> str:
    if gain is not None:
        return "clearly" if beats(own.value, null.high, gain.low) else "not clearly"
    best_null = null.high if sign > 0 else null.low
    worst_own = own.low if sign > 0 else own.high
    best_null = null.value if math.isnan(best_null) else best_null
    worst_own = own.value if math.isnan(worst_own) else worst_own
    if sign * (own.value - best_null) <= 0:
        return "not"
    return "clearly" if sign * (worst_own - best_null) > 0 else "not clearly"


def _judgement(n_nulls: int, not_clear: list[str], baselines: list[bool]) -> tuple[str, str]:
    """Level and title of the verdict; `baselines` says of each whether it is beaten."""
    if n_nulls == 0:
        return "open", "Not decided: this run has no null wiring to compare with."
    if len(not_clear) == n_nulls:
        return "no", "This run does not show that the real wiring matters."
    if not_clear:
        return "partly", (
            f"The real wiring clearly beats {n_nulls - len(not_clear)} of {n_nulls} null wirings; "
            f"it is not shown to matter against: {'; '.join(not_clear)}."
        )
    if not all(baselines):
        return "partly", (
            "The real wiring clearly beats every null wiring, "
            "but a baseline does as well or better."
        )
    return "yes", "The wiring helps: this model clearly beats every null wiring" + (
        ", and it beats every baseline." if baselines else "."
    )


def _apart(better_by: float) -> str:
    if better_by == 0:
        return "no better and no worse"
    return f"{number(abs(better_by))} {'better' if better_by > 0 else 'worse'}"


def verdict_text(verdict: str, reason: str = "") -> str:
    """The verdict in words; with the reason where it was not tested.

    Example:
        >>> verdict_text("pass"), verdict_text("not tested", "at this size: 2 of 5 seeds")
        ('pass', 'not tested at this size: 2 of 5 seeds')
    """
    if verdict != "not tested" or not reason:
        return verdict
    return f"not tested{' ' if reason.startswith('at this size') else ': '}{reason}"
