"""Numbers of the study that make no sense are refused before anything runs."""

import pytest

from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.config import PRESETS
from neuroloom.studies.constrained_networks.orders_config import OrdersConfig
from neuroloom.studies.constrained_networks.synthetic_config import SyntheticConfig


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"n_seeds": -3}, "Leave it out for the preset's value"),
        ({"n_task_seeds": -1}, "the arm task-only is left out"),
        ({"n_recorded": (0, 4)}, "Untrained students are the row of 0"),
        ({"smoothness": (1.0, 0.0)}, "The teacher has 1"),
        ({"error_levels": (1.0,)}, "makes a twentieth"),
    ],
)
def test_numbers_of_students_out_of_range_are_refused(change, instruction):
    with pytest.raises(InputError, match=instruction):
        SyntheticConfig(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"linear_recorded": (0, 500)},
        {"linear_recorded": (300,)},
        {"linear_rank": 301},
        {"order_recorded": (0,)},
        {"order_seeds": -1},
    ],
)
def test_numbers_of_orders_out_of_range_are_refused(change):
    with pytest.raises(InputError, match="Leave them out for the preset's values"):
        OrdersConfig(**change)


def test_every_preset_records_one_neuron_at_least():
    for name in ("fast", "decide", "paper"):
        synthetic = PRESETS[name].synthetic
        assert all(m >= 1 for m in (*synthetic.n_recorded, *synthetic.low_rank_recorded))


def test_students_of_decide_are_scored_on_trials_that_none_was_trained_on():
    ours = PRESETS["decide"].synthetic
    last = max(ours.n_trained, ours.n_task_trained)
    assert last + ours.n_scored <= ours.cycling.n_trials


def test_task_students_without_trials_are_refused():
    with pytest.raises(InputError, match="`n_task_trained` must be at least 1"):
        SyntheticConfig(n_task_trained=0)
