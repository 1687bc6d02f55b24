"""Graph statistics beside what null wirings give: what is more than degrees or chance?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.connectome.signs import Dropped
from neuroloom.connectome.statistics.dyads import MUTUAL, dyads, reciprocity
from neuroloom.connectome.statistics.effective import effective_type_connectivity
from neuroloom.connectome.statistics.expected import expected_mutual
from neuroloom.connectome.statistics.pairs import pairs_of
from neuroloom.connectome.statistics.paths import paths
from neuroloom.connectome.statistics.spectrum import spectral_radius
from neuroloom.errors import InputError, SimulationError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NullComparison", "Statistic", "compare_with_nulls", "largest_types", "statistics_for"]

COLUMNS = ("statistic", "unit", "null", "value", "mean", "low", "high", "z", "n_draws", "how")
N_TYPES = 16
_N_SOURCES = 64
_DENSE_UP_TO = 50  # Arnoldi above: for the largest eigenvalue alone it is far faster
_EXPECTED = {"rewire": True, "erdos_renyi": False}


Measure = Callable[[Connectome, np.random.Generator], Mapping[str, float]]


@dataclass(frozen=True)
class Statistic:
    """One number of a connectome that a null wiring may change; at least 0.

    Attributes:
        name: In words.
        unit: Of its value; `share` is at most 1.
        measure: Gives this number by its name, maybe with others; the generator is for samples.
        kept_by: Null wirings that cannot change it.
    """

    name: str
    unit: str
    measure: Measure
    kept_by: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NullComparison:
    """Statistics of a wiring and of its null wirings.

    Attributes:
        table: One row for each statistic and null: `statistic`, `unit`, `null`, `value` (of the
            real wiring), `mean` over draws, `low` and `high` (where 95 % of further draws fall),
            `z` (how many SD of the draws the value lies above their mean), `n_draws`, and `how`:
            `drawn`, `kept` (the null keeps it by construction), or `expected` (from degrees or
            density, nothing drawn).
        left_out: Nulls that this wiring does not allow, and why.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...]


def statistics_for(connectome: Connectome) -> tuple[Statistic, ...]:
    """The statistics that make sense of this connectome: of signs and types only where it has them.

    Args:
        connectome: Any.
    """
    signs = set(np.unique(connectome.sign[connectome.kind != ELECTRICAL]).tolist())
    signed = bool(signs & {1, -1})
    marks = {"+": 1, "-": -1, "?": 0}
    seen = [both for both in MUTUAL if {marks[both[0]], marks[both[1]]} <= signs and signed]
    unit = connectome.count_unit
    of_signs, of_weights = frozenset({"shuffle_signs"}), frozenset({"shuffle_weights"})
    unsigned, loud = partial(_radius, signed=False), partial(_radius, signed=True)
    found = [
        Statistic("reciprocity", "share", _reciprocity, of_signs | of_weights),
        Statistic("reciprocity of contacts", "share", _reciprocity, of_signs),
        *(Statistic(f"mutual pairs {both}", "pairs", _mutual, of_weights) for both in seen),
        Statistic("spectral radius, unsigned", unit, unsigned, of_signs),
        *([Statistic("spectral radius, signed", unit, loud)] if signed else []),
        Statistic("mean path length", "steps", _paths, of_signs | of_weights),
        Statistic("pairs with a path", "share", _paths, of_signs | of_weights),
    ]
    types = largest_types(connectome)
    if types.size:
        kept = of_signs | of_weights | {"rewire_within_type"}
        own = partial(_own_input, types)
        found += [
            Statistic("connections within a type", "share", _within_type, kept),
            Statistic("input from the own type over 2 hops", "share", own, of_signs),
        ]
    return tuple(found)


def compare_with_nulls(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    n_draws: int = 20,
    nulls: Mapping[str, Callable[..., Connectome]] = NULLS,
    statistics: Sequence[Statistic] | None = None,
    on_draw: Callable[[str], None] = lambda name: None,
) -> NullComparison:
    r"""Each statistic of the wiring beside its distribution over null wirings.

    $$z = \frac{v - \bar v_0}{s_0}, \quad
    [low, high] = \bar v_0 \pm t_{0.975, n - 1} \, s_0 \sqrt{1 + 1/n}$$

    over $n$ draws of a null with mean $\bar v_0$ and SD $s_0$. A statistic that a null keeps by
    construction is marked so and not computed.

    Args:
        connectome: Any.
        rng: Randomness of the draws and of sampled statistics.
        n_draws: Wirings to draw of each null. A draw costs seconds per million connections. With 0,
            nothing is drawn: mutual pairs and reciprocity are held against what degrees and
            density alone let expect (`expected_mutual`, with the interval of a Poisson variable).
        nulls: By name.
        statistics: What to compare; those of `statistics_for` if None.
        on_draw: Called with a null's name after each of its draws.

    Raises:
        InputError: If `n_draws` is negative.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> found = compare_with_nulls(
        ...     connectome("worm"), rng=np.random.default_rng(0), n_draws=5,
        ...     nulls={"rewire": NULLS["rewire"]})
        >>> first = found.table.iloc[0]
        >>> f"{first['statistic']} {first['value']:.3f}, rewired {first['mean']:.2f}"
        'reciprocity 0.276, rewired 0.05'

    Source:
        Milo et al., Science 298:824 (2002), for z over degree-preserving wirings.
    """
    import pandas as pd

    if n_draws < 0:
        raise InputError(f"`n_draws` must be at least 0; got {n_draws}. 20 give a fair spread.")
    statistics = statistics_for(connectome) if statistics is None else statistics
    if n_draws == 0:
        statistics = [s for s in statistics if s.measure in (_reciprocity, _mutual)]
    value = _measured(connectome, statistics, rng)
    rows, left_out = [], []
    for (name, null), stream in zip(nulls.items(), rng.spawn(len(nulls)), strict=True):
        reason = _reason_against(name, connectome)
        changed = [s for s in statistics if name not in s.kept_by]
        if reason:
            left_out.append(f"{name}: {reason}")
            continue
        if n_draws == 0:
            drawn = _expected_rows(connectome, name, value, stream)
        else:
            try:
                drawn = _drawn_rows(
                    connectome, null, changed, value, n_draws, stream, name, on_draw
                )
            except InputError as error:
                left_out.append(f"{name}: {error}")
                continue
        for s in statistics:
            row = {"statistic": s.name, "unit": s.unit, "null": name, "value": value[s.name]}
            if s.name in drawn:
                rows.append(row | drawn[s.name])
            elif name in s.kept_by:
                same = dict.fromkeys(("mean", "low", "high"), value[s.name])
                rows.append(row | same | {"z": float("nan"), "n_draws": 0, "how": "kept"})
    return NullComparison(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(left_out))


def largest_types(connectome: Connectome, *, by: str = "cell_type", n: int = N_TYPES) -> np.ndarray:
    """The types with the most contacts, sent and received, largest first; none without the column.

    Nodes that are no neurons, and nodes without a type, are not looked at.

    Args:
        connectome: Any.
        by: The neuron column that holds the type.
        n: How many at most.
    """
    if by not in connectome.neurons:
        return np.zeros(0, str)
    names, member = np.unique(connectome.column(by), return_inverse=True)
    pairs = pairs_of(connectome)
    size = connectome.n_neurons
    contacts = np.bincount(pairs.pre, weights=pairs.count, minlength=size)
    contacts += np.bincount(pairs.post, weights=pairs.count, minlength=size)
    contacts *= connectome.is_neuron
    total = np.bincount(member, weights=contacts, minlength=names.size)
    if names.dtype.kind == "U":
        total[names == ""] = 0
    order = np.argsort(-total, kind="stable")[:n]
    return names[order[total[order] > 0]]


def _drawn_rows(
    connectome: Connectome,
    null: Callable[..., Connectome],
    statistics: Sequence[Statistic],
    value: Mapping[str, float],
    n_draws: int,
    rng: np.random.Generator,
    name: str,
    on_draw: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    from scipy.special import stdtrit  # the quantile of Student's t

    drawn = np.empty((n_draws, len(statistics)))
    for draw in range(n_draws):
        made = null(connectome, rng=rng)
        found = _measured(made, statistics, rng)
        drawn[draw] = [found[s.name] for s in statistics]
        on_draw(name)
    mean = drawn.mean(axis=0)
    nan = np.full(len(statistics), np.nan)
    several = n_draws > 1
    spread = drawn.std(axis=0, ddof=1) if several else nan
    half = stdtrit(n_draws - 1, 0.975) * spread * np.sqrt(1 + 1 / n_draws) if several else nan
    most = np.array([1.0 if s.unit == "share" else np.inf for s in statistics])
    low, high = np.maximum(mean - half, 0.0), np.minimum(mean + half, most)
    own = np.array([value[s.name] for s in statistics])
    z = np.divide(own - mean, spread, out=nan.copy(), where=spread > 1e-12 * np.abs(mean))
    columns = {"mean": mean, "low": low, "high": high, "z": z}
    rows: dict[str, dict[str, Any]] = {
        s.name: {name: float(values[i]) for name, values in columns.items()}
        | {"n_draws": n_draws, "how": "drawn"}
        for i, s in enumerate(statistics)
    }
    return rows


def _expected_rows(
    connectome: Connectome, name: str, value: Mapping[str, float], rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    if name not in _EXPECTED:
        return {}
    expected = expected_mutual(connectome, rng=rng, degrees=_EXPECTED[name])
    per_pair = 2 / expected.n_pairs if expected.n_pairs else float("nan")
    means = {f"mutual pairs {both}": (n, 1.0) for both, n in expected.mutual.items()}
    means["reciprocity"] = (sum(expected.mutual.values()), per_pair)
    found: dict[str, dict[str, Any]] = {}
    for statistic, (mean, scale) in means.items():
        if statistic in value:
            spread = float(np.sqrt(mean))
            z = (value[statistic] / scale - mean) / spread if spread else float("nan")
            low, high = max(mean - 1.96 * spread, 0.0), mean + 1.96 * spread
            found[statistic] = {
                "mean": mean * scale,
                "low": low * scale,
                "high": high * scale,
                "z": z,
                "n_draws": 0,
                "how": "expected",
            }
    return found


def _reason_against(name: str, connectome: Connectome) -> str:
    if not connectome.n_connections:
        return "there are no connections"
    if name == "rewire_within_type" and "cell_type" not in connectome.neurons:
        return "the neurons have no column `cell_type`"
    if name == "shuffle_signs" and not connectome.sign.any():
        return "no sign is known"
    return ""


def _measured(
    connectome: Connectome, statistics: Sequence[Statistic], rng: np.random.Generator
) -> dict[str, float]:
    """Every statistic by name; a measure that gives several runs once."""
    found: dict[str, float] = {}
    for measure in dict.fromkeys(s.measure for s in statistics):
        found |= measure(connectome, rng)
    return found


def _reciprocity(c: Connectome, _: np.random.Generator) -> dict[str, float]:
    found = reciprocity(c)
    return {"reciprocity": found.share, "reciprocity of contacts": found.weighted}


def _mutual(c: Connectome, _: np.random.Generator) -> dict[str, float]:
    return {f"mutual pairs {both}": float(n) for both, n in dyads(c).mutual.items()}


def _radius(c: Connectome, _: np.random.Generator, *, signed: bool) -> dict[str, float]:
    """Connections of unknown sign are left out of the signed one; NaN where Arnoldi gives up."""
    name = f"spectral radius, {'' if signed else 'un'}signed"
    rule = Dropped() if signed else None
    for sparse_above in (_DENSE_UP_TO, 2_000):
        try:
            radius = spectral_radius(c, signed=signed, unknown_sign=rule, sparse_above=sparse_above)
            return {name: radius}
        except SimulationError:
            continue
    return {name: float("nan")}


def _paths(c: Connectome, rng: np.random.Generator) -> dict[str, float]:
    """From every node of a small graph, so that nothing is sampled there."""
    n_sources = c.n_neurons if 0 < c.n_neurons <= 1_000 else _N_SOURCES
    found = paths(c, rng=rng, n_sources=n_sources)
    return {"mean path length": found.mean, "pairs with a path": found.reached}


def _within_type(c: Connectome, _: np.random.Generator) -> dict[str, float]:
    pairs = pairs_of(c)
    member = np.unique(c.column("cell_type"), return_inverse=True)[1]
    post = pairs.post
    apart = post != pairs.pre
    same = (member[post] == member[pairs.pre]) & apart
    share = float(same.sum() / apart.sum()) if apart.any() else float("nan")
    return {"connections within a type": share}


def _own_input(types: np.ndarray, c: Connectome, _: np.random.Generator) -> dict[str, float]:
    found = effective_type_connectivity(c, types, hops=2)
    return {"input from the own type over 2 hops": float(np.diag(found.value[1]).mean())}
