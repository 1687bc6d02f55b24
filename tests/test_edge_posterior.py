"""The recommended estimator, on small networks whose connections are known."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import EdgePosterior, Lasso, Ridge, SparseFactors

N = 40


def network(rng, n=N):
    """A tenth of pairs connected; a quarter of neurons inhibit."""
    there = (rng.random((n, n)) < 0.1) & ~np.eye(n, dtype=bool)
    weight = there * rng.normal(np.where(np.arange(n) % 4 == 0, -0.5, 0.35), 0.05, (n, n))
    return 0.25 * weight / max(1.0, np.abs(np.linalg.eigvals(weight)).max())


def activity_of(weight, rng, n_steps=3_000, drive=0.0, n_trials=1):
    """x_t = W x_{t-1} + drive B z_t + noise, z of three slow processes."""
    n = len(weight)
    loading = rng.normal(size=(n, 3))
    x = np.zeros((n_trials, n_steps, n))
    z = np.zeros((n_trials, 3))
    for t in range(1, n_steps):
        z = 0.9 * z + np.sqrt(1 - 0.81) * rng.normal(size=z.shape)
        x[:, t] = x[:, t - 1] @ weight.T + drive * z @ loading.T + rng.normal(size=(n_trials, n))
    return x


def precision(weight, score):
    off = ~np.eye(len(weight), dtype=bool)
    return average_precision_score(weight[off] != 0, score[off])


@pytest.fixture(scope="module")
def driven():
    rng = np.random.default_rng(0)
    weight = network(rng)
    return weight, activity_of(weight, rng, drive=1.0)


@pytest.fixture(scope="module")
def found(driven):
    return EdgePosterior(n_bootstraps=5, n_blocks=20).fit(driven[1], rng=np.random.default_rng(1))


def test_connections_are_found_under_common_drive(driven, found):
    weight, x = driven
    ridge = Ridge(1).fit(x)
    assert found.factors.n == 3
    assert found.n_lags == 1
    assert precision(weight, found.probability) > precision(weight, np.abs(ridge.weight[0])) + 0.2
    assert precision(weight, found.probability) > precision(weight.T, found.probability) + 0.5
    off = ~np.eye(N, dtype=bool)
    p, there = found.probability[off], weight[off] != 0
    assert p.sum() == pytest.approx(there.sum(), rel=0.15)
    assert there[p > 0.95].mean() > 0.9
    assert np.corrcoef(found.connectivity[off], weight[off])[0, 1] > 0.9


def test_forecasts_are_no_worse_than_those_of_ridge_and_lasso(driven):
    weight, _ = driven
    rng = np.random.default_rng(3)
    x = activity_of(weight, rng, n_steps=2_500, drive=1.0)
    training, test = x[:, :1_200], x[:, 1_200:]
    error = [
        np.nanmean((method.fit(training).predict(test) - test) ** 2)
        for method in (EdgePosterior(), Ridge(1), Lasso(1))
    ]
    assert error[0] < min(error[1:])


def test_standard_errors_are_those_of_the_estimates(driven, found):
    """z of absent connections has SD 1, once common drive is out."""
    weight, x = driven
    absent = (weight == 0) & ~np.eye(N, dtype=bool)
    estimate = Ridge(1, penalty=0.0).fit(x).weight[0]
    z = (estimate - found.model.common) / found.standard_error
    assert z[absent].std() == pytest.approx(1.0, abs=0.06)
    assert found.inflation.min() >= 1
    assert found.inflation.mean() < 1.15


def test_correlated_noise_widens_the_standard_errors():
    rng = np.random.default_rng(4)
    n, n_steps = 6, 4_000
    noise = rng.normal(size=(n_steps + 10, n))
    slow = np.stack([noise[i : i + 10].sum(0) for i in range(n_steps)])[None]
    found = EdgePosterior(n_lags=1, n_blocks=20).fit(slow)
    assert found.inflation.max() < 40
    half = EdgePosterior(n_lags=1, n_blocks=20).fit(np.repeat(rng.normal(size=(1, 800, n)), 1, 1))
    assert half.inflation.mean() < 1.3


def test_repeated_frames_do_not_count_twice():
    """Every frame shown twice in a row of blocks: as many frames, half the knowledge."""
    rng = np.random.default_rng(5)
    x = activity_of(np.zeros((8, 8)), rng, n_steps=41, n_trials=40)
    once = EdgePosterior(n_lags=1, n_blocks=20).fit(x)
    both = np.repeat(x, 2, axis=0)  # a trial and its copy lie in one block
    twice = EdgePosterior(n_lags=1, n_blocks=20).fit(both)
    ratio = (twice.standard_error / once.standard_error)[~np.eye(8, dtype=bool)]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.15)


def test_bootstraps_agree_on_what_is_certain(found):
    off = ~np.eye(N, dtype=bool)
    p, stable = found.probability[off], found.stability[off]
    assert stable[p > 0.99].mean() > 0.95
    assert stable[p < 0.01].mean() < 0.03
    assert np.isnan(
        EdgePosterior(n_lags=1).fit(np.random.default_rng(0).normal(size=(1, 99, 3))).stability
    ).all()


def test_the_same_seed_gives_the_same_answer(driven, found):
    again = EdgePosterior(n_bootstraps=5, n_blocks=20).fit(driven[1], rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again.probability, found.probability)
    np.testing.assert_array_equal(again.stability, found.stability)


def test_a_slow_sensor_needs_two_lags_and_gets_them():
    rng = np.random.default_rng(6)
    weight = network(rng)
    x = activity_of(weight, rng, n_steps=4_000)
    y = np.zeros_like(x)
    for t in range(1, x.shape[1]):
        y[:, t] = 0.9 * y[:, t - 1] + x[:, t]
    y += 0.1 * rng.normal(size=y.shape)
    seen = EdgePosterior().fit(y)
    one = EdgePosterior(n_lags=1).fit(y)
    assert seen.n_lags >= 2
    assert min(seen.lag_error, key=lambda n: seen.lag_error[n]) >= 2
    assert precision(weight, seen.probability) > precision(weight, one.probability) + 0.1
    assert precision(weight, seen.probability) > 0.9


def test_a_forecast_looks_at_the_past_alone(driven, found):
    _, x = driven
    before = found.predict(x[:, :50])
    changed = x[:, :50].copy()
    changed[:, 30:] = 1e6
    np.testing.assert_array_equal(found.predict(changed)[:, :31], before[:, :31])
    assert np.isnan(before[:, 0]).all()


def test_behavior_takes_what_it_explains():
    rng = np.random.default_rng(7)
    behavior = np.cumsum(rng.normal(size=(1, 2_000, 1)), axis=1) * 0.1
    x = rng.normal(size=(1, 2_000, 12))
    x[:, 1:] += behavior[:, :-1] * rng.normal(size=12)
    with_it = EdgePosterior(n_lags=1).fit(x, behavior)
    without = EdgePosterior(n_lags=1, n_factors=0).fit(x)
    off = ~np.eye(12, dtype=bool)
    assert with_it.probability[off].sum() < 3
    assert without.probability[off].sum() > 30
    assert with_it.predict(x, behavior).shape == x.shape


def test_what_is_known_beforehand_is_used(driven):
    weight, x = driven
    short = x[:, :700]
    method = EdgePosterior(n_lags=1)
    alone = precision(weight, method.fit(short).probability)
    wired = (weight != 0) | (np.random.default_rng(8).random((N, N)) < 0.05)
    types = np.where(np.arange(N) % 4 == 0, "I", "E")
    signs = np.where(np.arange(N) % 4 == 0, -1, 1)
    assert precision(weight, method.fit(short, wired=wired).probability) > alone + 0.02
    assert precision(weight, method.fit(short, cell_type=types).probability) > alone - 0.02
    assert precision(weight, method.fit(short, sign=signs).probability) > alone - 0.02


def test_sparse_coupling_with_factors_beats_lasso_under_common_drive(driven):
    weight, x = driven
    sparse, lasso = SparseFactors().fit(x), Lasso(1, penalty=1.25).fit(x)
    assert sparse.chosen["factors"] == 3
    by_method = [precision(weight, np.abs(m.connectivity)) for m in (sparse, lasso)]
    assert by_method[0] > by_method[1] + 0.1
    rng = np.random.default_rng(9)
    quiet = SparseFactors().fit(activity_of(weight, rng))
    assert quiet.chosen["factors"] == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda x: EdgePosterior(n_lags=4).fit(x), "19|at least 2 frames a predictor"),
        (lambda x: EdgePosterior().fit(x[:, :6]), "use `Lasso`"),
        (lambda x: EdgePosterior(n_bootstraps=-1), "Leave them out for the defaults"),
        (lambda x: EdgePosterior(n_blocks=1), "`n_blocks` at least 2"),
        (lambda x: EdgePosterior().fit(x, sign=np.array([1, 2, 0])), "Use 0 where it is not"),
        (lambda x: EdgePosterior().fit(x, sign=np.ones(2, int)), "in the order of the activity"),
        (lambda x: EdgePosterior().fit(x, cell_type=np.array(["a"])), "`cell_type` must have one"),
        (lambda x: EdgePosterior().fit(x, wired=np.ones((2, 2))), "Align the connectome"),
        (lambda x: EdgePosterior(n_factors=3).fit(x), "below that of neurons"),
        (lambda x: SparseFactors(penalty=-1.0), "1.25 is usual"),
        (lambda x: SparseFactors(n_factors=3).fit(x), "must be 0 to 2"),
    ],
)
def test_what_cannot_be_fitted_is_said(make, said):
    x = np.random.default_rng(10).normal(size=(1, 24, 3))
    with pytest.raises(InputError, match=said):
        make(x)
