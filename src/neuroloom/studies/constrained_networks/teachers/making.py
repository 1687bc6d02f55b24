"""From a config to its teacher: made, or read where it was made before."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.networks import RateNetwork
from neuroloom.studies.constrained_networks.teachers.chaotic import draw_chaotic, tanh_network
from neuroloom.studies.constrained_networks.teachers.cycling import cycling_network, draw_cycling
from neuroloom.studies.constrained_networks.teachers.linear import draw_linear, linear_network
from neuroloom.studies.constrained_networks.teachers.low_rank import draw_low_rank
from neuroloom.studies.constrained_networks.teachers.teacher import Drawn, Teacher, assemble
from neuroloom.studies.constrained_networks.teachers_config import (
    ChaoticConfig,
    CyclingConfig,
    LinearConfig,
    LowRankConfig,
    TeacherConfig,
)

__all__ = ["Cached", "cached_teacher", "make_teacher"]

Cached = Callable[[str, object, Callable[[], Mapping[str, np.ndarray]]], Mapping[str, np.ndarray]]
"""`Context.cached` of a study: name, all that decides the arrays, and what makes them."""


def make_teacher(
    config: TeacherConfig,
    connectome: Connectome | None = None,
    *,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> Teacher:
    """Draw a teacher, train it where its kind is trained, and run it without noise.

    Args:
        config: Which kind, its numbers and its seed.
        connectome: Where its weights come from, instead of random ones; the functions `draw_...`
            say what stays random.
        checkpoint: Stem of the files of a training that may be interrupted.
        progress: Whether to show a bar while it is trained.

    Raises:
        InputError: If the connectome cannot be this teacher's wiring.

    Example:
        >>> teacher = make_teacher(ChaoticConfig(n_neurons=50, burn_in=5.0, duration=2.0))
        >>> teacher.connectome.n_connections, teacher.rates.shape
        (2500, (1, 40, 50))
    """
    drawn = _draw(config, connectome, checkpoint, progress)
    return assemble(config, drawn, _network(config, drawn))


def cached_teacher(
    config: TeacherConfig,
    cached: Cached,
    connectome: Connectome | None = None,
    *,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> Teacher:
    """`make_teacher`, but read where the same config and wiring have made one before.

    Its activity is read as well: computed anew on another machine, that of a chaotic network would
    soon be another one.

    Args:
        config: As there.
        cached: `context.cached` of the cell that asks.
        connectome: As there.
        checkpoint: As there.
        progress: As there.

    Raises:
        InputError: As there.
    """
    wiring = None if connectome is None else _wiring_arrays(connectome)

    def make() -> Mapping[str, np.ndarray]:
        made = make_teacher(config, connectome, checkpoint=checkpoint, progress=progress)
        return _arrays(made)

    found = cached("teacher", (type(config).__name__, config, wiring), make)
    drawn = _drawn(found, connectome)
    return assemble(config, drawn, _network(config, drawn), found["states"])


def _draw(
    config: TeacherConfig, connectome: Connectome | None, checkpoint: Path | None, progress: bool
) -> Drawn:
    match config:
        case CyclingConfig():
            return draw_cycling(config, connectome, checkpoint=checkpoint, progress=progress)
        case LowRankConfig():
            return draw_low_rank(config, connectome)
        case ChaoticConfig():
            return draw_chaotic(config, connectome)
        case LinearConfig():
            return draw_linear(config, connectome)


def _network(config: TeacherConfig, drawn: Drawn) -> RateNetwork:
    match config:
        case CyclingConfig():
            return cycling_network(config, drawn.connectome, drawn.gain, drawn.bias)
        case LinearConfig():
            return linear_network(config, drawn.connectome, drawn.gain, drawn.bias)
        case LowRankConfig() | ChaoticConfig():
            return tanh_network(config, drawn.connectome, drawn.gain, drawn.bias)


def _wiring_arrays(connectome: Connectome) -> dict[str, Any]:
    names = ("neuron_id", "pre", "post", "kind", "count", "sign")
    return {name: getattr(connectome, name) for name in names} | {"name": connectome.name}


def _arrays(teacher: Teacher) -> dict[str, np.ndarray]:
    """Everything of a teacher that its config does not say."""
    wiring = teacher.connectome
    arrays = {name: getattr(wiring, name) for name in ("pre", "post", "count", "sign")}
    arrays |= {"name": np.array(wiring.name), "audit": np.array(wiring.audit)}
    arrays |= {
        "gain": teacher.network.gain.expand(),
        "bias": teacher.network.bias.expand(),
        "initial": teacher.initial,
        "inputs": teacher.inputs,
        "states": teacher.states,
        "notes": np.array(teacher.notes),
    }
    if teacher.readout is not None and teacher.targets is not None:
        arrays |= {"readout": teacher.readout, "targets": teacher.targets}
    return {name: np.asarray(values) for name, values in arrays.items()}


def _drawn(found: Mapping[str, np.ndarray], connectome: Connectome | None) -> Drawn:
    n = found["gain"].size
    wiring = Connectome(
        neuron_id=np.arange(n) if connectome is None else connectome.neuron_id,
        pre=found["pre"],
        post=found["post"],
        kind=np.zeros(found["pre"].size, int),
        count=found["count"],
        sign=found["sign"],
        count_unit="mean_synapses",
        neurons={} if connectome is None else connectome.neurons,
        name=str(found["name"]),
        audit=tuple(found["audit"].tolist()),
    )
    parts = {name: found[name] for name in ("gain", "bias", "initial", "inputs")}
    return Drawn(
        connectome=wiring,
        readout=found.get("readout"),
        targets=found.get("targets"),
        notes=tuple(found["notes"].tolist()),
        **{name: values.astype(float) for name, values in parts.items()},
    )
