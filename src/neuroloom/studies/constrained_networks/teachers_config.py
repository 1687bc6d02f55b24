"""Every number of the teachers, each written once. Imports nothing heavy.

Models without physical units count one time unit as one second. With its `seed`, a config (and a
connectome, if one is given) determines a teacher.
"""

from dataclasses import dataclass

__all__ = [
    "ChaoticConfig",
    "CyclingConfig",
    "LinearConfig",
    "LowRankConfig",
    "TeacherConfig",
]


@dataclass(frozen=True)
class CyclingConfig:
    """A network of excitatory and inhibitory neurons, trained on the cycling task."""

    n_neurons: int = 300  # of the network
    seed: int = 0  # of everything that is drawn
    density: float = 0.5  # fraction of pairs that are drawn; about half of them are rectified away
    excitatory: float = 0.7  # fraction of neurons
    weight_scale: float = 2.4  # g0, dimensionless
    inhibition: float = 4.0  # factor on the weights of inhibitory neurons
    gain_sd: float = 0.4  # around 1; draws at or below 0 are drawn again
    bias_range: float = 0.1  # uniform in +- this, in units of the state
    readout_scale: float = 5.0  # weights of the readout before training, times N(0, 1) / N
    tau: float = 1.0  # s
    dt: float = 0.05  # s
    duration: float = 20.0  # s
    n_trials: int = 60  # pulses at times of their own
    n_rounds: int = 7  # each starts Adam anew
    n_steps: int = 200  # a round
    batch_size: int = 32  # trials a step
    learning_rate: float = 1e-3  # of Adam
    clip_norm: float = 5.0  # of the gradient
    noise_step_sd: float = 0.01  # on the state, per step of dt, in training
    most_draws: int = 200  # before no stable start is an error


@dataclass(frozen=True)
class LowRankConfig:
    """A tanh network whose weights have rank two, and which oscillates."""

    n_neurons: int = 400
    seed: int = 0
    overlap: float = 1.5  # covariance of m1 with n1 and of m2 with n2
    rotation: float = 3.0  # covariance of m1 with n2, and minus that of m2 with n1
    gain_sd: float = 0.9  # around 1; gains may be negative
    tau: float = 0.5  # s
    dt: float = 0.05  # s
    burn_in: float = 60.0  # s, before what is recorded
    duration: float = 20.0  # s


@dataclass(frozen=True)
class ChaoticConfig:
    """A tanh network of independent random weights, strong enough for chaos."""

    n_neurons: int = 400
    seed: int = 0
    weight_scale: float = 1.7  # SD of a weight, times the root of the number of neurons
    gain_sd: float = 0.5  # around 1; gains may be negative
    tau: float = 0.5  # s
    dt: float = 0.05  # s
    burn_in: float = 60.0  # s, before what is recorded
    duration: float = 20.0  # s


@dataclass(frozen=True)
class LinearConfig:
    """A linear network that integrates constant biases through a few directions."""

    n_neurons: int = 300
    seed: int = 0
    n_components: int = 60  # singular components of a full random matrix that are kept
    weight_scale: float = 1.4  # SD of a weight of the full matrix, times the root of n_neurons
    bias_sd: float = 4.5  # in units of the state
    tau: float = 1.0  # s
    dt: float = 0.05  # s
    duration: float = 20.0  # s


TeacherConfig = CyclingConfig | LowRankConfig | ChaoticConfig | LinearConfig
