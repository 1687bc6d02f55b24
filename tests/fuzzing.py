"""Damaged copies of small valid files, and what every reader may do with one: read it or refuse it.

`python fuzzing.py MODULE NAME N SEED` reads N damaged copies of one sample in a process of its own,
so that a crash or a hang of a library below us is a failure that the caller sees.
"""

import gzip
import importlib
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

MODULES = ("samples_tables", "samples_formats", "samples_recordings")
WORDS = (
    b"NaN", b"nan", b"-1", b"1e999", b"1.5", b"720575940621039145", b"9" * 25, b'"', b"\0", b"\xff",
    b"\xc3\x28", b"\t", b",", b";", b" ", b"\n", b"\r\n", b"\r", b"#", b"<", b">", b"&lol;", b"{}",
    b"[]", b"null", b"", b"-", b"+", b"007", b"0x1F", b"inf", b"True", b"\xef\xbb\xbf",
    b"\xe2\x80\x8b",
)  # fmt: skip
SECONDS = 30  # for one copy: longer is a hang
LONGEST_ERROR = 5_000  # characters
BYTES = 8 * 2**30  # of address space: more is a bomb


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A copy with one to four faults; of packed text half of them below the packing."""
    if data[:2] == b"\x1f\x8b" and rng.random() < 0.5:
        return gzip.compress(damaged(gzip.decompress(data), rng), 1)
    for _ in range(rng.integers(1, 5)):
        data = _fault(data, rng)
    return data


def _fault(data: bytes, rng: np.random.Generator) -> bytes:
    at, to = np.sort(rng.integers(len(data) + 1, size=2))
    to = min(to, at + rng.integers(1, 200))
    match rng.integers(9):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[to:]
        case 2:
            return data[:to] + data[at:]
        case 3:
            return data[:at] + bytes([rng.integers(256)]) + data[at + 1 :]
        case 4:
            bit = 1 << int(rng.integers(8))
            return data[:at] + bytes(b ^ bit for b in data[at : at + 1]) + data[at + 1 :]
        case 5:
            return data[:at] + WORDS[rng.integers(len(WORDS))] + data[at:]
        case 6:
            return data[:at] + WORDS[rng.integers(len(WORDS))] + data[to:]
        case 7:
            lines = data.split(b"\n")
            a, b = rng.integers(len(lines), size=2)
            lines[a], lines[b] = lines[b], lines[a]
            return b"\n".join(lines)
        case _:
            return data[:at] + rng.bytes(int(rng.integers(1, 16))) + data[at:]


def copies(module: str, name: str, n: int, seed: int) -> dict[str, int]:
    """Reads n damaged copies of a sample; how many were read, and how many refused.

    Raises:
        AssertionError: If a reader did anything else; says which copy.
    """
    from neuroloom.errors import InputError

    samples = importlib.import_module(module)
    told = {"read": 0, "refused": 0, "longest": 0}
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as folder:
        sound = samples.SAMPLES[name](Path(whole))
        files = [f for f in sorted(sound.rglob("*")) if f.is_file()] if sound.is_dir() else [sound]
        for number in range(n):
            rng = np.random.default_rng([seed, number])
            victim = files[rng.integers(len(files))]
            if sound.is_dir():
                path = Path(folder) / "sample"
                shutil.rmtree(path, ignore_errors=True)
                shutil.copytree(sound, path)
                target = path / victim.relative_to(sound)
            else:
                path = target = Path(folder) / sound.name
            target.write_bytes(damaged(victim.read_bytes(), rng))
            signal.alarm(SECONDS)
            try:
                samples.READERS[name](path)
                told["read"] += 1
            except InputError as error:
                told["refused"] += 1
                told["longest"] = max(told["longest"], len(str(error)))
            except BaseException as error:
                raise AssertionError(f"{name}, copy {number}: {traceback.format_exc()}") from error
            finally:
                signal.alarm(0)
    assert told["longest"] < LONGEST_ERROR, f"{name}: an error of {told['longest']} characters"
    return told


if __name__ == "__main__":
    module, name, n, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    warnings.simplefilter("error")
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("a hang")))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    print(copies(module, name, n, seed))
