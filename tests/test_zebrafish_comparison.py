"""Recorded against wired distributions: what is scaled, what is left out, and how it is judged."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from neuroloom.studies.constrained_networks.real_circuits_config import IntegratorConfig
from neuroloom.studies.constrained_networks.zebrafish.classes import CLASSES, Population
from neuroloom.studies.constrained_networks.zebrafish.comparison import (
    ARM,
    CLAIMS,
    compared_values,
)
from neuroloom.studies.framework import Cell, Context, NoDataError, NotTestedError, Results, Row

DATA = Path(__file__).resolve().parents[1].parent / "shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the project")


@dataclass(frozen=True)
class Config:
    integrator: IntegratorConfig = field(
        default_factory=lambda: IntegratorConfig(
            nulls=("rewire", "shuffle_signs"), n_null_draws=1, n_resamples=20
        )
    )


def population(abducens, integrator, persistence=0.5) -> Population:
    sensitivity = np.r_[abducens, integrator].astype(float)
    return Population(
        label=np.repeat(CLASSES, [len(abducens), len(integrator)]),
        sensitivity=sensitivity,
        persistence=np.full(len(sensitivity), persistence),
        audit=(),
    )


def test_one_factor_gives_the_abducens_cells_their_median_and_leaves_the_integrator_free():
    recorded = population([4, 8, 16], [2, 4, 8])
    truth, found, n_left_out = compared_values(
        recorded, population([0.1, 0.2, 0.4], [0.2, 0.4, 0.8]), "sensitivity"
    )
    np.testing.assert_allclose(np.exp(found["abducens"]), [4, 8, 16])
    np.testing.assert_allclose(np.exp(found["integrator"]), [8, 16, 32])  # twice as far up
    np.testing.assert_allclose(np.exp(truth["integrator"]), [2, 4, 8])
    assert n_left_out == 0


def test_cells_below_every_recorded_one_are_left_out_and_counted():
    recorded = population([4, 8, 16], [2, 4, 8])
    other = population([0.1, 0.2, 0.4], [0.0, 0.001, 0.2])
    _, found, n_left_out = compared_values(recorded, other, "sensitivity")
    np.testing.assert_allclose(np.exp(found["integrator"]), [8])
    assert n_left_out == 2
    _, everyone, _ = compared_values(recorded, other, "sensitivity", selected=False)
    np.testing.assert_allclose(everyone["integrator"], [0, 0.04, 8])


def test_persistence_is_neither_scaled_nor_selected():
    recorded = population([4, 8], [2, 4], persistence=0.7)
    other = population([1, 2], [1, 0], persistence=-0.3)
    truth, found, n_left_out = compared_values(recorded, other, "persistence")
    np.testing.assert_allclose(truth["integrator"], [0.7, 0.7])
    np.testing.assert_allclose(found["abducens"], [-0.3, -0.3])
    assert n_left_out == 0


def judged(wiring, draws, quantity="sensitivity", untrained=1.0, n_lost=0):
    """The verdict on distances that are given."""
    at = {"cell_class": "both"}
    rows = [
        Row(q, "wasserstein", float(value), "", {**at, "wiring": name, "draw": 0})
        for q in ("sensitivity", "persistence")
        for name, value in (("wiring", wiring), ("untrained", untrained))
    ]
    for name in ("rewire", "rewire_within_type", "shuffle_weights")[n_lost:]:
        rows += [
            Row(quantity, "wasserstein", float(value), "", {**at, "wiring": name, "draw": i})
            for i, value in enumerate(draws)
        ]
    results = Results.of({Cell.of(ARM.name): rows}, ("seed", "draw"))
    claims = {claim.id: claim for claim in CLAIMS}
    return claims[f"zebrafish-{quantity}"].judge(results, None), claims["zebrafish-scaled"].judge(
        results, None
    )


def test_a_wiring_nearer_than_every_draw_passes_and_one_among_the_draws_fails():
    draws = np.linspace(1, 2, 19)
    closer, scaled = judged(0.5, draws)
    assert (closer.outcome, scaled.outcome) == ("pass", "pass")
    assert closer.value == pytest.approx(0.05)
    among, _ = judged(1.5, draws, "persistence")
    assert among.outcome == "fail"
    assert "p 0.5" in among.reason
    assert judged(1.5, draws, untrained=1.0)[1].outcome == "fail"


def test_too_few_draws_can_never_pass():
    assert judged(0.5, np.linspace(1, 2, 5))[0].outcome == "fail"


def test_without_a_null_wiring_the_claim_is_not_tested():
    with pytest.raises(NotTestedError, match="there is no"):
        judged(0.5, np.linspace(1, 2, 19), n_lost=1)


def test_without_data_the_arm_says_which_files_to_put_where(tmp_path):
    with pytest.raises(NoDataError, match="Put the 7 files"):
        ARM.measure(Cell.of(ARM.name), Config(), Context(tmp_path / "c", tmp_path, tmp_path))


@pytest.mark.slow
@needs_data
def test_every_wiring_of_the_fish_is_measured_and_the_departures_are_told(tmp_path):
    measured = ARM.measure(Cell.of(ARM.name), Config(), Context(tmp_path / "c", tmp_path, DATA))
    assert not measured.failures
    results = Results.of({Cell.of(ARM.name): measured.rows}, ("draw",))
    for quantity in ("sensitivity", "persistence"):
        for wiring, n in (("wiring", 1), ("untrained", 1), ("rewire", 1), ("shuffle_signs", 1)):
            values = results.values(
                ARM.name, quantity, "wasserstein", wiring=wiring, cell_class="both"
            )
            assert len(values) == n
            assert (values > 0).all()
    assert measured.arrays["recorded_sensitivity_abducens"].size == 45
    told = " ".join(measured.notes)
    assert "no cell is labelled MO" in told
    assert "scaled, not predicted" in told
    again = ARM.measure(Cell.of(ARM.name), Config(), Context(tmp_path / "c", tmp_path, DATA))
    assert [row.value for row in again.rows] == [row.value for row in measured.rows]
