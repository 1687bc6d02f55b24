"""The cycling teacher: excitatory and inhibitory neurons, trained on a task."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.fitting import fit
from neuroloom.networks import RateNetwork, Rectified, Softplus, global_value, per_neuron
from neuroloom.studies.constrained_networks.readout import ReadoutLoss, ReadoutNetwork
from neuroloom.studies.constrained_networks.teachers.teacher import Drawn
from neuroloom.studies.constrained_networks.teachers.weights import (
    checked_wiring,
    connectome_of,
    matrix_of,
    root_mean_square_input,
)
from neuroloom.studies.constrained_networks.teachers_config import CyclingConfig
from neuroloom.tasks import Cycling, Trials

__all__ = ["cycling_network", "draw_cycling", "untrained_cycling"]

REST_TOLERANCE = 1e-9  # largest |dx/dt| tau that counts as rest, in units of the state
REST_STEPS = 5_000


def draw_cycling(
    config: CyclingConfig,
    connectome: Connectome | None = None,
    *,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> Drawn:
    """The network of `untrained_cycling`, trained by its weights, gains, biases, start and readout.

    Weights keep their signs. The trials are drawn once; each round starts Adam anew. Inputs to the
    network are not trained. A weight that training made 0 is no longer a connection.

    Args:
        config: What it is.
        connectome: Where the weights start from, instead of random ones; see `untrained_cycling`.
        checkpoint: Stem of the files to resume training from and to write its state to.
        progress: Whether to show a bar for each round.

    Raises:
        InputError: As `untrained_cycling`.
        SimulationError: If training diverges.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 1.
    """
    start, notes = untrained_cycling(config, connectome)
    task = Cycling(dt=config.dt, duration=config.duration)
    trial_key, test_key, fit_key = jax.random.split(jax.random.key(config.seed), 3)
    rng = np.random.default_rng((config.seed, 1))
    # Over dt, because a pulse lasts one step: it moves the state by N(0, 1).
    into = jnp.asarray(rng.normal(size=(config.n_neurons, len(task.n_cycles))) / config.dt)
    trials, unseen = (_driven(task(key, config.n_trials), into) for key in (trial_key, test_key))
    trained = _trained(config, start, trials, fit_key, checkpoint, progress)
    measure = ReadoutLoss(config.dt)
    ones = jnp.ones(config.n_trials)
    before, after, fresh = (
        float(measure(network, batch, ones, fit_key))
        for network, batch in ((start, trials), (trained, trials), (trained, unseen))
    )
    power = float(jnp.mean(trials.targets**2))
    notes.append(
        f"trained for {config.n_rounds} x {config.n_steps} steps: readout error {before:.3g} "
        f"before, {after:.3g} after, {fresh:.3g} on {config.n_trials} new trials, without noise; "
        f"an output that stays at 0 has {power:.3g}"
    )
    weight = _matrix(trained.network)
    n_lost = start.network.strength.size - int((weight != 0).sum())
    notes.append(f"{n_lost:,} of {start.network.strength.size:,} weights were trained to 0")
    return Drawn(
        connectome=connectome_of(weight, name="cycling teacher", like=connectome),
        gain=np.asarray(trained.network.gain.expand(), dtype=float),
        bias=np.asarray(trained.network.bias.expand(), dtype=float),
        initial=np.asarray(trained.initial, dtype=float),
        inputs=np.asarray(trials.inputs),
        readout=np.asarray(trained.readout),
        targets=np.asarray(trials.targets),
        notes=tuple(notes),
    )


def untrained_cycling(
    config: CyclingConfig, connectome: Connectome | None = None
) -> tuple[ReadoutNetwork, list[str]]:
    r"""A network at rest in a stable state, and how it was made, a sentence each.

    Of each pair, a fraction `density` gets $g_0 N(0, 1) / \sqrt N + 1 / N$, times `inhibition`
    where the sender is inhibitory; a weight on the wrong side of 0 for its sender is 0. Gains are
    N(1, 0.4^2) above 0, biases uniform. All is drawn anew until the rest state is stable.

    From a connectome come all weights: sign times count, times `inhibition` where negative, scaled
    so that the summed squared input of a neuron is on average that of the random weights. Only
    gains and biases are then drawn anew.

    Raises:
        InputError: If a connectome is given whose connections cannot be weights or whose senders
            have mixed signs, or if no stable start is found.
    """
    rng = np.random.default_rng(config.seed)
    n = config.n_neurons
    given = None if connectome is None else _given(connectome, config)
    weight, gain, bias, rest, n_draws = _stable_draw(config, given, rng)
    origin = "random weights" if connectome is None else connectome.name or "a connectome"
    size = root_mean_square_input(weight)
    notes = [f"{origin}: root of summed squared inputs {size:.3g}; stable at draw {n_draws}"]
    readout = config.readout_scale * rng.normal(size=(1, n)) / n
    wiring = connectome_of(weight, name="cycling teacher, untrained")
    network = ReadoutNetwork(
        cycling_network(config, wiring, gain, bias), jnp.asarray(rest), jnp.asarray(readout)
    )
    return network, notes


def cycling_network(
    config: CyclingConfig, wiring: Connectome, gain: np.ndarray, bias: np.ndarray
) -> RateNetwork:
    """A softplus network whose weights keep their signs and whose gains stay at or above 0."""
    n = wiring.n_neurons
    return RateNetwork.from_connectome(
        wiring,
        tau=global_value(config.tau, n, unit="s"),
        gain=per_neuron(gain, n, unit="1", constraint=Rectified()),
        bias=per_neuron(bias, n, unit="state"),
        activation=Softplus(),
        clamp_signs=True,
    )


@cache
def _adam(learning_rate: float) -> optax.GradientTransformation:
    """One object for one rate, so that later rounds find the compiled program."""
    return optax.adam(learning_rate)


def _trained(
    config: CyclingConfig,
    network: ReadoutNetwork,
    trials: Trials,
    key: jax.Array,
    checkpoint: Path | None,
    progress: bool,
) -> ReadoutNetwork:
    loss = ReadoutLoss(config.dt, config.noise_step_sd)
    for i in range(config.n_rounds):
        found = fit(
            network,
            trials,
            loss,
            trainable=lambda r: (
                r.network.strength,
                r.network.gain.value,
                r.network.bias.value,
                r.initial,
                r.readout,
            ),
            key=jax.random.fold_in(key, i),
            n_members=1,
            optimizer=_adam(config.learning_rate),
            n_steps=config.n_steps,
            batch_size=min(config.batch_size, config.n_trials),
            clip_norm=config.clip_norm,
            checkpoint=checkpoint and checkpoint.with_name(f"{checkpoint.name}-round-{i}"),
            progress=progress,
        )
        if not found.finished:  # `fit` swallows Ctrl-C; a teacher of half a round is another one
            raise KeyboardInterrupt
        network = found.member(0)
    return network


def _driven(trials: Trials, into: jax.Array) -> Trials:
    """The same trials, with inputs of neurons for inputs of channels."""
    return trials._replace(inputs=trials.inputs @ into.T)


def _matrix(network: RateNetwork) -> np.ndarray:
    return np.asarray(network.wiring.matrix(network.weight), dtype=float)


def _given(connectome: Connectome, config: CyclingConfig) -> np.ndarray:
    """Weights of a connectome, of the size of the random ones."""
    wiring = checked_wiring(connectome, config.n_neurons)
    if not wiring.obeys_dale:
        raise InputError(
            "A cycling teacher's wiring must have neurons that send one sign each; this one has "
            "some that send both. Resolve signs by sender, for example with `TransmitterSigns()`."
        )
    weight = matrix_of(wiring)
    weight = np.where(weight < 0, config.inhibition * weight, weight)
    excited = config.excitatory + (1 - config.excitatory) * config.inhibition**2
    wanted = config.weight_scale * np.sqrt(config.density * excited / 2)
    return weight * (wanted / root_mean_square_input(weight))


def _stable_draw(
    config: CyclingConfig, given: np.ndarray | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Weights, gains, biases, their stable rest state, and how many draws it took."""
    for n_draws in range(1, config.most_draws + 1):
        weight = _random_weight(config, rng) if given is None else given
        gain = _positive_gains(config, rng)
        bias = rng.uniform(-config.bias_range, config.bias_range, config.n_neurons)
        rest = _stable_rest(weight, gain, bias)
        if rest is not None:
            return weight, gain, bias, rest, n_draws
    raise InputError(
        f"The network must have a stable state at rest; none of {config.most_draws} draws has one. "
        "Lower `weight_scale`, or raise `inhibition`: a wiring without inhibition runs away."
    )


def _random_weight(config: CyclingConfig, rng: np.random.Generator) -> np.ndarray:
    """W[post, pre], the first neurons excitatory, the others inhibitory."""
    n = config.n_neurons
    sender = np.where(np.arange(n) < round(config.excitatory * n), 1.0, -1.0)
    strong = np.where(sender < 0, config.inhibition, 1.0)
    drawn = config.weight_scale * rng.normal(size=(n, n)) / np.sqrt(n) + 1 / n
    drawn = drawn * (rng.random((n, n)) < config.density) * strong[None, :]
    return sender[None, :] * np.maximum(drawn * sender[None, :], 0)


def _positive_gains(config: CyclingConfig, rng: np.random.Generator) -> np.ndarray:
    """Normal draws around 1; those at or below 0 are drawn again."""
    gain = np.zeros(config.n_neurons)
    while (low := gain <= 0).any():
        gain[low] = 1 + config.gain_sd * rng.normal(size=int(low.sum()))
    return gain


def _stable_rest(weight: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray | None:
    """The state that the undriven network comes to rest in, if it is stable.

    All modes of a stable rest decay: the eigenvalues of W diag(slope) are below 1 in real part.
    """
    state = np.zeros(len(bias))
    for _ in range(REST_STEPS):
        change = weight @ (gain * np.logaddexp(0, state + bias)) - state
        if not np.abs(change).max() < 1e6:
            return None
        if np.abs(change).max() < REST_TOLERANCE:
            break
        state = state + 0.1 * change
    else:
        return None
    slope = gain / (1 + np.exp(-(state + bias)))
    fastest = np.linalg.eigvals(weight * slope[None, :]).real.max()
    return state if fastest < 1 else None
