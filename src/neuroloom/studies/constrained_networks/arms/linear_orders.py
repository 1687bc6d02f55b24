"""Orders of recording in a linear network, and which of its modes training shrinks. Fig 8 a-e."""

from collections.abc import Sequence

import numpy as np

from neuroloom.analysis.identifiability import Sensitivity, mode_shrinkage, modes
from neuroloom.analysis.linear_students import (
    descended,
    low_rank_response,
    students_by_theory,
    students_by_training,
)
from neuroloom.analysis.recording_order import linear_order
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    Results,
    Row,
    Verdict,
)

__all__ = ["ARM", "CLAIM"]

NAME = "linear-orders"


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """One network, one cell."""
    return tuple(Cell.of(NAME, seed=seed) for seed in range(config.orders.linear_seeds))


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students by theory and by descent at one learning rate, for all orders."""
    del context
    ours = config.orders
    rng = np.random.default_rng((cell["seed"], 8))
    n = ours.linear_neurons
    response = low_rank_response(n, ours.linear_rank, strength=ours.linear_strength, rng=rng)
    error = rng.normal(0, ours.linear_error_sd, (ours.linear_targets, n))
    rate = 1 / float(np.linalg.norm(response, 2)) ** 2
    most = max(ours.linear_recorded)
    orders = [
        ("greedy", 0, linear_order(response, most)),
        ("worst", 0, linear_order(response, most, worst=True)),
        *(("random", draw, rng.permutation(n)) for draw in range(ours.linear_draws)),
    ]
    rows = [Row("untrained", "mse", float(((error @ response.T) ** 2).mean()), "state^2")]
    for name, draw, order in orders:
        theory = students_by_theory(response, order, ours.linear_recorded, error)
        trained = students_by_training(
            response,
            order,
            ours.linear_recorded,
            error,
            learning_rate=rate,
            n_steps=ours.linear_steps,
        )
        for how, left in (("theory", theory), ("trained", trained)):
            for m, value in zip(ours.linear_recorded, left, strict=True):
                at = {"n_recorded": m, "member": draw}
                rows.append(Row(name, f"mse_{how}", float(value), "state^2", at))
    seen = modes(Sensitivity(response[:, None, :]))
    kept = seen.leading(ours.linear_rank)
    left = descended(response, error, learning_rate=rate, n_steps=1)
    shrunk = mode_shrinkage(kept, error, left, n_bins=ours.n_bins)
    rows.append(Row("all recorded", "shrinkage_spearman", shrunk.correlation))
    rows.append(Row("all recorded", "shrinkage_monotone", float(shrunk.monotone)))
    return Measured(rows, arrays={"stiffness": shrunk.stiffness, "left": shrunk.left})


def judge(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """Share of networks, numbers and ways in which greedy <= random <= worst; modes beside it."""
    held = []
    for how in ("theory", "trained"):
        for m in config.orders.linear_recorded:
            per_seed = {}
            for name in ("greedy", "random", "worst"):
                found = results.rows(NAME, name, f"mse_{how}", n_recorded=m)
                for seed in sorted({row["seed"] for row in found}):
                    values = [row["value"] for row in found if row["seed"] == seed]
                    per_seed.setdefault(seed, {})[name] = float(np.median(values))
            held += [of["greedy"] <= of["random"] <= of["worst"] for of in per_seed.values()]
    monotone = results.values(NAME, "all recorded", "shrinkage_monotone")
    correlation = results.values(NAME, "all recorded", "shrinkage_spearman")
    share = float(np.mean(held))
    return Verdict.of(
        share == 1.0 and monotone.all() and (correlation < CORRELATION).all(),
        share,
        reason=(
            f"{sum(held)} of {len(held)} comparisons; shrinkage is monotone in "
            f"{int(monotone.sum())} of {monotone.size} networks, Spearman correlation with "
            f"stiffness at most {correlation.max():.3g}"
        ),
    )


CORRELATION = -0.9

ARM = Arm(
    name=NAME,
    sentence="Students of a random linear network of low rank learn biases from M neurons.",
    control="random orders and the worst one, at the same learning rate",
    cells=cells,
    measure=measure,
    seconds=lambda cell, config: 3e-7 * config.orders.linear_neurons**2 * 100,
)

CLAIM = Claim(
    id="4-linear",
    sentence=(
        "In a linear network theory ranks neurons: the greedy order leaves less error than random "
        "ones, and these less than the worst; training shrinks stiff modes first."
    ),
    source="Beiran and Litwin-Kumar (2025), Figs 7 and 8 a-e",
    measure="share of networks and numbers of neurons with greedy <= median random <= worst",
    criterion=(
        "1, by theory and by training at one learning rate; what is left of modes falls with their "
        f"stiffness in every bin, Spearman correlation below {CORRELATION:g}"
    ),
    control="random and worst orders",
    arms=(NAME,),
    judge=judge,
)
