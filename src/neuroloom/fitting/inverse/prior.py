r"""What wiring alone says of weights: a normal prior whose two numbers come from all neurons.

$$W_e \sim N\big(m\, s_e c_e,\; (d\, c_e)^2\big), \qquad c_e = (\text{count}_e / \text{mean})^p$$

with the sign s (0 where unknown). Under noise in the state least squares is already the best
unbiased estimator; what still helps is what else is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.fitting.inverse.reduction import Reduced

__all__ = ["FittedPrior", "WeightPrior"]


@dataclass(frozen=True)
class WeightPrior:
    """A prior that shrinks weights toward sign times count, as strongly as data bear out.

    Attributes:
        power: p. At 0 a connection's count says nothing of its weight, at 1 they are in
            proportion.
        n_rounds: Rounds of expectation and maximization for m and d.
        n_neurons: From how many neurons at most m and d are taken, evenly spaced.
    """

    power: float = 0.0
    n_rounds: int = 30
    n_neurons: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.power < float("inf") or self.n_rounds < 1 or self.n_neurons < 1:
            raise InputError(
                "`power` must be at least 0, `n_rounds` and `n_neurons` at least 1; got "
                f"{self.power}, {self.n_rounds}, {self.n_neurons}. Take power 0 if counts may not "
                "be in proportion to weights."
            )

    def unit(self, connectome: Connectome) -> Float[np.ndarray, " connection"]:
        """C of each connection.

        Raises:
            InputError: If a count is 0 and the power is not.
        """
        count = np.asarray(connectome.count, dtype=float)
        if self.power and (count <= 0).any():
            raise InputError(
                f"Counts must be above 0 for a prior in proportion to them; {(count <= 0).sum()} "
                "are 0. Leave these connections out, or take power 0."
            )
        return (count / count.mean()) ** self.power if self.power else np.ones(len(count))


@dataclass(frozen=True)
class FittedPrior:
    """The prior with its numbers.

    Attributes:
        mean: m, in units of weight.
        sd: d.
    """

    mean: float
    sd: float

    @classmethod
    def fit(
        cls,
        prior: WeightPrior,
        reduced: Sequence[Reduced],
        units: Sequence[np.ndarray],
        signs: Sequence[np.ndarray],
        dt: float,
    ) -> FittedPrior:
        """M and d by expectation and maximization over these neurons.

        Args:
            prior: How.
            reduced: The neurons.
            units: c of each of their connections.
            signs: s of each.
            dt: Step, in seconds.
        """
        fitted = cls(0.0, 0.1)
        rate = [0.4 / dt] * len(reduced)
        for _ in range(prior.n_rounds):
            top, bottom, parts = 0.0, 0.0, []
            for place, (one, unit, sign) in enumerate(zip(reduced, units, signs, strict=True)):
                q, cov, rate[place] = fitted.posterior(one, unit, sign, dt, rate[place], n_rounds=1)
                alive = one.scale[1 : 1 + len(unit)] > 0
                scale = one.scale[1 : 1 + len(unit)][alive] * unit[alive] * rate[place]
                z = q[1 : 1 + len(unit)][alive] / scale
                variance = np.diag(cov)[1 : 1 + len(unit)][alive] / scale**2
                top += float(sign[alive] @ z)
                bottom += float(np.abs(sign[alive]).sum())
                parts.append((z, variance, sign[alive]))
            mean = top / max(bottom, 1.0)
            square = np.concatenate([np.zeros(0), *((z - mean * s) ** 2 + v for z, v, s in parts)])
            if not square.size:
                break
            fitted = cls(mean, max(float(np.sqrt(square.mean())), 1e-9))
        return fitted

    def posterior(
        self,
        reduced: Reduced,
        unit: Float[np.ndarray, " rate"],
        sign: Int[np.ndarray, " rate"],
        dt: float,
        start: float,
        n_rounds: int = 10,
    ) -> tuple[Float[np.ndarray, " column"], Float[np.ndarray, "column column"], float]:
        """Scaled coefficients, their covariance, and 1/tau, which the prior on weights needs.

        Args:
            reduced: The neuron.
            unit: c of its connections.
            sign: s of them.
            dt: Step, in seconds.
            start: 1/tau to start from; the two are had in turn.
            n_rounds: How many turns.
        """
        rates = slice(1, 1 + len(unit))
        rate = start
        center, precision = np.zeros(len(reduced.scale)), np.zeros(len(reduced.scale))
        alive = reduced.scale[rates] > 0
        information, known = reduced.root.T @ reduced.root, reduced.root.T @ reduced.side
        still = np.diag((reduced.scale == 0).astype(float))  # their coefficients stay 0
        q, cov = np.zeros(len(center)), np.eye(len(center))
        variance = reduced.square / max(reduced.n_rows - 1, 1)
        for turn in range(n_rounds + 1):
            per_unit = reduced.scale[rates] * unit * rate
            center[rates] = self.mean * sign * per_unit
            precision[rates] = np.where(alive, 1 / np.where(alive, self.sd * per_unit, 1) ** 2, 0)
            cov = np.linalg.inv(information / variance + np.diag(precision) + still)
            q = cov @ (known / variance + precision * center)
            if turn == n_rounds:
                break
            variance = max(reduced.residual_variance(q), 1e-12 * reduced.square / reduced.n_rows)
            if reduced.scale[0] > 0:
                rate = float(np.clip(-q[0] / reduced.scale[0], 1e-3 / dt, 2 / dt))
        return q, cov, rate


def lean(reduced: Reduced) -> Reduced:
    """Without its rows, which the prior does not need and which fill memory."""
    return replace(
        reduced,
        whitened=reduced.whitened[:0],
        columns=reduced.columns[:0],
        target=reduced.target[:0],
    )
