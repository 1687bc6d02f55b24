"""Every published form against its equation, written out with a matrix."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuits import circuit
from neuroloom.errors import InputError
from neuroloom.networks import (
    CentralComplex,
    Larva,
    Synthetic,
    SyntheticSmooth,
    TanhGain,
    Zebrafish,
)

N = 5


def softplus(x, s):
    return np.log1p(np.exp(s * x)) / s


DRIFTS = {
    Synthetic(tau=2.0, smoothness=0.5): lambda W, x, g, b: (
        (W @ (g * softplus(x + b, 0.5)) - x) / 2.0
    ),
    SyntheticSmooth(("a",) * N, smoothness=4.0): lambda W, x, g, b: (
        W @ (g * softplus(x + b, 4.0)) - x
    ),
    TanhGain(tau=0.5): lambda W, x, g, b: (W @ (g * np.tanh(x + b)) - x) / 0.5,
    Larva(tau=0.2): lambda W, x, g, b: (g * (W @ softplus(x, 1.0)) + b - x) / 0.2,
    CentralComplex(): lambda W, x, g, b: W @ (g * softplus(x + b, 5.0)) - x,
    Zebrafish(): lambda W, x, g, b: W @ (g * (x + b)) - x,
}
FORMS = pytest.mark.parametrize("form", DRIFTS, ids=lambda f: type(f).__name__)


@pytest.fixture
def drawn(rng):
    connectome = circuit(N, rng, gaps=False)
    W = np.zeros((N, N))
    W[connectome.post, connectome.pre] = connectome.sign * connectome.count
    return connectome, W, rng.uniform(0.5, 2, N), rng.normal(size=N)


@FORMS
def test_a_form_has_the_drift_of_its_equation(form, drawn, rng):
    connectome, W, gain, bias = drawn
    network = form.network(connectome, gain=gain, bias=bias)
    x = rng.normal(size=N)
    found = network.drift(jnp.asarray(x), jnp.zeros(N))
    np.testing.assert_allclose(found, DRIFTS[form](W, x, gain, bias), rtol=1e-9)


@FORMS
def test_what_is_trained_moves_the_drift(form, drawn, rng):
    connectome, _, gain, bias = drawn
    network = form.network(connectome, gain=gain, bias=bias)
    x = jnp.asarray(rng.normal(size=N))

    def size(values):
        moved = eqx.tree_at(form.trained, network, values)
        return (moved.drift(x, jnp.zeros(N)) ** 2).sum()

    for gradient in jax.grad(size)(form.trained(network)):
        assert (gradient != 0).any()


@FORMS
def test_neurons_of_one_label_start_from_their_mean_and_share(form, drawn):
    connectome, _, gain, bias = drawn
    label = np.array(["x", "y", "x", "y", "y"])
    network = form.network(connectome, gain=gain, bias=bias, label=label)
    for values, found in ((gain, network.gain), (bias, network.bias)):
        means = {name: values[label == name].mean() for name in ("x", "y")}
        np.testing.assert_allclose(found.expand(), [means[name] for name in label], rtol=1e-9)
        assert found.value.shape == (2,)


def test_gains_outside_a_forms_range_are_refused(drawn):
    connectome, _, gain, _ = drawn
    for form, bad in ((Synthetic(), -gain), (Zebrafish(), 0 * gain)):
        with pytest.raises(InputError, match="Start it inside"):
            form.network(connectome, gain=bad)


def test_time_constants_stay_between_their_bounds_when_trained(drawn):
    connectome, _, gain, _ = drawn
    network = CentralComplex(tau=1.0, train_tau=True).network(connectome, gain=gain)
    np.testing.assert_allclose(network.tau.expand(), 1.0)
    far = eqx.tree_at(lambda n: n.tau.value, network, jnp.linspace(-50.0, 50, N))
    assert far.tau.expand().min() == pytest.approx(0.2)
    assert far.tau.expand().max() == pytest.approx(5.0)
    assert len(CentralComplex(train_tau=True).trained(network)) == 3
