"""`plan`: from a connectome alone, by a stated model, to which neurons to record next."""

from collections.abc import Sequence
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from neuroloom.analysis.identifiability import (
    Linearization,
    Sensitivity,
    leading_sensitivity,
    linearize,
)
from neuroloom.analysis.identifiability.modes import most_modes, n_products
from neuroloom.analysis.identifiability.sensitivity import LARGEST
from neuroloom.analysis.plan import Plan, n_recordings, plan_recordings, positions_of
from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import Linear, RateNetwork, Softplus, global_value, per_neuron
from neuroloom.runs import progress_bar
from neuroloom.simulation import linear_response, simulate
from neuroloom.studies.planning_config import PlanConfig
from neuroloom.studies.scaling import check_scaling, scaled_to, sign_rule_for

__all__ = ["plan"]

MODES = 200  # leading modes of a network that is too large for all
_FEW = 30  # a plan of fewer modes is worth little: fewer samples are asked for instead


def plan(
    connectome: Connectome,
    n: int = 10,
    config: PlanConfig | None = None,
    *,
    recorded: Sequence[int | str] = (),
    forbidden: Sequence[int | str] = (),
    stimulated: Sequence[int | str] = (),
    cost: Sequence[tuple[int | str, float]] = (),
    budget: float = np.inf,
    progress: bool = False,
) -> Plan:
    """Which neurons to record next, so that the activity of all others is predicted best.

    Nothing but the wiring is used, and the model that `config` states. Muscles and other nodes that
    are no neurons take part in the network and are neither recorded nor predicted.

    Args:
        connectome: Wiring.
        n: How many neurons to choose.
        config: Every number of the model; default `PlanConfig()`.
        recorded: Ids of neurons recorded already.
        forbidden: Ids of neurons that cannot be recorded.
        stimulated: Ids of the neurons that receive input; default all neurons.
        cost: Ids with their costs, above 0; 1 for all others.
        budget: The costs may not add up to more.
        progress: Whether to show progress bars.

    Returns:
        The order, what it is expected to leave unknown beside random and worst orders, and a table
        of all nodes; `notes` say what was assumed.

    Raises:
        InputError: If an id is unknown, a number is out of range, signs are unknown, or the network
            is too large for what is asked.

    Example:
        >>> from neuroloom import datasets
        >>> found = plan(datasets.connectome("worm"), 3, PlanConfig(draws=20))
        >>> last = found.curves().iloc[-1]
        >>> len(found.chosen), bool(last["greedy"] < last["random_low"] < last["worst"])
        (3, True)
    """
    config = config or PlanConfig()
    check_scaling(tau=config.tau, radius=config.radius, sign_rule=config.sign_rule)
    ids, neurons = connectome.neuron_id, connectome.is_neuron
    for given, name in ((recorded, "recorded"), (forbidden, "forbidden")):
        positions_of(given, ids, name)  # refused before anything is computed
    price = _costs(cost, connectome)
    driven = positions_of(stimulated, ids, "stimulated") if stimulated else np.flatnonzero(neurons)
    if config.model == "rate":
        sensitivity, notes = _rate(connectome, config, driven, progress)
    else:
        sensitivity, notes = _linear(connectome, config, driven)
    spread = float(np.sqrt((sensitivity.value[neurons] ** 2).sum(axis=2).mean()))
    if not spread > 0:
        raise InputError(
            "Activity must depend on what is unknown; with this model nothing does. Choose another "
            "model, or a larger radius."
        )
    named = {*map(str, forbidden), *map(str, recorded)}
    others = [i for i in ids[~neurons].tolist() if str(i) not in named]
    both_rules = price is not None and bool(np.ptp(price) > 0)
    n_ticks = n_recordings(n, config.draws, costs_differ=both_rules)
    with progress_bar("choosing neurons", total=n_ticks, enabled=progress) as bar:
        found = plan_recordings(
            sensitivity,
            ids,
            n,
            noise=config.noise * spread,
            rng=np.random.default_rng([config.seed, 2]),
            recorded=recorded,
            forbidden=[*forbidden, *others],
            wanted=neurons,
            cost=price,
            budget=budget,
            n_random=config.draws,
            done=bar.advance,
        )
    said = f"noise SD {config.noise * spread:.3g}, {config.noise:g} of the RMS prior SD of activity"
    return Plan(**{**vars(found), "notes": (*notes, said, *found.notes)})


def _costs(cost: Sequence[tuple[int | str, float]], connectome: Connectome) -> np.ndarray | None:
    if not cost:
        return None
    price = np.ones(connectome.n_neurons)
    where = positions_of([one for one, _ in cost], connectome.neuron_id, "cost")
    price[where] = [value for _, value in cost]
    return price


def _linear(
    connectome: Connectome, config: PlanConfig, driven: np.ndarray
) -> tuple[Sensitivity, tuple[str, ...]]:
    n = connectome.n_neurons
    if n * len(driven) > LARGEST:
        raise InputError(
            f"A linear plan must be of at most {int(LARGEST**0.5):,} neurons; got {n:,}, and it "
            "solves for all of them at once. Use `--model rate`, or take a part of the connectome."
        )
    rule = sign_rule_for(connectome, config.sign_rule)
    network = RateNetwork.from_connectome(connectome, activation=Linear(), unknown_sign=rule)
    network, notes = scaled_to(config.radius, network, connectome, rule)
    inputs = np.zeros((len(driven), n))
    inputs[np.arange(len(driven)), driven] = 1.0
    moved = linear_response(network, jnp.asarray(inputs, network.scale.dtype))
    value = np.asarray(moved, np.float64).T[:, None, :]
    return Sensitivity(value), (
        f"a linear rate network at rest; unknown is a constant input to each of {len(driven):,} "
        "neurons, independent, prior SD 1",
        *notes,
    )


def _rate(
    connectome: Connectome, config: PlanConfig, driven: np.ndarray, progress: bool
) -> tuple[Sensitivity, tuple[str, ...]]:
    n = connectome.n_neurons
    rule = sign_rule_for(connectome, config.sign_rule)
    network = RateNetwork.from_connectome(
        connectome,
        tau=global_value(config.tau, n, unit="s"),
        gain=per_neuron(1.0, n, unit="1"),
        bias=per_neuron(0.0, n, unit="state"),
        activation=Softplus(),
        unknown_sign=rule,
    )
    network, notes = scaled_to(config.radius, network, connectome, rule)
    every = round(config.duration / config.dt) // config.samples
    rng = np.random.default_rng([config.seed, 1])
    inputs = np.zeros((config.trials, 1, n))
    inputs[:, 0, driven] = config.amplitude * rng.normal(size=(config.trials, len(driven)))
    held = np.broadcast_to(inputs, (config.trials, every * config.samples, n))
    u = jnp.asarray(held, network.scale.dtype)
    around = linearize(
        network,
        lambda net: net.rate(simulate(net, u, dt=config.dt, adjoint=False)),
        trainable=lambda net: (net.gain.value, net.bias.value),
        prior_sd=(config.gain_sd, config.bias_sd),
        every=every,
    )
    sensitivity = _all_or_leading(around, config, progress)
    return sensitivity, (
        f"a softplus rate network; unknown are the gain (prior SD {config.gain_sd:g} around 1) and "
        f"the bias (prior SD {config.bias_sd:g} around 0) of each of {n:,} nodes",
        f"{config.trials} trials of {config.duration:g} s; in each, a constant input of its own "
        f"to every one of {len(driven):,} neurons, SD {config.amplitude:g}; "
        f"{config.samples} samples a trial",
        *notes,
    )


def _all_or_leading(around: Linearization, config: PlanConfig, progress: bool) -> Sensitivity:
    n = around.n_parameters
    every = config.modes is None and around.activity.size * n <= LARGEST
    n_modes = min(config.modes or _as_many_modes_as_fit(around), n)
    total = n if every else n_products(n_modes, n)
    with progress_bar("sensitivities", total=total, enabled=progress) as bar:
        around = replace(around, done=bar.advance)
        if every:
            return around.sensitivity()
        rng = np.random.default_rng([config.seed, 3])
        return leading_sensitivity(around, n_modes=n_modes, rng=rng)


def _as_many_modes_as_fit(around: Linearization) -> int:
    """200, or as many as memory holds, but never fewer than make sense."""
    return min(MODES, max(most_modes(around), _FEW))
