"""Claims and their verdicts. Only a finite number can pass or fail; all else is not tested."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neuroloom.errors import StudyError

if TYPE_CHECKING:
    from neuroloom.studies.framework.results import Results

__all__ = ["Claim", "NotTestedError", "Verdict", "judge_all"]


class NotTestedError(StudyError):
    """Raised in a judge, mostly by `Results.values`: the claim is not tested, for this reason."""


@dataclass(frozen=True)
class Verdict:
    """What became of a claim; made by `Verdict.of`.

    Attributes:
        outcome: pass, fail or not tested.
        value: What the criterion was held against; NaN where it was not tested.
        low: Lower end of its 95 % interval; NaN where there is none.
        high: Upper end.
        reason: What was found in words, or why it was not tested.
    """

    outcome: Literal["pass", "fail", "not tested"]
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.outcome != "not tested") is not math.isfinite(self.value):
            raise StudyError(
                "A verdict must rest on a finite number, or be none; got "
                f"`{self.outcome}` with {self.value}. Use `Verdict.of`."
            )

    @classmethod
    def of(
        cls,
        passed: bool | np.bool,
        value: float | int | np.number,
        *,
        low: float | int | np.number = math.nan,
        high: float | int | np.number = math.nan,
        reason: str = "",
    ) -> Verdict:
        """Pass or fail; not tested if `value` is not finite."""
        value = float(value)
        if not math.isfinite(value):
            return cls("not tested", reason=f"its measurement is {value}")
        return cls("pass" if passed else "fail", value, float(low), float(high), reason)


@dataclass(frozen=True)
class Claim:
    """A sentence that a study can find false.

    Attributes:
        id: A short name for tables.
        sentence: What is claimed.
        source: Who claims it: a paper and its figure, or us.
        measure: What is measured.
        criterion: When it passes, in words and numbers fixed before the result was seen.
        control: What the measurement is held against.
        arms: What it rests on. If one of these was not run, has no data, failed or is unfinished,
            the claim is not tested, and `judge` is not asked.
        judge: From the results and the config to the verdict. `Results.values` raises where rows
            are missing or NaN, so a judge that reads through it cannot pass on nothing.
    """

    id: str
    sentence: str
    source: str
    measure: str
    criterion: str
    control: str
    arms: tuple[str, ...]
    judge: Callable[[Results, Any], Verdict]


def _joined(reasons: Sequence[str]) -> str:
    """Reasons in one sentence, with what all of them begin with said once."""
    begin = "at this size: "
    if all(reason.startswith(begin) for reason in reasons):
        return begin + "; ".join(reason.removeprefix(begin) for reason in reasons)
    return "; ".join(reasons)


def judge_all(
    claims: Sequence[Claim], results: Results, config: Any, lacking: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The scorecard, and what is wrong with the judges themselves.

    Args:
        claims: Of a study.
        results: Of a run.
        config: Of the run.
        lacking: Why an arm cannot be judged, by name; arms that can be are not in it.
    """
    card, broken = [], []
    for claim in claims:
        reasons = [lacking[name] for name in claim.arms if name in lacking]
        try:
            if reasons:
                raise NotTestedError(_joined(reasons))
            verdict = claim.judge(results, config)
        except NotTestedError as error:
            verdict = Verdict("not tested", reason=str(error))
        except Exception as error:  # noqa: BLE001  the other claims are judged all the same
            line = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            verdict = Verdict("not tested", reason=f"its judge stopped: {line}")
            broken.append(f"the judge of claim {claim.id} stopped: {line}")
        texts = {n: getattr(claim, n) for n in ("id", "source", "measure", "criterion", "control")}
        found = {n: getattr(verdict, n) for n in ("value", "low", "high", "reason")}
        card.append(
            texts
            | {"claim": claim.sentence, "arms": list(claim.arms), "verdict": verdict.outcome}
            | found
        )
    return card, broken
