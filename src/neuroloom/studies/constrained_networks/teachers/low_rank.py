"""The low-rank teacher: two directions of activity that turn into each other."""

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.teachers.chaotic import burned_in, tanh_network
from neuroloom.studies.constrained_networks.teachers.teacher import Drawn
from neuroloom.studies.constrained_networks.teachers.weights import (
    checked_wiring,
    connectome_of,
    matrix_of,
    with_radius,
)
from neuroloom.studies.constrained_networks.teachers_config import LowRankConfig

__all__ = ["draw_low_rank"]


def draw_low_rank(config: LowRankConfig, connectome: Connectome | None = None) -> Drawn:
    r"""Weights of rank two, gains $N(1, 0.9^2)$, no bias and no input.

    $$W = (m_1 n_1^\top + m_2 n_2^\top) / N$$

    with (m1, m2, n1, n2) of each neuron drawn together, each of variance 1 at first, covariances
    `overlap` of m1, n1 and m2, n2, and +-`rotation` across. The variances of n1 and n2 are raised
    by 10 % until that is possible, and once more.

    No connectome has rank two, so that of a connectome only the two leading singular components
    are taken: every pair of neurons is then connected and signs are no longer the connectome's.
    They are scaled to the spectral radius that the random weights tend to. Gains and the start stay
    random.

    Raises:
        InputError: If a connectome is given whose connections cannot be weights, or whose two
            leading components have no loops.

    Source:
        Beiran and Litwin-Kumar, Nat. Neurosci. 28:2561 (2025), Fig. 3 a-c. The projection of a
        connectome is ours.
    """
    rng = np.random.default_rng(config.seed)
    n = config.n_neurons
    m1, m2, n1, n2 = np.linalg.cholesky(_covariance(config)) @ rng.normal(size=(4, n))
    drawn = (np.outer(m1, n1) + np.outer(m2, n2)) / n
    gain = 1 + config.gain_sd * rng.normal(size=n)
    notes = [f"weights of rank 2 over {n} neurons, gains N(1, {config.gain_sd:g}^2)"]
    if connectome is not None:
        drawn, share = _projected(connectome, config)
        notes[0] = (
            f"the two leading singular components of {connectome.name or 'a connectome'}, which "
            f"hold {share:.1%} of its squared weight; all pairs are connected and signs are those "
            f"of the projection; gains N(1, {config.gain_sd:g}^2)"
        )
    wiring = connectome_of(drawn, name="low-rank teacher", like=connectome)
    initial, note = burned_in(config, tanh_network(config, wiring, gain, np.zeros(n)), rng)
    steps = round(config.duration / config.dt)
    return Drawn(
        connectome=wiring,
        gain=gain,
        bias=np.zeros(n),
        initial=initial,
        inputs=np.zeros((1, steps, n)),
        notes=(*notes, note),
    )


def _covariance(config: LowRankConfig) -> np.ndarray:
    """Of (m1, m2, n1, n2) of a neuron, positive definite."""
    covariance = np.eye(4)
    across = [[config.overlap, config.rotation], [-config.rotation, config.overlap]]
    covariance[:2, 2:] = across
    covariance[2:, :2] = np.transpose(across)
    while np.linalg.eigvalsh(covariance)[0] < 0:
        covariance[[2, 3], [2, 3]] *= 1.1
    covariance[[2, 3], [2, 3]] *= 1.1
    return covariance


def _projected(connectome: Connectome, config: LowRankConfig) -> tuple[np.ndarray, float]:
    weight = matrix_of(checked_wiring(connectome, config.n_neurons))
    if len(weight) < 2:
        raise InputError(
            f"A low-rank teacher must have at least 2 neurons; the connectome has {len(weight)}. "
            "Take a larger one."
        )
    left, size, right = np.linalg.svd(weight)
    share = float((size[:2] ** 2).sum() / (size**2).sum())
    two = (left[:, :2] * size[:2]) @ right[:2]
    return with_radius(two, float(np.hypot(config.overlap, config.rotation))), share
