"""Bodies and other things to control, many episodes side by side. Physics: extra `control`."""

from neuroloom.tasks.control.cart_pole import CartPole
from neuroloom.tasks.control.delayed_memory import DelayedMemory
from neuroloom.tasks.control.digits import Digits
from neuroloom.tasks.control.form import ControlTask, Running
from neuroloom.tasks.control.gym_body import GymBody, GymTask
from neuroloom.tasks.control.ncap_swim import NcapSwim
from neuroloom.tasks.control.noisy import Noisy
from neuroloom.tasks.control.swimmer import Integrator, Swimmer

__all__ = [
    "CartPole",
    "ControlTask",
    "DelayedMemory",
    "Digits",
    "GymBody",
    "GymTask",
    "Integrator",
    "NcapSwim",
    "Noisy",
    "Running",
    "Swimmer",
]
