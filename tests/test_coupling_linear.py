"""Ridge, reduced rank and lasso autoregressions, from moments of lagged frames."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import Ridge as SklearnRidge

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import LaggedFrames, Lasso, ReducedRank, Ridge
from neuroloom.fitting.coupling.lagged import merged_moments

METHODS = [Ridge(2), ReducedRank(2, rank=2), Lasso(2), Ridge(2, penalty=0.1), Lasso(2, penalty=1.0)]


def simulated(rng, n=4, n_steps=400, n_trials=2, weight=None):
    """x_t = A x_{t-1} + noise."""
    weight = 0.3 * rng.normal(size=(n, n)) / np.sqrt(n) if weight is None else weight
    x = np.zeros((n_trials, n_steps, len(weight)))
    noise = rng.normal(size=x.shape)
    for t in range(1, n_steps):
        x[:, t] = x[:, t - 1] @ weight.T + noise[:, t]
    return x, weight


def rows_of(x, n_lags, behavior=None):
    """Predictors and targets, the slow way."""
    past, now = [], []
    for trial in range(len(x)):
        for t in range(n_lags, x.shape[1]):
            lags = [x[trial, t - lag] for lag in range(1, n_lags + 1)]
            if behavior is not None:
                lags += [behavior[trial, t - lag] for lag in range(1, n_lags + 1)]
            row = np.concatenate(lags)
            if np.isfinite(row).all() and np.isfinite(x[trial, t]).all():
                past.append(row)
                now.append(x[trial, t])
    return np.array(past), np.array(now)


def coefficients(found):
    """In the order of predictors."""
    n = len(found.intercept)
    parts = (found.weight, found.behavior_weight)
    return np.concatenate([np.swapaxes(part, 1, 2).reshape(-1, n) for part in parts])


def test_moments_are_those_of_the_rows_whose_past_is_whole():
    rng = np.random.default_rng(0)
    x = 100 + rng.normal(size=(2, 30, 3))
    behavior = 5 + rng.normal(size=(2, 30, 2))
    x[0, 10, 1] = np.nan
    behavior[1, 4, 0] = np.nan
    frames = LaggedFrames(x, 2, behavior)
    past, now = rows_of(x, 2, behavior)
    found = frames.moments()
    assert frames.n_frames == len(now) == 2 * 28 - 3 - 2
    np.testing.assert_allclose(found.past, np.cov(past.T, bias=True), atol=1e-12)
    np.testing.assert_allclose(found.now, np.cov(now.T, bias=True), atol=1e-12)
    np.testing.assert_allclose(found.past_mean, past.mean(0))
    both = np.cov(np.c_[past, now].T, bias=True)
    np.testing.assert_allclose(found.cross, both[: past.shape[1], past.shape[1] :], atol=1e-12)


def test_a_weight_of_two_is_a_frame_twice():
    x = np.random.default_rng(1).normal(size=(1, 20, 2))
    frames = LaggedFrames(x, 1)
    weight = np.ones((1, 20))
    weight[0, 7], weight[0, 9] = 2, 0
    past, now = rows_of(x, 1)
    order = [i for i in range(19) if i != 8] + [6]
    found = frames.moments(weight)
    assert found.n_frames == 19
    np.testing.assert_allclose(found.past, np.cov(past[order].T, bias=True))
    np.testing.assert_allclose(found.now_mean, now[order].mean(0))


def test_parts_merge_to_the_whole():
    rng = np.random.default_rng(13)
    x = np.cumsum(rng.normal(size=(2, 40, 3)), axis=1)  # whose mean differs from part to part
    frames = LaggedFrames(x, 2)
    whole = frames.moments()
    block = frames.blocks(3)
    for n, (training, held_out) in enumerate(frames.folds(3)):
        left = frames.moments((block != n).astype(float))
        for name in ("now", "past", "cross", "now_mean", "past_mean", "n_frames"):
            np.testing.assert_allclose(getattr(training, name), getattr(left, name), atol=1e-10)
        both = merged_moments([training, held_out])
        for name in ("now", "past", "cross", "now_mean", "past_mean", "n_frames"):
            np.testing.assert_allclose(getattr(both, name), getattr(whole, name), atol=1e-10)


def test_blocks_cover_the_frames_that_count_in_order():
    x = np.random.default_rng(2).normal(size=(2, 11, 2))
    block = LaggedFrames(x, 1).blocks(4)
    assert (block[:, 0] == -1).all()
    assert block[:, 1:].ravel().tolist() == sorted(block[:, 1:].ravel().tolist())
    assert np.bincount(block[block >= 0]).tolist() == [5, 5, 5, 5]


def test_ridge_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    x, _ = simulated(rng)
    behavior = rng.normal(size=(*x.shape[:2], 1))
    found = Ridge(2, penalty=0.05).fit(x, behavior)
    past, now = rows_of(x, 2, behavior)
    sd = past.std(0)
    peer = SklearnRidge(alpha=0.05 * len(past)).fit(past / sd, now)
    np.testing.assert_allclose(coefficients(found), (peer.coef_ / sd).T, atol=1e-9)
    np.testing.assert_allclose(found.intercept, peer.intercept_, atol=1e-9)


def test_lasso_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    x, _ = simulated(rng, n=3)
    found = Lasso(1, penalty=2.0).fit(x)
    past, now = rows_of(x, 1)
    sd = past.std(0)
    rough = SklearnRidge(alpha=0.01 * len(past)).fit(past / sd, now)
    sigma = (now - rough.predict(past / sd)).std(0)
    for i in range(3):  # own past goes free: take it out of both sides first
        others = [j for j in range(3) if j != i]
        design = np.c_[past[:, i], np.ones(len(past))]
        left = np.eye(len(past)) - design @ np.linalg.pinv(design)
        alpha = 2.0 * sigma[i] / np.sqrt(len(past))
        peer = SklearnLasso(alpha=alpha, fit_intercept=False, tol=1e-12, max_iter=100_000)
        peer.fit(left @ (past / sd)[:, others], left @ now[:, i])
        np.testing.assert_allclose(found.weight[0, i, others], peer.coef_ / sd[others], atol=1e-6)


def test_reduced_rank_has_that_rank_and_equals_ridge_at_full_rank():
    x, _ = simulated(np.random.default_rng(5))
    low = ReducedRank(2, rank=2, penalty=0.01).fit(x)
    assert np.linalg.matrix_rank(coefficients(low)) == 2
    full = ReducedRank(2, rank=4, penalty=0.01).fit(x)
    np.testing.assert_allclose(full.weight, Ridge(2, penalty=0.01).fit(x).weight, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_coupling_goes_from_pre_to_post_one_step_back(method):
    weight = np.zeros((2, 2))
    weight[1, 0] = 0.8  # 0 drives 1
    x, _ = simulated(np.random.default_rng(6), weight=weight, n_steps=2_000)
    found = method.fit(x)
    assert found.connectivity[1, 0] == pytest.approx(0.8, abs=0.15)
    assert abs(found.connectivity[0, 1]) < 0.1
    assert abs(found.weight[1, 1, 0]) < 0.15
    assert not np.diag(found.connectivity).any()


@pytest.mark.parametrize("method", METHODS)
def test_units_do_not_matter(method):
    x, _ = simulated(np.random.default_rng(7))
    scale, shift = np.array([1e3, 1.0, 1e-3, 5.0]), np.array([7.0, -2.0, 0.0, 1e4])
    one, other = method.fit(x), method.fit(x * scale + shift)
    expected = one.weight * scale[:, None] / scale
    np.testing.assert_allclose(other.weight, expected, rtol=1e-3, atol=1e-3 * expected.std())
    np.testing.assert_allclose(
        (other.predict(x * scale + shift) - shift) / scale, one.predict(x), atol=2e-3
    )


@pytest.mark.parametrize("method", METHODS)
def test_relabelling_neurons_relabels_the_coupling(method):
    x, _ = simulated(np.random.default_rng(8))
    order = np.array([2, 0, 3, 1])
    one, other = method.fit(x), method.fit(x[:, :, order])
    np.testing.assert_allclose(other.weight, one.weight[:, order][:, :, order], atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_looks_at_the_past_alone(method):
    rng = np.random.default_rng(9)
    x, _ = simulated(rng, n_steps=60)
    behavior = rng.normal(size=(2, 60, 1))
    found = method.fit(x, behavior)
    before = found.predict(x, behavior)
    assert np.isnan(before[:, :2]).all()
    assert np.isfinite(before[:, 2:]).all()
    changed, moved = x.copy(), behavior.copy()
    changed[:, 30:], moved[:, 30:] = 1e6, -1e6
    np.testing.assert_array_equal(found.predict(changed, moved)[:, :31], before[:, :31])
    assert (found.predict(changed, moved)[:, 31] != before[:, 31]).all()


def test_a_trial_shorter_than_the_lags_has_no_forecast():
    x, _ = simulated(np.random.default_rng(14))
    found = Ridge(3).fit(x)
    for n_steps in (1, 2, 3):
        assert np.isnan(found.predict(x[:, :n_steps])).all()
    assert np.isfinite(found.predict(x[:, :4])[:, 3]).all()


def test_penalties_are_chosen_to_predict():
    rng = np.random.default_rng(10)
    noise = rng.normal(size=(1, 300, 12))
    assert Ridge().fit(noise).chosen["ridge penalty"] >= 1
    weight = np.diag(np.full(12, 0.9))
    strong, _ = simulated(rng, weight=weight, n_steps=4_000)
    assert Ridge().fit(strong).chosen["ridge penalty"] < 0.01
    assert np.count_nonzero(Lasso().fit(strong).connectivity) < 60


def test_the_mean_is_forecast_where_nothing_couples():
    x = 3 + np.random.default_rng(11).normal(size=(1, 200, 2))
    found = Lasso(penalty=1e6).fit(x)
    np.testing.assert_array_equal(found.connectivity, 0)
    forecast = found.predict(x)[0, 1:]
    assert np.abs(forecast - x.mean((0, 1))).max() < 0.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda x: Ridge(0).fit(x), "`n_lags` must be at least 1"),
        (lambda x: Ridge(20).fit(x), "Use fewer lags"),
        (lambda x: Ridge(penalty=-1.0), "Leave it out to choose it"),
        (lambda x: Lasso(penalty=float("nan")), "must be finite"),
        (lambda x: ReducedRank(rank=0), "Leave it out to choose"),
        (lambda x: ReducedRank(rank=9).fit(x), "at most the 2 neurons; got 9"),
        (lambda x: Ridge().fit(x * [np.nan, 1]), "1 of 2 never are, the first at place 0"),
        (lambda x: Ridge().fit(x * [1, 0]), "Every neuron must vary; 1 of 2"),
        (lambda x: Ridge().fit(np.where(np.arange(20)[:, None] == 3, np.inf, x)), "Mark what was"),
        (lambda x: Ridge().fit(x, np.zeros((1, 5, 1))), "Put both on one clock"),
        (
            lambda x: Ridge().fit(np.where(np.arange(20)[:, None] % 2, [np.nan, 1], x)),
            "none of 20 has",
        ),
        (lambda x: Ridge().fit(x).predict(x[:, :, :1]), "Give the same, in the same order"),
        (lambda x: LaggedFrames(x, 1).blocks(50), "Blocks must be 1 to 19"),
        (lambda x: LaggedFrames(x, 1).moments(np.zeros((1, 20))), "weight above 0; none has"),
    ],
)
def test_what_cannot_be_fitted_is_said(make, said):
    x = np.random.default_rng(12).normal(size=(1, 20, 2))
    with pytest.raises(InputError, match=said):
        make(x)
