"""A perceptron improved by gradients, by PPO of Stable-Baselines3: the extra `rl`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pandas as pd

from neuroloom.errors import InputError
from neuroloom.networks.policies import PerceptronPolicy, flatten
from neuroloom.runs import progress_bar
from neuroloom.simulation.policies import perform_policies
from neuroloom.tasks.control import ControlTask
from neuroloom.tasks.control.control_environment import control_environment

__all__ = ["Learned", "Ppo", "learn_by_gradients"]

PROBES = 1  # stream of randomness of a seed, that of `evolve`


class Learned(NamedTuple):
    """What gradients came to.

    Attributes:
        policy: The mean of the learned distribution of actions, as a policy of ours.
        history: A row a probe: `env_steps` so far and `probe`, the mean return of the policy then,
            in the episodes that `evolve` of the same seed probes in.
        finished: False if Ctrl-C ended it.
    """

    policy: PerceptronPolicy
    history: pd.DataFrame
    finished: bool


@dataclass(frozen=True)
class Ppo:
    """Numbers of proximal policy optimization.

    Attributes:
        hidden: Tanh units of each layer between, of the policy and of its value function.
        n_environments: Episodes that go on side by side.
        n_steps: Control steps of each between updates.
        batch_size: Steps of a gradient; divides `n_environments` x `n_steps`.
        n_epochs: Passes over the steps of an update.
        learning_rate: Of Adam.
        discount: Of rewards, a step.
        smoothing: Lambda of the advantages.

    Raises:
        InputError: If batches do not fill an update.

    Source:
        Schulman et al., arXiv 1707.06347 (2017); numbers are the defaults of Stable-Baselines3
        (MIT), but for the discount, for a stroke of a swimmer pays over many steps.
    """

    hidden: Sequence[int] = (64, 64)
    n_environments: int = 2
    n_steps: int = 1024
    batch_size: int = 64
    n_epochs: int = 10
    learning_rate: float = 3e-4
    discount: float = 0.9999
    smoothing: float = 0.98

    def __post_init__(self) -> None:
        """Refuses batches that are not whole."""
        steps = self.n_environments * self.n_steps
        if not 1 < self.batch_size <= steps or steps % self.batch_size:
            raise InputError(
                f"`batch_size` must divide the {steps} steps between updates; got "
                f"{self.batch_size}. Take 64."
            )


def learn_by_gradients(
    task: ControlTask,
    numbers: Ppo | None = None,
    *,
    n_env_steps: int,
    seed: int,
    n_probes: int = 5,
    progress: bool = True,
) -> Learned:
    """A perceptron that earns more, by gradients through its own randomness.

    Steps are counted as `evolve` counts them; those of probes are not among them. PyTorch draws
    from its global generator, which is seeded here, and so results are of one version of it.

    Args:
        task: What earns.
        numbers: Of the method; default `Ppo()`.
        n_env_steps: Control steps to learn from; whole updates are made of them.
        seed: Of starts, weights and actions.
        n_probes: Episodes of a probe, after each update.
        progress: Whether to show a bar.

    Raises:
        InputError: If Stable-Baselines3 is not installed, or there are no steps for an update.
    """
    numbers = Ppo() if numbers is None else numbers
    update = numbers.n_environments * numbers.n_steps
    if n_env_steps < update:
        raise InputError(
            f"`n_env_steps` must be at least {update}, one update; got {n_env_steps}. Take more, "
            "or shorten `n_steps` of `Ppo`."
        )
    learners, environments = _stable_baselines()
    together = environments.DummyVecEnv(
        [lambda: control_environment(task)] * numbers.n_environments
    )
    model = learners.PPO(
        "MlpPolicy",
        together,
        n_steps=numbers.n_steps,
        batch_size=numbers.batch_size,
        n_epochs=numbers.n_epochs,
        learning_rate=numbers.learning_rate,
        gamma=numbers.discount,
        gae_lambda=numbers.smoothing,
        policy_kwargs={"net_arch": list(numbers.hidden)},
        seed=seed,
        device="cpu",
    )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(PROBES,)))
    starts = task.draw_starts(rng, n_probes)

    def probe() -> dict[str, Any]:
        vector, rebuild = flatten(_policy(model, task))
        found = perform_policies(rebuild(vector[None]), task, starts=starts, n_threads=1)
        earned = found.total.mean()
        return {"env_steps": model.num_timesteps, "probe": float(earned)}

    rows, finished = [probe()], True
    n_updates = n_env_steps // update
    with progress_bar("learning by gradients", total=n_updates, enabled=progress) as bar:
        try:
            for _ in range(n_updates):
                model.learn(update, reset_num_timesteps=False)
                rows.append(probe())
                bar.advance(note=f"return {rows[-1]['probe']:.4g}")
        except KeyboardInterrupt:
            finished = False
        finally:
            together.close()
    return Learned(_policy(model, task), pd.DataFrame(rows), finished)


def _stable_baselines() -> tuple[Any, Any]:
    try:
        return (
            import_module("stable_baselines3"),
            import_module("stable_baselines3.common.vec_env"),
        )
    except ImportError as error:
        raise InputError(
            "`stable_baselines3` must be installed to learn by gradients; it is not. Install "
            "`neuroloom[control,rl]`, or take `evolve`, which needs no gradients."
        ) from error


def _policy(model: Any, task: ControlTask) -> PerceptronPolicy:
    """The mean of the distribution of actions, from the arrays of PyTorch."""
    inner = model.policy
    layers = [
        layer
        for layer in [*inner.mlp_extractor.policy_net, inner.action_net]
        if hasattr(layer, "weight")
    ]

    def arrays(name: str) -> tuple[Any, ...]:
        kept = (getattr(layer, name).detach().numpy().astype(float) for layer in layers)
        return tuple(jnp.asarray(array, float) for array in kept)

    return PerceptronPolicy(
        task.n_observations, task.n_actions, arrays("weight"), arrays("bias"), 1.0, squashed=False
    )
