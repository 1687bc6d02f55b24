"""Random sets of units that are as many, and as active, as the units of a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = ["matched_sets", "members"]


def members(classes: np.ndarray, *names: str) -> tuple[int, ...]:
    """Positions of the neurons of these classes; empty where there is none.

    Args:
        classes: Of every neuron, as `published_classes` gives them.
        names: Such as "shifter+".

    Example:
        >>> members(np.array(["compass", "shifter+", "compass"]), "compass")
        (0, 2)
    """
    return tuple(int(i) for i in np.flatnonzero(np.isin(classes, names)))


def matched_sets(
    mean_rate: Float[np.ndarray, " neuron"],
    neurons: Sequence[int],
    *,
    n_draws: int = 5,
    n_strata: int = 5,
    among: Bool[np.ndarray, " neuron"] | None = None,
    rng: np.random.Generator,
) -> tuple[tuple[int, ...], ...]:
    """Sets of neurons of the size of `neurons` and about its mean rate, drawn without its labels.

    Neurons are ranked by mean rate and cut into strata of like size; a set has as many of each
    stratum as `neurons` has. Neurons of `neurons` may be drawn again, as in a permutation of the
    labels: where two classes make up most of a network, all that is not one class is the other.

    Args:
        mean_rate: Of every neuron, without a perturbation.
        neurons: Positions of those that are matched; at least one.
        n_draws: How many sets.
        n_strata: Into how many strata the ranks are cut. More match the rate better, but a stratum
            in which one class is almost alone draws that class again: keep ten neurons or more in
            each.
        among: Which neurons may be drawn; default all. `neurons` must be among them.
        rng: Randomness of the draws.

    Raises:
        InputError: If `neurons` is empty, has one twice, or is not among those that may be drawn.

    Example:
        >>> rate = np.array([0.1, 0.1, 0.1, 0.9, 0.9, 0.9])
        >>> draws = matched_sets(rate, (0, 3), n_strata=2, rng=np.random.default_rng(0))
        >>> all(rate[list(one)].tolist() == [0.1, 0.9] for one in draws)
        True
    """
    places = np.asarray(neurons, int)
    free = np.ones(mean_rate.size, bool) if among is None else among
    known = (places >= 0) & (places < mean_rate.size)
    if not places.size or np.unique(places).size < places.size or not known.all():
        raise InputError(
            f"`neurons` must be one or more different positions below {mean_rate.size}; got "
            f"{places.tolist()[:8]}. Find them with `members(classes, name)`."
        )
    if not free[places].all():
        raise InputError(
            f"`neurons` must be among those that may be drawn; {int((~free[places]).sum())} are "
            "not. Widen `among`."
        )
    pool = np.flatnonzero(free)
    ranked = pool[np.argsort(mean_rate[pool], kind="stable")]
    strata = np.array_split(ranked, min(n_strata, ranked.size))
    wanted = [int(np.isin(stratum, places).sum()) for stratum in strata]
    return tuple(
        tuple(
            sorted(
                int(neuron)
                for stratum, n in zip(strata, wanted, strict=True)
                for neuron in rng.choice(stratum, n, replace=False)
            )
        )
        for _ in range(n_draws)
    )
