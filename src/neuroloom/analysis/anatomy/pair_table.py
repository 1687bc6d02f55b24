"""One row a pair of classes: shift, sharpness, their intervals, and how rare they are by nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.anatomy.circuit import Circuit, nine_pairs
from neuroloom.analysis.anatomy.harmonic import first_harmonic, harmonics
from neuroloom.analysis.anatomy.nulls import null_p_value
from neuroloom.analysis.anatomy.offsets import SlidingWindow
from neuroloom.analysis.anatomy.profile import pairs_between
from neuroloom.analysis.anatomy.resampling import resampled_profiles
from neuroloom.errors import InputError

__all__ = ["PairNull", "PairRow", "mean_profiles", "pair_table"]


class PairNull(NamedTuple):
    """What one null says of a pair of classes.

    Attributes:
        sharpness_95: Sharpness that 95 of 100 null circuits stay below.
        p_sharpness: Chance of a null circuit being as sharp.
        p_sideways: Chance of it leaning as far to either side, by the odd part of its harmonic
            beside the root mean square of the weights: sharpness is beside the mean profile, which
            nulls make small where excitation and inhibition cancel.
        n: Null circuits that have such a pair.
    """

    sharpness_95: float
    p_sharpness: float
    p_sideways: float
    n: int


class PairRow(NamedTuple):
    """The profile from one group to another in a few numbers.

    Attributes:
        pre: Group that sends.
        post: Group that receives.
        n_pairs: Pairs of neurons.
        weight: Mean weight of them.
        shift: Of the first harmonic, in deg, positive for a profile that peaks at +d.
        shift_low: Lower end of its 95 % interval over neurons, in deg, maybe below -180.
        shift_high: Upper end, maybe above 180.
        sharpness: Of the first harmonic.
        sharpness_low: Lower end of its 95 % interval over neurons.
        sharpness_high: Upper end.
        sideways: Sharpness times sin of the shift: positive if displaced to +d.
        centered: Sharpness times cos of the shift: positive if near neurons are favored.
        nulls: By the name of the null.
    """

    pre: str
    post: str
    n_pairs: int
    weight: float
    shift: float
    shift_low: float
    shift_high: float
    sharpness: float
    sharpness_low: float
    sharpness_high: float
    sideways: float
    centered: float
    nulls: Mapping[str, PairNull]

    def flat(self) -> dict[str, str | float]:
        """One level of names and values, for a line of CSV."""
        row: dict[str, str | float] = {
            name: value for name, value in self._asdict().items() if name != "nulls"
        }
        for null, found in self.nulls.items():
            row |= {f"{name} ({null})": value for name, value in found._asdict().items()}
        return row


def pair_table(
    circuit: Circuit,
    *,
    rng: np.random.Generator,
    nulls: Mapping[str, Sequence[Circuit]] | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    n_resamples: int = 500,
    window: float = 5.0,
    step: float = 1.0,
) -> tuple[PairRow, ...]:
    """Shift and sharpness from every group to every other, beside nulls.

    A pair of which a group is empty has NaN throughout. p values are of one pair and one null; of
    nine pairs one will be below 0.11 by chance.

    Args:
        circuit: With classes, and supersets if these are asked for.
        rng: Randomness of the intervals.
        nulls: Null circuits by name, from `null_circuits`, of untrained networks, or others.
        pairs: (pre, post) names; default the nine of the motif.
        n_resamples: Draws of neurons for the intervals; 0 for none.
        window: Width of the window, in deg.
        step: Between centers of windows, in deg.

    Raises:
        InputError: If no null circuit stands under a name.
    """
    asked = nine_pairs() if pairs is None else tuple(pairs)
    for name, made in (nulls or {}).items():
        if not made:
            raise InputError(
                f"Every null must hold circuits; `{name}` has none. Draw some, or leave it out."
            )
    rows = []
    for pair in asked:
        rows.append(_row(circuit, pair, nulls or {}, rng, n_resamples, window, step))
    return tuple(rows)


def mean_profiles(
    circuits: Sequence[Circuit], pre: str, post: str, *, window: float = 5.0, step: float = 1.0
) -> Float[np.ndarray, "circuit offset"]:
    """Mean weight in each window, one row a circuit; NaN where a window holds no pair.

    Args:
        circuits: At least one.
        pre: Group that sends.
        post: Group that receives.
        window: Width of the window, in deg.
        step: Between centers of windows, in deg.
    """
    return np.stack([c.profile(pre, post, window=window, step=step).mean for c in circuits])


def _row(
    circuit: Circuit,
    pair: tuple[str, str],
    nulls: Mapping[str, Sequence[Circuit]],
    rng: np.random.Generator,
    n_resamples: int,
    window: float,
    step: float,
) -> PairRow:
    pre, post = pair
    senders, receivers = circuit.members(pre), circuit.members(post)
    pairs = pairs_between(circuit.weight, circuit.preferred, receivers, senders)
    harmonic = first_harmonic(circuit.profile(pre, post, window=window, step=step))
    shift_ends = sharpness_ends = (float("nan"), float("nan"))
    if n_resamples and pairs.weight.size:
        drawn = resampled_profiles(
            circuit.weight,
            circuit.preferred,
            receivers,
            senders,
            rng=rng,
            n_draws=n_resamples,
            window=window,
            step=step,
        )
        shift_ends = tuple(np.rad2deg(drawn.shift()[1:]).tolist())
        sharpness_ends = drawn.sharpness()[1:]
    lean = abs(_lean([circuit], pair, window, step)[1][0])
    against = {}
    for name, made in nulls.items():
        sharpness, leans = _lean(made, pair, window, step)
        seen = np.isfinite(sharpness)
        against[name] = PairNull(
            sharpness_95=float(np.quantile(sharpness[seen], 0.95)) if seen.any() else float("nan"),
            p_sharpness=null_p_value(harmonic.sharpness, sharpness),
            p_sideways=null_p_value(float(lean), np.abs(leans)),
            n=int(seen.sum()),
        )
    return PairRow(
        pre=pre,
        post=post,
        n_pairs=pairs.weight.size,
        weight=float(pairs.weight.mean()) if pairs.weight.size else float("nan"),
        shift=float(np.rad2deg(harmonic.shift)),
        shift_low=shift_ends[0],
        shift_high=shift_ends[1],
        sharpness=harmonic.sharpness,
        sharpness_low=sharpness_ends[0],
        sharpness_high=sharpness_ends[1],
        sideways=harmonic.sideways,
        centered=harmonic.centered,
        nulls=against,
    )


def _lean(
    circuits: Sequence[Circuit], pair: tuple[str, str], window: float, step: float
) -> tuple[Float[np.ndarray, " circuit"], Float[np.ndarray, " circuit"]]:
    """Sharpness of each circuit, and the odd part of its harmonic beside the size of weights."""
    means = mean_profiles(circuits, *pair, window=window, step=step)
    shift, sharpness, amplitude = harmonics(SlidingWindow(window, step).offset, means)
    size = np.zeros(len(circuits))
    for k, one in enumerate(circuits):
        members = one.members(pair[1]), one.members(pair[0])
        weight = pairs_between(one.weight, one.preferred, *members).weight
        size[k] = np.sqrt((weight**2).mean()) if weight.size else 0.0
    odd = np.where(amplitude == 0, 0.0, amplitude * np.sin(np.nan_to_num(shift)))
    return sharpness, odd / np.where(size > 0, size, 1.0)
