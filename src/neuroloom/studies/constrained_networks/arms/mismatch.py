"""Students whose rates depend on their states in another way than the teacher's. Fig 4 b, c."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.fitting import fit_students, gain_and_bias
from neuroloom.networks import Exponential, RateNetwork, SharedSoftplus, Softplus, global_value
from neuroloom.studies.constrained_networks.arms.known_wiring import (
    cycling_teacher,
    require_cycling_size,
    student_rows,
)
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.scoring import failures, score, scored_trials
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    record,
    recorded_sets,
    student_of,
)
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
)

__all__ = ["ARM", "CLAIM", "with_smoothness", "with_trained_smoothness"]

NAME = "mismatch"
WITHIN = 2.0
MATCHED = "1"
"""The teacher's smoothness."""


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """A sweep a fixed smoothness, and one a start of the trained one."""
    ours = config.synthetic
    fixed = [Cell.of(NAME, smoothness=f"{s:g}") for s in ours.smoothness]
    trained = [Cell.of(NAME, smoothness=f"trained from {s:g}") for s in ours.wrong_starts]
    return (*fixed, *trained)


def with_smoothness(network: RateNetwork, smoothness: float) -> RateNetwork:
    """The network with a softplus of this fixed smoothness."""
    dtype = network.bias.value.dtype
    return eqx.tree_at(lambda n: n.activation, network, Softplus(jnp.asarray(smoothness, dtype)))


def with_trained_smoothness(network: RateNetwork, smoothness: float) -> RateNetwork:
    """The network with a softplus of one smoothness for all neurons, which stays above 0."""
    shared = global_value(smoothness, network.n_neurons, unit="1", constraint=Exponential())
    return eqx.tree_at(lambda n: n.activation, network, SharedSoftplus(shared))


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of every number of recorded neurons and seed, of one smoothness."""
    ours = config.synthetic
    teacher = cycling_teacher(ours, context)
    words = cell["smoothness"].split()
    is_trained, value = len(words) > 1, float(words[-1])
    if words == [MATCHED]:
        matched, lost = student_rows(ours, ours.mismatch, context)
        return Measured(matched, notes=teacher.notes, failures=lost)
    change = with_trained_smoothness if is_trained else with_smoothness
    sets = recorded_sets(teacher.n_neurons, ours.n_recorded, range(ours.n_seeds))
    members = list(sets)
    starts = {s: change(Informed()(teacher, jax.random.key(s)), value) for s in range(ours.n_seeds)}
    shown = record(
        teacher, slice(0, ours.n_trained), noise_step_sd=ours.noise_step_sd, seed=ours.cycling.seed
    )
    fit = fit_students(
        [student_of(starts[seed], seen, teacher) for (_, seed), seen in sets.items()],
        shown,
        trainable=_with_smoothness if is_trained else gain_and_bias,
        method=method_of(ours.mismatch),
        key=jax.random.key(ours.cycling.seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, ours.n_scored)
    rows: list[Row] = []
    nobody = np.zeros(teacher.n_neurons, bool)
    for seed, start in starts.items():
        rows += score(start, teacher, trials, nobody, {"n_recorded": 0, "seed": seed})
    for i, member in enumerate(fit.kept):
        m, seed = members[member]
        network = fit.member(i).network
        at = {"n_recorded": m, "seed": seed}
        rows += score(network, teacher, trials, sets[m, seed], at)
        if is_trained:
            found = float(network.activation.smoothness.expand()[0])
            rows.append(Row("student", "smoothness", found, "1", at))
    return Measured(rows, notes=teacher.notes, failures=failures(fit.status, members, rows))


def _with_smoothness(network: RateNetwork) -> tuple:
    activation = network.activation
    assert isinstance(activation, SharedSoftplus)  # as `with_trained_smoothness` made it
    return *gain_and_bias(network), activation.smoothness.value


def judge(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """The worst trained smoothness at the largest number of recorded neurons, of the matched."""
    require_cycling_size(config)
    ours = config.synthetic
    names = {cell["smoothness"] for cell in cells(config)}
    if MATCHED not in names or len(names) < 3:
        raise NotTestedError("at this size: the matched smoothness 1 and others are needed")
    floor = ours.noise_step_sd**2  # errors below the variance of the noise count as that

    def medians(name: str) -> dict[int, float]:
        along = results.along("n_recorded", NAME, "unrecorded", "mse", smoothness=name, at_least=5)
        return {int(m): max(float(np.median(v)), floor) for m, v in along.items() if m != 0}

    matched = medians(MATCHED)
    largest = max(matched)
    trained = {n: medians(n) for n in sorted(names) if n.startswith("trained")}
    fixed = {n: medians(n)[largest] for n in sorted(names) if n not in trained and n != MATCHED}
    worst = {m: max(t[m] for t in trained.values()) / matched[m] for m in matched}
    rises = all(error > matched[largest] for error in fixed.values())
    listed = ", ".join(f"{ratio:.3g} at {m}" for m, ratio in worst.items())
    holds = [str(m) for m, ratio in worst.items() if ratio <= WITHIN]
    fails = [str(m) for m, ratio in worst.items() if ratio > WITHIN]
    where = (
        f"{', '.join(holds) or 'no number'} recorded, not at {', '.join(fails)}"
        if fails
        else "every number recorded"
    )
    floors = ", ".join(f"{error / matched[largest]:.3g} at {n}" for n, error in fixed.items())
    return Verdict.of(
        rises and worst[largest] <= WITHIN,
        worst[largest],
        reason=(
            f"trained within {WITHIN:g} of matched at {where}: {listed}; fixed smoothness over "
            f"matched at {largest} recorded: {floors}"
        ),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    if cell["smoothness"] == MATCHED and ours.mismatch == ours.known:
        return 1.0  # the arm on known wiring has them
    return 30 + cycling_seconds(ours, ours.mismatch, ours.n_seeds * len(ours.n_recorded))


ARM = Arm(
    name=NAME,
    sentence="Students of another smoothness, fixed or trained, learn from M neurons.",
    control="students of the teacher's smoothness, 1; untrained students (M = 0)",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

CLAIM = Claim(
    id="5",
    sentence="A wrong nonlinearity leaves an error, which training it removes.",
    source="Beiran and Litwin-Kumar (2025), Fig. 4 b, c; how it is trained is ours",
    measure="unrecorded mean squared error with trained smoothness, of that of matched students",
    criterion=(
        f"at most {WITHIN:g} at the largest number recorded, from every wrong start, and every "
        "fixed wrong smoothness above the matched error there; medians of at least 5 students, "
        "errors below the variance of the training noise counted as that"
    ),
    control="matched students; fixed wrong smoothness",
    arms=(NAME,),
    judge=judge,
)
