"""Boundary-vector cells against RatInABox, side by side in one process.

100 cells, a 1 m box with a barrier (5 walls), batches of positions: rates are equal to 2e-3 first,
then both are timed in turn. RatInABox casts rays at 0, 0, 2, ..., 356 degrees: 0 twice, 358 never.
Where a wall ends between the two, rates differ by up to a tenth for this alone; so they are
compared with its rays put right as well, and that comparison must hold. RatInABox lives in an
environment of its own. To make one:

    python3 -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install . ratinabox==1.15.3

Then `ENVIRONMENT/bin/python benchmarks/arena.py`, on a quiet machine. `--clock process` counts
seconds of all threads instead, which a busy machine disturbs less.
"""

import argparse
import time

import numpy as np
from machine import alternate, describe, start_jax

REQUIRED = {500: 20, 100: 8}  # times RatInABox's rate per position, by size of the batch
WALLS = 5


def cells_of_both(n_cells: int) -> tuple:
    """Ours in their arena, and theirs with the same tunings."""
    from ratinabox import Agent, Environment
    from ratinabox.Neurons import BoundaryVectorCells

    from neuroloom.arena import BoundaryCells, rectangle

    rng = np.random.default_rng(0)
    barrier = [[0.5, 0.2], [0.5, 0.8]]
    arena = rectangle(1.0, 1.0).with_barriers(np.array([barrier]))
    cells = BoundaryCells(rng.uniform(0, 1, n_cells), rng.uniform(0, 2 * np.pi, n_cells))
    environment = Environment()
    environment.add_wall(np.array(barrier))
    assert len(arena.walls) == len(environment.walls) == WALLS
    tuning = (
        cells.distance,
        np.pi / 2 - cells.bearing,
        cells.radial_width,
        np.full(n_cells, cells.s_angle),
    )
    theirs = BoundaryVectorCells(
        Agent(environment), params={"n": n_cells, "cell_arrangement": lambda **_: tuning}
    )
    return arena, cells, theirs


def put_right(theirs: object, ray_angle: np.ndarray) -> None:
    """Give RatInABox rays of which none is there twice and none is missing."""
    theirs.test_angles = ray_angle
    theirs.test_directions = np.stack([np.cos(ray_angle), np.sin(ray_angle)], axis=1)
    turned = ray_angle[:, None] - theirs.tuning_angles
    theirs.cell_fr_norm = np.exp((np.cos(turned) - 1) / theirs.sigma_angles**2).sum(axis=0)


def main() -> None:
    """Print one row a batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--batches", type=int, nargs="+", default=[500, 100, 20])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("wall", "process"), default="wall")
    options = parser.parse_args()
    start_jax(1)
    import threadpoolctl

    arena, cells, as_shipped = cells_of_both(options.cells)
    theirs = cells_of_both(options.cells)[2]
    put_right(theirs, cells.ray_angle)
    clock = time.process_time if options.clock == "process" else time.perf_counter
    rng = np.random.default_rng(1)
    print(describe())
    print(
        f"\n{options.cells} cells, {cells.n_rays} rays, {WALLS} walls; median of {options.repeats} "
        f"rounds in turn, {options.clock} clock\n"
    )
    print(
        "| batch | RatInABox, us a position | ours | ratio | required | "
        "largest difference, its rays put right | as it is |"
    )
    print("|---|---|---|---|---|---|---|")
    with threadpoolctl.threadpool_limits(options.threads):
        for n in options.batches:
            position = rng.uniform(0.01, 0.99, (n, 2))
            rates = cells.rates(arena, position)
            shipped = np.abs(rates - as_shipped.get_state(evaluate_at=None, pos=position).T).max()
            apart = np.abs(rates - theirs.get_state(evaluate_at=None, pos=position).T).max()
            if not apart < 2e-3:
                raise SystemExit(f"Rates differ by {apart:.2g}; nothing was timed.")
            calls = max(1, 2000 // n)

            def ours(position: np.ndarray = position, calls: int = calls) -> None:
                for _ in range(calls):
                    cells.rates(arena, position)

            jobs = {
                "theirs": (lambda p=position: theirs.get_state(evaluate_at=None, pos=p), n),
                "ours": (ours, n * calls),
            }
            ms = alternate(jobs, options.repeats, clock=clock)
            ratio = ms["theirs"] / ms["ours"]
            required = f">= {REQUIRED[n]}" if n in REQUIRED else "-"
            print(
                f"| {n} | {ms['theirs'] * 1e3:.0f} | {ms['ours'] * 1e3:.2f} | **{ratio:.0f}** | "
                f"{required} | {apart:.1e} | {shipped:.1e} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
