"""One conformance suite: every wiring operator passes every test here. A new one adds a line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.wiring import DenseWiring, SparseWiring, choose_wiring


def dense(pre, post, n):
    return DenseWiring(jnp.asarray(pre, jnp.int32), jnp.asarray(post, jnp.int32), n)


OPERATORS = {"dense": dense, "sparse": SparseWiring.from_ends, "chosen": choose_wiring}


@pytest.fixture(params=OPERATORS)
def build(request):
    return OPERATORS[request.param]


@pytest.fixture
def graph(rng):
    """Ends and weights of 60 connections among 12 neurons, some parallel, and W[post, pre]."""
    pre, post = rng.integers(0, 12, (2, 60))
    pre[:3], post[:3] = pre[3:6], post[3:6]
    weight = rng.normal(size=60)
    matrix = np.zeros((12, 12))
    for a, b, w in zip(pre, post, weight, strict=True):
        matrix[b, a] += w
    return pre, post, jnp.asarray(weight), matrix


def test_product_equals_the_dense_matrix_with_parallel_connections_added(build, graph, rng):
    pre, post, weight, matrix = graph
    rates = rng.normal(size=12)
    wiring = build(pre, post, 12)
    np.testing.assert_allclose(wiring(weight, jnp.asarray(rates)), matrix @ rates, rtol=1e-12)
    np.testing.assert_allclose(wiring.matrix(weight), matrix, rtol=1e-12)


def test_gradient_in_the_rates_is_the_transposed_product(build, graph, rng):
    pre, post, weight, matrix = graph
    rates, cotangent = jnp.asarray(rng.normal(size=12)), rng.normal(size=12)
    wiring = build(pre, post, 12)
    gradient = jax.grad(lambda r: wiring(weight, r) @ cotangent)(rates)
    np.testing.assert_allclose(gradient, matrix.T @ cotangent, rtol=1e-11, atol=1e-12)


def test_gradient_in_the_weights_is_one_number_a_connection(build, graph, rng):
    pre, post, weight, _ = graph
    rates, cotangent = rng.normal(size=(5, 12)), rng.normal(size=(5, 12))
    wiring = build(pre, post, 12)
    gradient = jax.grad(lambda w: jnp.sum(wiring(w, jnp.asarray(rates)) * cotangent))(weight)
    expected = (rates[:, pre] * cotangent[:, post]).sum(0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_weights_shared_by_group_collect_the_gradient_of_their_connections(build, graph, rng):
    pre, post, weight, _ = graph
    group, rates = rng.integers(0, 4, 60), jnp.asarray(rng.normal(size=12))
    wiring = build(pre, post, 12)
    single = jax.grad(lambda w: jnp.sum(wiring(w, rates) ** 2))
    shared = jax.grad(lambda v: jnp.sum(wiring(v[group], rates) ** 2))
    value = weight[:4]
    expected = np.bincount(group, np.asarray(single(value[group])), 4)
    np.testing.assert_allclose(shared(value), expected, rtol=1e-10, atol=1e-12)


def test_batch_axes_equal_a_loop_over_them(build, graph, rng):
    pre, post, weight, _ = graph
    rates = jnp.asarray(rng.normal(size=(2, 3, 12)))
    wiring = build(pre, post, 12)
    together = wiring(weight, rates)
    one_by_one = jnp.stack([jnp.stack([wiring(weight, r) for r in row]) for row in rates])
    assert together.shape == (2, 3, 12)
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12, atol=1e-14)


def test_order_of_connections_and_names_of_neurons_do_not_matter(build, graph, rng):
    pre, post, weight, _ = graph
    rates = jnp.asarray(rng.normal(size=12))
    plain = build(pre, post, 12)(weight, rates)
    shuffled = rng.permutation(60)
    again = build(pre[shuffled], post[shuffled], 12)(weight[shuffled], rates)
    np.testing.assert_allclose(again, plain, rtol=1e-11, atol=1e-13)
    place = rng.permutation(12)
    moved = build(place[pre], place[post], 12)(weight, jnp.zeros(12).at[place].set(rates))
    np.testing.assert_allclose(moved[place], plain, rtol=1e-11, atol=1e-13)


def test_rates_flow_from_pre_to_post(build):
    wiring = build(np.array([0]), np.array([1]), 2)
    np.testing.assert_array_equal(wiring(jnp.array([3.0]), jnp.array([1.0, 0.0])), [0.0, 3.0])
    np.testing.assert_array_equal(wiring(jnp.array([3.0]), jnp.array([0.0, 1.0])), [0.0, 0.0])


def test_a_graph_without_connections_gives_zero(build):
    none = np.array([], int)
    wiring = build(none, none, 3)
    np.testing.assert_array_equal(wiring(jnp.zeros(0), jnp.ones((2, 3))), np.zeros((2, 3)))


def test_single_precision_stays_single(build, graph):
    pre, post, weight, _ = graph
    received = build(pre, post, 12)(weight.astype(jnp.float32), jnp.ones(12, jnp.float32))
    assert received.dtype == jnp.float32


@pytest.mark.parametrize(("end", "bad"), [("pre", 2), ("post", -1)])
def test_an_end_that_is_no_neuron_is_refused(end, bad):
    ends = {"pre": np.array([0]), "post": np.array([1])} | {end: np.array([bad])}
    with pytest.raises(InputError, match=rf"`{end}`.*got {bad}.*Take them from a `Connectome`"):
        choose_wiring(ends["pre"], ends["post"], 2)


@pytest.mark.parametrize(
    ("n_neurons", "n_connections", "kind"),
    [
        (1_000, 100, DenseWiring),
        (2_000, 110_000, SparseWiring),
        (2_000, 130_000, DenseWiring),
        (40_000, 50_000, SparseWiring),
    ],
)
def test_the_operator_is_chosen_by_the_measured_crossover(n_neurons, n_connections, kind, rng):
    """docs/performance.md: small graphs dense, larger ones from 3 % of all pairs on."""
    ends = rng.integers(0, n_neurons, (2, n_connections))
    assert isinstance(choose_wiring(*ends, n_neurons), kind)
