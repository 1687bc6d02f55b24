"""Networks wired as the fly: what is fixed, what is trained, and which way things go."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.simulation import perform
from neuroloom.studies.framework.cells import Context
from neuroloom.studies.head_direction.animal.circuits import RULES, fly_wiring
from neuroloom.studies.head_direction.animal.config import AnimalConfig, WiredConfig
from neuroloom.studies.head_direction.animal.ensembles import (
    FLY,
    ONLY,
    REWIRED,
    wired_networks,
    wirings,
)
from neuroloom.studies.head_direction.animal.wired import (
    by_input_fraction,
    fly_network,
)

CONFIG = WiredConfig(n_steps=20, batch_size=4, n_updates=2, curriculum=(), n_test=4)


@pytest.fixture(scope="module")
def compass():
    return fly_wiring(RULES, data=None, export="")


@pytest.fixture(scope="module")
def network(compass):
    return fly_network(compass, CONFIG, seed=0)


def test_what_a_neuron_receives_adds_up_to_one(compass):
    found = by_input_fraction(compass)
    received = np.bincount(found.post, weights=found.count, minlength=found.n_neurons)
    np.testing.assert_allclose(received, 1.0)
    np.testing.assert_array_equal(found.sign, compass.sign)


def test_weights_are_the_flys_from_pre_to_post(compass, network):
    ids = compass.neuron_id.tolist()
    weight = np.asarray(network.weight)
    pen, epg, peg = (ids.index(name) for name in ("PEN-L5", "EPG-L5", "PEG-L5"))
    assert weight[pen, epg] > 0
    assert weight[epg, pen] == 0
    assert weight[epg, peg] > 0
    delta7 = ids.index("Delta7-R5L4")
    assert weight[ids.index("PEN-R5"), delta7] < 0
    assert weight[delta7, ids.index("PEN-R5")] == 0
    assert (np.abs(weight) > 0).sum() == compass.n_connections


def test_turning_pushes_the_halves_apart_and_the_cue_shows_the_heading(compass, network):
    heading = jnp.array([1.0, -2.0])
    cue = jnp.stack([jnp.zeros(2), jnp.sin(heading), jnp.cos(heading)], axis=-1)
    shown = np.asarray(perform(network, jnp.repeat(cue[:, None], 3, axis=1), dt=0.025).outputs)
    said = np.arctan2(shown[:, -1, 0], shown[:, -1, 1])
    np.testing.assert_allclose(said, heading, atol=0.2)
    turn = jnp.zeros((2, 2, 3)).at[:, :, 0].set(jnp.array([[0.1], [-0.1]]))
    state = np.asarray(perform(network, turn, dt=0.025).states)[:, -1]
    left, right = (compass.column("cell_class") == f"shifter{sign}" for sign in "+-")
    assert state[0, left].min() > state[1, left].max()
    assert state[0, right].max() < state[1, right].min()


def test_the_null_wiring_keeps_degrees_within_types_and_moves_partners(compass):
    made = wirings(compass, 3)
    null = made[REWIRED]
    kind = compass.column("compass_type")
    for ends in ("pre", "post"):
        one, other = getattr(compass, ends), getattr(null, ends)
        np.testing.assert_array_equal(np.bincount(one), np.bincount(other))

    def by_types(one):
        return sorted(zip(kind[one.pre].tolist(), kind[one.post].tolist(), strict=True))

    assert by_types(compass) == by_types(null)
    before, after = (set(zip(c.pre, c.post, strict=True)) for c in (compass, null))
    assert len(before - after) > 50
    np.testing.assert_array_equal(wirings(compass, 3)[REWIRED].post, null.post)
    assert made[FLY] is compass


def test_only_gains_and_biases_move_and_networks_are_trained_once(compass, tmp_path):
    context = Context(tmp_path / "a.checkpoint", tmp_path / "cache")
    first = wired_networks(compass, ONLY, 1, CONFIG, context)
    (kept,) = (tmp_path / "cache").glob("fly-wired-networks-*.npz")
    before = kept.stat().st_mtime_ns
    again = wired_networks(compass, ONLY, 1, CONFIG, context)
    assert kept.stat().st_mtime_ns == before
    assert set(first) == {FLY, REWIRED}
    for name, network in first.items():
        for one, other in zip(*map(jax.tree.leaves, (network, again[name])), strict=True):
            np.testing.assert_array_equal(one, other)
    start = fly_network(compass, CONFIG, seed=1)
    fitted = first[FLY]
    assert not np.allclose(fitted.network.gain.value, start.network.gain.value)
    assert not np.allclose(fitted.network.bias.value, start.network.bias.value)
    assert (np.asarray(fitted.network.gain.expand()) > 0).all()
    for name in ("input_weight", "output_weight", "output_bias", "initial", "weight"):
        np.testing.assert_array_equal(getattr(fitted, name), getattr(start, name))


def test_nulls_without_draws_are_refused():
    with pytest.raises(InputError, match="Leave it out for the preset's value"):
        AnimalConfig(n_null_draws=0)
