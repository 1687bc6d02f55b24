"""Whether the compiled kernels can be used here, and their registration with XLA.

Nothing happens on import. The first sparse product that is lowered for a CPU imports numba,
compiles the handler it needs (numba keeps it on disk) and registers it, once a process.
"""

import contextlib
import functools
import importlib
import sys
import threading
from collections.abc import Iterator

import jax
import numpy as np

__all__ = ["target", "why_not"]

_lock = threading.Lock()
_handlers: dict[str, object] = {}  # what XLA points to must live as long as the process
_refusals: list[str] = []


def why_not() -> str | None:
    """Why the compiled kernels cannot be used in this process; None if they can."""
    if sys.maxsize < 2**32 or sys.byteorder != "little":
        return "this machine is not 64-bit little-endian"
    return _refusals[0] if _refusals else _why_not_numba()


def target(kind: str, dtype: np.dtype) -> str | None:
    """The name under which XLA knows a handler, registered; None if there is none.

    Args:
        kind: `pair`, `product`, `sampled` or `spread`.
        dtype: Of weights and rates.
    """
    if why_not() is not None or dtype.name not in ("float32", "float64"):
        return None
    handler = f"{kind}_{dtype.name}"
    with _lock:
        if handler not in _handlers:
            try:
                _handlers[handler] = _register(handler)
            except Exception as error:  # noqa: BLE001
                # Numba unpickles what it kept: a damaged file there, or a full disk, raises
                # anything, and products are right without the kernel.
                what = f"{type(error).__name__}: {error}"
                _refusals.append(
                    f"the kernel could not be made or registered ({what}); where the files that "
                    "numba keeps are damaged, remove them or set NUMBA_CACHE_DIR"
                )
                return None
    return _name(handler)


@functools.cache
def _why_not_numba() -> str | None:
    try:
        importlib.import_module("neuroloom.wiring.kernels")
    except ImportError as error:
        return f"numba cannot be imported ({error})"
    except RuntimeError as error:  # no folder for compiled code; NUMBA_CACHE_DIR names one
        return f"numba cannot keep what it compiles ({error}); set NUMBA_CACHE_DIR"
    return None


def _name(handler: str) -> str:
    return f"neuroloom_{handler}"


def _register(handler: str) -> object:
    import numba

    from neuroloom.wiring import kernels

    with _lanes_side_by_side():
        compiled = numba.cfunc(numba.int64(numba.int64), cache=True)(getattr(kernels, handler))
    jax.ffi.register_ffi_target(_name(handler), jax.ffi.pycapsule(compiled.ctypes), platform="cpu")
    return compiled


@contextlib.contextmanager
def _lanes_side_by_side() -> Iterator[None]:
    """Let LLVM put the sums of several lanes into one vector, which numba leaves off by default.

    Twice to three times as fast at 8 lanes. It is a setting of the process, hence set back.
    """
    from numba.core import config

    setting = "SLP_VECTORIZE"
    before = getattr(config, setting)
    setattr(config, setting, 1)
    try:
        yield
    finally:
        setattr(config, setting, before)
