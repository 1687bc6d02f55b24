"""Circuits whose parameters are recovered, simulated by a loop of their own."""

import numpy as np

from circuits import circuit
from neuroloom.connectome import Connectome

DT = 0.02


def run(connectome, weight, tau, rest, inputs, rng, *, step_sd=0.0, phi=None):
    """States of the network by a loop of its own, and the noise-free derivative."""
    phi = phi or (lambda x: np.maximum(x, 0))
    n = connectome.n_neurons
    w = np.zeros((n, n))
    np.add.at(w, (connectome.post, connectome.pre), weight)
    states, dvdt = [rest.copy()], []
    for u in inputs:
        v = states[-1]
        dvdt.append((rest - v + w @ phi(v) + u) / tau)
        states.append(v + DT * dvdt[-1] + step_sd * rng.normal(size=n))
    return np.array(states), np.array(dvdt)


def drawn(n, n_steps, rng, *, step_sd=0.0, mean=0.0, density=0.4):
    """A circuit, its parameters, its inputs and its states; weights carry their sign."""
    connectome = circuit(n, rng, density=density, gaps=False)
    weight = connectome.sign * rng.lognormal(-1.5, 0.5, connectome.n_connections)
    tau, rest = rng.uniform(0.04, 0.15, n), rng.normal(mean, 0.5, n)
    inputs = rng.normal(size=(n_steps, n)) * (np.arange(n) < n // 2)
    states, dvdt = run(connectome, weight, tau, rest, inputs, rng, step_sd=step_sd)
    return connectome, weight, tau, rest, inputs, states, dvdt


def assert_found(found, weight, tau, rest, rtol=1e-6):
    """What the data determine is right, and that is most of it."""
    w, t, r = found.weight_known, found.tau_known, found.rest_known
    assert min(w.mean(), t.mean(), r.mean()) >= 0.7
    np.testing.assert_allclose(found.weight[w], weight[found.connection][w], rtol=rtol, atol=rtol)
    np.testing.assert_allclose(found.tau[t], tau[found.neuron][t], rtol=rtol)
    np.testing.assert_allclose(found.rest[r], rest[found.neuron][r], rtol=rtol, atol=rtol)


def kinds(found, neuron):
    return {
        finding.kind: finding.partners for finding in found.findings if finding.neuron == neuron
    }


def self_exciting(rest):
    """a excites itself and b; b is silent or not as its rest says."""
    return (
        Connectome(
            neuron_id=np.array([720575940621039145, 720575940621039146]),
            pre=np.array([0, 0]),
            post=np.array([0, 1]),
            kind=np.array([0, 0]),
            count=np.array([1, 1]),
            sign=np.array([1, 1]),
        ),
        (np.array([0.5, 0.3]), np.array([0.1, 0.05]), rest),
    )
