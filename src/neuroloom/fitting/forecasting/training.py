"""How forecasters are trained."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["Training"]


@dataclass(frozen=True)
class Training:
    r"""Adam on short runs of frames; the last part of each session says when to stop.

    Attributes:
        n_steps: Steps at most.
        n_frames: Frames that a segment forecasts, 25 to 100 on a CPU: what they compute stays in
            cache, and gradients are added up over segments.
        batch_size: Segments of each session in a step; all where there are fewer.
        learning_rate: Of everything but the connectivity, at the start.
        connectivity_rate: Of the connectivity, at the start.
        l1: Penalty on the absolute weights of free and sparse connectivities, in units of
            1 / sqrt(n), n the frames trained on: by chance alone the loss of a neuron has a slope
            of that SD by the weight of a connection that is not there. It is that of a lasso on
            standardized activity, $$|y - X a|^2 / 2n + \lambda |a|_1$$, with lambda = l1 / sqrt(n).
        factor_penalty: Penalty on half the squared factors of connectivities of low rank, for each
            neuron in nats per frame.
        data_share: Part of the data in what a forecaster sees of its segment; see `ForecastLoss`.
        validation: Part of each session, from its end, on which training stops and the best
            parameters are chosen; neither trained on nor in means and SDs.
        patience: Checks without improvement before a member stops.
        check_every: Steps between checks.
        clip_norm: Largest norm of a gradient; None does not clip.
    """

    n_steps: int = 1_500
    n_frames: int = 50
    batch_size: int = 64
    learning_rate: float = 1e-3
    connectivity_rate: float = 1e-3
    l1: float = 0.8
    factor_penalty: float = 0.0
    data_share: float = 1.0
    validation: float = 0.15
    patience: int | None = 10
    check_every: int = 50
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        for name in ("n_frames", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {getattr(self, name)}. Leave it out for "
                    "the default."
                )
        for name in ("l1", "factor_penalty", "learning_rate", "connectivity_rate"):
            if not getattr(self, name) >= 0:
                raise InputError(
                    f"`{name}` must be at least 0; got {getattr(self, name)}. 0 switches it off."
                )
        if not 0 <= self.data_share <= 1:
            raise InputError(
                f"`data_share` must be 0 to 1; got {self.data_share}. 1 forecasts from the data "
                "alone, 0 runs free over each segment."
            )
        if not 0 <= self.validation < 1:
            raise InputError(
                f"`validation` must be a part, at least 0 and below 1; got {self.validation}. 0.15 "
                "sets the last 15 % aside."
            )
