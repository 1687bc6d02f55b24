"""Eigenvalues of the wiring: how far activity is amplified by going round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Complex

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.signs import AbstractSignRule, Dropped
from neuroloom.connectome.statistics.pairs import pairs_of, signed_pairs
from neuroloom.errors import SimulationError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Spectrum", "spectral_radius", "spectrum"]

_TOLERANCE = 1e-5
_FEW_RESTARTS, _MANY_RESTARTS = 5, 100
_N_BASIS = 40  # vectors of the Arnoldi basis


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues, largest first.

    Attributes:
        values: In contacts.
        complete: Whether these are all of them, or only the leading ones.
        n_recurrent: Nodes in the largest strongly connected part: those that can reach each other.
    """

    values: Complex[np.ndarray, " eigenvalue"]
    complete: bool
    n_recurrent: int

    @property
    def radius(self) -> float:
        """The largest |eigenvalue|; 0 where there is none."""
        return float(np.abs(self.values).max(initial=0.0))


def spectral_radius(
    connectome: Connectome,
    *,
    signed: bool = True,
    unknown_sign: AbstractSignRule | Dropped | None = None,
    electrical: bool = False,
    sparse_above: int = 2_000,
) -> float:
    r"""Largest |eigenvalue| of the weight matrix, in contacts.

    $$\rho(W) = \max_k |\lambda_k(W)|, \quad W_{ij} = \sum_{e: j \to i} s_e c_e$$

    Below 1 / gain, a linear rate network with these weights forgets its initial state. $W$ is block
    triangular in its strongly connected parts, so $\rho$ is the largest of theirs: exactly 0 for a
    feed-forward graph, at any size.

    Args:
        connectome: Directed; need not be symmetric.
        signed: With the signs; otherwise all contacts count as +.
        unknown_sign: What an unknown sign becomes; `Dropped()` leaves such connections out.
        electrical: Count electrical connections too, as + and both ways. They are left out
            otherwise: they carry differences of voltage, not rates.
        sparse_above: A strongly connected part of more nodes is solved by Arnoldi iteration (4
            digits), a smaller one by the dense solver for general matrices.

    Returns:
        At least 0; 0 for a feed-forward graph.

    Raises:
        InputError: If signs are unknown and no rule says what they become.
        SimulationError: If Arnoldi iteration does not converge.

    Example:
        >>> ring = Connectome(
        ...     neuron_id=np.arange(20), pre=np.arange(20), post=(np.arange(20) + 1) % 20,
        ...     kind=np.zeros(20, int), count=np.ones(20, int), sign=np.ones(20, int))
        >>> round(spectral_radius(ring), 12)
        1.0

    Source:
        Jaeger, The "echo state" approach, GMD Report 148 (2001). We report it and never normalize
        by it. Arnoldi: Lehoucq, Sorensen and Yang, ARPACK Users' Guide (1998).
    """
    return spectrum(
        connectome,
        signed=signed,
        unknown_sign=unknown_sign,
        electrical=electrical,
        sparse_above=sparse_above,
        n_leading=1,
    ).radius


def spectrum(
    connectome: Connectome,
    *,
    signed: bool = True,
    unknown_sign: AbstractSignRule | Dropped | None = None,
    electrical: bool = False,
    sparse_above: int = 2_000,
    n_leading: int = 8,
) -> Spectrum:
    """All eigenvalues of the weight matrix, or the leading ones where it is large; in contacts.

    Args:
        connectome: Directed; need not be symmetric.
        signed: As in `spectral_radius`.
        unknown_sign: As in `spectral_radius`.
        electrical: As in `spectral_radius`.
        sparse_above: As in `spectral_radius`.
        n_leading: How many eigenvalues to look for in a part that is larger than that. Where these
            are too close to each other to be told apart soon, only the largest is found.

    Raises:
        InputError: If signs are unknown and no rule says what they become.
        SimulationError: If Arnoldi iteration does not converge.

    Source:
        As `spectral_radius`.
    """
    from scipy.sparse.csgraph import connected_components

    if signed:
        pairs = signed_pairs(connectome, unknown_sign, electrical=electrical)
        matrix = pairs.matrix(pairs.signed.copy())
    else:
        pairs = pairs_of(connectome, electrical=electrical)
        matrix = pairs.matrix(pairs.count.copy())
    n = connectome.n_neurons
    if (matrix.data == 0).any():
        matrix = _without_zeros(matrix)
    _, part = connected_components(matrix, connection="strong")
    size = np.bincount(part, minlength=1) if n else np.zeros(1, int)
    single = size[part] == 1 if n else np.zeros(0, bool)
    found = [matrix.diagonal()[single].astype(complex)]  # a node in no loop but its own
    order = np.argsort(part, kind="stable")
    last = np.cumsum(size)
    complete = True
    for one in np.flatnonzero(size > 1):
        inside = order[last[one] - size[one] : last[one]]
        block = matrix if inside.size == n else matrix[inside][:, inside]
        dense = inside.size <= max(sparse_above, 3)
        complete &= dense
        found.append(
            np.linalg.eigvals(block.toarray()).astype(complex)
            if dense
            else _leading(block, n_leading)
        )
    values = np.concatenate(found)
    # Round before sorting, so that two of one size stand in the same order on every machine.
    by_size = np.lexsort((-np.imag(values), -np.real(values), -np.round(np.abs(values), 9)))
    return Spectrum(values[by_size], complete, int(size.max(initial=0)) if n else 0)


def _without_zeros(matrix: csr_array) -> csr_array:
    from scipy.sparse import csr_array

    made = csr_array((matrix.data, matrix.indices.copy(), matrix.indptr.copy()), matrix.shape)
    made.eliminate_zeros()
    return made


def _leading(block: csr_array, n_leading: int) -> Complex[np.ndarray, " eigenvalue"]:
    """The largest eigenvalues of a strongly connected part; one alone if others are slow."""
    several = _arnoldi(block, n_leading, _FEW_RESTARTS) if n_leading > 1 else None
    found = _arnoldi(block, 1, _MANY_RESTARTS) if several is None else several
    if found is None:
        n = len(block.indptr) - 1
        raise SimulationError(
            f"Arnoldi iteration must converge; on a part of {n:,} nodes it did not, as where very "
            f"many eigenvalues are equally large (a long ring). Pass `sparse_above={n}` to use the "
            "dense solver, if that matrix fits into memory."
        )
    return found


def _arnoldi(
    block: csr_array, n_wanted: int, n_restarts: int
) -> Complex[np.ndarray, " eigenvalue"] | None:
    """None where it does not converge. A fixed start makes the result repeatable."""
    from scipy.sparse.linalg import ArpackError, eigs

    n = len(block.indptr) - 1
    n_wanted = min(n_wanted, n - 2)
    try:
        found = eigs(
            block,
            k=n_wanted,
            which="LM",
            v0=np.random.default_rng(0).standard_normal(n),
            ncv=min(n, max(_N_BASIS, 2 * n_wanted + 1)),
            tol=_TOLERANCE,  # pyright: ignore[reportArgumentType]  the stub says int
            maxiter=n_restarts,
            return_eigenvectors=False,
        )
    except ArpackError:
        return None
    return np.asarray(found)
