"""A chain of links in a viscous medium: Gymnasium's swimmer with any number of links."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError
from neuroloom.tasks.control.form import ControlTask, check_starts
from neuroloom.tasks.control.physics import Body, Moved, PhysicsRun

__all__ = ["Integrator", "Swimmer", "chain_model", "check_links"]

LINKS = (3, 12)
COST = 1e-4


class Integrator(Enum):
    """How physics steps in time. Returns under different ones must not be compared."""

    RK4 = "RK4"
    EULER = "Euler"
    IMPLICIT_FAST = "implicitfast"


@dataclass(frozen=True)
class Swimmer(ControlTask):
    r"""Swim along x: reward $\dot x - 10^{-4} \sum a^2$ of the first link, a control step.

    Links are capsules of 1 m with a radius of 0.1 m; hinges between them turn by up to 100 degrees
    and have motors. The observation has the angle of the first link, those of the hinges (rad), the
    velocities of the first link (m/s) and all angular velocities (rad/s). With three links and
    Runge-Kutta it is Swimmer-v5 of Gymnasium, number for number.

    Attributes:
        n_links: 3 to 12.
        integrator: Of the physics; Gymnasium's is Runge-Kutta.
        n_steps: Control steps of an episode.
        frame_skip: Physics steps of a control step.
        timestep: Of a physics step, in s.
        spread: Positions and velocities start uniformly within this of 0.

    Raises:
        InputError: If a number is out of its range.

    Source:
        Gymnasium's Swimmer-v5 (MIT) for constants. Schmidgall, Schuman and Parsa, arXiv 2209.14406
        (2022) swim with six links and state no more than that; our model of it is a reconstruction.
    """

    n_links: int = 6
    integrator: Integrator = Integrator.RK4
    n_steps: int = 1000
    frame_skip: int = 4
    timestep: float = 0.01
    spread: float = 0.1

    def __post_init__(self) -> None:
        """Refuses bodies that were not meant."""
        check_links(self.n_links)
        if min(self.n_steps, self.frame_skip) < 1 or self.timestep <= 0 or self.spread < 0:
            raise InputError(
                "`n_steps` and `frame_skip` must be at least 1, `timestep` above 0 and `spread` at "
                f"least 0; got {self.n_steps}, {self.frame_skip}, {self.timestep}, {self.spread}. "
                "Leave them out for Gymnasium's."
            )

    @property
    def name(self) -> str:
        """With the number of links and what steps in time."""
        return f"swimmer of {self.n_links} links, {self.integrator.value}"

    @property
    def n_actions(self) -> int:
        """A torque a hinge, -1 to 1."""
        return self.n_links - 1

    @property
    def n_observations(self) -> int:
        """Angles, then velocities."""
        return 2 * self.n_links + 2

    @property
    def dt(self) -> float:
        """Of a control step, in s."""
        return self.frame_skip * self.timestep

    @property
    def joint_angles(self) -> tuple[int, ...]:
        """Behind the angle of the first link."""
        return tuple(range(1, self.n_links))

    def draw_starts(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "episode state"]:
        """Nearly straight and nearly at rest.

        Args:
            rng: Randomness.
            n: Episodes.
        """
        return rng.uniform(-self.spread, self.spread, (n, 2 * (self.n_links + 2)))

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
        n = self.n_links + 2
        starts = check_starts(starts, 2 * n, self.name)

        def observe(state: np.ndarray, extra: np.ndarray | None) -> np.ndarray:
            del extra
            return state[:, 2:]

        def reward(moved: Moved) -> np.ndarray:
            forward = (moved.after[:, 0] - moved.before[:, 0]) / self.dt
            return forward - COST * (moved.action**2).sum(1)

        xml = chain_model(self.n_links, self.integrator, self.timestep)
        return PhysicsRun(
            Body(xml, self.frame_skip, observe, reward), self.name, starts, n_threads=n_threads
        )


def check_links(n_links: int) -> None:
    """Refuses chains of other lengths than 3 to 12 links.

    Args:
        n_links: Of the chain.

    Raises:
        InputError: If it is too short or too long.
    """
    if not LINKS[0] <= n_links <= LINKS[1]:
        raise InputError(
            f"`n_links` must be {LINKS[0]} to {LINKS[1]}; got {n_links}. The published body has 6."
        )


def chain_model(n_links: int, integrator: Integrator, timestep: float) -> str:
    """The MJCF model of a swimmer.

    Args:
        n_links: Of 1 m.
        integrator: Of the physics.
        timestep: In s.
    """
    link = '<geom type="capsule" size="0.1" density="1000" fromto="0 0 0 -1 0 0"/>'
    inner = ""
    for hinge in reversed(range(1, n_links)):
        ahead = 0.5 if hinge == 1 else -1
        inner = (
            f'<body name="link{hinge}" pos="{ahead} 0 0"><joint name="hinge{hinge}" type="hinge" '
            f'axis="0 0 1" limited="true" range="-100 100"/>{link}{inner}</body>'
        )
    motors = "".join(
        f'<motor joint="hinge{n}" gear="150" ctrllimited="true" ctrlrange="-1 1"/>'
        for n in range(1, n_links)
    )
    return (
        '<mujoco model="swimmer"><compiler angle="degree" inertiafromgeom="true"/>'
        f'<option timestep="{timestep}" integrator="{integrator.value}" density="4000" '
        'viscosity="0.1"/>'
        '<default><geom contype="0" conaffinity="0" condim="1" rgba="0.1 0.35 0.7 1"/>'
        '<joint armature="0.1"/></default>'
        '<worldbody><light directional="true" diffuse="1 1 1" pos="0 0 5" dir="0 0 -1"/>'
        '<geom type="plane" size="40 40 0.1" pos="0 0 -0.1" rgba="0.93 0.93 0.9 1"/>'
        '<body name="head"><camera name="above" mode="trackcom" pos="0 0 9"/>'
        '<joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 1 0"/>'
        '<joint type="hinge" axis="0 0 1"/>'
        '<geom type="capsule" size="0.1" density="1000" fromto="1.5 0 0 0.5 0 0"/>'
        f"{inner}</body></worldbody><actuator>{motors}</actuator></mujoco>"
    )
