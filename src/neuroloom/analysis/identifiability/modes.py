"""Stiff and sloppy modes: what recordings say much about, and what they hardly say at all."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.identifiability.linearization import Linearization
from neuroloom.analysis.identifiability.posterior import check_mask
from neuroloom.analysis.identifiability.sensitivity import LARGEST, Sensitivity
from neuroloom.errors import InputError

__all__ = ["Modes", "leading_modes", "leading_sensitivity", "modes", "most_modes", "n_products"]

_OVERSAMPLED = 10
_N_POWERS = 2


@dataclass(frozen=True, eq=False)
class Modes:
    r"""Eigenvectors of the Gauss-Newton matrix $F_R = S_R^\top S_R$, stiffest first.

    Attributes:
        stiffness: Eigenvalues, at least 0: summed squared change of recorded activity when the
            parameters move by one prior SD along the mode; unit of activity squared.
        direction: One mode a column, of length 1, in units of the prior SD.
        complete: Whether these are all modes of stiffness above 0, or only the leading ones.
        explained: Share of the trace of F_R that they hold.
    """

    stiffness: Float[np.ndarray, " mode"]
    direction: Float[np.ndarray, "unknown mode"]
    complete: bool
    explained: float

    @property
    def participation_ratio(self) -> float:
        """Effective number of modes, (sum l)^2 / sum l^2; 0 where nothing is recorded."""
        squares = float((self.stiffness**2).sum())
        return float(self.stiffness.sum()) ** 2 / squares if squares > 0 else 0.0

    def leading(self, n: int) -> "Modes":
        """The n stiffest of them.

        Args:
            n: At least 1.
        """
        share = float(self.stiffness[:n].sum() / max(self.stiffness.sum(), np.finfo(float).tiny))
        return Modes(
            self.stiffness[:n],
            self.direction[:, :n],
            self.complete and n >= len(self.stiffness),
            self.explained * share,
        )

    def n_stiff(self, noise: float) -> int:
        """How many modes the data know better than the prior, at this noise SD a sample."""
        return int((self.stiffness > noise**2).sum())


def modes(sensitivity: Sensitivity, recorded: Bool[np.ndarray, " neuron"] | None = None) -> Modes:
    """All modes of a recorded set, by an exact decomposition.

    Args:
        sensitivity: Of all neurons.
        recorded: Which neurons are recorded; default all.

    Returns:
        As many modes as there are unknowns; those that nothing tells of have stiffness 0.
    """
    n, p = sensitivity.n_neurons, sensitivity.n_unknowns
    which = np.ones(n, bool) if recorded is None else recorded
    check_mask(which, n)
    rows = sensitivity.rows(which)
    if rows.shape[0] > p:
        rows = np.linalg.qr(rows)[1]
    _, sizes, axes = np.linalg.svd(rows, full_matrices=True)
    stiffness = np.zeros(p)
    stiffness[: len(sizes)] = sizes**2
    return Modes(stiffness, axes.T, True, sensitivity.explained)


def leading_modes(
    linearization: Linearization,
    recorded: Bool[np.ndarray, " neuron"] | None = None,
    *,
    n_modes: int,
    rng: np.random.Generator,
) -> Modes:
    """The stiffest modes by a randomized decomposition: products with S only, no matrix of it.

    Args:
        linearization: Of the network.
        recorded: Which neurons are recorded; default all.
        n_modes: How many modes.
        rng: Randomness of the probes.

    Returns:
        Modes, and which share of the trace of F_R they hold (estimated from the probes).

    Raises:
        InputError: If there are not so many modes, or what must be held exceeds 10^8 numbers.

    Source:
        Halko, Martinsson and Tropp, SIAM Rev. 53:217 (2011), algorithms 4.4 and 5.1, with 2 power
        iterations and 10 probes more than modes. Ours, as scikit-learn's takes matrices only.
    """
    return _leading(linearization, recorded, n_modes, rng)[0]


def leading_sensitivity(
    linearization: Linearization, *, n_modes: int, rng: np.random.Generator
) -> Sensitivity:
    """S in its stiffest modes, for networks whose full S is too large.

    What the left-out modes add to expected errors is missing; `explained` says how much of the
    prior variance of activity is kept.

    Args:
        linearization: Of the network.
        n_modes: How many modes become the unknowns.
        rng: Randomness of the probes.
    """
    found, image = _leading(linearization, None, n_modes, rng)
    return Sensitivity(image, found.explained)


def most_modes(linearization: Linearization) -> int:
    """How many leading modes of all neurons fit into 10^8 numbers; may be below 1.

    Args:
        linearization: Of the network.
    """
    return LARGEST // max(linearization.n_parameters, linearization.activity.size) - _OVERSAMPLED


def n_products(n_modes: int, n_parameters: int) -> int:
    """How many products with S or its transpose the leading modes take.

    Args:
        n_modes: How many modes.
        n_parameters: Number of unknown parameters.
    """
    return (2 * (1 + _N_POWERS) + 1) * min(n_modes + _OVERSAMPLED, n_parameters)


def _leading(
    linearization: Linearization,
    recorded: Bool[np.ndarray, " neuron"] | None,
    n_modes: int,
    rng: np.random.Generator,
) -> tuple[Modes, Float[np.ndarray, "neuron sample mode"]]:
    n, p = len(linearization.activity), linearization.n_parameters
    which = np.ones(n, bool) if recorded is None else recorded
    check_mask(which, n)
    held = linearization.activity[which].size
    _check_number(n_modes, p, held)
    n_probes = min(n_modes + _OVERSAMPLED, p)

    def through(directions: np.ndarray) -> np.ndarray:
        image = linearization.apply(directions)
        image[~which] = 0.0
        return image

    probes = rng.normal(size=(p, n_probes))
    image = through(probes)
    trace = float((image**2).sum()) / n_probes  # on average, over draws of the probes
    basis = np.linalg.qr(linearization.apply_transposed(image))[0]
    for _ in range(_N_POWERS):
        basis = np.linalg.qr(linearization.apply_transposed(through(basis)))[0]
    image = through(basis)
    _, sizes, axes = np.linalg.svd(
        np.linalg.qr(image.reshape(-1, n_probes))[1], full_matrices=False
    )
    if n_probes == p:  # the probes span everything
        trace = float(sizes @ sizes)
    kept = min(n_modes, len(sizes))
    stiffness = sizes[:kept] ** 2
    share = min(1.0, float(stiffness.sum()) / trace) if trace > 0 else 1.0
    direction = basis @ axes[:kept].T
    found = Modes(stiffness, direction, kept >= min(p, held), share)
    return found, image @ axes[:kept].T


def _check_number(n_modes: int, n_parameters: int, n_rows: int) -> None:
    if not 1 <= n_modes <= n_parameters:
        raise InputError(
            f"`n_modes` must be 1 to the number of unknown parameters ({n_parameters:,}); got "
            f"{n_modes}. Ask for fewer."
        )
    size = (n_modes + _OVERSAMPLED) * max(n_parameters, n_rows)
    if size > LARGEST:
        raise InputError(
            f"Modes must take at most {LARGEST:,} numbers; {n_modes} modes of {n_parameters:,} "
            f"parameters and {n_rows:,} samples take {size:,}. Ask for fewer modes, or keep fewer "
            "samples in fewer trials."
        )
