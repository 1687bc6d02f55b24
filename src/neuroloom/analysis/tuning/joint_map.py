"""Mean rate by heading and angular velocity at once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from neuroloom.analysis.tuning.joint_sums import joint_sums, mean

__all__ = ["JointMap", "joint_map"]


@dataclass(frozen=True)
class JointMap:
    """Mean rate of every unit by heading and angular velocity.

    Attributes:
        rate: NaN where nothing was observed.
        occupancy: Samples of each unit in each bin.
        heading: Centers of the bins of heading, in rad.
        velocity: Centers of the bins of angular velocity, in deg/step.
    """

    rate: Float[np.ndarray, "neuron heading velocity"]
    occupancy: Float[np.ndarray, "neuron heading velocity"]
    heading: Float[np.ndarray, " heading"]
    velocity: Float[np.ndarray, " velocity"]


def joint_map(
    heading: Float[np.ndarray, "trial time"],
    angular_velocity: Float[np.ndarray, "trial time"],
    rates: Num[np.ndarray, "trial time neuron"],
    *,
    n_headings: int = 360,
    n_velocities: int = 100,
    n_sd: float = 3.0,
) -> JointMap:
    """Mean rate of every unit by heading and angular velocity; standing counts as velocity 0.

    Args:
        heading: In rad; NaN where unknown.
        angular_velocity: In rad/step, counter-clockwise positive; NaN where unknown.
        rates: NaN where not observed.
        n_headings: Bins around the circle; 1 deg as published, fewer for fewer samples.
        n_velocities: Bins of velocity, an even number.
        n_sd: They go to this many standard deviations of the velocities that are not 0.

    Raises:
        InputError: As `head_direction_tuning`.

    Source:
        Cueva et al., ICLR 2020, arXiv:1912.10189, by the code of the analysis: 1 deg by 100 bins.
    """
    joint = joint_sums(
        heading,
        angular_velocity,
        rates,
        n_headings=n_headings,
        n_velocities=n_velocities,
        n_sd=n_sd,
    )
    counts = joint.folded(joint.counts)
    return JointMap(
        rate=mean(joint.folded(joint.sums), counts),
        occupancy=counts,
        heading=2 * np.pi * (np.arange(n_headings) + 0.5) / n_headings,
        velocity=np.rad2deg(joint.center),
    )
