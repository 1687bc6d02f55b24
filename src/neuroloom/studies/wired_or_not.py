"""An estimated connectivity beside the wiring: are wired pairs likelier, and by chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from neuroloom.analysis.scores import auroc, average_precision
from neuroloom.connectome import KINDS, Connectome, rewire
from neuroloom.errors import InputError
from neuroloom.recording import align

__all__ = ["Wired", "compared_with", "wiring_between"]


@dataclass(frozen=True, eq=False)
class Wired:
    """How probabilities of connections and a connectome agree.

    Attributes:
        n_pairs: Ordered pairs of two different recorded neurons that are both in the connectome.
        n_wired: Of these, those it connects, chemically or electrically.
        auroc: That a wired pair is likelier than an unwired one; .5 by chance.
        auprc: Area under the precision-recall curve; by chance `n_wired / n_pairs`.
        null_auroc: The same for wirings rewired with every degree kept, one a draw.
        by_class: One row a pair of cell types: `pre_type`, `post_type`, `pairs`, `wired` (share),
            `probability` (mean), `probability_wired` (mean over wired pairs), and the same over
            the pairs that rewired wirings connect: `null` (mean over draws), `null_low`,
            `null_high` (lowest and highest draw).
    """

    n_pairs: int
    n_wired: int
    auroc: float
    auprc: float
    null_auroc: Float[np.ndarray, " draw"]
    by_class: pd.DataFrame


def wiring_between(
    connectome: Connectome, ids: Shaped[np.ndarray, " neuron"]
) -> Float[np.ndarray, "post pre"]:
    """Contacts between recorded neurons, chemical and electrical; NaN where one is not wired up.

    Raises:
        InputError: If fewer than two of them are in the connectome.
    """
    places = _places(connectome, ids)
    return _counts(connectome, places)


def compared_with(
    connectome: Connectome,
    ids: Shaped[np.ndarray, " neuron"],
    probability: Float[np.ndarray, "post pre"],
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> Wired:
    """Whether pairs that the connectome connects have higher probabilities.

    Args:
        connectome: Wiring.
        ids: Of the recorded neurons, in the order of `probability`.
        probability: That each connection exists.
        n_draws: Null wirings.
        rng: Of the nulls.
    """
    places = _places(connectome, ids)
    counts = _counts(connectome, places)
    known = np.isfinite(counts) & ~np.eye(len(ids), dtype=bool)
    wired = counts[known] > 0
    if not wired.any() or wired.all():
        raise InputError(
            "Of the recorded neurons, some pairs must be wired and some not; "
            f"{int(wired.sum())} of {wired.size} are. Leave the connectome out."
        )
    draws = [_counts(rewire(connectome, rng=rng), places) for _ in range(n_draws)]
    nulls = [float(auroc(probability[known], draw[known] > 0)[0]) for draw in draws]
    return Wired(
        n_pairs=int(known.sum()),
        n_wired=int(wired.sum()),
        auroc=float(auroc(probability[known], wired)[0]),
        auprc=float(average_precision(probability[known], wired)[0]),
        null_auroc=np.array(nulls),
        by_class=_by_class(connectome, places, counts, draws, known, probability),
    )


def _places(connectome: Connectome, ids: np.ndarray) -> np.ndarray:
    """Position of each recorded neuron in the connectome; -1 where there is none for certain."""
    alignment = align(ids, connectome.neuron_id)
    places = np.full(len(ids), -1)
    places[alignment.recording] = alignment.connectome
    if (places >= 0).sum() < 2:
        raise InputError(
            "At least 2 recorded neurons must be in the connectome by id or name; "
            f"{(places >= 0).sum()} of {len(ids)} are. Rename them, or leave the connectome out."
        )
    return places


def _counts(connectome: Connectome, places: np.ndarray) -> np.ndarray:
    there = places >= 0
    back = np.full(connectome.n_neurons, -1)
    back[places[there]] = np.flatnonzero(there)
    counts = np.full((len(places), len(places)), np.nan)
    counts[np.ix_(there, there)] = 0.0
    pre, post = back[connectome.pre], back[connectome.post]
    both = (pre >= 0) & (post >= 0)
    np.add.at(counts, (post[both], pre[both]), connectome.count[both])
    electrical = both & (connectome.kind == KINDS.index("electrical")) & (pre != post)
    np.add.at(counts, (pre[electrical], post[electrical]), connectome.count[electrical])
    return counts


def _by_class(
    connectome: Connectome,
    places: np.ndarray,
    counts: np.ndarray,
    draws: list[np.ndarray],
    known: np.ndarray,
    probability: np.ndarray,
) -> pd.DataFrame:
    types = connectome.neurons.get("cell_type")
    if types is None:
        return pd.DataFrame()
    names = np.where(places >= 0, np.asarray(types)[np.maximum(places, 0)].astype(str), "")
    post, pre = np.nonzero(known)
    pairs = pd.DataFrame(
        {
            "pre_type": names[pre],
            "post_type": names[post],
            "wired": counts[known] > 0,
            "probability": probability[known],
        }
    )
    pairs["probability_wired"] = pairs["probability"].where(pairs["wired"])
    found = pairs.groupby(["pre_type", "post_type"], sort=False).agg(
        pairs=("wired", "size"),
        wired=("wired", "mean"),
        probability=("probability", "mean"),
        probability_wired=("probability_wired", "mean"),
    )
    group = pairs.groupby(["pre_type", "post_type"], sort=False).ngroup().to_numpy()
    each = np.full((len(draws), len(found)), np.nan)
    for mean, draw in zip(each, draws, strict=True):
        there = (draw[known] > 0).astype(float)
        n = np.bincount(group, there, len(found))
        total = np.bincount(group, there * probability[known], len(found))
        mean[n > 0] = total[n > 0] / n[n > 0]
    columns = [values[np.isfinite(values)] for values in each.T]
    for name, reduced in (("null", np.mean), ("null_low", np.min), ("null_high", np.max)):
        found[name] = [float(reduced(v)) if v.size else np.nan for v in columns]
    return found.sort_values("pairs", ascending=False, kind="stable").reset_index()
