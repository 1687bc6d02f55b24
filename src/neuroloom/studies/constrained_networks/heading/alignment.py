r"""Where a fly's regions begin and which way they run, from its E-PG and its turns alone.

Two things are unknown in each fly: where around the structure the first region lies (a shift) and
in which sense the regions are counted (a reflection). P-EN1 are never looked at.

* **Shift.** The wiring says how E-PG vary together: driven by noise, linear rates have the
  covariance $R R^T$, $R = (1 - W)^{-1}$. Each trial votes for the shift at which the measured
  correlations of the regions agree best with these; in the bridge, which has ends and a midline, it
  is taken if two or more trials agree on it and none differs, and is 0 otherwise. The ellipsoid
  body is a ring of eight nearly equal tiles: a shift by two wedges turns the prediction with it and
  changes little else. There the shift stays 0, whatever the votes.
* **Reflection.** The wiring is its own mirror image, so covariances decide nothing. The bump of
  E-PG moves against or along the turns of the fly; the regions are counted such that it moves
  along. The choice is the same for all flies; which sense is anatomically right stays open, and by
  the mirror symmetry it does not matter.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.rois import RoiMap

__all__ = ["Alignment", "align", "expected_correlation"]

STEP = 0.5  # s, over which movements are compared


class Alignment(NamedTuple):
    """How recorded regions become anatomical ones.

    Attributes:
        order: Recorded region of each anatomical one.
        shift: By how many regions, after reflecting.
        reflected: Whether they were recorded the other way round.
        agreement: Correlation of measured with expected E-PG correlations, at each shift, mean
            over trials.
        votes: The shift at which each trial agrees best.
        turning: Correlation of bump movement with turns, once aligned; above 0.
    """

    order: Int[np.ndarray, " roi"]
    shift: int
    reflected: bool
    agreement: Float[np.ndarray, " shift"]
    votes: Int[np.ndarray, " trial"]
    turning: float


def expected_correlation(
    weights: Float[np.ndarray, "neuron neuron"], rois: RoiMap
) -> Float[np.ndarray, "roi roi"]:
    """How the wiring expects E-PG regions to vary together; NaN where it has no E-PG.

    Args:
        weights: W[post, pre], signed, with no eigenvalue of real part 1 or more.
        rois: The regions.
    """
    response = np.linalg.inv(np.eye(len(weights)) - weights)
    seen = rois.epg_rois
    pooled = rois.epg[seen] @ response
    expected = np.full((len(rois.names),) * 2, np.nan)
    covariance = pooled @ pooled.T
    sd = np.sqrt(np.diag(covariance))
    expected[np.ix_(seen, seen)] = covariance / sd[:, None] / sd[None, :]
    return expected


def align(
    epg: list[Float[np.ndarray, "time roi"]],
    heading_rad: list[Float[np.ndarray, " time"]],
    dt: float,
    rois: RoiMap,
    expected: Float[np.ndarray, "roi roi"],
) -> Alignment:
    """Choose shift and reflection of one fly from trials that are not scored.

    Args:
        epg: E-PG of each trial, in any unit, in the recorded order.
        heading_rad: Heading of the fly, in radians, unwrapped.
        dt: Step, in seconds.
        rois: The regions.
        expected: From `expected_correlation`.

    Raises:
        InputError: If there is no trial, or the fly or its bump never moves.
    """
    n = len(rois.names)
    if not epg or any(trial.shape[1] != n for trial in epg):
        raise InputError(
            f"A fly must have trials to be aligned by, of {n} regions each; got "
            f"{[trial.shape for trial in epg]}. Raise `n_alignment_trials`, or use the regions "
            "that were recorded."
        )
    pairs = np.isfinite(expected) & np.triu(np.ones((n, n), dtype=bool), 1)
    measured = [np.corrcoef(trial.T) for trial in epg]
    best = []
    for reflected in (False, True):
        way = np.arange(n)[::-1] if reflected else np.arange(n)
        orders = [np.roll(way, -shift) for shift in range(n)]
        agreement = np.array(
            [
                [np.corrcoef(expected[pairs], one[np.ix_(o, o)][pairs])[0, 1] for o in orders]
                for one in measured
            ]
        )
        votes = agreement.argmax(axis=1)
        decided = rois.region == "PB" and len(votes) > 1 and (votes == votes[0]).all()
        shift = int(votes[0]) if decided else 0
        turning = _turning(epg, heading_rad, dt, rois.angle, orders[shift])
        best.append(
            Alignment(orders[shift], shift, reflected, agreement.mean(axis=0), votes, turning)
        )
    chosen = max(best, key=lambda a: a.turning)
    if not chosen.turning > 0:
        raise InputError(
            "A fly must turn, and its E-PG move, in the trials it is aligned by; the correlation "
            f"of both is {chosen.turning}. Use other trials, or leave the fly out."
        )
    return chosen


def _turning(
    epg: list[np.ndarray],
    heading: list[np.ndarray],
    dt: float,
    angle: np.ndarray,
    order: np.ndarray,
) -> float:
    """Correlation through the origin of how far bump and fly moved, weighted by the bump."""
    n_steps = max(1, round(STEP / dt))
    moved, turned, weight = [], [], []
    for activity, direction in zip(epg, heading, strict=True):
        scaled = (activity - activity.mean(axis=0)) / activity.std(axis=0)
        bump = scaled[:, order] @ np.exp(1j * angle)
        moved.append(np.angle(bump[n_steps:] / bump[:-n_steps]))
        turned.append(np.clip(direction[n_steps:] - direction[:-n_steps], -1.5, 1.5))
        weight.append(np.abs(bump[n_steps:] * bump[:-n_steps]))
    a, b, w = (np.concatenate(part) for part in (moved, turned, weight))
    size = np.sqrt((w * a**2).sum() * (w * b**2).sum())
    return float((w * a * b).sum() / size) if size > 0 else 0.0
