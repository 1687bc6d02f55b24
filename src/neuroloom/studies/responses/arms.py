"""What the job compares: the default, its variants and null wirings, and simple predictors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neuroloom.analysis import Arm
from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.connectome.nulls import NULLS
from neuroloom.connectome.signs import AbstractSignRule, AllExcitatory, TransmitterSigns
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.responses.baselines import (
    BoostedTrees,
    ContactCount,
    HomologResponse,
    LinearPropagation,
    Logistic,
    ResponderMean,
    TrialCount,
)
from neuroloom.studies.responses.predictor import NetworkPredictor, UntrainedNetwork

__all__ = ["HOMOLOG", "SIGN_RULES", "SignTreatment", "apart_arms", "headline_arms"]

HOMOLOG = "baseline: response to the stimulated homolog"
PROPAGATION_GAINS = (0.3, 0.6, 0.9)


@dataclass(frozen=True)
class SignTreatment:
    """What to do with connections of sign 0, in the terms of the job's configuration.

    Attributes:
        title: For the score table.
        rule: Fills signs; None leaves them.
        learned: Whether the network learns one sign a sender where it stays 0.
    """

    title: str
    rule: AbstractSignRule | None = None
    learned: bool = False

    def resolve(self, connectome: Connectome) -> tuple[Connectome, str]:
        """The connectome to fit with, and what was touched, in a sentence."""
        unknown = (connectome.sign == 0) & (connectome.kind != ELECTRICAL)
        n, contacts = int(unknown.sum()), connectome.count[unknown].sum()
        touched = f"{n:,} connections with {contacts:,} {connectome.count_unit}"
        if n == 0:
            return connectome, "every chemical connection has a known sign"
        if self.learned:
            return connectome, f"sign learned, one a presynaptic neuron: {touched}"
        if self.rule is None:
            kept = replace(
                connectome,
                **{
                    name: getattr(connectome, name)[~unknown]
                    for name in ("pre", "post", "kind", "count", "sign")
                },
            )
            return kept, f"dropped because their sign is unknown: {touched}"
        signed = self.rule(connectome)
        return signed, signed.audit[-1]


SIGN_RULES: Mapping[str, SignTreatment] = {
    "transmitter": SignTreatment(
        "signs by transmitter, glutamate +", TransmitterSigns(glutamate=1, otherwise=1)
    ),
    "excitatory": SignTreatment("all signs +", AllExcitatory()),
    "trainable": SignTreatment("signs learned", learned=True),
    "dropped": SignTreatment("connections of unknown sign dropped"),
}
GLUTAMATE_INHIBITS = SignTreatment(
    "signs by transmitter, glutamate -", TransmitterSigns(glutamate=-1, otherwise=1)
)


def headline_arms(
    connectome: Connectome,
    recording: Recording,
    config: PredictConfig,
    transfer: Mapping[str, Recording],
) -> list[Arm]:
    """Everything that is scored with homologs held out together.

    Args:
        connectome: Signs as they are, 0 where unknown.
        recording: Responses.
        config: The numbers of the job.
        transfer: Recordings of other animals on the same trials and neurons, by name.

    Raises:
        InputError: If a null wiring has no such name.
    """
    q = config.q_below
    chosen = SIGN_RULES[config.sign_rule]
    network = _network(config, chosen)
    blind = replace(recording, n_observations=None)
    targets = {"default": recording, "variant: trial count not known": blind}
    targets |= {f"transfer: {name}": other for name, other in transfer.items()}
    arms = [Arm(network, targets, wiring=_resolved(chosen))]
    for other in _other_rules(config, connectome):
        arms.append(
            Arm(
                _network(config, other),
                {f"variant: {other.title}": recording},
                wiring=_resolved(other),
            )
        )
    if config.n_null_draws:
        arms += [
            Arm(
                network,
                {f"null: {name}": recording},
                wiring=_resolved(chosen, _null(name)),
                n_draws=config.n_null_draws,
            )
            for name in config.nulls
        ]
    without = {"baseline: logistic regression without wiring": recording}
    without |= {
        f"transfer: {name}, logistic regression without wiring": other
        for name, other in transfer.items()
    }
    trials = {"baseline: number of trials alone": recording}
    trials |= {f"transfer: {name}, number of trials alone": o for name, o in transfer.items()}
    simple = _resolved(chosen)
    arms += [
        Arm(UntrainedNetwork(config.n_members), {"baseline: untrained network": recording}, simple),
        Arm(ContactCount(), {"baseline: synapse count": recording}),
        *(
            Arm(LinearPropagation(g), {f"baseline: linear propagation, gain {g:g}": recording})
            for g in PROPAGATION_GAINS
        ),
        Arm(ResponderMean(q_below=q), {"baseline: responder mean": recording}),
        Arm(
            ResponderMean(q_below=q, use_trials=True),
            {"baseline: responder mean x number of trials": recording},
        ),
        Arm(TrialCount(), trials),
        Arm(HomologResponse(q_below=q), {HOMOLOG: recording}),
        Arm(Logistic(q_below=q, wiring=False), without),
        Arm(
            Logistic(q_below=q),
            {"baseline: logistic regression with wiring": recording},
            wiring=simple,
        ),
        Arm(
            BoostedTrees(q_below=q, wiring=False),
            {"baseline: boosted trees without wiring": recording},
        ),
        Arm(
            BoostedTrees(q_below=q),
            {"baseline: boosted trees with wiring": recording},
            wiring=simple,
        ),
    ]
    return arms


def apart_arms(recording: Recording, config: PredictConfig) -> list[Arm]:
    """What is scored again with homologs split apart, where a homolog's answer may be seen."""
    q = config.q_below
    chosen = SIGN_RULES[config.sign_rule]
    wiring = _resolved(chosen)
    return [
        Arm(_network(config, chosen), {"default": recording}, wiring=wiring),
        Arm(HomologResponse(q_below=q), {HOMOLOG: recording}),
        Arm(ResponderMean(q_below=q), {"baseline: responder mean": recording}),
        Arm(
            BoostedTrees(q_below=q, wiring=False),
            {"baseline: boosted trees without wiring": recording},
        ),
        Arm(
            BoostedTrees(q_below=q),
            {"baseline: boosted trees with wiring": recording},
            wiring=wiring,
        ),
    ]


def _network(config: PredictConfig, signs: SignTreatment) -> NetworkPredictor:
    return NetworkPredictor(
        n_members=config.n_members, q_below=config.q_below, learn_unknown_signs=signs.learned
    )


def _other_rules(config: PredictConfig, connectome: Connectome) -> Sequence[SignTreatment]:
    """Two further treatments of unknown signs, where there are unknown signs to treat."""
    if not ((connectome.sign == 0) & (connectome.kind != ELECTRICAL)).any():
        return ()
    others = [SIGN_RULES[name] for name in ("excitatory", "trainable") if name != config.sign_rule]
    if "neurotransmitter" in connectome.neurons:
        others.insert(0, GLUTAMATE_INHIBITS)
    return others


def _null(name: str) -> Callable[..., Connectome]:
    if name not in NULLS:
        raise InputError(
            f"A null wiring must be one of {', '.join(NULLS)}; got `{name}`. {nearest(name, NULLS)}"
        )
    return NULLS[name]


def _resolved(
    signs: SignTreatment, null: Callable[..., Connectome] | None = None
) -> Callable[..., Connectome]:
    """Signs first, then the null wiring."""

    def wiring(connectome: Connectome, *, rng: np.random.Generator) -> Connectome:
        resolved, _ = signs.resolve(connectome)
        return resolved if null is None else null(resolved, rng=rng)

    return wiring
