"""Walkers beside RatInABox: processor time of an agent's step, and how they move.

`python benchmarks/arena_walkers.py --peer PYTHON`, PYTHON that of an environment with ratinabox.
Processor time of both, since it counts what other processes leave of the machine for neither.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from machine import describe, start_jax

start_jax(1)

import jax  # noqa: E402
import numpy as np  # noqa: E402

from neuroloom.arena import OrnsteinUhlenbeckMotion, rectangle, walk  # noqa: E402

DT = 0.05
WARM_UP = 200  # steps that are not looked at: both start at one speed


def statistics(position: np.ndarray) -> dict[str, float]:
    """Speeds in m/s, turns in degrees/s, distances from the wall of a box of 1 m in m."""
    velocity = np.diff(position[:, WARM_UP:], axis=1) / DT
    speed = np.linalg.norm(velocity, axis=-1)
    angle = np.arctan2(velocity[..., 1], velocity[..., 0])
    turn = (np.diff(angle, axis=1) + np.pi) % (2 * np.pi) - np.pi
    inside = position[:, WARM_UP:]
    wall = np.minimum(inside, 1 - inside).min(axis=-1)
    open_field = (wall[:, 2:] > 0.1) & (wall[:, 1:-1] > 0.1) & (wall[:, :-2] > 0.1)
    return {
        "speed, mean": speed.mean(),
        "speed, SD": speed.std(),
        "speed, 10 %": np.quantile(speed, 0.1),
        "speed, 90 %": np.quantile(speed, 0.9),
        "turns, SD": np.degrees(turn.std()) / DT,
        "turns off the walls, SD": np.degrees(turn[open_field].std()) / DT,
        "wall distance, 10 %": np.quantile(wall, 0.1),
        "wall distance, median": np.median(wall),
        "wall distance, 90 %": np.quantile(wall, 0.9),
        "time within 0.1 m": (wall < 0.1).mean(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python with ratinabox; leave out to time ours alone")
    parser.add_argument("--agents", type=int, default=20, help="of the peer")
    parser.add_argument("--steps", type=int, default=4000, help="of the peer")
    options = parser.parse_args()
    box, key = rectangle(1.0, 1.0), jax.random.key(0)
    print(describe())
    table, cost = {}, {}
    for name, motion in (
        ("ours, Euler", OrnsteinUhlenbeckMotion(euler=True)),
        ("ours, exact", OrnsteinUhlenbeckMotion()),
    ):
        times = []
        for n in range(6):
            start = time.process_time()
            walked = walk(box, motion, key=jax.random.fold_in(key, n), n_walkers=1000, n_steps=2000)
            times.append(time.process_time() - start)
        cost[name] = float(np.median(times[1:])) / (1000 * 1999) * 1e6
        table[name] = statistics(walked.position.astype(float))
    if options.peer:
        peer = Path(__file__).with_name("ratinabox_walk_peer.py")
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder) / "answer.npz"
            subprocess.run(
                [options.peer, peer, answer, str(options.steps), str(options.agents)], check=True
            )
            with np.load(answer) as arrays:
                name = f"RatInABox {arrays['version']}"
                cost[name] = float(arrays["seconds"]) / options.agents / options.steps * 1e6
                table[name] = statistics(arrays["position"])
    print(f"{'':26s}" + "".join(f"{name:>20s}" for name in table))
    print(f"{'microseconds a step':26s}" + "".join(f"{cost[name]:20.3f}" for name in table))
    for row in next(iter(table.values())):
        print(f"{row:26s}" + "".join(f"{each[row]:20.4g}" for each in table.values()))
    if options.peer:
        print(f"ratio: {cost[name] / cost['ours, Euler']:.0f} (Euler), ", end="")
        print(f"{cost[name] / cost['ours, exact']:.0f} (exact)")


if __name__ == "__main__":
    main()
