"""Training networks on tasks: ensembles of seeds as one compiled program, on fresh trials."""

from neuroloom.fitting.tasks.choices import gains_and_biases, published_parameters
from neuroloom.fitting.tasks.fit import fit_task
from neuroloom.fitting.tasks.fitted import TaskFit
from neuroloom.fitting.tasks.score import normalized_error
from neuroloom.fitting.tasks.training import TaskTraining

__all__ = [
    "TaskFit",
    "TaskTraining",
    "fit_task",
    "gains_and_biases",
    "normalized_error",
    "published_parameters",
]
