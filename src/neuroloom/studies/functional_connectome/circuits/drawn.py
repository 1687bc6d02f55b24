"""Circuits of a seed, and what they answer: training trials, and others that no student sees."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.networks.circuits import (
    CircuitKind,
    CircuitSize,
    FeedbackAsIs,
    FeedbackByBatch,
    LayeredCircuit,
    circuit_connectome,
    respond,
    with_fixed_statistics,
)
from neuroloom.studies.functional_connectome.circuits.config import CircuitsConfig
from neuroloom.tasks import GammaSpikes

__all__ = ["PUBLISHED", "SCALED", "Shown", "shown"]

SCALED = "scaled"
PUBLISHED = "as published"
N_FIXING = 100
"""Training trials that fix the statistics of feedback."""

Trials = Float[np.ndarray, "trial time channel"]


class Shown(NamedTuple):
    """A circuit and its trials.

    Attributes:
        connectome: Its wiring.
        circuit: Ready to answer.
        spikes: What draws its inputs.
        training: Inputs and outputs.
        test: Likewise, of other trials.
        key: For what comes later.
    """

    connectome: Connectome
    circuit: LayeredCircuit
    spikes: GammaSpikes
    training: tuple[Trials, Trials]
    test: tuple[Trials, Trials]
    key: PRNGKeyArray


def shown(
    kind: CircuitKind,
    form: str,
    seed: int,
    config: CircuitsConfig,
    *,
    n_training: int | None = None,
    n_bins: int | None = None,
) -> Shown:
    """The circuit of a seed with its trials.

    Scaled: feedback is standardized by statistics that training trials fix once, because rates fed
    back as they are carry 2 to 4 % of an output's variance, and a student with memory has nothing
    to gain. As published: unscaled, and standardized over the trials that are run together.

    Args:
        kind: Which paths there are.
        form: `SCALED` or `PUBLISHED`.
        seed: Decides all.
        config: Numbers of the part.
        n_training: Default those of the config.
        n_bins: Likewise.
    """
    n_training = n_training or config.n_training
    scaled = form == SCALED
    connectome = circuit_connectome(
        kind,
        rng=np.random.default_rng(seed),
        size=CircuitSize(n_units=config.n_units),
        as_published=not scaled,
    )
    for_spikes, for_training, for_test, later = jax.random.split(jax.random.key(seed), 4)
    spikes = replace(GammaSpikes.drawn(for_spikes), n_bins=n_bins or config.n_bins)
    inputs = spikes(for_training, n_training)
    circuit = LayeredCircuit.from_connectome(
        connectome,
        scaled=scaled,
        gain=config.gain if scaled else 1.0,
        feedback=FeedbackAsIs() if scaled else FeedbackByBatch(),
    )
    if scaled and circuit.feeds_back.any():
        circuit = with_fixed_statistics(circuit, inputs[:N_FIXING])
    test = spikes(for_test, config.n_test)

    def answered(values: Array) -> tuple[Trials, Trials]:
        return np.asarray(values), np.asarray(respond(circuit, values))

    return Shown(connectome, circuit, spikes, answered(inputs), answered(test), later)
