"""The linear teacher: a few directions of a random matrix integrate constant biases."""

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks import Linear, RateNetwork, global_value, per_neuron
from neuroloom.studies.constrained_networks.teachers.teacher import Drawn
from neuroloom.studies.constrained_networks.teachers.weights import (
    checked_wiring,
    connectome_of,
    matrix_of,
    with_radius,
)
from neuroloom.studies.constrained_networks.teachers_config import LinearConfig

__all__ = ["draw_linear", "linear_network"]


def draw_linear(config: LinearConfig, connectome: Connectome | None = None) -> Drawn:
    r"""A linear network with W of some singular components, biases N(0, 4.5^2) and gains of 1.

    The full matrix is $1.4\,N(0, 1) / \sqrt N$; `n_components` of its singular components, chosen
    at random, are kept. It starts at 0 and settles at

    $$x^* = (I - W)^{-1} W b$$

    From a connectome come all weights, sign times count, and none of its components is left out.
    They are scaled to a spectral radius of $1.4 \sqrt{K / N}$ (K components), about that of the
    random weights. Biases stay random.

    Raises:
        InputError: If a connectome is given whose connections cannot be weights, or has no loops;
            if the network is not stable.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 8 a-e.
    """
    rng = np.random.default_rng(config.seed)
    n, k = config.n_neurons, config.n_components
    if not 1 <= k <= n:
        raise InputError(
            f"`n_components` must be 1 to the number of neurons, {n}; got {k}. The paper keeps a "
            "fifth."
        )
    left, size, right = np.linalg.svd(config.weight_scale * rng.normal(size=(n, n)) / np.sqrt(n))
    kept = rng.permutation(n)[:k]
    weight = (left[:, kept] * size[kept]) @ right[kept]
    bias = config.bias_sd * rng.normal(size=n)
    note = f"{k} of {n} singular components of {config.weight_scale:g} N(0, 1) / sqrt({n})"
    if connectome is not None:
        radius = config.weight_scale * np.sqrt(k / n)
        weight = with_radius(matrix_of(checked_wiring(connectome, n)), float(radius))
        note = (
            f"weights of {connectome.name or 'a connectome'}, sign times count, scaled to a "
            f"spectral radius of {radius:.3g}"
        )
    fastest = float(np.linalg.eigvals(weight).real.max())
    if not fastest < 1:
        raise InputError(
            "A linear teacher must be stable: all eigenvalues of W below 1 in their real part; "
            f"the largest is {fastest:.3g}. Lower `weight_scale` or `n_components`."
        )
    steps = round(config.duration / config.dt)
    return Drawn(
        connectome=connectome_of(weight, name="linear teacher", like=connectome),
        gain=np.ones(n),
        bias=bias,
        initial=np.zeros(n),
        inputs=np.zeros((1, steps, n)),
        notes=(
            f"{note}; biases N(0, {config.bias_sd:g}^2); its slowest mode has 1 - {fastest:.3g}",
        ),
    )


def linear_network(
    config: LinearConfig, wiring: Connectome, gain: np.ndarray, bias: np.ndarray
) -> RateNetwork:
    """A network whose rates are its states with the biases."""
    n = wiring.n_neurons
    return RateNetwork.from_connectome(
        wiring,
        tau=global_value(config.tau, n, unit="s"),
        gain=per_neuron(gain, n, unit="1"),
        bias=per_neuron(bias, n, unit="state"),
        activation=Linear(),
    )
