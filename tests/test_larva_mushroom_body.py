"""The larva's mushroom body: its published counts and who sends to whom."""

from collections import Counter

import numpy as np
import pytest

from neuroloom import datasets
from neuroloom.datasets.larva_mushroom_body import larva_mushroom_body
from neuroloom.errors import InputError


@pytest.fixture(scope="module", params=["left", "right"])
def body(request):
    return request.param, datasets.connectome(f"larva-mushroom-body/{request.param}")


def synapses(connectome, pre, post):
    cell_type = connectome.neurons["cell_type"]
    here = (cell_type[connectome.pre] == pre) & (cell_type[connectome.post] == post)
    return int(connectome.count[here].sum())


def test_each_side_has_the_published_counts(body):
    side, connectome = body
    sizes = {"left": (209, 7_425, 25_322), "right": (213, 7_536, 26_371)}
    types = {
        "left": {"KC": 101, "PN": 58, "MBON": 29, "MBIN": 21},
        "right": {"KC": 100, "PN": 63, "MBON": 29, "MBIN": 21},
    }
    found = (connectome.n_neurons, connectome.n_connections, connectome.count.sum())
    assert found == sizes[side]
    assert Counter(connectome.neurons["cell_type"].tolist()) == types[side]
    assert set(connectome.neurons["side"].tolist()) == {side[0].upper()}
    assert not connectome.sign.any()
    assert connectome.count_unit == "synapses"


def test_odors_reach_kenyon_cells_from_projection_neurons_and_never_the_other_way(body):
    side, connectome = body
    assert synapses(connectome, "KC", "PN") == 0
    assert synapses(connectome, "PN", "KC") > 2_000
    assert synapses(connectome, "KC", "MBON") > 5 * synapses(connectome, "MBON", "KC")
    if side == "left":
        assert synapses(connectome, "PN", "KC") == 2_404


def test_mature_kenyon_cells_hear_few_projection_neurons_and_output_neurons_many_kenyon_cells(body):
    _, connectome = body
    cell_type = connectome.neurons["cell_type"]

    def partners(pre, post):
        here = (cell_type[connectome.pre] == pre) & (cell_type[connectome.post] == post)
        heard = np.bincount(connectome.post[here], minlength=connectome.n_neurons)
        return heard[cell_type == post]

    assert np.median(partners("PN", "KC")) < 8  # one to six claws
    assert np.median(partners("KC", "MBON")) > 20


def test_ids_are_the_type_and_a_number(body):
    _, connectome = body
    ids = connectome.neuron_id.tolist()
    assert ids[0] == "KC1"
    assert {"PN1", "MBON29", "MBIN21"} <= set(ids)
    assert any("ids are ours" in line for line in connectome.audit)


def test_another_side_is_refused():
    with pytest.raises(InputError, match="Choose one of the two"):
        larva_mushroom_body("dorsal")
