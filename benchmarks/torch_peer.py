"""The same network in PyTorch, as a careful user writes it, and batched by hand."""

import numpy as np
import torch
from torch.nn.functional import softplus


class Peer:
    """x <- x + a (W (g softplus(x + b)) + u - x), gain and bias trained by Adam.

    `unbind` and a list, no `inputs[t]` in the loop: that would make the way back quadratic in time.
    """

    def __init__(
        self,
        matrix: np.ndarray,
        fraction: float,
        inputs: np.ndarray,
        targets: np.ndarray,
        gain: np.ndarray,
        bias: np.ndarray,
    ) -> None:
        """Inputs and targets are (trial, time, neuron); gains of a stack are (member, neuron)."""
        self.transposed = torch.tensor(matrix.T.copy())
        self.fraction = fraction
        self.inputs = torch.tensor(np.swapaxes(inputs, 0, 1).copy())
        self.targets = torch.tensor(np.swapaxes(targets, 0, 1).copy())
        self.gain = torch.tensor(gain, requires_grad=True)
        self.bias = torch.tensor(bias, requires_grad=True)
        self.optimizer = torch.optim.Adam([self.gain, self.bias], lr=1e-2)

    def loss(self) -> torch.Tensor:
        """Mean squared error of the states; summed over members, who do not know of each other."""
        gain, bias = self.gain[..., None, :], self.bias[..., None, :]
        n = self.inputs.shape[-1]
        x = torch.zeros((*self.gain.shape[:-1], *self.inputs.shape[1:]))
        states = []
        for u in self.inputs.unbind(0):
            rates = gain * softplus(x + bias)
            received = (rates.reshape(-1, n) @ self.transposed).reshape(x.shape)
            x = x + self.fraction * (received + u - x)
            states.append(x)
        targets = self.targets if self.gain.ndim == 1 else self.targets[:, None]
        return ((torch.stack(states) - targets) ** 2).mean((0, -2, -1)).sum()

    def train(self, n_steps: int) -> None:
        """Some steps of Adam."""
        for _ in range(n_steps):
            self.optimizer.zero_grad()
            self.loss().backward()
            self.optimizer.step()

    def gradient(self) -> tuple[float, np.ndarray, np.ndarray]:
        """Loss and its gradients, for the check before the clock starts."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        return loss.item(), self.gain.grad.numpy().copy(), self.bias.grad.numpy().copy()
