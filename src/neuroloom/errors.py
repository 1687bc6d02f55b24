"""What can go wrong, as a tree.

    Exception
    └── NeuroloomError            the command line prints it without a traceback and exits with 2
        ├── InputError            an argument or a file is not what it must be (also a ValueError)
        ├── SimulationError       numbers stopped being finite, or did not converge
        └── StudyError            a run folder or a study cannot be carried on

Every message has three parts: what must hold, what was found, what to do next.
"""

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "NeuroloomError", "SimulationError", "StudyError", "nearest"]


class NeuroloomError(Exception):
    """Anything that neuroloom raises on purpose."""


class InputError(NeuroloomError, ValueError):
    """An argument or a file is not what it must be."""


class SimulationError(NeuroloomError):
    """A simulation or a fit left the finite numbers, or did not converge."""


class StudyError(NeuroloomError):
    """A run folder or a study cannot be carried on."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known words, for the end of an error.

    Example:
        >>> nearest("taw", ["tau", "gain"])
        'Did you mean `tau`?'
        >>> nearest("zzz", ["tau", "gain"])
        'Known: gain, tau.'
    """
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(choices)}."
