"""How networks are trained on a task; defaults as published."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["TaskTraining"]


@dataclass(frozen=True)
class TaskTraining:
    r"""AdamW on fresh trials at every update.

    $$L = \mathrm{mean}_\mathrm{mask}(y - y^*)^2 + \lambda\, \mathrm{mean}(r^2)
    + \mu\, (\mathrm{mean}\, W_\mathrm{in}^2 + \mathrm{mean}\, W^2 + \mathrm{mean}\,
    W_\mathrm{out}^2)$$

    The penalty on rates gives way: lambda is multiplied by 2/3 after every update at which its term
    is at least half the error.

    Attributes:
        batch_size: Trials an update.
        n_updates: Updates in all, those of the curriculum included.
        learning_rate: At the start.
        final_rate: The learning rate at the end as a part of that at the start, reached along half
            a cosine; 1, as published, keeps it.
        weight_decay: Of AdamW, on everything that is trained.
        clip_norm: Largest norm of the gradient; longer ones are scaled down.
        noise: SD per step of the noise on the rates, which the outputs read too.
        activity_penalty: lambda at the start.
        weight_penalty: mu; W counts with its connections only.
        curriculum: Stages of shorter (or longer) trials to begin with, each as (steps of a trial,
            updates); what is left of the updates is at the task's own length.

    Source:
        Cueva et al., ICLR 2020, in Cueva's PyTorch code. The penalty on weights is as in Cueva and
        Wei, ICLR 2018, with W added; `final_rate` and `curriculum` are ours.
    """

    batch_size: int = 100
    n_updates: int = 5_000
    learning_rate: float = 1e-3
    final_rate: float = 1.0
    weight_decay: float = 0.01
    clip_norm: float = 10.0
    noise: float = 0.1
    activity_penalty: float = 0.01
    weight_penalty: float = 0.0
    curriculum: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("batch_size", "n_updates"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {getattr(self, name)}. Leave it out for "
                    "the published one."
                )
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise InputError(
                    f"`{name}` must be above 0; got {getattr(self, name)}. Leave it out for the "
                    "published one."
                )
        for name in (
            "final_rate", "weight_decay", "noise", "activity_penalty", "weight_penalty"
        ):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise InputError(
                    f"`{name}` must be at least 0; got {getattr(self, name)}. 0 switches it off."
                )
        for stage in self.curriculum:
            if len(stage) != 2 or min(stage) < 1:
                raise InputError(
                    "Every stage of `curriculum` must be (steps of a trial, updates), both at "
                    f"least 1; got {stage}. Write `((100, 500),)` for 500 updates on short trials."
                )
        n_staged = sum(n for _, n in self.curriculum)
        if n_staged > self.n_updates:
            raise InputError(
                f"`curriculum` must fit into the {self.n_updates} updates of `n_updates`; its "
                f"stages ask for {n_staged}. Raise `n_updates`, which counts all of them."
            )

    def stages(self, n_steps: int) -> tuple[tuple[int, int], ...]:
        """(Steps of a trial, updates) of every stage, for a task of `n_steps`."""
        n_left = self.n_updates - sum(n for _, n in self.curriculum)
        return (*self.curriculum, *(((n_steps, n_left),) if n_left else ()))
