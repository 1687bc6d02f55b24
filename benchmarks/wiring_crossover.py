"""Where the sparse product overtakes a matrix product: size, density, batch.

One product and its gradient in the rates, as a step of a fit with fixed weights needs them,
float32. `choose_wiring` follows the table in docs/performance.md that this script prints.
"""

import argparse

from machine import alternate, describe, start_jax


def jobs(n: int, density: float, n_batch: int, *, compiled: bool) -> dict:
    """The two operators on the same random graph, and how often one call runs them."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    from neuroloom.wiring import AbstractWiring, DenseWiring, SparseWiring

    rng = np.random.default_rng(0)
    n_connections = max(1, round(density * n * n))
    pre, post = rng.integers(0, n, (2, n_connections))
    weight = jnp.asarray(rng.normal(size=n_connections), jnp.float32)
    rates = jnp.asarray(rng.normal(size=(n_batch, n)), jnp.float32)
    ends = (jnp.asarray(pre, jnp.int32), jnp.asarray(post, jnp.int32))
    operators = {
        "dense": DenseWiring(*ends, n),
        "sparse": SparseWiring.from_ends(pre, post, n, compiled=compiled),
    }

    @eqx.filter_jit
    def run(wiring: AbstractWiring, prepared: jax.Array, rates: jax.Array) -> tuple:
        received, pull = jax.vjp(lambda r: wiring.apply(prepared, r), rates)
        return received, pull(received)

    def timed(wiring: AbstractWiring) -> tuple:
        prepared = wiring.prepare(weight)
        return (lambda: jax.block_until_ready(run(wiring, prepared, rates))), 1

    return {name: timed(wiring) for name, wiring in operators.items()}


def main() -> None:
    """Print a table of sparse time over dense time: above 1, dense wins."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 3000, 6000, 10_000])
    parser.add_argument("--densities", type=float, nargs="+", default=[0.01, 0.03, 0.1, 0.3])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--patience", type=float, default=10.0, help="seconds to wait for quiet")
    parser.add_argument("--portable", action="store_true", help="segment sum, not the kernel")
    options = parser.parse_args()
    start_jax(1)
    print(describe())
    how = "segment sum" if options.portable else "compiled kernel"
    print(f"\ntime of the {how} over time of the matrix product (dense ms)")
    columns = [f"{100 * d:g} %" for d in options.densities]
    for n_batch in options.batches:
        print(f"\n| N, batch {n_batch} | " + " | ".join(columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for n in options.sizes:
            cells = []
            for density in options.densities:
                pair = jobs(n, density, n_batch, compiled=not options.portable)
                ms = alternate(pair, options.repeats, patience=options.patience)
                cells.append(f"{ms['sparse'] / ms['dense']:.2f} ({ms['dense']:.2g})")
            print(f"| {n:,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
