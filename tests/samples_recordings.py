"""One small file of every format of recordings, in its exact public layout, and how to read it."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from neuroloom.recording import (
    Linear,
    MatlabLayout,
    Recording,
    Stimulus,
    read_connectivity,
    read_csv,
    read_matlab,
    read_netcdf,
    read_npz,
    read_nwb,
    read_wormwideweb,
    read_zarr,
    write_connectivity,
    write_csv,
    write_netcdf,
    write_npz,
    write_nwb,
    write_zarr,
)

SESSION = {
    "session_description": "made for a test",
    "identifier": "none",
    "session_start_time": datetime(2026, 1, 1, tzinfo=UTC),
}
CONNECTIVITY = {
    "pre": np.array([720575940621039145, 7, 8]),
    "post": np.array([7, 8, 720575940621039145]),
    "weight": np.array([0.5, -1.25, 3.0]),
    "low": np.array([0.0, -2.0, np.nan]),
    "high": np.array([1.0, -1.0, np.nan]),
    "unit": "Hz",
}
RNG_SEED = 0
N_FRAMES, N_NEURONS = 12, 3  # of a worm
LABELS = {
    "1": {"label": "AVAL", "neuron_class": "AVA", "LR": "L", "DV": "undefined", "confidence": 4.5},
    "3": {"label": "RIA?", "neuron_class": "RIA", "LR": "missing", "DV": "n", "confidence": 2.0},
}
MATLAB = MatlabLayout(
    activity="session.dff",
    axes=("time", "neuron"),
    neuron_id="names",
    time="session.t",
    behavior={"speed": "speed"},
)


def recording() -> Recording:
    values = np.random.default_rng(RNG_SEED).normal(size=(2, 5, 3))
    values[1, 2, 0] = np.nan
    return Recording(
        values,
        np.array([720575940621039145, 7, 8]),
        kind="rate",
        dt=0.5,
        start=1.0,
        inputs=np.ones((2, 5, 1)),
        input_name=("light",),
        stimuli=(Stimulus(1, 2.0, 0.5, "AVAL", "puff"),),
        behavior={"speed": np.arange(10.0).reshape(2, 5)},
        trials={"animal": np.array(["w1", "w2"]), "good": np.array([True, False])},
        n_observations=np.ones((2, 5, 3), int),
        annotations={"q": np.zeros((2, 5, 3))},
        unit="Hz",
        name="a sample",
        audit=("made by hand",),
    )


def plain() -> Recording:
    values = np.random.default_rng(RNG_SEED).normal(size=(1, 6, 3))
    return Recording(values, np.array(["AVAL", "AVAR", "ASHL"]), kind="calcium", dt=0.25)


def worm_traces() -> np.ndarray:
    """(neuron, time), as the website shows them."""
    return np.random.default_rng(RNG_SEED).normal(1.0, 0.2, size=(N_NEURONS, N_FRAMES)).round(4)


def frames() -> np.ndarray:
    """Two stretches with a break, in seconds: 0.6 s a frame."""
    return (5 + 0.6 * np.arange(N_FRAMES)).round(6)


def flat_worm(**changed) -> dict:
    """Keys of the JSON of the first website (CePNEM-web)."""
    traces = worm_traces()
    zscored = (traces - traces.mean(1, keepdims=True)) / traces.std(1, keepdims=True)
    column = np.linspace(-0.5, 0.5, N_FRAMES)
    return {
        "uid": "2022-08-02-01",
        "max_t": N_FRAMES,
        "avg_timestep": 0.01,  # minutes: 0.6 s
        "num_neurons": N_NEURONS,
        "dataset_type": ["neuropal", "baseline"],
        "timestamp_confocal": frames().tolist(),
        "trace_array": zscored.tolist(),
        "trace_original": traces.tolist(),
        "labeled": LABELS,
        "velocity": column.tolist(),
        "head_curvature": (2 * column).tolist(),
        "pumping": (3 + column).tolist(),
        "angular_velocity": (-column).tolist(),
        "body_curvature": (column**2).tolist(),
        "reversal_events": [[2, 4], [7, 9]],
        "ranges": [list(range(1, N_FRAMES + 1))],
        "events": {"heat": [4]},
    } | changed


def grouped_worm(**changed) -> dict:
    """Keys of the JSON of the second website (WormWideWebData.jl)."""
    flat = flat_worm()
    label = {key: {**said, "region": "head", "roi_id": [9]} for key, said in LABELS.items()}
    return {
        "metadata": {
            "uid": "2022-08-02-01",
            "paper_id": "atanas_kim_2023",
            "dataset_type": ["common-neuropal"],
            "n_neuron": N_NEURONS,
            "source_filename": "2022-08-02-01-data.h5",
            "checksum_h5": "0" * 64,
            "blake3_neuropal_dict": "0" * 64,
        },
        "timing": {
            "mean_timestep": 0.6,  # seconds
            "max_t": N_FRAMES,
            "timestamp_confocal": flat["timestamp_confocal"],
            "event": {"heat": [4]},
        },
        "gcamp": {
            "trace_array": flat["trace_array"],
            "trace_array_original": flat["trace_original"],
        },
        "behavior": {
            "velocity": flat["velocity"],
            "head_angle": flat["head_curvature"],
            "angular_velocity": flat["angular_velocity"],
            "pumping": None,
            "reversal_events": [[2, 4], [7, 9]],
        },
        "label": label,
    } | changed


def _npz(path: Path) -> Path:
    write_npz(path, recording())
    return path


def _csv(path: Path) -> Path:
    write_csv(path, plain())
    return path


def _netcdf(path: Path) -> Path:
    write_netcdf(path, recording())
    return path


def _zarr(path: Path, version: int) -> Path:
    write_zarr(path, recording(), version=version)
    return path


def _nwb_ours(path: Path) -> Path:
    write_nwb(path, recording(), connectivity=CONNECTIVITY, **SESSION)
    return path


def _connectivity(path: Path) -> Path:
    write_connectivity(path, CONNECTIVITY)
    return path


def nwb_session(path: Path, *, units: bool) -> Path:
    """Units or a fluorescence series, with behavior, events, epochs and trials, by pynwb."""
    import pynwb
    from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries

    file = pynwb.NWBFile(experimenter="Somebody Private", **SESSION)
    if units:
        file.add_unit_column("quality", "empty in some rows")
        for unit, times in {10: [0.05, 0.6, 1.2, 2.05], 11: [], 12: [0.4, 3.9]}.items():
            file.add_unit(
                spike_times=times, id=unit, quality="", obs_intervals=[[0.0, 2.0], [2.0, 4.0]]
            )
    else:
        _add_series(pynwb, file)
    file.add_epoch(start_time=0.0, stop_time=4.0)
    file.add_trial_column("choice", "left or right")
    file.add_trial_column("correct", "yes or no")
    file.add_trial(start_time=0.5, stop_time=1.5, choice="left", correct=True)
    file.add_trial(start_time=2.0, stop_time=4.0, choice="", correct=False)
    module = file.create_processing_module("behavior", "of the animal")
    speed = pynwb.TimeSeries(
        name="speed", data=np.arange(21.0), unit="cm/s", starting_time=0.0, rate=5.0
    )
    place = SpatialSeries(
        name="place",
        data=np.stack([np.arange(9.0), -np.arange(9.0)], axis=1),
        timestamps=np.arange(9) * 0.5,
        reference_frame="the corner",
        unit="meters",
    )
    module.add(BehavioralTimeSeries(time_series=speed))
    module.add(Position(spatial_series=place))
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    with h5py.File(path, "a") as file:  # pynwb reads events of this older kind, but writes none
        events = file.create_group("processing/behavior/BehavioralEvents")
        events.attrs["neurodata_type"] = "BehavioralEvents"
        events["lick/data"] = np.ones(3)
        events["lick/timestamps"] = np.array([0.3, 0.35, 2.2])
        events["lick"].attrs["neurodata_type"] = "TimeSeries"
    return path


def _add_series(pynwb, file) -> None:
    from pynwb.ophys import Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries

    device = file.create_device("scope")
    channel = OpticalChannel(name="c", description="d", emission_lambda=500.0)
    plane = file.create_imaging_plane(
        name="p",
        optical_channel=channel,
        description="d",
        device=device,
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="head",
    )
    module = file.create_processing_module("ophys", "d")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(name="s", description="d", imaging_plane=plane)
    for roi in (101, 102, 103):
        table.add_roi(image_mask=np.zeros((2, 2)), id=roi)
    region = table.create_roi_table_region(region=[2, 0], description="d")
    data = np.arange(34.0).reshape(17, 2)
    series = RoiResponseSeries(
        name="dff", data=data, rois=region, unit="dF/F", starting_time=0.0, rate=4.0
    )
    container = Fluorescence()
    module.add(container)
    container.add_roi_response_series(series)


def _nwb_units(path: Path) -> Path:
    return nwb_session(path, units=True)


def _nwb_series(path: Path) -> Path:
    return nwb_session(path, units=False)


def _json(path: Path, document: dict, *, packed: bool = False) -> Path:
    data = json.dumps(document).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def worm_hdf5(path: Path, **changed) -> Path:
    """The processed file of a session: written column first, so Python sees time by neuron."""
    traces = worm_traces().T
    parts = {
        "gcamp/trace_array": (traces - traces.mean(0)) / traces.std(0),
        "gcamp/trace_array_original": traces,
        "gcamp/traces_array_F_F20": traces / np.percentile(traces, 20, axis=0),
        "gcamp/idx_splits": np.array([[1], [N_FRAMES]]),
        "behavior/velocity": np.linspace(-0.5, 0.5, N_FRAMES),
        "behavior/head_angle": np.linspace(-1, 1, N_FRAMES),
        "behavior/angular_velocity": np.linspace(1, -1, N_FRAMES),
        "behavior/pumping": np.full(N_FRAMES, 3.0),
        "behavior/worm_curvature": np.linspace(0, 1, N_FRAMES),
        "behavior/reversal_vec": (np.arange(N_FRAMES) % 5 > 2).astype(int),
        "behavior/reversal_events": np.array([[3, 8], [5, 10]]),
        "timing/timestamp_confocal": frames(),
        "timing/stim_begin_confocal": np.array([4]),
    } | changed
    with h5py.File(path, "w") as file:
        for name, values in parts.items():
            if values is not None:
                file[name] = values
    return path


def worm_twin(path: Path, **changed) -> Path:
    """The flat file: traces over their 20th percentile, labels beside them."""
    traces = worm_traces().T
    parts = {
        "trace_array_F20": traces / np.percentile(traces, 20, axis=0),
        "timestamp_confocal": frames(),
        "neuropal_label": np.array(["AVAL", "missing", "RIA?"], dtype=object),
    } | changed
    with h5py.File(path, "w") as file:
        for name, values in parts.items():
            file[name] = values
    return path


def _matlab_5(path: Path, *, packed: bool) -> Path:
    import scipy.io

    scipy.io.savemat(
        path,
        {
            "session": {"dff": plain().activity[0], "t": 0.25 * np.arange(6.0)[None]},
            "names": np.array(["AVAL", "AVAR", "ASHL"], dtype=object),
            "speed": np.arange(6.0)[:, None],
        },
        do_compression=packed,
    )
    return path


def matlab_73(path: Path) -> Path:
    """As `save -v7.3` writes: a user block, axes reversed, uint16 letters, cells by reference."""
    with h5py.File(path, "w", userblock_size=512) as file:

        def put(name: str, values: np.ndarray, kind: str) -> h5py.Dataset:
            item = file.create_dataset(name, data=values)
            item.attrs["MATLAB_class"] = np.bytes_(kind)
            return item

        put("session/dff", plain().activity[0].T, "double")
        put("session/t", 0.25 * np.arange(6.0)[:, None], "double")
        file["session"].attrs["MATLAB_class"] = np.bytes_("struct")
        put("speed", np.arange(6.0)[None], "double")
        cells = []
        for place, name in enumerate(["AVAL", "AVAR", "ASHL"]):
            letters = np.array([[ord(letter)] for letter in name], np.uint16)
            item = put(f"#refs#/{place}", letters, "char")
            item.attrs["MATLAB_int_decode"] = np.int32(2)
            cells.append(item.ref)
        names = file.create_dataset("names", (3, 1), dtype=h5py.ref_dtype)
        names[:, 0] = cells
        names.attrs["MATLAB_class"] = np.bytes_("cell")
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: a day HDF5 schema 1.00 ."
    with path.open("r+b") as file:
        file.write(head.ljust(124) + b"\x00\x02IM")
    return path


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "npz": lambda folder: _npz(folder / "r.npz"),
    "csv": lambda folder: _csv(folder / "r.csv"),
    "netcdf": lambda folder: _netcdf(folder / "r.nc"),
    "zarr 2 in a zip": lambda folder: _zarr(folder / "r2.zip", 2),
    "zarr 3 in a zip": lambda folder: _zarr(folder / "r3.zip", 3),
    "nwb of ours": lambda folder: _nwb_ours(folder / "ours.nwb"),
    "nwb of units": lambda folder: _nwb_units(folder / "units.nwb"),
    "nwb of a series": lambda folder: _nwb_series(folder / "series.nwb"),
    "worm json, flat": lambda folder: _json(folder / "flat.json", flat_worm()),
    "worm json, grouped": lambda folder: _json(folder / "grouped.json", grouped_worm()),
    "worm json, gzip": lambda folder: _json(folder / "flat.json.gz", flat_worm(), packed=True),
    "worm hdf5": lambda folder: worm_hdf5(folder / "worm-data.h5"),
    "worm hdf5, flat twin": lambda folder: worm_twin(folder / "twin.h5"),
    "matlab 5": lambda folder: _matlab_5(folder / "v5.mat", packed=False),
    "matlab 5, packed": lambda folder: _matlab_5(folder / "v7.mat", packed=True),
    "matlab 7.3": lambda folder: matlab_73(folder / "v73.mat"),
    "connectivity": lambda folder: _connectivity(folder / "connectivity.nc"),
    "connectivity in nwb": lambda folder: _nwb_ours(folder / "connectivity.nwb"),
}

_matlab = partial(read_matlab, layout=MATLAB, kind="calcium")
READERS: dict[str, Callable[[Path], object]] = {
    "npz": read_npz,
    "csv": read_csv,
    "netcdf": read_netcdf,
    "zarr 2 in a zip": read_zarr,
    "zarr 3 in a zip": read_zarr,
    "nwb of ours": read_nwb,
    "nwb of units": partial(read_nwb, dt=0.5, behavior=Linear(), trials="trials"),
    "nwb of a series": partial(read_nwb, behavior=Linear(), trials="trials"),
    "worm json, flat": read_wormwideweb,
    "worm json, grouped": read_wormwideweb,
    "worm json, gzip": read_wormwideweb,
    "worm hdf5": read_wormwideweb,
    "worm hdf5, flat twin": partial(read_wormwideweb, trace="F20"),
    "matlab 5": _matlab,
    "matlab 5, packed": _matlab,
    "matlab 7.3": _matlab,
    "connectivity": read_connectivity,
    "connectivity in nwb": read_connectivity,
}
