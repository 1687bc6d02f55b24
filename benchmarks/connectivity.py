"""Seconds to say who drives whom: every stage of the edge posterior, and scikit-learn beside it.

A network of the kind of S1 (four cell types, tanh, noise; here larger), with common drive where
`--drive` is above 0. The estimate is what `neuroloom connectivity` makes first: lags, factors,
probabilities, forecast, bootstraps. Ridge and lasso are fitted at one penalty, the same in both
libraries, to the same frames; scikit-learn's lasso gets the covariance, the faster of its ways, and
its coefficients are compared with ours. Sizes small enough for a first look:

    python benchmarks/connectivity.py --neurons 100 --frames 4000
"""

import argparse
import cProfile
import os
import pstats
import sys
import time
from collections.abc import Callable
from typing import Any

from machine import describe, idle_fraction, start_jax

# What a stage is called here: the function that it is, and its file.
STAGES = {
    "lags and sensor: held-out blocks": ("choose_past", "linear_estimates.py"),
    "inflation: 50 blocks of time": ("inflation_of", "estimates.py"),
    "probabilities: EM over all pairs": ("fit_edge_model", "edge_model.py"),
    "places beside classes": ("placed", "edge_places.py"),
    "forecast: penalty on blocks": ("forecast", "linear_estimates.py"),
}
# Called in more than one stage.
PARTS = {
    "covariances of lagged frames": ("moments", "lagged.py"),
    "least squares": ("least_squares", "estimates.py"),
    "ridge paths": ("toward_path", "toward.py"),
    "pairs inferred anew": ("infer_edges", "edge_model.py"),
}


clock = time.perf_counter


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = clock()
    return work(), clock() - start


def spent(profile: cProfile.Profile) -> Callable[[tuple[str, str]], float]:
    """Seconds within a function, those that it called included."""
    found = pstats.Stats(profile).stats  # pyright: ignore[reportAttributeAccessIssue]

    def of(wanted: tuple[str, str]) -> float:
        name, file = wanted
        return sum(row[3] for key, row in found.items() if key[2] == name and key[0].endswith(file))

    return of


def estimate(options: argparse.Namespace, activity: Any) -> None:
    """The edge posterior, stage by stage."""
    import numpy as np

    from neuroloom.fitting.coupling import EdgePosterior

    profile = cProfile.Profile(clock)
    method = EdgePosterior(n_lags=options.lags, n_bootstraps=options.bootstraps)
    profile.enable()
    edges, total = timed(lambda: method.fit(activity, rng=np.random.default_rng(options.seed)))
    profile.disable()
    within = spent(profile)
    print("\n| stage of the estimate | s |\n|---|---|")
    listed = {name: within(where) for name, where in STAGES.items()}
    for name, seconds in listed.items():
        print(f"| {name} | {seconds:.1f} |")
    left = total - sum(listed.values())
    print(f"| {options.bootstraps} bootstraps, and what is left | {left:.1f} |")
    print(f"| **all** | **{total:.1f}** |")
    for name, where in PARTS.items():
        print(f"| of it: {name} | {within(where):.1f} |")
    n_post, n_pre = edges.model.slab_mean.shape
    print(
        f"\n{edges.n_lags} lags, {edges.factors.n} factors, {n_post} classes of receivers and "
        f"{n_pre} of senders; the limit is 180 s for 500 neurons, 20,000 frames and "
        "20 bootstraps on 2 quiet cores"
    )


def peers(options: argparse.Namespace, activity: Any) -> None:
    """Ridge and lasso at one penalty, beside scikit-learn."""
    import numpy as np
    from sklearn import linear_model

    from neuroloom.fitting.coupling import Lasso, Ridge

    now, past = activity[0, 1:], activity[0, :-1]
    sd = past.std(axis=0)
    scaled = (past - past.mean(axis=0)) / sd
    n = len(now)
    print("\n| one fit, one lag | ours (s) | scikit-learn (s) | ratio | largest difference |")
    print("|---|" + "---|" * 4)
    ours, own_seconds = timed(lambda: Ridge(1, penalty=1e-2).fit(activity))
    ridge = linear_model.Ridge(alpha=1e-2 * n)
    theirs, seconds = timed(lambda: ridge.fit(scaled, now))
    apart = np.abs(ours.weight[0] - theirs.coef_ / sd).max()
    ratio = seconds / own_seconds
    print(f"| ridge | {own_seconds:.2f} | {seconds:.2f} | {ratio:.1f} | {apart:.1e} |", flush=True)
    Lasso(1, penalty=1.0).fit(activity[:, :500, :10])  # compiles
    ours, own_seconds = timed(lambda: Lasso(1, penalty=1.5).fit(activity))
    # Ours leaves a neuron's own past free, so scikit-learn is given what that leaves.
    few = np.linspace(0, now.shape[1] - 1, options.targets).astype(int)
    left = now - ours.predict(activity)[0, 1:]
    noise = left.std(axis=0)
    start = clock()
    gram = scaled.T @ scaled
    apart = 0.0
    for i in few:
        others = np.delete(np.arange(now.shape[1]), i)
        centered = now[:, i] - now[:, i].mean() - scaled[:, i] * sd[i] * ours.weight[0, i, i]
        lasso = linear_model.Lasso(
            alpha=1.5 * noise[i] / np.sqrt(n),
            precompute=gram[np.ix_(others, others)],
            fit_intercept=False,
            max_iter=2_000,
            tol=1e-4,
        )
        lasso.fit(scaled[:, others], centered)
        apart = max(
            apart, float(np.abs(lasso.coef_ / sd[others] - ours.weight[0, i, others]).max())
        )
    seconds = (clock() - start) * now.shape[1] / len(few)
    ratio = seconds / own_seconds
    print(f"| lasso | {own_seconds:.2f} | {seconds:.2f} | {ratio:.1f} | {apart:.1e} |")
    print(f"\nscikit-learn's lasso on {len(few)} neurons, scaled up to {now.shape[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=500)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--bootstraps", type=int, default=20)
    parser.add_argument("--lags", type=int, help="default: chosen, and timed")
    parser.add_argument("--drive", type=float, default=0.0, help="strength of common drive, as S2")
    parser.add_argument("--targets", type=int, default=50, help="neurons of scikit-learn's lasso")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds: for a busy machine")
    options = parser.parse_args()
    if options.cpu:
        global clock
        clock = time.process_time
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    start_jax(1)
    import numpy as np

    from neuroloom.studies.functional_connectivity.simulators.cell_types import simulate_cell_types
    from neuroloom.studies.functional_connectivity.simulators.config import (
        CellTypesConfig,
        DriveConfig,
    )

    print(describe())
    print(f"idle before the start: {idle_fraction():.0%} of all cores")
    config = CellTypesConfig(
        n_neurons=options.neurons,
        n_steps=options.frames,
        drive=DriveConfig(strength=options.drive),
    )
    system, seconds = timed(
        lambda: simulate_cell_types(config, rng=np.random.default_rng((options.seed, 7)))
    )
    print(
        f"\n{options.neurons} neurons x {options.frames:,} frames, drive {options.drive:g}, "
        f"simulated in {seconds:.1f} s"
    )
    estimate(options, system.activity)
    peers(options, system.activity)


if __name__ == "__main__":
    sys.exit(main())
