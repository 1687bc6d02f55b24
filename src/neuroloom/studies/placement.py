"""A recording laid onto a connectome: one axis of neurons for both, nothing matched by guess."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Shaped

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.recording import Recording, align

__all__ = ["Placed", "awc_by_side", "place"]

# The two AWC neurons are told apart by what they express, which side that is differs between
# animals. Their wiring is nearly the same; the job says that it has made this choice.
AWC = {"AWCOF": "AWCL", "AWCOFF": "AWCL", "AWCON": "AWCR"}


@dataclass(frozen=True)
class Placed:
    """A connectome of neurons and a recording on the same neurons, in the same order.

    Attributes:
        connectome: Neurons only.
        recording: One place a neuron of the connectome; NaN where it was not recorded.
        audit: What was matched, renamed and left out.
    """

    connectome: Connectome
    recording: Recording
    audit: tuple[str, ...]


def place(connectome: Connectome, recording: Recording) -> Placed:
    """Lay a recording onto the neurons of a connectome.

    Muscles and other nodes are left out. Recorded neurons without a certain place are left out and
    named in the audit. Trials whose stimulated neuron has no place are left out too.

    Args:
        connectome: Wiring.
        recording: Activity, with ids or names that align with the connectome's.

    Raises:
        InputError: If fewer than two recorded neurons match; shows both sides.
    """
    audit = []
    if not connectome.is_neuron.all():
        connectome = connectome.select(connectome.is_neuron)
        audit.append(f"wiring: {connectome.audit[-1]}")
    recording, renamed = _rename_awc(recording, connectome)
    audit += renamed
    matched = align(recording.neuron_id, connectome.neuron_id)
    audit.append(matched.audit)
    for status in ("unmatched in recording", "ambiguous", "duplicate"):
        names = [str(recording.neuron_id[i]) for i, s in enumerate(matched.status) if s == status]
        if names:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            audit.append(f"left out {len(names)} recorded neurons ({status}): {shown}")
    if matched.n_matched < 2:
        raise InputError(
            "At least two recorded neurons must be in the connectome; "
            f"{matched.n_matched} of {recording.n_neurons} match. Recorded: "
            f"{_some(recording.neuron_id)}; in the connectome: {_some(connectome.neuron_id)}. Name "
            "neurons alike on both sides (`neuroloom.recording.align(...).table()` lists all)."
        )
    n = connectome.n_neurons

    def spread(values: np.ndarray, blank: float | int) -> np.ndarray:
        out = np.full((*values.shape[:2], n), blank, values.dtype)
        out[:, :, matched.connectome] = values[:, :, matched.recording]
        return out

    counts = recording.n_observations
    laid = replace(
        recording,
        activity=spread(recording.activity, np.nan),
        neuron_id=connectome.neuron_id,
        n_observations=None if counts is None else spread(counts, 0),
        annotations={k: spread(v, np.nan) for k, v in recording.annotations.items()},
    )
    if "stimulated" in laid.trials:
        laid, lost = _place_stimulated(laid, connectome)
        audit += lost
    return Placed(connectome, laid, tuple(audit))


def _place_stimulated(recording: Recording, connectome: Connectome) -> tuple[Recording, list[str]]:
    stimulated = recording.column("stimulated")
    # A neuron may be stimulated in several trials: distinct names are matched, not trials.
    distinct, name_of = np.unique(stimulated, return_inverse=True)
    matched = align(distinct, connectome.neuron_id)
    node_of = np.full(distinct.size, -1)
    node_of[matched.recording] = matched.connectome
    node = node_of[name_of]
    known = node >= 0
    if not known.any():
        raise InputError(
            f"A stimulated neuron must be in the connectome; none of {stimulated.size} is. "
            f"Stimulated: {_some(stimulated)}; in the connectome: {_some(connectome.neuron_id)}. "
            "Name neurons alike on both sides."
        )
    names = connectome.neuron_id[node[known]]
    kept = recording if known.all() else recording.select(trials=known)
    trials = {**kept.trials, "stimulated": names}
    lost = (
        []
        if known.all()
        else [
            f"left out {(~known).sum()} trials whose stimulated neuron has no certain place in the "
            f"connectome: {_some(np.unique(stimulated[~known]))}"
        ]
    )
    return replace(kept, trials=trials), lost


def awc_by_side(
    recorded: Shaped[np.ndarray, " neuron"], known: Shaped[np.ndarray, " node"]
) -> dict[str, str]:
    """The name by side of each AWC neuron that is recorded by state, where only the side is known.

    Args:
        recorded: Names in the recording.
        known: Names in the connectome.

    Example:
        >>> awc_by_side(np.array(["AWCON", "ASHL"]), np.array(["AWCL", "AWCR", "ASHL"]))
        {'AWCON': 'AWCR'}
    """
    there, here = set(known.tolist()), set(recorded.tolist())
    return {
        old: new
        for old, new in AWC.items()
        if old in here and new in there and old not in there and new not in here
    }


def _rename_awc(recording: Recording, connectome: Connectome) -> tuple[Recording, list[str]]:
    rename = awc_by_side(recording.neuron_id, connectome.neuron_id)
    if not rename:
        return recording, []

    def renamed(names: np.ndarray) -> np.ndarray:
        return np.array([rename.get(name, name) for name in names.tolist()])

    trials = dict(recording.trials)
    if "stimulated" in trials:
        trials["stimulated"] = renamed(trials["stimulated"])
    said = ", ".join(f"{old} as {new}" for old, new in rename.items())
    why = f"took {said}: a stated choice, since the side that is on differs between animals"
    return replace(recording, neuron_id=renamed(recording.neuron_id), trials=trials), [why]


def _some(names: np.ndarray) -> str:
    return ", ".join(str(name) for name in names[:5]) + (", ..." if names.size > 5 else "")
