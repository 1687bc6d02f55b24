"""The oculomotor integrator of the larval zebrafish as a linear network: wiring, sign, scale."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import Linear, RateNetwork, global_value
from neuroloom.networks.parameters import Shared

__all__ = [
    "integrator_network",
    "oculomotor_circuit",
    "per_total_input",
    "senders_only",
    "spectral_abscissa",
]

REMOVED = ("Axl",)
INHIBITORY = ("DOs",)
SILENT = ("ABD_m", "ABD_i", "vSPNs")


def oculomotor_circuit(connectome: Connectome) -> Connectome:
    """The cells of the integrator and their outputs, with signs; counts stay synapses.

    Axial cells go, vestibular cells (`DOs`) inhibit, all others excite, and what abducens cells
    and `vSPNs` would send is left out.

    Args:
        connectome: `zebrafish-oculomotor`, or a wiring with its labels in `cell_type`.

    Raises:
        InputError: If no cell is labelled `Int`, or none is left that inhibits.

    Source:
        Vishwanathan et al., Nat. Neurosci. 27:2443 (2024), as used by Beiran and Litwin-Kumar
        (2025), Fig. 5 g-i. They also inhibit from `MO` cells and silence `Ibn` cells; the labels
        here have neither class, so such cells are among `Int` and excite. We say so in the audit.
    """
    label = connectome.column("cell_type")
    for needed in ("Int", *INHIBITORY):
        if not (label == needed).any():
            raise InputError(
                f"The wiring of the integrator must have cells labelled `{needed}`; its labels are "
                f"{', '.join(np.unique(label).tolist())}. Give `zebrafish-oculomotor`, or rename "
                "the labels of yours in `cell_type`."
            )
    kept = connectome.select(~np.isin(label, REMOVED))
    sender = kept.column("cell_type")[kept.pre]
    sends = ~np.isin(sender, SILENT)
    parts = {n: getattr(kept, n)[sends] for n in ("pre", "post", "kind", "count")}
    return replace(
        kept,
        **parts,
        sign=np.where(np.isin(sender[sends], INHIBITORY), -1, 1),
        audit=(
            *kept.audit,
            f"signs by class: {', '.join(INHIBITORY)} inhibit, all others excite (assumed)",
            f"left out what {', '.join(SILENT)} send: {(~sends).sum():,} connections",
            "departure: no cell is labelled MO (inhibitory in the source) or Ibn (silent in the "
            "source); such cells are among Int and excite here",
        ),
    )


def senders_only(circuit: Connectome) -> Connectome:
    """The cells that send to a cell that stays; repeated until every cell does.

    The gain of a cell that sends nothing changes no activity, so no recording can find it.
    """
    kept = circuit
    while True:
        sends = np.bincount(kept.pre, minlength=kept.n_neurons) > 0
        if sends.all():
            break
        kept = kept.select(sends)
    if kept is circuit:
        return circuit
    n_gone = circuit.n_neurons - kept.n_neurons
    why = f"dropped {n_gone:,} of {circuit.n_neurons:,} cells that send nothing within the set"
    return replace(kept, audit=(*circuit.audit, why))


def per_total_input(circuit: Connectome) -> Connectome:
    """Each count as a fraction of all input synapses of its receiver (`total_inputs`).

    A receiver without any input synapse (total 0) receives nothing here either, and stays.

    Raises:
        InputError: If a cell receives connections and its total is 0, or less than they are.
    """
    totals = circuit.column("total_inputs")
    received = np.bincount(circuit.post, circuit.count, minlength=circuit.n_neurons)
    wrong = (totals == 0) & (received > 0)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"`total_inputs` must count every input synapse of a cell; it is 0 for "
            f"{circuit.neuron_id[first]}, which receives {received[first]:g} here ({wrong.sum()} "
            "such). Correct the column, or leave these cells out."
        )
    n_zero = int((totals == 0).sum())
    return replace(
        circuit,
        count=circuit.count / totals[circuit.post],
        count_unit="mean_synapses",
        audit=(
            *circuit.audit,
            "counts are fractions of the receiver's total input synapses, inside and outside the "
            f"set; {n_zero} cells have a total of 0, receive nothing and stay as they are",
        ),
    )


def spectral_abscissa(network: RateNetwork) -> float:
    """Largest real part of the eigenvalues of the weights, gains left out; dimensionless."""
    matrix = np.asarray(network.wiring.matrix(network.weight), float)
    return float(np.linalg.eigvals(matrix).real.max())


def integrator_network(
    circuit: Connectome,
    *,
    abscissa: float | None,
    tau: float = 1.0,
    gain: Shared | None = None,
) -> RateNetwork:
    r"""A linear network of the circuit, its slowest mode set by one number.

    $$\tau \dot x = -x + W (g \circ x) + u, \qquad
    W = a\, \tilde W / \max \mathrm{Re}\, \lambda(\tilde W)$$

    Args:
        circuit: Signed; counts as in `per_total_input`.
        abscissa: a, below 1: persistence tau / (1 - a) of the slowest mode. None leaves W~ as it
            is, the untrained network.
        tau: Time constant of every cell, in seconds.
        gain: g; default 1 everywhere.

    Raises:
        InputError: If the wiring has no mode that grows with its scale.

    Source:
        Spec of Fig. 5 g-i; a is 0.9 there.
    """
    n = circuit.n_neurons
    network = RateNetwork.from_connectome(
        circuit,
        tau=global_value(tau, n, unit="s"),
        gain=gain,
        activation=Linear(),
    )
    if abscissa is None:
        return network
    found = spectral_abscissa(network)
    if found <= 1e-9:
        raise InputError(
            "The weights must have an eigenvalue with a real part above 0 to be scaled to "
            f"{abscissa}; the largest is {found:.3g}. Such a wiring holds nothing: give one with "
            "excitatory loops."
        )
    return eqx.tree_at(lambda w: w.scale, network, jnp.asarray(abscissa / found))
