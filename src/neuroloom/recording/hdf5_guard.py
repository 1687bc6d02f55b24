"""Has another process look through an HDF5 file first, because the library may not survive it.

libhdf5 2.0 crashes on some damage (a variable-length type that became another one; sizes of texts)
and on some it never returns or asks for all memory. Python cannot catch that. So a child process
reads the file before we do; if the child dies or takes too long, the file is refused in words. One
child serves all files, for 20 ms each after 0.3 s for the first.
"""

from __future__ import annotations

import atexit
import os
import selectors
import subprocess
import sys
import threading
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["require_survivable"]

SECONDS = 5.0  # for a file, and one more for each of
BYTES_A_SECOND = 20_000_000
START = 60.0
CHILD = Path(__file__).with_name("hdf5_child.py")


class _Child:
    """The process and what it has found; made anew after a fork or a death."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0
        self.last: tuple[object, ...] = ()

    def start(self) -> bool:
        if self.process is not None and self.owner == os.getpid() and self.process.poll() is None:
            return True
        if os.name == "nt":  # pipes cannot be waited for there: the file is read without
            return False
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", str(CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no processes here: the file is read without
            return False
        self.owner = os.getpid()
        if self.answer(START) != "ready":
            self.stop()
            return False
        return True

    def ask(self, path: Path, seconds: float) -> str:
        """`fine`, `memory`, `unseen`, `dead` or `late`."""
        assert self.process is not None
        assert self.process.stdin is not None
        name = str(path.resolve()).encode("utf-8", "surrogateescape")
        try:
            self.process.stdin.write(name.hex().encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return "dead"
        return self.answer(seconds)

    def answer(self, seconds: float) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return "late"
        return self.process.stdout.readline().decode().strip() or "dead"

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None or self.owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


_child = _Child()
atexit.register(_child.stop)


def require_survivable(path: Path) -> None:
    """Refuses an HDF5 file on which the library crashes, hangs or asks for more than 2 GiB.

    Raises:
        InputError: If it does.
    """
    about = path.stat()
    key = (path.resolve(), about.st_size, about.st_mtime_ns, about.st_ino)
    with _child.lock:
        if _child.last == key or not _child.start():
            return
        seconds = SECONDS + about.st_size / BYTES_A_SECOND
        answer = _child.ask(path, seconds)
        if answer == "fine":
            _child.last = key
            return
        _child.stop()
    how = {
        "dead": "crashes on it",
        "late": f"did not finish within {seconds:.0f} s",
        "unseen": "cannot list its parts",
        "memory": "asks for more than 2 GiB for a part that is not that large",
    }.get(answer, "does not answer")
    raise InputError(
        f"An HDF5 file must be sound; the HDF5 library {how} ({path}, {about.st_size:,} bytes). It "
        "is damaged: copy or export it again."
    )
