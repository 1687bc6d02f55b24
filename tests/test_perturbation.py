"""Perturbations of fitted models: exact where linear, from pre to post, without common drive."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroloom.analysis.perturbation import (
    AbstractDynamics,
    Clamp,
    FromForecast,
    Pulse,
    causal_weight,
    drawn_weights,
    growth,
    linear,
    perturbed,
    pulse_responses,
    push_responses,
    response,
    response_spread,
    response_table,
    silence,
)
from neuroloom.errors import InputError, SimulationError
from neuroloom.fitting.coupling import Coupling, EdgePosterior, Exponential, PoissonCoupling

N = 5


def coupling(weight, intercept=None):
    n = weight.shape[1]
    bias = np.zeros(n) if intercept is None else intercept
    return Coupling(weight, np.zeros((len(weight), n, 0)), bias, {})


@pytest.fixture
def fitted(rng):
    weight = 0.12 * rng.normal(size=(2, N, N))
    return coupling(weight, rng.normal(size=N))


def a_drives_b(size=0.5):
    weight = np.zeros((1, 2, 2))
    weight[0, 1, 0] = size
    return coupling(weight)


@pytest.mark.parametrize("size", [0.5, -0.5])
def test_a_pulse_goes_from_pre_to_post_with_its_sign_one_step_later(size):
    chain = a_drives_b(size)
    still = np.zeros((1, 1, 2))
    down = response(FromForecast(chain), [Pulse((0,))], still, 3)
    np.testing.assert_array_equal(down, [[1, 0], [0, size], [0, 0]])
    up = response(FromForecast(chain), [Pulse((1,))], still, 3)
    np.testing.assert_array_equal(up, [[0, 1], [0, 0], [0, 0]])
    assert pulse_responses(chain.weight, 2)[1, 1, 0] == size
    assert pulse_responses(chain.weight, 2)[1, 0, 1] == 0
    assert push_responses(chain.weight)[1, 0] == size
    assert push_responses(chain.weight)[0, 1] == 0


def test_a_rollout_of_a_pulse_is_the_closed_form(fitted, rng):
    exact = pulse_responses(fitted.weight, 8)
    history = rng.normal(size=(3, 4, N))
    for neuron in range(N):
        found = response(FromForecast(fitted), [Pulse((neuron,))], history, 8)
        np.testing.assert_allclose(found, exact[:, :, neuron], atol=1e-12)


def test_responses_of_a_linear_model_add_up(fitted, rng):
    dynamics, history = FromForecast(fitted), rng.normal(size=(2, 2, N))
    first, second = Pulse((0, 3), -2.0), Pulse((1,), 0.5, start=2, n_steps=3)
    both = response(dynamics, [first, second], history, 9)
    apart = sum(response(dynamics, [one], history, 9) for one in (first, second))
    np.testing.assert_allclose(both, apart, atol=1e-12)
    np.testing.assert_array_equal(both[0], [-2, 0, 0, -2, 0])


def test_a_push_settles_at_the_inverse_and_a_clamp_at_its_column_over_the_diagonal(fitted, rng):
    exact = push_responses(fitted.weight)
    np.testing.assert_allclose(exact @ (np.eye(N) - fitted.weight.sum(0)), np.eye(N), atol=1e-12)
    np.testing.assert_allclose(push_responses(fitted.weight, 200), exact, atol=1e-10)
    dynamics, history = FromForecast(fitted), rng.normal(size=(1, 2, N))
    pushed = response(dynamics, [Pulse((2,), n_steps=None)], history, 201)
    np.testing.assert_allclose(pushed[-1], exact[:, 2], atol=1e-10)
    free = perturbed(dynamics, (), history, 300)[0, -1]
    held = perturbed(dynamics, [Clamp((2,), free[2] + 1.0)], history, 300)[0, -1]
    np.testing.assert_allclose(held - free, exact[:, 2] / exact[2, 2], atol=1e-10)


def test_a_silenced_neuron_stays_at_0_for_as_long_and_then_comes_back(fitted, rng):
    history = rng.normal(size=(1, 2, N))
    run = perturbed(FromForecast(fitted), [silence((1,), start=2, n_steps=3)], history, 8)[0]
    assert (run[2:5, 1] == 0).all()
    assert (run[[0, 1, 5, 6, 7], 1] != 0).all()


def test_growth_is_that_of_free_activity(rng, monkeypatch):
    weight = 0.4 * rng.normal(size=(3, N, N))
    found = growth(weight)
    late = np.linalg.norm(pulse_responses(weight, 400), axis=(1, 2))
    assert found == pytest.approx((late[399] / late[99]) ** (1 / 300), rel=0.01)
    monkeypatch.setattr(linear, "DENSE", 0)
    assert growth(weight) == pytest.approx(found, rel=1e-6)


def test_an_unstable_fit_has_no_steady_response_but_one_at_a_horizon():
    weight = np.array([[[1.25, 0.0], [1.0, 0.0]]])
    with pytest.raises(SimulationError, match=r"grows by 1\.25 a step. Give a `horizon`"):
        push_responses(weight)
    np.testing.assert_allclose(push_responses(weight, 1), [[2.25, 0], [1, 1]])
    spread = response_spread([0.4 * weight, weight, 0.2 * weight])
    assert (spread.n_members, spread.n_unstable) == (2, 1)
    with pytest.raises(SimulationError, match="in none of 1"):
        response_spread([weight])


def test_the_spread_holds_its_share_of_refits(rng):
    weights = [0.1 * rng.normal(size=(1, 3, 3)) for _ in range(101)]
    spread = response_spread(weights, 2, level=0.8)
    each = np.stack([push_responses(one, 2) for one in weights])
    inside = (each >= spread.low) & (each <= spread.high)
    np.testing.assert_allclose(inside.mean(0), 0.8, atol=0.02)
    np.testing.assert_array_equal(spread.middle, np.median(each, axis=0))


def test_the_table_names_who_is_stimulated_and_who_answers(rng):
    weight = np.zeros((1, 3, 3))
    weight[0, 1, 0], weight[0, 2, 1] = 0.5, -0.8
    spread = response_spread([0.5 * weight, weight, 1.5 * weight], 1)
    table = response_table(push_responses(weight, 1), np.array(["a", "b", "c"]), spread)
    assert table.loc[0, ["stimulated", "post", "response"]].tolist() == ["b", "c", -0.8]
    assert table.loc[1, ["stimulated", "post", "response"]].tolist() == ["a", "b", 0.5]
    assert table.loc[1, "low"] == spread.low[1, 0] < 0.5 < spread.high[1, 0] == table.loc[1, "high"]
    assert len(table) == 6
    with pytest.raises(InputError, match="Give those of the recording"):
        response_table(np.eye(3), np.array(["a"]))


def test_any_model_that_steps_can_be_perturbed(rng):
    counts = PoissonCoupling(
        np.array([[[0.0, 0.0], [0.7, 0.0]]]), np.zeros((1, 2, 0)), np.zeros(2), Exponential(), {}
    )
    found = response(FromForecast(counts), [Pulse((0,), 2.0)], np.zeros((1, 1, 2)), 2)
    # Without the pulse a is at exp(0) = 1, and drives b by 0.7.
    np.testing.assert_allclose(found[1], [0, np.exp(0.7 * 3) - np.exp(0.7)])

    class Leaky:
        """Remembers more than its last frame."""

        def start(self, history):
            return self.step(np.zeros(history[:, 0].shape), history[:, -1])

        def step(self, memory, frame):
            trace = 0.5 * memory + frame
            return trace, np.tanh(trace[:, ::-1])

    assert isinstance(Leaky(), AbstractDynamics)
    found = response(Leaky(), [Pulse((0,), 1.0)], np.zeros((1, 1, 2)), 3)
    np.testing.assert_allclose(found[0], [1, 0])
    np.testing.assert_allclose(found[1], [0, np.tanh(1)])
    np.testing.assert_allclose(found[2], [np.tanh(np.tanh(1)), np.tanh(0.5)])


def test_behavior_stays_where_it_is_put(fitted):
    moved = Coupling(fitted.weight, np.ones((2, N, 1)), fitted.intercept, {})
    history = np.zeros((1, 2, N))
    first = perturbed(FromForecast(moved, (3.0,)), (), history, 1)[0, 0]
    np.testing.assert_allclose(first, fitted.intercept + 6.0)


@pytest.fixture(scope="module")
def driven():
    """A chain of twelve neurons that hear a slow latent in common."""
    rng = np.random.default_rng(4)
    n, steps = 12, 6_000
    weight = np.zeros((n, n))
    weight[np.arange(1, n), np.arange(n - 1)] = 0.6
    x, latent, loading = np.zeros((steps, n)), 0.0, rng.normal(size=n)
    for t in range(1, steps):
        latent = 0.9 * latent + rng.normal()
        x[t] = weight @ x[t - 1] + rng.normal(size=n) + 0.8 * loading * latent
    return EdgePosterior(n_lags=1, n_factors=1).fit(x[None]), weight


def test_perturbations_travel_along_connections_and_not_common_drive(driven):
    edges, weight = driven
    truth = push_responses(weight[None], 3)
    off = ~np.eye(len(weight), dtype=bool)
    error = {
        name: np.abs(push_responses(found, 3) - truth)[off].max()
        for name, found in (("causal", causal_weight(edges)), ("heard", edges.coupling.weight))
    }
    assert error["causal"] < 0.25
    assert error["heard"] > 2 * error["causal"]


def test_draws_have_the_posterior_mean_and_its_own_past(driven, rng):
    edges, _ = driven
    draws = np.stack(list(drawn_weights(edges, 400, rng=rng)))
    model = edges.model
    variance = model.probability * (model.sd**2 + model.mean**2) - model.weight**2
    error = np.abs(draws.mean(0)[0] - causal_weight(edges)[0])
    assert (error <= 4.5 * np.sqrt(np.maximum(variance, 0) / 400) + 1e-12).all()
    own = np.diagonal(edges.coupling.weight[0])
    np.testing.assert_array_equal(
        np.diagonal(draws[:, 0], axis1=1, axis2=2), np.tile(own, (400, 1))
    )


def test_later_lags_have_the_share_that_the_forecast_has_there(driven):
    edges, _ = driven
    heard = edges.coupling.weight[0]
    off = ~np.eye(len(heard), dtype=bool)
    slow = np.stack([heard, np.where(off, -0.4 * heard, 0.3)])
    found = causal_weight(replace(edges, coupling=coupling(slow)))
    np.testing.assert_allclose(found[1][off], -0.4 * edges.connectivity[off])
    np.testing.assert_array_equal(np.diagonal(found[1]), 0.3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda f: Pulse(()), r"Find them with `np\.flatnonzero"),
        (lambda f: Pulse((1, 1)), r"Find them with `np\.flatnonzero"),
        (lambda f: Clamp((-1,), 0.0), r"Find them with `np\.flatnonzero"),
        (lambda f: Pulse((0,), np.inf), "Leave them out for the defaults"),
        (lambda f: Pulse((0,), start=-1), "Leave them out for the defaults"),
        (lambda f: silence((0,), n_steps=0), "Leave them out for the defaults"),
        (lambda f: pulse_responses(f.weight, 0), "Step 0 is the pulse"),
        (lambda f: push_responses(f.weight, -1), "0 is the push itself"),
        (lambda f: growth(np.full((1, 2, 2), np.nan)), "Fit without neurons"),
        (lambda f: response_spread([]), "Draw some"),
        (lambda f: response_spread([f.weight], level=1.0), "is a share"),
        (lambda f: perturbed(FromForecast(f), [], np.zeros((1, 2, N)), 0), "at least 1 step"),
        (
            lambda f: perturbed(FromForecast(f), [Pulse((N,))], np.zeros((1, 2, N)), 1),
            "Positions count from 0",
        ),
        (lambda f: perturbed(FromForecast(f), [], np.zeros((1, 1, N)), 1), "Give a longer one"),
        (
            lambda f: perturbed(FromForecast(f), [], np.full((1, 2, N), np.nan), 1),
            f"{2 * N} of the last values not observed",
        ),
    ],
)
def test_what_cannot_be_perturbed_is_refused(fitted, make, said):
    with pytest.raises(InputError, match=said):
        make(fitted)


def test_kernels_of_counts_carry_a_pulse_over_their_lags(rng):
    counts = np.zeros((1, 6_000, 2))
    for t in range(2, counts.shape[1]):
        drive = -1.0 + np.array([0.0, 0.8 * counts[0, t - 2, 0]])
        counts[0, t] = rng.poisson(np.exp(np.minimum(drive, 2.0)))
    edges = EdgePosterior(n_lags=3).fit(counts)
    assert isinstance(edges.coupling, PoissonCoupling)
    weight = causal_weight(edges)
    np.testing.assert_allclose(
        weight[:, 1, 0].sum(), edges.profile.sum() * edges.connectivity[1, 0]
    )
    assert np.argmax(abs(weight[:, 1, 0])) == 1  # two bins back
    model = FromForecast(replace(edges.coupling, weight=weight))
    course = response(model, [Pulse((0,), 1.0)], counts[:, -3:], 4)
    assert np.argmax(course[:, 1]) == 2
    assert course[2, 1] > 0.2


def test_no_draws_are_refused(driven, rng):
    with pytest.raises(InputError, match="An interval needs 20"):
        next(drawn_weights(driven[0], 0, rng=rng))


def test_the_example_of_the_page_runs_and_finds_what_it_says():
    page = Path(__file__).parent.parent / "docs" / "perturbation.md"
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    names = {}
    exec(compile(code, str(page), "exec"), names)
    assert names["matrix"][1, 0] == pytest.approx(0.50, abs=0.03)
    assert names["spread"].low[1, 0] <= names["matrix"][1, 0] <= names["spread"].high[1, 0]
    assert names["course"].shape == (5, 8)
