"""How far every neuron's activity moves when an unknown moves: the matrix S of a linearization."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.errors import InputError

__all__ = ["Sensitivity"]

LARGEST = 100_000_000  # numbers in one array: 800 MB


@dataclass(frozen=True, eq=False)
class Sensitivity:
    r"""S in $\delta r = S z$, where the unknowns z are independent with variance 1 beforehand.

    With a prior covariance $C_0 = L L^\top$ of the parameters, $\delta\theta = L z$: the columns of
    S are in units of activity per prior SD, and everything that follows needs no other prior.

    The same holds for an ensemble: members' deviations from their mean, divided by
    $\sqrt{m - 1}$, are a sensitivity whose unknowns are the members (`from_members`).

    Attributes:
        value: Change of the activity of each neuron at each sample (all trials one after another)
            per prior SD of each unknown; unit of activity.
        explained: Share of the summed squared sensitivity of all unknowns that these hold; 1 where
            none were left out.
    """

    value: Float[np.ndarray, "neuron sample unknown"]
    explained: float = 1.0

    def __post_init__(self) -> None:
        """Finite, and never changed."""
        bad = ~np.isfinite(self.value)
        if bad.any():
            place = np.argwhere(bad)[0].tolist()
            raise InputError(
                f"A sensitivity must be finite; {bad.sum():,} entries are not, the first at "
                f"neuron {place[0]}, sample {place[1]}, unknown {place[2]}. Where the activity "
                "diverges, use a shorter simulation, a smaller `dt` or a smaller scale."
            )
        self.value.flags.writeable = False

    def __repr__(self) -> str:
        """Sizes, not contents."""
        n, k, p = self.value.shape
        return f"Sensitivity({n} neurons, {k} samples, {p} unknowns)"

    @classmethod
    def with_covariance(
        cls,
        per_parameter: Float[np.ndarray, "neuron sample parameter"],
        covariance: Float[np.ndarray, "parameter parameter"],
    ) -> "Sensitivity":
        """From changes per unit of each parameter, and the parameters' prior covariance.

        Args:
            per_parameter: Change of activity per unit of each parameter.
            covariance: Prior covariance C0, symmetric and positive definite, in units of the
                parameters.

        Raises:
            InputError: If it is not symmetric and positive definite.
        """
        wrong = "symmetric"
        if np.allclose(covariance, covariance.T):
            try:
                root = np.linalg.cholesky(covariance)
            except np.linalg.LinAlgError:
                wrong = "positive definite"
            else:
                return cls(per_parameter @ root)
        raise InputError(
            f"A prior covariance must be symmetric and positive definite; it is not {wrong}. Fix a "
            "parameter (leave it out) instead of giving it variance 0."
        )

    @classmethod
    def from_members(
        cls, predictions: Float[np.ndarray, "member trial time neuron"]
    ) -> "Sensitivity":
        """From the predictions of an ensemble: what its members disagree about.

        Args:
            predictions: Activity by every member; at least two.

        Raises:
            InputError: If there are fewer than two members.
        """
        m, n = predictions.shape[0], predictions.shape[-1]
        if m < 2:
            raise InputError(
                f"An ensemble must have at least 2 members to disagree; got {m}. Fit more members."
            )
        apart = (predictions - predictions.mean(axis=0)) / np.sqrt(m - 1)
        return cls(np.moveaxis(apart.reshape(m, -1, n), (0, 1, 2), (2, 1, 0)).astype(np.float64))

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.value.shape[0]

    @property
    def n_samples(self) -> int:
        """Samples of each neuron, all trials together."""
        return self.value.shape[1]

    @property
    def n_unknowns(self) -> int:
        """Number of unknowns."""
        return self.value.shape[2]

    def rows(self, which: Bool[np.ndarray, " neuron"]) -> Float[np.ndarray, "row unknown"]:
        """All samples of these neurons, one below the other: S_R for a recorded set."""
        return self.value[which].reshape(-1, self.n_unknowns)
