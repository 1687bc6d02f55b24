"""The forecaster of neuroloom in PyTorch, as it is written there: features last, modules, Adam."""

import time

import numpy as np
import torch
from torch import nn

COPIED = ("own", "bias", "weight", "embedding")


class Peer(nn.Module):
    """One lag, no behavior, normal likelihood; the decoder is an MLP, a loop of cells or `nn.GRU`.

    eta = c + G x + gain I + D, with the decoder's answers D and gain to own activity, size of the
    current and embedding, and the gain brought to slope 1 over the reference.
    """

    def __init__(self, values: dict[str, np.ndarray], reference: np.ndarray, window: int) -> None:
        """Parameters by name; runs of frames (run, window, neuron) that set the gain's level."""
        super().__init__()
        self.window = window
        for name in COPIED:
            setattr(self, name, nn.Parameter(torch.tensor(values[name])))
        n = self.weight.shape[0]
        self.register_buffer("off_diagonal", 1 - torch.eye(n))
        self.register_buffer("reference", torch.tensor(reference))

    def decoded(self, x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """The two answers (segment, step, neuron, 2) to frames (segment, frame, neuron)."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of frames (segment, frame, neuron): eta of the frame after each one with a window."""
        matrix = (self.weight * self.off_diagonal).T
        current = x @ matrix
        seen = self.reference @ matrix
        raw = 2 * torch.sigmoid(self.decoded(self.reference, seen.abs())[..., 1])
        energy = seen[:, self.window - 1 :] ** 2 + 1e-6
        level = (energy * raw).sum((0, 1)) / energy.sum((0, 1))
        answers = self.decoded(x, current.abs())
        gain = 2 * torch.sigmoid(answers[..., 1]) / level
        last = slice(self.window - 1, None)
        return self.bias + self.own * x[:, last] + gain * current[:, last] + answers[..., 0]

    def loss(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Half the mean squared error over what was observed."""
        known = ~torch.isnan(target)
        error = torch.where(known, self(x) - torch.nan_to_num(target), 0.0)
        return 0.5 * (error**2).sum() / known.sum()


class MlpPeer(Peer):
    """Linear layers and tanh over [own window, current window, embedding]."""

    def __init__(self, values: dict[str, np.ndarray], reference: np.ndarray, window: int) -> None:
        """As `Peer`; `first`, `first_bias`, `second`, `second_bias`, `readout` besides."""
        super().__init__(values, reference, window)
        hidden, n_in = values["first"].shape
        self.layers = nn.Sequential(
            nn.Linear(n_in, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, 2, bias=False),
        )
        names = ("first", "first_bias", "second", "second_bias", "readout")
        with torch.no_grad():
            for parameter, name in zip(self.layers.parameters(), names, strict=True):
                parameter.copy_(torch.tensor(values[name]))

    def decoded(self, x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """All windows at once."""
        own, around = (part.unfold(1, self.window, 1).flip(-1) for part in (x, size))
        kind = self.embedding.T.expand(*own.shape[:2], -1, -1)
        return self.layers(torch.cat([own, around, kind], dim=-1))


class GruPeer(Peer):
    """Gated recurrent units over the frames; a cell in a loop, or `nn.GRU`."""

    def __init__(
        self, values: dict[str, np.ndarray], reference: np.ndarray, window: int, *, fused: bool
    ) -> None:
        """As `Peer`; the arrays of `nn.GRU` and `readout` besides."""
        super().__init__(values, reference, window)
        hidden = values["weight_hh"].shape[1]
        n_in = values["weight_ih"].shape[1]
        self.cell = nn.GRU(n_in, hidden) if fused else nn.GRUCell(n_in, hidden)
        self.readout = nn.Linear(hidden, 2, bias=False)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "readout")
        places = [*self.cell.parameters(), *self.readout.parameters()]
        with torch.no_grad():
            for parameter, name in zip(places, names, strict=True):
                parameter.copy_(torch.tensor(values[name]))

    def decoded(self, x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """Frame by frame, all neurons of all segments at once."""
        n_segments, n_frames, n = x.shape
        kind = self.embedding.T.expand(n_frames, n_segments, -1, -1)
        parts = [part.transpose(0, 1)[..., None] for part in (x, size)]
        seen = torch.cat([*parts, kind], dim=-1).reshape(n_frames, n_segments * n, -1)
        if isinstance(self.cell, nn.GRU):
            states = self.cell(seen)[0]
        else:
            h, kept = seen.new_zeros(n_segments * n, self.cell.hidden_size), []
            for now in seen.unbind(0):
                h = self.cell(now, h)
                kept.append(h)
            states = torch.stack(kept)
        out = self.readout(states[self.window - 1 :])
        return out.reshape(-1, n_segments, n, 2).transpose(0, 1)


class Trainer:
    """Adam on a peer."""

    def __init__(self, peer: Peer, rate: float, *, together: int, n_steps: int) -> None:
        """`together` segments are computed at once; their gradients are added up.

        The rate falls to a twentieth of itself along a cosine.
        """
        self.peer, self.together = peer, together
        self.optimizer = torch.optim.Adam(peer.parameters(), lr=rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, n_steps, eta_min=0.05 * rate
        )

    def step(self, x: torch.Tensor, target: torch.Tensor) -> None:
        """One step on these segments."""
        self.optimizer.zero_grad()
        n = len(x)
        for first in range(0, n, self.together):
            part = slice(first, first + self.together)
            (self.peer.loss(x[part], target[part]) * (len(x[part]) / n)).backward()
        self.optimizer.step()
        self.schedule.step()

    @torch.no_grad()
    def validation(self, x: torch.Tensor, target: torch.Tensor) -> float:
        """The loss on other segments."""
        return float(self.peer.loss(x, target))


def train_until(
    trainer: Trainer,
    segments: tuple[np.ndarray, np.ndarray],
    aside: tuple[np.ndarray, np.ndarray],
    *,
    n_steps: int,
    batch_size: int,
    check_every: int,
) -> tuple[list[float], list[float]]:
    """Seconds spent on steps, and the loss on the segments set aside, at each check."""
    x, target = (torch.tensor(part) for part in segments)
    other = [torch.tensor(part) for part in aside]
    spent, seconds, losses = 0.0, [], []
    for first in range(0, n_steps, check_every):
        start = time.perf_counter()
        for _ in range(first, min(n_steps, first + check_every)):
            chosen = torch.randperm(len(x))[:batch_size]
            trainer.step(x[chosen], target[chosen])
        spent += time.perf_counter() - start
        seconds.append(spent)
        losses.append(trainer.validation(*other))
    return seconds, losses
