"""Forecasts without coupling and controls: what they use, and what they must find."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge

from neuroloom.analysis.forecasts import horizon_scores, neuron_scores
from neuroloom.errors import InputError
from neuroloom.fitting.baselines import (
    AbstractForecast,
    AbstractForecaster,
    Autoregression,
    DLinear,
    Mean,
    NLinear,
    Persistence,
    PopulationMean,
    PrincipalComponents,
    TrialMean,
    fit_alone,
    fit_time_shifted,
    free_run,
    shuffled,
)
from neuroloom.fitting.coupling import L2, EachLag, Lasso, Poisson, ReducedRank, Ridge

METHODS = {
    "mean": Mean(),
    "persistence": Persistence(),
    "trial mean": TrialMean(),
    "autoregression": Autoregression(3),
    "population mean": PopulationMean(3),
    "principal components": PrincipalComponents(2, 2),
    "components chosen": PrincipalComponents(),
    "NLinear": NLinear(4),
    "DLinear": DLinear(4),
    "ridge": Ridge(2),
    "lasso": Lasso(2),
    "reduced rank": ReducedRank(1),
}
CONTROLS = {
    "alone": lambda x, b: fit_alone(Ridge(2), x, b),
    "time-shifted": lambda x, b: fit_time_shifted(Ridge(2, 0.01), x, b, delay=7),
    "shuffled": lambda x, b: shuffled(Ridge(2).fit(x, b), rng=np.random.default_rng(0)),
}
SPIKING = {
    "Poisson": Poisson(EachLag(2), L2(0.1)).fit,
    "Poisson alone": lambda x, b: fit_alone(Poisson(EachLag(2), L2(0.1)), x, b),
    "Poisson shuffled": lambda x, b: shuffled(
        Poisson(EachLag(2), L2(0.1)).fit(x, b), rng=np.random.default_rng(0)
    ),
}
FITS = {name: method.fit for name, method in METHODS.items()} | CONTROLS
OWN_NAN = {"mean", "trial mean"}  # need no past


def moving(rng, n_trials=3, n_steps=150, n=4):
    """Coupled, with memory, offsets and units that differ."""
    weight = 0.5 * np.eye(n) + 0.3 * rng.normal(size=(n, n)) / np.sqrt(n)
    behavior = rng.normal(size=(n_trials, n_steps, 2))
    x = np.zeros((n_trials, n_steps, n))
    for t in range(1, n_steps):
        x[:, t] = x[:, t - 1] @ weight.T + rng.normal(size=(n_trials, n))
        x[:, t, 0] += behavior[:, t - 1, 1]
    return 3 + x * np.array([1.0, 10.0, 0.1, 2.0])[:n], behavior


def counted(x):
    """Spikes in its place, so that methods for spikes take part."""
    scaled = (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))
    return np.maximum(np.round(scaled + 0.3), 0.0)


@pytest.mark.parametrize("with_behavior", [False, True])
@pytest.mark.parametrize("name", FITS | SPIKING)
def test_what_comes_later_changes_no_forecast(rng, name, with_behavior):
    """Scramble everything from a step on: forecasts up to and at that step stay as they were."""
    x, b = moving(rng)
    new_x, new_b = moving(rng)
    if name in SPIKING:
        x, new_x = counted(x), counted(new_x)
    given = b if with_behavior else None
    found = (FITS | SPIKING)[name](x, given)
    assert isinstance(found, AbstractForecast)
    given = new_b if with_behavior else None
    before = found.predict(new_x, given)
    assert before.shape == new_x.shape
    assert np.isnan(before[:, : found.n_lags]).all()
    assert np.isfinite(before[:, found.n_lags :]).all()
    for step in (found.n_lags, 60, 149):
        wild_x, wild_b = new_x.copy(), new_b.copy()
        wild_x[:, step:] = np.round(9 * rng.exponential(size=wild_x[:, step:].shape))
        wild_b[:, step:] = 9 * rng.normal(size=wild_b[:, step:].shape)
        after = found.predict(wild_x, wild_b if with_behavior else None)
        np.testing.assert_array_equal(after[:, : step + 1], before[:, : step + 1])
        if step < 149:
            moved = (after[:, step + 1 :] != before[:, step + 1 :]).any()
            assert moved == (name not in OWN_NAN)


@pytest.mark.parametrize("name", [n for n in FITS if n != "shuffled"])  # drawn by place
def test_relabelling_neurons_relabels_the_forecast_and_units_do_not_matter(rng, name):
    x, b = moving(rng)
    order = np.array([2, 0, 3, 1])
    plain = FITS[name](x, b).predict(x, b)
    relabelled = FITS[name](x[:, :, order], b).predict(x[:, :, order], b)
    sd = x.std(axis=(0, 1))
    tolerance = 1e-3 if name in ("lasso", "ridge", "reduced rank") else 1e-6
    np.testing.assert_allclose(relabelled / sd[order], (plain / sd)[:, :, order], atol=tolerance)
    scaled = FITS[name](1e3 * x - 50, b).predict(1e3 * x - 50, b)
    np.testing.assert_allclose((scaled + 50) / 1e3 / sd, plain / sd, atol=tolerance)


@pytest.mark.parametrize("name", [n for n in FITS if n not in OWN_NAN])
def test_a_past_that_was_not_observed_gives_no_forecast(rng, name):
    x, b = moving(rng)
    found = FITS[name](x, b)
    hidden = x.copy()
    hidden[1, 50, 2] = np.nan
    lost = np.isnan(found.predict(hidden, b)) & ~np.isnan(found.predict(x, b))
    assert lost[1, 51, 2]
    assert not lost[[0, 2]].any()
    assert not lost[1, :51].any()
    assert not lost[1, 51 + found.n_lags :].any()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_a_forecaster_and_fits_around_gaps(rng, name):
    x, b = moving(rng)
    assert isinstance(METHODS[name], AbstractForecaster)
    holes = x.copy()
    holes[0, 40:43, 1] = np.nan
    holes[2, 10, :] = np.nan
    found = METHODS[name].fit(holes, b).predict(x, b)
    plain = METHODS[name].fit(x, b).predict(x, b)
    sd = x.std(axis=(0, 1))
    assert np.sqrt(np.nanmean(((found - plain) / sd) ** 2)) < 0.1
    r = neuron_scores(found, x)["r"].mean()
    assert r > (0.3 if name not in OWN_NAN else -1)


def test_mean_persistence_and_trial_mean_by_hand():
    x = np.array([[[0.0], [2.0], [np.nan]], [[4.0], [6.0], [np.nan]]])
    new = np.array([[[1.0], [7.0], [8.0]]])
    assert Mean().fit(x).predict(new).ravel().tolist() == [3.0, 3.0, 3.0]
    np.testing.assert_array_equal(Persistence().fit(x).predict(new).ravel(), [np.nan, 1.0, 7.0])
    assert TrialMean().fit(x).predict(new).ravel().tolist() == [2.0, 4.0, 3.0]


def test_autoregression_equals_ridge_of_scikit_learn_on_its_own_past(rng):
    x, b = moving(rng)
    found = Autoregression(2, penalty=0.05).fit(x, b).predict(x, b)
    for neuron in range(4):
        rows = [(trial, t) for trial in range(3) for t in range(2, 150)]
        z = np.array(
            [
                [x[i, t - 1, neuron], x[i, t - 2, neuron], *b[i, t - 1], *b[i, t - 2]]
                for i, t in rows
            ]
        )
        y = np.array([x[i, t, neuron] for i, t in rows])
        sd = z.std(axis=0)
        peer = SklearnRidge(alpha=0.05 * len(y)).fit(z / sd, y)
        np.testing.assert_allclose(
            found[:, 2:, neuron].ravel(), peer.predict(z / sd), atol=1e-8 * np.abs(y).max()
        )


def test_ridge_fitted_to_each_neuron_alone_is_the_autoregression(rng):
    x, b = moving(rng)
    alone = fit_alone(Ridge(3, penalty=0.02), x, b).predict(x, b)
    np.testing.assert_allclose(alone, Autoregression(3, penalty=0.02).fit(x, b).predict(x, b))


def test_the_penalty_is_large_for_noise_and_small_for_memory(rng):
    noise = rng.normal(size=(1, 300, 3))
    assert Autoregression(20).fit(noise).chosen["ridge penalty"] >= 1
    slow = np.cumsum(rng.normal(size=(1, 300, 3)), axis=1)
    assert Autoregression(20).fit(slow).chosen["ridge penalty"] < 0.1


def test_behavior_one_step_before_is_used(rng):
    b = rng.normal(size=(2, 100, 1))
    x = rng.normal(size=(2, 100, 2))
    x[:, 1:, 0] = 5 + 2 * b[:, :-1, 0]
    with_it = Autoregression(2).fit(x, b).predict(x, b)
    assert neuron_scores(with_it, x)["identity_r2"][0] > 0.999
    assert neuron_scores(Autoregression(2).fit(x).predict(x), x)["identity_r2"][0] < 0.2


def test_the_population_mean_is_that_of_one_step_before(rng):
    x = rng.normal(size=(2, 200, 5))
    for t in range(1, 200):
        x[:, t, 0] = x[:, t - 1].mean(axis=1)
    found = neuron_scores(PopulationMean(1).fit(x).predict(x), x)["identity_r2"]
    assert found[0] > 0.9
    assert found[1:].max() < 0.1
    alone = neuron_scores(Autoregression(1).fit(x).predict(x), x)["identity_r2"]
    assert alone[0] < 0.2


def test_principal_components_find_shared_signals_and_how_many(rng):
    signal = np.zeros((1, 800, 2))
    for t in range(1, 800):
        signal[:, t] = signal[:, t - 1] @ np.array([[0.9, 0.4], [-0.4, 0.85]]) + rng.normal(
            size=(1, 2)
        )
    x = signal @ rng.normal(size=(2, 12)) + 0.1 * rng.normal(size=(1, 800, 12)) + 7
    found = PrincipalComponents(2, 1).fit(x)
    best = signal[:, :-1] @ np.array([[0.9, 0.4], [-0.4, 0.85]])
    truth = np.linalg.lstsq(signal[0], x[0] - 7, rcond=None)[0]
    np.testing.assert_allclose(found.predict(x)[0, 1:], best[0] @ truth + 7, atol=0.9)
    assert neuron_scores(found.predict(x)[:, 1:], x[:, 1:])["r"].min() > 0.7
    assert PrincipalComponents(n_lags=1).fit(x).chosen["components"] >= 2
    one = neuron_scores(PrincipalComponents(1, 1).fit(x).predict(x), x)["r"].mean()
    assert neuron_scores(found.predict(x), x)["r"].mean() > one + 0.05


def test_nlinear_moves_with_its_window_and_equals_persistence_plus_drift(rng):
    drift = np.cumsum(np.ones((1, 120, 3)), axis=1)
    found = NLinear(5).fit(drift).predict(drift)
    np.testing.assert_allclose(found[:, 5:], drift[:, 5:], atol=1e-6)
    x, _ = moving(rng)
    shrunk = NLinear(5, penalty=1e9).fit(x).predict(x)[:, 5:] - x[:, 4:-1]
    np.testing.assert_allclose(shrunk / x.std(axis=(0, 1)), 0, atol=0.05)
    fitted = NLinear(5).fit(x)
    np.testing.assert_allclose(fitted.predict(x + 9), fitted.predict(x) + 9)
    still = DLinear(5).fit(x)
    assert np.nanmax(np.abs(still.predict(x + 9) - still.predict(x) - 9)) > 0.1


@pytest.mark.parametrize("method", [NLinear(4, penalty=1e-10), DLinear(4, penalty=1e-10)])
def test_without_a_penalty_both_are_the_linear_map_shared_by_all_neurons(rng, method):
    x, _ = moving(rng)
    z = (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))
    windows = np.stack([z[:, 4 - lag : 150 - lag] for lag in range(1, 5)], -1).reshape(-1, 4)
    target = z[:, 4:].ravel()
    design = np.c_[windows, np.ones(len(windows))]
    if isinstance(method, NLinear):
        design[:, 1:4] -= windows[:, :1]
        target = target - windows[:, 0]
        design = design[:, 1:]
        offset = windows[:, 0]
    else:
        offset = 0.0
    expected = design @ np.linalg.lstsq(design, target, rcond=None)[0] + offset
    found = method.fit(x).predict(x)[:, 4:]
    np.testing.assert_allclose(
        (found - x.mean(axis=(0, 1))) / x.std(axis=(0, 1)),
        expected.reshape(found.shape),
        atol=1e-4,
    )


def test_dlinear_shrinks_trend_and_remainder_apart(rng):
    """Its trend is the mean over 25 samples, ends repeated: 12 newest, 10 inside, 12 oldest."""
    from neuroloom.fitting.baselines.window_maps import DLinear

    window = rng.normal(size=(6, 4))
    features, offset = DLinear(4).features(window)
    assert not offset.any()
    for place in range(4):
        padded = np.concatenate(
            [np.repeat(window[:, :1], 12, 1), window, window[:, -1:].repeat(12, 1)], 1
        )
        np.testing.assert_allclose(features[:, place], padded[:, place : place + 25].mean(axis=1))
    np.testing.assert_allclose(features[:, :4] + features[:, 4:], window)


def chain(rng, delay=0, n_steps=600):
    """0 drives 1, `delay + 1` steps later; nothing else is there."""
    x = rng.normal(size=(2, n_steps, 2))
    x[:, delay + 1 :, 1] = x[:, : n_steps - delay - 1, 0] + 0.1 * x[:, delay + 1 :, 1]
    return x


def test_a_shifted_population_tells_nothing_unless_the_drive_is_that_late(rng):
    x = chain(rng)
    r2 = neuron_scores(fit_time_shifted(Ridge(1), x, delay=5).predict(x), x)["identity_r2"]
    assert r2[1] < 0.05
    assert neuron_scores(Ridge(1).fit(x).predict(x), x)["identity_r2"][1] > 0.95
    late = chain(rng, delay=5)
    found = fit_time_shifted(Ridge(1), late, delay=5)
    assert found.n_lags == 6
    assert neuron_scores(found.predict(late), late)["identity_r2"][1] > 0.95
    earlier = neuron_scores(fit_time_shifted(Ridge(1), late, delay=4).predict(late), late)
    assert earlier["identity_r2"][1] < 0.05


def test_a_shifted_population_leaves_own_past_and_behavior_where_they_are(rng):
    x, b = moving(rng, n_steps=400)
    for t in range(1, 400):
        x[:, t, 3] = 0.9 * x[:, t - 1, 3] + rng.normal(size=3)
    some = fit_time_shifted(Ridge(1), x, b, delay=30, neurons=[0, 3])
    predicted = some.predict(x, b)
    assert np.isnan(predicted[:, :, 1:3]).all()
    alone = Autoregression(1).fit(x, b).predict(x, b)
    np.testing.assert_allclose(predicted[:, 31:, [0, 3]], alone[:, 31:, [0, 3]], atol=1.0)
    r2 = neuron_scores(predicted, x)["identity_r2"]
    assert r2[3] > 0.7
    blind = neuron_scores(fit_time_shifted(Ridge(1), x, delay=30, neurons=[0]).predict(x), x)
    assert r2[0] > blind["identity_r2"][0] + 0.1


def test_shuffling_keeps_own_past_and_the_weights_of_each_row_and_moves_lags_together(rng):
    x, b = moving(rng, n=4)
    before = Ridge(2).fit(x, b)
    kept = before.weight.copy()
    after = shuffled(before, rng=rng)
    np.testing.assert_array_equal(before.weight, kept)
    np.testing.assert_array_equal(after.behavior_weight, before.behavior_weight)
    for post in range(4):
        assert after.weight[0, post, post] == before.weight[0, post, post]
        columns = {tuple(after.weight[:, post, pre]) for pre in range(4)}
        assert columns == {tuple(before.weight[:, post, pre]) for pre in range(4)}
    assert (after.weight != before.weight).any()
    drawn = [shuffled(before, rng=rng).weight[0, 0, 1] for _ in range(60)]
    assert set(drawn) == set(before.weight[0, 0, 1:])


def test_a_rollout_of_a_linear_system_is_its_powers(rng):
    weight = np.array([[0.9, 0.0], [0.5, 0.3]])
    x = np.empty((2, 60, 2))
    x[:, 0] = rng.normal(size=(2, 2))
    for t in range(1, 60):
        x[:, t] = x[:, t - 1] @ weight.T + 0.3 * rng.normal(size=(2, 2))
    found = Ridge(1, penalty=1e-9).fit(x)
    runs = free_run(found, x, origins=[0, 20, 57], n_steps=4)
    np.testing.assert_array_equal(runs.last, x[:, [0, 20, 57]].reshape(6, 2))
    state = runs.last
    for step in range(4):
        state = state @ found.weight[0].T + found.intercept
        np.testing.assert_allclose(runs.predicted[:, step], state)
    np.testing.assert_array_equal(runs.measured[1], x[0, 21:25])
    np.testing.assert_array_equal(runs.measured[5, :2], x[1, 58:])
    assert np.isnan(runs.measured[5, 2:]).all()
    table = horizon_scores({"": runs.predicted}, runs.measured, runs.last, rng=rng, n_resamples=5)
    assert table["horizon"].max() == 4


def test_a_rollout_holds_behavior_and_feeds_back_what_is_drawn(rng):
    b = rng.normal(size=(1, 40, 1))
    x = rng.normal(size=(1, 40, 1))
    x[:, 1:] = 2 * b[:, :-1]
    found = Autoregression(1).fit(x, b)
    runs = free_run(found, x, b, origins=[10], n_steps=3)
    np.testing.assert_allclose(runs.predicted[0], np.full((3, 1), 2 * b[0, 10, 0]), atol=0.01)
    x[:, 2:] = 2 * b[:, :-2]
    runs = free_run(Autoregression(2, penalty=1e-9).fit(x, b), x, b, origins=[10], n_steps=3)
    np.testing.assert_allclose(runs.predicted[0, :, 0], 2 * b[0, [9, 10, 10], 0], atol=0.01)
    drawn = free_run(Persistence().fit(x), x, origins=[10], n_steps=3, draw=lambda frame: frame + 1)
    np.testing.assert_allclose(drawn.predicted[0, :, 0], x[0, 10, 0] + np.arange(3))


def test_what_cannot_be_fitted_or_forecast_is_refused_with_what_to_do(rng):
    x, b = moving(rng)
    for wrong in (lambda: Autoregression(0), lambda: PopulationMean(0), lambda: NLinear(1)):
        with pytest.raises(InputError, match="One step back is `n_lags=1`"):
            wrong()
    with pytest.raises(InputError, match="Leave it out to choose"):
        PrincipalComponents(0)
    with pytest.raises(InputError, match="Leave it out to choose"):
        PrincipalComponents(5, 1).fit(x)
    for method in (Autoregression(150), NLinear(150)):
        with pytest.raises(InputError, match="Use fewer lags"):
            method.fit(x)
    never = x.copy()
    never[:, :, 1] = np.nan
    for method in (Mean(), TrialMean(), Autoregression(), DLinear(), PrincipalComponents()):
        with pytest.raises(InputError, match=r"place 1\. Leave them out"):
            method.fit(never)
    seldom = x.copy()
    seldom[0, :, 1] = np.nan
    with pytest.raises(InputError, match="Leave the neuron out"):
        Autoregression(2).fit(seldom)
    sparse = np.full(x.shape, np.nan)
    for trial in range(3):
        sparse[trial, trial::4, trial] = 1.0
        sparse[trial, :, 3] = x[trial, :, 3]
    sparse[0, :2] = x[0, :2]
    with pytest.raises(InputError, match="Leave out neurons that are seldom observed"):
        PrincipalComponents(2, 1).fit(sparse)
    with pytest.raises(InputError, match="Put both on one clock"):
        Autoregression().fit(x, b[:, 1:])
    with pytest.raises(InputError, match="Take `Mean"):
        TrialMean().fit(x[:1])
    with pytest.raises(InputError, match="Align all trials alike"):
        TrialMean().fit(x).predict(x[:, 1:])
    for name in FITS:
        with pytest.raises(InputError, match="in the same order"):
            FITS[name](x, None).predict(x[:, :, :3])
    with pytest.raises(InputError, match="in the same order"):
        Autoregression().fit(x, b).predict(x)
    with pytest.raises(InputError, match="longer than the memory"):
        fit_time_shifted(Ridge(), x, delay=149)
    with pytest.raises(InputError, match="Leave it out for all"):
        fit_time_shifted(Ridge(), x, delay=3, neurons=[4])
    with pytest.raises(InputError, match="steps up to an origin start a rollout"):
        free_run(Autoregression(3).fit(x), x, origins=[1], n_steps=2)
