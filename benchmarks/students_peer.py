"""A student trained as the field does it: a PyTorch loop over time, Adam, one student at a time."""

import time

import numpy as np
import torch
from torch.nn.functional import relu, softplus


class Peer:
    """h <- h + s xi + a (-h + W r + u), r = relu(g) softplus(h + b); g and b trained."""

    def __init__(
        self,
        matrix: np.ndarray,
        alpha: float,
        inputs: np.ndarray,
        initial: np.ndarray,
        rates: np.ndarray,
        shown: np.ndarray,
        gain: np.ndarray,
        bias: np.ndarray,
    ) -> None:
        """Inputs and rates are (trial, time, neuron); `matrix` is W[post, pre]."""
        self.transposed = torch.tensor(matrix.T.copy())
        self.alpha = alpha
        self.inputs, self.initial = torch.tensor(inputs), torch.tensor(initial)
        self.rates, self.shown = torch.tensor(rates), torch.tensor(np.flatnonzero(shown))
        self.gain = torch.tensor(gain, requires_grad=True)
        self.bias = torch.tensor(bias, requires_grad=True)
        self.optimizer = torch.optim.Adam([self.gain, self.bias], lr=1e-3)

    def simulated(self, chosen: torch.Tensor, noise: float) -> torch.Tensor:
        """Rates after each step of these trials."""
        h, gain = self.initial[chosen], relu(self.gain)
        states = []
        for u in self.inputs[chosen].unbind(1):
            received = (gain * softplus(h + self.bias)) @ self.transposed
            h = h + noise * torch.randn_like(h) + self.alpha * (-h + received + u)
            states.append(h)
        return gain * softplus(torch.stack(states, 1) + self.bias)

    def loss(self, chosen: torch.Tensor, noise: float) -> torch.Tensor:
        """Mean squared error over the neurons that are shown."""
        error = self.simulated(chosen, noise) - self.rates[chosen]
        return (error[:, :, self.shown] ** 2).mean()

    def seconds_a_step(self, n_steps: int, *, batch_size: int, noise: float, clip: float) -> float:
        """Median over steps, after three that are not counted."""
        taken = []
        for _ in range(n_steps + 3):
            start = time.perf_counter()
            chosen = torch.randperm(len(self.inputs))[:batch_size]
            self.optimizer.zero_grad()
            self.loss(chosen, noise).backward()
            torch.nn.utils.clip_grad_norm_([self.gain, self.bias], clip)
            self.optimizer.step()
            taken.append(time.perf_counter() - start)
        return float(np.median(taken[3:]))
