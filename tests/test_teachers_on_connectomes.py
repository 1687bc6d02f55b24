"""What a connectome changes about a teacher."""

from dataclasses import replace

import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.teachers import (
    make_teacher,
)
from small_teachers import CYCLING, LONG_ID, SMALL, dense, loops


@pytest.mark.parametrize("name", ["cycling", "chaotic", "linear"])
def test_a_teacher_on_a_connectome_has_its_connections_signs_and_relative_counts(name):
    n = SMALL[name].n_neurons
    wiring = loops(n)
    config = replace(CYCLING, n_rounds=1, n_steps=1, learning_rate=1e-9)
    teacher = make_teacher(config if name == "cycling" else SMALL[name], wiring)
    given, ours = dense(wiring), dense(teacher.connectome)
    inhibition = 4 if name == "cycling" else 1
    expected = np.where(given < 0, inhibition * given, given)
    ratio = ours[given != 0] / expected[given != 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    assert ratio[0] > 0
    assert (ours[given == 0] == 0).all()
    np.testing.assert_array_equal(teacher.connectome.neuron_id, LONG_ID + np.arange(n))
    if name == "cycling":
        assert np.sqrt((ours**2).sum() / n) == pytest.approx(2.4 * np.sqrt(0.25 * 5.5), rel=1e-5)
    else:
        radius = {"chaotic": 1.7, "linear": 1.4 * np.sqrt(0.2)}[name]
        assert np.abs(np.linalg.eigvals(ours)).max() == pytest.approx(radius)
    assert any("a circuit" in note for note in teacher.notes)


def test_a_low_rank_teacher_takes_the_two_leading_components_of_a_connectome_and_says_so():
    wiring = loops(40)
    teacher = make_teacher(SMALL["low rank"], wiring)
    given, ours = dense(wiring), dense(teacher.connectome)
    left, size, right = np.linalg.svd(given)
    two = (left[:, :2] * size[:2]) @ right[:2]
    ratio = ours / two
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)
    share = (size[:2] ** 2).sum() / (size**2).sum()
    assert f"hold {share:.1%} of its squared weight; all pairs are connected" in teacher.notes[0]


@pytest.mark.parametrize("name", SMALL)
def test_wiring_that_cannot_be_a_teachers_weights_is_refused_with_the_way_out(name):
    config = SMALL[name]
    wiring = loops(config.n_neurons)
    with pytest.raises(InputError, match="Set it with"):
        make_teacher(config, loops(config.n_neurons + 1))
    with pytest.raises(InputError, match="Apply a rule first"):
        make_teacher(config, replace(wiring, sign=0 * wiring.sign))
    upper = wiring.pre <= wiring.post
    parts = {n: getattr(wiring, n)[upper] for n in ("pre", "post", "count")}
    gaps = replace(wiring, kind=np.ones(upper.sum(), int), sign=np.zeros(upper.sum(), int), **parts)
    with pytest.raises(InputError, match="Leave them out with"):
        make_teacher(config, gaps)


@pytest.mark.parametrize("name", ["low rank", "chaotic", "linear"])
def test_a_feed_forward_circuit_has_no_spectral_radius_to_scale(name):
    n = SMALL[name].n_neurons
    chain = Connectome(
        neuron_id=np.arange(n),
        pre=np.arange(n - 1),
        post=np.arange(1, n),
        kind=np.zeros(n - 1, int),
        count=np.ones(n - 1, int),
        sign=np.ones(n - 1, int),
    )
    with pytest.raises(InputError, match="take one with recurrent connections"):
        make_teacher(SMALL[name], chain)


def test_a_cycling_teacher_refuses_mixed_senders_and_circuits_that_run_away():
    wiring = loops(24)
    mixed = replace(wiring, sign=np.where(np.arange(wiring.sign.size) % 2, 1, -1))
    with pytest.raises(InputError, match="Resolve signs by sender"):
        make_teacher(CYCLING, mixed)
    excited = replace(wiring, sign=np.ones(wiring.sign.size, int))
    with pytest.raises(InputError, match="without inhibition runs away"):
        make_teacher(replace(CYCLING, most_draws=3), excited)
