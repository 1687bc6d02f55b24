"""From wiring to activity, and back.

Names load when they are first used; importing neuroloom does nothing else.

    import neuroloom as nl
    worm = nl.datasets.connectome("worm")
    run = nl.predict()               # the main job, on real data; see `neuroloom predict --help`
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Connectome": "neuroloom.connectome",
    "Fit": "neuroloom.fitting",
    "InputError": "neuroloom.errors",
    "NeuroloomError": "neuroloom.errors",
    "RateNetwork": "neuroloom.networks",
    "Recording": "neuroloom.recording",
    "SimulationError": "neuroloom.errors",
    "connectivity": "neuroloom.studies.connectivity",
    "datasets": "neuroloom.datasets",
    "evaluate": "neuroloom.analysis",
    "fit": "neuroloom.fitting",
    "inspect": "neuroloom.studies.inspection",
    "plan": "neuroloom.studies.planning",
    "predict": "neuroloom.studies.prediction",
    "read_connectome": "neuroloom.connectome",
    "read_recording": "neuroloom.recording",
    "run": "neuroloom.studies.framework",
    "simulate": "neuroloom.simulation",
    "write_report": "neuroloom.report",
}

__all__ = ["__version__", *sorted(_HOME)]  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from neuroloom import datasets
    from neuroloom.analysis import evaluate
    from neuroloom.connectome import Connectome, read_connectome
    from neuroloom.errors import InputError, NeuroloomError, SimulationError
    from neuroloom.fitting import Fit, fit
    from neuroloom.networks import RateNetwork
    from neuroloom.recording import Recording, read_recording
    from neuroloom.report import write_report
    from neuroloom.simulation import simulate
    from neuroloom.studies.connectivity import connectivity
    from neuroloom.studies.framework import run
    from neuroloom.studies.inspection import inspect
    from neuroloom.studies.planning import plan
    from neuroloom.studies.prediction import predict


def __getattr__(name: str) -> object:
    if name not in _HOME:
        from neuroloom.errors import nearest

        raise AttributeError(f"neuroloom has no `{name}`. {nearest(name, __all__)}")
    module = import_module(_HOME[name])
    return module if _HOME[name] == f"neuroloom.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
