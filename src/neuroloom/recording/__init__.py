"""Recordings: the value, readers, splits, alignment with a connectome, preprocessing."""

from neuroloom.recording.align import Alignment, align
from neuroloom.recording.connectivity import read_connectivity, write_connectivity
from neuroloom.recording.csv import read_csv, write_csv
from neuroloom.recording.homologs import alone, homolog_groups, homolog_of
from neuroloom.recording.matlab import MatlabLayout, matlab_variables, read_matlab
from neuroloom.recording.netcdf import read_netcdf, write_netcdf
from neuroloom.recording.npz import read_npz, write_npz
from neuroloom.recording.nwb import Linear, Nearest, read_nwb, write_nwb
from neuroloom.recording.preprocess import (
    Baseline,
    Scale,
    Trend,
    fit_baseline,
    fit_scale,
    fit_trend,
    resample,
)
from neuroloom.recording.pynapple import from_pynapple, to_pynapple
from neuroloom.recording.read import read_recording
from neuroloom.recording.recording import ACTIVITY_KINDS, Recording
from neuroloom.recording.splits import (
    Animals,
    Fold,
    HeldOutNeurons,
    StimulatedNeurons,
    TimeBlocks,
    Trials,
)
from neuroloom.recording.stimulus import Stimulus
from neuroloom.recording.wormwideweb import KeepSurest, read_wormwideweb
from neuroloom.recording.zarr import read_zarr, write_zarr

__all__ = [
    "ACTIVITY_KINDS",
    "Alignment",
    "Animals",
    "Baseline",
    "Fold",
    "HeldOutNeurons",
    "KeepSurest",
    "Linear",
    "MatlabLayout",
    "Nearest",
    "Recording",
    "Scale",
    "StimulatedNeurons",
    "Stimulus",
    "TimeBlocks",
    "Trend",
    "Trials",
    "alone",
    "align",
    "fit_baseline",
    "fit_scale",
    "fit_trend",
    "from_pynapple",
    "homolog_groups",
    "homolog_of",
    "matlab_variables",
    "read_connectivity",
    "read_csv",
    "read_matlab",
    "read_netcdf",
    "read_npz",
    "read_nwb",
    "read_recording",
    "read_wormwideweb",
    "read_zarr",
    "resample",
    "to_pynapple",
    "write_connectivity",
    "write_csv",
    "write_netcdf",
    "write_npz",
    "write_nwb",
    "write_zarr",
]
