"""Positions decoded from a rat's hippocampus: facts that must hold, and pynapple on equal terms."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroloom.analysis.decoding import (
    DECODERS,
    DecodingConfig,
    decode_recording,
)
from neuroloom.datasets.rat_place_cells import rat_place_cells

DATA = Path(__file__).resolve().parents[1].parent / "shared/data"
RAT = DecodingConfig(
    ("x_pixel", "y_pixel"),
    "pixel",
    10.0,
    10.0,
    20.0,
    track=True,
    n_folds=5,
    n_shifts=1,
    n_shuffles=0,
)
FULL = replace(RAT, n_folds=10, n_shifts=5, n_shuffles=5)

pytestmark = pytest.mark.skipif(
    not (DATA / "rat_place_cells_nelpy").is_dir(), reason="../shared/data is absent"
)


@pytest.fixture(
    scope="module", params=["linear-track", pytest.param("w-maze", marks=pytest.mark.slow)]
)
def rat(request):
    config = RAT if request.param == "linear-track" else FULL
    return decode_recording(rat_place_cells(request.param, dt=0.25, data=DATA), config)


def test_spikes_of_a_rat_say_where_it_is(rat):
    chance = min(rat.median(g) for g in ("even guess", "occupancy guess", "staying put"))
    for arm in ("Bayesian", "motion filter", "motion smoother"):
        mine = rat.controls[rat.controls["arm"] == arm]["median"]
        assert rat.median(arm) < mine.min()
        assert rat.median(arm) < 0.8 * chance
    assert rat.median("motion smoother") < rat.median("motion filter") < 0.4 * chance
    assert {"pixel", "fraction of track length"} <= set(rat.scores["unit"])
    assert 400 < rat.length < 700  # pixels


def test_steps_at_rest_off_the_maze_are_no_part_of_it(rat):
    assert len(rat.true) < 4000
    assert all(np.isfinite(rat.paths[arm].entropy).all() for arm in DECODERS)
