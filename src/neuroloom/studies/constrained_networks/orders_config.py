"""Every number of the arms on eigenmodes and recording orders, each written once. Nothing heavy."""

from dataclasses import dataclass

from neuroloom.errors import InputError

__all__ = ["ORDERS_PRESETS", "OrdersConfig"]


@dataclass(frozen=True)
class OrdersConfig:
    """Figs 7 g-i and 8."""

    linear_neurons: int = 300  # of the linear teacher
    linear_rank: int = 60  # singular components that are kept
    linear_strength: float = 1.4  # SD of the weights times sqrt(N), before
    linear_recorded: tuple[int, ...] = (5, 10, 20, 30, 40, 50)  # numbers of recorded neurons
    linear_targets: int = 50  # students of each order, each wrong by biases of its own
    linear_error_sd: float = 4.5  # of what students start wrong by
    linear_draws: int = 15  # random orders
    linear_steps: int = 500  # of gradient descent, for every order alike
    linear_seeds: int = 5  # linear teachers

    order_recorded: tuple[int, ...] = (10, 20, 40)  # numbers of the cycling network's neurons
    order_draws: int = 4  # random orders
    order_seeds: int = 5  # starting points of students, each with orders of its own
    order_trials: int = 3  # kinds of trials in the Gauss-Newton matrix, the first trial of each
    order_samples: int = 20  # of each
    gain_sd: float = 0.5  # prior of gains, around a student's start
    bias_sd: float = 0.1  # prior of biases, in units of the state
    noise: float = 0.01  # SD of a sample, unit of rate, that orders count with
    n_bins: int = 5  # of modes, the stiffest first

    def __post_init__(self) -> None:
        """Numbers that make no orders are refused."""
        outside = [m for m in self.linear_recorded if not 1 <= m < self.linear_neurons]
        if outside or not 1 <= self.linear_rank <= self.linear_neurons:
            raise InputError(
                f"`linear_recorded` must be from 1 to below {self.linear_neurons}, the neurons, "
                f"and `linear_rank` from 1 to that; got {self.linear_recorded} and "
                f"{self.linear_rank}. Leave them out for the preset's values."
            )
        if min(self.order_recorded, default=1) < 1 or self.order_seeds < 0:
            raise InputError(
                "`order_recorded` must hold numbers of at least 1 and `order_seeds` be at least 0; "
                f"got {self.order_recorded} and {self.order_seeds}. Leave them out for the "
                "preset's values."
            )


ORDERS_PRESETS = {
    "fast": OrdersConfig(
        linear_neurons=100,
        linear_rank=20,
        linear_recorded=(2, 5, 10, 15),  # below the rank: beyond it no neuron tells anything new
        linear_seeds=3,
        order_seeds=0,  # a cycling network of this size decides nothing
    ),
    "decide": OrdersConfig(),
    "paper": OrdersConfig(
        order_recorded=(5, 10, 20, 30, 40, 60, 80), order_draws=4, order_seeds=10, linear_seeds=10
    ),
}
