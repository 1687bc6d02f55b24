"""Calcium undone: the decay is found under noise, and what went in comes back."""

import numpy as np
import pytest
from scipy import signal

from neuroloom.errors import InputError
from neuroloom.fitting.coupling import fit_decay


def calcium(coefficient, rng, n_steps=20_000, n=8, noise=1.0, n_trials=1):
    x = rng.normal(size=(n_trials, n_steps, n))
    c = signal.lfilter([1.0], np.concatenate([[1.0], -np.asarray(coefficient)]), x, axis=1)
    return x, c, c + noise * rng.normal(size=c.shape)


@pytest.mark.parametrize("coefficient", [(0.9,), (0.5,), (1.5, -0.54)])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_the_decay_is_found_whatever_the_noise(coefficient, noise):
    _, _, y = calcium(coefficient, np.random.default_rng(0), noise=noise)
    found = fit_decay(y, order=len(coefficient))
    np.testing.assert_allclose(found.coefficient, coefficient, atol=0.04)


def test_the_slowest_share_is_that_of_the_largest_root():
    _, c, _ = calcium((1.5, -0.54), np.random.default_rng(1))  # roots .9 and .6
    found = fit_decay(c, order=2)
    assert found.slowest == pytest.approx(0.9, abs=0.02)
    assert fit_decay(calcium((0.9,), np.random.default_rng(1))[1]).slowest == pytest.approx(
        0.9, abs=0.01
    )


def test_what_went_in_comes_back_in_its_step():
    x, c, _ = calcium((0.9,), np.random.default_rng(2), n_trials=2)
    again = fit_decay(c).deconvolved(c)
    assert np.isnan(again[:, 0]).all()
    np.testing.assert_allclose(again[:, 1:], x[:, 1:], atol=0.3)
    assert np.corrcoef(again[:, 1:].ravel(), x[:, 1:].ravel())[0, 1] > 0.999


def test_gaps_touch_only_the_steps_after_them():
    _, c, _ = calcium((0.9,), np.random.default_rng(3), n_steps=2_000)
    gaps = c.copy()
    gaps[0, 100, 2] = np.nan
    decay = fit_decay(gaps)
    lost = np.isnan(decay.deconvolved(gaps)[0, 1:])
    assert np.argwhere(lost).tolist() == [[99, 2], [100, 2]]
    assert decay.coefficient[0] == pytest.approx(0.9, abs=0.04)


def test_a_drift_stays_a_stable_decay():
    drift = np.cumsum(np.random.default_rng(4).normal(size=(1, 3_000, 4)), axis=1)
    assert fit_decay(drift, order=2).slowest <= 0.999 + 1e-9


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fit_decay(np.zeros((1, 50, 2)), order=3), "Use 1 for an instant rise"),
        (lambda: fit_decay(np.zeros((1, 6, 2))), "Record longer trials"),
        (
            lambda: fit_decay(np.tile([1.0, -1.0], 50)[None, :, None]),
            "leave it out",
        ),
    ],
)
def test_what_does_not_decay_is_said(make, said):
    with pytest.raises(InputError, match=said):
        make()
