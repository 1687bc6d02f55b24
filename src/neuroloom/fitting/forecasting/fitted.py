"""Fitted forecasters: what each member expects, and who drives whom according to it."""

from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.fitting.result import Fit
from neuroloom.networks.forecasting import (
    Blueprint,
    Forecaster,
    SessionForecasters,
    average_jacobian,
    rollout,
)

__all__ = ["FittedForecasters", "SessionForecast"]


@dataclass(frozen=True, eq=False, repr=False)
class FittedForecasters:
    """An ensemble of forecasters of one or more sessions.

    Activity goes in and comes out in its own unit. Arrays are (member, ...).

    Attributes:
        fit: Members, history and what became of each.
        blueprint: What a forecaster is made of.
        names: Of the sessions.
    """

    fit: Fit
    blueprint: Blueprint
    names: tuple[str, ...]

    @property
    def network(self) -> SessionForecasters:
        """The forecasters that the fit started from, for shapes and whatever was not trained."""
        return self.fit.network

    @property
    def n_members(self) -> int:
        """How many members did not diverge."""
        return self.fit.n_members

    def forecaster(self, member: int, session: int = 0) -> Forecaster:
        """One member's forecaster of one session.

        Raises:
            InputError: If there is no such member or session.
        """
        self._check(session)
        return self.fit.member(member).of(session)

    def forecast(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "trial time channel"] | None = None,
        *,
        session: int = 0,
    ) -> Float[np.ndarray, "member trial time neuron"]:
        """What each member expects in each frame given those before it, in the activity's unit.

        NaN in the first `n_context` frames of each trial.

        Args:
            activity: Of the neurons of this session, at any time; NaN where not observed.
            behavior: Likewise.
            session: Which one.
        """
        self._check(session)
        return np.asarray(self.fit.apply(_Forecast(*_arrays(activity, behavior), session)))

    def connectivity(
        self, *, session: int = 0, standardized: bool = False
    ) -> Float[np.ndarray, "member lag post pre"]:
        """Each member's A; see `Forecaster.connectivity` for its units.

        Args:
            session: Which one.
            standardized: In SD per SD instead of the activity's unit.
        """
        self._check(session)
        return np.asarray(self.fit.apply(_Connectivity(session, standardized)))

    def average_jacobian(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "trial time channel"] | None = None,
        *,
        session: int = 0,
        standardized: bool = False,
    ) -> Float[np.ndarray, "member post pre"]:
        """Each member's `average_jacobian` over these frames.

        Args:
            activity: Of the neurons of this session; NaN where not observed.
            behavior: Likewise.
            session: Which one.
            standardized: In SD per SD instead of the activity's unit.
        """
        self._check(session)
        arrays = _arrays(activity, behavior)
        return np.asarray(self.fit.apply(_Jacobian(*arrays, session, standardized)))

    def rollout(
        self,
        history: Float[np.ndarray, "trial time neuron"],
        n_steps: int,
        *,
        behavior: Float[np.ndarray, "trial time channel"] | None = None,
        future: Float[np.ndarray, "trial later channel"] | None = None,
        session: int = 0,
        key: PRNGKeyArray | None = None,
    ) -> Float[np.ndarray, "member trial step neuron"]:
        """Each member's `rollout` from this history.

        Args:
            history: Of the neurons of this session; NaN where not observed.
            n_steps: How many frames to go on.
            behavior: During the history.
            future: Behavior in the frames to come; where it is not known, at the mean.
            session: Which one.
            key: Draws counts; members draw the same. Without it what is expected goes on.
        """
        self._check(session)
        to_come = None if future is None else jnp.asarray(future)
        arrays = (*_arrays(history, behavior), to_come, key)
        return np.asarray(self.fit.apply(_Rollout(*arrays, n_steps, session)))

    def of_session(self, session: int = 0) -> "SessionForecast":
        """The ensemble's mean forecast of one session, as other fits forecast.

        It can be scored beside regressions, run freely and perturbed
        (`neuroloom.analysis.perturbation.FromForecast`).

        Args:
            session: Which one.
        """
        self._check(session)
        return SessionForecast(self, session)

    def save(self, path: Path) -> None:
        """Write the members and their history, as `Fit.save`."""
        self.fit.save(path)

    def __repr__(self) -> str:
        """Sizes and outcome."""
        n_neurons = [circuit.n_neurons for circuit in self.network.circuits]
        return f"FittedForecasters({len(n_neurons)} sessions of {n_neurons} neurons, {self.fit!r})"

    def _check(self, session: int) -> None:
        n = len(self.network.circuits)
        if not 0 <= session < n:
            raise InputError(
                f"`session` must be 0 to {n - 1}; got {session}. Sessions have the order in which "
                "they were given."
            )


@dataclass(frozen=True, eq=False)
class SessionForecast:
    """The mean forecast of all members for the neurons of one session.

    Attributes:
        fitted: The ensemble.
        session: Whose neurons.
    """

    fitted: FittedForecasters
    session: int

    @property
    def n_lags(self) -> int:
        """Frames of the past that a forecast needs."""
        return self.fitted.blueprint.n_context

    def predict(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        behavior: Float[np.ndarray, "trial time channel"] | None = None,
    ) -> Float[np.ndarray, "trial time neuron"]:
        """One-step forecasts in the activity's unit; NaN where the past is not known.

        Args:
            activity: Of the neurons of this session.
            behavior: Likewise.
        """
        return self.fitted.forecast(activity, behavior, session=self.session).mean(axis=0)


class _Forecast(eqx.Module):
    activity: Array
    behavior: Array | None
    session: int = eqx.field(static=True)

    def __call__(self, network: SessionForecasters) -> Array:
        return network.of(self.session).forecast(self.activity, self.behavior)


class _Connectivity(eqx.Module):
    session: int = eqx.field(static=True)
    standardized: bool = eqx.field(static=True)

    def __call__(self, network: SessionForecasters) -> Array:
        return network.of(self.session).connectivity(standardized=self.standardized)


class _Jacobian(eqx.Module):
    activity: Array
    behavior: Array | None
    session: int = eqx.field(static=True)
    standardized: bool = eqx.field(static=True)

    def __call__(self, network: SessionForecasters) -> Array:
        forecaster = network.of(self.session)
        return average_jacobian(
            forecaster, self.activity, self.behavior, standardized=self.standardized
        )


class _Rollout(eqx.Module):
    history: Array
    behavior: Array | None
    future: Array | None
    key: Array | None
    n_steps: int = eqx.field(static=True)
    session: int = eqx.field(static=True)

    def __call__(self, network: SessionForecasters) -> Array:
        forecaster = network.of(self.session)
        seen = {"behavior": self.behavior, "future": self.future}
        return rollout(forecaster, self.history, self.n_steps, key=self.key, **seen)


def _arrays(
    activity: np.ndarray, behavior: np.ndarray | None
) -> tuple[jax.Array, jax.Array | None]:
    known = behavior is not None and behavior.shape[2] > 0
    return jnp.asarray(activity), jnp.asarray(behavior) if known else None
