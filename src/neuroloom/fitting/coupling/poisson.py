"""Who drives whom in spikes: Poisson regressions of every neuron on the past of all."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln

from neuroloom.errors import InputError
from neuroloom.fitting.coupling.drive import drive_of
from neuroloom.fitting.coupling.history import AbstractBasis, RaisedCosine, filtered
from neuroloom.fitting.coupling.lagged import LaggedFrames
from neuroloom.fitting.coupling.links import AbstractLink, Exponential
from neuroloom.fitting.coupling.newton import Design, Solution, mean_nll, solve
from neuroloom.fitting.coupling.penalties import AbstractPenalty, GroupL1, Scales

__all__ = ["Poisson", "PoissonCoupling"]

VALIDATION = 0.2  # of the frames, the last, on which the strength of the penalty is chosen
ROUGH = 1e-3  # tolerance while choosing


@dataclass(frozen=True, eq=False)
class PoissonCoupling:
    r"""Coupling between spiking neurons over a few steps of the past.

    $$\mu_t = f\Big(c + \sum_{l=1}^{p} A_l n_{t-l} + \sum_{l=1}^{p} C_l b_{t-l}\Big)$$

    Attributes:
        weight: A, change of the drive per spike. The diagonal is a neuron's own past.
        behavior_weight: C, per unit of each channel.
        intercept: c.
        link: f, from the drive to spikes per bin.
        chosen: What the fit chose for itself, such as a penalty, by name.
    """

    weight: Float[np.ndarray, "lag post pre"]
    behavior_weight: Float[np.ndarray, "lag post channel"]
    intercept: Float[np.ndarray, " post"]
    link: AbstractLink
    chosen: dict[str, float]

    @property
    def n_lags(self) -> int:
        """Steps of the past that predict."""
        return len(self.weight)

    @property
    def connectivity(self) -> Float[np.ndarray, "post pre"]:
        """Signed area of each kernel, in units of the drive per spike, without the diagonal."""
        found = self.weight.sum(axis=0)
        np.fill_diagonal(found, 0.0)
        return found

    def predict(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Float[np.ndarray, "trial time neuron"]:
        """Rates, in spikes per bin: the entry at a step uses the steps before it and nothing else.

        Args:
            activity: Spike counts of the same neurons, in the same order and bins.
            behavior: Of the same channels, if there were any.

        Returns:
            NaN in the first `n_lags` steps of each trial, and where the past is not observed.

        Raises:
            InputError: If neurons or channels are not those of the fit, by number.
        """
        drive = drive_of(
            activity,
            behavior,
            weight=self.weight,
            behavior_weight=self.behavior_weight,
            intercept=self.intercept,
        )
        return self.link.rate(drive)

    def nll(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> Float[np.ndarray, " neuron"]:
        """Mean negative log likelihood of each neuron, in nats per bin, over what can be forecast.

        Args:
            activity: Spike counts; NaN where not observed.
            behavior: As in `predict`.
        """
        rate = self.predict(activity, behavior)
        known = np.isfinite(rate) & np.isfinite(activity)
        n = np.where(known, activity, 0.0)
        mu = np.where(known, rate, 1.0)
        entry = np.where(known, mu - n * np.log(mu) + gammaln(n + 1), 0.0)
        return entry.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)


@dataclass(frozen=True)
class Poisson:
    r"""Poisson regression of every neuron's spikes on the past of all: a coupled GLM. Convex.

    $$\min_w \tfrac1n \sum_t \big[ \mu_{it} - n_{it} \log \mu_{it} \big] + P(w_i), \qquad
    \mu_{it} = f\Big(c_i + \sum_{k, j} w_{ikj} \sum_l \phi_k(l)\, n_{j, t-l}\Big)$$

    A frame counts if all neurons are observed in it, and all neurons and channels in the lags
    before. The strength of the penalty, one for all neurons, is that of the best likelihood on the
    last fifth of the frames; all are fitted again with it.

    Attributes:
        basis: phi: `RaisedCosine` or `EachLag`.
        penalty: P: `L1`, `GroupL1` or `L2`.
        link: f: `Exponential` or `Softplus`.

    Source:
        Truccolo et al., J. Neurophysiol. 93:1074 (2005); Pillow et al., Nature 454:995 (2008).
        Penalties in units of noise, and what goes free, are ours.
    """

    basis: AbstractBasis = field(default_factory=RaisedCosine)
    penalty: AbstractPenalty = field(default_factory=GroupL1)
    link: AbstractLink = field(default_factory=Exponential)

    def fit(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> PoissonCoupling:
        """Fit to the frames whose past is observed.

        Args:
            activity: Spike counts by bin; NaN where not observed.
            behavior: Variables of the animal on the same clock.

        Raises:
            InputError: As `LaggedFrames`, or if spikes are no whole numbers.
        """
        known = np.isfinite(activity)
        spikes = np.where(known, activity, 0.0)
        wrong = (spikes < 0) | (spikes != np.round(spikes))
        if wrong.any():
            raise InputError(
                f"Spikes must be whole numbers, at least 0; {wrong.sum()} are not. Fit counts by "
                "bin, neither smoothed nor divided by the width of a bin."
            )
        functions = self.basis.functions
        counts = LaggedFrames(activity, len(functions), behavior).counts
        source = spikes
        if behavior is not None:
            source = np.concatenate([spikes, np.where(np.isfinite(behavior), behavior, 0.0)], 2)
        z = filtered(source, functions, counts)
        mean, sd = z.mean(axis=0), z.std(axis=0)
        sd = np.where(sd > 1e-12 * np.maximum(np.abs(mean), 1.0), sd, np.inf)
        z -= mean
        z /= sd
        y = spikes[counts]
        strength, start, n_steps = self.penalty.strength, None, 0
        if strength is None:
            strength, start, n_steps = self._best(z, y, functions.shape[1])
        terms = self.penalty.terms(strength, self._scales(y, z.shape[1], functions.shape[1]))
        found = solve(Design.of(z), y, self.link, terms, start)
        w = found.beta / sd[:, None]
        kernel = np.einsum("lk,kji->lij", functions, w.reshape(functions.shape[1], -1, y.shape[1]))
        return PoissonCoupling(
            weight=kernel[:, :, : y.shape[1]].copy(),
            behavior_weight=kernel[:, :, y.shape[1] :].copy(),
            intercept=found.intercept - mean @ w,
            link=self.link,
            chosen={"strength": strength, "steps": float(n_steps + found.n_steps)},
        )

    def _best(self, z: np.ndarray, y: np.ndarray, n_basis: int) -> tuple[float, Solution, int]:
        """Strength, a start with it, and the steps that it took to find."""
        cut = len(y) - max(1, round(VALIDATION * len(y)))
        design, scales = Design.of(z[:cut]), self._scales(y[:cut], z.shape[1], n_basis)
        at, n_steps, worse, lowest = None, 0, 0, np.inf
        found: list[tuple[float, Solution]] = []
        for strength in self.penalty.grid:
            terms = self.penalty.terms(strength, scales)
            at = solve(design, y[:cut], self.link, terms, at, tolerance=ROUGH)
            n_steps += at.n_steps
            rate = self.link.rate(z[cut:] @ at.beta + at.intercept)
            error = float(mean_nll(rate, y[cut:]).sum())
            if error < lowest or not found:
                found, lowest, worse = [(strength, at)], error, 0
            else:
                worse += 1
            if worse == 2:
                break
        return *found[0], n_steps

    def _scales(self, y: np.ndarray, n_predictors: int, n_basis: int) -> Scales:
        n, n_pre = y.shape
        level = np.maximum(y.sum(axis=0), 0.1) / n
        slope = self.link.slope(self.link.inverse(level), level)
        free = np.ones((n_basis, n_predictors // n_basis, n_pre), bool)
        free[:, :n_pre] = np.eye(n_pre, dtype=bool)
        return Scales(slope**2 / level, n, free.reshape(n_predictors, n_pre), n_basis)
