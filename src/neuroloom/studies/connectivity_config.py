"""Every number of an estimate of connectivity, each written once. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal

from neuroloom.errors import InputError

__all__ = ["ConnectivityConfig"]


@dataclass(frozen=True)
class ConnectivityConfig:
    """How connections are estimated from a recording, and what is held out."""

    lags: int | None = None
    """Steps of the past that predict; by default as many as forecast held-out blocks best, of 1, 2,
    3 and 5. Calcium needs at least 2."""
    factors: int | None = None
    """Factors of common drive; by default those above what noise alone gives."""
    bootstraps: int = 20
    """Block bootstraps, for how stable each connection is."""
    blocks: int = 50
    """Blocks of time that bootstraps draw and standard errors rest on."""
    test_fraction: float = 0.2
    """Last part of every trial, or last trials where there are five or more, on which forecasts are
    scored. Connections are estimated from everything."""
    least_observed: float = 0.9
    """Neurons observed in a smaller share of frames are left out: a frame counts only if all others
    are observed in it."""
    horizon: int = 20
    """Steps that free-running forecasts look ahead."""
    twins: int = 1
    """Simulated twins, which say what can be found in data like these."""
    draws: int = 20
    """Null wirings that the comparison with a connectome is held against."""
    prior: bool = False
    """Let the connectome say, too, where connections are likelier; how much, is estimated. The
    comparison with it then says nothing, and is left out."""
    deconvolve: Literal[1, 2] | None = None
    """Estimate connections a second time, from what goes into a slow sensor: 1 for calcium that
    rises at once, 2 for one that rises and decays; the decay is estimated."""
    seed: int = 0
    """Every random number follows from it."""

    def __post_init__(self) -> None:
        """Numbers that make no estimate are refused."""
        for name, least in (
            ("lags", 1),
            ("factors", 0),
            ("bootstraps", 0),
            ("blocks", 2),
            ("horizon", 1),
            ("twins", 0),
            ("draws", 1),
            ("seed", 0),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(
                    f"`--{name}` must be at least {least}; got {value}. Leave it out for its "
                    "default."
                )
        for name in ("test_fraction", "least_observed"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(
                    f"`--{name.replace('_', '-')}` must be above 0 and below 1; got "
                    f"{getattr(self, name)}. Leave it out for its default."
                )
