"""What is known so far, and what recording one neuron more would tell."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.identifiability.posterior import check_mask, check_noise
from neuroloom.analysis.identifiability.sensitivity import Sensitivity

__all__ = ["Candidates", "Knowledge"]

_KNOWN = 1e-9  # part of its prior variance below which what is left of a signal counts as known
_NOISELESS = 1e-13  # part of the prior variance below which noise does not matter
_AT_ONCE = 20_000_000  # numbers in one array of products


@dataclass(frozen=True, eq=False)
class Candidates:
    r"""Neurons that might be recorded, each by as few numbers as tell the same as all its samples.

    Attributes:
        block: $R_v$ with $R_v^\top R_v = S_v^\top S_v$: what recording each neuron would say, in
            rows at right angles; padded with zeros.
        goal: $G = \frac{1}{K} \sum_u S_u^\top S_u$ over wanted neurons.
        wanted: Neurons whose activity shall be known.
        recorded: Neurons recorded already.
        noise: SD of the noise in every sample.
        n_samples: K, samples of each neuron.
    """

    block: Float[np.ndarray, "neuron row unknown"]
    goal: Float[np.ndarray, "unknown unknown"]
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
            sensitivity: Of all neurons; worth being `compressed` first.
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
        rows = sensitivity.rows(goal_of)
        return cls(
            block=_blocks(sensitivity.value),
            goal=rows.T @ rows / sensitivity.n_samples,
            wanted=goal_of,
            recorded=known,
            noise=float(noise),
            n_samples=sensitivity.n_samples,
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.block)

    def knowledge(self) -> "Knowledge":
        """What is known from the neurons recorded already."""
        p = self.block.shape[2]
        state = Knowledge(self, np.eye(p), np.zeros(self.n_neurons, bool))
        for neuron in np.flatnonzero(self.recorded):
            state = state.recording(int(neuron))
        return state


@dataclass(frozen=True, eq=False)
class Knowledge:
    """The posterior after some recordings.

    Attributes:
        candidates: The neurons.
        covariance: C, of the unknowns.
        recorded: Which neurons are recorded.
    """

    candidates: Candidates
    covariance: Float[np.ndarray, "unknown unknown"]
    recorded: Bool[np.ndarray, " neuron"]

    def total(self) -> float:
        """Expected squared error, summed over wanted neurons, mean over samples."""
        return max(float(np.vdot(self.candidates.goal, self.covariance)), 0.0)

    def unrecorded(self) -> float:
        """Expected squared error, mean over wanted neurons that are not recorded; 0 without any."""
        c = self.candidates
        left = int((c.wanted & ~self.recorded).sum())
        rows = c.block[c.wanted & self.recorded].reshape(-1, c.block.shape[2])
        of_recorded = float(np.vdot(rows @ self.covariance, rows)) / c.n_samples
        return max(self.total() - of_recorded, 0.0) / left if left else 0.0

    def gains(self, which: Int[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """By how much recording each of these neurons, alone, would lower `total`."""
        c = self.candidates
        per_neuron = max(c.block.shape[1] * c.block.shape[2], 1)
        size = max(_AT_ONCE // per_neuron, 1)
        parts = [
            self._gains(c.block[which[start : start + size]])
            for start in range(0, len(which), size)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def recording(self, neuron: int) -> "Knowledge":
        """What is known once this neuron is recorded as well."""
        block = self.candidates.block[neuron]
        through = block @ self.covariance
        inverse = self._inverse((through @ block.T)[None], block[None])[0]
        covariance = self.covariance - through.T @ inverse @ through
        recorded = self.recorded.copy()
        recorded[neuron] = True
        return Knowledge(self.candidates, (covariance + covariance.T) / 2, recorded)

    def _gains(self, block: np.ndarray) -> np.ndarray:
        k, p = block.shape[1:]
        through = (block.reshape(-1, p) @ self.covariance).reshape(-1, k, p)
        inverse = self._inverse(through @ block.transpose(0, 2, 1), block)
        reached = (through.reshape(-1, p) @ self.candidates.goal).reshape(-1, k, p)
        gained = reached @ through.transpose(0, 2, 1)
        return np.maximum(np.einsum("nij,nji->n", inverse, gained), 0.0)

    def _inverse(self, left: np.ndarray, block: np.ndarray) -> np.ndarray:
        """(S_v C S_v' + s^2)^-1, its pseudo-inverse without noise: what is known tells nothing."""
        values, vectors = np.linalg.eigh((left + left.transpose(0, 2, 1)) / 2)
        before = np.einsum("nkp,nkp->n", block, block)[:, None]  # the prior variance of all rows
        noise = self.candidates.noise**2
        new = (values > _KNOWN * before) | (noise > _NOISELESS * before)
        inverted = np.where(new, 1 / np.where(new, np.maximum(values, 0) + noise, 1.0), 0.0)
        return (vectors * inverted[:, None, :]) @ vectors.transpose(0, 2, 1)


def _blocks(value: Float[np.ndarray, "neuron sample unknown"]) -> np.ndarray:
    """Singular values times right singular vectors of every neuron, cut where nothing is left."""
    _, sizes, axes = np.linalg.svd(value, full_matrices=False)
    rows = sizes[:, :, None] * axes
    keep = (sizes > 1e-10 * sizes.max(initial=0.0)).any(axis=0)
    return rows[:, : max(int(keep.sum()), 1)]
