"""Parameters by type: from one wiring to another, and a student that finds planted ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.datasets.larva_mushroom_body import larva_mushroom_body
from neuroloom.errors import InputError
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.larva import rate_scores
from neuroloom.studies.constrained_networks.larva_networks import (
    Odors,
    Student,
    TypeParameters,
    by_type,
    carried,
    odors,
    rate_residuals,
    shown,
    signed_by_type,
    teacher_network,
    weight_scale,
)
from neuroloom.studies.constrained_networks.real_circuits_config import LarvaConfig

SETTINGS = LarvaConfig()
TYPES = TypeParameters(("KC", "PN"), np.array([2.0, 0.5]), np.array([0.3, -0.1]))


def pair(cell_type=("PN", "KC")) -> Connectome:
    """One connection, the first neuron to the second."""
    return Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([3]),
        sign=np.array([1]),
        neurons={"cell_type": np.array(cell_type)},
    )


def test_gain_acts_on_what_a_neuron_receives_and_bias_outside():
    network = by_type(pair(), TYPES, SETTINGS, scale=0.5)
    drift = network.drift(jnp.array([0.7, -0.2]), jnp.array([1.0, 0.0]))
    softplus = np.log1p(np.exp(0.7))
    expected = [(-0.7 - 0.1 + 1.0) / 0.2, (0.2 + 0.3 + 2.0 * 0.5 * 3 * softplus) / 0.2]
    np.testing.assert_allclose(drift, expected, rtol=1e-6)


def test_signs_go_with_the_type_that_sends():
    signed = signed_by_type(pair(("MBON", "KC")), ("MBON",))
    assert signed.sign.tolist() == [-1]
    assert signed_by_type(pair(("KC", "MBON")), ("MBON",)).sign.tolist() == [1]
    with pytest.raises(InputError, match="Name one of these"):
        signed_by_type(pair(), ("APL",))


def test_types_carry_over_whatever_the_order_of_neurons():
    one = by_type(pair(("PN", "KC")), TYPES, SETTINGS, scale=1.0)
    there = carried(one, TYPES.names)
    np.testing.assert_allclose(there.gain, TYPES.gain, rtol=1e-6)
    other = by_type(pair(("KC", "PN")), there, SETTINGS, scale=1.0)
    np.testing.assert_allclose(other.gain.expand(), [2.0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(other.bias.expand(), [0.3, -0.1], rtol=1e-6)


def test_parameters_of_other_types_are_refused():
    with pytest.raises(InputError, match="same types"):
        by_type(pair(("KC", "MBON")), TYPES, SETTINGS, scale=1.0)


def test_a_teacher_scatters_about_its_types_and_keeps_the_wiring(rng):
    circuit = signed_by_type(larva_mushroom_body("left"), ("MBIN", "MBON"))
    names = tuple(np.unique(circuit.column("cell_type")).tolist())
    types = TypeParameters(names, np.array([0.5, 1.0, 1.5, 0.7]), np.zeros(4))
    teacher = teacher_network(circuit, types, SETTINGS, rng, scale=0.01)
    log_gain = np.log(np.asarray(teacher.gain.expand()))
    for name, gain in zip(names, types.gain, strict=True):
        mine = log_gain[circuit.column("cell_type") == name]
        assert mine.std() == pytest.approx(SETTINGS.within_type_sd, rel=0.5)
        assert mine.mean() == pytest.approx(np.log(gain), abs=0.2)
    np.testing.assert_array_equal(teacher.pre, circuit.pre)


def test_the_scale_bounds_the_network_whatever_its_signs():
    circuit = signed_by_type(larva_mushroom_body("right"), ("MBIN", "MBON"))
    matrix = np.zeros((circuit.n_neurons,) * 2)
    matrix[circuit.post, circuit.pre] = circuit.count
    scale = weight_scale(circuit, 0.6)
    assert scale * np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.6, rel=1e-4)


def test_odors_drive_projection_neurons_only_and_only_while_they_are_on(rng):
    cell_type = larva_mushroom_body("left").column("cell_type")
    inputs = np.asarray(odors(cell_type, SETTINGS, rng))
    assert not inputs[..., cell_type != "PN"].any()
    on = inputs.any(axis=(0, 2))
    assert on.tolist() == [4 <= step < 18 for step in range(30)]  # 0.2 to 0.9 s in steps of 0.05
    fraction = (inputs[:, 10][:, cell_type == "PN"] > 0).mean()
    assert fraction == pytest.approx(SETTINGS.active, abs=0.06)


def test_unrecorded_neurons_and_trials_of_weight_0_leave_no_residual(rng):
    network = by_type(pair(), TYPES, SETTINGS, scale=0.5)
    inputs = jnp.asarray(rng.random((2, 6, 2)))
    targets = network.rate(simulate(network, inputs, dt=0.05)) + 1.0
    hidden = Odors(inputs, targets.at[..., 1].set(99.0))
    student = Student(network, jnp.array([1.0, 0.0]), 0.05)
    found = np.asarray(rate_residuals(student, hidden, jnp.ones(2), jax.random.key(0)))
    assert (found**2).sum() == pytest.approx(1.0)
    assert not found[..., 1].any()
    few = rate_residuals(student, hidden, jnp.array([1.0, 0.0]), jax.random.key(0))
    assert (np.asarray(few) ** 2).sum() == pytest.approx(1.0)
    assert not np.asarray(few)[1].any()


def test_m_neurons_are_shown_and_more_only_add_where_the_order_is_the_same():
    few, many = (shown(m, 50, np.random.default_rng(4)) for m in (5, 20))
    assert (few.sum(), many.sum()) == (5, 20)
    assert many[few].all()


def test_scores_of_planted_predictions(rng):
    truth = rng.normal(size=(3, 20, 4))
    perfect = rate_scores(truth, truth)
    assert perfect == pytest.approx({"mse": 0.0, "r2": 1.0, "1-rho": 0.0}, abs=1e-12)
    mean = np.broadcast_to(truth.mean((0, 1), keepdims=True), truth.shape)
    assert rate_scores(mean, truth)["r2"] == pytest.approx(0)
    shifted = rate_scores(2 * truth + 1, truth)
    assert shifted["1-rho"] == pytest.approx(0, abs=1e-12)  # blind to amplitude and level
    assert shifted["mse"] == pytest.approx(((truth + 1) ** 2).mean())
