"""Damaged files of every format: one error in our words, or a correct read; no crash, no hang."""

import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.recording import Recording, read_recording
from samples_recordings import READERS, SAMPLES, matlab_73, plain, worm_hdf5

pytest.importorskip("pynwb", reason="the extra `nwb` is not installed")
pytest.importorskip("zarr", reason="the extra `zarr` is not installed")
EVIL = (b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(8), b"\xff" * 8, b"9" * 6)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Cut off, bits or bytes changed, a piece left out or put in, or a telling number written."""
    broken, at = bytearray(data), rng.randrange(len(data))
    how = rng.randrange(6)
    if how == 0:
        return data[:at]
    if how == 1:
        for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    elif how == 2:
        for _ in range(rng.choice([1, 1, 2, 8])):
            broken[rng.randrange(len(broken))] = rng.choice([0, 255, 127, 128, rng.randrange(256)])
    elif how == 3:
        del broken[at : at + rng.randrange(1, 64)]
    elif how == 4:
        broken[at:at] = rng.randbytes(rng.randrange(1, 16))
    else:
        number = rng.choice(EVIL)
        broken[at : at + len(number)] = number
    return bytes(broken)


def attacked(name: str, folder: Path, n: int, seed: int) -> tuple[int, int]:
    """How many of n damaged files were read, and how many refused."""
    path = SAMPLES[name](folder)
    data, rng = path.read_bytes(), random.Random(seed)
    n_read = n_refused = 0
    for _ in range(n):
        path.write_bytes(damaged(data, rng))
        try:
            READERS[name](path)
            n_read += 1
        except InputError as error:
            n_refused += "must" in str(error) or "may" in str(error)
    return n_read, n_refused


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_itself_is_read(name, tmp_path):
    assert READERS[name](SAMPLES[name](tmp_path)) is not None


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_answered_in_our_words_or_does_not_matter(name, tmp_path):
    n_read, n_refused = attacked(name, tmp_path, 25, seed=3)
    assert n_refused > 5
    assert n_read + n_refused == 25


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_more_damage_is_answered_as_well(name, tmp_path):
    attacked(name, tmp_path, 1000, seed=4)


def test_a_text_that_became_another_type_does_not_crash_the_process(tmp_path):
    """Bit 0 of the class bits of a variable-length type: libhdf5 2.0 follows a wild pointer."""
    path = tmp_path / "r.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        file.create_group("units").attrs["neurodata_type"] = "Units"
        file["units/id"] = np.arange(2)
    data = path.read_bytes()
    head = data.index(b"neurodata_type") + len(b"neurodata_type\0\0")
    for bit in range(8):
        broken = bytearray(data)
        broken[head + 1] ^= 1 << bit
        path.write_bytes(bytes(broken))
        with pytest.raises(InputError):
            read_recording(path, dt=0.1)


def test_a_file_whose_parts_cannot_be_listed_is_refused(tmp_path):
    """Behind the part that cannot be listed another may kill the library."""
    path = tmp_path / "r.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.5.0"
        file.create_group("units").attrs["neurodata_type"] = "Units"
        file["units/id"] = np.arange(2)
    data = bytearray(path.read_bytes())
    kind = data.index(b"neurodata_type") + len(b"neurodata_type\0\0")
    data[kind] = 0x70 | (data[kind] & 0x0F)  # a version of types that does not exist
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="cannot list its parts"):
        read_recording(path, dt=0.1)


def numbers(file, path, values):
    del file[path]
    file[path] = values


BOMBS = {
    "worm": (worm_hdf5, "gcamp/trace_array_original"),
    "matlab": (matlab_73, "session/dff"),
}


@pytest.mark.parametrize("form", BOMBS)
def test_an_hdf5_bomb_is_not_unpacked_whatever_its_format(form, tmp_path):
    make, name = BOMBS[form]
    path = make(tmp_path / "r.h5")
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_dataset(name, (10**7, 10**4), "f8", chunks=(1000, 1000))
    with pytest.raises(InputError, match="without compression, or in parts"):
        READERS["worm hdf5" if form == "worm" else "matlab 7.3"](path)


def test_many_small_datasets_together_are_a_bomb_too(tmp_path):
    path = worm_hdf5(tmp_path / "r.h5")
    with h5py.File(path, "r+") as file:
        for n in range(20):
            file.create_dataset(f"more/{n}", (10**7,), "f8", chunks=(10**5,))
    with pytest.raises(InputError, match="what comes before it"):
        read_recording(path)


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
def test_numbers_of_another_file_are_never_read(how, tmp_path):
    other = worm_hdf5(tmp_path / "other.h5")
    path = worm_hdf5(tmp_path / "r.h5")
    name = "gcamp/trace_array_original"
    with h5py.File(path, "r+") as file:
        del file[name]
        if how == "link":
            file[name] = h5py.ExternalLink(str(other), name)
        elif how == "storage":
            file.create_dataset(name, (12, 3), "f8", external=[(str(other), 0, 288)])
        else:
            layout = h5py.VirtualLayout((12, 3), "f8")
            layout[:] = h5py.VirtualSource(str(other), name, (12, 3))
            file.create_virtual_dataset(name, layout)
    with pytest.raises(InputError, match="must be one file"):
        read_recording(path)


def test_a_plain_recording_is_still_what_every_door_opens(tmp_path):
    one = plain()
    assert isinstance(one, Recording)
    for name in ("csv", "zarr 3 in a zip", "netcdf", "npz", "nwb of ours"):
        assert isinstance(read_recording(SAMPLES[name](tmp_path)), Recording)
