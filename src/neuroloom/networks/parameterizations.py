"""The published forms of a student: where gain and bias act, in which range, and what is trained.

Each object makes a `RateNetwork` of a connectome and picks what a fit may change. Time units count
as seconds.
"""

import abc
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.connectome import Connectome
from neuroloom.networks.activations import (
    AbstractActivation,
    Linear,
    SharedSoftplus,
    Softplus,
    Tanh,
)
from neuroloom.networks.constraints import (
    AbstractConstraint,
    Bounded,
    Exponential,
    Free,
    Rectified,
)
from neuroloom.networks.parameters import Shared, global_value, per_group, per_neuron
from neuroloom.networks.rate_network import GainSide, RateNetwork

__all__ = [
    "AbstractParameterization",
    "CentralComplex",
    "Form",
    "Larva",
    "Synthetic",
    "SyntheticSmooth",
    "TanhGain",
    "Zebrafish",
]

Values = Float[np.ndarray, " neuron"]
Labels = Shaped[np.ndarray, " neuron"]


class Form(NamedTuple):
    """What tells one published form from another.

    Attributes:
        tau: Time constants, in seconds.
        gain: Where a gain may go.
        activation: From state to rate.
        gain_side: Where the gain acts.
    """

    tau: Shared
    gain: AbstractConstraint
    activation: AbstractActivation
    gain_side: GainSide = GainSide.PRESYNAPTIC


@dataclass(frozen=True)
class AbstractParameterization(abc.ABC):
    """A published form of a student's network."""

    @abc.abstractmethod
    def form(self, n_neurons: int) -> Form:
        """What is particular to it, for this many neurons."""

    @abc.abstractmethod
    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """What a fit may change, for `fit(..., trainable=...)`."""

    def network(
        self,
        connectome: Connectome,
        *,
        gain: Values,
        bias: Values | None = None,
        label: Labels | None = None,
    ) -> RateNetwork:
        """A network that starts from these parameters.

        Args:
            connectome: Its weights are sign x count.
            gain: Of every neuron, dimensionless.
            bias: Of every neuron, in the unit of the state; default 0.
            label: Neurons of one label, such as a cell type, share gain and bias and start from
                their mean; one label for all makes them global. Default: each has its own.

        Raises:
            InputError: If a gain is outside the range of the form.
        """
        form = self.form(len(gain))
        start = np.zeros(len(gain)) if bias is None else bias
        return RateNetwork.from_connectome(
            connectome,
            tau=form.tau,
            gain=_shared(gain, label, "1", form.gain),
            bias=_shared(start, label, "state", Free()),
            activation=form.activation,
            gain_side=form.gain_side,
        )


@dataclass(frozen=True)
class Synthetic(AbstractParameterization):
    r"""$$r_i = \max(g_i, 0)\, \phi_s(h_i + b_i)$$; trains g and b.

    Attributes:
        tau: Time constant of all neurons, in seconds.
        smoothness: s of the softplus, above 0.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), synthetic networks.
    """

    tau: float = 1.0
    smoothness: float = 1.0

    def form(self, n_neurons: int) -> Form:
        """Gains of at least 0."""
        tau = global_value(self.tau, n_neurons, unit="s")
        return Form(tau, Rectified(), Softplus(self.smoothness))

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """Gain and bias."""
        return network.gain.value, network.bias.value


@dataclass(frozen=True)
class SyntheticSmooth(AbstractParameterization):
    """`Synthetic`, whose smoothness is trained as well.

    Attributes:
        smoothness_label: Neurons of one label share a smoothness; the same label for all makes it
            global, another one for each makes it the neuron's own.
        tau: Time constant of all neurons, in seconds.
        smoothness: Where it starts, above 0.

    Source:
        The paper's text says that a trained smoothness makes good a mismatch; how it was shared and
        trained is not published. Sharing by label and the logarithm are ours.
    """

    smoothness_label: tuple[str, ...]
    tau: float = 1.0
    smoothness: float = 1.0

    def form(self, n_neurons: int) -> Form:
        """Gains of at least 0, smoothness above 0."""
        smoothness = per_group(
            self.smoothness,
            np.array(self.smoothness_label),
            unit="1",
            sharing="label",
            constraint=Exponential(),
        )
        tau = global_value(self.tau, n_neurons, unit="s")
        return Form(tau, Rectified(), SharedSoftplus(smoothness))

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """Gain, bias and smoothness."""
        return network.gain.value, network.bias.value, network.activation.smoothness.value  # pyright: ignore[reportAttributeAccessIssue]


@dataclass(frozen=True)
class TanhGain(AbstractParameterization):
    r"""$$r_i = g_i \tanh(h_i)$$; trains g, which may be below 0. The low-rank and chaotic networks.

    Attributes:
        tau: Time constant of all neurons, in seconds; 0.5 in the paper's low-rank network.
    """

    tau: float = 0.5

    def form(self, n_neurons: int) -> Form:
        """Gains of either sign."""
        return Form(global_value(self.tau, n_neurons, unit="s"), Free(), Tanh())

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """Gain."""
        return (network.gain.value,)


@dataclass(frozen=True)
class Larva(AbstractParameterization):
    r"""$$\tau \dot x_i = -x_i + g_i (W \phi(x))_i + b_i + u_i, \quad r = \phi(x)$$; trains g and b.

    The gain is on what a neuron receives and the bias outside the softplus.

    Attributes:
        tau: Time constant of all neurons, in seconds. The paper's are not published.
    """

    tau: float = 1.0

    def form(self, n_neurons: int) -> Form:
        """Gains of either sign, on what a neuron receives."""
        tau = global_value(self.tau, n_neurons, unit="s")
        return Form(tau, Free(), Softplus(1.0), GainSide.POSTSYNAPTIC)

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """Gain and bias."""
        return network.gain.value, network.bias.value


@dataclass(frozen=True)
class CentralComplex(AbstractParameterization):
    r"""$$r_i = e^{\gamma_i} \phi_5(h_i + b_i), \quad \tau_i \in [0.2, 5]$$; trains gamma and b.

    Attributes:
        tau: Where time constants start, in seconds, between 0.2 and 5.
        train_tau: Whether they are trained; the paper's code can, and did not.
    """

    tau: float = 1.0
    train_tau: bool = False

    def form(self, n_neurons: int) -> Form:
        """Gains above 0, time constants between their bounds."""
        tau = per_neuron(self.tau, n_neurons, unit="s", constraint=Bounded(0.2, 5.0))
        return Form(tau, Exponential(), Softplus(5.0))

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """The logarithm of the gain, and the bias; tau if asked for."""
        both = (network.gain.value, network.bias.value)
        return (*both, network.tau.value) if self.train_tau else both


@dataclass(frozen=True)
class Zebrafish(AbstractParameterization):
    r"""$$\tau \dot x = -x + W (g \circ x) + u$$, linear; trains the logarithm of g.

    Attributes:
        tau: Time constant of all neurons, in seconds.
    """

    tau: float = 1.0

    def form(self, n_neurons: int) -> Form:
        """Gains above 0, no threshold."""
        return Form(global_value(self.tau, n_neurons, unit="s"), Exponential(), Linear())

    def trained(self, network: RateNetwork) -> tuple[Any, ...]:
        """The logarithm of the gain."""
        return (network.gain.value,)


def _shared(
    value: Values, label: Labels | None, unit: str, constraint: AbstractConstraint
) -> Shared:
    if label is None:
        return per_neuron(value, len(value), unit=unit, constraint=constraint)
    _, group = np.unique(label, return_inverse=True)
    mean = np.bincount(group, value) / np.bincount(group)
    return per_group(mean, label, unit=unit, sharing="label", constraint=constraint)
