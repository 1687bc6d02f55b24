"""Two-color imaging of the fly's compass with its heading (Turner-Evans 2017). May not ship."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from neuroloom.datasets.entry import Entry
from neuroloom.datasets.local import LocalFiles
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording
from neuroloom.recording.clock import EVEN_TO, checked_time, resample, step_of

__all__ = ["ENTRIES", "FILES", "NAME", "fly_heading", "trials"]

NAME = "fly-heading"
LICENCE = "none stated for the data: all rights reserved; may not ship (article CC BY 4.0)"
CITATION = (
    "Turner-Evans et al. Angular velocity integration in a fly heading circuit. eLife 6:e23496 "
    "(2017), doi:10.7554/eLife.23496"
)
FILES = LocalFiles(
    dataset=NAME,
    folder="fly_heading_turner_evans2017",
    origin="Turner-Evans et al. 2017 (repository AngularVelocityData), one .npz a fly",
    checksums={
        "PEN1-EB_20160423_Fly1.npz": (
            "9b37a7d4393787788e6ae1a82fb0f64bb2820beb7c9cc73666f7480f64c16f51"
        ),
        "PEN1-EB_20160423_Fly3.npz": (
            "de2a11cf3e668d044a4deba7f3e13cf16b618dda14be0ca13d3b8a6471325ea4"
        ),
        "PEN1-EB_20160425_Fly2.npz": (
            "1123a2c1e2b27487d6ba7f696089c0f53c20fa1477c87ed3f68cef5d1fcc9c72"
        ),
        "PEN1-EB_20160429_Fly1.npz": (
            "035e72438d386f6a7998ac584c42f1f75efe94e48081412434edbf73e02a34ad"
        ),
        "PEN1-EB_20160429_Fly3.npz": (
            "fc8c9f1a8c956e061ab373800556017b05d9c58972ec09c4200eec31734afe59"
        ),
        "PEN1-EB_20160504_Fly2.npz": (
            "5fc1b5be20aa654ccf53567931620d6059895892b0dedc1685d462e022a43946"
        ),
        "PEN1-EB_20160504_Fly4.npz": (
            "da776d3f073fe63261a78a952c17220f23c2a3bbd7aed68ed4d0c6aa03c5042b"
        ),
        "PEN1-EB_20160505_Fly1.npz": (
            "d5e759427c1dd4abf7325870a366350e67af28558c3cd0628c805c62524d26c0"
        ),
        "PEN1-EB_20170112_Fly1.npz": (
            "7e03c56af4def7c32f3fc7bf91574dc6b05273bdae422a7ab6b9addce4dbe288"
        ),
        "PEN1-EB_20170114_Fly2.npz": (
            "7cc0338fa4342848fbdd2e1f87d3b0ff4bf0af14db3ebd624d9a797b7196cc92"
        ),
        "PEN1-PB_20160621_Fly1.npz": (
            "ce492571ae294df37255215e3ab92cb2433544b7727cf6680b827bf508bd944e"
        ),
        "PEN1-PB_20160621_Fly4.npz": (
            "c1ab79b00cc2b54f622152ee4cc240879b433613ee9b409f2698614a4465c312"
        ),
        "PEN1-PB_20160622_Fly3.npz": (
            "70a312963291f509d2d3c54495f949138931b39a000cf2397c142bdd02597611"
        ),
        "PEN1-PB_20160903_Fly5.npz": (
            "8c019be23dc2bca1aa84f15d46a67fd5feeb44b5133ebbae5e73e9f939462c1e"
        ),
        "PEN1-PB_20160907_Fly1.npz": (
            "eaf4ef496a831ffe2f439d372953be126ffa874cb319a62d5b788136ebe6d8c2"
        ),
        "PEN1-PB_20160908_Fly1.npz": (
            "7c08d53837a6804c2dda37a43407c7ea50910a162c4d86be838eaf7fb2851621"
        ),
        "PEN1-PB_20160908_Fly3.npz": (
            "f4246af6e42fea582dcaace49e3d438712aff7865e250a38f000cf9567e306fd"
        ),
        "index.json": "7bdd6860894dac295b351c54b9a16171107f4ebceaf59186e61b712afd632fe8",
    },
)
POPULATIONS = {"epg": "EPG", "pen1": "PEN1"}


def trials(*, data: Path | None = None) -> tuple[str, ...]:
    """The name of every trial, `fly/condition_number`, such as `PEN1-EB_20160425_Fly2/1x_1`.

    Raises:
        InputError: If the files are not there; says which to put where.
    """
    index = json.loads(FILES.read("index.json", data))
    return tuple(f"{row['key']}/{row['cond']}_{row['trial']}" for row in index)


def fly_heading(trial: str, *, data: Path | None = None) -> Recording:
    """Calcium of E-PG and P-EN1 neurons, recorded together, and where the fly was heading.

    One place on the neuron axis is a region of the structure: 16 wedges of the ellipsoid body or 18
    glomeruli of the bridge, first of E-PG (`EPG_0`, ...), then of P-EN1 (`PEN1_0`, ...). Their
    order runs along the structure, but where it starts and its sense are arbitrary: compare up to
    rotation and reflection, within a fly. Behavior: `heading_rad`, unwrapped; `forward` and
    `lateral`, displacement on the ball, summed up, whose unit the source does not state. Trial
    columns: `fly`, `condition` (`Dark`, `1x`, `2x`: gain of the stripe), `region`, `green` and
    `red`, what each color shows: they change roles between flies.

    A clock that is not even is resampled to its median interval; the audit says so.

    Args:
        trial: One that `trials` lists.
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If there is no such trial, or the files are not there; says which to put where.

    Source:
        Turner-Evans et al., eLife 6:e23496 (2017), 17 of its flies. The values are fluorescence
        relative to a baseline (F/F0), the maximum projection of each region: they lie near 1 and
        not near 0.
    """
    index = {
        f"{row['key']}/{row['cond']}_{row['trial']}": row
        for row in json.loads(FILES.read("index.json", data))
    }
    if trial not in index:
        raise InputError(
            f"`trial` must be one of {len(index)}, such as {next(iter(index))}; got `{trial}`. "
            f"{nearest(trial, index).partition('Known')[0]}`fly_heading.trials()` lists them."
        )
    row = index[trial]
    fly, _, session = trial.partition("/")
    with np.load(io.BytesIO(FILES.read(f"{fly}.npz", data)), allow_pickle=False) as arrays:
        part = {
            name: arrays[f"{session}/{name}"].astype(np.float64)
            for name in (*POPULATIONS, "t", "heading", "forward", "lateral")
        }
    activity = np.concatenate([part[name] for name in POPULATIONS]).T
    time = checked_time(part["t"])
    columns = np.stack([part["heading"], part["forward"], part["lateral"]], axis=1)
    sentences = [f"read {session} of {fly}.npz: F/F0, not zero-based"]
    interval = (time[-1] - time[0]) / (time.size - 1)
    if np.abs(time - time[0] - interval * np.arange(time.size)).max() > EVEN_TO * interval:
        dt = float(np.median(np.diff(time)))
        time, both, sentence = resample(time, np.concatenate([activity, columns], axis=1), dt)
        activity, columns = both[:, : activity.shape[1]], both[:, activity.shape[1] :]
        sentences.append(sentence)
    else:
        dt = step_of(time)
    n_regions = len(part["epg"])
    return Recording(
        activity=activity[None],
        neuron_id=np.array([f"{p}_{i}" for p in POPULATIONS.values() for i in range(n_regions)]),
        kind="calcium",
        dt=dt,
        start=float(time[0]),
        behavior={
            name: values[None]
            for name, values in zip(("heading_rad", "forward", "lateral"), columns.T, strict=True)
        },
        trials={
            "fly": np.array([fly]),
            "condition": np.array([row["cond"]]),
            "region": np.array([row["region"]]),
            "green": np.array([row["green"]]),
            "red": np.array([row["red"]]),
        },
        unit="F/F0",
        name=f"{NAME}/{trial}",
        licence=LICENCE,
        citation=CITATION,
        audit=tuple(sentences),
    )


def _open(member: str, data: Path | None) -> Recording:
    return fly_heading(member, data=data)


def _members(data: Path | None) -> tuple[str, ...]:
    try:
        return trials(data=data)
    except InputError:  # a listing goes on; opening the dataset says what is wrong
        return ()


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="17 flies, 238 trials: E-PG and P-EN1 calcium and heading",
        licence=LICENCE,
        citation=CITATION,
        where=FILES.where,
        n_bytes=20_741_861,
        is_present=FILES.are_present,
        recording=_open,
        members=_members,
    )
}
