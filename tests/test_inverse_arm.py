"""Claim 7 passes on what it claims, and fails when any part of it is false."""

from dataclasses import replace

import pytest

from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.inverse.arm import INVERSE_ARM, INVERSE_CLAIM
from neuroloom.studies.constrained_networks.inverse.config import InverseConfig
from neuroloom.studies.framework import Context, NotTestedError, Results

CONFIG = ConstrainedNetworksConfig(
    inverse=replace(InverseConfig(), extent=1, n_steps=600, n_held_out=100, n_neurons=25)
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Rows of every cell of the small arm."""
    folder = tmp_path_factory.mktemp("inverse")
    context = Context(checkpoint=folder / "checkpoint", cache=folder)
    cells = INVERSE_ARM.cells(CONFIG)
    return {cell: INVERSE_ARM.measure(cell, CONFIG, context).rows for cell in cells}


def judged(measured, change=lambda cell, row: row):
    rows = {
        cell: [new for row in some if (new := change(cell, row)) is not None]
        for cell, some in measured.items()
    }
    return INVERSE_CLAIM.judge(Results.of(rows, ("seed", "member")), CONFIG)


def is_(row, method, measure, split="all", wiring="true"):
    at = row.at
    return (at["method"], row.measure, row.split, at["wiring"]) == (method, measure, split, wiring)


def test_the_claim_passes_as_measured(measured):
    verdict = judged(measured)
    assert verdict.outcome == "pass"
    assert "finite differences" in verdict.reason


@pytest.mark.parametrize(
    ("sigma", "method", "measure", "split", "wiring", "value"),
    [
        (0.5, "clean derivative", "r2_weight", "all", "true", 0.999),
        (0.5, "clean derivative", "r2_weight", "all", "rewired 0", 1.0),
        (0.05, "clean derivative", "n_autapse_and_tau", "all", "true", 0),
        (0.05, "clean derivative", "r2_weight", "identified", "true", 0.9),
    ],
)
def test_the_claim_fails_when_a_part_of_it_is_false(
    measured, sigma, method, measure, split, wiring, value
):
    def spoil(cell, row):
        hit = cell["sigma"] == sigma and is_(row, method, measure, split, wiring)
        return replace(row, value=value) if hit else row

    assert judged(measured, spoil).outcome == "fail"


def test_without_rows_of_finite_differences_nothing_is_claimed(measured):
    with pytest.raises(NotTestedError):
        judged(measured, lambda cell, row: None if is_(row, "difference", "r2_weight") else row)
