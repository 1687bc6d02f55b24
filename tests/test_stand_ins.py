"""What stand-ins promise: their equations, their wiring, and whether they use the past."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.circuits import CircuitKind, CircuitSize, circuit_connectome
from neuroloom.networks.stand_ins import (
    AsPublishedForm,
    GruForm,
    LinearForm,
    MlpForm,
    StandInScaling,
    WiredForm,
    depends_on_past,
    padded,
)

SIZES = {"n_inputs": 3, "n_outputs": 2}


def wiring(pre, post, layer, kind=0):
    n = len(pre)
    return Connectome(
        neuron_id=np.arange(len(layer)),
        pre=np.array(pre),
        post=np.array(post),
        kind=np.full(n, kind),
        count=np.ones(n, int),
        sign=np.zeros(n, int),
        neurons={"layer": np.array(layer)},
    )


# inputs 0 1 2; hidden 3 4; outputs 5 6. With `back`, 4 is heard by 3 one step later.
FORWARD = ([0, 1, 2, 3, 4, 0], [3, 3, 4, 5, 6, 6])
LAYER = [0, 0, 0, 1, 1, 2, 2]


def circuit(*, back):
    pre, post = ([*end, *more] for end, more in zip(FORWARD, ([4], [3]), strict=True))
    return wiring(pre, post, LAYER) if back else wiring(*FORWARD, LAYER)


FORMS = {
    "linear": LinearForm(),
    "mlp": MlpForm(5, 2),
    "as published": AsPublishedForm(5),
    "gru": GruForm(4, 2),
    "wired forward": WiredForm(circuit(back=False)),
    "wired back": WiredForm(circuit(back=True)),
}


@pytest.fixture
def inputs(key):
    return jax.random.normal(key, (4, 6, 3))


@pytest.mark.parametrize("name", FORMS)
def test_the_last_output_depends_on_the_input_before_it_only_where_there_is_memory(
    name, key, inputs
):
    student = FORMS[name].draw(**SIZES, key=key)
    assert student(inputs).shape == (4, 6, 2)
    assert depends_on_past(student, inputs) == (name in ("gru", "wired back"))
    assert student.needs_time == (name in ("gru", "wired back"))


@pytest.mark.parametrize("name", FORMS)
def test_trials_are_independent_and_the_future_is_unknown(name, key, inputs):
    student = FORMS[name].draw(**SIZES, key=key)
    whole = student(inputs)
    np.testing.assert_allclose(student(inputs[1:2])[0], whole[1], atol=1e-12)
    np.testing.assert_allclose(student(inputs[:, :3]), whole[:, :3], atol=1e-12)


def test_an_mlp_is_its_equation_and_takes_samples_without_time(key):
    student = MlpForm(5, 2).draw(**SIZES, key=key)
    u = np.random.default_rng(1).normal(size=(7, 3))
    s = jax.tree.map(np.asarray, student)
    x = np.maximum(u @ s.first.T + s.first_bias, 0)
    for weight, bias in zip(s.hidden, s.hidden_bias, strict=True):
        x = np.maximum(x @ weight.T + bias, 0)
    wanted = x @ s.readout.T + s.readout_bias
    np.testing.assert_allclose(student(jnp.asarray(u)), wanted, atol=1e-12)


def test_as_published_is_one_hidden_layer_whatever_comes_after_it_in_the_code(key, inputs):
    student = AsPublishedForm(5).draw(**SIZES, key=key)
    x = np.maximum(inputs @ student.first.T + student.first_bias[None, None], 0)
    wanted = x @ student.readout.T + student.readout_bias[None, None]
    np.testing.assert_allclose(student(inputs), wanted, atol=1e-12)


def test_a_gru_is_its_equation_step_by_step(key, inputs):
    s = GruForm(4, 2, memory=3).draw(**SIZES, key=key)
    h = np.zeros(3)

    def squashed(v):
        return 1 / (1 + np.exp(-v))

    for u, said in zip(np.asarray(inputs[2]), np.asarray(s(inputs)[2]), strict=True):
        x = np.maximum(s.first @ u + s.first_bias, 0)
        given, before = s.of_features @ x + s.gate_bias, s.recurrent @ h
        r, z = squashed(given[:3] + before[:3]), squashed(given[3:6] + before[3:6])
        n = np.tanh(given[6:] + r * (before[6:] + s.candidate_bias))
        h = np.asarray((1 - z) * n + z * h)
        x = np.maximum(s.hidden[0] @ x + s.of_memory @ h + s.hidden_bias[0], 0)
        x = np.maximum(s.hidden[1] @ x + s.hidden_bias[1], 0)
        np.testing.assert_allclose(said, s.readout @ x + s.readout_bias, atol=1e-12)


def test_a_gru_that_nobody_hears_is_the_mlp_of_its_width_and_depth(key, inputs):
    deaf = eqx.tree_at(
        lambda s: s.of_memory, GruForm(4, 2).draw(**SIZES, key=key), jnp.zeros((4, 4))
    )
    mlp = MlpForm(4, 2).draw(**SIZES, key=key)
    names = ("first", "first_bias", "hidden", "hidden_bias", "readout", "readout_bias")
    mlp = eqx.tree_at(
        lambda m: [getattr(m, n) for n in names], mlp, [getattr(deaf, n) for n in names]
    )
    np.testing.assert_allclose(deaf(inputs), mlp(inputs), atol=1e-12)
    assert not depends_on_past(deaf, inputs)


def test_room_changes_no_output_and_no_gradient_and_empty_room_gets_none(key, inputs):
    small = MlpForm(4, 1).draw(**SIZES, key=key)
    large = MlpForm(4, 1, room_width=7, room_depth=2).draw(**SIZES, key=key)
    np.testing.assert_allclose(small(inputs), large(inputs), atol=1e-12)
    of_small, of_large = (
        eqx.filter_grad(lambda s: jnp.sum(s(inputs) ** 2))(s) for s in (small, large)
    )
    np.testing.assert_allclose(of_large.first[:4], of_small.first, atol=1e-9)
    np.testing.assert_allclose(of_large.hidden[0, :4, :4], of_small.hidden[0], atol=1e-9)
    np.testing.assert_allclose(of_large.readout[:, :4], of_small.readout, atol=1e-9)
    for empty in (of_large.first[4:], of_large.readout[:, 4:], of_large.hidden[1:]):
        np.testing.assert_array_equal(empty, 0.0)
    np.testing.assert_array_equal(of_large.hidden[0, 4:], 0.0)
    np.testing.assert_array_equal(of_large.hidden[0, :, 4:], 0.0)
    with pytest.raises(InputError, match="Pad to the largest of a sweep"):
        padded(large, width=4, depth=1)


def test_rates_go_from_pre_to_post_now_when_forward_and_at_the_next_step_when_back():
    """Input 0 -> a (layer 1) -> b (layer 2), and b -> a goes back."""
    chain = wiring([0, 1, 2], [1, 2, 1], [0, 1, 2])
    student = WiredForm(chain, mixes=False).draw(n_inputs=1, n_outputs=1, key=jax.random.key(0))
    ends = {(block.pre, block.post): block.delayed for block in student.blocks}
    assert ends == {(0, 1): False, (1, 2): False, (2, 1): True}
    weights = [jnp.full((1, 1), w) for w in (3.0, 0.5, 2.0)]  # 0 -> a, b -> a, a -> b
    assert [(b.pre, b.post) for b in student.blocks] == [(0, 1), (2, 1), (1, 2)]
    student = eqx.tree_at(lambda s: s.weight, student, tuple(weights))
    u = jnp.zeros((1, 3, 1)).at[0, 0, 0].set(1.0)
    np.testing.assert_allclose(student(u)[0, :, 0], [6.0, 6.0, 6.0])  # 3*2; .5*6*2; again


def test_weights_exist_only_where_connections_do_with_ends_the_right_way_round(key, inputs):
    student = WiredForm(circuit(back=False)).draw(**SIZES, key=key)
    first = next(
        w for b, w in zip(student.blocks, student.weight, strict=True) if (b.pre, b.post) == (0, 1)
    )
    np.testing.assert_array_equal(np.asarray(first != 0), [[1, 1, 0], [0, 0, 1]])
    jacobian = jax.jacobian(lambda u: student(u[None])[0])(inputs[0, 0])
    assert jacobian[0, 2] == 0  # output 5 hears 3, which hears inputs 0 and 1
    assert (np.asarray(jacobian)[0, :2] != 0).all() or student.weight[0][0, 0] != 0
    gradient = eqx.filter_grad(lambda s: jnp.sum(s(inputs) ** 2))(student)
    for given, there in zip(gradient.weight, student.connected, strict=True):
        np.testing.assert_array_equal(np.asarray(given)[np.asarray(there) == 0], 0.0)


def test_rectified_wiring_is_the_published_place_cell():
    mask = np.array([[1, 0, 1], [0, 1, 0]])
    student = WiredForm.from_mask(mask == 1).draw(**SIZES, key=jax.random.key(1))
    assert all((np.asarray(w) >= 0).all() for w in student.weight)
    student = eqx.tree_at(lambda s: s.bias, student, (jnp.array([-0.3, -0.1]),))
    f = np.random.default_rng(0).random((9, 3))
    wanted = np.maximum(f @ (mask * np.asarray(student.weight[0])).T - [0.3, 0.1], 0)
    np.testing.assert_allclose(student(jnp.asarray(f)), wanted, atol=1e-12)


def test_a_synthetic_circuit_can_be_stood_in_for_by_its_own_wiring(key):
    size = CircuitSize(n_inputs=3, n_units=5, n_hidden=4, n_outputs=2)
    wired = circuit_connectome(CircuitKind.COMPLEX, rng=np.random.default_rng(0), size=size)
    student = WiredForm(wired).draw(**SIZES, key=key)
    assert sum(int(c.sum()) for c in student.connected) == wired.n_connections
    assert depends_on_past(student, jax.random.normal(key, (4, 6, 3)))


def test_relabelling_neurons_of_the_wiring_permutes_inputs_and_outputs(key):
    one = WiredForm(circuit(back=False)).draw(**SIZES, key=key)
    swapped = wiring(*(np.array([2, 1, 0, 3, 4, 5, 6])[np.array(end)] for end in FORWARD), LAYER)
    other = WiredForm(swapped).draw(**SIZES, key=key)
    places = [b.pre == 0 for b in one.blocks]
    weight = tuple(w[:, ::-1] if p else w for w, p in zip(one.weight, places, strict=True))
    other = eqx.tree_at(lambda s: s.weight, other, weight)
    u = jax.random.normal(key, (5, 3))
    np.testing.assert_allclose(one(u), other(u[:, ::-1]), atol=1e-12)


def test_scaling_is_that_of_its_rows_and_comes_back(rng):
    inputs, outputs = rng.normal(3, 2, (50, 3)), rng.normal(-1, 5, (50, 2))
    outputs[0, 0] = np.nan
    outputs[:, 1] = 7.0
    scaling = StandInScaling.learned(inputs, outputs)
    np.testing.assert_allclose(scaling.input_mean, inputs.mean(0))
    np.testing.assert_allclose(scaling.output_sd, [np.nanstd(outputs[:, 0]), 1.0])
    back = scaling.restore(scaling.standardize_outputs(jnp.asarray(outputs)))
    np.testing.assert_allclose(back, outputs)
    kept = StandInScaling.learned(inputs, outputs, centered=False)
    np.testing.assert_array_equal(kept.input_mean, 0.0)


@pytest.mark.parametrize(
    ("build", "instruction"),
    [
        (lambda: MlpForm(0), "Leave it out for the default"),
        (lambda: WiredForm(wiring([0], [1], [0, 0])), "Number the layers"),
        (lambda: WiredForm(wiring([0], [1], [0, 1], kind=1)), "of_kind"),
        (lambda: WiredForm(wiring([1], [0], [0, 1])), "add a layer of inputs"),
        (
            lambda: WiredForm(circuit(back=True)).draw(
                n_inputs=4, n_outputs=2, key=jax.random.key(0)
            ),
            "Check the first and the last value",
        ),
        (lambda: depends_on_past(lambda u: u, jnp.zeros((1, 5, 2))), "Give a few trials"),
        (lambda: depends_on_past(lambda u: u, jnp.zeros((3, 5, 2))), "inputs of their own"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(build, instruction):
    with pytest.raises(InputError, match=instruction):
        build()
