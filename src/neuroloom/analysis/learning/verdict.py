"""Sentences that numbers write: who is better, by how much, and when a baseline wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.learning.equivalence import Equivalence
from neuroloom.analysis.learning.interval import Interval
from neuroloom.analysis.learning.paired import Draws, nested_difference
from neuroloom.errors import InputError, nearest

__all__ = [
    "Standing",
    "equivalence_verdict",
    "ordering",
    "standing",
    "trend_verdict",
    "verdict",
]

Values = Mapping[str, Float[np.ndarray, "seed _"]]


def verdict(
    first: str,
    second: str,
    difference: Interval,
    *,
    measure: str = "return",
    baseline: bool = False,
) -> str:
    """One sentence on whether `first` is above `second`.

    Args:
        first: Name of the arm that the question is about.
        second: Name of the arm beside it.
        difference: Of first - second.
        measure: What differs, such as `final return`.
        baseline: Whether `second` is a simple method that needs no wiring. Where it is better, the
            sentence says that it wins.

    Example:
        >>> print(verdict("real", "MLP", Interval(-3.0, -4.0, -2.0, 10), baseline=True))
        The baseline wins: MLP is above real in return by 3 (95 % interval 2 to 4, 10 seeds).
    """
    if difference.above_zero:
        return f"{_upper(first)} is above {second} in {measure} by {_by(difference)}."
    if difference.below_zero:
        turned = _turned(difference)
        said = f"{second} is above {first} in {measure} by {_by(turned)}."
        return f"The baseline wins: {said}" if baseline else _upper(said)
    said = f"{_upper(first)} is not shown to differ from {second} in {measure}"
    return f"{said}: the difference is {_by(difference)}."


def trend_verdict(what: str, slope: Interval, *, measure: str = "return") -> str:
    """One sentence on whether `measure` rises with `what`.

    Args:
        what: What has levels, such as `realism`.
        slope: Of `trend`.
        measure: What was measured.
    """
    if slope.above_zero:
        return f"{_upper(measure)} rises with {what}, by {_by(slope)} a level."
    if slope.below_zero:
        return f"{_upper(measure)} falls with {what}, by {_by(_turned(slope))} a level."
    return f"{_upper(measure)} is not shown to change with {what}: {_by(slope)} a level."


def equivalence_verdict(
    first: str, second: str, found: Equivalence, *, measure: str = "return"
) -> str:
    """One sentence on whether two arms are as good as each other within the stated margin.

    Args:
        first: Name of the arm that the question is about.
        second: Name of the arm beside it.
        found: Of `equivalence`, first - second.
        measure: What was measured.
    """
    margin, ends = _number(found.margin), f"{_by(found.difference)}"
    if found.equivalent:
        return (
            f"{_upper(first)} and {second} are equivalent in {measure} within {margin}: they "
            f"differ by {ends}."
        )
    if found.different:
        return f"{_upper(first)} and {second} differ in {measure} by more than {margin}: {ends}."
    return (
        f"Whether {first} and {second} are equivalent in {measure} within {margin} is not decided: "
        f"they differ by {ends}."
    )


@dataclass(frozen=True)
class Standing:
    """Where one arm stands among its nulls and baselines.

    Attributes:
        differences: Focus minus each other arm.
        summary: One sentence on all nulls and all baselines.
        sentences: One a comparison, `summary` first.
    """

    differences: Mapping[str, Interval]
    summary: str
    sentences: tuple[str, ...]


def standing(
    values: Values,
    *,
    focus: str,
    nulls: tuple[str, ...] = (),
    baselines: tuple[str, ...] = (),
    rng: np.random.Generator,
    measure: str = "return",
    draws: Draws = Draws.OWN,
) -> Standing:
    """Where an arm stands: is its wiring worth anything, and does a simple method do better?

    Args:
        values: Seeds in rows and draws (rewired wirings) in columns, for every arm.
        focus: The arm that the question is about.
        nulls: Arms with destroyed wiring.
        baselines: Simple methods.
        rng: Randomness.
        measure: What was measured.
        draws: Whether seeds share draws.

    Raises:
        InputError: If an arm is not there, or the arms are not pairs.
    """
    for name in (focus, *nulls, *baselines):
        if name not in values:
            raise InputError(
                f"Every arm must have values; `{name}` has none. {nearest(name, values)}"
            )
    differences = {
        other: nested_difference(values[focus], values[other], rng=rng, draws=draws)
        for other in (*nulls, *baselines)
    }
    sentences = [
        verdict(focus, other, differences[other], measure=measure, baseline=other in baselines)
        for other in (*nulls, *baselines)
    ]
    summary = " ".join(
        said
        for said in (
            _on_nulls(focus, {name: differences[name] for name in nulls}),
            _on_baselines(focus, {name: differences[name] for name in baselines}),
        )
        if said
    )
    return Standing(differences, summary, (summary, *sentences) if summary else tuple(sentences))


def ordering(
    values: Values,
    order: tuple[str, ...],
    *,
    rng: np.random.Generator,
    measure: str = "return",
    draws: Draws = Draws.OWN,
) -> tuple[bool, tuple[Interval, ...], str]:
    """Whether arms are ordered as said: every step's interval must be above 0.

    Args:
        values: Seeds in rows and draws in columns, for every arm.
        order: Names, the best first; at least two.
        rng: Randomness.
        measure: What was measured.
        draws: Whether seeds share draws.

    Returns:
        Whether the whole order holds, the difference of each step, and a sentence.

    Raises:
        InputError: If fewer than two arms are named, or one has no values.
    """
    if len(order) < 2 or any(name not in values for name in order):
        raise InputError(
            f"An order must name at least 2 arms that have values; got {', '.join(order)}, and "
            f"values of {', '.join(sorted(values))}. Check the names."
        )
    steps = tuple(
        nested_difference(values[high], values[low], rng=rng, draws=draws)
        for high, low in pairwise(order)
    )
    holds = all(step.above_zero for step in steps)
    chain = " > ".join(f"{name} ({_number(float(values[name].mean()))})" for name in order)
    said = "is found" if holds else "is not found"
    each = " ".join(
        verdict(high, low, step, measure=measure)
        for (high, low), step in zip(pairwise(order), steps, strict=True)
    )
    return holds, steps, f"The order {chain} in {measure} {said}. {each}"


def _on_nulls(focus: str, found: Mapping[str, Interval]) -> str:
    if not found:
        return ""
    above = [name for name, one in found.items() if one.above_zero]
    below = [name for name, one in found.items() if one.below_zero]
    level = [name for name in found if name not in above and name not in below]
    if len(above) == len(found):
        return f"The wiring helps: {focus} is above {_all(above, 'null')}."
    said = []
    if above:
        said.append(f"{focus} is above {_list(above)}")
    if level:
        said.append(
            f"it is not told from {_list(level)}"
            if said
            else f"{focus} is not told from {_list(level)}"
        )
    if below:
        said.append(f"{_list(below)} {_is(below)} above {focus}")
    start = "Part of the wiring helps" if above else "The wiring is not shown to help"
    return f"{start}: {'; '.join(said)}."


def _on_baselines(focus: str, found: Mapping[str, Interval]) -> str:
    if not found:
        return ""
    winners = [name for name, one in found.items() if one.below_zero]
    ties = [n for n, one in found.items() if not one.below_zero and not one.above_zero]
    if winners:
        best = min(winners, key=lambda name: found[name].mean)
        rest = "" if len(winners) == 1 else f" (so {_is(winners)} {_list(winners)})"
        by = _number(-found[best].mean)
        return f"A simple baseline wins: {best} is above {focus} by {by}{rest}."
    if ties:
        return f"No baseline is above {focus}; it is not told from {_list(ties)}."
    return f"{_upper(focus)} is above {_all(list(found), 'baseline')}."


def _all(names: list[str], kind: str) -> str:
    return f"its {kind} {names[0]}" if len(names) == 1 else f"all its {kind}s: {_list(names)}"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _turned(one: Interval) -> Interval:
    return one._replace(mean=-one.mean, low=-one.high, high=-one.low)


def _by(one: Interval) -> str:
    return (
        f"{_number(one.mean)} ({one.level:.0%} interval {_number(one.low)} to "
        f"{_number(one.high)}, {one.n} seeds)".replace("% i", " % i", 1)
    )


def _number(value: float) -> str:
    size = abs(value)
    if size >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2g}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
