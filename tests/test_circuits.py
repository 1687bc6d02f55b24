"""Synthetic circuits against a plain NumPy account of what is published, kind by kind."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from neuroloom.connectome import Connectome, erdos_renyi, rewire_within_type, shuffle_weights
from neuroloom.errors import InputError
from neuroloom.networks.circuits import (
    NINE,
    CircuitKind,
    CircuitSize,
    FeedbackByBatch,
    FeedbackByStatistics,
    FeedbackOfUnitLength,
    LayeredCircuit,
    PerNeuronActivation,
    activity,
    bin_entropy,
    circuit_connectome,
    dead_outputs,
    layered_circuit,
    respond,
    value_entropy,
    with_fixed_statistics,
)

SMALL = CircuitSize(n_inputs=3, n_units=7, n_hidden=4, n_outputs=2)

PHI = {
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * expit(x),
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": expit,
    "leaky_relu_0.1": lambda x: np.where(x > 0, x, 0.1 * x),
    "leaky_relu_0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "leaky_relu_0.3": lambda x: np.where(x > 0, x, 0.3 * x),
}


def block(connectome, name, to, come):
    """W[post, pre] between two named layers, one connection at a time."""
    kind = connectome.neurons["cell_type"]
    rows, columns = (np.flatnonzero(kind == layer).tolist() for layer in (to, come))
    matrix = np.zeros((len(rows), len(columns)))
    for a, b, sign, count in zip(
        connectome.pre.tolist(),
        connectome.post.tolist(),
        connectome.sign,
        connectome.count,
        strict=True,
    ):
        if kind[b] == to and kind[a] == come:
            matrix[rows.index(b), columns.index(a)] = sign * count
    assert matrix.any(), name
    return matrix


def by_hand(kind, connectome, inputs, *, scaled):
    """The circuit as its authors wrote it down: named layers, concatenated inputs, one bin after
    the other; state that is fed back z-scored over the batch unless scaled."""
    cell_type = connectome.neurons["cell_type"]
    skips = kind in (CircuitKind.SKIP, CircuitKind.COMPLEX)
    back = kind in (CircuitKind.FEEDBACK, CircuitKind.COMPLEX)
    comes_from = {
        "input": ["channel"],
        "hidden_1": ["input"] + ["hidden_4"] * back,
        "hidden_2": ["hidden_1"] + ["hidden_2"] * (kind is CircuitKind.COMPLEX),
        "hidden_3": ["hidden_2"] + ["hidden_1"] * skips,
        "hidden_4": ["hidden_3"] + ["hidden_2"] * skips,
        "output": ["hidden_4"],
    }
    weights = {
        to: np.hstack([block(connectome, f"{come} to {to}", to, come) for come in sources])
        for to, sources in comes_from.items()
    }
    n = inputs.shape[0]
    fed = {name: np.zeros((n, (cell_type == name).sum())) for name in ("hidden_4", "hidden_2")}
    outputs = np.zeros((*inputs.shape[:2], (cell_type == "output").sum()))
    for t in range(inputs.shape[1]):
        rates = {"channel": inputs[:, t]}
        for to, sources in comes_from.items():
            delayed = {("hidden_1", "hidden_4"), ("hidden_2", "hidden_2")}
            sent = np.hstack([fed[s] if (to, s) in delayed else rates[s] for s in sources])
            drive = sent @ weights[to].T
            if scaled:
                drive = drive / np.sqrt(np.maximum((weights[to] != 0).sum(1), 1))
            inside = cell_type == to
            drive = drive + connectome.neurons["bias"][inside]
            words = connectome.neurons["nonlinearity"][inside]
            rate = np.stack([PHI[word](drive[:, i]) for i, word in enumerate(words)], 1)
            low, high = (connectome.neurons[side][inside] for side in ("floor", "ceiling"))
            rates[to] = np.maximum(np.minimum(rate, high), low)
        for name in fed:
            state = rates[name]
            if not scaled:
                with np.errstate(invalid="ignore", divide="ignore"):
                    state = (state - state.mean(0)) / state.std(0, ddof=1)
                state = np.nan_to_num(state)
            fed[name] = state
        outputs[:, t] = rates["output"]
    return outputs


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("kind", CircuitKind)
def test_each_kind_answers_as_written_down_layer_by_layer(kind, scaled, rng):
    connectome = circuit_connectome(kind, rng=rng, size=SMALL, as_published=not scaled, clip=True)
    # Ceilings of Poisson(50) are out of reach of so few neurons: lower them, to see them work.
    columns = dict(connectome.neurons)
    columns["ceiling"] = np.where(connectome.neurons["layer"] > 0, rng.uniform(0.5, 3, 40), np.inf)
    connectome = replace(connectome, neurons=columns)
    feedback = None if scaled else FeedbackByBatch()
    circuit = LayeredCircuit.from_connectome(connectome, scaled=scaled, feedback=feedback)
    inputs = rng.poisson(5, (4, 6, 3)).astype(float)
    expected = by_hand(kind, connectome, inputs, scaled=scaled)
    np.testing.assert_allclose(respond(circuit, jnp.asarray(inputs)), expected, atol=1e-9)
    assert expected.std() > 0


def two(pre, post, layer, **columns):
    return Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array(pre),
        post=np.array(post),
        kind=np.zeros(len(pre), int),
        count=np.full(len(pre), 2),
        sign=np.ones(len(pre), int),
        neurons={"layer": np.array(layer), **columns},
    )


def test_activity_flows_from_pre_to_post_within_a_bin():
    circuit = LayeredCircuit.from_connectome(two([0], [1], [0, 1]))
    pulse = jnp.zeros((1, 3, 1)).at[0, 1, 0].set(1.0)
    np.testing.assert_array_equal(activity(circuit, pulse)[0], [[0, 0], [1, 2], [0, 0]])


def test_a_connection_that_does_not_go_up_acts_one_bin_later():
    connectome = two([0, 1], [1, 1], [0, 1])
    circuit = LayeredCircuit.from_connectome(connectome, scaled=False)
    pulse = jnp.zeros((1, 4, 1)).at[0, 1, 0].set(1.0)
    np.testing.assert_array_equal(activity(circuit, pulse)[0, :, 1], [0, 2, 4, 8])


def test_connections_onto_the_inputs_are_left_out_and_said_to_be():
    circuit = LayeredCircuit.from_connectome(two([0, 1], [1, 0], [0, 1]))
    assert circuit.notes == ("left out 1 connections onto layer 0",)
    assert circuit.weight.size == 1
    assert "1, 1 neurons; 1 connections up" in circuit.describe()[0]


def test_an_inhibitory_twin_answers_below_rest():
    connectome = two([0], [1], [0, 1], nonlinearity=np.array(["identity", "tanh"]))
    pulse = jnp.ones((1, 1, 1))
    up = respond(LayeredCircuit.from_connectome(connectome), pulse)
    down = respond(LayeredCircuit.from_connectome(connectome.with_signs(np.array([-1]), "")), pulse)
    np.testing.assert_allclose(up, np.tanh(2.0))
    np.testing.assert_allclose(down, -np.tanh(2.0))


def test_relabelling_neurons_only_reorders_outputs(rng):
    connectome = circuit_connectome(CircuitKind.COMPLEX, rng=rng, size=SMALL)
    new = rng.permutation(connectome.n_neurons)  # neuron i becomes neuron new[i]
    old = np.argsort(new)
    relabelled = replace(
        connectome,
        pre=new[connectome.pre],
        post=new[connectome.post],
        neurons={name: values[old] for name, values in connectome.neurons.items()},
    )
    inputs = rng.poisson(5, (3, 5, 3)).astype(float)
    first, second = map(LayeredCircuit.from_connectome, (connectome, relabelled))
    channels = old[np.asarray(second.position)][:3]
    there = old[np.asarray(second.position)][-2:] - (connectome.n_neurons - 2)
    answer = respond(second, jnp.asarray(inputs[:, :, channels]))
    np.testing.assert_allclose(answer, respond(first, jnp.asarray(inputs))[:, :, there], atol=1e-12)


@pytest.mark.parametrize("null", [rewire_within_type, shuffle_weights, erdos_renyi])
def test_null_wirings_apply_and_answer_differently(null, rng):
    connectome = circuit_connectome(CircuitKind.COMPLEX, rng=rng, size=SMALL)
    inputs = jnp.asarray(rng.poisson(5, (2, 4, 3)).astype(float))
    true = respond(LayeredCircuit.from_connectome(connectome), inputs)
    nulled = LayeredCircuit.from_connectome(null(connectome, rng=rng))
    assert nulled.weight.size == connectome.n_connections
    answer = respond(nulled, inputs)
    assert jnp.isfinite(answer).all()
    assert jnp.abs(answer - true).max() > 0.01


def test_the_nine_nonlinearities_are_those_named(rng):
    assert [kind.value for kind in NINE] == list(PHI)
    x = np.r_[-1e5, -30, rng.normal(size=40) * 3, 0, 30, 1e5]
    mixed = PerNeuronActivation.from_names(np.array(list(PHI)))
    found = mixed(jnp.asarray(np.tile(x[:, None], (1, 9))))
    expected = np.stack([phi(x) for phi in PHI.values()], 1)
    np.testing.assert_allclose(found, expected, atol=1e-12, rtol=1e-12)


def test_the_slope_of_each_nonlinearity_is_that_of_finite_differences(rng):
    mixed = PerNeuronActivation.from_names(np.array(list(PHI)))
    x = jnp.asarray(rng.normal(size=(20, 9)))
    rate, slope = mixed.with_slope(x)
    np.testing.assert_array_equal(rate, mixed(x))
    np.testing.assert_allclose(slope, (mixed(x + 1e-6) - mixed(x - 1e-6)) / 2e-6, atol=1e-6)


def test_scaled_rates_stay_and_published_ones_grow_with_every_layer(rng):
    size = CircuitSize(n_units=100)
    inputs = jnp.asarray(rng.poisson(5, (20, 3, 16)).astype(float))
    grown = {}
    for scaled in (True, False):
        circuit = layered_circuit(CircuitKind.FEED_FORWARD, rng=rng, scaled=scaled, size=size)
        rates = activity(circuit, inputs)
        rates = np.asarray(rates)
        levels = [float(np.sqrt((rates[:, :, s] ** 2).mean())) for s in circuit.slices]
        grown[scaled] = (levels[5] / levels[1]) ** 0.25
    assert grown[True] < 1
    assert grown[False] == pytest.approx(np.sqrt(50) * grown[True], rel=0.3)
    assert grown[False] > 4


def test_only_statistics_over_the_batch_make_a_trial_depend_on_others(rng):
    inputs = rng.poisson(5, (2, 5, 3)).astype(float)
    for_all = {"as is": layered_circuit(CircuitKind.FEEDBACK, rng=rng, size=SMALL)}
    for_all["fixed"] = with_fixed_statistics(for_all["as is"], jnp.asarray(inputs), n_rounds=0)
    for_all["unit"] = eqx.tree_at(
        lambda c: c.feedback, for_all["as is"], FeedbackOfUnitLength((3, 7, 7, 7, 7, 7, 2))
    )
    for circuit in for_all.values():
        assert not circuit.feedback.couples_trials
        alone = [np.asarray(respond(circuit, jnp.asarray(trial[None])))[0] for trial in inputs]
        together = respond(circuit, jnp.asarray(inputs))
        np.testing.assert_allclose(alone, together, atol=1e-12)
    published = layered_circuit(CircuitKind.FEEDBACK, rng=rng, size=SMALL, scaled=False)
    assert published.feedback.couples_trials
    one, both = (np.asarray(respond(published, jnp.asarray(inputs[:n]))) for n in (1, 2))
    np.testing.assert_allclose(one[0, 0], both[0, 0], atol=1e-9)  # nothing is fed back yet
    assert np.abs(one[0, 1:] - both[0, 1:]).max() > 1e-3


@pytest.mark.parametrize("kind", CircuitKind)
def test_the_past_matters_where_there_is_feedback_and_only_there(kind, rng):
    circuit = layered_circuit(kind, rng=rng, size=SMALL)
    inputs = jnp.asarray(rng.poisson(5, (4, 5, 3)).astype(float))
    other = inputs.at[:, 1].add(3.0)
    moved = jnp.abs(respond(circuit, other) - respond(circuit, inputs)).max((0, 2))
    assert moved[0] == 0
    assert moved[1] > 0
    feeds_back = kind in (CircuitKind.FEEDBACK, CircuitKind.COMPLEX)
    assert bool(moved[2] > 0) == feeds_back
    assert circuit.feeds_back.any() == feeds_back


def test_fixed_statistics_are_those_of_training_trials_and_bounded(rng):
    circuit = layered_circuit(CircuitKind.COMPLEX, rng=rng, size=SMALL)
    training = jnp.asarray(rng.poisson(5, (40, 10, 3)).astype(float))
    fixed = with_fixed_statistics(circuit, training, n_rounds=0)
    assert isinstance(fixed.feedback, FeedbackByStatistics)
    by_batch = eqx.tree_at(lambda c: c.feedback, circuit, FeedbackByBatch())
    rates = np.asarray(activity(by_batch, training)).reshape(400, -1)
    np.testing.assert_allclose(fixed.feedback.mean, rates.mean(0), atol=1e-12)
    sd = fixed.feedback.sd
    np.testing.assert_allclose(sd, np.where(sd > 0, rates.std(0, ddof=1), 0), atol=1e-12)
    assert (sd > 0).mean() > 0.9
    carried = fixed.feedback(jnp.asarray(rates) * 1e6)
    assert jnp.abs(carried).max() == 3
    with pytest.raises(InputError, match="Draw more"):
        with_fixed_statistics(circuit, training[:1])
    with pytest.raises(InputError, match="Use 3, in SD"):
        with_fixed_statistics(circuit, training, bound=0.0)


def test_lateral_connections_inhibit_unless_as_published(rng):
    for as_published in (False, True):
        connectome = circuit_connectome(
            CircuitKind.COMPLEX, rng=rng, size=SMALL, as_published=as_published
        )
        kind = connectome.neurons["cell_type"]
        lateral = (kind[connectome.pre] == "hidden_2") & (kind[connectome.post] == "hidden_2")
        assert lateral.sum() > 5
        assert (connectome.pre != connectome.post).all()
        assert bool((connectome.sign[lateral] < 0).all()) == (not as_published)
        onto_output = kind[connectome.post] == "output"
        assert bool(connectome.count[onto_output].max() <= 1 / np.sqrt(7)) == as_published


def test_a_circuit_has_the_published_size_density_and_weights(rng):
    connectome = circuit_connectome(CircuitKind.COMPLEX, rng=rng)
    places = 16 * 256 * 2 + 256 * 256 * (4 + 2 + 1) + 256 * 255
    assert connectome.n_neurons == 16 + 5 * 256 + 16
    assert connectome.n_connections == pytest.approx(places / 2, abs=4 * np.sqrt(places / 4))
    kind = connectome.neurons["cell_type"]
    forward = kind[connectome.post] == "hidden_3"
    weight = (connectome.sign * connectome.count)[forward]
    assert weight.mean() == pytest.approx(0, abs=4 / np.sqrt(weight.size))
    assert weight.std() == pytest.approx(1, abs=0.01)
    drawn = np.unique(connectome.neurons["nonlinearity"], return_counts=True)
    assert len(drawn[0]) == 10  # nine, and identity for the channels


def test_gradients_in_the_weights_are_those_of_finite_differences(rng):
    circuit = layered_circuit(CircuitKind.COMPLEX, rng=rng, size=SMALL)
    inputs = jnp.asarray(rng.poisson(5, (2, 4, 3)).astype(float))

    def loss(weight):
        return (respond(eqx.tree_at(lambda c: c.weight, circuit, weight), inputs) ** 2).sum()

    way = jnp.asarray(rng.normal(size=circuit.weight.shape))
    loss = jax.jit(loss)
    slope = jnp.vdot(jax.grad(loss)(circuit.weight), way)
    numeric = (loss(circuit.weight + 1e-6 * way) - loss(circuit.weight - 1e-6 * way)) / 2e-6
    assert float(slope) == pytest.approx(float(numeric), rel=1e-5)


def test_dead_outputs_are_those_that_never_change_and_have_no_entropy(rng):
    outputs = np.stack(
        [rng.normal(size=(4, 8)), np.full((4, 8), 1e5), rng.integers(2, size=(4, 8))], 2
    )
    np.testing.assert_array_equal(dead_outputs(outputs), [False, True, False])
    share = outputs[:, :, 2].mean()
    coin = -share * np.log(share) - (1 - share) * np.log(1 - share)
    np.testing.assert_allclose(value_entropy(outputs), [np.log(32), 0, coin])
    np.testing.assert_allclose(bin_entropy(outputs, n_bins=2)[1:], [0, coin / np.log(2)])
    with pytest.raises(InputError, match="scale it"):
        dead_outputs(np.full((1, 1, 1), np.nan))
    with pytest.raises(InputError, match="Use 1e-6"):
        dead_outputs(outputs, tolerance=-1.0)
    with pytest.raises(InputError, match="up to 5 bits"):
        bin_entropy(outputs, n_bins=1)


def test_what_is_no_layered_circuit_is_refused_with_a_way_out(rng):
    good = two([0], [1], [0, 1])
    for wrong, instruction in (
        (two([0], [1], [0, 2]), "Number the layers anew"),
        (two([0], [1], [-1, 1]), "Number the layers from the inputs on"),
        (two([0], [1], [0.5, 1.0]), "Number the layers from the inputs on"),
        (replace(good, kind=np.array([1]), sign=np.array([0])), "of_kind"),
        (replace(good, sign=np.array([0])), "Apply a rule first"),
        (two([0], [1], [0, 1], nonlinearity=np.array(["relu", "tanhh"])), "Did you mean `tanh`"),
    ):
        with pytest.raises(InputError, match=instruction):
            LayeredCircuit.from_connectome(wrong)
    with pytest.raises(InputError, match="Use 1 to change nothing"):
        LayeredCircuit.from_connectome(good, gain=0.0)
    with pytest.raises(InputError, match="Order the axes"):
        respond(LayeredCircuit.from_connectome(good), jnp.ones((1, 1, 2)))
    with pytest.raises(InputError, match=r"LayeredCircuit\.from_connectome"):
        CircuitSize(n_hidden=2)
    with pytest.raises(InputError, match=r"use 0\.5"):
        CircuitSize(probability=0.0)
