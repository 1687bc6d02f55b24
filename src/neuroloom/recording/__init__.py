"""Recordings: the value, readers, splits, alignment with a connectome, preprocessing."""

from neuroloom.recording.align import Alignment, align
from neuroloom.recording.csv import read_csv, write_csv
from neuroloom.recording.homologs import alone, homolog_groups, homolog_of
from neuroloom.recording.netcdf import read_netcdf, write_netcdf
from neuroloom.recording.npz import read_npz, write_npz
from neuroloom.recording.nwb import read_nwb
from neuroloom.recording.preprocess import (
    Baseline,
    Scale,
    Trend,
    fit_baseline,
    fit_scale,
    fit_trend,
    resample,
)
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

__all__ = [
    "ACTIVITY_KINDS",
    "Alignment",
    "Animals",
    "Baseline",
    "Fold",
    "HeldOutNeurons",
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
    "homolog_groups",
    "homolog_of",
    "read_csv",
    "read_netcdf",
    "read_npz",
    "read_nwb",
    "read_recording",
    "resample",
    "write_csv",
    "write_netcdf",
    "write_npz",
]
