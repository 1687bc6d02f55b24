"""The words of the configuration become objects: rules for signs, groups that share parameters."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.connectome.signs import AllExcitatory, Dropped, Trainable, TransmitterSigns
from neuroloom.errors import InputError
from neuroloom.studies.config import Sharing, SignRule

__all__ = ["Groups", "SignedWiring", "has_unknown_signs", "other_rule", "share", "sign"]


class SignedWiring(NamedTuple):
    """Wiring after a sign rule.

    Attributes:
        connectome: Signs filled in where the rule knows them.
        unknown: What a network does with the signs that are still 0; None if there are none.
        sentence: The rule, and the connections and contacts it touched.
    """

    connectome: Connectome
    unknown: Trainable | Dropped | None
    sentence: str


class Groups(NamedTuple):
    """Neurons that share one gain, bias and time constant.

    Attributes:
        member: Group of each neuron.
        sharing: What the groups are.
        sentence: The choice in words.
    """

    member: Int[np.ndarray, " neuron"]
    sharing: str
    sentence: str


def has_unknown_signs(connectome: Connectome) -> bool:
    """Whether a chemical or neuromuscular connection has sign 0."""
    return bool(((connectome.sign == 0) & (connectome.kind != ELECTRICAL)).any())


def sign(connectome: Connectome, rule: SignRule) -> SignedWiring:
    """Wiring with the signs of a rule; known signs stay as they are.

    `transmitter`: acetylcholine +, GABA -; what these leave open (glutamate, which excites or
    inhibits by receptor, and neurons of unknown transmitter) is learned, one sign a sender.

    Args:
        connectome: Any.
        rule: A word of the configuration.

    Raises:
        InputError: If transmitters are asked for and there is no such column.
    """
    if not has_unknown_signs(connectome):
        return SignedWiring(connectome, None, "every sign was known: no rule was needed")
    unknown = (connectome.sign == 0) & (connectome.kind != ELECTRICAL)
    n_contacts = connectome.count[unknown].sum()
    touched = (
        f"{unknown.sum():,} connections of unknown sign with {n_contacts:,} {connectome.count_unit}"
    )
    if rule == "trainable":
        return SignedWiring(connectome, Trainable(), f"{touched}: sign learned, one a sender")
    if rule == "dropped":
        return SignedWiring(connectome, Dropped(), f"{touched}: dropped")
    if rule == "excitatory":
        ruled = AllExcitatory()(connectome)
        return SignedWiring(ruled, None, ruled.audit[-1])
    if "neurotransmitter" not in connectome.neurons:
        raise InputError(
            "Signs by transmitter must have a neuron column `neurotransmitter`; the connectome has "
            f"none and {touched}. Add the column or signs, or choose "
            "`--sign-rule trainable`, `excitatory` or `dropped`."
        )
    ruled = TransmitterSigns()(connectome)
    left = has_unknown_signs(ruled)
    sentence = ruled.audit[-1] + ("; those are learned, one sign a sender" if left else "")
    return SignedWiring(ruled, Trainable() if left else None, sentence)


def other_rule(rule: SignRule) -> SignRule:
    """A second rule to compare with."""
    return "excitatory" if rule in ("transmitter", "trainable") else "trainable"


def share(connectome: Connectome, sharing: Sharing) -> Groups:
    """Groups of neurons by the word of the configuration.

    Without a column of cell types, all neurons share: with a value of its own, nothing but its
    effect on others would tell what a held-out neuron does.
    """
    n = connectome.n_neurons
    if sharing == "neuron":
        return Groups(np.arange(n), "neuron", "gain, bias and tau of every neuron are free")
    if sharing == "cell_type" and "cell_type" in connectome.neurons:
        names, member = np.unique(connectome.column("cell_type"), return_inverse=True)
        nameless = int((connectome.column("cell_type").astype(str) == "").sum())
        said = f"gain, bias and tau are shared within each of {len(names):,} cell types"
        said += f" ({nameless:,} neurons without one share as one)" if nameless else ""
        return Groups(member, "cell_type", said)
    why = ""
    if sharing == "cell_type":
        why = ", because the connectome has no column `cell_type`"
    return Groups(np.zeros(n, np.int64), "global", f"all neurons share gain, bias and tau{why}")
