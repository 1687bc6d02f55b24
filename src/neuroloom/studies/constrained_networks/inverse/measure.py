"""What the closed-form inverse recovers of a known network, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from neuroloom.connectome import Connectome
from neuroloom.connectome.nulls import rewire
from neuroloom.fitting.inverse import (
    CleanDerivative,
    Degeneracy,
    FiniteDifference,
    Instruments,
    MultiStep,
    NoiseCorrected,
    Recovered,
    WeightPrior,
    identity_r2,
    observation_noise_sd,
    recover_parameters,
)
from neuroloom.studies.constrained_networks.inverse.config import InverseConfig
from neuroloom.studies.constrained_networks.inverse.optic_lobe import (
    OpticLobe,
    Record,
    draw_optic_lobe,
    record,
)

__all__ = ["Measurement", "measure_inverse"]


class Measurement(NamedTuple):
    """One number.

    Attributes:
        split: `all`, `without autapses`, `without autapse neurons`, `identified`; `held-out steps`.
        measure: `r2_weight`, `correlation_weight`, `r2_tau`, `r2_rest`, `r2_derivative` (all but
            the second on the identity line), `n_weights`, `n_neurons`, or how many neurons have a
            degeneracy.
        value: The number.
        method: From what it was recovered, and how.
        observed: `exact`, or `noisy`: noise of SD sigma added to what is seen of every state.
        wiring: `true`, `rewired 0`, ...
    """

    split: str
    measure: str
    value: float
    method: str
    observed: str = "exact"
    wiring: str = "true"


def measure_inverse(
    config: InverseConfig, sigma: float, seed: int
) -> tuple[list[Measurement], list[str]]:
    """Every row of one network at one level of noise, and what the regressions say of themselves.

    Args:
        config: All numbers.
        sigma: SD of the noise per step.
        seed: Of parameters, input, noise and choice of neurons; the same network at every sigma.
    """
    lobe = draw_optic_lobe(config, np.random.default_rng((seed, 0)))
    rng = np.random.default_rng((seed, 1))
    run = record(lobe, config, sigma, rng)
    n = lobe.connectome.n_neurons
    chosen = np.sort(rng.permutation(n)[: min(config.n_neurons, n)])
    rows: list[Measurement] = []
    notes: list[str] = []
    for observed in ("exact", "noisy"):
        noise = sigma * rng.normal(size=run.states.shape) if observed == "noisy" else 0.0
        seen = run._replace(states=run.states + noise)
        for method, recover in _methods(lobe, seen, config, chosen, observed):
            found = recover(lobe.connectome)
            rows += _scored(found, lobe, run, config, method, observed)
            if method in ("clean derivative", "difference, corrected, prior"):
                notes += [f"sigma {sigma:g}, seed {seed}, {method}: {s}" for s in found.audit[3:]]
    rows += _expected(lobe, run, config, chosen)
    for draw in range(config.n_nulls):
        null = rewire(lobe.connectome, rng=np.random.default_rng((seed, 2, draw)))
        for method, recover in _methods(lobe, run, config, chosen, "null"):
            found = recover(null)
            rows += _against_null(found, lobe, run, config, method, f"rewired {draw}")
    return rows, notes


def _methods(
    lobe: OpticLobe,
    run: Record,
    config: InverseConfig,
    chosen: Int[np.ndarray, " some"],
    observed: str,
) -> Iterator[tuple[str, Callable[[Connectome], Recovered]]]:
    """Names of methods, and each as a function of the wiring."""
    part = slice(config.n_steps)
    states, inputs = run.states[: config.n_steps + 1], run.inputs[part]

    def with_(**how: object) -> Callable[[Connectome], Recovered]:
        return lambda wiring: recover_parameters(
            wiring, states, inputs, config.dt, neurons=chosen, **how
        )

    if observed != "noisy":
        yield "clean derivative", with_(target=CleanDerivative(run.dvdt[part]))
    yield "difference", with_(target=FiniteDifference())
    yield "difference, prior", with_(prior=WeightPrior())
    if observed == "null":
        return
    yield f"{config.window} steps", with_(target=MultiStep(config.window))
    yield "difference, lagged", with_(estimator=Instruments())
    if observed == "noisy":
        yield "difference, lagged, prior", with_(estimator=Instruments(), prior=WeightPrior())
        sd = observation_noise_sd(lobe.connectome, states, inputs, config.dt, neurons=chosen)
        corrected = NoiseCorrected(sd)
        yield "difference, corrected", with_(estimator=corrected)
        yield "difference, corrected, prior", with_(estimator=corrected, prior=WeightPrior())


def _scored(
    found: Recovered,
    lobe: OpticLobe,
    run: Record,
    config: InverseConfig,
    method: str,
    observed: str,
) -> list[Measurement]:
    rows = []
    for score in found.scores(lobe.weight, lobe.tau, lobe.rest):
        values = {
            "r2_weight": score.r2_weight,
            "correlation_weight": score.correlation_weight,
            "r2_tau": score.r2_tau,
            "r2_rest": score.r2_rest,
            "n_weights": score.n_connections,
            "n_neurons": score.n_neurons,
        }
        rows += [Measurement(score.where, k, v, method, observed) for k, v in values.items()]
    for kind in Degeneracy:
        name = f"n_{kind.name.lower()}"
        rows.append(Measurement("all", name, found.count(kind), method, observed))
    if found.prior_weight.size:
        alone = identity_r2(lobe.weight[found.connection], found.prior_weight)
        rows.append(Measurement("all", "r2_weight", alone, f"{method} alone", observed))
    held_out = _derivative(found, run, config)
    return [*rows, Measurement("held-out steps", "r2_derivative", held_out, method, observed)]


def _expected(
    lobe: OpticLobe, run: Record, config: InverseConfig, chosen: np.ndarray
) -> list[Measurement]:
    """How many neurons have an autapse and never fall below 0, counted without a regression."""
    connectome = lobe.connectome
    with_own = np.intersect1d(chosen, connectome.post[connectome.pre == connectome.post])
    n = int((run.states[: config.n_steps, with_own].min(axis=0) > 0).sum())
    return [Measurement("all", "n_autapse_never_below_0", n, "count")]


def _against_null(
    found: Recovered,
    lobe: OpticLobe,
    run: Record,
    config: InverseConfig,
    method: str,
    wiring: str,
) -> list[Measurement]:
    """A connection that is not there has weight 0 in truth."""
    connectome = lobe.connectome
    n = connectome.n_neurons
    key = connectome.post * n + connectome.pre
    order = np.argsort(key)
    wanted = found.post * n + found.pre
    place = order[np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)]
    truth = np.where(key[place] == wanted, lobe.weight[place], 0.0)
    values = {
        ("all", "r2_weight"): identity_r2(truth, found.weight),
        ("all", "r2_tau"): identity_r2(lobe.tau[found.neuron], found.tau),
        ("all", "r2_rest"): identity_r2(lobe.rest[found.neuron], found.rest),
        ("held-out steps", "r2_derivative"): _derivative(found, run, config),
    }
    return [Measurement(*where, v, method, wiring=wiring) for where, v in values.items()]


def _derivative(found: Recovered, run: Record, config: InverseConfig) -> float:
    """How well the recovered equation gives the clean derivative on steps it has not seen."""
    later = slice(config.n_steps, config.n_steps + config.n_held_out)
    states, truth = run.states[later], run.dvdt[later][:, found.neuron]
    rates = np.maximum(states, 0)
    given = np.empty_like(truth)
    for place, neuron in enumerate(found.neuron):
        into = found.post == neuron
        gain = np.nan_to_num(found.input_gain[place])
        force = found.rest[place] - states[:, neuron] + gain * run.inputs[later][:, neuron]
        given[:, place] = (force + rates[:, found.pre[into]] @ found.weight[into]) / found.tau[
            place
        ]
    return identity_r2(truth.ravel(), given.ravel())
