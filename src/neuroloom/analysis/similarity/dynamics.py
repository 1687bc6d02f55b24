"""Dynamical similarity analysis: do two populations move in the same way, whatever their shape?"""

from __future__ import annotations

from importlib import import_module

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.similarity.nulls import Shuffled
from neuroloom.errors import InputError

__all__ = ["compare_dynamics", "dsa_distance"]


def dsa_distance(
    a: Float[np.ndarray, "trial time neuron"],
    b: Float[np.ndarray, "other_trial other_time other"],
    *,
    n_delays: int = 10,
    rank: int = 20,
) -> float:
    """Distance of two linear models of delayed activity, at least 0, dimensionless; 0 is equal.

    Each population gets a linear model of its next step from its last ones; the distance is that of
    the eigenvalues of both (Wasserstein). Trials, lengths and moments need not be the same.

    Args:
        a: Activity, no NaN; trials of one length.
        b: Of another population.
        n_delays: Steps that the model looks back on.
        rank: Of the model: at most the neurons times `n_delays` of the smaller population.

    Raises:
        InputError: If the package `dsa-metric` is not installed, a value is not finite, or delays
            or rank do not fit.

    Source:
        Ostrow, Eisen, Kozachkov and Fiete, NeurIPS 2023, arXiv 2306.10168, by their package
        `dsa-metric` (MIT; it brings PyTorch). The distance of eigenvalues is its own default from
        2.0 on; the paper's is angular.
    """
    for name, one in (("a", a), ("b", b)):
        bad = int((~np.isfinite(one)).sum())
        if bad:
            raise InputError(
                f"`{name}` must be finite; {bad} of {one.size} values are not. Cut the recording "
                "into trials without gaps."
            )
        if not 1 <= n_delays < one.shape[1] or not 1 <= rank <= n_delays * one.shape[2]:
            raise InputError(
                f"`n_delays` must be below the {one.shape[1]} steps of a trial and `rank` at most "
                f"delays times neurons, {n_delays * one.shape[2]}; got {n_delays} and {rank}. Use "
                "fewer."
            )
    try:
        package = import_module("DSA")
    except ImportError as error:
        raise InputError(
            "`dsa-metric` must be installed for dynamical similarity; it is not. Install it with "
            "pip, or use `compare_populations`."
        ) from error
    both = [np.ascontiguousarray(one, np.float32) for one in (a, b)]
    fitted = package.DSA(
        both[0], both[1], n_delays=n_delays, rank=rank, score_method="wasserstein", verbose=False
    )
    return float(np.asarray(fitted.fit_score()).squeeze())


def compare_dynamics(
    a: Float[np.ndarray, "trial time neuron"],
    b: Float[np.ndarray, "other_trial other_time other"],
    *,
    n_delays: int = 10,
    rank: int = 20,
    n_null: int = 20,
    rng: np.random.Generator,
) -> tuple[float, Float[np.ndarray, " draw"]]:
    """Distance of the dynamics, and that to copies of b whose steps were shuffled in time.

    A shift in time would change nothing: the dynamics stay. A shuffle keeps every pattern of
    activity, and loses how one leads to the next.

    Args:
        a: As `dsa_distance`.
        b: As there.
        n_delays: As there.
        rank: As there.
        n_null: Shuffled copies.
        rng: For the shuffles.

    Raises:
        InputError: As `dsa_distance`.
    """
    value = dsa_distance(a, b, n_delays=n_delays, rank=rank)
    null = np.empty(n_null)
    for draw in range(n_null):
        order = Shuffled().order(b.shape[0], b.shape[1], rng=rng)
        moved = np.take_along_axis(b, order[:, :, None], axis=1)
        null[draw] = dsa_distance(a, moved, n_delays=n_delays, rank=rank)
    return value, null
