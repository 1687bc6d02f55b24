"""S1 and S2: four cortical cell types, connected as often and as strongly as was measured."""

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.studies.functional_connectivity.simulators.config import CellTypesConfig
from neuroloom.studies.functional_connectivity.simulators.drive import draw_drive
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated, given_or

__all__ = [
    "CELL_TYPES",
    "CONNECTION_PROBABILITY",
    "STRENGTH",
    "cell_types_of",
    "draw_network",
    "draw_weight",
    "simulate_cell_types",
]

CELL_TYPES = ("EC", "Pvalb", "Sst", "Vip")
SHARE = (0.76, 0.08, 0.08, 0.08)

CONNECTION_PROBABILITY = np.array(
    [
        [13 / 229, 18 / 52, 13 / 56, 3 / 62],
        [22 / 53, 45 / 114, 15 / 84, 1 / 54],
        [20 / 67, 8 / 88, 8 / 154, 12 / 87],
        [11 / 68, 0 / 54, 25 / 84, 2 / 209],
    ]
)
"""Share of tested pairs that are connected; rows are postsynaptic, columns presynaptic types."""

STRENGTH = np.array(
    [
        [0.11, -0.44, -0.16, -0.06],
        [0.27, -0.47, -0.18, -0.10],
        [0.10, -0.44, -0.19, -0.17],
        [0.45, -0.23, -0.17, -0.10],
    ]
)
"""Mean weight of a connection; rows are postsynaptic, columns presynaptic types."""


def cell_types_of(n_neurons: int) -> Shaped[np.ndarray, " neuron"]:
    """The type of each neuron: 76, 8, 8 and 8 %, in blocks.

    Example:
        >>> cell_types_of(200)[[0, 151, 152, 199]].tolist()
        ['EC', 'EC', 'Pvalb', 'Vip']
    """
    ends = np.rint(np.cumsum(SHARE) * n_neurons).astype(int)
    return np.repeat(CELL_TYPES, np.diff(ends, prepend=0))


def draw_weight(
    cell_type: Shaped[np.ndarray, " neuron"], *, weight_sd: float, rng: np.random.Generator
) -> Float[np.ndarray, "post pre"]:
    """Weights W[post, pre], dimensionless, autapses among them.

    A pair is connected with the probability of its types; a connection has a normal weight about
    the strength of its types. With an SD of 0.1 some weights break Dale's rule.

    Args:
        cell_type: Names of `CELL_TYPES`.
        weight_sd: SD of a weight.
        rng: Randomness.
    """
    at = np.array([CELL_TYPES.index(name) for name in cell_type])
    pairs = np.ix_(at, at)
    connected = rng.random((at.size, at.size)) < CONNECTION_PROBABILITY[pairs]
    weight = STRENGTH[pairs] + weight_sd * rng.normal(size=connected.shape)
    return np.where(connected, weight, 0.0)


def draw_network(
    config: CellTypesConfig, *, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "post pre"], Float[np.ndarray, " neuron"]]:
    """W and b of the network that `simulate_cell_types` draws from the same randomness.

    Args:
        config: Sizes.
        rng: Randomness.
    """
    weight = draw_weight(cell_types_of(config.n_neurons), weight_sd=config.weight_sd, rng=rng)
    return weight, config.bias_sd * rng.normal(size=config.n_neurons)


def simulate_cell_types(
    config: CellTypesConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Noisy rates, dimensionless, with one step of delay between neurons.

    $$x_{t+1} = \tanh(W x_t + b) + \sigma \xi_t + d_t, \qquad x_0, b_i, \xi_t \sim N(0, 1)$$

    d is common drive (`DriveConfig`); without it this is S1, with it S2. The recording starts with
    x_1. The same randomness gives the same W, b, start and noise whatever the drive.

    Args:
        config: Sizes, noise and drive.
        rng: Randomness.
        weight: W, in place of one that is drawn.

    Raises:
        InputError: If `weight` does not fit `n_neurons`.

    Example:
        >>> config = CellTypesConfig(n_neurons=50, n_steps=100)
        >>> simulate_cell_types(config, rng=np.random.default_rng(0))
        Simulated(rate, 1 x 100 steps of 1 s, 50 of 50 neurons seen, 352 edges)

    Source:
        The system and both tables: NetFormer (Lu et al., ICLR 2025), read in the authors' code
        (`NetFormer/data.py`, `tools.py`); probabilities and strengths there are from patch-clamp
        recordings of mouse cortex. Common drive is ours.
    """
    n, steps = config.n_neurons, config.n_steps
    cell_type = cell_types_of(n)
    drawn, bias = draw_network(config, rng=rng)
    weight = given_or(drawn, weight)
    x = rng.normal(size=(config.n_trials, n))
    added = rng.normal(size=(config.n_trials, steps, n))
    added *= config.noise_sd
    drive = None
    if config.drive.strength > 0:
        drive = draw_drive(
            config.drive, n_neurons=n, n_trials=config.n_trials, n_steps=steps, rng=rng
        )
        added += drive.on_neuron
    activity = added  # filled from the front, each step read before it is written
    into = np.ascontiguousarray(weight.T)
    for t in range(steps):
        x = np.tanh(x @ into + bias) + added[:, t]
        activity[:, t] = x
    return Simulated(
        activity,
        weight,
        kind="rate",
        dt=1.0,
        seen=np.ones(n, bool),
        cell_type=cell_type,
        latent=None if drive is None else drive.latent,
        drive=None if drive is None else drive.on_neuron,
        notes=("simulated: four cell types, tanh, one step counts as one second",),
    )
