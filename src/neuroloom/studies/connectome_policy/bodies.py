"""The swimmer of the study."""

from __future__ import annotations

from neuroloom.tasks.control import Integrator, Swimmer

__all__ = ["BODY", "body"]

BODY = 6


def body(n_links: int, n_steps: int) -> Swimmer:
    """The swimmer of the study, stepped by Euler's method.

    Args:
        n_links: Of its chain.
        n_steps: Control steps of an episode.
    """
    return Swimmer(n_links=n_links, n_steps=n_steps, integrator=Integrator.EULER)
