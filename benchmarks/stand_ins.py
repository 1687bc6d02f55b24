"""A sweep of stand-ins, one program, beside a PyTorch loop over students; one process, in turn.

Run in an environment that has torch (extra `compare`):

    python benchmarks/stand_ins.py --width 256 --depth 4 --students 8 --steps 100
"""

import argparse
import os
import time

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

import jax
import numpy as np
import torch

from neuroloom.fitting.stand_ins import (
    StandInLesson,
    StandInTraining,
    draw_students,
    fit_stand_ins,
)
from neuroloom.networks.stand_ins import MlpForm, MlpStandIn

ROWS, BATCH, N_INPUTS, N_OUTPUTS = 10_000, 200, 16, 16


def peer_of(student: MlpStandIn) -> torch.nn.Sequential:
    """The same network, with the same weights, in the words of PyTorch."""
    pairs = [
        (student.first, student.first_bias),
        *zip(student.hidden, student.hidden_bias, strict=True),
        (student.readout, student.readout_bias),
    ]
    layers: list[torch.nn.Module] = []
    for weight, bias in pairs:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(np.array(weight)))
            layer.bias.copy_(torch.tensor(np.array(bias)))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train_peer(net: torch.nn.Sequential, u: torch.Tensor, y: torch.Tensor, n_steps: int) -> float:
    """Seconds of the loop that the published code runs."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    start = time.perf_counter()
    for _ in range(n_steps):
        chosen = torch.randint(len(u), (BATCH,))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(u[chosen]), y[chosen]).backward()
        optimizer.step()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("width", 256), ("depth", 4), ("students", 8), ("steps", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    u = rng.normal(size=(ROWS, N_INPUTS)).astype(np.float32)
    y = np.tanh(u @ rng.normal(size=(N_INPUTS, N_OUTPUTS)).astype(np.float32) / 4)
    lesson = StandInLesson(u, y)
    students = draw_students(
        [MlpForm(asked.width, asked.depth)], lesson, n_seeds=asked.students, key=jax.random.key(0)
    )
    peers = [peer_of(student) for student in students]
    apart = np.abs(peers[0](torch.tensor(u)).detach().numpy() - np.asarray(students[0](u))).max()
    print(f"largest difference before training: {apart:.1e}")
    training = StandInTraining(n_steps=asked.steps, validation=0.0, check_every=asked.steps)

    def ours() -> float:
        start = time.perf_counter()
        fit_stand_ins(students, lesson, training=training, key=jax.random.key(1), progress=False)
        return time.perf_counter() - start

    print(f"compiled and run once in {ours():.1f} s")
    rounds = []
    for _ in range(3):
        theirs = sum(train_peer(n, torch.tensor(u), torch.tensor(y), asked.steps) for n in peers)
        rounds.append((theirs, ours()))
    per = asked.students * asked.steps / 1e3
    theirs, mine = np.median(np.array(rounds), axis=0)
    print(f"ms a student and step: PyTorch {theirs / per:.2f}, neuroloom {mine / per:.2f}")
    print(f"ratio {theirs / mine:.2f}; torch threads {torch.get_num_threads()}")


if __name__ == "__main__":
    main()
