"""Spike counts of renewal processes with gamma intervals: what synthetic circuits are shown."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.trials import Trials

__all__ = ["GammaSpikes"]


@dataclass(frozen=True)
class GammaSpikes:
    r"""Counts a bin of input neurons whose intervals between spikes are gamma distributed.

    $$\mathrm{ISI} \sim \mathrm{Gamma}(\alpha,\ \beta_i), \qquad
    \langle \mathrm{count} \rangle \approx \beta_i\,\mathrm{bin} / \alpha$$

    Each trial starts with a spike that is not counted, so that the first bins hold a quarter of a
    spike too few (alpha 2); `settle` leaves bins out before those that are kept. With a whole alpha
    such a process is every alpha-th event of a Poisson process of rate beta, and counts are drawn
    so: exactly the same distribution, without a list of intervals.

    The process has no physical unit of time: one time unit counts as one second.

    Attributes:
        beta: Rate of each input neuron's intervals, per second. It belongs to the neurons, and is
            the same in every trial and split.
        alpha: Shape of the intervals, a whole number.
        n_bins: Bins of a trial.
        bin_width: Of a bin, in seconds.
        n_intervals: Spikes of a trial; what follows is silence.
        settle: Bins before the first that is kept.

    Example:
        >>> import jax
        >>> spikes = GammaSpikes.drawn(jax.random.key(0))
        >>> spikes(jax.random.key(1), 3).shape
        (3, 50, 16)

    Source:
        Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), code.
    """

    beta: tuple[float, ...]
    alpha: int = 2
    n_bins: int = 50
    bin_width: float = 1.0
    n_intervals: int = 1_000
    settle: int = 0

    def __post_init__(self) -> None:
        if not self.beta or not all(0 < rate < np.inf for rate in self.beta):
            raise InputError(
                "`beta` must be a finite rate above 0 for each of at least one input neuron; got "
                f"{self.beta}. Draw them with `GammaSpikes.drawn(key)`."
            )
        if self.alpha < 1 or self.alpha != int(self.alpha):
            raise InputError(
                f"`alpha` must be a whole number of at least 1; got {self.alpha}. Use 1 for Poisson"
                " spikes, 2 as published."
            )
        if self.n_bins < 1 or self.settle < 0 or not 0 < self.bin_width < np.inf:
            raise InputError(
                "`n_bins` must be at least 1, `settle` at least 0 and `bin_width` above 0 seconds; "
                f"got {self.n_bins}, {self.settle} and {self.bin_width}. Use 50, 0 and 1."
            )
        wanted = max(self.beta) / self.alpha * self.bin_width * (self.settle + self.n_bins)
        if self.n_intervals < wanted:
            raise InputError(
                f"`n_intervals` must cover the trial, {wanted:.0f} expected spikes of the fastest "
                f"neuron; got {self.n_intervals}. Give more, or fewer bins."
            )

    @classmethod
    def drawn(
        cls, key: PRNGKeyArray, n_inputs: int = 16, *, mean: float = 10.0, sd: float = 1.0
    ) -> "GammaSpikes":
        """A population whose rates beta are drawn from N(mean, sd), per second.

        Args:
            key: Randomness.
            n_inputs: Input neurons.
            mean: Of beta, per second.
            sd: Likewise.
        """
        beta = mean + sd * jax.random.normal(key, (n_inputs,))
        return cls(tuple(np.asarray(beta, float).tolist()))

    def __call__(self, key: PRNGKeyArray, n: int) -> Float[Array, "trial time channel"]:
        """Counts a bin of n trials."""
        rate = jnp.asarray(self.beta) * self.bin_width
        shape = (n, self.settle + self.n_bins, len(self.beta))
        events = jax.random.poisson(key, rate[None, None, :], shape)
        spikes = jnp.minimum(jnp.cumsum(events, 1) // self.alpha, self.n_intervals)
        counts = jnp.diff(spikes, axis=1, prepend=jnp.zeros_like(spikes[:, :1]))
        return counts[:, self.settle :].astype(rate.dtype)

    def intervals(self, key: PRNGKeyArray, n: int) -> Float[Array, "trial interval channel"]:
        """All intervals between the spikes of n trials, in seconds; much larger than the counts."""
        shape = (n, self.n_intervals, len(self.beta))
        return jax.random.gamma(key, self.alpha, shape) / jnp.asarray(self.beta)[None, None, :]

    def counted(
        self, intervals: Float[Array, "trial interval channel"]
    ) -> Float[Array, "trial time channel"]:
        """Counts a bin of given intervals, in seconds."""
        place = jnp.floor(jnp.cumsum(intervals, 1) / self.bin_width).astype(int) - self.settle
        bins = jnp.arange(self.n_bins)
        counts = (place[:, :, None, :] == bins[None, None, :, None]).sum(1)
        return counts.astype(intervals.dtype)

    def trials(self, key: PRNGKeyArray, n: int, respond: Callable[[Array], Array]) -> Trials:
        """Trials of counts with a circuit's answers as targets, all of which count.

        Args:
            key: Randomness.
            n: Trials.
            respond: From counts (trial, time, channel) to outputs (trial, time, output).
        """
        inputs = self(key, n)
        targets = respond(inputs)
        return Trials(inputs, targets, jnp.ones(targets.shape, bool))
