"""What happens to rates on their way down or across a layer, between two time bins."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = [
    "AbstractFeedback",
    "FeedbackAsIs",
    "FeedbackByBatch",
    "FeedbackByStatistics",
    "FeedbackOfUnitLength",
]


class AbstractFeedback(eqx.Module):
    """A map from the rates of one bin to what delayed connections carry in the next."""

    @abc.abstractmethod
    def __call__(self, rates: Float[Array, "trial neuron"]) -> Float[Array, "trial neuron"]:
        """What is carried.

        Args:
            rates: Of all neurons of the circuit, those of no delayed connection included.
        """

    @property
    @abc.abstractmethod
    def couples_trials(self) -> bool:
        """Whether one trial depends on the others that were run with it."""


class FeedbackAsIs(AbstractFeedback):
    """Rates are carried as they are."""

    def __call__(self, rates: Float[Array, "trial neuron"]) -> Float[Array, "trial neuron"]:
        """The rates."""
        return rates

    @property
    def couples_trials(self) -> bool:
        """No."""
        return False


class FeedbackByStatistics(AbstractFeedback):
    """Rates are carried in SD from their mean, both fixed beforehand on training trials.

    What is carried is held within `bound`: fixed numbers, unlike those of each batch, cannot pull
    back a loop that amplifies, and most of the nine nonlinearities are unbounded.

    Attributes:
        mean: Of each neuron of the circuit, in its unit.
        sd: Likewise; a neuron with 0, which never changed, carries 0.
        bound: In SD.
    """

    mean: Float[Array, " neuron"]
    sd: Float[Array, " neuron"]
    bound: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=3.0)

    def __call__(self, rates: Float[Array, "trial neuron"]) -> Float[Array, "trial neuron"]:
        """(rates - mean) / sd, within the bound."""
        standard = _scaled(rates - self.mean[None, :], self.sd[None, :])
        return jnp.clip(standard, -self.bound, self.bound)

    @property
    def couples_trials(self) -> bool:
        """No."""
        return False


class FeedbackOfUnitLength(AbstractFeedback):
    """Rates of each layer are carried as a vector of length 1, trial by trial.

    Attributes:
        sizes: Neurons of each layer.

    Source:
        The published code in July 2022, before it turned to statistics over the batch.
    """

    sizes: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, rates: Float[Array, "trial neuron"]) -> Float[Array, "trial neuron"]:
        """Rates over their root sum of squares; zeros stay zeros."""
        carried, first = [], 0
        for n in self.sizes:
            inside = rates[:, first : first + n]
            carried.append(_scaled(inside, jnp.linalg.norm(inside, axis=1, keepdims=True)))
            first += n
        return jnp.concatenate(carried, axis=1)

    @property
    def couples_trials(self) -> bool:
        """No."""
        return False


class FeedbackByBatch(AbstractFeedback):
    """Rates are carried in SD from their mean over the trials that are run together, in each bin.

    As published, and a defect: what a trial does depends on which others are run beside it, and a
    single trial feeds back nothing. SD has n - 1 below; a neuron of SD 0 carries 0.

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code.
    """

    def __call__(self, rates: Float[Array, "trial neuron"]) -> Float[Array, "trial neuron"]:
        """(rates - mean over trials) / SD over trials."""
        centred = rates - rates.mean(0, keepdims=True)
        n = max(rates.shape[0] - 1, 1)
        return _scaled(centred, jnp.sqrt((centred**2).sum(0, keepdims=True) / n))

    @property
    def couples_trials(self) -> bool:
        """Yes."""
        return True


def _scaled(values: Array, by: Array) -> Array:
    """Values over `by`, and 0 where that is 0; gradients stay finite there."""
    return jnp.where(by > 0, values / jnp.where(by > 0, by, 1), 0)
