"""Weights, time constants and rest from fully observed activity, a regression a neuron."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int

from neuroloom.connectome import KINDS, Connectome
from neuroloom.errors import InputError
from neuroloom.fitting.devices import one_blas_thread
from neuroloom.fitting.inverse.estimators import AbstractEstimator, LeastSquares
from neuroloom.fitting.inverse.findings import Degeneracy, Finding, Known, degeneracies
from neuroloom.fitting.inverse.prior import FittedPrior, WeightPrior, lean
from neuroloom.fitting.inverse.recovered import Recovered
from neuroloom.fitting.inverse.reduction import Reduced, reduce_neuron, solve
from neuroloom.fitting.inverse.targets import AbstractTarget, FiniteDifference, Rows, rows_of

__all__ = ["recover_parameters", "relu"]


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0), at the precision of x."""
    return np.maximum(x, 0)


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def recover_parameters(
    connectome: Connectome,
    activity: Float[np.ndarray, "*trial time_and_one neuron"],
    inputs: Float[np.ndarray, "*trial time neuron"],
    dt: float,
    *,
    activation: Callable[[np.ndarray], np.ndarray] = relu,
    target: AbstractTarget | None = None,
    estimator: AbstractEstimator | None = None,
    prior: WeightPrior | None = None,
    neurons: Int[np.ndarray, " some"] | None = None,
) -> Recovered:
    r"""W of every connection, tau and Vrest of every neuron, each neuron by itself.

    $$\tau_i \dot v_i = -v_i + V_i + g_i u_i + \sum_{e \to i} W_e\, \phi(v_{\mathrm{pre}(e)})$$

    is linear in $1/\tau_i, V_i/\tau_i, g_i/\tau_i, W_e/\tau_i$. That is `RateNetwork` with the gain
    on the postsynaptic side (and equal to 1) and no gap junctions.

    Args:
        connectome: Who may connect to whom. Counts and signs are read by a prior only.
        activity: States v of every neuron, the one before the first step included.
        inputs: Known input u of each step, 0 where there is none: `inputs[t]` drives the step from
            `activity[t]` to `activity[t + 1]`.
        dt: Step, in seconds.
        activation: phi, on NumPy arrays. An activation of `neuroloom.networks` works, at JAX's
            precision.
        target: What stands for dv/dt; default `FiniteDifference()`.
        estimator: Default `LeastSquares()`. For noisy recordings of the state take
            `NoiseCorrected(observation_noise_sd(...))`.
        prior: Shrinks weights toward what wiring says; default none.
        neurons: Places of the neurons to do; default all. All of `activity` is used either way.

    Raises:
        InputError: If shapes, `dt` or places do not fit, a value is not finite, or there are gap
            junctions.

    Example:
        >>> a_to_b = Connectome(
        ...     neuron_id=np.array(["a", "b"]), pre=np.array([0]), post=np.array([1]),
        ...     kind=np.array([0]), count=np.array([1]), sign=np.array([1]))
        >>> u = np.random.default_rng(0).normal(size=(50, 2))
        >>> v = np.zeros((51, 2))
        >>> for t in range(50):                      # tau 0.1 s, rest 1, W 2
        ...     received = np.array([0.0, 2.0 * max(v[t, 0], 0)])
        ...     v[t + 1] = v[t] + 0.01 / 0.1 * (-v[t] + 1 + u[t] + received)
        >>> found = recover_parameters(a_to_b, v, u, 0.01)
        >>> found.weight.round(6), found.tau.round(6), found.rest.round(6)
        (array([2.]), array([0.1, 0.1]), array([1., 1.]))

    Source:
        The problem is that of flyvis-gnn (arXiv 2602.13325), which trains a network for it.
    """
    states, known_inputs = _checked(connectome, activity, inputs, dt)
    chosen = _chosen(neurons, connectome.n_neurons)
    target = target or FiniteDifference()
    estimator = estimator or LeastSquares()
    estimator.check(target)
    target.check(np.asarray(inputs))
    moments = estimator.moments
    order = np.argsort(connectome.post, kind="stable")
    start = np.searchsorted(connectome.post[order], np.arange(connectome.n_neurons + 1))
    incoming = [order[start[i] : start[i + 1]] for i in chosen]
    needed = np.unique(np.concatenate([chosen, *(connectome.pre[e] for e in incoming)]))
    rows = rows_of(
        states[..., needed],
        known_inputs[..., needed],
        dt,
        activation=activation,
        target=target,
        lag=moments.lag,
        columns=needed,
    )
    job = _Job(connectome, rows, moments.ridge, _lags(rows, moments.lag), dt)

    def reduced(place: int) -> Reduced:
        pre = connectome.pre[incoming[place]]
        return reduce_neuron(rows, needed, int(chosen[place]), pre, moments, dt)

    def fit_prior(prior: WeightPrior) -> FittedPrior:
        n = min(prior.n_neurons, len(chosen))
        some = np.unique(np.linspace(0, len(chosen) - 1, n).astype(int))
        return FittedPrior.fit(
            prior,
            [lean(reduced(place)) for place in some],
            [unit[incoming[place]] for place in some],
            [connectome.sign[incoming[place]] for place in some],
            dt,
        )

    unit = np.ones(connectome.n_connections) if prior is None else prior.unit(connectome)
    with one_blas_thread():  # thousands of small problems
        fitted = None if prior is None else fit_prior(prior)
        found = [
            _one(job, int(chosen[k]), reduced(k), incoming[k], fitted, unit)
            for k in range(len(chosen))
        ]
    return _gather(job, chosen, incoming, found, (target, estimator), fitted, unit)


@dataclass(frozen=True, eq=False)
class _Job:
    connectome: Connectome
    rows: Rows
    ridge: float
    lags: int
    dt: float


@dataclass(frozen=True, eq=False)
class _One:
    """Estimates of one neuron with their standard errors."""

    weight: np.ndarray
    weight_sd: np.ndarray
    tau: float
    tau_sd: float
    rest: float
    rest_sd: float
    input_gain: float
    residual_sd: float
    known: Known
    findings: tuple[Finding, ...]


def _one(
    job: _Job,
    neuron: int,
    reduced: Reduced,
    incoming: Int[np.ndarray, " rate"],
    fitted: FittedPrior | None,
    unit: Float[np.ndarray, " connection"],
) -> _One:
    findings, known = degeneracies(neuron, reduced)
    n = len(incoming)
    sign = job.connectome.sign[incoming]
    if fitted is None:
        q, cov = solve(reduced, ridge=job.ridge, lags=job.lags)
    else:
        q, cov, _ = fitted.posterior(reduced, unit[incoming], sign, job.dt, 0.4 / job.dt)
    inverse = np.divide(1, reduced.scale, out=np.zeros(len(q)), where=reduced.scale > 0)
    q, cov = q * inverse, cov * inverse * inverse[:, None]
    variance = reduced.residual_variance(q * reduced.scale)
    constant = reduced.target_mean - reduced.mean @ q
    if fitted is not None:  # what data are silent about is left to the prior
        dead = reduced.scale[1 : 1 + n] == 0
        constant -= float(
            reduced.mean[1 : 1 + n][dead] @ (fitted.mean * sign * unit[incoming])[dead]
        ) * (-q[0])
    leak = -q[0]
    if not leak > 0:
        findings = (*findings, Finding(Degeneracy.NO_POSITIVE_TAU, neuron))
    tau = 1 / leak if leak else np.nan
    # Errors of ratios, to first order: q_j tau varies with q_j and with q_0.
    slope = np.eye(len(q)) * tau
    slope[:, 0] += q * tau**2
    sd = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slope, cov, slope), 0))
    of_constant = -reduced.mean * tau
    of_constant[0] += constant * tau**2
    rest_sd = np.sqrt(max(of_constant @ cov @ of_constant, 0) + variance / reduced.n_rows * tau**2)
    weight, weight_sd = (q * tau)[1 : 1 + n], sd[1 : 1 + n]
    if fitted is not None:
        dead = reduced.scale[1 : 1 + n] == 0
        weight = np.where(dead, fitted.mean * sign * unit[incoming], weight)
        weight_sd = np.where(dead, fitted.sd * unit[incoming], weight_sd)
    else:
        weight_sd = np.where(known.weight, weight_sd, np.inf)
    exact = fitted is not None
    return _One(
        weight=weight,
        weight_sd=weight_sd,
        tau=float(tau),
        tau_sd=float(np.sqrt(cov[0, 0]) * tau**2) if exact or known.tau else np.inf,
        rest=float(constant * tau),
        rest_sd=float(rest_sd) if exact or known.rest else np.inf,
        input_gain=float(q[-1] * tau) if reduced.has_input else np.nan,
        residual_sd=float(np.sqrt(variance)),
        known=known,
        findings=findings,
    )


def _gather(
    job: _Job,
    chosen: np.ndarray,
    incoming: list[np.ndarray],
    found: list[_One],
    how: tuple[AbstractTarget, AbstractEstimator],
    fitted: FittedPrior | None,
    unit: np.ndarray,
) -> Recovered:
    connectome = job.connectome
    connection = np.concatenate([*incoming, np.zeros(0, np.int64)])
    findings = tuple(finding for one in found for finding in one.findings)
    audit = [
        f"recovered {len(chosen):,} of {connectome.n_neurons:,} neurons with {len(connection):,} "
        f"connections from {len(job.rows.target):,} samples, dt {job.dt:g} s",
        *(part.sentence for part in how),
    ]
    if fitted is not None:
        audit.append(
            f"prior: weights about {fitted.mean:.4g} x sign, SD {fitted.sd:.4g}, both from the "
            "activity of these neurons; standard errors are those of the posterior"
        )
    for kind in Degeneracy:
        n = sum(finding.kind is kind for finding in findings)
        if n:
            audit.append(f"{n:,} neurons: {kind.value}")

    def each(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in found], dtype=float)

    def every(name: str) -> np.ndarray:
        return np.concatenate([*(getattr(one, name) for one in found), np.zeros(0)])

    return Recovered(
        neuron=chosen,
        connection=connection,
        pre=connectome.pre[connection],
        post=connectome.post[connection],
        weight=every("weight"),
        weight_sd=every("weight_sd"),
        weight_known=np.concatenate([*(one.known.weight for one in found), np.zeros(0, bool)]),
        tau=each("tau"),
        tau_sd=each("tau_sd"),
        tau_known=np.array([one.known.tau for one in found], bool),
        rest=each("rest"),
        rest_sd=each("rest_sd"),
        rest_known=np.array([one.known.rest for one in found], bool),
        input_gain=each("input_gain"),
        residual_sd=each("residual_sd"),
        prior_weight=(
            (fitted.mean * connectome.sign * unit)[connection] if fitted else np.zeros(0)
        ),
        findings=findings,
        audit=tuple(audit),
    )


def _lags(rows: Rows, lag: int) -> int:
    """Up to how many rows apart residuals go together."""
    return max(rows.n_steps - 1, 1 if lag else 0)


def _chosen(neurons: np.ndarray | None, n: int) -> Int[np.ndarray, " some"]:
    chosen = np.arange(n) if neurons is None else np.asarray(neurons)
    if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise InputError(
            f"`neurons` must be places of neurons, whole numbers in a row; got {chosen.dtype} of "
            f"shape {chosen.shape}. Turn a mask into places with `np.flatnonzero`."
        )
    bad = (chosen < 0) | (chosen >= n)
    if bad.any() or len(np.unique(chosen)) < len(chosen):
        raise InputError(
            f"`neurons` must be different places from 0 to {n - 1}; {int(bad.sum())} lie outside, "
            f"{len(chosen) - len(np.unique(chosen))} repeat. Give each neuron once."
        )
    return chosen.astype(np.int64)


def _checked(
    connectome: Connectome, activity: np.ndarray, inputs: np.ndarray, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """States and inputs in 64 bits with one trial axis."""
    electrical = int((connectome.kind == KINDS.index("electrical")).sum())
    if electrical:
        raise InputError(
            "The connectome must have no gap junctions, whose current the regression leaves out; "
            f"it has {electrical:,}. Leave them out with `Connectome.select` if that is meant."
        )
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be above 0 seconds; got {dt}. Give the step in seconds.")
    states, u = np.asarray(activity, dtype=float), np.asarray(inputs, dtype=float)
    shape = (*u.shape[:-2], u.shape[-2] + 1, u.shape[-1]) if u.ndim >= 2 else ()
    if states.shape != shape or not shape or shape[-1] != connectome.n_neurons:
        raise InputError(
            f"`activity` must be (..., time + 1, neuron) and `inputs` (..., time, neuron) with "
            f"{connectome.n_neurons} neurons; their shapes are {states.shape} and {u.shape}. Put "
            "the state before the first step in front: `inputs[t]` drives the step from "
            "`activity[t]` to `activity[t + 1]`."
        )
    for name, values in (("activity", states), ("inputs", u)):
        bad = ~np.isfinite(values)
        if bad.any():
            where = tuple(int(k) for k in np.argwhere(bad)[0])
            raise InputError(
                f"`{name}` must be finite; {int(bad.sum()):,} values are not, the first at "
                f"{where}. Every neuron must be recorded throughout; cut trials around gaps."
            )
    return states.reshape(-1, *states.shape[-2:]), u.reshape(-1, *u.shape[-2:])
