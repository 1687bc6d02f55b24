import jax.numpy as jnp
import numpy as np
import pytest

from neuroloom.errors import InputError
from neuroloom.networks import Identity, PooledRoi

ROI = PooledRoi.from_members(
    np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 2.0, 1.0])
)


def test_identity_sees_the_rates(rng):
    rates = jnp.asarray(rng.normal(size=(2, 3)))
    np.testing.assert_array_equal(Identity()(rates), rates)


def test_a_region_sees_the_stated_weighted_sum_for_any_batch(rng):
    rates = rng.normal(size=(4, 5, 3))
    matrix = np.array([[0.5, 0.5, 0.0], [0.0, 2.0, 1.0]])
    np.testing.assert_allclose(ROI(jnp.asarray(rates)), rates @ matrix.T, rtol=1e-12)


def test_a_region_without_neurons_is_refused():
    with pytest.raises(InputError, match="Number the regions from 0 without gaps"):
        PooledRoi.from_members(np.array([0, 1]), np.array([0, 2]), np.ones(2))
    with pytest.raises(InputError, match="Number the regions from 0 without gaps"):
        PooledRoi.from_members(np.array([], int), np.array([], int), np.array([]))


def test_a_weight_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="for a mean"):
        PooledRoi.from_members(np.array([0]), np.array([0]), np.array([np.inf]))
