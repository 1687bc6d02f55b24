"""How the command line says in words what readers of connectomes take as objects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """How the file of a connectome is read."""

    neurons: tuple[Path, ...] = ()
    """For an edge list: its tables of neurons, one row each: id and any of cell_type,
    neurotransmitter, sign, side. The first says who the neurons are, others describe them."""
    count_unit: Literal["synapses", "em_sections", "mean_synapses"] | None = None
    """What the counts count, where the file does not say; else synapses."""
    neuropil: str | None = None
    """Only the connections in this neuropil or region, where the file tells them apart."""
    undirected: Literal["electrical", "both-ways"] | None = None
    """What an edge without direction is, in GraphML; refused if not said."""
    on_duplicate: Literal["sum", "keep-first"] | None = None
    """What to do where a connection repeats; refused if not said."""
    on_dangling: Literal["drop"] | None = None
    """What to do with connections to a neuron that no table has; refused if not said."""
    data: Path | None = None
    """Folder with the datasets that may not ship; else $NEUROLOOM_DATA."""

    def options(self) -> dict[str, Any]:
        """The same, as `load_connectome` takes it."""
        from neuroloom.connectome import BothWays, Drop, Electrical, KeepFirst, Refuse, Sum

        policies = {
            "electrical": Electrical(),
            "both-ways": BothWays(),
            "sum": Sum(),
            "keep-first": KeepFirst(),
            "drop": Drop(),
            None: Refuse(),
        }
        return {
            "neurons": self.neurons,
            "count_unit": self.count_unit,
            "neuropil": self.neuropil,
            "undirected": policies[self.undirected],
            "on_duplicate": policies[self.on_duplicate],
            "on_dangling": policies[self.on_dangling],
            "data": self.data,
        }
