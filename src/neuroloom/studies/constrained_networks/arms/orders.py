"""Orders of recording and eigenmodes in the cycling network. Figs 7 g-i and 8 g, h, our orders."""

from collections.abc import Sequence

import jax
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Int

from neuroloom.analysis.candidates import Candidates
from neuroloom.analysis.identifiability import Linearization, linearize, mode_shrinkage, modes
from neuroloom.analysis.recording_order import greedy_order, worst_order
from neuroloom.errors import InputError
from neuroloom.fitting import fit_students, gain_and_bias
from neuroloom.networks import RateNetwork
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.arms.known_wiring import (
    cycling_teacher,
    require_cycling_size,
    spread,
)
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.orders_config import OrdersConfig
from neuroloom.studies.constrained_networks.scoring import scored_trials
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    record,
    student_of,
    student_rates,
)
from neuroloom.studies.constrained_networks.teachers import Teacher
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NotTestedError,
    Results,
    Row,
    Verdict,
    median_interval,
)

__all__ = ["ARM", "MODES_CLAIM", "ORDERS_CLAIM", "failures_in_orders", "trials_of_each_kind"]

NAME = "recording-orders"
CORRELATION = -0.5


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """One starting point, all of its orders and numbers, one cell."""
    return tuple(Cell.of(NAME, seed=seed) for seed in range(config.orders.order_seeds))


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of all orders from one start, by one method; orders know nothing of the teacher."""
    ours, synthetic = config.orders, config.synthetic
    teacher = cycling_teacher(synthetic, context)
    start = Informed()(teacher, jax.random.key(cell["seed"]))
    orders = recording_orders(start, teacher, ours, seed=cell["seed"])
    everyone = np.ones(teacher.n_neurons, bool)
    sets = {
        (name, draw, m): np.isin(np.arange(teacher.n_neurons), order[:m])
        for (name, draw), order in orders.items()
        for m in ours.order_recorded
    } | {("everyone", 0, teacher.n_neurons): everyone}
    members = list(sets)
    shown = record(
        teacher,
        slice(0, synthetic.n_trained),
        noise_step_sd=synthetic.noise_step_sd,
        seed=synthetic.cycling.seed,
    )
    fit = fit_students(
        [student_of(start, seen, teacher) for seen in sets.values()],
        shown,
        trainable=gain_and_bias,
        method=method_of(synthetic.known),
        key=jax.random.key(cell["seed"]),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, synthetic.n_scored)
    true = np.asarray(teacher.rates[trials])
    rows = [_row("untrained", "all_mse", _error(start, teacher, trials, true, everyone), 0, 0)]
    arrays: dict[str, np.ndarray] = {}
    for i, place in enumerate(fit.kept):
        name, draw, m = members[place]
        network = fit.member(i).network
        if name == "everyone":
            found, arrays = _modes(start, network, teacher, ours)
            rows += found
            continue
        for measured, of in (("mse", ~sets[name, draw, m]), ("all_mse", everyone)):
            rows.append(_row(name, measured, _error(network, teacher, trials, true, of), m, draw))
    lost = failures_in_orders(fit.status, members, rows)
    return Measured(rows, arrays=arrays, notes=teacher.notes, failures=lost)


def failures_in_orders(
    statuses: Sequence[str], members: Sequence[tuple[str, int, int]], rows: Sequence[Row]
) -> list[str]:
    """Students that diverged in training or run away in the scored trials, with their orders.

    Args:
        statuses: Of the students, as a `Fit` has them.
        members: Order, which draw of it, and number recorded of each.
        rows: Errors of all that did not diverge.
    """
    of = {
        member: f"the student of {member[2]} neurons in {_said(*member[:2])}" for member in members
    }
    diverged = [m for m, status in zip(members, statuses, strict=True) if status == "diverged"]
    ran_away = {
        (row.split, row.at["member"], row.at["n_recorded"])
        for row in rows
        if row.measure == "mse" and np.isnan(row.value)
    }
    return [f"{of[m]} diverged: left out" for m in diverged] + [
        f"{of[m]} runs away in the scored trials: its errors are NaN"
        for m in members
        if m in ran_away
    ]


def _said(order: str, draw: int) -> str:
    if order == "everyone":
        return "no order, all recorded,"
    return f"random order {draw}" if order == "random" else f"the {order} order"


def recording_orders(
    start: RateNetwork, teacher: Teacher, ours: OrdersConfig, *, seed: int
) -> dict[tuple[str, int], np.ndarray]:
    """Greedy, worst and random orders, from the untrained student and the trials' inputs alone."""
    candidates = Candidates.of(_around(start, teacher, ours).sensitivity(), noise=ours.noise)
    most = max(ours.order_recorded)
    rng = np.random.default_rng((seed, 9))
    orders = {
        ("greedy", 0): greedy_order(candidates, most).neuron,
        ("worst", 0): worst_order(candidates, most).neuron,
    }
    return orders | {
        ("random", draw): rng.permutation(teacher.n_neurons) for draw in range(ours.order_draws)
    }


def trials_of_each_kind(
    inputs: Float[np.ndarray, "trial time neuron"], n_kinds: int
) -> Int[np.ndarray, " kind"]:
    """The first trial of every kind: a kind is what each neuron is pushed by in all, at any time.

    Raises:
        InputError: If the teacher's trials have fewer kinds.
    """
    pushed = inputs.astype(np.float64).sum(axis=1)
    _, first = np.unique(pushed.round(6), axis=0, return_index=True)
    if len(first) < n_kinds:
        raise InputError(
            f"`order_trials` must be at most the number of kinds of trials, {len(first)}; got "
            f"{n_kinds}. Give the teacher more trials, or ask for fewer."
        )
    return np.sort(first)[:n_kinds]


def _around(network: RateNetwork, teacher: Teacher, ours: OrdersConfig) -> Linearization:
    kinds = trials_of_each_kind(np.asarray(teacher.inputs), ours.order_trials)
    inputs, initial = teacher.inputs[kinds], teacher.initials[kinds]

    def rates(net: RateNetwork) -> jax.Array:
        return net.rate(simulate(net, inputs, dt=teacher.dt, initial=initial, adjoint=False))

    return linearize(
        network,
        rates,
        trainable=gain_and_bias,
        prior_sd=(ours.gain_sd, ours.bias_sd),
        every=max(inputs.shape[1] // ours.order_samples, 1),
    )


def _modes(
    start: RateNetwork, trained: RateNetwork, teacher: Teacher, ours: OrdersConfig
) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Errors of the student that is shown everyone, before and after, along the teacher's modes."""
    around = _around(teacher.network, teacher, ours)
    found = modes(around.sensitivity())

    def off(network: RateNetwork) -> Float[np.ndarray, "1 parameter"]:
        theta = np.asarray(ravel_pytree(gain_and_bias(network))[0], np.float64)
        return ((theta - around.parameters) / around.prior_sd)[None]

    shrunk = mode_shrinkage(found, off(start), off(trained), n_bins=ours.n_bins)
    rows = [Row("all recorded", "shrinkage_spearman", shrunk.correlation)]
    rows += [
        Row("all recorded", "left", float(value), "", {"mode_bin": place})
        for place, value in enumerate(shrunk.binned)
    ]
    rows.append(Row("all recorded", "n_stiff", float(found.n_stiff(ours.noise)), "modes"))
    return rows, {"stiffness": shrunk.stiffness, "left": shrunk.left}


def _error(
    network: RateNetwork,
    teacher: Teacher,
    trials: slice,
    true: np.ndarray,
    of: Bool[np.ndarray, " neuron"],
) -> float:
    rates = np.asarray(student_rates(network, teacher, trials))
    if not of.any() or not np.isfinite(rates).all():
        return float("nan")
    return float(((rates - true)[..., of] ** 2).mean())


def _row(split: str, measure: str, value: float, m: int, draw: int) -> Row:
    return Row(split, measure, value, "rate^2", {"n_recorded": m, "member": draw})


def judge_orders(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """Greedy over median random, unrecorded error, median over seeds, at the worst number."""
    require_cycling_size(config)
    ratios, worse, compared = [], [], []
    for m in config.orders.order_recorded:
        of = {name: _by_seed(results, name, m) for name in ("greedy", "random", "worst")}
        seeds = sorted(of["greedy"].keys() & of["random"].keys())
        if not seeds:
            raise NotTestedError(f"no start has students of both orders at {m} recorded")
        ratios.append(float(np.median([of["greedy"][s] / of["random"][s] for s in seeds])))
        bad = [of["worst"][s] / of["random"][s] for s in seeds if s in of["worst"]]
        worse.append(float(np.median(bad)) if bad else float("nan"))
        compared.append(len(seeds))
    value = max(ratios)
    return Verdict.of(
        value < 1,
        value,
        reason=(
            "greedy over random by number recorded: "
            + ", ".join(
                f"{m}: {ratio:.3g} (worst {bad:.3g})"
                for m, ratio, bad in zip(config.orders.order_recorded, ratios, worse, strict=True)
            )
            + f"; {min(compared)} starts at least"
        ),
    )


def _by_seed(results: Results, name: str, m: int) -> dict[int, float]:
    """Median over draws of each seed's error; a seed whose students diverged has none."""
    found = results.rows(NAME, name, "mse", n_recorded=m)
    return {
        seed: float(np.median([row["value"] for row in found if row["seed"] == seed]))
        for seed in sorted({row["seed"] for row in found})
    }


def judge_modes(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """Spearman correlation of stiffness and what is left of the error, median over students."""
    require_cycling_size(config)
    correlation = results.values(NAME, "all recorded", "shrinkage_spearman")
    bins = results.along("mode_bin", NAME, "all recorded", "left")
    left = np.array([np.median(values) for values in bins.values()])
    value, low, high = median_interval(correlation)
    return Verdict.of(
        value < CORRELATION and bool((np.diff(left) > 0).all()),
        value,
        low=low,
        high=high,
        reason="left of squared error, stiffest to sloppiest bin: "
        + ", ".join(f"{one:.3g}" for one in left)
        + f"; {spread(correlation)}",
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.orders
    del cell
    n_students = 1 + (2 + ours.order_draws) * len(ours.order_recorded)
    return 30 + cycling_seconds(config.synthetic, config.synthetic.known, n_students)


ARM = Arm(
    name=NAME,
    sentence=(
        "Students of the cycling network record M neurons in the greedy, worst and random order of "
        "their untrained selves; one more records everyone."
    ),
    control="random orders and the worst one, trained in the same program by the same method",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

ORDERS_CLAIM = Claim(
    id="4-orders",
    sentence="The greedy order of recording beats random orders in a nonlinear network.",
    source="ours, after Beiran and Litwin-Kumar (2025), Fig. 8 g, h",
    measure="unrecorded mean squared error, greedy over median random, the largest over M",
    criterion="median over seeds below 1 at every M",
    control="random orders; the worst order beside it; same start, method and learning rate",
    arms=(NAME,),
    judge=judge_orders,
)

MODES_CLAIM = Claim(
    id="4-modes",
    sentence="Training takes away errors along stiff modes and leaves those along sloppy ones.",
    source="Beiran and Litwin-Kumar (2025), Fig. 7 g-i",
    measure="Spearman correlation of stiffness and the part of the squared error that is left",
    criterion=f"median below {CORRELATION:g}, and what is left rises from bin to bin",
    control="the same student before training (1 in every bin)",
    arms=(NAME,),
    judge=judge_modes,
)
