"""Arm `central-complex`: students of a ring attractor on a user's export (Fig. 5 d-f).

A reconstruction: the source's exact bump, readouts and starts are not known to us. Without an
export (`central_complex.export`) its claim is not tested.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome, read_connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.errors import SimulationError
from neuroloom.fitting import LevenbergMarquardt, SumOfSquares, fit
from neuroloom.studies.constrained_networks.central_complex_network import (
    Bumps,
    Ring,
    bumps,
    ring_circuit,
    ring_network,
    task_loss,
)
from neuroloom.studies.constrained_networks.exports import checksum
from neuroloom.studies.constrained_networks.real_circuits_config import CentralComplexConfig
from neuroloom.studies.constrained_networks.zebrafish.arm import state_scores
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NoDataError,
    Results,
    Row,
    Verdict,
    grid,
)

__all__ = ["ARM", "CLAIMS", "teacher_and_students"]

DECIDING_M = 48
LEAST_SEEDS = 3


def _residuals(
    ring: Ring, batch: Bumps, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, "trial time neuron"]:
    """Differences of recorded rates; the sum of their squares is the mean squared error."""
    del key
    rates = ring.rates(batch.inputs)
    n = jnp.sum(weight) * rates.shape[1] * jnp.sum(ring.observed)
    return jnp.sqrt(weight[:, None, None] * ring.observed[None, None, :] / n) * (
        rates - batch.targets
    )


LOSS = SumOfSquares(_residuals)


def teacher_and_students(
    circuit: Connectome,
    settings: CentralComplexConfig,
    rng: np.random.Generator,
    *,
    progress: bool = False,
) -> Measured:
    """A teacher that learned to hold a bump, and students that see M of its neurons.

    Args:
        circuit: Of `ring_circuit`.
        settings: Every number.
        rng: Randomness.
        progress: Whether to show bars.
    """
    n, task = circuit.n_neurons, bumps(circuit, settings)
    teacher = _taught(circuit, task, settings, rng, progress=progress)
    truth = np.asarray(teacher.rates(task.inputs), float)
    trials = Bumps(task.inputs, jnp.asarray(truth), task.readouts)
    order = rng.permutation(n)
    sets = {m: np.isin(np.arange(n), order[:m]) for m in settings.n_recorded if m < n}
    starts = [_started(teacher, circuit, mask, settings, rng) for mask in sets.values()]
    rows = [Row("teacher", "task loss", _task_loss(teacher, task))]
    most = max(sets)
    rows += _rows(starts[-1], trials, sets[most], "untrained", most)
    for (m, mask), student in zip(
        sets.items(), _trained(starts, trials, settings, progress=progress), strict=True
    ):
        rows += _rows(student, trials, mask, "wiring", m)
    if DECIDING_M in sets:
        mask = sets[DECIDING_M]
        rows += _rows(starts[list(sets).index(DECIDING_M)], trials, mask, "untrained", DECIDING_M)
        network = ring_network(NULLS["rewire"](circuit, rng=rng), settings)
        start = _started(teacher, circuit, mask, settings, rng)
        parts = (start.network.gain, start.network.bias)
        null = eqx.tree_at(lambda w: (w.gain, w.bias), network, parts)
        start = eqx.tree_at(lambda r: r.network, start, null)
        (student,) = _trained([start], trials, settings, progress=progress)
        rows += _rows(student, trials, mask, "rewire", DECIDING_M)
    return Measured(rows, {"truth": truth[0]}, notes=(*circuit.audit, *_NOTES))


_NOTES = (
    "reconstruction: shape of the bump, weights of the readouts and learning of the start are ours",
    "a student knows the teacher's start and input scale, and neither gains nor biases",
)


@cache
def _adam(rate: float) -> optax.GradientTransformation:
    """One object for one rate, so that a second fit compiles nothing."""
    return optax.adam(rate)


def _parts(ring: Ring) -> tuple:
    return ring.network.gain.value, ring.network.bias.value, ring.initial, ring.input_scale


def _unknown(ring: Ring) -> tuple:
    return ring.network.gain.value, ring.network.bias.value


def _observed(ring: Ring) -> Any:
    return ring.observed


def _taught(
    circuit: Connectome,
    task: Bumps,
    settings: CentralComplexConfig,
    rng: np.random.Generator,
    *,
    progress: bool,
) -> Ring:
    n, network = circuit.n_neurons, ring_network(circuit, settings)
    raw = jnp.asarray(rng.normal(0, 0.1, n)), jnp.asarray(rng.normal(0, 0.1, n))
    network = eqx.tree_at(lambda w: (w.gain.value, w.bias.value), network, raw)
    ring = Ring(network, jnp.zeros(n), jnp.asarray(1.0), jnp.ones(n), settings.dt)
    result = fit(
        ring,
        task,
        task_loss,
        trainable=_parts,
        key=jax.random.key(int(rng.integers(2**31))),
        n_members=1,
        optimizer=_adam(settings.teacher_rate),
        n_steps=settings.teacher_steps,
        clip_norm=1.0,
        progress=progress,
    )
    if not result.finished:
        raise KeyboardInterrupt
    return result.member(0)


def _started(
    teacher: Ring,
    circuit: Connectome,
    mask: np.ndarray,
    settings: CentralComplexConfig,
    rng: np.random.Generator,
) -> Ring:
    """The teacher's gains and biases in another order within groups; gains times `start_gain`."""
    group = circuit.column("cell_type")
    place = np.arange(circuit.n_neurons)
    for members in (np.isin(group, ("EPG", "PEN")), group == "Delta7", group == "PEG"):
        place[members] = rng.permutation(place[members])
    raw = teacher.network.gain.value[place] + np.log(settings.start_gain)
    return eqx.tree_at(
        lambda r: (r.network.gain.value, r.network.bias.value, r.observed),
        teacher,
        (raw, teacher.network.bias.value[place], jnp.asarray(mask, raw.dtype)),
    )


def _trained(
    starts: list[Ring], trials: Bumps, settings: CentralComplexConfig, *, progress: bool
) -> list[Ring]:
    result = fit(
        starts[0],
        trials,
        LOSS,
        trainable=_unknown,
        key=jax.random.key(0),
        starts=starts,
        own=_observed,
        optimizer=LevenbergMarquardt(),
        n_steps=settings.n_steps,
        check_every=5,
        progress=progress,
    )
    if not result.finished:
        raise KeyboardInterrupt
    if result.notes:
        raise SimulationError(
            f"Every student must stay finite; {', '.join(result.notes)}. Lower `start_gain`."
        )
    return [result.member(i) for i in range(len(starts))]


def _task_loss(ring: Ring, task: Bumps) -> float:
    return float(task_loss(ring, task, jnp.ones(len(task.inputs)), jax.random.key(0)))


def _rows(ring: Ring, trials: Bumps, mask: np.ndarray, model: str, n_recorded: int) -> list[Row]:
    flat = [np.asarray(a, float) for a in (ring.rates(trials.inputs), trials.targets)]
    predicted, truth = (a.reshape(-1, a.shape[2]) for a in flat)
    at = {"model": model, "n_recorded": n_recorded}
    return [
        Row(split, name, value, "rate^2" if name == "mse" else "", at)
        for split, which in (("recorded", mask), ("unrecorded", ~mask))
        for name, value in state_scores(predicted[:, which], truth[:, which]).items()
    ]


def _cells(config: Any) -> Sequence[Cell]:
    settings: CentralComplexConfig = config.central_complex
    data = checksum(settings.export) if settings.export else "none"
    return grid("central-complex", data=(data,), seed=range(settings.n_seeds))


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    settings: CentralComplexConfig = config.central_complex
    if not settings.export:
        raise NoDataError(
            "the hemibrain's central complex does not ship. Export EPG, EPGt, PEN, Delta7 and PEG "
            "from neuPrint and give the folder as `--central-complex.export`."
        )
    circuit = ring_circuit(read_connectome(Path(settings.export)))
    rng = np.random.default_rng([17, cell["seed"]])
    return teacher_and_students(circuit, settings, rng, progress=context.progress)


def _judge(results: Results, config: Any) -> Verdict:
    del config
    own, untrained, rewired = (
        results.values(
            ARM.name,
            "unrecorded",
            "mse",
            model=model,
            n_recorded=DECIDING_M,
            at_least=LEAST_SEEDS,
        )
        for model in ("wiring", "untrained", "rewire")
    )
    worst = float(max((own / untrained).max() / 0.1, (own / rewired).max() / 0.5))
    return Verdict.of(
        worst <= 1,
        worst,
        reason=f"mse over untrained: worst {(own / untrained).max():.3g}; over rewired: worst "
        f"{(own / rewired).max():.3g}",
    )


ARM = Arm(
    name="central-complex",
    sentence="students of a ring attractor on a user's central complex see M of its neurons",
    control="untrained students, students on a rewired ring",
    cells=_cells,
    measure=_measure,
    seconds=lambda cell, config: 120.0 if config.central_complex.export else 0.0,
)
CLAIMS = (
    Claim(
        id="central-complex",
        sentence="With the wiring known, a third of the ring's neurons predicts the others.",
        source="Beiran & Litwin-Kumar 2025, Fig. 5 d-f (reconstruction)",
        measure="mean squared error of unrecorded neurons at M = 48, over that of the control, as "
        "a part of what is allowed; worst seed",
        criterion=f"at most 1, in each of at least {LEAST_SEEDS} seeds: a tenth of the untrained "
        "student's, half of that on a rewired ring",
        control="untrained; rewire",
        arms=(ARM.name,),
        judge=_judge,
    ),
)
