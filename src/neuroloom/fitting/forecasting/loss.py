"""How wrong forecasts of some segments are."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.fitting.forecasting.accumulate import n_devices, summed
from neuroloom.fitting.forecasting.segments import Segments
from neuroloom.networks.forecasting import Forecaster, SessionForecasters

__all__ = ["ForecastLoss"]


class _Piece(NamedTuple):
    """Segments that are forecast at once, and how much each counts."""

    activity: Array
    behavior: Array
    target: Array
    weight: Array


@dataclass(frozen=True)
class ForecastLoss:
    r"""Mean negative log likelihood of a forecast, in nats.

    $$L = \frac{\sum_e w_e\, \ell(\eta_e, x_e)}{\sum_e w_e}
    + \frac{\lambda_2}{2 N} \left(|R|^2 + |S|^2\right)$$

    over the observed entries e of all sessions; N neurons in all. An entry that was not observed,
    or a segment of weight 0, changes neither value nor gradient.

    Attributes:
        data_share: Part a of the data in what the forecaster sees of each frame after the context,
            z = a data + (1 - a) forecast. 1 forecasts one step ahead; at 0 the forecaster runs free
            over its segment, and the loss is that of many steps.
        factor_penalty: Lambda 2, of the factors of connectivities of low rank.
        together: Segments that are forecast at once; None for what suits the decoder.

    Source:
        Generalized teacher forcing: Hess et al., ICML 2023, arXiv 2306.04406, there of latent
        states; here of the activity.
    """

    data_share: float = 1.0
    factor_penalty: float = 0.0
    together: int | None = None

    def __call__(
        self,
        network: SessionForecasters,
        batch: tuple[Segments, ...],
        weight: Float[Array, " segment"],
        key: PRNGKeyArray,
    ) -> Float[Array, ""]:
        """The loss of the segments of every session; `weight` is of the n-th segment of each."""
        del key
        total, n_counted, penalty, n_neurons = 0.0, 0.0, 0.0, 0
        at_once = self.together or network.decoder.together
        for number, segments in enumerate(batch):
            forecaster = network.of(number)
            pieces = _pieces(segments, weight, at_once)
            total = total + summed((forecaster, forecaster.level()), pieces, self.of_piece)
            n_counted = n_counted + jnp.sum(weight[:, None, None] * ~jnp.isnan(segments.target))
            n_neurons += forecaster.circuit.n_neurons
            for factor in forecaster.circuit.connectivity.factors():
                penalty = penalty + jnp.sum(factor**2)
        mean = total / jnp.maximum(n_counted, 1e-12)
        return mean + self.factor_penalty / (2 * n_neurons) * penalty

    def of_piece(self, model: tuple[Forecaster, Array], piece: _Piece) -> Float[Array, ""]:
        """Sum over the observed entries of some segments, each times its weight.

        Args:
            model: A forecaster and its `level`, which is made once for all pieces.
            piece: The segments.
        """
        forecaster, level = model
        known = ~jnp.isnan(piece.target) & (piece.weight > 0)[:, None, None]
        eta = self._eta(forecaster, level, piece.activity, jnp.nan_to_num(piece.behavior))
        each = forecaster.likelihood.loss(eta, jnp.where(known, piece.target, 0.0))
        return jnp.sum(jnp.where(known, each, 0.0) * piece.weight[:, None, None])

    def _eta(self, forecaster: Forecaster, level: Array, activity: Array, behavior: Array) -> Array:
        if self.data_share == 1:
            return forecaster(jnp.nan_to_num(activity), behavior, level)
        likelihood, scaling = forecaster.likelihood, forecaster.circuit.scaling
        n_context = forecaster.n_context

        def step(carry: tuple, now: tuple) -> tuple[tuple, Array]:
            memory, forecast = carry
            seen, b, share = now
            guess = jnp.where(share < 1, forecast, 0.0)
            mixed = jnp.where(jnp.isnan(seen), guess, share * seen + (1 - share) * forecast)
            memory, eta = forecaster.step(memory, mixed, b)
            return (memory, scaling.standardize(likelihood.expected(eta, scaling))), eta

        share = jnp.where(jnp.arange(activity.shape[1]) < n_context, 1.0, self.data_share)
        over = (jnp.moveaxis(activity, 1, 0), jnp.moveaxis(behavior, 1, 0), share)
        start = (forecaster.start(len(activity), level), jnp.zeros_like(activity[:, 0]))
        step = jax.checkpoint(step, policy=jax.checkpoint_policies.dots_saveable)
        return jnp.moveaxis(jax.lax.scan(step, start, over)[1][n_context - 1 :], 0, 1)


def _pieces(segments: Segments, weight: Array, at_once: int) -> _Piece:
    """Segments in groups, a multiple of the devices; filled up with some of weight 0."""
    n = len(weight)
    at_once = min(at_once, -(-n // n_devices()))
    size = at_once * n_devices()
    n_filled = -(-n // size) * size

    def grouped(array: Array, fill: float) -> Array:
        more = jnp.full((n_filled - n, *array.shape[1:]), fill, array.dtype)
        whole = jnp.concatenate([array, more])
        return whole.reshape(n_filled // at_once, at_once, *array.shape[1:])

    activity, behavior, target = (grouped(jnp.asarray(part), jnp.nan) for part in segments)
    return _Piece(activity, behavior, target, grouped(weight, 0.0))
