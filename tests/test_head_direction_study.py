"""The whole head-direction study on twelve units: it runs, judges, draws, and resumes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuroloom.report import write_report
from neuroloom.studies.framework import Context, run
from neuroloom.studies.head_direction.config import PRESETS
from neuroloom.studies.head_direction.study import STUDY
from neuroloom.studies.head_direction.sweep.config import factor_of, settings
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    held_out_trials,
    kept_seeds,
    trained_networks,
    untrained_network,
)

FAST = PRESETS["fast"]
TINY = replace(
    FAST,
    n_seeds=1,
    first_seed=0,
    trained=replace(
        FAST.trained,
        n_neurons=12,
        n_steps=30,
        batch_size=4,
        n_updates=4,
        curriculum=(),
        speeds=(1.0,),
        n_test=6,
        test_steps=(60,),
    ),
    classes=replace(FAST.classes, n_trials=6, n_steps=60),
    anatomy=replace(FAST.anatomy, n_draws=19, n_starts=8, n_rest=60),
    sweep=replace(FAST.sweep, n_seeds=1, activity_penalty=(), n_draws=19),
)
OURS = ("trained", "classes", "anatomy", "sweep")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(STUDY, TINY, arms=OURS, out=tmp_path_factory.mktemp("runs"), progress=False)


def test_the_study_runs_and_draws_what_it_found(folder):
    page = write_report(folder).read_text()
    for title in (
        "A trial that was not trained on",
        "where the network rests",
        "setting by setting",
    ):
        assert title in page
    card = json.loads((folder / "claims.json").read_text())
    assert {claim["verdict"] for claim in card} == {"not tested"}  # one seed is not enough
    assert all("at this size" in c["reason"] for c in card if set(c["arms"]) <= set(OURS))


def test_networks_are_trained_once_and_come_back_as_they_were(folder):
    context = Context(folder / "checkpoint", folder.parent / "cache")
    (network,) = trained_networks(DEFAULT, [0], TINY, context)
    made = {path: path.stat().st_mtime_ns for path in context.cache.glob("*network*.npz")}
    (again,) = trained_networks(DEFAULT, kept_seeds(DEFAULT, [0], TINY, context), TINY, context)
    np.testing.assert_array_equal(network.weight, again.weight)
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert len(made) == 1  # the sweep's default is the same network
    start = untrained_network(DEFAULT, 0, TINY.trained)
    assert np.abs(np.asarray(network.weight - start.weight)).max() > 0
    assert (np.diag(network.weight) == 0).all()


def test_trials_of_tuning_are_not_those_of_the_test_nor_of_another_seed():
    drawn = [
        np.asarray(held_out_trials(DEFAULT, seed, TINY.trained, n_steps=30, part=part).inputs)
        for seed, part in ((0, "test"), (0, "tuning"), (1, "test"))
    ]
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            assert not np.isin(one[:, 0, 1], other[:, 0, 1]).any()


def test_the_sweep_changes_one_factor_at_a_time_or_all():
    sweep = PRESETS["paper"].sweep
    one = settings(sweep)
    assert len(one) == len(set(one)) == 12
    assert one[0] == DEFAULT
    assert all("," not in factor_of(setting)[0] for setting in one)
    every = settings(replace(sweep, factorial=True))
    assert len(every) == len(set(every)) == 3**5 * 2
    assert set(one) <= set(every)
