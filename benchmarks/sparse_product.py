"""The sparse product and its gradients beside SciPy and the machine's limits, and training with it.

Random graphs with log-normal in-degrees, float32. Products are timed in seconds of one thread
(kernel, SciPy and limits all use one), so that a busy machine may run this; training by the clock.
`python benchmarks/sparse_product.py`.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from machine import alternate, describe, start_jax

SIZES = {"10k": (10_000, 970_000, 8), "139k": (139_000, 15_000_000, 1)}


def graph(n: int, n_connections: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends and weights."""
    rng = np.random.default_rng(0)
    degree = rng.lognormal(0, 1, n)
    post = rng.choice(n, n_connections, p=degree / degree.sum())
    weight = rng.normal(size=n_connections) / (n_connections / n) ** 0.5
    return rng.integers(0, n, n_connections), post, weight.astype(np.float32)


def limits(far: np.ndarray, n: int, n_batch: int) -> dict[str, tuple[Callable[[], object], int]]:
    """The least that one thread must do: read weights and indices, gather rates."""
    import numba

    rows = np.ones((n, n_batch), np.float32)
    read = np.ones(2 * len(far), np.float32)

    @numba.njit(fastmath=True)
    def gather(far: np.ndarray, rows: np.ndarray) -> float:
        a = b = c = d = np.float32(0)
        zero, n = np.uint64(0), np.uint64(len(far) - 3)
        for k in range(zero, n, np.uint64(4)):
            a += rows[far[k], zero]
            b += rows[far[k + np.uint64(1)], zero]
            c += rows[far[k + np.uint64(2)], zero]
            d += rows[far[k + np.uint64(3)], zero]
        return a + b + c + d

    return {"gather": (lambda: gather(far, rows), 1), "stream": (read.sum, 1)}


def products(name: str, repeats: int) -> str:
    """One row: limits, SciPy, kernel and segment sum forward; kernel with gradients."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import scipy.sparse

    from neuroloom.wiring import SparseWiring

    n, n_connections, n_batch = SIZES[name]
    pre, post, weight = graph(n, n_connections)
    rates = np.random.default_rng(1).normal(size=(n_batch, n)).astype(np.float32)
    given, lanes = jnp.asarray(rates), rates.T.copy()
    matrix = scipy.sparse.coo_array((weight, (post, pre)), (n, n)).tocsr()

    @eqx.filter_jit
    def forward(wiring: SparseWiring, prepared: jax.Array) -> jax.Array:
        return wiring.apply(prepared, given)

    @eqx.filter_jit
    def of_rates(wiring: SparseWiring, prepared: jax.Array) -> tuple:
        received, pull = jax.vjp(lambda r: wiring.apply(prepared, r), given)
        return received, pull(received)

    @eqx.filter_jit
    def of_weights(wiring: SparseWiring, prepared: jax.Array) -> tuple:
        received, pull = jax.vjp(lambda p: wiring.apply(p, given), prepared)
        return received, pull(received)

    jobs = limits(pre[np.lexsort((pre, post))].astype(np.uint32), n, n_batch)
    jobs["scipy"] = (lambda: matrix @ lanes, 1)
    for title, compiled in (("kernel", True), ("segment sum", False)):
        wiring = SparseWiring.from_ends(pre, post, n, compiled=compiled)
        prepared = eqx.filter_jit(lambda w, x: w.prepare(x))(wiring, jnp.asarray(weight))
        for what, run in ((" forward", forward), (" rates", of_rates), (" weights", of_weights)):
            if compiled or what == " forward":
                jobs[title + what] = (
                    lambda run=run, w=wiring, p=prepared: jax.block_until_ready(run(w, p)),
                    1,
                )
        apart = np.abs(np.asarray(forward(wiring, prepared)).T - matrix @ lanes).max()
        if not apart < 1e-3:
            raise SystemExit(f"The {title} differs from SciPy by {apart:.2g}; nothing was timed.")
    ms = alternate(jobs, repeats, clock=time.process_time)
    most = max(ms["gather"], ms["stream"])
    times = [most, *(ms[k] for k in jobs if k not in ("gather", "stream"))]
    shown = [f"{t:.2f} ({t / ms['kernel forward']:.2f})" for t in times]
    return f"| {n:,}, {n_connections:,}, {n_batch} | " + " | ".join(shown) + " |"


def training(repeats: int, n_time: int = 50) -> str:
    """Gradient of a loss in the strength of every connection, by kernel and by segment sum."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from neuroloom.connectome import Connectome
    from neuroloom.networks import RateNetwork
    from neuroloom.simulation import simulate
    from neuroloom.wiring import SparseWiring

    n, n_connections, n_batch = SIZES["10k"]
    pre, post, weight = graph(n, n_connections)
    key = np.unique(pre * n + post, return_index=True)[1]
    pre, post, weight = pre[key], post[key], weight[key]
    network = RateNetwork.from_connectome(
        Connectome(
            neuron_id=np.arange(n),
            pre=pre,
            post=post,
            kind=np.zeros(len(pre), int),
            count=np.abs(weight),
            count_unit="mean_synapses",
            sign=np.where(weight < 0, -1, 1),
        )
    )
    inputs = jax.random.normal(jax.random.key(0), (n_batch, n_time, n))

    @eqx.filter_jit
    def gradient(network: RateNetwork) -> jax.Array:
        def loss(strength: jax.Array) -> jax.Array:
            moved = eqx.tree_at(lambda m: m.strength, network, strength)
            return jnp.mean(simulate(moved, inputs, dt=0.02) ** 2)

        return jax.grad(loss)(network.strength)

    jobs, values = {}, []
    for title, compiled in (("kernel", True), ("segment sum", False)):
        wiring = SparseWiring.from_ends(pre, post, n, compiled=compiled)
        other = eqx.tree_at(lambda m: m.wiring, network, wiring)
        jobs[title] = (lambda other=other: jax.block_until_ready(gradient(other)), 1)
        values.append(np.asarray(gradient(other)))
    apart = np.abs(values[0] - values[1]).max() / np.abs(values[1]).max()
    ms = alternate(jobs, repeats)
    return (
        f"gradient, {n:,} neurons, {len(pre):,} connections, T {n_time}, batch {n_batch}: kernel "
        f"{ms['kernel']:.0f} ms, segment sum {ms['segment sum']:.0f} ms, ratio "
        f"{ms['segment sum'] / ms['kernel']:.1f}; gradients agree to {apart:.1e}"
    )


def main() -> None:
    """Print one row a size, then the training gradient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=6)
    options = parser.parse_args()
    start_jax(1)
    print(describe())
    print("\nms of one thread (times the kernel)\n")
    print(
        "| N, connections, batch | limit | SciPy CSR | kernel | with gradient in rates | with "
        "gradient in weights | segment sum |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in options.sizes:
        print(products(name, options.repeats), flush=True)
    print("\n" + training(max(2, options.repeats // 2)))


if __name__ == "__main__":
    main()
