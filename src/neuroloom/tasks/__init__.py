"""Tasks: a pure function of a key that draws trials. One task a file."""

from neuroloom.tasks.cycling import Cycling
from neuroloom.tasks.trials import Trials

__all__ = ["Cycling", "Trials"]
