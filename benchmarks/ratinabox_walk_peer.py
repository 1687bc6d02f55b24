"""RatInABox walking in its own environment; `arena_walkers.py` starts this file with its Python.

Arguments: where to put the answer, number of steps, number of agents. The answer holds `position`
(agent, time, 2), `seconds` that the steps took on this process's clock, and `version`.
"""

import sys
import time
from importlib.metadata import version

import numpy as np
import ratinabox
from ratinabox.Agent import Agent
from ratinabox.Environment import Environment

DT = 0.05


def main() -> None:
    ratinabox.verbose = False
    n_steps, n_agents = int(sys.argv[2]), int(sys.argv[3])
    np.random.seed(0)  # noqa: NPY002 - it draws from NumPy's global generator
    box = Environment(params={"scale": 1.0, "aspect": 1.0})
    agents = [Agent(box, params={"dt": DT}) for _ in range(n_agents)]
    start = time.process_time()
    for _ in range(n_steps):
        for agent in agents:
            agent.update()
    seconds = time.process_time() - start
    position = np.array([agent.history["pos"] for agent in agents])
    np.savez(sys.argv[1], position=position, seconds=seconds, version=version("ratinabox"))


if __name__ == "__main__":
    main()
