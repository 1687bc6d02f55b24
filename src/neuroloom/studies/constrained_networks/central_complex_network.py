"""The fly's ring attractor from a user's export: wiring, ring task, teachers (reconstruction)."""

import re
from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import RateNetwork, Softplus, global_value, per_neuron
from neuroloom.networks.constraints import Exponential
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.real_circuits_config import CentralComplexConfig
from neuroloom.studies.constrained_networks.zebrafish.wiring import spectral_abscissa

__all__ = ["Bumps", "Ring", "bump", "bumps", "ring_circuit", "ring_network", "task_loss"]

GROUPS = ("EPG", "PEN", "Delta7", "PEG")
GLOMERULUS = re.compile(r"_([LR])([1-9])")


class Ring(eqx.Module):
    """A network on the ring, and where its trials start.

    Attributes:
        network: Wiring, gains and biases.
        initial: State before a trial.
        input_scale: Drive of an E-PG at the peak of the bump that it is shown.
        observed: 1 where a neuron is recorded, else 0; not used by the task.
        dt: Step, in seconds.
    """

    network: RateNetwork
    initial: Float[Array, " neuron"]
    input_scale: Float[Array, ""]
    observed: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)

    def rates(self, inputs: Float[Array, "trial time neuron"]) -> Float[Array, "trial time neuron"]:
        """What every neuron sends."""
        start = jnp.broadcast_to(self.initial[None, :], (inputs.shape[0], self.initial.size))
        drive = self.input_scale * inputs
        return self.network.rate(
            simulate(self.network, drive, dt=self.dt, initial=start, adjoint=False)
        )


class Bumps(NamedTuple):
    """Trials of one heading each: shown briefly, then to be held.

    Attributes:
        inputs: The bump shown to the E-PGs, 1 at its peak.
        targets: Rates to reach, NaN where nothing is asked.
        readouts: Cosine, sine and mean over the E-PGs, as weights of each neuron.
    """

    inputs: Float[Array, "trial time neuron"]
    targets: Float[Array, "trial time neuron"]
    readouts: Float[Array, "trial 3 neuron"]


def ring_circuit(connectome: Connectome) -> Connectome:
    """The neurons of the ring with signs, and the heading of each E-PG (NaN for all others).

    Types that begin with EPG, PEN, Delta7 or PEG are kept; `cell_type` becomes the group. Delta7
    inhibits, twice as strongly as it is counted; all others excite. The heading of an E-PG is that
    of its glomerulus (column `instance`, such as `EPG(PB08)_L3`) in the ring of 16 wedges, as in
    `fly-heading-rules`, unless the wiring has a column `heading_rad`. `EPGt` have none.

    Raises:
        InputError: If a group is missing or no E-PG has a heading.

    Source:
        Spec of Fig. 5 d-f; wedges after Wolff et al., J. Comp. Neurol. 523:997 (2015).
    """
    label = connectome.column("cell_type")
    group = np.full(connectome.n_neurons, "", "<U6")
    for name in GROUPS:
        group[np.char.startswith(label.astype(str), name)] = name
    missing = [name for name in GROUPS if not (group == name).any()]
    if missing:
        raise InputError(
            f"The ring must have neurons of the types {', '.join(GROUPS)}; there are no "
            f"{', '.join(missing)}. Export these types from neuPrint (Delta7 is spelled so there)."
        )
    heading = _headings(connectome, label)
    kept = connectome.select(group != "")
    group, heading = group[group != ""], heading[group != ""]
    inhibits = group[kept.pre] == "Delta7"
    return replace(
        kept,
        count=kept.count * np.where(inhibits, 2.0, 1.0),
        count_unit="mean_synapses",
        sign=np.where(inhibits, -1, 1),
        neurons={**kept.neurons, "cell_type": group, "heading_rad": heading},
        audit=(
            *kept.audit,
            "Delta7 inhibits, counted twice; all others excite (assumed, as in the source)",
            f"headings of {np.isfinite(heading).sum()} E-PGs by the glomerulus they come from",
        ),
    )


def _headings(connectome: Connectome, label: np.ndarray) -> np.ndarray:
    heading = np.full(connectome.n_neurons, np.nan)
    shown = label == "EPG"
    if "heading_rad" in connectome.neurons:
        heading[shown] = connectome.column("heading_rad")[shown]
    else:
        instance = connectome.column("instance")
        for i in np.flatnonzero(shown):
            found = GLOMERULUS.search(str(instance[i]))
            if found:
                side, number = found[1], int(found[2])
                wedge = 2 * number - 1 if side == "R" else 2 * (9 - number)
                heading[i] = 2 * np.pi * (wedge % 16 - 0.5) / 16
    if np.isfinite(heading).sum() < 8:
        raise InputError(
            "At least 8 E-PGs must have a heading; "
            f"{np.isfinite(heading).sum()} of {shown.sum()} have one. Give a column `heading_rad`, "
            "or `instance` with the glomerulus, such as `EPG(PB08)_L3`."
        )
    return heading


def ring_network(circuit: Connectome, settings: CentralComplexConfig) -> RateNetwork:
    """Gain above 0 and bias inside a softplus, of every neuron; W scaled to its abscissa."""
    n = circuit.n_neurons
    network = RateNetwork.from_connectome(
        circuit,
        tau=global_value(settings.tau, n, unit="s"),
        gain=per_neuron(1.0, n, unit="1", constraint=Exponential()),
        bias=per_neuron(0.0, n, unit="state"),
        activation=Softplus(settings.smoothness),
    )
    found = spectral_abscissa(network)
    return eqx.tree_at(lambda w: w.scale, network, jnp.asarray(settings.abscissa / found))


def bump(
    heading: Float[np.ndarray, " neuron"], at: float, width: float
) -> Float[np.ndarray, " neuron"]:
    """A Gaussian around the ring, 1 at its peak, 0 where a neuron has no heading.

    Args:
        heading: Of every neuron, in radians; NaN for none.
        at: Its peak, in radians.
        width: Its SD as a part of the ring.
    """
    away = np.angle(np.exp(1j * (heading - at)))
    return np.nan_to_num(np.exp(-0.5 * (away / (2 * np.pi * width)) ** 2), nan=0.0)


def bumps(circuit: Connectome, settings: CentralComplexConfig) -> Bumps:
    """A trial for each of 16 headings: shown for some steps, to be held from `hold_from` on."""
    heading = circuit.column("heading_rad")
    n_steps = round(settings.duration / settings.dt)
    inputs = np.zeros((16, n_steps, circuit.n_neurons))
    targets = np.full_like(inputs, np.nan)
    asked = np.flatnonzero(np.isfinite(heading))
    first = round(settings.hold_from / settings.dt)
    for trial, at in enumerate(2 * np.pi * np.arange(16) / 16):
        profile = bump(heading, at, settings.width)
        inputs[trial, : settings.shown_steps] = profile
        targets[trial, first:, asked] = profile[asked, None]
    known = np.isfinite(heading)
    angle = np.where(known, heading, 0.0)
    readouts = np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)]) * known / known.sum()
    repeated = np.broadcast_to(readouts, (16, *readouts.shape))
    return Bumps(jnp.asarray(inputs), jnp.asarray(targets), jnp.asarray(repeated))


def task_loss(
    ring: Ring, batch: Bumps, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, ""]:
    """Mean squared error of the bump, and of its cosine, sine and mean over the E-PGs."""
    del key
    asked = ~jnp.isnan(batch.targets)
    wrong = jnp.where(asked, ring.rates(batch.inputs) - jnp.where(asked, batch.targets, 0.0), 0.0)
    wrong = wrong * jnp.sqrt(weight / jnp.sum(weight))[:, None, None]
    n_steps = asked.any(axis=(0, 2)).sum()
    n_cells = asked.any(axis=(0, 1)).sum()
    read = jnp.einsum("btn,bkn->btk", wrong, batch.readouts)
    return (jnp.sum(wrong**2) / n_cells + jnp.sum(read**2)) / n_steps
