"""Calcium against convolution with the kernel, written out; its limits, gradients and starts."""

from functools import partial
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks import (
    Calcium,
    DoubleExponential,
    PooledRoi,
    Shared,
    SingleExponential,
    global_value,
    per_group,
    per_neuron,
)

RISE, DECAY = np.array([0.05, 0.2, 0.7]), np.array([0.4, 0.2, 0.1])  # the second an alpha function
AMPLITUDE, BASELINE = np.array([2.0, -0.5, 1.0]), np.array([0.1, 0.0, -0.3])
KERNELS = pytest.mark.parametrize("kernel", ["single", "double"])


def seconds(values):
    return per_neuron(np.asarray(values, float), len(values), unit="s")


def calcium(kernel, rise=RISE, decay=DECAY):
    shape = {
        "single": lambda: SingleExponential(seconds(decay)),
        "double": lambda: DoubleExponential(seconds(rise), seconds(decay)),
    }[kernel]()
    return Calcium.from_kernel(
        shape,
        amplitude=per_neuron(AMPLITUDE, 3, unit="dF/F per Hz"),
        baseline=per_neuron(BASELINE, 3, unit="dF/F"),
    )


def risen(kernel, t, rise=RISE, decay=DECAY):
    """Integral of the kernel from 0 to t, one column a neuron."""
    t = np.asarray(t)[:, None]
    if kernel == "single":
        return 1 - np.exp(-t / decay)
    same = rise == decay
    other = np.where(same, 2 * rise, rise)
    apart = 1 - (decay * np.exp(-t / decay) - other * np.exp(-t / other)) / (decay - other)
    return np.where(same, 1 - (1 + t / decay) * np.exp(-t / decay), apart)


def convolved(kernel, rates, dt, before, **choices):
    """Every past step's rate times the kernel's area over it, and the rest of the area before."""
    n = len(rates)
    area = np.diff(risen(kernel, dt * np.arange(n + 1), **choices), axis=0)
    late = 1 - risen(kernel, dt * np.arange(1, n + 1), **choices)
    seen = [(area[: t + 1][::-1] * rates[: t + 1]).sum(axis=0) + late[t] * before for t in range(n)]
    return BASELINE + AMPLITUDE * np.array(seen)


@KERNELS
@pytest.mark.parametrize("dt", [0.002, 0.1, 3.0])
def test_it_is_the_convolution_with_the_kernel_whatever_dt(kernel, dt, rng):
    rates, before = rng.normal(size=(40, 3)), rng.normal(size=3)
    seen = calcium(kernel)(jnp.asarray(rates), dt=dt, before=jnp.asarray(before))
    np.testing.assert_allclose(seen, convolved(kernel, rates, dt, before), rtol=1e-11, atol=1e-13)


@KERNELS
def test_looking_more_often_at_the_same_rates_changes_nothing(kernel, rng):
    rates, before = jnp.asarray(rng.normal(size=(30, 3))), jnp.asarray(rng.normal(size=3))
    rarely = calcium(kernel)(rates, dt=0.1, before=before)
    often = calcium(kernel)(jnp.repeat(rates, 7, axis=0), dt=0.1 / 7, before=before)
    np.testing.assert_allclose(often[6::7], rarely, rtol=1e-11)


@KERNELS
def test_a_rate_held_for_long_reads_the_baseline_plus_amplitude_times_rate(kernel):
    rate = jnp.array([3.0, 1.0, 2.0])
    expected = BASELINE + AMPLITUDE * np.asarray(rate)
    long = jnp.broadcast_to(rate, (400, 3))
    from_rest = calcium(kernel)(long, dt=0.05, before=jnp.zeros(3))
    np.testing.assert_allclose(from_rest[-1], expected, rtol=1e-9)
    assert jnp.abs(from_rest[0] - jnp.asarray(BASELINE)).max() < 1
    settled = calcium(kernel)(long, dt=0.05, before=rate)
    np.testing.assert_allclose(settled, np.broadcast_to(expected, (400, 3)), rtol=1e-12)


def test_a_spike_peaks_when_and_as_high_as_the_kernel_says():
    rise, decay, dt = np.array([0.05, 0.1, 0.02]), np.array([0.4, 0.3, 1.0]), 1e-4
    spike = jnp.zeros((4_000, 3)).at[0].set(1 / dt)
    seen = np.asarray(calcium("double", rise, decay)(spike, dt=dt, before=jnp.zeros(3)))
    change = (seen - BASELINE) / AMPLITUDE
    when = np.log(decay / rise) * decay * rise / (decay - rise)
    high = (np.exp(-when / decay) - np.exp(-when / rise)) / (decay - rise)
    np.testing.assert_allclose(dt * change.argmax(axis=0), when, atol=2 * dt)
    np.testing.assert_allclose(change.max(axis=0), high, rtol=1e-3)
    assert (change[0] < 0.01 * high).all()


def test_without_a_rise_two_exponentials_are_one(rng):
    rates, before = jnp.asarray(rng.normal(size=(40, 3))), jnp.asarray(rng.normal(size=3))
    one = calcium("single")(rates, dt=0.05, before=before)
    for short in (1e-4, 1e-6, 1e-12):
        two = calcium("double", rise=np.full(3, short))(rates, dt=0.05, before=before)
        np.testing.assert_allclose(two, one, atol=100 * short + 1e-12)
    assert jnp.abs(calcium("double")(rates, dt=0.05, before=before) - one).max() > 0.05


def test_exchanging_rise_and_decay_changes_nothing(rng):
    rates, before = jnp.asarray(rng.normal(size=(40, 3))), jnp.asarray(rng.normal(size=3))
    run = [
        calcium("double", rise, decay)(rates, dt=0.05, before=before)
        for rise, decay in ((RISE, DECAY), (DECAY, RISE))
    ]
    np.testing.assert_allclose(*run, rtol=1e-11)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_near_the_alpha_function_value_and_gradient_are_smooth(dtype, rng):
    """The derivative in the rise, at distances where a naive difference loses every digit."""
    rates = jnp.asarray(rng.normal(size=(30, 3)), dtype)
    start = jax.tree.map(
        lambda a: a.astype(dtype) if eqx.is_inexact_array(a) else a, calcium("double")
    )

    def total(rise):
        moved = eqx.tree_at(lambda c: c.kernel.rise.value, start, rise)
        return jnp.sum(jnp.sin(moved(rates, dt=0.05, before=rates[0])))

    decay = jnp.asarray(DECAY, dtype)
    values = jax.jit(jax.value_and_grad(total))
    curve = jax.jit(jax.hessian(total))
    value, slope = values(decay)
    bend = curve(decay)
    rounding = 1e-12 if dtype == jnp.float64 else 2e-5
    for off in (1e-3, 1e-5, 1e-7):
        near, there = values(decay * (1 + off))
        np.testing.assert_allclose(near, value + off * slope @ decay, atol=5 * off**2 + rounding)
        np.testing.assert_allclose(
            there, slope + off * bend @ decay, atol=200 * off**2 + 20 * rounding
        )
    if dtype == jnp.float64:
        step = 1e-5 * jnp.eye(3)
        numeric = [(total(decay + s) - total(decay - s)) / 2e-5 for s in step]
        np.testing.assert_allclose(slope, numeric, rtol=1e-6)
        numeric = [(values(decay + s)[1] - values(decay - s)[1]) / 2e-5 for s in step]
        np.testing.assert_allclose(bend, numeric, rtol=1e-5, atol=1e-7)


@KERNELS
def test_gradient_in_rates_and_every_parameter_equals_finite_differences(kernel, rng):
    parts, form = eqx.partition(calcium(kernel), eqx.is_inexact_array)
    arguments = (parts, *(jnp.asarray(rng.normal(size=s)) for s in ((2, 15, 3), (2, 3))))
    way = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape)) * (0.1 + p), arguments)

    def value(step):
        moved = jax.tree.map(lambda p, w: p + step * w, arguments, way)
        seen = eqx.combine(moved[0], form)(moved[1], dt=0.1 * (1 + step), before=moved[2])
        return jnp.sum(jnp.sin(seen))

    value = jax.jit(value)
    numeric = (value(1e-6) - value(-1e-6)) / 2e-6
    assert float(jax.grad(value)(0.0)) == pytest.approx(float(numeric), rel=1e-6)
    gradient = jax.grad(
        lambda a: jnp.sum(jnp.sin(eqx.combine(a[0], form)(a[1], dt=0.1, before=a[2])))
    )(arguments)
    for leaf in jax.tree.leaves(gradient):
        assert np.isfinite(leaf).all()
        assert (np.abs(leaf) > 0).all()


@KERNELS
def test_single_precision_agrees_with_double_over_many_short_steps(kernel, rng):
    rates = rng.uniform(0, 2, (20_000, 3))
    double = calcium(kernel)(jnp.asarray(rates), dt=1e-4, before=jnp.zeros(3))
    single = jax.tree.map(
        lambda a: a.astype(jnp.float32), eqx.filter(calcium(kernel), eqx.is_inexact_array)
    )
    single = eqx.combine(single, calcium(kernel))
    seen = single(jnp.asarray(rates, jnp.float32), dt=1e-4, before=jnp.zeros(3, jnp.float32))
    assert seen.dtype == jnp.float32
    np.testing.assert_allclose(seen, double, atol=1e-4)


@KERNELS
def test_batch_equals_a_loop_over_trials(kernel, rng):
    rates, before = (
        jnp.asarray(rng.normal(size=(2, 4, 10, 3))),
        jnp.asarray(rng.normal(size=(2, 4, 3))),
    )
    run = partial(calcium(kernel), dt=0.1)
    together = run(rates, before=before)
    for i in range(2):
        for j in range(4):
            alone = run(rates[i, j], before=before[i, j])
            np.testing.assert_allclose(together[i, j], alone, rtol=1e-12, atol=1e-14)


@KERNELS
def test_a_neuron_is_seen_through_its_own_kernel_and_no_other(kernel, rng):
    rates = rng.normal(size=(20, 3))
    other = rates.copy()
    other[:, 1] += 1
    seen = [calcium(kernel)(jnp.asarray(r), dt=0.1, before=jnp.zeros(3)) for r in (rates, other)]
    changed = np.abs(np.asarray(seen[1] - seen[0])).max(axis=0)
    assert (changed > 0.1).tolist() == [False, True, False]
    order = np.array([2, 0, 1])
    moved = jax.tree.map(lambda a: a[order] if a.shape == (3,) else a, calcium(kernel))
    moved = eqx.tree_at(
        lambda c: [p.group for p in (*c.kernel.time_constants().values(), c.amplitude, c.baseline)],
        moved,
        [jnp.arange(3)] * (len(calcium(kernel).kernel.time_constants()) + 2),
    )
    permuted = moved(jnp.asarray(rates[:, order]), dt=0.1, before=jnp.zeros(3))
    np.testing.assert_allclose(permuted, seen[0][:, order], rtol=1e-12)


def test_parameters_are_shared_as_they_say(rng):
    """One decay a cell type: neurons of a type read the same, whatever the other type does."""
    decay = per_group(0.3, np.array(["AVA", "ASH", "AVA"]), unit="s")
    decay = eqx.tree_at(lambda p: p.value, decay, jnp.array([0.9, 0.3]))  # ASH, AVA
    model = Calcium.from_kernel(SingleExponential(decay))
    rate = jnp.broadcast_to(jnp.asarray(rng.normal(size=(10, 1))), (10, 3))
    seen = model(rate, dt=0.1, before=jnp.zeros(3))
    np.testing.assert_array_equal(seen[:, 0], seen[:, 2])
    alone = Calcium.from_kernel(SingleExponential(global_value(0.9, 1, unit="s")))
    np.testing.assert_allclose(seen[:, 1], alone(rate[:, :1], dt=0.1, before=jnp.zeros(1))[:, 0])


def test_regions_pool_calcium_as_they_pool_rates(rng):
    """The filter is linear: with one kernel for all, pooling before or after is the same."""
    roi = PooledRoi.from_members(
        np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 2.0, 1.0])
    )
    rates = jnp.asarray(rng.normal(size=(2, 20, 3)))

    def shared(n):
        return Calcium.from_kernel(
            DoubleExponential(global_value(0.1, n, unit="s"), global_value(0.4, n, unit="s"))
        )

    after = roi(shared(3)(rates, dt=0.05, before=rates[:, 0]))
    pooled = roi(rates)
    assert after.shape == (2, 20, 2)
    np.testing.assert_allclose(shared(2)(pooled, dt=0.05, before=pooled[:, 0]), after, rtol=1e-11)


class Counting(Shared):
    """A parameter that counts how often it is traced."""

    traced: ClassVar[list[int]] = []

    def expand(self):
        self.traced.append(1)
        return self.value[self.group]


def test_a_second_call_with_other_numbers_does_not_compile_again():
    def run(value):
        decay = Counting(jnp.asarray([value]), jnp.zeros(2, int), "global", "s")
        model = Calcium.from_kernel(SingleExponential(decay))
        return model(jnp.full((6, 2), value), dt=0.1, before=jnp.zeros(2))

    run(0.3)
    before = len(Counting.traced)
    assert before > 0
    run(0.5)
    assert len(Counting.traced) == before


@pytest.mark.parametrize(
    ("make", "instruction"),
    [
        (lambda: SingleExponential(seconds([0.1, 0.0])), "Give seconds"),
        (lambda: DoubleExponential(seconds([-0.1]), seconds([0.1])), "use `SingleExponential`"),
        (lambda: DoubleExponential(seconds([0.1]), seconds([0.1, 0.2])), "the same connectome"),
    ],
)
def test_a_kernel_that_cannot_be_is_refused(make, instruction):
    with pytest.raises(InputError, match=instruction):
        Calcium.from_kernel(make())


def test_an_amplitude_for_other_neurons_is_refused():
    with pytest.raises(InputError, match=r"`amplitude` must be for .* the same connectome"):
        Calcium.from_kernel(
            SingleExponential(seconds([0.1, 0.2])), amplitude=global_value(1.0, 3, unit="dF/F")
        )


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        ({"rates": jnp.zeros((5, 2))}, "neurons last; pool into regions after"),
        ({"rates": jnp.zeros(3)}, "Put trials in front"),
        ({"before": jnp.zeros(2)}, r"Use `rates\[..., 0, :\]`"),
        ({"before": jnp.zeros((5, 3))}, "one rate a trial and neuron"),
        ({"dt": 0.0}, "Give the step in seconds"),
        ({"dt": float("nan")}, "Give the step in seconds"),
    ],
)
@KERNELS
def test_arguments_that_do_not_fit_are_refused(kernel, change, instruction):
    arguments = {"rates": jnp.zeros((5, 3)), "dt": 0.1, "before": jnp.zeros(3)} | change
    with pytest.raises(InputError, match=instruction):
        calcium(kernel)(arguments.pop("rates"), **arguments)
