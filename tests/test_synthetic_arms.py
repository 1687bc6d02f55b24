"""Arms on synthetic teachers: what students see, and what cells measure."""

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.networks import Softplus
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.arms import (
    dimension,
    known_wiring,
    mismatch,
    synthetic,
    task_only,
    wrong_wiring,
)
from neuroloom.studies.constrained_networks.config import PRESETS
from neuroloom.studies.constrained_networks.scoring import ceiling_rows, failures
from neuroloom.studies.constrained_networks.students import (
    method_of,
    on_all_pairs,
    record,
    recorded_sets,
    seconds_of,
)
from neuroloom.studies.constrained_networks.synthetic_config import (
    Published,
    Quick,
    SyntheticConfig,
)
from neuroloom.studies.constrained_networks.teachers import (
    ChaoticConfig,
    CyclingConfig,
    make_teacher,
)
from neuroloom.studies.constrained_networks.teachers.weights import matrix_of
from neuroloom.studies.framework import Cell, Context, Results, Row

QUICK = Quick(n_clamped=1, n_free=2, n_inner=3, n_inner_free=4)
TINY = SyntheticConfig(
    cycling=CyclingConfig(n_neurons=20, n_trials=4, n_rounds=1, n_steps=2, batch_size=2),
    n_trained=2,
    n_scored=2,
    n_recorded=(2, 20),
    n_seeds=2,
    known=QUICK,
    n_permutations=3,
    n_task_seeds=2,
    task=Quick(n_clamped=0, n_free=2, n_inner=3, n_inner_free=3),
    unknown=Published(n_steps=2, batch_size=2),
    smoothness=(0.5, 1.0),
    wrong_starts=(0.5,),
    mismatch=QUICK,
    error_levels=(0.1,),
    errors=QUICK,
    low_rank_sizes=(60,),
    low_rank_recorded=(2, 4),
    chaotic_sizes=(20,),
    chaotic_recorded=(2, 4),
    n_tanh_seeds=1,
    tanh=QUICK,
)
CONFIG = replace(PRESETS["fast"], synthetic=TINY)


@pytest.fixture(scope="module")
def teacher():
    return make_teacher(ChaoticConfig(n_neurons=12, burn_in=5.0, duration=2.0))


def in_folder(tmp_path, name="cell"):
    return Context(tmp_path / f"{name}.checkpoint", tmp_path / "cache")


def test_more_recorded_neurons_are_the_fewer_and_others_with_them():
    sets = recorded_sets(30, (2, 10, 30, 40), range(3))
    assert {m for m, _ in sets} == {2, 10, 30}
    for (m, seed), seen in sets.items():
        assert seen.sum() == m
        if m == 10:
            assert (seen | ~sets[2, seed]).all()
    assert not np.array_equal(sets[10, 0], sets[10, 1])


def test_numbers_of_a_recipe_become_the_method_of_that_recipe():
    published: Any = method_of(Published(learning_rate=2e-3, n_steps=7, noise_step_sd=0.1))
    assert (published.learning_rate, published.n_steps, published.noise) == (2e-3, 7, 0.1)
    quick: Any = method_of(Quick(n_clamped=3, n_free=4, n_inner=5, damping=0.2, together=2))
    assert (quick.n_clamped, quick.n_free, quick.n_inner) == (3, 4, 5)
    assert (quick.damping, quick.together) == (0.2, 2)
    apart: Any = method_of(Quick(n_inner=5, n_inner_free=6))
    clamped, free = (stage["optimizer"].n_inner for stage in apart.stages()[-2:])
    assert (clamped, free) == (5, 6)


def test_students_that_diverge_or_run_away_are_named_and_untrained_ones_are_not():
    statuses = ("finished", "diverged", "finished")
    nan = float("nan")
    rows = [
        Row("unrecorded", "mse", nan, "rate^2", {"n_recorded": 0, "seed": 0}),
        Row("unrecorded", "mse", nan, "rate^2", {"n_recorded": 2, "seed": 0}),
        Row("recorded", "mse", nan, "rate^2", {"n_recorded": 2, "seed": 0}),
        Row("unrecorded", "mse", 1.0, "rate^2", {"n_recorded": 10, "seed": 0}),
    ]
    diverged, ran_away = failures(statuses, [(2, 0), (4, 0), (10, 0)], rows)
    assert "seed 0 with 4 recorded diverged" in diverged
    assert "seed 0 with 2 recorded runs away" in ran_away


def test_a_recording_with_noise_differs_by_its_size_and_without_is_the_teacher(teacher):
    clean = record(teacher, slice(None), noise_step_sd=0.0, seed=0)
    np.testing.assert_array_equal(clean.rates, teacher.rates)
    noisy = record(teacher, slice(None), noise_step_sd=1e-3, seed=0)
    first = np.asarray(noisy.rates - clean.rates)[:, 0]
    assert 1e-5 < np.abs(first).max() < 5e-3
    again = record(teacher, slice(None), noise_step_sd=1e-3, seed=0)
    np.testing.assert_array_equal(noisy.rates, again.rates)


def test_ceilings_are_beside_what_mean_rates_alone_are_worth(teacher):
    found = list(ceiling_rows(teacher, slice(None), n_permutations=3, seeds=range(1)))
    rates = np.asarray(teacher.rates)
    expected = ((rates - rates.mean((0, 1))) ** 2).mean()
    (still,) = (row.value for row in found if row.split == "mean rates")
    assert still == pytest.approx(expected, rel=1e-5)
    assert {"permuted neurons", "permuted parameters"} <= {row.split for row in found}


def test_a_network_on_all_pairs_does_what_it_did_and_takes_other_weights(teacher):
    weight = matrix_of(teacher.connectome)
    dense = on_all_pairs(teacher.network, weight)
    run = simulate(dense, teacher.inputs, dt=teacher.dt, initial=teacher.initials)
    np.testing.assert_allclose(run, teacher.states, atol=1e-9)
    flipped = on_all_pairs(teacher.network, -weight)
    np.testing.assert_allclose(flipped.wiring.matrix(flipped.weight), -weight)


def test_a_trained_smoothness_starts_as_the_fixed_one_and_may_move(teacher):
    soft = mismatch.with_smoothness(teacher.network, 0.5)
    trained: Any = mismatch.with_trained_smoothness(teacher.network, 0.5)
    x = jnp.linspace(-2, 2, 12)
    np.testing.assert_allclose(soft.rate(x), trained.rate(x))
    expected = (
        np.asarray(teacher.network.gain.expand()) * np.logaddexp(0, 0.5 * np.asarray(x)) / 0.5
    )
    np.testing.assert_allclose(soft.rate(x), expected)
    assert isinstance(soft.activation, Softplus)
    assert trained.activation.smoothness.value.shape == (1,)


def test_matched_students_are_those_of_known_wiring_and_trained_once(tmp_path, monkeypatch):
    config = replace(CONFIG, synthetic=replace(CONFIG.synthetic, mismatch=CONFIG.synthetic.known))
    context = in_folder(tmp_path)
    (cell,) = known_wiring.cells(config)
    known = known_wiring.measure(cell, config, context)
    monkeypatch.setattr(known_wiring, "fit_students", None)  # training again would fail
    monkeypatch.setattr(mismatch, "fit_students", None)
    matched = mismatch.measure(Cell.of("mismatch", smoothness="1"), config, context)
    ceilings = len(known.rows) - len(matched.rows)
    assert ceilings > 0
    assert repr(list(known.rows[ceilings:])) == repr(list(matched.rows))
    with pytest.raises(TypeError):
        mismatch.measure(Cell.of("mismatch", smoothness="2"), config, context)


def test_noise_falls_on_true_weights_and_spurious_ones_copy_true_ones(teacher):
    true = teacher.connectome
    sparse = replace(
        true, **{n: getattr(true, n)[::5] for n in ("pre", "post", "kind", "count", "sign")}
    )
    believed = wrong_wiring.wrong(sparse, "noise and spurious", 0.1, seed=0)
    n = sparse.n_connections
    assert believed.n_connections > n
    ratio = believed.count[:n] / sparse.count
    assert 0.03 < ratio.std() < 0.2
    own = {(int(p), float(c)) for p, c in zip(sparse.pre, sparse.count, strict=True)}
    new = zip(believed.pre[n:], believed.count[n:], strict=True)
    assert {(int(p), float(c)) for p, c in new} <= own
    missing = wrong_wiring.wrong(sparse, "missing", 0.3, seed=0)
    assert missing.n_connections < n


def test_a_low_rank_cell_measures_untrained_and_trained_students_and_the_dimension(tmp_path):
    (cell,) = dimension.low_rank_cells(CONFIG)
    found = dimension.measure_low_rank(cell, CONFIG, in_folder(tmp_path))
    results = Results.of({cell: found.rows}, ("seed", "member"))
    along = results.along("n_recorded", "low-rank", "unrecorded", "one_minus_abs_rho")
    assert list(along) == [0, 2, 4]
    for m in (2, 4):
        trained, untrained = (
            results.values("low-rank", split, "mse", n_recorded=k)[0]
            for split, k in (("recorded", m), ("unrecorded", 0))
        )
        assert trained < untrained
    assert results.values("low-rank", "teacher", "participation_ratio")[0] > 1
    assert "bias_rmse" not in {row.measure for row in found.rows}
    assert not [note for note in found.notes if note.startswith("not recorded")]


def test_numbers_above_those_of_the_neurons_are_named_not_dropped_in_silence(tmp_path):
    many = replace(CONFIG, synthetic=replace(CONFIG.synthetic, low_rank_recorded=(2, 500, 900)))
    (cell,) = dimension.low_rank_cells(many)
    found = dimension.measure_low_rank(cell, many, in_folder(tmp_path))
    (note,) = [note for note in found.notes if note.startswith("not recorded")]
    assert "[500, 900]" in note


@pytest.mark.slow
@pytest.mark.parametrize("arm", synthetic.ARMS, ids=lambda arm: arm.name)
def test_every_arm_measures_all_of_its_cells(arm, tmp_path):
    cells = arm.cells(CONFIG)
    found = {
        cell: arm.measure(cell, CONFIG, in_folder(tmp_path, f"cell{i}"))
        for i, cell in enumerate(cells)
    }
    assert found
    for cell, measured in found.items():
        assert arm.seconds(cell, CONFIG) > 0
        still = any("came to rest" in line for line in measured.failures)
        assert len(measured.failures) == still
        may_be_missing = {"enough_recorded", "enough_recorded_above"}
        if still:
            may_be_missing |= {"participation_ratio", "one_minus_rho", "one_minus_abs_rho"}
        values = [row.value for row in measured.rows if row.measure not in may_be_missing]
        assert np.isfinite(values).all()
    Results.of({cell: m.rows for cell, m in found.items()}, ("seed", "member"))


def test_the_published_recipe_takes_longer_than_second_order_by_its_own_guess():
    sizes = {"n_students": 25, "n_neurons": 300, "n_trials": 60}
    slow = seconds_of(Published(), **sizes)
    quick = seconds_of(Quick(), **(sizes | {"n_trials": 8}))
    assert slow > 3 * quick
    assert seconds_of(Quick(), **(sizes | {"n_students": 50})) == pytest.approx(
        2 * seconds_of(Quick(), **sizes)
    )


def test_the_time_of_task_students_follows_their_own_trials():
    few, many = (replace(TINY, task=Quick(), n_task_trained=k) for k in (10, 40))
    (cell,) = task_only.cells(CONFIG)
    one, four = (
        task_only.ARM.seconds(cell, replace(CONFIG, synthetic=ours)) for ours in (few, many)
    )
    assert four > one
