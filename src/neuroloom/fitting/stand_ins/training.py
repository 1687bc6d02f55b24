"""How stand-ins are trained."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["StandInTraining"]


@dataclass(frozen=True)
class StandInTraining:
    """Adam on batches of rows; some rows of each student say when to stop.

    Attributes:
        n_steps: Steps at most; `for_epochs` says how many an epoch takes.
        batch_size: Rows a step, drawn with replacement; a student of fewer rows sees all of them at
            every step.
        learning_rate: Of Adam; with `anneals` the largest one.
        anneals: Whether the rate rises from 0 over the first 1/20 of the steps and falls back to 0
            at the last one, along a cosine; else it stays.
        forgetting: Of Adam's mean of squared gradients, for each step.
        validation: Part of each student's own rows on which it stops and its best parameters are
            chosen; 0 trains to the end and keeps the last ones, as published.
        patience: Checks without improvement before a student stops; None goes on, and keeps the
            best.
        check_every: Steps between checks.
        together: Students that a device trains at once; above 1 pays where layers are narrow.

    Source:
        Adam at 0.001, squared error, batches of 200: Liu, Mavor-Parker and Barry (2022). They draw
        without replacement, epoch by epoch, stop at no time, and keep the rate. The cosine:
        Loshchilov and Hutter, SGDR, ICLR (2017).
    """

    n_steps: int = 2_500
    batch_size: int = 200
    learning_rate: float = 1e-3
    anneals: bool = False
    forgetting: float = 0.001
    validation: float = 0.1
    patience: int | None = 10
    check_every: int = 100
    together: int = 1

    def __post_init__(self) -> None:
        for name in ("n_steps", "batch_size", "check_every", "together"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {getattr(self, name)}. Leave it out for "
                    "the default."
                )
        if not self.learning_rate > 0:
            raise InputError(
                f"`learning_rate` must be above 0; got {self.learning_rate}. Leave it out for "
                "the default."
            )
        if not 0 < self.forgetting < 1:
            raise InputError(
                f"`forgetting` must be a part, above 0 and below 1; got {self.forgetting}. Leave "
                "it out for the default."
            )
        if not 0 <= self.validation < 1:
            raise InputError(
                f"`validation` must be a part, at least 0 and below 1; got {self.validation}. 0.1 "
                "sets a tenth of each student's rows aside."
            )

    def for_epochs(self, epochs: int | float, n_rows: int) -> "StandInTraining":
        """The same for as many steps as it takes to see `n_rows` rows `epochs` times."""
        n_steps = max(1, round(epochs * -(-n_rows // self.batch_size)))
        return StandInTraining(**{**vars(self), "n_steps": n_steps})
