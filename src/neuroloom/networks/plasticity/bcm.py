"""Learning with a sliding threshold, from boundary cells onto place cells."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuroloom.errors import InputError
from neuroloom.networks.plasticity.rule import WeightTrajectory

__all__ = ["BCM", "rectified"]


def rectified(
    weight: Float[Array, "post pre"], sent: Float[Array, " pre"]
) -> Float[Array, " post"]:
    """Rates max(W f, 0), in the unit of weight times rate."""
    return jax.nn.relu(weight @ sent)


class BCM(eqx.Module):
    r"""Weights grow where the receiver is above its threshold, and shrink where it is below.

    $$\dot w_{ji} = D\, f_i\, \Phi(F_j, \xi_j), \qquad \Phi = \tanh(F (F - \xi)), \qquad
    \xi = \left(\langle F \rangle / F_0\right)^p \langle F \rangle$$

    The mean of F is taken over the past with an exponential memory, $\dot{\langle F \rangle} = (F -
    \langle F \rangle) / m$, exact between samples. Under constant input the rate settles at the
    goal F_0: there $\langle F \rangle = F = \xi$. Steps in w are Euler's, of one sample each.

    Attributes:
        speed: D, per second.
        goal: F_0, in the unit of F.
        power: p, dimensionless.
        memory: m, in seconds.

    Source:
        Constants as in the code of Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), after
        Barry and Burgess (2007). There the rule is never called, and how the
        mean is taken is not said; the memory is ours.
    """

    speed: float = eqx.field(converter=float, static=True, default=0.2)
    goal: float = eqx.field(converter=float, static=True, default=0.3)
    power: float = eqx.field(converter=float, static=True, default=3.0)
    memory: float = eqx.field(converter=float, static=True, default=10.0)

    def __check_init__(self) -> None:
        values = {n: getattr(self, n) for n in ("speed", "goal", "power", "memory")}
        wrong = {n: v for n, v in values.items() if not 0 < v < np.inf}
        if wrong:
            raise InputError(
                f"`speed`, `goal`, `power` and `memory` must be finite and above 0; got {wrong}. "
                "As published: 0.2, 0.3 and 3; the memory is longer than a visit to a field."
            )

    def threshold(self, mean_rate: Float[Array, " post"]) -> Float[Array, " post"]:
        """xi, in the unit of F."""
        return (mean_rate / self.goal) ** self.power * mean_rate

    def modulation(
        self, rate: Float[Array, " post"], mean_rate: Float[Array, " post"]
    ) -> Float[Array, " post"]:
        """Phi: positive above the threshold, negative below it, 0 where the cell is silent."""
        return jnp.tanh(rate * (rate - self.threshold(mean_rate)))

    def change(
        self,
        sent: Float[Array, " pre"],
        rate: Float[Array, " post"],
        mean_rate: Float[Array, " post"],
    ) -> Float[Array, "post pre"]:
        """dw/dt, in the unit of the weights per second."""
        return self.speed * self.modulation(rate, mean_rate)[:, None] * sent[None, :]

    def __call__(
        self,
        weight: Float[Array, "post pre"],
        present: Bool[Array, "post pre"],
        sent: Float[Array, "time pre"],
        *,
        dt: float,
        every: int = 1,
        rates: Callable[[Array, Array], Array] = rectified,
        mean_rate: Float[Array, " post"] | None = None,
    ) -> WeightTrajectory:
        """Weights after every `every` samples; synapses stay where they are.

        Args:
            weight: W[post, pre] at first.
            present: Where synapses are.
            sent: Rates f of the senders along a path, a sample every `dt`.
            dt: In seconds.
            every: Samples between weights that are kept; a divisor of the number of samples.
            rates: F from W and f, such as place cells with their thresholds.
            mean_rate: Of F before the first sample. Default the goal, where thresholds are F_0.

        Raises:
            InputError: If `dt` is not above 0, or `every` does not divide the number of samples.
        """
        if not 0 < dt < np.inf:
            raise InputError(
                f"`dt` must be finite and above 0 seconds; got {dt}. Use that of `sent`."
            )
        n = sent.shape[0]
        if every < 1 or n % every:
            raise InputError(
                f"`every` must divide the number of samples, {n}; got {every}. Cut the path to a "
                "multiple of it."
            )
        keep = float(np.exp(-dt / self.memory))

        def step(state: tuple[Array, Array], f: Array) -> tuple[tuple[Array, Array], None]:
            w, mean = state
            rate = rates(w, f)
            mean = keep * mean + (1 - keep) * rate
            return (jnp.where(present, w + dt * self.change(f, rate, mean), 0), mean), None

        def stretch(state: tuple[Array, Array], part: Array) -> tuple[tuple[Array, Array], Array]:
            state, _ = jax.lax.scan(step, state, part)
            return state, state[0]

        first = (
            jnp.full(weight.shape[0], self.goal, weight.dtype) if mean_rate is None else mean_rate
        )
        start = (jnp.where(present, weight, 0), first.astype(weight.dtype))
        parts = sent.astype(weight.dtype).reshape(n // every, every, -1)
        _, weights = jax.lax.scan(stretch, start, parts)
        time = dt * every * jnp.arange(1, n // every + 1)
        return WeightTrajectory(time, weights, jnp.broadcast_to(present[None], weights.shape))
