"""From rates to what an instrument sees."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neuroloom.errors import InputError

__all__ = ["AbstractObservation", "AbstractTemporalObservation", "Identity", "PooledRoi"]


class AbstractObservation(eqx.Module):
    """What is recorded of the rates, moment by moment, for any batch axes in front."""

    @abc.abstractmethod
    def __call__(self, rates: Float[Array, "*batch neuron"]) -> Float[Array, "*batch channel"]:
        """What is recorded, in the unit of the rates."""


class AbstractTemporalObservation(eqx.Module):
    """What is recorded of rates over time, where what came before still shows.

    A pointwise observation takes its output as it takes rates: `roi(calcium(rates, ...))`.
    """

    @abc.abstractmethod
    def __call__(
        self,
        rates: Float[Array, "*trial time neuron"],
        *,
        dt: float | Float[Array, ""],
        before: Float[Array, "*trial neuron"],
    ) -> Float[Array, "*trial time channel"]:
        """What is recorded at each sample, in the unit of the instrument.

        Args:
            rates: Each is held over the step that ends at its sample.
            dt: Step, in seconds, above 0.
            before: Rates since ever before the first step.
        """


class Identity(AbstractObservation):
    """Every neuron is its own channel."""

    def __call__(self, rates: Float[Array, "*batch neuron"]) -> Float[Array, "*batch neuron"]:
        """The rates themselves."""
        return rates


class PooledRoi(AbstractObservation):
    r"""Each region of interest sees a stated weighted sum of neurons.

    $$y_k = \sum_{m:\, \mathrm{roi}(m) = k} w_m\, r_{\mathrm{neuron}(m)}$$

    Attributes:
        neuron: Position of the neuron of each member.
        roi: Channel of each member.
        weight: Weight of each member, dimensionless.
        n_rois: Number of channels.
    """

    neuron: Int[Array, " member"]
    roi: Int[Array, " member"]
    weight: Float[Array, " member"]
    n_rois: int = eqx.field(static=True)

    @classmethod
    def from_members(
        cls,
        neuron: Int[np.ndarray, " member"],
        roi: Int[np.ndarray, " member"],
        weight: Float[np.ndarray, " member"],
    ) -> "PooledRoi":
        """Check and build; regions are numbered 0 to the largest.

        Raises:
            InputError: If a region has no member, or a weight is not finite.
        """
        n_rois = int(roi.max()) + 1 if len(roi) else 0
        empty = np.setdiff1d(np.arange(n_rois), roi)
        if n_rois == 0 or empty.size or (roi < 0).any():
            raise InputError(
                f"Every region must have at least one neuron; {empty.size or 'all'} of {n_rois} "
                "have none. Number the regions from 0 without gaps."
            )
        if not np.isfinite(weight).all():
            raise InputError(
                f"The weights of a region must be finite; {(~np.isfinite(weight)).sum()} are not. "
                "Use 1 / (number of members) for a mean."
            )
        return cls(jnp.asarray(neuron), jnp.asarray(roi), jnp.asarray(weight), n_rois)

    def __call__(self, rates: Float[Array, "*batch neuron"]) -> Float[Array, "*batch roi"]:
        """The weighted sum of each region, in the unit of the rates."""
        batch = rates.shape[:-1]
        seen = rates[..., self.neuron] * self.weight.reshape((1,) * len(batch) + (-1,))
        return jnp.zeros((*batch, self.n_rois), seen.dtype).at[..., self.roi].add(seen)
