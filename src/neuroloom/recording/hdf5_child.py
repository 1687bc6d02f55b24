"""Looks through HDF5 files, one a line of standard input; `hdf5_guard` runs it as a script.

The HDF5 library can crash or never return on a damaged file. It does so here, where nobody minds.
Nothing of neuroloom is imported, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import sys

__all__ = ["look_through", "main"]

READ_WHOLE = 2**24  # bytes of numbers; of larger datasets only the index of chunks is read
MEMORY = 2**31


class UnseenError(Exception):
    """A part that the library cannot show: what is behind it may kill it elsewhere."""


def look_through(name: str) -> None:
    """Reads all attributes and texts, small datasets, and where the chunks of others are.

    Raises:
        UnseenError: If the parts of a file that opens cannot be listed.
    """
    import h5py

    with h5py.File(name) as file:
        try:
            walk(file)
        except MemoryError:
            raise
        except Exception as error:
            raise UnseenError from error


def walk(file) -> None:
    """Every group and dataset once."""
    import h5py
    import numpy as np
    from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

    seen = set()
    groups = [file["/"]]
    while groups:
        item = groups.pop()
        address = h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        for key in item.attrs:
            attempt(item.attrs.__getitem__, key)
        if isinstance(item, h5py.Group):
            for key in item:
                link = attempt(item.get, key, None, False, True)
                if isinstance(link, h5py.HardLink):
                    child = attempt(item.__getitem__, key)
                    groups += [child] if isinstance(child, h5py.Group | h5py.Dataset) else []
        elif (
            isinstance(item, h5py.Dataset)
            and item.shape
            and not item.is_virtual
            and not item.external
        ):
            large = item.dtype.itemsize * np.prod([float(n) for n in item.shape]) > READ_WHOLE
            if not large or item.dtype.kind == "O":
                attempt(np.asarray, item)
            elif item.chunks:
                attempt(item.id.chunk_iter, lambda _: None)


def attempt(function, *arguments):
    """What the function returns, or None where the library reports an error, as it should."""
    try:
        return function(*arguments)
    except MemoryError:
        raise
    except Exception as error:
        if "alloc" in str(error):
            raise MemoryError(str(error)) from error
        return None


def main() -> None:
    """Answers each path, as hexadecimal UTF-8, with `fine`, `memory` or `unseen`."""
    # A system without limits still has the time limit of the parent.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import h5py  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        answer = "fine"
        try:
            look_through(bytes.fromhex(line.strip()).decode("utf-8", "surrogateescape"))
        except MemoryError:
            answer = "memory"
        except UnseenError:
            answer = "unseen"
        except Exception:  # noqa: BLE001
            answer = "fine"  # reported properly when the file is read
        print(answer, flush=True)


if __name__ == "__main__":
    main()
