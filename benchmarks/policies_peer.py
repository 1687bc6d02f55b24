"""Swimmer-v5 stepped one environment at a time, as with Stable-Baselines3. Needs the extra `rl`.

python benchmarks/policies_peer.py

Three loops over the control steps of an episode: `evaluate_policy` with its two-layer policy of
64 units, which is how a member of a population is scored there; the rollout that PPO collects, over
several environments; and the leanest loop that Gymnasium allows, with a NumPy matrix as policy.
"""

import time

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv

N_ENVIRONMENTS, N_STEPS, REPEATS = 8, 4_000, 5


def matrix_loop(environment: gymnasium.Env, weight: np.ndarray, n_steps: int) -> None:
    seen, _ = environment.reset(seed=0)
    for _ in range(n_steps):
        seen, _, ended, over, _ = environment.step(np.clip(weight @ seen, -1, 1))
        if ended or over:
            seen, _ = environment.reset()


def main() -> None:
    import torch

    torch.set_num_threads(1)
    single = gymnasium.make("Swimmer-v5")
    together = DummyVecEnv([lambda: gymnasium.make("Swimmer-v5")] * N_ENVIRONMENTS)
    model = PPO("MlpPolicy", together, n_steps=N_STEPS // N_ENVIRONMENTS, device="cpu", seed=0)
    weight = 0.3 * np.random.default_rng(0).normal(size=(2, 8))
    _, callback = model._setup_learn(10 * N_STEPS)
    alone = DummyVecEnv([lambda: gymnasium.make("Swimmer-v5")])

    def collect() -> None:
        model.collect_rollouts(together, callback, model.rollout_buffer, model.n_steps)

    jobs = {
        "evaluate_policy, 64 x 64": lambda: evaluate_policy(
            model, alone, n_eval_episodes=N_STEPS // 1000, warn=False
        ),
        f"PPO's rollout of {N_ENVIRONMENTS}, 64 x 64": collect,
        "gymnasium.make, a NumPy matrix": lambda: matrix_loop(single, weight, N_STEPS),
    }
    for name, job in jobs.items():
        job()
        spent = []
        for _ in range(REPEATS):
            start = time.perf_counter(), time.process_time()
            job()
            spent.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        wall, cpu = N_STEPS / 1e3 / np.median(spent, axis=0)
        print(f"{name:32} {cpu:5.1f} k steps a CPU second, {wall:5.1f} k a second")


if __name__ == "__main__":
    main()
