"""The larva's crawling circuit from a user's export: wiring, waves, teacher (reconstruction)."""

import re
from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.connectome.signs import TransmitterSigns
from neuroloom.errors import InputError
from neuroloom.networks import GainSide, RateNetwork, Softplus, per_neuron
from neuroloom.networks.constraints import Bounded
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.real_circuits_config import LocomotionConfig

__all__ = [
    "Crawler",
    "Waves",
    "crawling_circuit",
    "crawling_loss",
    "places",
    "unit_norm_input",
    "untaught",
    "waves",
]

PREMOTOR, MOTOR = "PMN", "MN"
SEGMENT = re.compile(r"(T(?=[1-3])|A)([1-9])", re.IGNORECASE)


class Crawler(eqx.Module):
    """A network that crawls on command.

    Attributes:
        network: Premotor and motor neurons.
        command: What each direction's command drives, in the unit of the state.
        premotor: 1 for a premotor neuron, else 0; motor neurons hear no command.
        dt: Step, in seconds.
        penalty: Weight of the mean squared premotor rate in the loss.
    """

    network: RateNetwork
    command: Float[Array, "direction neuron"]
    premotor: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)
    penalty: float = eqx.field(static=True)

    def drive(
        self, inputs: Float[Array, "trial time direction"]
    ) -> Float[Array, "trial time neuron"]:
        """What reaches every neuron, in the unit of the state."""
        return inputs @ (self.command * self.premotor[None, :])

    def rates(
        self, inputs: Float[Array, "trial time direction"]
    ) -> Float[Array, "trial time neuron"]:
        """What every neuron sends, from state 0."""
        return self.network.rate(simulate(self.network, self.drive(inputs), dt=self.dt))


class Waves(NamedTuple):
    """Two trials, forward and backward: the command, and the motor wave that it calls for.

    Attributes:
        inputs: 1 for the direction of the trial, 0 for the other.
        targets: Rates of motor neurons; NaN for premotor neurons, of which nothing is asked.
    """

    inputs: Float[Array, "trial time direction"]
    targets: Float[Array, "trial time neuron"]


def crawling_circuit(connectome: Connectome, *, type_column: str, order_column: str) -> Connectome:
    """Premotor and motor neurons, and the chemical connections that premotor neurons send.

    `cell_type` becomes PMN or MN, and `place` where a motor neuron stands in the wave: 0 at the
    front, 1 at the back, NaN for premotor neurons. Counts stay as they are.

    Args:
        connectome: Of an export; `pre` and `post` as they are, nothing is transposed.
        type_column: Neuron column that says PMN or MN; neurons of other types are left out.
        order_column: Neuron column that orders motor neurons from front to back; see `places`.

    Raises:
        InputError: If there are no such columns, neurons or connections, if a motor neuron has no
            place, or if signs are unknown and no transmitters are given.

    Source:
        Spec of Fig. 5 a-c. That neurons without a known transmitter inhibit is the rule of the
        earlier larval model by one of its authors.
    """
    label = _column(connectome, type_column, "says which neurons are PMN and which are MN")
    label = label.astype(str)
    missing = [name for name in (PREMOTOR, MOTOR) if not (label == name).any()]
    if missing:
        raise InputError(
            f"The neurons must be PMN and MN by the column `{type_column}`; there are no "
            f"{' and no '.join(missing)}, but {_some(label)}. Name the column that says so in "
            "`--larva-locomotion.type-column`."
        )
    order = _column(connectome, order_column, "orders the motor neurons from front to back")
    chosen = np.isin(label, (PREMOTOR, MOTOR))
    kept, label, order = connectome.select(chosen), label[chosen], order[chosen]
    place = np.full(kept.n_neurons, np.nan)
    place[label == MOTOR] = places(order[label == MOTOR], order_column)
    sent = (label[kept.pre] == PREMOTOR) & (kept.kind != ELECTRICAL)
    for name in (PREMOTOR, MOTOR):
        if not (label[kept.post[sent]] == name).any():
            raise InputError(
                f"Premotor neurons must connect to PMN and to MN; none of {sent.sum()} connections "
                f"reaches a {name}. Look whether `pre` and `post` of the export are exchanged."
            )
    parts = {n: getattr(kept, n)[sent] for n in ("pre", "post", "kind", "count", "sign")}
    circuit = replace(
        kept,
        **parts,
        neurons={**kept.neurons, "cell_type": label, "place": place},
        audit=(
            *kept.audit,
            f"{(label == PREMOTOR).sum()} PMN and {(label == MOTOR).sum()} MN by `{type_column}`; "
            f"left out {connectome.n_neurons - kept.n_neurons:,} other neurons and "
            f"{(~sent).sum():,} connections that are electrical or sent by MN",
        ),
    )
    return _signed(circuit)


def _column(connectome: Connectome, name: str, use: str) -> Shaped[np.ndarray, " neuron"]:
    if name not in connectome.neurons:
        raise InputError(
            f"The export must have a neuron column that {use}; there is no `{name}` among "
            f"{', '.join(connectome.neurons) or 'none at all'}. Add it to the table of neurons, or "
            "name yours by `--larva-locomotion.type-column` or `--larva-locomotion.order-column`. "
            "The published motor targets are not known to us: this order takes their place."
        )
    return connectome.neurons[name]


def _some(label: Shaped[np.ndarray, " neuron"]) -> str:
    names = np.unique(label).tolist()
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _signed(circuit: Connectome) -> Connectome:
    unknown = circuit.sign == 0
    if not unknown.any():
        return circuit
    if "neurotransmitter" not in circuit.neurons:
        raise InputError(
            f"Every connection must have a sign; {unknown.sum():,} of {unknown.size:,} have none, "
            "and no neuron has a transmitter. Give the table of connections a column `sign`, or "
            "the table of neurons a column `neurotransmitter`."
        )
    return TransmitterSigns(glutamate=-1, otherwise=-1)(circuit)


def places(
    order: Shaped[np.ndarray, " motor"], column: str = "segment"
) -> Float[np.ndarray, " motor"]:
    """Where each motor neuron stands, from 0 at the front to 1 at the back.

    Args:
        order: Numbers that rise from front to back, or segments (T1 to T3, then A1 to A9).
        column: Its name, for errors.

    Raises:
        InputError: If one is neither, if both are mixed, or if all are in one place.

    Example:
        >>> places(np.array(["T3", "A1", "A3"])).tolist()
        [0.0, 0.3333333333333333, 1.0]
    """
    texts = [str(text).strip() for text in order.tolist()]
    named = [bool(SEGMENT.fullmatch(text)) for text in texts]
    found = np.array([_place(text) for text in texts])
    wrong = [text for text, value in zip(texts, found, strict=True) if not np.isfinite(value)]
    if wrong:
        raise InputError(
            f"The column `{column}` must hold a number or a segment such as A1 for every MN; "
            f"{len(wrong)} of {len(texts)} are neither, such as `{wrong[0]}`. Write numbers that "
            "rise from front to back."
        )
    if any(named) and not all(named):
        raise InputError(
            f"The column `{column}` must hold numbers or segments such as A1, not both; "
            f"{sum(named)} of {len(texts)} are segments. Write numbers that rise from front to "
            "back."
        )
    if np.ptp(found) == 0:
        raise InputError(
            f"Motor neurons must stand in at least 2 places for a wave to travel; by `{column}` "
            f"all {len(texts)} are at {texts[0]}. Name a column that orders them in "
            "`--larva-locomotion.order-column`."
        )
    return (found - found.min()) / np.ptp(found)


def _place(text: str) -> float:
    """A number, or T1 to A9 counted through; NaN for anything else."""
    segment = SEGMENT.fullmatch(text)
    if segment:
        return float(segment[2]) + (3 if segment[1] in "Aa" else 0)
    try:
        return float(text)
    except ValueError:
        return float("nan")


def unit_norm_input(circuit: Connectome) -> Connectome:
    """Each count over the root of the sum of squares of what its receiver receives.

    The gain acts on what a neuron receives, so that this chooses the unit of the gain, and with it
    what its bounds mean. How the source scales its weights is not known to us.
    """
    received = np.bincount(circuit.post, circuit.count**2, minlength=circuit.n_neurons)
    return replace(
        circuit,
        count=circuit.count / np.sqrt(received)[circuit.post],
        count_unit="mean_synapses",
        audit=(*circuit.audit, "squares of the counts that a neuron receives are scaled to sum 1"),
    )


def waves(circuit: Connectome, settings: LocomotionConfig) -> Waves:
    """A wave of motor activity for each direction, and a command that is held for the trial.

    Motor neurons rise and fall as a Gaussian in time, to a peak of 1. Forward, the wave travels
    from back to front, backward from front to back. A reconstruction: the published targets and
    commands are not known to us.
    """
    place = circuit.column("place")
    time = settings.dt * (1 + np.arange(round(settings.duration / settings.dt)))
    inputs = np.repeat(np.eye(2)[:, None, :], len(time), axis=1)
    passed = np.stack([1 - place, place])  # forward, backward
    center = settings.wave_from + settings.wave_travels * passed
    away = (time[None, :, None] - center[:, None, :]) / settings.wave_width
    return Waves(jnp.asarray(inputs), jnp.asarray(np.exp(-0.5 * away**2)))


def untaught(circuit: Connectome, settings: LocomotionConfig, rng: np.random.Generator) -> Crawler:
    r"""A teacher before it learns.

    $$\tau_i \dot x_i = -x_i + g_i\, (W\, \mathrm{softplus}(x))_i + b_i + u_i$$

    Gains start uniform and stay between two bounds, as time constants do; biases start at 0 and the
    weights of commands are normal.

    Args:
        circuit: Of `unit_norm_input`.
        settings: Every number.
        rng: Randomness.
    """
    n = circuit.n_neurons
    gain = rng.uniform(settings.gain_low, settings.start_gain_high, n)
    bounds = {
        "tau": Bounded(settings.tau_low, settings.tau_high),
        "gain": Bounded(settings.gain_low, settings.gain_high),
    }
    network = RateNetwork.from_connectome(
        circuit,
        tau=per_neuron(settings.tau, n, unit="s", constraint=bounds["tau"]),
        gain=per_neuron(gain, n, unit="1", constraint=bounds["gain"]),
        bias=per_neuron(0.0, n, unit="state"),
        activation=Softplus(1.0),
        gain_side=GainSide.POSTSYNAPTIC,
    )
    command = jnp.asarray(settings.command_sd * rng.normal(size=(2, n)))
    premotor = jnp.asarray(circuit.column("cell_type") == PREMOTOR, command.dtype)
    return Crawler(network, command, premotor, settings.dt, settings.penalty)


def crawling_loss(
    crawler: Crawler, batch: Waves, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, ""]:
    r"""The published loss, summed over trials, steps and motor neurons.

    $$\sum_{k, t, i \in \mathrm{MN}} \tfrac12 (m_i - m_i^*)^2 + \lambda\, \overline{p^2}$$

    The mean is over premotor neurons, steps and trials.
    """
    del key
    rates = crawler.rates(batch.inputs)
    asked = ~jnp.isnan(batch.targets)
    wrong = jnp.where(asked, rates - jnp.where(asked, batch.targets, 0.0), 0.0)
    weighed = weight[:, None, None]
    task = 0.5 * jnp.sum(weighed * wrong**2)
    n_premotor = jnp.sum(weighed * ~asked)
    return task + crawler.penalty * jnp.sum(weighed * jnp.where(asked, 0.0, rates**2)) / n_premotor
