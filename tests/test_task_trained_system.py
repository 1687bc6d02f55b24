"""S7: the network that was trained on a task, its equation, its pulses, and who drives whom.

Only the slow test trains. The others read a teacher made by hand, as a study reads one that it has
trained before.
"""

import numpy as np
import pytest

from neuroloom.studies.functional_connectivity.simulators.config import TaskTrainedConfig
from neuroloom.studies.functional_connectivity.simulators.systems import simulate_system
from neuroloom.studies.functional_connectivity.simulators.task_trained import (
    simulate_task_trained,
)

N = 20
SMALL = TaskTrainedConfig(n_neurons=N, n_trials=12, n_rounds=1, n_training_steps=2)


class Kept:
    """Stands for `Context.cached`: what was made before, or put here by hand, is read."""

    def __init__(self, by_hand=None):
        self.made = by_hand
        self.asked = []

    def __call__(self, name, parts, make):
        self.asked.append((name, parts[1]))
        if self.made is None:
            self.made = dict(make())
        return self.made


def teacher(weight, *, n_trials=12, bias=0.3):
    """Arrays of a teacher that is kept, with one pulse into every neuron in most of its trials."""
    rng = np.random.default_rng(1)
    n = len(weight)
    post, pre = np.nonzero(weight)
    inputs = np.zeros((n_trials, 400, n))
    into = rng.normal(size=(2, n)) / 0.05
    for trial in range(2, n_trials):  # the first two are catch trials
        inputs[trial, rng.integers(40, 100)] = into[trial % 2]
    return {
        "pre": pre,
        "post": post,
        "count": np.abs(weight[post, pre]),
        "sign": np.sign(weight[post, pre]).astype(int),
        "name": np.array("by hand"),
        "audit": np.array(["by hand"]),
        "gain": rng.uniform(0.5, 1.5, size=n),
        "bias": np.full(n, bias),
        "initial": np.zeros(n),
        "inputs": inputs,
        "states": np.zeros_like(inputs),
        "notes": np.array(["by hand"]),
    }


def random_weight():
    rng = np.random.default_rng(0)
    sender = np.where(np.arange(N) < 14, 1.0, -1.0)
    return (rng.random((N, N)) < 0.3) * rng.uniform(0.05, 0.3, size=(N, N)) * sender


def states_of(found, made):
    return np.log(np.expm1(found.activity / made["gain"])) - made["bias"]


def check_the_equation(found, made, step_sd):
    x = states_of(found, made)
    force = found.activity[:, :-1] @ found.weight.T + made["inputs"][:, 1:] - x[:, :-1]
    noise = x[:, 1:] - x[:, :-1] - 0.05 * force  # dt / tau
    assert noise.std() == pytest.approx(step_sd, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.01 * step_sd)
    assert abs(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]) < 0.01


@pytest.fixture(scope="module")
def kept():
    return Kept(teacher(random_weight()))


@pytest.fixture(scope="module")
def found(kept):
    return simulate_task_trained(SMALL, rng=np.random.default_rng(0), cached=kept)


def test_activity_obeys_the_equation_but_for_its_noise(found, kept):
    check_the_equation(found, kept.made, 0.03)


def test_weights_are_those_of_the_teacher_with_signs_by_sender(found):
    np.testing.assert_allclose(found.weight, random_weight())
    assert (found.cell_type == "excitatory").tolist() == [True] * 14 + [False] * 6
    assert (found.kind, found.dt) == ("rate", 0.05)


def test_the_pulses_of_the_task_come_with_it(found, kept):
    assert found.inputs.shape == (12, 400, 2)
    np.testing.assert_array_equal(found.inputs.sum((1, 2)), [0, 0, *[1] * 10])
    shown = found.inputs.argmax(1).max(1)
    np.testing.assert_array_equal(shown, kept.made["inputs"].any(-1).argmax(1))
    assert len({tuple(row) for row in found.inputs.any(1)[2::2]}) == 1  # even trials: one channel
    assert (found.inputs.any(1)[2::2] != found.inputs.any(1)[3::2]).all()  # odd ones: the other
    assert found.recording().input_name == ("input 0", "input 1")


def test_the_same_randomness_asks_for_the_same_teacher_and_gives_the_same_bytes(found, kept):
    again = simulate_system(SMALL, rng=np.random.default_rng(0), cached=kept)
    assert again.activity.dtype == np.float64
    assert again.activity.tobytes() == found.activity.tobytes()
    assert kept.asked[0] == kept.asked[-1]
    other = simulate_system(SMALL, rng=np.random.default_rng(1), cached=kept)
    assert other.activity.tobytes() != found.activity.tobytes()
    assert kept.asked[-1] != kept.asked[0]  # a network of another seed


def test_the_config_is_handed_on_to_the_teacher():
    made = SMALL.teacher(7)
    assert (made.seed, made.n_neurons, made.n_trials, made.n_rounds, made.n_steps) == (
        7,
        N,
        12,
        1,
        2,
    )
    assert made.noise_step_sd == SMALL.training_noise_step_sd == 0.01


def test_a_drives_b_and_not_the_other_way():
    made = teacher(np.array([[0.0, 0.0], [-1.0, 0.0]]), n_trials=40)
    made["inputs"] *= 0
    config = TaskTrainedConfig(n_neurons=2, noise_step_sd=0.3)
    found = simulate_task_trained(config, rng=np.random.default_rng(0), cached=Kept(made))
    assert found.weight.tolist() == [[0, 0], [-1, 0]]
    assert found.cell_type[0] == "inhibitory"
    assert found.inputs.shape == (40, 400, 0)
    x, r = states_of(found, made)[:, :-1].reshape(-1, 2), found.activity[:, :-1].reshape(-1, 2)
    change = np.diff(states_of(found, made), axis=1).reshape(-1, 2)

    def effect(post, pre):
        terms = np.stack([np.ones(len(x)), x[:, post], r[:, pre]], axis=1)
        return np.linalg.lstsq(terms, change[:, post], rcond=None)[0][2]

    assert effect(1, 0) == pytest.approx(-0.05, abs=0.02)  # dt / tau times the weight
    assert effect(0, 1) == pytest.approx(0, abs=0.02)


@pytest.mark.slow
def test_a_network_that_is_really_trained_obeys_its_equation():
    kept = Kept()
    found = simulate_task_trained(SMALL, rng=np.random.default_rng(0), cached=kept)
    check_the_equation(found, kept.made, 0.03)
    assert found.inputs.shape == (12, 400, 2)
    assert set(found.inputs.sum((1, 2))) == {0.0, 1.0}
    excites = found.cell_type == "excitatory"
    assert excites.sum() == 14
    assert (found.weight[:, excites] >= 0).all()
    assert (found.weight[:, ~excites] <= 0).all()
    uncached = simulate_task_trained(SMALL, rng=np.random.default_rng(0))
    np.testing.assert_allclose(uncached.activity, found.activity)


def test_a_neuron_whose_gain_was_trained_to_0_is_not_seen():
    made = teacher(random_weight())
    made["gain"][4] = 0.0
    found = simulate_task_trained(SMALL, rng=np.random.default_rng(0), cached=Kept(made))
    others = np.delete(np.arange(N), 4)
    assert np.flatnonzero(found.seen).tolist() == others.tolist()
    assert found.activity.shape[-1] == len(found.cell_type) == N - 1
    assert np.array_equal(found.weight, random_weight()[np.ix_(others, others)])
    assert "not seen: 1 neurons, silent throughout" in found.notes
