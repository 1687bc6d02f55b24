"""What a benchmark prints beside its ratios, and the flags that JAX reads once, when it starts."""

import os
import statistics
import time
from collections.abc import Callable, Mapping

VECTOR_WIDTH = 512


def start_jax(n_devices: int, vector_width: int = VECTOR_WIDTH) -> None:
    """Ask for host devices and vector width. Before anything imports JAX, as the command line does."""
    os.environ["XLA_FLAGS"] = (
        f"--xla_force_host_platform_device_count={n_devices} "
        f"--xla_cpu_prefer_vector_width={vector_width}"
    )


def describe() -> str:
    """Machine, versions, threads, BLAS: a ratio without them says nothing."""
    import jax
    import numpy as np
    import threadpoolctl
    import torch

    pools = ", ".join(
        f"{p['internal_api']} {p.get('architecture', '')} {p['num_threads']} threads".replace(
            "  ", " "
        )
        for p in threadpoolctl.threadpool_info()
    )
    return (
        f"cores {os.cpu_count()}, JAX {jax.__version__} on {jax.local_device_count()} host devices, "
        f"{os.environ['XLA_FLAGS']}\n"
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, capability "
        f"{torch.backends.cpu.get_cpu_capability()}; NumPy {np.__version__}; pools: {pools}; "
        f"load {os.getloadavg()[0]:.2f}"
    )


def alternate(
    jobs: Mapping[str, tuple[Callable[[], object], int]], repeats: int
) -> dict[str, float]:
    """Median milliseconds a step of each job, run in turn so that all see the same machine.

    Args:
        jobs: By name: a function, and the steps that one call takes.
        repeats: Rounds after one round of warm-up.
    """
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for n in range(repeats + 1):
        for name, (job, n_steps) in jobs.items():
            start = time.perf_counter()
            job()
            if n:
                times[name].append((time.perf_counter() - start) / n_steps * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}
