"""Circuits that keep everything but what is asked about, and how rare the real one then is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.anatomy.circuit import Circuit
from neuroloom.analysis.anatomy.rewiring import rewire_weights
from neuroloom.errors import InputError, SimulationError

__all__ = ["null_circuits", "null_p_value", "rewired", "shuffled_preferred"]


def shuffled_preferred(circuit: Circuit, *, rng: np.random.Generator) -> Circuit:
    """The same wiring with preferred directions dealt anew within each class.

    Every class keeps its set of preferred directions, and neurons without one stay so; checked
    before it returns. What it destroys is that wiring knows of preferred directions.

    Args:
        circuit: Any.
        rng: Randomness.

    Raises:
        SimulationError: If the promise does not hold; a bug, please report it.
    """
    preferred = circuit.preferred.copy()
    for one in np.unique(circuit.classes):
        members = np.flatnonzero((circuit.classes == one) & np.isfinite(preferred))
        preferred[members] = circuit.preferred[rng.permutation(members)]
        inside = circuit.classes == one
        kept = np.array_equal(
            np.sort(preferred[inside]), np.sort(circuit.preferred[inside]), equal_nan=True
        )
        if not kept:
            raise SimulationError(
                f"A shuffle must keep the preferred directions of class {one}; it did not. This is "
                "a bug: please report it with the circuit and the seed."
            )
    return replace(circuit, preferred=preferred, name=f"{circuit.name}, preferred shuffled")


def rewired(
    circuit: Circuit,
    *,
    rng: np.random.Generator,
    within_classes: bool = True,
    strengths: bool = True,
) -> Circuit:
    """The same neurons with weights dealt anew by `rewire_weights`.

    Args:
        circuit: Any.
        rng: Randomness.
        within_classes: Whether degrees and strengths are kept towards and from each class.
        strengths: As in `rewire_weights`.

    Raises:
        SimulationError: As `rewire_weights`.
    """
    made = rewire_weights(
        circuit.weight,
        rng=rng,
        classes=circuit.classes if within_classes else None,
        strengths=strengths,
    )
    return replace(circuit, weight=made, name=f"{circuit.name}, rewired")


def null_circuits(
    circuit: Circuit,
    *,
    rng: np.random.Generator,
    n_draws: int = 200,
    strengths: bool = True,
) -> dict[str, tuple[Circuit, ...]]:
    """The two nulls that a circuit itself can make: `shuffled preferred` and `rewired`.

    An untrained network, or networks of other hyper-parameters, are further nulls: add circuits of
    them under a name of their own.

    Args:
        circuit: Any.
        rng: Randomness.
        n_draws: Circuits of each null, at least 1; 199 give p down to 0.005.
        strengths: As in `rewire_weights`.

    Raises:
        InputError: If there are no draws.
        SimulationError: As `rewire_weights`.
    """
    if n_draws < 1:
        raise InputError(f"`n_draws` must be at least 1; got {n_draws}. 199 give p down to 0.005.")
    return {
        "shuffled preferred": tuple(shuffled_preferred(circuit, rng=rng) for _ in range(n_draws)),
        "rewired": tuple(rewired(circuit, rng=rng, strengths=strengths) for _ in range(n_draws)),
    }


def null_p_value(observed: float, null: Float[np.ndarray, " draw"]) -> float:
    r"""Chance of a null being at least as large as what was observed, the observed counted too.

    $$p = (1 + \#\{\text{null} \ge \text{observed}\}) / (1 + n)$$

    Draws whose statistic is not defined (NaN) are left out of n; NaN where nothing can be compared.

    Args:
        observed: Statistic of the circuit.
        null: The same of each null circuit.

    Example:
        >>> null_p_value(2.0, np.array([0.0, 1.0, 3.0]))
        0.5

    Source:
        Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9:39 (2010).
    """
    finite = null[np.isfinite(null)]
    if not np.isfinite(observed) or not finite.size:
        return float("nan")
    rounding = 1e-12 * max(abs(observed), 1e-300)
    return float((1 + (finite >= observed - rounding).sum()) / (1 + finite.size))
