"""The swim task of NCAP: a chain of small plates, rewarded for swimming fast enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, check_starts
from neuroloom.tasks.control.physics import Body, Moved, PhysicsRun
from neuroloom.tasks.control.swimmer import check_links

__all__ = ["NcapSwim", "plate_model"]

TIMESTEP, SKIP = 0.002, 15
WANTED = 0.1  # m/s


@dataclass(frozen=True)
class NcapSwim(ControlTask):
    r"""Swim forward: reward $\mathrm{clip}(v / 0.1, 0, 1)$ a control step of 30 ms, v in m/s.

    v is the speed of the head along its own axis. The body is dm_control's swimmer without its
    target: links of 0.1 m, of 10 g each, hinges that turn by up to 360 degrees over the number of
    links. The observation has the angles of the hinges, head to tail, in rad.

    Attributes:
        n_links: 3 to 12.
        n_steps: Control steps of an episode.

    Raises:
        InputError: If a number is out of its range.

    Source:
        Bhattasali, Zador and Engel, NCAP, NeurIPS 2022 (code under MIT) for the reward; dm_control
        1.0 (Apache-2.0) for constants of the body.
    """

    n_links: int = 6
    n_steps: int = 1000

    def __post_init__(self) -> None:
        """Refuses bodies that were not meant."""
        check_links(self.n_links)
        if self.n_steps < 1:
            raise InputError(
                f"`n_steps` must be at least 1; got {self.n_steps}. The published episode has 1000."
            )

    @property
    def name(self) -> str:
        """With the number of links."""
        return f"NCAP's swim with {self.n_links} links"

    @property
    def n_actions(self) -> int:
        """A torque a hinge, -1 to 1."""
        return self.n_links - 1

    @property
    def n_observations(self) -> int:
        """An angle a hinge."""
        return self.n_links - 1

    @property
    def dt(self) -> float:
        """Of a control step, in s."""
        return SKIP * TIMESTEP

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """All of the observation."""
        return tuple(range(self.n_links - 1))

    def draw_starts(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "episode state"]:
        """At rest, in any direction, hinges uniform in their range.

        Args:
            rng: Randomness.
            n: Episodes.
        """
        size = self.n_links + 2
        starts = np.zeros((n, 2 * size))
        starts[:, 2] = rng.uniform(-np.pi, np.pi, n)
        bound = 2 * np.pi / self.n_links
        starts[:, 3:size] = rng.uniform(-bound, bound, (n, self.n_links - 1))
        return starts

    def begin(
        self, starts: Float[np.ndarray, "episode state"], *, n_threads: int = 1
    ) -> PhysicsRun:
        """Swimmers side by side.

        Args:
            starts: Positions, then velocities.
            n_threads: Threads of the physics.

        Raises:
            InputError: If starts are of another body, or MuJoCo is not installed.
        """
        size = self.n_links + 2
        starts = check_starts(starts, 2 * size, self.name)

        def observe(state: np.ndarray, extra: np.ndarray | None) -> np.ndarray:
            del extra
            return state[:, 3:size]

        def reward(moved: Moved) -> np.ndarray:
            return np.clip(swim_speed(moved.after, size) / WANTED, 0, 1)

        body = Body(plate_model(self.n_links), SKIP, observe, reward)
        return PhysicsRun(body, self.name, starts, n_threads=n_threads)


def swim_speed(
    state: Float[np.ndarray, "episode state"], n_positions: int
) -> Float[np.ndarray, " episode"]:
    """Speed of the middle of the head along its axis, forward positive, in m/s.

    The head's own y axis points to the tail. Its slides and its hinge act 50 mm ahead of its
    middle, in the direction of -y.

    Args:
        state: Positions, then velocities.
        n_positions: How many are positions.
    """
    angle = state[:, 2]
    vx, vy, turning = state[:, n_positions : n_positions + 3].T
    # The middle is at +50 mm along y of the hinge; turning moves it across y, not along it.
    del turning
    return -(-np.sin(angle) * vx + np.cos(angle) * vy)


def plate_model(n_links: int) -> str:
    """The MJCF model of the swimmer.

    Args:
        n_links: Of 0.1 m.
    """
    plate = (
        '<geom type="box" size="0.001 0.05 0.01" mass="0.01" rgba="0 0 0 0"/>'
        '<geom type="capsule" size="0.01" fromto="0 -0.05 0 0 0.05 0" mass="0" '
        'rgba="0.1 0.35 0.7 1"/>'
    )
    bound = 360 / n_links
    inner = ""
    for hinge in reversed(range(1, n_links)):
        inner = (
            f'<body name="link{hinge}" pos="0 0.1 0"><joint name="hinge{hinge}" type="hinge" '
            f'pos="0 -0.05 0" axis="0 0 1" limited="true" range="{-bound} {bound}" '
            'solreflimit="0.05 1" solimplimit="0 0.8 0.1" armature="1e-6"/>'
            f"{plate}{inner}</body>"
        )
    motors = "".join(
        f'<motor joint="hinge{n}" gear="5e-4" ctrllimited="true" ctrlrange="-1 1"/>'
        for n in range(1, n_links)
    )
    return (
        '<mujoco model="swim"><compiler angle="degree"/>'
        f'<option timestep="{TIMESTEP}" density="3000"><flag contact="disable"/></option>'
        '<worldbody><light directional="true" diffuse="1 1 1" pos="0 0 5" dir="0 0 -1"/>'
        '<geom type="plane" size="2 2 0.1" rgba="0.93 0.93 0.9 1"/>'
        '<body name="head" pos="0 0 0.05"><camera name="above" mode="trackcom" pos="0 0 1"/>'
        '<joint type="slide" axis="1 0 0" pos="0 -0.05 0"/>'
        '<joint type="slide" axis="0 1 0" pos="0 -0.05 0"/>'
        '<joint type="hinge" axis="0 0 1" pos="0 -0.05 0"/>'
        f"{plate}{inner}</body></worldbody><actuator>{motors}</actuator></mujoco>"
    )
