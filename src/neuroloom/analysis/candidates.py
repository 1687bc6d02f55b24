"""What is known so far, and what recording one neuron more would tell."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.identifiability.posterior import check_mask, check_noise
from neuroloom.analysis.identifiability.sensitivity import Sensitivity

__all__ = ["Candidates", "Knowledge"]

_KNOWN = 1e-9  # part of its prior variance below which what is left of a signal counts as known
_NOISELESS = 1e-13  # part of the prior variance below which noise does not matter
_UNHEARD = 1e-3  # signals of an SD below this part of the noise's are left out
_RELATIVE = 1e-10  # and those below this part of the largest signal
_AT_ONCE = 20_000_000  # numbers in one array of products


@dataclass(frozen=True, eq=False)
class Candidates:
    r"""Neurons that might be recorded, each by as few numbers as tell the same as all its samples.

    Attributes:
        block: $R_v$ with $R_v^\top R_v = S_v^\top S_v$: what recording each neuron would say, in
            rows at right angles; signals far below the noise are left out, and zeros fill up.
        reach: $R_v G$ with $G = \frac{1}{K} \sum_u S_u^\top S_u$ over wanted neurons.
        wanted: Neurons whose activity shall be known.
        recorded: Neurons recorded already.
        noise: SD of the noise in every sample.
        n_samples: K, samples of each neuron.
    """

    block: Float[np.ndarray, "neuron row unknown"]
    reach: Float[np.ndarray, "neuron row unknown"]
    wanted: Bool[np.ndarray, " neuron"]
    recorded: Bool[np.ndarray, " neuron"]
    noise: float
    n_samples: int

    @classmethod
    def of(
        cls,
        sensitivity: Sensitivity,
        *,
        noise: float,
        recorded: Bool[np.ndarray, " neuron"] | None = None,
        wanted: Bool[np.ndarray, " neuron"] | None = None,
    ) -> "Candidates":
        """From the sensitivities of all neurons.

        Args:
            sensitivity: Of all neurons.
            noise: SD of the noise in every recorded sample, unit of activity, at least 0.
            recorded: Neurons recorded already; default none.
            wanted: Neurons whose activity shall be known; default all.

        Raises:
            InputError: If noise or masks are out of range.
        """
        n = sensitivity.n_neurons
        known = np.zeros(n, bool) if recorded is None else recorded
        goal_of = np.ones(n, bool) if wanted is None else wanted
        check_noise(noise)
        for mask in (known, goal_of):
            check_mask(mask, n)
        block = _blocks(sensitivity.value, noise)
        rows = block[goal_of].reshape(-1, block.shape[2])
        goal = rows.T @ rows / sensitivity.n_samples
        reach = (block.reshape(-1, len(goal)) @ goal).reshape(block.shape)
        return cls(block, reach, goal_of, known, float(noise), sensitivity.n_samples)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.block)

    def knowledge(self) -> "Knowledge":
        """What is known from the neurons recorded already."""
        state = Knowledge(self)
        for neuron in np.flatnonzero(self.recorded):
            state.record(int(neuron))
        return state


class Knowledge:
    r"""The posterior as it changes with every recording: a working value, not a result.

    It holds $X_u = R_u C$ and $Y_u = R_u C G$ of every neuron that was asked for, and never C
    itself. A recording of v is a change of low rank,

    $$X_u \leftarrow X_u - (X_u R_v^\top) (R_v C R_v^\top + s^2)^{-1} X_v,$$

    and the same with $Y_v$ for $Y_u$; a neuron catches up with recordings when it is looked at.

    Attributes:
        candidates: The neurons.
        recorded: Which neurons are recorded.
        total: Expected squared error, summed over wanted neurons, mean over samples.
    """

    def __init__(self, candidates: Candidates) -> None:
        """With nothing recorded."""
        self.candidates = candidates
        self.recorded = np.zeros(candidates.n_neurons, bool)
        wanted = candidates.block[candidates.wanted]
        self.total = float(np.vdot(wanted, wanted)) / candidates.n_samples
        self._x = np.empty_like(candidates.block)
        self._y = np.empty_like(candidates.block)
        self._caught_up = np.full(candidates.n_neurons, -1)  # recordings that x and y know of
        self._changes: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def errors(self, which: Int[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """Expected squared error of these neurons, mean over samples."""
        self._catch_up(which)
        left = np.einsum("nkp,nkp->n", self._x[which], self.candidates.block[which])
        return np.maximum(left, 0.0) / self.candidates.n_samples

    def unrecorded(self) -> float:
        """Expected squared error, mean over wanted neurons that are not recorded; 0 without any."""
        wanted = self.candidates.wanted
        n_left = int((wanted & ~self.recorded).sum())
        of_recorded = self.errors(np.flatnonzero(wanted & self.recorded)).sum()
        return max(self.total - float(of_recorded), 0.0) / n_left if n_left else 0.0

    def gains(self, which: Int[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """By how much recording each of these neurons, alone, would lower `total`."""
        self._catch_up(which)
        c = self.candidates
        size = max(_AT_ONCE // max(c.block.shape[1] * c.block.shape[2], 1), 1)
        gains = np.zeros(len(which))
        for start in range(0, len(which), size):
            part = which[start : start + size]
            x = self._x[part].transpose(0, 2, 1)
            inverse = self._inverse(c.block[part] @ x, c.block[part])
            gained = self._y[part] @ x
            gains[start : start + size] = np.einsum("nij,nji->n", inverse, gained)
        return np.maximum(gains, 0.0)

    def record(self, neuron: int) -> None:
        """Record this neuron as well."""
        self.total = max(self.total - float(self.gains(np.array([neuron]))[0]), 0.0)
        block = self.candidates.block[neuron]
        inverse = self._inverse((self._x[neuron] @ block.T)[None], block[None])[0]
        self._changes.append((block, inverse @ self._x[neuron], inverse @ self._y[neuron]))
        self.recorded[neuron] = True

    def _catch_up(self, which: Int[np.ndarray, " asked"]) -> None:
        new = which[self._caught_up[which] < 0]
        self._x[new], self._y[new] = self.candidates.block[new], self.candidates.reach[new]
        self._caught_up[new] = 0
        oldest = int(self._caught_up[which].min(initial=len(self._changes)))
        for done in range(oldest, len(self._changes)):
            block, through_x, through_y = self._changes[done]
            behind = which[self._caught_up[which] == done]
            shared = self._x[behind] @ block.T
            self._x[behind] -= shared @ through_x
            self._y[behind] -= shared @ through_y
            self._caught_up[behind] = done + 1

    def _inverse(self, left: np.ndarray, block: np.ndarray) -> np.ndarray:
        """(S_v C S_v' + s^2)^-1, its pseudo-inverse without noise: what is known tells nothing."""
        values, vectors = np.linalg.eigh((left + left.transpose(0, 2, 1)) / 2)
        before = np.einsum("nkp,nkp->n", block, block)[:, None]  # the prior variance of all rows
        noise = self.candidates.noise**2
        new = (values > _KNOWN * before) | (noise > _NOISELESS * before)
        inverted = np.where(new, 1 / np.where(new, np.maximum(values, 0) + noise, 1.0), 0.0)
        return (vectors * inverted[:, None, :]) @ vectors.transpose(0, 2, 1)


def _blocks(value: Float[np.ndarray, "neuron sample unknown"], noise: float) -> np.ndarray:
    """Singular values times right singular vectors of every neuron, as far as they are heard."""
    parts = []
    size = max(_AT_ONCE // max(value.shape[1] * value.shape[2], 1), 1)
    for start in range(0, len(value), size):
        _, sizes, axes = np.linalg.svd(value[start : start + size], full_matrices=False)
        parts.append(sizes[:, :, None] * axes)
    rows = np.concatenate(parts)
    length = np.linalg.norm(rows, axis=2)
    least = max(_UNHEARD * noise, _RELATIVE * float(length.max(initial=0.0)))
    return rows[:, : max(int((length > least).any(axis=0).sum()), 1)]
