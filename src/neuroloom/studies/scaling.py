"""A rate network from a connectome alone: signs by a stated rule, weights to a spectral radius."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from neuroloom.connectome import KINDS, Connectome
from neuroloom.connectome.signs import (
    AbstractSignRule,
    AllExcitatory,
    Dropped,
    TransmitterSigns,
)
from neuroloom.connectome.statistics import spectral_radius
from neuroloom.errors import InputError, nearest
from neuroloom.networks import RateNetwork

__all__ = ["SIGN_RULES", "check_scaling", "scaled_to", "sign_rule_for"]

SIGN_RULES: dict[str, AbstractSignRule | Dropped] = {
    "transmitter": TransmitterSigns(glutamate=1, otherwise=1),
    "excitatory": AllExcitatory(),
    "dropped": Dropped(),
}


def scaled_to(
    radius: float,
    network: RateNetwork,
    connectome: Connectome,
    rule: AbstractSignRule | Dropped | None,
) -> tuple[RateNetwork, tuple[str, ...]]:
    """The network with weights and conductances of a stated size, and sentences that say so.

    Weights are scaled so that the largest |eigenvalue| of the signed wiring is `radius` (without
    loops, where all are 0: so that the largest sum of |weights| onto a neuron is); conductances of
    gap junctions so that the best coupled neuron leaks as much through them as otherwise.

    Args:
        radius: Largest |eigenvalue|, at least 0.
        network: Of this connectome, with `scale` 1.
        connectome: Its wiring.
        rule: How unknown signs were resolved; None where every sign was known.
    """
    leak = _leak(eqx.tree_at(lambda n: n.coupling, network, jnp.ones(())))
    largest, of_what = _size(connectome, network, rule)
    scale = radius / largest if largest > 0 else 0.0
    most = float(leak.max())
    coupling = 1.0 / most if most > 0 else 0.0
    scaled = eqx.tree_at(
        lambda n: (n.scale, n.coupling), network, (jnp.asarray(scale), jnp.asarray(coupling))
    )
    return scaled, (
        *(network.notes or ("every sign was known",)),
        f"weights scaled by {scale:.4g}, so that the largest {of_what} is {radius:g}"
        if scale > 0
        else "no weights: nothing travels along chemical connections",
        f"gap junctions scaled by {coupling:.4g}, so that no neuron leaks more through them "
        "than otherwise"
        if most > 0
        else "no gap junctions",
    )


def sign_rule_for(connectome: Connectome, sign_rule: str) -> AbstractSignRule | Dropped | None:
    """The rule of this name; None where every sign is known.

    Raises:
        InputError: If signs must follow from transmitters and there are none.
    """
    unknown = (connectome.sign == 0) & (connectome.kind != KINDS.index("electrical"))
    if not unknown.any():
        return None
    if sign_rule == "transmitter" and "neurotransmitter" not in connectome.neurons:
        raise InputError(
            "The sign of a connection must be known or follow from transmitters; "
            f"{unknown.sum():,} of {unknown.size:,} have sign 0 and the neurons have no column "
            "`neurotransmitter`. Add it to the table of neurons, or choose "
            "`--sign-rule excitatory` or `--sign-rule dropped`."
        )
    return SIGN_RULES[sign_rule]


def check_scaling(*, tau: float, radius: float, sign_rule: str) -> None:
    """Refuses numbers with which no network can be made.

    Args:
        tau: Time constant, in seconds, above 0.
        radius: At least 0 and below 1.
        sign_rule: A name in `SIGN_RULES`.

    Raises:
        InputError: If one is out of range.
    """
    if sign_rule not in SIGN_RULES:
        raise InputError(
            f"`sign_rule` must be one of {', '.join(SIGN_RULES)}; got `{sign_rule}`. "
            f"{nearest(sign_rule, SIGN_RULES)}"
        )
    if not 0 < tau < float("inf"):
        raise InputError(f"`tau` must be above 0 and finite; got {tau} s. Try 0.1.")
    if not 0 <= radius < 1:
        raise InputError(
            "`radius` must be at least 0 and below 1, or activity grows without end; got "
            f"{radius}. 0.9 lets activity travel several connections."
        )


@eqx.filter_jit
def _leak(network: RateNetwork) -> Array:
    """What each neuron leaks through its gap junctions."""
    return network.prepare().leak


def _size(
    connectome: Connectome, network: RateNetwork, rule: AbstractSignRule | Dropped | None
) -> tuple[float, str]:
    """The largest |eigenvalue|, or what stands in for it where the wiring has no loops."""
    largest = spectral_radius(connectome, unknown_sign=rule)
    strength = np.abs(np.asarray(network.weight, np.float64))
    onto = np.bincount(network.post, weights=strength, minlength=1).max(initial=0.0)
    if largest > 1e-6 * onto:
        return largest, "|eigenvalue|"
    return float(onto), "sum of |weights| onto a neuron (there are no loops)"
