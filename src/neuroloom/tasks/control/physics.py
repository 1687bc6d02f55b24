"""Bodies simulated by MuJoCo, a whole batch in one call.

Without contacts the state says everything, and `mujoco.rollout` steps the batch in its own threads.
With contacts the solver starts from its last forces, which `rollout` does not give back: there each
episode keeps its own `MjData` (HalfCheetah is off by about 1 after 200 random steps otherwise).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError, SimulationError
from neuroloom.tasks.control.form import Running

__all__ = ["Body", "Moved", "PhysicsRun", "load_model"]


class Moved(NamedTuple):
    """A batch before and after a control step.

    Attributes:
        before: Positions, then velocities.
        after: Likewise.
        action: As cut to the body's range.
        extra: What `Body.read` read from each `MjData`, before and after; none without it.
    """

    before: Float[np.ndarray, "episode state"]
    after: Float[np.ndarray, "episode state"]
    action: Float[np.ndarray, "episode action"]
    extra: tuple[np.ndarray, np.ndarray] | None


class Body(NamedTuple):
    """How a batch of states becomes observations and rewards.

    Attributes:
        xml: The MJCF model.
        frame_skip: Physics steps of a control step.
        observe: Observations of (states, extra).
        reward: Rewards of what moved.
        healthy: Whether episodes go on, of states; None where they always do.
        contacts: Whether bodies touch, so that each episode keeps its own data.
        read: What is read of a single `MjData` beyond its state, as one array.
    """

    xml: str
    frame_skip: int
    observe: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    reward: Callable[[Moved], np.ndarray]
    healthy: Callable[[np.ndarray], np.ndarray] | None = None
    contacts: bool = False
    read: Callable[[Any, Any], np.ndarray] | None = None


def mujoco_of(name: str) -> Any:
    """The module `mujoco`.

    Args:
        name: Of the task that needs it.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return import_module("mujoco")
    except ImportError as error:
        raise InputError(
            f"`mujoco` must be installed for the physics of {name}; it is not. Install "
            "`neuroloom[control]`, or take a task without a body, such as `CartPole`."
        ) from error


@lru_cache(maxsize=16)
def load_model(xml: str, name: str) -> Any:
    """The compiled model, kept for the process.

    Args:
        xml: MJCF.
        name: Of the task.

    Raises:
        InputError: As `mujoco_of`.
    """
    return mujoco_of(name).MjModel.from_xml_string(xml)


class PhysicsRun(Running):
    """A batch of bodies."""

    def __init__(
        self,
        body: Body,
        name: str,
        starts: Float[np.ndarray, "episode state"],
        *,
        n_threads: int = 1,
    ) -> None:
        """Bodies at rest where they start.

        Args:
            body: What they are.
            name: Of the task.
            starts: Positions, then velocities.
            n_threads: Threads of the physics.

        Raises:
            InputError: As `load_model`.
        """
        self._body, self._name = body, name
        self._mujoco, self._model = mujoco_of(name), load_model(body.xml, name)
        low, high = self._model.actuator_ctrlrange.T
        self._low, self._high = low.copy(), high.copy()
        self._state = np.array(starts, np.float64)
        self.alive = np.ones(len(starts), bool)
        self._extra: np.ndarray | None = None
        stepper = _Stepped if body.contacts else _RolledOut
        self._stepper = stepper(self._mujoco, self._model, body, self._state, max(1, n_threads))
        self._extra = self._stepper.extra
        self.observation = self._seen()

    def _seen(self) -> np.ndarray:
        return self._body.observe(self._state, self._extra).astype(np.float32)

    def _require_finite(self, values: np.ndarray, action: np.ndarray) -> None:
        bad = np.flatnonzero(~np.isfinite(values.sum(axis=1)))
        if bad.size:
            raise SimulationError(
                f"State and actions of {self._name} must stay finite; those of episode {bad[0]} do "
                f"not at control step {self.n_done}. Take a shorter physics step or finite actions "
                f"(that episode's: {np.array2string(action[bad[0]], threshold=8)})."
            )

    def _step(self, action: np.ndarray) -> np.ndarray:
        self._require_finite(action, action)
        action = np.clip(action, self._low, self._high)
        before, extra = self._state, self._extra
        after = self._stepper(action)
        self._require_finite(after, action)
        self._state, self._extra = after, self._stepper.extra
        both = None if extra is None or self._extra is None else (extra, self._extra)
        reward = self._body.reward(Moved(before, after, action, both))
        if self._body.healthy is not None:
            self.alive = self.alive & self._body.healthy(after)
        self.observation = self._seen()
        return reward

    def state(self) -> Float[np.ndarray, "episode state"]:
        """Positions, then velocities."""
        return self._state.copy()

    def close(self) -> None:
        """Stops the threads."""
        self._stepper.close()


class _RolledOut:
    """The whole batch in one call; exact where nothing touches."""

    extra: np.ndarray | None = None

    def __init__(
        self, mujoco: Any, model: Any, body: Body, state: np.ndarray, n_threads: int
    ) -> None:
        rollout = import_module("mujoco.rollout")
        self._n_threads = min(n_threads, len(state))
        self._model, self._skip, self._nv = model, body.frame_skip, model.nv
        # A pool of one thread would only hand the work over.
        self._pool = rollout.Rollout(nthread=self._n_threads if self._n_threads > 1 else 0)
        self._data = [mujoco.MjData(model) for _ in range(max(self._n_threads, 1))]
        width = mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_FULLPHYSICS)
        self._first = 1  # after the time
        n = model.nq + model.nv
        if width != 1 + n:
            raise InputError(f"The model must have no state but positions; it has {width - 1 - n}.")
        self._full = np.zeros((len(state), width))
        self._full[:, 1:] = state
        self._out = np.empty((len(state), self._skip, width))
        self._sensor = np.empty((len(state), self._skip, model.nsensordata))
        self._models = [model] * len(state)

    def __call__(self, action: np.ndarray) -> np.ndarray:
        control = np.repeat(action[:, None], self._skip, axis=1)
        self._pool.rollout(
            self._models,
            self._data,
            self._full,
            control,
            nstep=self._skip,
            state=self._out,
            sensordata=self._sensor,
            skip_checks=True,
        )
        self._full = self._out[:, -1].copy()
        return self._full[:, 1:].copy()

    def close(self) -> None:
        self._pool.close()


class _Stepped:
    """Each episode in data of its own, on threads that share the batch."""

    def __init__(
        self, mujoco: Any, model: Any, body: Body, state: np.ndarray, n_threads: int
    ) -> None:
        self._mujoco, self._model, self._body = mujoco, model, body
        self._all = [mujoco.MjData(model) for _ in state]
        self._state = np.empty_like(state)
        for data, one in zip(self._all, state, strict=True):
            data.qpos[:], data.qvel[:] = one[: model.nq], one[model.nq :]
            mujoco.mj_forward(model, data)
        n = min(n_threads, len(state))
        self._parts = np.array_split(np.arange(len(state)), n)
        self._pool = ThreadPoolExecutor(n) if n > 1 else None
        self.extra = self._read()

    def _read(self) -> np.ndarray | None:
        if self._body.read is None:
            return None
        return np.stack([self._body.read(self._mujoco, data) for data in self._all])

    def __call__(self, action: np.ndarray) -> np.ndarray:
        if self._pool is None:
            self._advance(self._parts[0], action)
        else:
            list(self._pool.map(lambda part: self._advance(part, action), self._parts))
        self.extra = self._read()
        return self._state.copy()

    def _advance(self, part: np.ndarray, action: np.ndarray) -> None:
        mujoco, model, nq = self._mujoco, self._model, self._model.nq
        for n in part:
            data = self._all[n]
            data.ctrl[:] = action[n]
            mujoco.mj_step(model, data, nstep=self._body.frame_skip)
            if self._body.read is not None:
                mujoco.mj_rnePostConstraint(model, data)
            self._state[n, :nq], self._state[n, nq:] = data.qpos, data.qvel

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
