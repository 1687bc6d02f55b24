"""A teacher: a wired network whose activity is recorded, as values and as the files a user has.

`python tests/make_activity_files.py FOLDER` writes edges.csv, neurons.csv and rec.nwb.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from neuroloom.connectome import Connectome
from neuroloom.networks import RateNetwork, StateNoise, global_value, per_neuron
from neuroloom.recording import Recording
from neuroloom.simulation import simulate

FIRST_ID = 720_575_940_600_000_001  # 18 digits: one read as a float is another neuron


@dataclass(frozen=True)
class Teacher:
    """Sizes of a teacher. Some neurons, spread over all types, are driven from outside."""

    n_neurons: int = 40
    n_types: int = 5
    n_partners: int = 8
    n_driven: int = 10
    drive: float = 0.8  # SD of each step of the drive, in units of the state
    n_trials: int = 1
    n_steps: int = 600
    dt: float = 0.05  # s
    tau: float = 0.25  # s
    noise: float = 0.05  # SD of the state per square root of a second
    jitter: float = 0.0  # SD by which a neuron departs from its type, in log gain and in bias
    seed: int = 0


def connectome_of(teacher: Teacher) -> Connectome:
    """Random connections with random counts; the last type inhibits. All signs are known."""
    rng = np.random.default_rng(teacher.seed)
    n = teacher.n_neurons
    type_of = np.arange(n) * teacher.n_types // n
    post = np.repeat(np.arange(n), teacher.n_partners)
    partners = [
        rng.choice(np.delete(np.arange(n), neuron), teacher.n_partners, replace=False)
        for neuron in range(n)
    ]
    pre = np.concatenate(partners)
    inhibits = type_of == teacher.n_types - 1
    return Connectome(
        neuron_id=FIRST_ID + np.arange(n),
        pre=pre,
        post=post,
        kind=np.zeros(pre.size, int),
        count=1 + rng.geometric(0.2, pre.size),
        sign=np.where(inhibits[pre], -1, 1),
        neurons={
            "cell_type": np.array([f"T{k}" for k in type_of]),
            "neurotransmitter": np.where(inhibits, "GABA", "acetylcholine"),
        },
        name="teacher",
    )


def network_of(teacher: Teacher, connectome: Connectome) -> RateNetwork:
    """The teacher's network: gain and bias differ by type (and neuron), the rest is global."""
    rng = np.random.default_rng(teacher.seed + 1)
    names, member = np.unique(connectome.column("cell_type"), return_inverse=True)

    gain, bias = rng.uniform(0.5, 2.0, len(names)), rng.normal(0.0, 0.5, len(names))
    apart = teacher.jitter * rng.normal(size=(2, teacher.n_neurons))
    gain, bias = gain[member] * np.exp(apart[0]), bias[member] + apart[1]

    return RateNetwork.from_connectome(
        connectome,
        tau=global_value(teacher.tau, teacher.n_neurons, unit="s"),
        gain=per_neuron(gain, teacher.n_neurons, unit="1"),
        bias=per_neuron(bias, teacher.n_neurons, unit="state"),
        scale=0.6,
        count_scale=float(connectome.count.sum()) / connectome.n_neurons,
    )


def recording_of(teacher: Teacher, connectome: Connectome, *, inputs: bool = True) -> Recording:
    """Rates of all neurons while a slow random drive acts on some.

    Args:
        teacher: Sizes.
        connectome: Its wiring.
        inputs: Whether the drive is part of the recording, on channels named after its neurons.
    """
    rng = np.random.default_rng(teacher.seed + 2)
    driven = np.sort(rng.choice(teacher.n_neurons, teacher.n_driven, replace=False))
    drive = np.zeros((teacher.n_trials, teacher.n_steps, teacher.n_driven))
    for step in range(1, teacher.n_steps):
        push = rng.normal(0, teacher.drive, drive[:, 0].shape)
        drive[:, step] = 0.95 * drive[:, step - 1] + push
    u = np.zeros((*drive.shape[:2], teacher.n_neurons))
    u[:, :, driven] = drive
    network = network_of(teacher, connectome)
    states = simulate(
        network,
        jnp.asarray(u),
        dt=teacher.dt,
        noise=StateNoise(teacher.noise),
        key=jax.random.key(teacher.seed),
    )
    return Recording(
        activity=np.asarray(network.rate(states), float),
        neuron_id=connectome.neuron_id,
        kind="rate",
        dt=teacher.dt,
        inputs=drive if inputs else None,
        input_name=tuple(str(i) for i in connectome.neuron_id[driven]) if inputs else (),
        unit="Hz",
        name="teacher",
    )


def write_files(folder: Path, teacher: Teacher) -> None:
    """edges.csv and neurons.csv without signs, which follow from transmitters, and rec.nwb."""
    connectome = connectome_of(teacher)
    ids = connectome.neuron_id
    edges = {"pre": ids[connectome.pre], "post": ids[connectome.post], "count": connectome.count}
    pd.DataFrame(edges).to_csv(folder / "edges.csv", index=False)
    columns = {name: connectome.neurons[name] for name in ("cell_type", "neurotransmitter")}
    pd.DataFrame({"neuron_id": ids, **columns}).to_csv(folder / "neurons.csv", index=False)
    write_nwb(folder / "rec.nwb", recording_of(teacher, connectome, inputs=False))


def write_nwb(path: Path, recording: Recording) -> None:
    """The first trial as a fluorescence series, with pynwb."""
    import pynwb
    from pynwb.ophys import DfOverF, ImageSegmentation, OpticalChannel, RoiResponseSeries

    file = pynwb.NWBFile(
        session_description="a simulated teacher",
        identifier="teacher",
        session_start_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="c", description="green", emission_lambda=510.0),
        description="simulated",
        device=file.create_device("scope"),
        excitation_lambda=920.0,
        indicator="GCaMP",
        location="nowhere",
    )
    module = file.create_processing_module("ophys", "simulated")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(
        name="cells", description="one a neuron", imaging_plane=plane
    )
    for neuron in recording.neuron_id.tolist():
        table.add_roi(image_mask=np.zeros((2, 2)), id=neuron)
    rois = table.create_roi_table_region(
        region=list(range(recording.n_neurons)), description="all cells"
    )
    container = DfOverF()
    module.add(container)
    container.add_roi_response_series(
        RoiResponseSeries(
            name="dff",
            data=np.array(recording.activity[0]),
            rois=rois,
            unit="dF/F",
            rate=1 / (recording.dt or 1.0),
        )
    )
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


if __name__ == "__main__":
    write_files(Path(sys.argv[1]), Teacher(n_neurons=60, n_driven=6))
