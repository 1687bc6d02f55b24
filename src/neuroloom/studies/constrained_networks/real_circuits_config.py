"""Every number of the arms on real circuits, each written once. Imports nothing heavy."""

from dataclasses import dataclass

__all__ = ["CentralComplexConfig", "IntegratorConfig", "LarvaConfig", "LocomotionConfig"]


@dataclass(frozen=True)
class IntegratorConfig:
    """The oculomotor integrator of the zebrafish (Fig. 5 g-i)."""

    abscissa: float = 0.9
    """Largest real part of an eigenvalue of W: scaled, not predicted."""
    tau: float = 1.0
    """Time constant of every cell, in seconds."""
    dt: float = 0.1
    """Step, in seconds."""
    duration: float = 21.0
    """Length of the one trial, in seconds."""
    pulses: tuple[float, ...] = (1.0, 8.0, 15.0)
    """Onsets of the bursts, in seconds."""
    burst: float = 10.5
    """Size of a burst times its length of one step, for an input vector of length 1."""
    gain_sd: float = 0.3
    """SD of the teacher's log gains."""
    start_gain: float = 0.5
    """A student starts from its teacher's gains in another order, times this."""
    n_recorded: tuple[int, ...] = (2, 16, 64, 128, 196, 260)
    """Recorded cells M, a subset of the published list."""
    n_seeds: int = 3
    """Teachers, each with its own students."""
    n_steps: int = 60
    """Steps of the second-order fit at most."""
    stop_below: float = 1e-9
    """A student stops at this mean squared error of recorded states."""
    nulls: tuple[str, ...] = ("rewire", "rewire_within_type", "shuffle_weights", "shuffle_signs")
    """Null wirings of the comparison with recorded cells."""
    n_null_draws: int = 19
    """Draws of each; 19 are the fewest that can reach a one-sided 0.05."""
    n_resamples: int = 200
    """Resamples of cells for the intervals of distances."""


@dataclass(frozen=True)
class LarvaConfig:
    """The mushroom body of the larva: parameters by type learned left, carried right."""

    inhibitory: tuple[str, ...] = ("MBIN", "MBON")
    """Types that inhibit: assumed, for the source states no transmitters."""
    radius: float = 0.5
    """Spectral radius of the left |W|; the right keeps the left's scale. Times the largest gain of
    a type it stays below 1, so that teachers come to rest."""
    gain_low: float = 0.5
    gain_high: float = 1.5
    """The teacher's gain of each type is uniform between the two."""
    bias_sd: float = 0.5
    """SD of the teacher's bias of each type, in the unit of the state."""
    within_type_sd: float = 0.2
    """SD of log gain and of bias within a type: what parameters by type cannot know."""
    tau: float = 0.2
    """Time constant of every cell, in seconds; known to the student."""
    dt: float = 0.05
    """Step, in seconds."""
    duration: float = 1.5
    """Length of a trial, in seconds."""
    odor_on: float = 0.2
    odor_off: float = 0.9
    """When an odor drives its projection neurons, in seconds."""
    active: float = 0.3
    """Fraction of the projection neurons that an odor drives."""
    drive: float = 2.0
    """Mean drive of such a cell, in the unit of the state; exponential over cells."""
    n_odors: int = 8
    """Odors (trials) that the student sees; as many new ones on each side are scored."""
    n_recorded: tuple[int, ...] = (2, 8, 32)
    """Recorded neurons M on the left, drawn at random over all types."""
    n_seeds: int = 5
    """Teachers, each with its own odors, recorded neurons and null wirings."""
    n_steps: int = 20
    """Steps of the second-order fit."""
    nulls: tuple[str, ...] = ("rewire", "rewire_within_type", "shuffle_weights")
    """Null wirings of the right side."""
    n_null_draws: int = 5
    """Draws of each null wiring a seed."""


@dataclass(frozen=True)
class CentralComplexConfig:
    """The fly's ring attractor from a user's export (Fig. 5 d-f): a reconstruction."""

    export: str = ""
    """A neuPrint export or other connectome with EPG, PEN, Delta7 and PEG; empty: no data."""
    abscissa: float = 0.9
    """Largest real part of an eigenvalue of W at gains of 1."""
    smoothness: float = 5.0
    """Of the softplus."""
    tau: float = 1.0
    """Time constant of every neuron, in seconds."""
    dt: float = 0.1
    """Step, in seconds."""
    duration: float = 6.0
    """Length of a trial, in seconds."""
    shown_steps: int = 5
    """Steps for which a bump is shown."""
    hold_from: float = 3.0
    """From when on the bump counts, in seconds."""
    width: float = 3 / 16
    """SD of the bump as a part of the ring; the source's exact shape is not known to us."""
    teacher_steps: int = 1_500
    """Adam steps of a teacher."""
    teacher_rate: float = 4e-3
    """Its learning rate."""
    n_recorded: tuple[int, ...] = (2, 16, 48, 112)
    """Recorded neurons M, a subset of the published list."""
    n_seeds: int = 3
    """Teachers, each with its own students."""
    n_steps: int = 40
    """Second-order steps of a student at most."""
    start_gain: float = 0.8
    """A student starts from its teacher's gains in another order within groups, times this."""


@dataclass(frozen=True)
class LocomotionConfig:
    """Crawling of the larva from a user's export (Fig. 5 a-c): a reconstruction."""

    export: str = ""
    """A connectome with premotor and motor neurons, such as an edge list; empty: no data."""
    neurons: str = ""
    """The table of neurons of an edge list; empty where the export has them itself."""
    type_column: str = "cell_type"
    """Neuron column that says PMN or MN."""
    order_column: str = "segment"
    """Neuron column that orders motor neurons from front to back: numbers, or T1 to T3, A1 to A9.
    The published motor targets are not known to us; the wave that travels along it is ours."""
    tau: float = 0.2
    tau_low: float = 0.05
    tau_high: float = 1.0
    """Where the teacher's time constants start, in seconds, and their bounds: those of the authors'
    earlier model; the source's are not known to us. Known to students."""
    dt: float = 0.05
    """Step, in seconds; of the earlier model."""
    duration: float = 2.0
    """Length of a trial, in seconds; 6 in the earlier model, where no wave of ours was learned."""
    command_sd: float = 0.5
    """SD of the weights of a direction's command to premotor neurons before the teacher trains
    them. Known to students."""
    wave_from: float = 0.5
    """When the first motor neuron peaks, in seconds; the peak is 1."""
    wave_travels: float = 1.0
    """Time between the first peak and the last, in seconds."""
    wave_width: float = 0.25
    """SD of a motor neuron's activity in time, in seconds."""
    gain_low: float = 0.5
    gain_high: float = 5.0
    """The teacher's gains stay between the two (through tanh, where the source clamps)."""
    start_gain_high: float = 1.5
    """They start uniform between the lower bound and this."""
    penalty: float = 1.0
    """lambda, weight of the mean squared premotor rate; the source's is not known to us."""
    teacher_steps: int = 5_000
    """Adam steps of a teacher."""
    teacher_rate: float = 1e-2
    """Its learning rate at the start; it falls tenfold, evenly in its logarithm."""
    least_r2: float = 0.5
    """A teacher must explain this share of the motor targets' variance, or it does not crawl and
    the claim is not tested."""
    n_recorded: tuple[int, ...] = (2, 8, 24, 48, 96)
    """Recorded premotor neurons M, a subset of the published list."""
    n_seeds: int = 3
    """Teachers, each with its own students."""
    n_clamped: int = 10
    """Second-order steps of a student with recorded neurons clamped."""
    n_steps: int = 30
    """And without, at most."""
    start_gain: float = 0.5
    """A student's gains start as |this x (SD of the teacher's x N(0, 1) + their mean)|."""
    n_null_draws: int = 3
    """Draws of each null wiring, each with a student of its own."""
