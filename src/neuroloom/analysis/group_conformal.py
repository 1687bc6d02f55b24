"""Intervals for neurons that were never recorded, from the errors on neurons that were held out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.errors import InputError

__all__ = ["Calibration", "GroupCoverage", "GroupScores", "least_groups"]


def least_groups(level: float) -> int:
    """The fewest held-out groups from which an interval of this level can be had.

    Example:
        >>> least_groups(0.9), least_groups(0.95)
        (9, 19)
    """
    return max(1, math.ceil(level / (1 - level) - 1e-9))


class GroupCoverage(NamedTuple):
    """How often intervals hold what they promise, on groups that had no part in their own.

    Attributes:
        nominal: What they promise.
        achieved: Mean over groups of the share of a group's entries inside.
        by_group: That share, of each group.
        bounded: Whether every interval is finite. If not, inside says nothing.
    """

    nominal: float
    achieved: float
    by_group: Float[np.ndarray, " group"]
    bounded: bool


@dataclass(frozen=True, eq=False)
class GroupScores:
    r"""Errors of held-out groups in units of a scale: how far an interval must reach.

    A group is a neuron (or homologs held out together), an entry one of its samples. Samples of
    one neuron are alike; neurons can be exchanged for one another. So a neuron counts once, however
    many samples it has, and one more neuron, of which nothing is known, counts too:

    $$q = \inf \{ x : \frac{1}{K + 1} \sum_{k=1}^{K} \frac{1}{n_k}
    \#\{ i : s_{ki} \le x \} \ge \ell \}, \qquad s_{ki} = |e_{ki}| / \sigma_{ki}$$

    A sample of a further group is within q of its prediction, in units of its own scale, with
    probability at least l over the choice of groups. q is infinite where K < l / (1 - l): so few
    groups cannot tell.

    Attributes:
        error: Predicted minus measured, of each held-out entry.
        scale: What the error is expected to be in proportion to, in the same unit; positive. It may
            follow from predictions and from what was observed, never from held-out measurements.
        group: The group of each entry.

    Raises:
        InputError: If an error is not finite, a scale not positive, or nothing was held out.

    Source:
        Lee, Barber and Willett, Distribution-free inference with hierarchical data (2023),
        hierarchical conformal prediction; scores in units of a scale: Lei et al., J. Am. Stat.
        Assoc. 113:1094 (2018). That groups are left out in turn, to report coverage, is ours.
    """

    error: Float[np.ndarray, " entry"]
    scale: Float[np.ndarray, " entry"]
    group: Shaped[np.ndarray, " entry"]

    def __post_init__(self) -> None:
        bad = ~np.isfinite(self.error) | ~(self.scale > 0) | ~np.isfinite(self.scale)
        if bad.any() or not bad.size:
            raise InputError(
                "Every held-out entry must have a finite error and a positive scale; "
                f"{bad.sum():,} of {bad.size:,} have not. Leave entries that were not measured "
                "out, and hold out at least one neuron."
            )

    @cached_property
    def groups(self) -> Shaped[np.ndarray, " group"]:
        """The groups, sorted."""
        return np.unique(self.group)

    def factor(self, level: float) -> float:
        """By how many scales an interval must reach around the prediction of a further group.

        Args:
            level: Nominal coverage, above 0 and below 1.

        Returns:
            Infinite where the groups are fewer than `least_groups(level)`.
        """
        return self._quantile(level, None)

    def factor_without(self, level: float) -> Float[np.ndarray, " group"]:
        """The same for each of the held-out groups, from the other groups alone."""
        return np.array([self._quantile(level, k) for k in range(len(self.groups))])

    def inside(self, reach: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
        """Share of each group's entries that are within so many scales."""
        return np.array([(own <= far).mean() for own, far in zip(self._own, reach, strict=True)])

    @cached_property
    def log_scale(self) -> Float[np.ndarray, " group"]:
        """Mean log of the scale of each group."""
        place = np.searchsorted(self.groups, self.group)
        return np.bincount(place, np.log(self.scale)) / np.bincount(place)

    @cached_property
    def _own(self) -> list[np.ndarray]:
        """Sorted scores of each group."""
        score = np.abs(self.error) / self.scale
        return [np.sort(score[self.group == one]) for one in self.groups]

    @cached_property
    def _all(self) -> tuple[np.ndarray, np.ndarray]:
        """All scores, sorted, and the weight of those up to each; a group weighs 1 in all."""
        score = np.concatenate(self._own)
        weight = np.concatenate([np.full(len(own), 1 / len(own)) for own in self._own])
        order = np.argsort(score, kind="stable")
        return score[order], np.cumsum(weight[order])

    def _quantile(self, level: float, without: int | None) -> float:
        if not 0 < level < 1:
            raise InputError(
                f"A level must be above 0 and below 1; got {level}. For 90 % write 0.9."
            )
        n_others = len(self.groups) - (without is not None)
        if n_others < least_groups(level):
            return math.inf
        score, weight = self._all
        needed = level * (n_others + 1) - 1e-9
        low, high = 0, len(score) - 1
        while low < high:  # the weight of other groups up to a score rises with the score
            middle = (low + high) // 2
            here = float(weight[np.searchsorted(score, score[middle], side="right") - 1])
            if without is not None:
                own = self._own[without]
                here -= float(np.searchsorted(own, score[middle], side="right")) / len(own)
            low, high = (low, middle) if here >= needed else (middle + 1, high)
        return float(score[low])


@dataclass(frozen=True, eq=False)
class Calibration:
    """Several scales for the same held-out errors, and the one that gives the narrowest intervals.

    A scale that follows the errors makes most intervals narrower; one that does not makes them
    wider. Which it is, the held-out groups say: the scale with the smallest geometric mean of
    interval widths over groups is taken. For the interval of a held-out group it is chosen by the
    others. Choosing among few scales costs a little of the guarantee of a single one; the coverage
    that is reported pays for it too.

    Attributes:
        scores: By the name of the scale. All of the same entries.
    """

    scores: Mapping[str, GroupScores]

    @property
    def groups(self) -> Shaped[np.ndarray, " group"]:
        """The held-out groups, sorted."""
        return next(iter(self.scores.values())).groups

    def chosen(self, level: float) -> tuple[str, float]:
        """The scale for a further group, and by how many of them its interval reaches."""
        factor = {name: scores.factor(level) for name, scores in self.scores.items()}

        def width(name: str) -> float:
            return math.log(factor[name]) + float(self.scores[name].log_scale.mean())

        name = min(factor, key=width)
        return name, factor[name]

    def chosen_without(self, level: float) -> list[tuple[str, float]]:
        """The same for each held-out group, from the other groups alone."""
        names = list(self.scores)
        factor = np.array([self.scores[name].factor_without(level) for name in names])
        size = np.array([self.scores[name].log_scale for name in names])
        n = size.shape[1]
        others = (size.sum(axis=1, keepdims=True) - size) / max(n - 1, 1)
        with np.errstate(divide="ignore"):
            best = np.argmin(np.log(factor) + others, axis=0)
        return [(names[b], float(factor[b, k])) for k, b in enumerate(best)]

    def coverage(self, level: float) -> GroupCoverage:
        """What intervals of this level achieve, each group's from the other groups alone."""
        chosen = self.chosen_without(level)
        by_group = np.zeros(len(chosen))
        for name, scores in self.scores.items():
            reach = np.array([far if of == name else 0.0 for of, far in chosen])
            mine = np.array([of == name for of, _ in chosen])
            by_group[mine] = scores.inside(reach)[mine]
        bounded = all(math.isfinite(far) for _, far in chosen)
        return GroupCoverage(level, float(by_group.mean()), by_group, bounded)
