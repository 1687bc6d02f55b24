"""A wired network driven by the neurons that are observed, and the loss that fits it."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, Shaped

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.connectome.signs import Dropped, Trainable
from neuroloom.fitting import squared_error
from neuroloom.networks import AbstractActivation, RateNetwork, Shared
from neuroloom.simulation import simulate

__all__ = ["ActivityModel", "Pooled", "activity_loss", "optimizer", "start_member"]

LEARNING_RATE = 0.03
START_SD = 0.3  # of a member's starting values; what the data do not tell stays that uncertain
START_TAU_STEPS = 5.0
START_COUPLING = 0.1
SETTLING_STEPS = 10
WARM_UP = 5  # one fifth of a window: its beginning carries the error of the unknown state


class Pooled(eqx.Module):
    """A parameter that all neurons have in common, and by how much each group departs from it.

    Attributes:
        common: What a group that tells nothing falls back to.
        deviation: Of each group.
    """

    common: Float[Array, ""]
    deviation: Float[Array, " group"]

    def expand(self, group: Int[Array, " neuron"]) -> Float[Array, " neuron"]:
        """The value of each neuron."""
        return self.common + self.deviation[group]


class ActivityModel(eqx.Module):
    r"""What a wired network says of every neuron while observed neurons drive it.

    $$\tau_i \dot x_i = -x_i + u_i + \sum_{e \to i} w_e\, s_{\mathrm{pre}(e)}(t), \qquad
    a_i = g_i\, \phi(x_i + b_i)$$

    plus gap currents. What neuron j sends is s_j: its true activity where it is observed, the
    network's own a_j where it is not. Activity is in units of `size`.

    Attributes:
        network: Wiring, counts, known signs and activation.
        group: Neurons that share parameters.
        log_tau: Log of tau less one Euler step, tau in seconds; so no step overshoots.
        log_gain: Log of g.
        bias: b.
        log_scale: Log of the weight of the mean total count a neuron receives.
        log_coupling: Log of the conductance of as much electrical count.
        log_drive: Log of the state that one unit of input adds.
        driven: The neuron that each input channel drives.
        size: Unit of activity, in the unit of the recording.
        importance: What one squared unit of error of each neuron costs.
        dt: Seconds per sample.
        n_substeps: Euler steps per sample.

    Source:
        Equation and gain: Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025). That observed
        neurons send what was recorded, not what the model says, is ours.
    """

    network: RateNetwork
    group: Int[Array, " neuron"]
    log_tau: Pooled
    log_gain: Pooled
    bias: Pooled
    log_scale: Float[Array, ""]
    log_coupling: Float[Array, ""]
    log_drive: Float[Array, ""]
    driven: Int[Array, " channel"]
    size: Float[Array, ""]
    importance: Float[Array, " neuron"]
    dt: float = eqx.field(static=True)
    n_substeps: int = eqx.field(static=True)

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        group: Int[np.ndarray, " neuron"],
        *,
        activation: AbstractActivation,
        unknown_sign: Trainable | Dropped | None,
        driven: Int[np.ndarray, " channel"],
        dt: float,
        size: float,
        importance: Float[np.ndarray, " neuron"],
    ) -> "ActivityModel":
        """The model before training.

        Args:
            connectome: Neurons only.
            group: Neurons of one number share gain, bias and tau.
            activation: phi.
            unknown_sign: What to do with connections of sign 0.
            driven: The neuron that each input channel drives.
            dt: Seconds per sample of the recording.
            size: Typical size of its activity, in its unit.
            importance: What one squared unit of error of each neuron costs.
        """
        directed = connectome.kind != ELECTRICAL
        received = float(connectome.count[directed].sum()) / connectome.n_neurons
        network = RateNetwork.from_connectome(
            connectome,
            count_scale=received or 1.0,
            activation=activation,
            unknown_sign=unknown_sign,
        )
        n_groups = int(group.max()) + 1

        def pooled(value: float) -> Pooled:
            return Pooled(jnp.asarray(value), jnp.zeros(n_groups))

        return cls(
            network=network,
            group=jnp.asarray(group.astype(np.int32)),
            log_tau=pooled(float(np.log(START_TAU_STEPS * dt))),
            log_gain=pooled(0.0),
            bias=pooled(0.0),
            log_scale=jnp.asarray(0.0),
            log_coupling=jnp.asarray(float(np.log(START_COUPLING))),
            log_drive=jnp.asarray(0.0),
            driven=jnp.asarray(driven.astype(np.int32)),
            size=jnp.asarray(float(size)),
            importance=jnp.asarray(importance),
            dt=float(dt),
            n_substeps=substeps(dt),
        )

    def trainable(self) -> tuple:
        """What is fitted: everything but wiring, counts and known signs."""
        return (
            self.log_tau,
            self.log_gain,
            self.bias,
            self.log_scale,
            self.log_coupling,
            self.log_drive,
            self.network.learned_sign,
        )

    def wired(self) -> RateNetwork:
        """The network with the present parameters."""

        def own(values: Array, unit: str) -> Shared:
            return Shared(values, jnp.arange(values.size), "neuron", unit)

        step = self.dt / self.n_substeps
        return eqx.tree_at(
            lambda n: (n.tau, n.gain, n.bias, n.scale, n.coupling),
            self.network,
            (
                own(step + jnp.exp(self.log_tau.expand(self.group)), "s"),
                own(jnp.exp(self.log_gain.expand(self.group)), "1"),
                own(self.bias.expand(self.group), "state"),
                jnp.exp(self.log_scale),
                jnp.exp(self.log_coupling),
            ),
        )

    def __call__(
        self,
        activity: Float[Array, "trial time neuron"],
        inputs: Float[Array, "trial time channel"],
        *,
        adjoint: bool = True,
    ) -> Float[Array, "trial time neuron"]:
        """Predicted activity of every neuron, in units of `size`.

        A sample is predicted from the activity of others before it and the input at it.

        Args:
            activity: In units of `size`; NaN where a neuron runs free.
            inputs: As recorded.
            adjoint: As of `simulate`; False for derivatives in forward mode.
        """
        network = self.wired()
        prepared = network.prepare()
        u = jnp.zeros(activity.shape, activity.dtype)
        u = u.at[..., self.driven].add(jnp.exp(self.log_drive) * inputs)
        first = jax.lax.stop_gradient(_settled(network, activity[:, 0], u[:, 0]))
        states = simulate(
            network,
            jnp.repeat(u[:, 1:], self.n_substeps, axis=1),
            dt=self.dt / self.n_substeps,
            initial=first,
            clamp=_between(activity, self.n_substeps),
            adjoint=adjoint,
        )[:, self.n_substeps - 1 :: self.n_substeps]
        return network.rate(jnp.concatenate([first[:, None], states], axis=1), prepared)


def activity_loss(
    model: ActivityModel,
    batch: tuple[Float[Array, "trial time neuron"], Float[Array, "trial time channel"]],
    weight: Float[Array, " trial"],
    key: PRNGKeyArray,
) -> Float[Array, ""]:
    """Squared error of (activity, inputs) windows after warm-up, weighted by importance."""
    del key
    activity, inputs = batch
    late = jnp.arange(activity.shape[1]) >= activity.shape[1] // WARM_UP
    counted = weight[:, None, None] * late[None, :, None] * model.importance[None, None, :]
    return squared_error(model(activity, inputs), activity, counted)


def start_member(model: ActivityModel, key: PRNGKeyArray) -> ActivityModel:
    """A member's starting point.

    There is no penalty: what the observed neurons leave open stays where the member started, so the
    spread over members says what is not identified.
    """
    leaves, tree = jax.tree.flatten(model.trainable())
    keys = jax.random.split(key, len(leaves))
    moved = [
        leaf + START_SD * jax.random.normal(k, leaf.shape, leaf.dtype)
        for leaf, k in zip(leaves, keys, strict=True)
    ]
    return eqx.tree_at(ActivityModel.trainable, model, jax.tree.unflatten(tree, moved))


@cache
def optimizer(n_steps: int, learning_rate: float) -> optax.GradientTransformation:
    """Adam, its rate falling to a tenth along a cosine; one object a length, to compile once."""
    return optax.adam(optax.cosine_decay_schedule(learning_rate, n_steps, 0.1))


def substeps(dt: float) -> int:
    """Euler steps per sample: steps of at most 0.1 s, up to 4 a sample.

    Example:
        >>> substeps(0.05), substeps(0.25), substeps(2.0)
        (1, 3, 4)
    """
    return int(np.clip(np.ceil(dt / 0.1 - 1e-9), 1, 4))


def _between(
    activity: Float[Array, "trial time neuron"], n_substeps: int
) -> Float[Array, "trial step neuron"]:
    """Activity during each Euler step, on the line from one sample to the next.

    Where the next sample is missing it stays; where the first is missing it is NaN.
    """
    start, end = activity[:, :-1], activity[:, 1:]
    change = jnp.where(jnp.isnan(end), 0.0, end - start)
    parts = [start + (n / n_substeps) * change for n in range(n_substeps)]
    stacked = jnp.stack(parts, axis=2)
    return stacked.reshape(activity.shape[0], -1, activity.shape[2])


def _settled(
    network: RateNetwork, activity: Float[Array, "trial neuron"], u: Float[Array, "trial neuron"]
) -> Float[Array, "trial neuron"]:
    """About where the network rests while the first sample lasts."""

    def towards(_: Shaped[Array, ""], x: Array) -> Array:
        sent = jnp.where(jnp.isnan(activity), network.rate(x), activity)
        return x + 0.5 * (u + network.current(x, sent) - x)

    return jax.lax.fori_loop(0, SETTLING_STEPS, towards, jnp.zeros_like(u))
