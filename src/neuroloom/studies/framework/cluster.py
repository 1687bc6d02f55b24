"""Cells over Dask: a local cluster of processes, or one that is there already."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import signal
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from neuroloom.errors import InputError, StudyError
from neuroloom.studies.framework.cells import Place, compute
from neuroloom.studies.framework.study import Cell, Study

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "HERE",
    "default_cluster",
    "each_arm_first",
    "on_cluster",
    "share_of_cores",
    "shared_programs",
]

HERE = "here"
"""Cells one after another in this process, as a word of the command line."""


def on_cluster(
    cluster: str, study: Study, cells: Sequence[Cell], config: Any, place: Place
) -> Iterator[tuple[Cell, str, tuple[str, ...]]]:
    """Each cell when it is done, what went wrong with it, and names of what is running then.

    A worker that dies loses the cell it was at, which another one takes over from its checkpoint;
    Dask gives a cell up once it has seen `distributed.scheduler.allowed-failures` (3) workers die
    under it, and once more.

    Args:
        cluster: `local:N` for N processes on this machine, or the address of a scheduler.
        study: Must be importable in the workers.
        cells: What to compute.
        config: Numbers of the study.
        place: Must be visible to the workers: the same folder on a shared disk.

    Raises:
        InputError: If `cluster` is neither form, or Dask is not installed.
        StudyError: If the scheduler cannot be reached, or is lost.
    """
    with _client(cluster) as client:
        from distributed import as_completed
        from distributed.client import FutureCancelledError

        names = {f"{i}: {cell}": cell for i, cell in enumerate(each_arm_first(cells))}
        # Handed out one by one as workers become free: Dask deals cells whose length it does not
        # know out at once, and one worker was seen idle for half an hour beside a queue of forty.
        waiting, futures = list(reversed(names)), {}
        finished = as_completed(loop=client.loop)

        def hand_out() -> None:
            threads: Any = client.nthreads()
            n_at_once = max(1, sum(threads.values()))
            while waiting and len(futures) < n_at_once:
                key = waiting.pop()
                parts = (study, names[key], config, place)
                futures[key] = client.submit(compute, *parts, key=key, pure=False)
                finished.add(futures[key])

        try:
            hand_out()
            for future in finished:
                error = future.exception()
                if isinstance(error, FutureCancelledError):
                    raise _lost(cluster)
                failure = f"{type(error).__name__}: {error}" if error else future.result()
                del futures[future.key]
                hand_out()
                yield names[future.key], failure, tuple(str(names[key]) for key in futures)
        except (OSError, TimeoutError) as error:
            raise _lost(cluster) from error
        finally:
            with contextlib.suppress(OSError, TimeoutError):
                client.cancel(list(futures.values()))


def each_arm_first(cells: Sequence[Cell]) -> list[Cell]:
    """One cell of each arm, then the others, so that workers seldom compile the same at once.

    Args:
        cells: In the order of the study.
    """
    first = {cell.arm: cell for cell in reversed(cells)}
    return [*(c for c in cells if first[c.arm] == c), *(c for c in cells if first[c.arm] != c)]


def default_cluster(study: Study) -> str | None:
    """A process for each core, where cells of the study keep one busy and Dask is there."""
    n = n_cores()
    spreads = study.one_core and n > 1 and importlib.util.find_spec("distributed") is not None
    return f"local:{n}" if spreads else None


def share_of_cores(n_workers: int) -> dict[str, str]:
    """The environment that keeps each of N worker processes on one machine to its share of cores.

    NPROC is what XLA reads for the size of its pool of threads (its own flag for single-threaded
    products changes nothing, measured with jax 0.10); the others are those of BLAS and numba. A
    host device for each of its cores lets a cell map members over them. Dask has workers give
    memory back at once (glibc's MALLOC_TRIM_THRESHOLD_), which made estimates of 200 neurons take
    2.5 times as long, half of it in the kernel; here they keep it until the next cell.

    Example:
        >>> share_of_cores(10_000)["NPROC"]
        '1'
    """
    share = max(1, n_cores() // n_workers)
    threads = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys((*threads, "NUMBA_NUM_THREADS"), str(share)) | {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={share} "
        "--xla_cpu_prefer_vector_width=512",
        "MALLOC_TRIM_THRESHOLD_": str(2**30),
        "MALLOC_MMAP_THRESHOLD_": str(2**25),  # the most that glibc takes
    }


def shared_programs(folder: str) -> dict[str, str]:
    """The environment in which processes of one machine find programs that another has compiled.

    Compiling what the first cell of data efficiency of `functional-connectome` needs took 18 s of
    CPU, and reading it 1 s. The folder is one run's: programs are made for this machine's CPU.

    Args:
        folder: Where compiled programs are kept.
    """
    return {
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _client(cluster: str) -> Iterator[Client]:
    local = re.fullmatch(r"local:([1-9]\d*)", cluster)
    if not local and "://" not in cluster:
        raise InputError(
            "A cluster must be `local:N`, for N processes on this machine, or the address of a "
            f"Dask scheduler; got `{cluster}`. Write, for example, `local:2` or "
            "`tcp://scheduler:8786`."
        )
    try:
        from dask import config as dask_config
        from distributed import Client, LocalCluster, WorkerPlugin
    except ImportError as error:
        raise InputError(
            "Cells over a cluster must have Dask; it is not installed. Install the extra "
            "`neuroloom[cluster]`, or leave out `--cluster`."
        ) from error

    class IgnoreInterrupts(WorkerPlugin):
        """Ctrl-C goes to every process of the terminal; here the first one acts on it."""

        def setup(self, worker: object) -> None:
            del worker
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    with contextlib.ExitStack() as stack:
        address: Any = cluster
        if local:
            compiled = stack.enter_context(TemporaryDirectory(prefix="neuroloom-compiled-"))
            share = share_of_cores(int(local[1])) | shared_programs(compiled)
            # read as a process starts, before Dask sets `env`
            stack.enter_context(dask_config.set({"distributed.nanny.pre-spawn-environ": share}))
            address = stack.enter_context(
                LocalCluster(
                    n_workers=int(local[1]),
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,  # a cell needs what it needs; the machine says when it is full
                    dashboard_address=":0",  # any free port: two runs at once do not warn
                    silence_logs=logging.CRITICAL + 1,
                    env=share,
                )
            )
        try:
            client = stack.enter_context(Client(address, timeout=15, set_as_default=False))
        except (OSError, TimeoutError, ValueError) as error:
            raise StudyError(
                f"A Dask scheduler must answer at {cluster}; none does ({error}). Start one, check "
                "the address, or use `--cluster local:2`."
            ) from error
        if local:
            client.register_plugin(IgnoreInterrupts())
        yield client


def _lost(cluster: str) -> StudyError:
    return StudyError(
        f"The Dask scheduler at {cluster} must stay until the last cell; it was lost. What was "
        "finished is kept: start it again, and give the same command."
    )
