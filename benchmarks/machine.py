"""What a benchmark prints beside its ratios, and the flags that JAX reads once, when it starts."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

VECTOR_WIDTH = 512


def start_jax(n_devices: int, vector_width: int = VECTOR_WIDTH) -> None:
    """Ask for host devices and vector width before anything imports JAX, like the command line."""
    os.environ["XLA_FLAGS"] = (
        f"--xla_force_host_platform_device_count={n_devices} "
        f"--xla_cpu_prefer_vector_width={vector_width}"
    )


def describe() -> str:
    """Machine, versions, threads, BLAS: a ratio without them says nothing."""
    import jax
    import numpy as np
    import threadpoolctl

    try:
        import torch
    except ImportError:
        peer = "no PyTorch"
    else:
        peer = (
            f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, capability "
            f"{torch.backends.cpu.get_cpu_capability()}"
        )
    pools = ", ".join(
        f"{p['internal_api']} {p.get('architecture', '')} {p['num_threads']} threads".replace(
            "  ", " "
        )
        for p in threadpoolctl.threadpool_info()
    )
    return (
        f"cores {os.cpu_count()}, JAX {jax.__version__} on {jax.local_device_count()} host "
        f"devices, {os.environ['XLA_FLAGS']}\n"
        f"{peer}; NumPy {np.__version__}; pools: {pools}; "
        f"load {os.getloadavg()[0]:.2f}"
    )


def idle_fraction(seconds: float = 0.25) -> float:
    """What other processes leave of all cores while this one sleeps (Linux; 1 elsewhere)."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 1.0

    def read() -> tuple[int, int]:
        ticks = [int(t) for t in stat.read_text().splitlines()[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    idle, total = read()
    time.sleep(seconds)
    idle_after, total_after = read()
    return (idle_after - idle) / max(1, total_after - total)


def wait_until_quiet(at_most: float) -> bool:
    """Whether nine tenths of the cores became free within so many seconds.

    Beside a busy process PyTorch's threads wait for each other in a spin: its times then grow up to
    twentyfold, ours hardly, and the ratio flatters us.
    """
    deadline = time.monotonic() + at_most
    while idle_fraction() < 0.9:
        if time.monotonic() > deadline:
            return False
    return True


def alternate(
    jobs: Mapping[str, tuple[Callable[[], object], int]],
    repeats: int,
    *,
    patience: float = 0.0,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median milliseconds a step of each job, run in turn so that all see the same machine.

    Args:
        jobs: By name: a function, and the steps that one call takes.
        repeats: Rounds after one round of warm-up.
        patience: Seconds to wait for a quiet machine before each call.
        clock: `time.process_time` for jobs of one thread on a machine that is never quiet.
    """
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for n in range(repeats + 1):
        for name, (job, n_steps) in jobs.items():
            if n and patience and not wait_until_quiet(patience):
                print(f"  (not quiet before round {n} of {name})", flush=True)
            start = clock()
            job()
            if n:
                times[name].append((clock() - start) / n_steps * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}
