"""Wang's rule for the classes: which template does the height of the bump follow?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num, Shaped

from neuroloom.analysis.tuning.cell_class import COMPASS, REMOVED, SHIFTER_MINUS, SHIFTER_PLUS
from neuroloom.analysis.tuning.joint_map import joint_map
from neuroloom.errors import InputError

__all__ = ["TemplateClasses", "TemplateRule", "template_classes"]

BOTH = "both ways"  # fires more when turning either way
STATIONARY = "stationary"  # fires more at rest
NAMES = (SHIFTER_MINUS, SHIFTER_PLUS, STATIONARY, BOTH)


@dataclass(frozen=True)
class TemplateRule:
    """Numbers of the rule, made for rates of about 1.

    Attributes:
        n_headings: Bins of heading.
        n_velocities: Bins of angular velocity, an even number.
        least_peak: Units whose largest mean rate stays below are removed.
        compass_variance: Units whose peak rates vary less over velocities are compass units.
        still: Part of the largest velocity below which the stationary template is 1 - |v|.
    """

    n_headings: int = 36
    n_velocities: int = 20
    least_peak: float = 0.05
    compass_variance: float = 1e-3
    still: float = 0.5


@dataclass(frozen=True)
class TemplateClasses:
    """Classes by templates, and how well each template fits.

    Attributes:
        classes: "compass", "shifter+", "shifter-", "removed", or here also "stationary" and
            "both ways", which the other rules do not know.
        correlation: With the templates shifter-, shifter+, stationary, both ways; NaN where the
            peak rate does not vary.
        peak: Largest mean rate over headings, by angular velocity.
        velocity: Its bins, as parts of the largest velocity.
    """

    classes: Shaped[np.ndarray, " neuron"]
    correlation: Float[np.ndarray, "neuron template"]
    peak: Float[np.ndarray, "neuron velocity"]
    velocity: Float[np.ndarray, " velocity"]


def template_classes(
    heading: Float[np.ndarray, "trial time"],
    angular_velocity: Float[np.ndarray, "trial time"],
    rates: Num[np.ndarray, "trial time neuron"],
    *,
    rule: TemplateRule | None = None,
) -> TemplateClasses:
    r"""Class of each unit by the template that its peak rate follows over angular velocity.

    With v as a part of the largest velocity (3 SD), the templates are |v| for v < 0 (shifter-), v
    for v > 0 (shifter+), 1 - |v| for |v| < .5 (stationary) and |v| (both ways), each 0 elsewhere. A
    unit whose peak rate hardly varies is a compass unit.

    Args:
        heading: In rad; NaN where unknown.
        angular_velocity: In rad/step, counter-clockwise positive; NaN where unknown.
        rates: NaN where not observed.
        rule: Default as published, with bins of ours.

    Raises:
        InputError: As `head_direction_tuning`; if numbers of the rule are out of range.

    Source:
        P. Wang, code of Neural_head_direction. There 1 - |v| is in units of the largest velocity of
        the task; bins of 10 deg and 3/10 SD are ours.
    """
    rule = rule or TemplateRule()
    if not (0 < rule.still <= 1 and rule.least_peak >= 0 and rule.compass_variance >= 0):
        raise InputError(
            "`still` must be above 0 and at most 1, `least_peak` and `compass_variance` at least "
            f"0; got {rule}. Scale bounds with the rates."
        )
    found = joint_map(
        heading,
        angular_velocity,
        rates,
        n_headings=rule.n_headings,
        n_velocities=rule.n_velocities,
    )
    known = ~np.isnan(found.rate)
    peak = np.max(found.rate, axis=1, where=known, initial=-np.inf)
    peak = np.where(known.any(axis=1), peak, np.nan)
    n = rule.n_velocities
    v = (2 * np.arange(n) + 1 - n) / n
    size = np.abs(v)
    templates = np.stack(
        [
            np.where(v < 0, size, 0.0),
            np.where(v > 0, size, 0.0),
            np.where(size < rule.still, 1 - size, 0.0),
            size,
        ]
    )
    correlation = _correlations(peak, templates)
    seen = ~np.isnan(peak)
    n_seen = np.maximum(seen.sum(axis=1), 1)
    mean_peak = np.where(seen, peak, 0.0).sum(axis=1) / n_seen
    variance = np.where(seen, (peak - mean_peak[:, None]) ** 2, 0.0).sum(axis=1) / n_seen
    silent = np.max(peak, axis=1, where=seen, initial=0.0) < rule.least_peak
    best = np.array(NAMES)[np.argmax(np.nan_to_num(correlation, nan=-2.0), axis=1)]
    classes = np.select([silent, variance < rule.compass_variance], [REMOVED, COMPASS], best)
    return TemplateClasses(classes, correlation, peak, v)


def _correlations(peak: np.ndarray, templates: np.ndarray) -> Float[np.ndarray, "neuron template"]:
    seen = ~np.isnan(peak)
    n = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    off_peak = np.where(seen, peak - np.where(seen, peak, 0.0).sum(axis=1, keepdims=True) / n, 0.0)
    mean_template = seen @ templates.T / n
    together = off_peak @ templates.T
    spread = np.maximum(seen @ (templates**2).T - n * mean_template**2, 0.0)
    size = np.sqrt((off_peak**2).sum(axis=1, keepdims=True) * spread)
    return np.where(size > 1e-12, together / np.where(size > 1e-12, size, 1.0), np.nan)
