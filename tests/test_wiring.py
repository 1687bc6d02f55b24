"""One conformance suite: every wiring operator passes every test here. A new one adds a line."""

import threading
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh, PartitionSpec

from neuroloom.wiring import DenseWiring, PopulationWiring, SparseWiring


def dense(pre, post, n):
    return DenseWiring(jnp.asarray(pre, jnp.int32), jnp.asarray(post, jnp.int32), n)


OPERATORS = {
    "population": PopulationWiring.from_ends,
    "dense": dense,
    "sparse": SparseWiring.from_ends,
    "sparse without kernel": partial(SparseWiring.from_ends, compiled=False),
}


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
    gradient = jax.grad(lambda w, r: wiring(w, r).sum(), (0, 1))(jnp.zeros(0), jnp.ones(3))
    np.testing.assert_array_equal(gradient[0], np.zeros(0))
    np.testing.assert_array_equal(gradient[1], np.zeros(3))


def test_an_empty_batch_gives_an_empty_batch(build, graph):
    pre, post, weight, _ = graph
    assert build(pre, post, 12)(weight, jnp.zeros((0, 3, 12))).shape == (0, 3, 12)


def test_self_loops_and_neurons_without_connections_keep_their_places(build):
    """Neuron 2 sends to itself, nobody sends to neuron 1, neuron 3 stands alone."""
    wiring = build(np.array([2, 1, 0]), np.array([2, 0, 2]), 4)
    received = wiring(jnp.array([2.0, 3.0, 5.0]), jnp.array([1.0, 10.0, 100.0, 1000.0]))
    np.testing.assert_array_equal(received, [30.0, 0.0, 205.0, 0.0])


@pytest.mark.parametrize("n_lanes", [1, 3, 4, 13, 17])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_any_number_of_lanes_in_both_precisions_equals_the_matrix(build, rng, n_lanes, dtype):
    """Degrees from 0 to 40: every remainder of the loops that take several at once."""
    n = 41
    post = np.repeat(np.arange(n), np.arange(n))
    pre, weight = rng.integers(0, n, len(post)), rng.normal(size=len(post))
    mixed = rng.permutation(len(post))
    pre, post = pre[mixed], post[mixed]
    matrix = np.zeros((n, n))
    np.add.at(matrix, (post, pre), weight)
    rates, cotangent = rng.normal(size=(2, n_lanes, n))
    wiring = build(pre, post, n)
    received, pull = jax.vjp(wiring, jnp.asarray(weight, dtype), jnp.asarray(rates, dtype))
    of_weight, of_rates = pull(jnp.asarray(cotangent, dtype))
    assert received.dtype == of_weight.dtype == of_rates.dtype == dtype
    tolerance = {"rtol": 2e-4, "atol": 2e-5} if dtype == jnp.float32 else {"rtol": 1e-10}
    np.testing.assert_allclose(received, rates @ matrix.T, **tolerance)
    np.testing.assert_allclose(of_rates, cotangent @ matrix, **tolerance)
    expected = (cotangent[:, post] * rates[:, pre]).sum(0)
    np.testing.assert_allclose(of_weight, expected, **tolerance)


def test_single_precision_stays_single_and_mixed_becomes_double(build, graph):
    pre, post, weight, matrix = graph
    wiring, ones = build(pre, post, 12), jnp.ones(12, jnp.float32)
    assert wiring(weight.astype(jnp.float32), ones).dtype == jnp.float32
    np.testing.assert_allclose(wiring(weight, ones), matrix.sum(1), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("axes", [(None, 1), (0, None), (1, 2)])
def test_vmap_over_weights_and_rates_equals_a_loop(build, graph, rng, axes):
    """Values, and gradients of both; members that share weights become lanes of one product."""
    pre, post, weight, _ = graph
    wiring = build(pre, post, 12)
    weights = jnp.asarray(rng.normal(size=(3, 60))) if axes[0] is not None else weight
    rates = jnp.asarray(rng.normal(size=(3, 2, 12)) if axes[1] is not None else np.ones((2, 12)))
    cotangent = jnp.asarray(rng.normal(size=(2, 12)))

    @jax.jit
    def both(w, r):
        value, pull = jax.vjp(wiring, w, r)
        return value, *pull(cotangent)

    expected = [
        both(
            weights[m] if axes[0] is not None else weights,
            rates[m] if axes[1] is not None else rates,
        )
        for m in range(3)
    ]
    given = (
        weights if axes[0] is None else jnp.moveaxis(weights, 0, axes[0]),
        rates if axes[1] is None else jnp.moveaxis(rates, 0, axes[1]),
    )
    got = jax.vmap(both, in_axes=axes)(*given)
    for one, several in zip(zip(*expected, strict=True), got, strict=True):
        np.testing.assert_allclose(several, jnp.stack(one), rtol=1e-11, atol=1e-13)


def test_vmap_in_vmap_and_over_graphs_equals_a_loop(build, graph, rng):
    pre, post, _, _ = graph
    weights = jnp.asarray(rng.normal(size=(2, 60)))
    rates = jnp.asarray(rng.normal(size=(3, 12)))
    wiring = build(pre, post, 12)
    table = jax.vmap(lambda w: jax.vmap(lambda r: wiring(w, r))(rates))(weights)
    for m in range(2):
        for k in range(3):
            expected = wiring(weights[m], rates[k])
            np.testing.assert_allclose(table[m, k], expected, rtol=1e-12, atol=1e-14)
    graphs = [build(pre[order], post[order], 12) for order in rng.permuted([range(60)] * 2, axis=1)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *graphs)
    several = jax.vmap(lambda g, w: g(w, rates))(stacked, weights)
    for m in range(2):
        expected = graphs[m](weights[m], rates)
        np.testing.assert_allclose(several[m], expected, rtol=1e-12, atol=1e-14)


def all_derivatives(f, point, direction):
    gradient = jax.grad(f, (0, 1))
    along = jax.jvp(f, point, direction)[1]
    forward_over_reverse = jax.jvp(gradient, point, direction)[1]
    return along, forward_over_reverse, jax.vjp(gradient, *point)[1](direction)


def test_derivatives_forward_and_of_any_order_equal_those_of_the_matrix(build, graph, rng):
    """Forward mode, reverse over reverse and forward over reverse, through a nonlinearity."""
    pre, post, weight, _ = graph
    wiring = build(pre, post, 12)
    rates, moved = jnp.asarray(rng.normal(size=(2, 3, 12)))
    shift = jnp.asarray(rng.normal(size=60))

    def through(w, r):
        return jnp.sum(jnp.tanh(wiring(w, jnp.tanh(wiring(w, r)))) ** 2)

    def by_matrix(w, r):
        matrix = jnp.zeros((12, 12)).at[post, pre].add(w)
        return jnp.sum(jnp.tanh(jnp.tanh(r @ matrix.T) @ matrix.T) ** 2)

    point, direction = (weight, rates), (shift, moved)
    results = []
    for f in (through, by_matrix):
        results.append(jax.jit(partial(all_derivatives, f))(point, direction))
    for ours, expected in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-11)


def test_a_gradient_through_a_scan_equals_that_of_the_matrix(build, graph, rng):
    pre, post, weight, _ = graph
    wiring, rates = build(pre, post, 12), jnp.asarray(rng.normal(size=(3, 12)))

    def loss(w, product):
        return jnp.sum(jax.lax.scan(lambda x, _: (jnp.tanh(product(w, x)), x), rates, length=4)[1])

    def matrix_product(w, r):
        return r @ jnp.zeros((12, 12)).at[post, pre].add(w).T

    ours = jax.jit(jax.grad(lambda w: loss(w, wiring)))(weight)
    expected = jax.grad(lambda w: loss(w, matrix_product))(weight)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_two_devices_at_once_equal_one(build, graph, rng):
    """Trials spread over host devices call the operator concurrently."""
    pre, post, weight, matrix = graph
    wiring, rates = build(pre, post, 12), rng.normal(size=(64, 12))
    mesh = Mesh(np.array(jax.devices()[:2]), ("trial",), axis_types=(AxisType.Auto,))
    spread = jax.shard_map(
        lambda r: jax.lax.fori_loop(0, 50, lambda _, y: wiring(weight, r) + 0 * y, r),
        mesh=mesh,
        in_specs=PartitionSpec("trial"),
        out_specs=PartitionSpec("trial"),
        check_vma=False,
    )
    for _ in range(5):
        received = jax.jit(spread)(jnp.asarray(rates))
        np.testing.assert_allclose(received, rates @ matrix.T, rtol=1e-11, atol=1e-12)


def test_many_threads_at_once_equal_one(build, graph, rng):
    pre, post, weight, matrix = graph
    wiring, rates = build(pre, post, 12), rng.normal(size=(8, 5, 12))
    run = jax.jit(lambda r: wiring(weight, r))
    wrong = []

    def work(n):
        for _ in range(20):
            received = run(jnp.asarray(rates[n]))
            if not np.allclose(received, rates[n] @ matrix.T, rtol=1e-11, atol=1e-12):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_new_weights_do_not_compile_again(build, graph):
    pre, post, weight, _ = graph
    wiring, n_traces = build(pre, post, 12), []

    @jax.jit
    def run(operator, w, r):
        n_traces.append(1)
        return operator(w, r)

    for factor in (1.0, 2.0, 3.0):
        run(wiring, factor * weight, jnp.ones(12))
    assert len(n_traces) == 1


def lowered(wiring, weight, platform):
    run = jax.jit(lambda operator, w, r: operator(w, r))
    traced = run.trace(wiring, weight, jnp.ones(12))
    return traced.lower(lowering_platforms=(platform,)).as_text()


def test_the_kernel_is_used_on_cpus_and_a_segment_sum_elsewhere(graph):
    pre, post, weight, _ = graph
    wiring = SparseWiring.from_ends(pre, post, 12)
    assert "neuroloom_product_float64" in lowered(wiring, weight, "cpu")
    for other in ("cuda", "tpu"):
        text = lowered(wiring, weight, other)
        assert "neuroloom_product" not in text
        assert "scatter" in text
    assert wiring.describe() == "60 connections, by a compiled kernel"
    assert wiring.sums_over_steps


def test_without_a_kernel_the_operator_says_so(graph):
    pre, post, weight, _ = graph
    wiring = SparseWiring.from_ends(pre, post, 12, compiled=False)
    assert "neuroloom_product" not in lowered(wiring, weight, "cpu")
    assert "gather and segment sum: no kernel was asked for" in wiring.describe()
    assert not wiring.sums_over_steps
