"""NWB 2: read spikes, fluorescence, behavior and trials; write recordings and connectivity."""

from neuroloom.recording.nwb.behavior import Linear, Nearest
from neuroloom.recording.nwb.read import read_nwb
from neuroloom.recording.nwb.write import write_nwb

__all__ = ["Linear", "Nearest", "read_nwb", "write_nwb"]
