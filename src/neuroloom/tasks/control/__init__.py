"""Bodies and other things to control, many episodes side by side. Physics: extra `control`."""

from neuroloom.tasks.control.form import ControlTask, Running
from neuroloom.tasks.control.ncap_swim import NcapSwim
from neuroloom.tasks.control.noisy import Noisy
from neuroloom.tasks.control.swimmer import Integrator, Swimmer

__all__ = ["ControlTask", "Integrator", "NcapSwim", "Noisy", "Running", "Swimmer"]
