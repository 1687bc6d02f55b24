"""S7: a network that was trained on a task, so that its connectivity serves a purpose."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from neuroloom.connectome import Connectome
from neuroloom.networks import StateNoise
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.teachers import cached_teacher, make_teacher
from neuroloom.studies.constrained_networks.teachers.making import Cached
from neuroloom.studies.constrained_networks.teachers.weights import matrix_of
from neuroloom.studies.functional_connectivity.simulators.config import TaskTrainedConfig
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated

__all__ = ["simulate_task_trained"]


def simulate_task_trained(
    config: TaskTrainedConfig,
    *,
    rng: np.random.Generator,
    cached: Cached | None = None,
    connectome: Connectome | None = None,
) -> Simulated:
    r"""Rates of the cycling teacher of `constrained-networks`, with noise on its state.

    $$\tau \dot x = -x + u + W r + \text{noise}, \qquad r_i = g_i\, \mathrm{softplus}(x_i + b_i)$$

    Rates r are recorded on the trials that it was trained on, one a row; W is what training left of
    its weights. A network that does its task well moves in few dimensions: with the noise that it
    was trained with, next to nothing tells its connections apart, hence more noise when it is
    recorded. `inputs` are the pulses of the task, a channel each; how they reach neurons is not
    known to an estimator. A neuron whose gain was trained to 0 is silent, and not seen.

    Args:
        config: Sizes of the network, of its training and of the noise.
        rng: Randomness, which draws the teacher's seed as well.
        cached: `Context.cached` of a cell: a teacher that was trained before is read.
        connectome: Where the weights start from, in place of random ones.

    Raises:
        InputError: As `make_teacher`.

    Source:
        The teacher: Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 1. Its use here is
        ours; NetFormer is tested on networks trained on other tasks.
    """
    made = config.teacher(int(rng.integers(2**31)))
    if cached is None:
        teacher = make_teacher(made, connectome)
    else:
        teacher = cached_teacher(made, cached, connectome)
    noise = StateNoise.from_step_sd(config.noise_step_sd, dt=teacher.dt)
    states = simulate(
        teacher.network,
        teacher.inputs,
        dt=teacher.dt,
        initial=jnp.asarray(teacher.initials),
        noise=noise,
        key=jax.random.key(int(rng.integers(2**31))),
    )
    rates = np.asarray(teacher.network.rate(states), dtype=np.float64)
    active = np.ptp(rates, axis=(0, 1)) > 0
    silent = (
        (f"not seen: {(~active).sum()} neurons, silent throughout",) if not active.all() else ()
    )
    weight = matrix_of(teacher.connectome)[np.ix_(active, active)]
    return Simulated(
        rates[:, :, active],
        weight,
        kind="rate",
        dt=teacher.dt,
        seen=active,
        cell_type=np.where(weight.sum(0) < 0, "inhibitory", "excitatory"),
        inputs=_pulses(np.asarray(teacher.inputs, dtype=np.float64)),
        notes=(
            "simulated: a network trained on the cycling task, with noise of SD "
            f"{config.noise_step_sd:g} on its state at each step",
            *silent,
            *teacher.notes,
        ),
    )


def _pulses(
    inputs: Float[np.ndarray, "trial time neuron"],
) -> Float[np.ndarray, "trial time channel"]:
    """One channel for each pattern of inputs there is: 1 where it is shown."""
    shown = inputs.any(-1)
    patterns, at = np.unique(inputs[shown], axis=0, return_inverse=True)
    channel = np.zeros((*shown.shape, len(patterns)))
    channel[(*np.nonzero(shown), at.reshape(-1))] = 1.0
    return channel
