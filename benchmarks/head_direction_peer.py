"""Training a head-direction network in PyTorch: as written in the field, tidy, and at its best."""

import numpy as np
import torch

NOISE, PENALTY, FRACTION = 0.1, 0.01, 0.1


def retanh(x: torch.Tensor) -> torch.Tensor:
    """The published activation."""
    return torch.relu(torch.tanh(x))


class Peer:
    """One network, published loss and AdamW; every variant takes the same update."""

    def __init__(self, start: dict[str, np.ndarray], *, variant: str) -> None:
        """`start` holds W (post, pre), input and output weights, bias and initial state."""
        self.parameters = {
            name: torch.tensor(value.copy(), requires_grad=True) for name, value in start.items()
        }
        n = len(start["bias"])
        self.off = 1 - torch.eye(n)
        self.variant = variant
        self.optimizer = torch.optim.AdamW(self.parameters.values(), lr=1e-3)

    def trials(self, n_trials: int, n_steps: int) -> tuple[torch.Tensor, ...]:
        """Fresh trials, time first: AR(1) by an exact filter, not by a loop over time."""
        lags = np.arange(n_steps)
        powers = 0.8 ** np.maximum(lags[:, None] - lags[None, :], 0) * (lags[:, None] >= lags)
        velocity = torch.tensor(0.03 * powers, dtype=torch.float32) @ torch.randn(n_steps, n_trials)
        start = torch.randint(0, n_steps // 3 + 1, (n_trials,))
        length = torch.randint(0, 2 * n_steps // 3 + 1, (n_trials,))
        steps = torch.arange(n_steps)[:, None]
        still = (steps >= start) & (steps < start + length) & (torch.arange(n_trials) % 2 == 0)
        velocity[still | (steps < 10)] = 0
        first = 2 * np.pi * torch.rand(n_trials)
        heading = first + velocity.cumsum(0)
        cue = (steps < 10).float()
        inputs = torch.stack([velocity, cue * first.sin(), cue * first.cos()], -1)
        return inputs, torch.stack([heading.sin(), heading.cos()], -1), steps[:, :, None] >= 10

    def loss(
        self, inputs: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        """The loss by the chosen way over time."""
        p = self.parameters
        if self.variant == "field":
            rates = self._field(inputs, noise)
        elif self.variant == "adjoint":
            pushes = FRACTION * (inputs @ p["input"].T + p["bias"])
            rates = Loop.apply((p["weight"] * self.off).T * FRACTION, pushes, p["initial"], noise)
        else:
            rates = self._tidy(inputs, noise)
        outputs = rates @ p["output"].T
        wrong = ((outputs - targets) ** 2 * mask).sum() / (2 * mask.sum() * inputs.shape[1])
        return wrong + PENALTY * (rates**2).mean()

    def _field(self, inputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Indexing by t in the loop, as the authors' port does: quadratic on the way back."""
        p = self.parameters
        x = p["initial"].expand(inputs.shape[1], -1)
        rates, kept = retanh(x), []
        weight = p["weight"] * self.off
        for t in range(inputs.shape[0]):
            received = rates @ weight.T + inputs[t] @ p["input"].T + p["bias"]
            x = x + FRACTION * (-x + received)
            rates = retanh(x) + noise[t]
            kept.append(rates)
        return torch.stack(kept)

    def _tidy(self, inputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Inputs projected once, `unbind`, one fused product a step."""
        p = self.parameters
        pushes = FRACTION * (inputs @ p["input"].T + p["bias"])
        weight = (p["weight"] * self.off).T * FRACTION
        x = p["initial"].expand(inputs.shape[1], -1)
        rates, kept = retanh(x), []
        for push, drawn in zip(pushes.unbind(0), noise.unbind(0), strict=True):
            x = torch.addmm(torch.add(push, x, alpha=1 - FRACTION), rates, weight)
            rates = retanh(x) + drawn
            kept.append(rates)
        return torch.stack(kept)

    def train(self, n_updates: int, n_trials: int, n_steps: int) -> None:
        """Some updates on fresh trials."""
        for _ in range(n_updates):
            noise = NOISE * torch.randn(n_steps, n_trials, len(self.off))
            self.optimizer.zero_grad()
            self.loss(*self.trials(n_trials, n_steps), noise).backward()
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), 10.0)
            self.optimizer.step()


class Loop(torch.autograd.Function):
    """The loop with a hand-written way back that keeps rates and takes dW once."""

    @staticmethod
    def forward(ctx, weight, pushes, initial, noise):  # noqa: D102
        x = initial.expand(pushes.shape[1], -1).contiguous()
        sent = torch.empty(pushes.shape[0] + 1, *x.shape)
        sent[0] = retanh(x)
        for t in range(pushes.shape[0]):
            x = torch.addmm(torch.add(pushes[t], x, alpha=1 - FRACTION), sent[t], weight)
            torch.add(retanh(x), noise[t], out=sent[t + 1])
        ctx.save_for_backward(weight, sent, noise)
        return sent[1:]

    @staticmethod
    def backward(ctx, given):  # noqa: D102
        weight, sent, noise = ctx.saved_tensors
        n_steps = given.shape[0]
        kept = torch.empty_like(given)
        after = torch.zeros_like(given[0])
        of_sent = given[-1]
        clean = sent[1:] - noise
        slopes = (1 - clean * clean) * (clean > 0)
        for t in range(n_steps - 1, -1, -1):
            after = torch.addcmul((1 - FRACTION) * after, of_sent, slopes[t])
            kept[t] = after
            of_sent = after @ weight.T if t == 0 else torch.addmm(given[t - 1], after, weight.T)
        n = weight.shape[0]
        of_weight = sent[:-1].reshape(-1, n).T @ kept.reshape(-1, n)
        first = (1 - sent[0] ** 2) * (sent[0] > 0)
        initial = ((1 - FRACTION) * after + of_sent * first).sum(0)
        return of_weight, kept, initial, None
