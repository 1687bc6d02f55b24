import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks import global_value, per_group, per_neuron


def test_one_value_starts_every_neuron():
    assert per_neuron(0.5, 3, unit="1").value.tolist() == [0.5, 0.5, 0.5]


def test_groups_follow_labels_not_order():
    parameter = per_group(1.0, np.array(["b", "a", "b"]), unit="1")
    assert parameter.group.tolist() == [1, 0, 1]


def test_values_of_another_number_of_neurons_are_refused():
    with pytest.raises(InputError, match="in the order of the connectome's neurons"):
        per_neuron(np.ones(2), 3, unit="1")


@pytest.mark.parametrize(
    "build", [lambda v: per_neuron(v, 2, unit="1"), lambda v: global_value(v, 2, unit="1")]
)
def test_a_starting_value_that_is_not_finite_is_refused(build):
    with pytest.raises(InputError, match="Give a starting value for every group"):
        build(float("nan"))
