"""How alike two circuits are, profile by profile, and whether nulls are as alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.anatomy.circuit import Circuit, nine_pairs
from neuroloom.analysis.anatomy.harmonic import harmonics
from neuroloom.analysis.anatomy.nulls import null_p_value
from neuroloom.analysis.anatomy.offsets import SlidingWindow, wrapped
from neuroloom.analysis.anatomy.pair_table import mean_profiles
from neuroloom.analysis.anatomy.resampling import resampled_profiles
from neuroloom.errors import InputError

__all__ = ["PairResemblance", "Resemblance", "resemblance"]


class PairResemblance(NamedTuple):
    """One profile of a circuit beside the same of another.

    Attributes:
        pre: Group that sends.
        post: Group that receives.
        n_offsets: Windows in which both have pairs.
        correlation: Of the two profiles over these windows; NaN where one is flat.
        low: Lower end of its 95 % interval over neurons of the circuit.
        high: Upper end.
        sign_agreement: Part of the windows, among those where both weights are not 0, in which
            both have one sign; NaN where there are none.
        shift_difference: Shift of the circuit less that of the other, in deg, -180 to 180.
        sharpness: Of the circuit.
        other_sharpness: Of the other.
        p: Chance of a null correlating as well, by its name.
    """

    pre: str
    post: str
    n_offsets: int
    correlation: float
    low: float
    high: float
    sign_agreement: float
    shift_difference: float
    sharpness: float
    other_sharpness: float
    p: Mapping[str, float]


@dataclass(frozen=True)
class Resemblance:
    """How alike two circuits are.

    Attributes:
        pairs: Profile by profile.
        mean_correlation: Mean of the correlations that are defined: alike in shape.
        pooled_correlation: Correlation over all profiles at once, those of each circuit as they
            stand: alike also in which class excites which, and how strongly.
        sign_agreement: Over all profiles at once.
        p_mean: Chance of a null having as large a mean correlation, by its name.
        p_pooled: The same of the pooled correlation.
        p_sign: The same of the sign agreement.
        n_null: Null circuits of each name for which the mean is defined.
    """

    pairs: tuple[PairResemblance, ...]
    mean_correlation: float
    pooled_correlation: float
    sign_agreement: float
    p_mean: Mapping[str, float]
    p_pooled: Mapping[str, float]
    p_sign: Mapping[str, float]
    n_null: Mapping[str, int]

    def above_all(self, level: float = 0.05) -> bool:
        """Whether the mean correlation is above every null at this level; False without nulls.

        Args:
            level: Largest p that counts as above.
        """
        return bool(self.p_mean) and all(p <= level for p in self.p_mean.values())


def resemblance(
    circuit: Circuit,
    other: Circuit,
    *,
    rng: np.random.Generator,
    nulls: Mapping[str, Sequence[Circuit]] | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    n_resamples: int = 500,
    window: float = 45.0,
    step: float = 22.5,
) -> Resemblance:
    """Profiles of a circuit against the same profiles of another, such as the animal's.

    Both are cut into the same windows. Groups must have the same names in both: rename the classes
    of the animal (E-PG to compass, say) first. Only differences of preferred directions enter, so
    the zero of the two circles need not agree, but their sense must.

    Args:
        circuit: The one in question: trained, say.
        other: What it is held against.
        rng: Randomness of the intervals.
        nulls: Circuits in place of `circuit`, by name: `null_circuits`, untrained networks, other
            hyper-parameters. All are held against the same `other`.
        pairs: (pre, post) names; default the nine of the motif.
        n_resamples: Draws of neurons for the intervals; 0 for none.
        window: Width of the windows, in deg: no less than the columns of the animal are apart.
        step: Between centers, in deg.

    Raises:
        InputError: If no pair of groups is in both circuits, or a null is empty.

    Source:
        The four measures are those of our specification; nulls after Cueva et al. (2020), who
        compare by eye.
    """
    asked = nine_pairs() if pairs is None else tuple(pairs)
    for name, made in (nulls or {}).items():
        if not made:
            raise InputError(
                f"Every null must hold circuits; `{name}` has none. Draw some, or leave it out."
            )
    wide = {"window": window, "step": step}
    theirs = np.stack([mean_profiles([other], *pair, **wide)[0] for pair in asked])
    ours = _profiles([circuit], asked, wide)
    if not np.isfinite(ours[0] + theirs).any():
        raise InputError(
            f"Some pair of groups must be in both circuits; none of {list(asked)} is. Name the "
            f"classes alike: they are {sorted(set(circuit.classes.tolist()))} and "
            f"{sorted(set(other.classes.tolist()))}."
        )
    null_profiles = {name: _profiles(made, asked, wide) for name, made in (nulls or {}).items()}
    rows = []
    offset = SlidingWindow(window, step).offset
    for k, pair in enumerate(asked):
        mine, its = ours[:, k], theirs[k]
        correlation = float(correlations(mine, its)[0])
        low, high = _interval(circuit, pair, its, rng, n_resamples, wide)
        shift, sharpness, _ = harmonics(offset, np.stack([mine[0], its]))
        rows.append(
            PairResemblance(
                pre=pair[0],
                post=pair[1],
                n_offsets=int(np.isfinite(mine[0] + its).sum()),
                correlation=correlation,
                low=low,
                high=high,
                sign_agreement=float(_sign_agreement(mine, its)[0]),
                shift_difference=float(wrapped(np.rad2deg(shift[:1] - shift[1:]))[0]),
                sharpness=float(sharpness[0]),
                other_sharpness=float(sharpness[1]),
                p={
                    name: null_p_value(correlation, correlations(made[:, k], its))
                    for name, made in null_profiles.items()
                },
            )
        )
    of_nulls = {name: _overall(made, theirs) for name, made in null_profiles.items()}
    mean, pooled, sign = (float(values[0]) for values in _overall(ours, theirs))
    return Resemblance(
        pairs=tuple(rows),
        mean_correlation=mean,
        pooled_correlation=pooled,
        sign_agreement=sign,
        p_mean={name: null_p_value(mean, of[0]) for name, of in of_nulls.items()},
        p_pooled={name: null_p_value(pooled, of[1]) for name, of in of_nulls.items()},
        p_sign={name: null_p_value(sign, of[2]) for name, of in of_nulls.items()},
        n_null={name: int(np.isfinite(of[0]).sum()) for name, of in of_nulls.items()},
    )


def correlations(
    ours: Float[np.ndarray, "draw offset"], theirs: Float[np.ndarray, " offset"]
) -> Float[np.ndarray, " draw"]:
    """Pearson correlation of each row with one profile, over what both have; NaN where flat.

    Args:
        ours: Profiles, NaN where a window is empty.
        theirs: One profile.
    """
    seen = np.isfinite(ours) & np.isfinite(theirs)[None, :]
    n = np.maximum(seen.sum(axis=1), 1)[:, None]
    one, other = np.where(seen, ours, 0.0), np.where(seen, theirs[None, :], 0.0)
    size = np.abs(one).max(axis=1, initial=0.0), np.abs(other).max(axis=1, initial=0.0)
    one = np.where(seen, one - one.sum(axis=1, keepdims=True) / n, 0.0)
    other = np.where(seen, other - other.sum(axis=1, keepdims=True) / n, 0.0)
    lengths = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    flat = np.zeros(len(ours), bool)
    for length, largest in zip(lengths, size, strict=True):
        flat |= ~(length > 1e-9 * largest)
    product = np.where(flat, 1.0, lengths[0] * lengths[1])
    return np.where(flat, np.nan, (one * other).sum(axis=1) / product)


def _profiles(
    circuits: Sequence[Circuit],
    pairs: Sequence[tuple[str, str]],
    wide: Mapping[str, float],
) -> Float[np.ndarray, "circuit pair offset"]:
    return np.stack([mean_profiles(circuits, *pair, **wide) for pair in pairs], axis=1)


def _overall(
    ours: Float[np.ndarray, "circuit pair offset"], theirs: Float[np.ndarray, "pair offset"]
) -> tuple[
    Float[np.ndarray, " circuit"], Float[np.ndarray, " circuit"], Float[np.ndarray, " circuit"]
]:
    """Mean correlation over pairs, pooled correlation and sign agreement of each circuit."""
    each = np.stack([correlations(ours[:, k], theirs[k]) for k in range(len(theirs))], axis=1)
    seen = np.isfinite(each)
    n = np.where(seen.any(axis=1), seen.sum(axis=1), np.nan)
    mean = np.where(seen, each, 0.0).sum(axis=1) / n
    flat = ours.reshape(len(ours), -1)
    return mean, correlations(flat, theirs.ravel()), _sign_agreement(flat, theirs.ravel())


def _sign_agreement(
    ours: Float[np.ndarray, "draw offset"], theirs: Float[np.ndarray, " offset"]
) -> Float[np.ndarray, " draw"]:
    product = np.sign(np.nan_to_num(ours)) * np.sign(np.nan_to_num(theirs))[None, :]
    n = (product != 0).sum(axis=1)
    return np.where(n > 0, (product > 0).sum(axis=1) / np.where(n > 0, n, 1), np.nan)


def _interval(
    circuit: Circuit,
    pair: tuple[str, str],
    theirs: Float[np.ndarray, " offset"],
    rng: np.random.Generator,
    n_resamples: int,
    wide: Mapping[str, float],
) -> tuple[float, float]:
    pre, post = pair
    if not n_resamples or not (circuit.members(pre).any() and circuit.members(post).any()):
        return float("nan"), float("nan")
    drawn = resampled_profiles(
        circuit.weight,
        circuit.preferred,
        circuit.members(post),
        circuit.members(pre),
        rng=rng,
        n_draws=n_resamples,
        **wide,
    )
    found = correlations(drawn.mean, theirs)
    found = found[np.isfinite(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
