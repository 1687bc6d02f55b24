"""Everything that makes a forecaster, before its parameters are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.forecasting.connectivity import AbstractConnectivityForm, Free
from neuroloom.networks.forecasting.decoder import AbstractDecoder, AbstractDecoderForm
from neuroloom.networks.forecasting.forecaster import (
    Circuit,
    Reference,
    SessionForecasters,
    n_context,
)
from neuroloom.networks.forecasting.likelihoods import AbstractLikelihood, Gaussian
from neuroloom.networks.forecasting.mlp import Mlp
from neuroloom.networks.forecasting.scaling import Scaling
from neuroloom.networks.forecasting.structure import AbstractStructure

__all__ = ["Blueprint"]


@dataclass(frozen=True)
class Blueprint:
    """Parts of a forecaster.

    Attributes:
        decoder: `Mlp` or `Gru`.
        connectivity: `Free`, `LowRank` or `SparseAndLowRank`.
        likelihood: `Gaussian()`, or `Poisson()` for spike counts.
        n_lags: Frames back that currents and the own linear path reach, at least 1.
        n_embedding: Numbers that say what a neuron is, at least 0.
        n_reference: Frames of training over which the gain of the current is brought to 1, at
            least 1; see the gauge of `Forecaster`.
    """

    decoder: AbstractDecoderForm = field(default_factory=Mlp)
    connectivity: AbstractConnectivityForm = field(default_factory=Free)
    likelihood: AbstractLikelihood = field(default_factory=Gaussian)
    n_lags: int = 1
    n_embedding: int = 8
    n_reference: int = 32

    def __post_init__(self) -> None:
        for name, least in (("n_lags", 1), ("n_embedding", 0), ("n_reference", 1)):
            if getattr(self, name) < least:
                raise InputError(
                    f"`{name}` must be at least {least}; got {getattr(self, name)}. Leave it out "
                    "for the default."
                )

    @property
    def n_context(self) -> int:
        """Frames until the first forecast; `Forecaster.n_context` of what is drawn."""
        return n_context(self.decoder, self.n_lags)

    def draw(
        self,
        scalings: Sequence[Scaling],
        structures: Sequence[AbstractStructure],
        references: Sequence[Reference],
        *,
        key: PRNGKeyArray,
        decoder: AbstractDecoder | None = None,
    ) -> SessionForecasters:
        """Forecasters to start a fit from: linear, with small random connectivities.

        Args:
            scalings: Of each session.
            structures: Of each session.
            references: Of each session, `n_context` frames long.
            key: All randomness.
            decoder: One that was fitted before; default is a new one.
        """
        n_channels = scalings[0].behavior_mean.size
        first, *keys = jax.random.split(key, len(scalings) + 1)
        decoder = decoder or self.decoder.draw(
            n_features=self.n_embedding, n_channels=n_channels, key=first
        )
        parts = zip(scalings, structures, references, keys, strict=True)
        circuits = tuple(self._circuit(*part) for part in parts)
        return SessionForecasters(decoder, circuits, self.likelihood)

    def _circuit(
        self,
        scaling: Scaling,
        structure: AbstractStructure,
        reference: Reference,
        key: PRNGKeyArray,
    ) -> Circuit:
        wires, kinds = jax.random.split(key)
        n = scaling.mean.size
        return Circuit(
            connectivity=self.connectivity.draw(structure, n_lags=self.n_lags, key=wires),
            embedding=jax.random.normal(kinds, (self.n_embedding, n)),
            own=jnp.zeros((self.n_lags, n)),
            drive=jnp.zeros((scaling.behavior_mean.size, n)),
            bias=self.likelihood.bias(scaling),
            scaling=scaling,
            reference=reference,
        )
