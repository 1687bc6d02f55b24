"""What the inverse returns, and how it is scored against known parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from neuroloom.errors import InputError
from neuroloom.fitting.inverse.findings import Degeneracy, Finding

__all__ = ["Recovered", "Score", "identity_r2"]


def identity_r2(true: Num[np.ndarray, " value"], estimated: Num[np.ndarray, " value"]) -> float:
    r"""How much of the variance of the truth the estimate explains, without fitting a line.

    $$1 - \sum (\text{true} - \text{estimated})^2 / \sum (\text{true} - \overline{\text{true}})^2$$

    1 at best, 0 for the mean, without bound below. Squared correlation is blind to slope and
    offset; this is not.

    Returns:
        NaN where the truth does not vary.

    Example:
        >>> identity_r2(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
        -6.0
    """
    spread = float(((true - true.mean()) ** 2).sum()) if true.size else 0.0
    return 1 - float(((true - estimated) ** 2).sum()) / spread if spread > 0 else float("nan")


@dataclass(frozen=True)
class Score:
    """How well parameters were recovered on some of the neurons.

    Attributes:
        where: `all`, `without autapses` (those connections left out), `without autapse neurons`
            (all that belongs to neurons with one left out), `identified` (what data determine).
        r2_weight: `identity_r2` of weights.
        correlation_weight: Pearson's correlation, blind to slope and offset.
        r2_tau: Of time constants.
        r2_rest: Of rests.
        n_connections: How many weights.
        n_neurons: How many time constants.
    """

    where: str
    r2_weight: float
    correlation_weight: float
    r2_tau: float
    r2_rest: float
    n_connections: int
    n_neurons: int


@dataclass(frozen=True, eq=False, repr=False)
class Recovered:
    """Parameters of neurons, from their activity.

    Attributes:
        neuron: Places of the neurons in the connectome.
        connection: Places of their incoming connections in the connectome.
        pre: Where each of these starts.
        post: Where each ends.
        weight: W of each connection, signed. Of what data do not determine, the smallest that
            fits, or what the prior says.
        weight_sd: Standard error; infinite where not determined (with a prior: its SD).
        weight_known: Whether data determine it.
        tau: Time constants, in seconds; not positive where the regression failed. Of a neuron whose
            state never changes this and all else is NaN.
        tau_sd: Likewise.
        tau_known: Likewise.
        rest: Vrest, in the unit of the state.
        rest_sd: Likewise.
        rest_known: Likewise.
        input_gain: Gain of the known input, 1 if the equation holds; NaN without input.
        residual_sd: SD of what is left of dv/dt; under noise in the state of SD s per step, s/dt.
        prior_weight: What the prior alone says of each weight; empty without one.
        findings: What is not determined, and why.
        audit: What was done and found, a sentence each.
    """

    neuron: Int[np.ndarray, " neuron"]
    connection: Int[np.ndarray, " connection"]
    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    weight: Float[np.ndarray, " connection"]
    weight_sd: Float[np.ndarray, " connection"]
    weight_known: Bool[np.ndarray, " connection"]
    tau: Float[np.ndarray, " neuron"]
    tau_sd: Float[np.ndarray, " neuron"]
    tau_known: Bool[np.ndarray, " neuron"]
    rest: Float[np.ndarray, " neuron"]
    rest_sd: Float[np.ndarray, " neuron"]
    rest_known: Bool[np.ndarray, " neuron"]
    input_gain: Float[np.ndarray, " neuron"]
    residual_sd: Float[np.ndarray, " neuron"]
    prior_weight: Float[np.ndarray, " prior"]
    findings: tuple[Finding, ...]
    audit: tuple[str, ...]

    def count(self, kind: Degeneracy) -> int:
        """How many neurons have this degeneracy."""
        return sum(finding.kind is kind for finding in self.findings)

    def scores(
        self,
        weight: Float[np.ndarray, " all_connections"],
        tau: Float[np.ndarray, " all_neurons"],
        rest: Float[np.ndarray, " all_neurons"],
    ) -> tuple[Score, ...]:
        """Scores against known parameters, over everything and over three parts of it.

        Args:
            weight: True W of every connection of the connectome, signed.
            tau: True time constants of all its neurons, in seconds.
            rest: True rests.

        Raises:
            InputError: If these are not of the whole connectome.
        """
        for name, values, needed in (
            ("weight", weight, self.connection),
            ("tau", tau, self.neuron),
            ("rest", rest, self.neuron),
        ):
            if needed.size and len(values) <= needed.max():
                raise InputError(
                    f"`{name}` must be of the whole connectome; it has {len(values)} entries, and "
                    f"{needed.max()} is asked for. Give the true values of all, in its order."
                )
        w, t, r = weight[self.connection], tau[self.neuron], rest[self.neuron]
        own = self.pre == self.post
        with_own = np.isin(self.neuron, self.post[own])
        every, each = np.ones(len(w), bool), np.ones(len(t), bool)
        parts = (
            ("all", every, each, each),
            ("without autapses", ~own, each, each),
            ("without autapse neurons", ~np.isin(self.post, self.post[own]), ~with_own, ~with_own),
            ("identified", self.weight_known, self.tau_known, self.rest_known),
        )
        return tuple(
            Score(
                where,
                identity_r2(w[e], self.weight[e]),
                _correlation(w[e], self.weight[e]),
                identity_r2(t[n], self.tau[n]),
                identity_r2(r[k], self.rest[k]),
                int(e.sum()),
                int(n.sum()),
            )
            for where, e, n, k in parts
        )

    def __repr__(self) -> str:
        """Sizes and what is known."""
        return (
            f"Recovered({len(self.neuron):,} neurons, {len(self.connection):,} connections; "
            f"determined: {self.weight_known.sum():,} weights, {self.tau_known.sum():,} tau, "
            f"{self.rest_known.sum():,} rest)"
        )


def _correlation(true: np.ndarray, estimated: np.ndarray) -> float:
    if true.size < 2 or not (true.std() > 0 and estimated.std() > 0):
        return float("nan")
    a, b = true - true.mean(), estimated - estimated.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
