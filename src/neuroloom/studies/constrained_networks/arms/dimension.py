"""Does the number of neurons to record follow the size of a network or its dimension? Fig 3."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from neuroloom.analysis.dimensionality import participation_ratio, variance_spectrum
from neuroloom.analysis.threshold import enough_recorded
from neuroloom.fitting import fit_students
from neuroloom.networks import RateNetwork
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import NearOne
from neuroloom.studies.constrained_networks.scoring import failures, score
from neuroloom.studies.constrained_networks.students import (
    method_of,
    record,
    recorded_sets,
    seconds_of,
    student_of,
)
from neuroloom.studies.constrained_networks.synthetic_config import Published
from neuroloom.studies.constrained_networks.teachers import (
    ChaoticConfig,
    LowRankConfig,
    Teacher,
    cached_teacher,
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

__all__ = ["CHAOTIC", "CHAOTIC_CLAIM", "LOW_RANK", "LOW_RANK_CLAIM"]

AT_RECORDED = 4
LOW_RANK_SIZES = (100, 400)
LOW_RANK_ERROR = 1e-3
LOW_RANK_GAIN = 0.8
CHAOTIC_SIZES = (200, 400)
THRESHOLD = 0.2
FACTOR = 2.0
STILL = 1e-4  # range of a rate over time that counts as none


def low_rank_cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """One teacher, one sweep of students, one cell."""
    ours = config.synthetic
    return _cells("low-rank", ours.low_rank_sizes, ours.n_tanh_seeds)


def chaotic_cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """One teacher, one sweep of students, one cell."""
    ours = config.synthetic
    return _cells("chaotic", ours.chaotic_sizes, ours.n_tanh_seeds)


def measure_low_rank(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of a rank-two teacher."""
    teacher = cached_teacher(
        LowRankConfig(n_neurons=cell["n_neurons"], seed=cell["seed"]), context.cached
    )
    return _measure(teacher, config.synthetic.low_rank_recorded, cell, config, context)


def measure_chaotic(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of a chaotic teacher, and from how many recorded neurons on they follow it."""
    teacher = cached_teacher(
        ChaoticConfig(n_neurons=cell["n_neurons"], seed=cell["seed"]), context.cached
    )
    found = _measure(teacher, config.synthetic.chaotic_recorded, cell, config, context)
    error = {
        int(row.at["n_recorded"]): row.value
        for row in found.rows
        if row.split == "unrecorded" and row.measure == "one_minus_rho" and row.at["n_recorded"]
    }
    numbers = sorted(m for m, value in error.items() if np.isfinite(value))
    if not numbers:
        return found
    enough = enough_recorded(
        np.array(numbers), np.array([error[m] for m in numbers]), threshold=THRESHOLD
    )
    rows = [
        Row("unrecorded", "enough_recorded", enough.value, "neurons"),
        Row("unrecorded", "enough_recorded_above", enough.lowest, "neurons"),
    ]
    return Measured(
        [*found.rows, *rows],
        arrays=found.arrays,
        notes=[*found.notes, f"M*: {enough.verdict}"],
        failures=found.failures,
    )


def _gain(network: RateNetwork) -> Any:
    return network.gain.value


def _cells(name: str, sizes: Sequence[int], n_seeds: int) -> Sequence[Cell]:
    return tuple(Cell.of(name, n_neurons=n, seed=seed) for n in sizes for seed in range(n_seeds))


def _measure(
    teacher: Teacher,
    n_recorded: Sequence[int],
    cell: Cell,
    config: ConstrainedNetworksConfig,
    context: Context,
) -> Measured:
    how = config.synthetic.tanh
    seed = cell["seed"]
    sets = recorded_sets(teacher.n_neurons, n_recorded, [seed])
    members = [member for member, seen in sets.items() if not seen.all()]
    start = NearOne()(teacher, jax.random.key(seed))
    noise = how.noise_step_sd if isinstance(how, Published) else 0.0
    fit = fit_students(
        [student_of(start, sets[member], teacher) for member in members],
        record(teacher, slice(None), noise_step_sd=noise, seed=seed),
        trainable=_gain,
        method=method_of(how),
        key=jax.random.key(seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    nobody = np.zeros(teacher.n_neurons, bool)
    rows = score(start, teacher, slice(None), nobody, {"n_recorded": 0})
    for i, member in enumerate(fit.kept):
        m = members[member][0]
        rows += score(
            fit.member(i).network, teacher, slice(None), sets[members[member]], {"n_recorded": m}
        )
    rows = [row for row in rows if row.measure != "bias_rmse"]  # these networks have no biases
    activity = np.asarray(teacher.rates)
    lost = failures(fit.status, members, rows)
    arrays = {}
    if np.ptp(activity, axis=(0, 1)).max() > STILL:
        dimension = participation_ratio(activity)
        arrays["variance_spectrum"] = variance_spectrum(activity)[:50]
    else:
        dimension = float("nan")
        lost.append(f"the teacher of {cell} came to rest: its activity has no dimension")
    rows.append(Row("teacher", "participation_ratio", dimension, "dimensions"))
    too_many = [m for m in n_recorded if m >= teacher.n_neurons]
    left_out = [f"not recorded: {too_many}, for it has {teacher.n_neurons} neurons"]
    notes = [*teacher.notes, *(left_out if too_many else [])]
    return Measured(rows, arrays=arrays, notes=notes, failures=lost)


def judge_low_rank(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """The larger of the two sizes' errors at four recorded neurons."""
    at_four = partial(results.values, "low-rank", n_recorded=AT_RECORDED, at_least=3)
    passed, errors, words = True, [], []
    for n in LOW_RANK_SIZES:
        error = float(np.median(at_four("unrecorded", "one_minus_abs_rho", n_neurons=n)))
        mse = float(np.median(at_four("unrecorded", "mse", n_neurons=n)))
        gain = float(np.median(at_four("unrecorded", "gain_rmse", n_neurons=n)))
        untrained = partial(results.values, "low-rank", "unrecorded", n_recorded=0, n_neurons=n)
        before = float(np.median(untrained("one_minus_abs_rho")))
        first = float(np.median(untrained("gain_rmse")))
        passed &= error < LOW_RANK_ERROR and 10 * error <= before and gain > LOW_RANK_GAIN * first
        errors.append(error)
        words.append(
            f"N {n}: {error:.2g} (untrained {before:.2g}), mean squared error {mse:.2g}, gain "
            f"error {gain / first:.2g} of the initial"
        )
    return Verdict.of(passed, max(errors), reason="; ".join(words))


def judge_chaotic(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """M* over dimension at one size, in units of that at the other; beside it, M* over size."""
    missing = [n for n in CHAOTIC_SIZES if n not in config.synthetic.chaotic_sizes]
    if missing:
        raise NotTestedError(f"at this size: chaotic networks of {missing[0]} neurons")
    ratio, per_neuron, words, within = [], [], [], True
    for n in CHAOTIC_SIZES:
        enough, above, dimension = _by_teacher(results, n)
        if np.median(above) >= n / 2:
            why = f"N {n}: half of the teachers take more than {np.median(above):g} recorded"
            return Verdict.of(False, float(np.median(above / dimension)), reason=why)
        middle, relative = float(np.median(enough)), float(np.median(enough / dimension))
        if not (0 < middle < np.inf and 0 < relative < np.inf):
            raise NotTestedError(
                f"at this size: M* of most teachers of {n} neurons is outside the numbers recorded"
            )
        ratio.append(relative)
        per_neuron.append(middle / n)
        within &= middle < n / 2
        outside = int((~np.isfinite(enough) | (enough == 0)).sum())
        words.append(
            f"N {n}: M* {middle:.3g}, dimension {np.median(dimension):.3g} (medians of "
            f"{len(enough)}, {outside} of them outside the numbers recorded)"
        )
    value, of_size = ratio[1] / ratio[0], per_neuron[1] / per_neuron[0]
    nearer = abs(np.log(value)) <= abs(np.log(of_size))
    words.append(f"M* over N at N 400, of that at N 200: {of_size:.3g}")
    return Verdict.of(
        1 / FACTOR <= value <= FACTOR and within and nearer, value, reason="; ".join(words)
    )


def _by_teacher(results: Results, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """M*, the number it is above, and the dimension, teacher by teacher.

    A curve that starts below the threshold has M* 0 here, one that never crosses it infinity: both
    are on the right side of a median, which neither moves.
    """
    above = results.rows("chaotic", "unrecorded", "enough_recorded_above", n_neurons=n)
    results.values("chaotic", "unrecorded", "enough_recorded_above", n_neurons=n, at_least=5)
    dimension = results.rows("chaotic", "teacher", "participation_ratio", n_neurons=n)
    dimension_of = {row["seed"]: row["value"] for row in dimension}
    found = {
        row["seed"]: row["value"]
        for row in results.records
        if row["arm"] == "chaotic" and row["measure"] == "enough_recorded" and row["n_neurons"] == n
    }
    enough = [
        found[row["seed"]]
        if np.isfinite(found[row["seed"]])
        else (np.inf if row["value"] > 0 else 0.0)
        for row in above
    ]
    return (
        np.array(enough),
        np.array([row["value"] for row in above]),
        np.array([dimension_of[row["seed"]] for row in above]),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    sweep = ours.low_rank_recorded if cell.arm == "low-rank" else ours.chaotic_recorded
    n = cell["n_neurons"]
    return 5 + seconds_of(ours.tanh, n_students=len(sweep), n_neurons=n, n_trials=1)


LOW_RANK = Arm(
    name="low-rank",
    sentence="Students of rank-two teachers of several sizes learn gains from M neurons.",
    control="untrained students (M = 0)",
    cells=low_rank_cells,
    measure=measure_low_rank,
    seconds=_seconds,
)

CHAOTIC = Arm(
    name="chaotic",
    sentence="Students of chaotic teachers of several sizes learn gains from M neurons.",
    control="untrained students (M = 0); the dimension of the teacher's activity",
    cells=chaotic_cells,
    measure=measure_chaotic,
    seconds=_seconds,
)

LOW_RANK_CLAIM = Claim(
    id="1-low-rank",
    sentence="Two-dimensional dynamics take a few recordings, whatever the number of neurons.",
    source="Beiran and Litwin-Kumar (2025), Fig. 3 a-c",
    measure=f"1 - mean |rho| of unrecorded neurons at {AT_RECORDED} recorded, N 100 and 400",
    criterion=(
        f"medians below {LOW_RANK_ERROR:g} and at least 10 times below untrained students at both "
        f"sizes, with an unrecorded gain error above {LOW_RANK_GAIN:g} of the initial one"
    ),
    control="untrained students; mean squared error beside it",
    arms=("low-rank",),
    judge=judge_low_rank,
)

CHAOTIC_CLAIM = Claim(
    id="1-chaotic",
    sentence="The number of recordings that chaotic networks take follows their dimension.",
    source="Beiran and Litwin-Kumar (2025), Fig. 3 d-f",
    measure="M* over the participation ratio at N 400, of that at N 200 (medians of 5 teachers)",
    criterion=(
        f"between 1/{FACTOR:g} and {FACTOR:g}, with M* below N / 2 at both sizes, and no farther "
        "from 1 than M* over N is (this last part was added when the first run, which passed "
        "without it, followed N)"
    ),
    control="N itself: M* over N, compared in the same way",
    arms=("chaotic",),
    judge=judge_chaotic,
)
