"""Every number of the arms on synthetic teachers (Figs 1 to 4), each written once. Nothing heavy.

Numbers of the published protocol are the defaults of `Published` and of the preset `paper`; what a
smaller preset changes is what it writes.
"""

from dataclasses import dataclass, field

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.teachers_config import CyclingConfig

__all__ = ["SYNTHETIC_PRESETS", "Published", "Quick", "StudentFit", "SyntheticConfig"]


@dataclass(frozen=True)
class Published:
    """The published recipe: Adam on noisy students."""

    n_steps: int = 7_000  # of Adam
    learning_rate: float = 1e-3  # of Adam
    clip_norm: float = 2.0  # of each student's gradient
    batch_size: int = 32  # trials a step, of those that were recorded, or all of fewer
    noise_step_sd: float = 0.002  # on the state of students in training, per step
    stop_below: float | None = None  # mean squared error at which a student stops


@dataclass(frozen=True)
class Quick:
    """Second order, over growing horizons with recorded neurons clamped; no noise in students."""

    horizons: tuple[float, ...] = (0.15, 0.3, 0.5, 1.0)  # parts of the trials, one after another
    n_clamped: int = 10  # steps at each horizon, recorded neurons clamped
    n_free: int = 4  # steps with nothing clamped, on whole trials
    n_inner: int = 40  # conjugate gradient iterations a step with neurons clamped
    n_inner_free: int = 100  # and without
    damping: float = 0.1  # of the first step
    together: int = 4  # students that a device trains at once
    stop_below: float | None = None  # mean squared error at which a student stops


StudentFit = Published | Quick


@dataclass(frozen=True)
class SyntheticConfig:
    """Arms on synthetic teachers."""

    cycling: CyclingConfig = field(default_factory=CyclingConfig)
    n_trained: int = 60  # trials of the cycling teacher to train students on, the first
    n_scored: int = 60  # trials to score students on, the last
    # Numbers of recorded neurons in the cycling network; none leaves its arms out.
    n_recorded: tuple[int, ...] = (
        *(1, 2, 4, 8, 10, 15, 20, 25, 30, 35, 40, 60, 80, 100, 150, 200, 250, 300),
    )
    n_seeds: int = 10  # students for each number of recorded neurons
    noise_step_sd: float = 0.002  # on the state of the cycling teacher while it is recorded
    known: StudentFit = field(default_factory=Published)
    n_permutations: int = 50  # of neurons, for the ceiling

    n_task_seeds: int = 30  # students that see the task alone
    n_task_trained: int = 60  # trials to train them on, the first
    task: StudentFit = field(default_factory=Published)

    unknown: Published = field(default_factory=Published)

    smoothness: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)  # of students; the teacher has 1
    wrong_starts: tuple[float, ...] = (0.25, 4.0)  # of students that train a global smoothness
    mismatch: StudentFit = field(default_factory=lambda: Published(learning_rate=2e-3))

    # Relative SD of weight noise, and probability of a spurious or a missing connection.
    error_levels: tuple[float, ...] = (0.005, 0.01, 0.02, 0.05, 0.1)
    errors: StudentFit = field(default_factory=lambda: Published(learning_rate=2e-3))

    # Neurons of each low-rank teacher.
    low_rank_sizes: tuple[int, ...] = (100, 200, 400, 600, 800, 1000)
    # Numbers of its recorded neurons.
    low_rank_recorded: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 32, 64)
    chaotic_sizes: tuple[int, ...] = (200, 400, 600, 800, 1000)  # neurons of each chaotic teacher
    # Numbers of its recorded neurons; those above its size are left out and named.
    chaotic_recorded: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    n_tanh_seeds: int = 8  # teachers of each size
    tanh: StudentFit = field(
        default_factory=lambda: Published(
            learning_rate=5e-3, clip_norm=1.0, noise_step_sd=1e-3, batch_size=1
        )
    )

    def __post_init__(self) -> None:
        """Numbers that make no students are refused."""
        for name in (
            *("n_trained", "n_task_trained", "n_scored"),
            *("n_permutations", "n_tanh_seeds", "n_seeds"),
        ):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {getattr(self, name)}. Leave it out for the "
                    "preset's value."
                )
        if self.n_task_seeds < 0:
            raise InputError(
                f"`n_task_seeds` must be at least 0; got {self.n_task_seeds}. With 0 the arm "
                "task-only is left out."
            )
        for name in ("n_recorded", "low_rank_recorded", "chaotic_recorded"):
            if min(getattr(self, name), default=1) < 1:
                raise InputError(
                    f"`{name}` must hold numbers of neurons, 1 or more; got {getattr(self, name)}. "
                    "Untrained students are the row of 0 and always there."
                )
        if min((*self.smoothness, *self.wrong_starts), default=1) <= 0:
            raise InputError(
                "`smoothness` and `wrong_starts` must be above 0; got "
                f"{self.smoothness} and {self.wrong_starts}. The teacher has 1."
            )
        if not all(0 < level < 1 for level in self.error_levels):
            raise InputError(
                f"`error_levels` must be between 0 and 1; got {self.error_levels}. 0.05 makes a "
                "twentieth of the connections wrong."
            )

    @property
    def decides_cycling(self) -> bool:
        """Whether the cycling network has the size at which its claims are made."""
        return self.cycling.n_neurons >= 300


SYNTHETIC_PRESETS = {
    # Arms whose claims this size cannot decide have no cells: the cycling and chaotic networks.
    "fast": SyntheticConfig(
        cycling=CyclingConfig(n_neurons=100),
        n_recorded=(),
        n_task_seeds=0,
        smoothness=(),
        wrong_starts=(),
        error_levels=(),
        low_rank_sizes=(100, 400),
        low_rank_recorded=(2, 4, 10, 40),
        chaotic_sizes=(),
        n_tanh_seeds=3,
        tanh=Quick(
            horizons=(1.0,),
            n_clamped=5,
            n_free=25,
            n_inner=20,
            n_inner_free=20,
            together=8,
            stop_below=1e-8,
        ),
    ),
    "decide": SyntheticConfig(
        n_trained=8,
        n_scored=20,
        n_recorded=(2, 10, 40, 100, 200),
        n_seeds=5,
        known=Quick(n_clamped=6, n_free=3),
        n_task_seeds=10,
        n_task_trained=40,  # with a batch of 8 they cost no more, and the other 20 are scored
        task=Published(batch_size=8),
        unknown=Published(n_steps=2_000, batch_size=8),
        mismatch=Quick(n_clamped=6, n_free=3),
        error_levels=(0.01, 0.1),
        errors=Quick(n_clamped=6, n_free=3),
        low_rank_sizes=(100, 400),
        low_rank_recorded=(1, 2, 4, 8, 32),
        chaotic_sizes=(200, 400),
        chaotic_recorded=(16, 32, 64, 128, 256),
        n_tanh_seeds=5,
        tanh=Quick(n_free=40, n_inner_free=40, together=8, stop_below=1e-8),
    ),
    "paper": SyntheticConfig(),
}
