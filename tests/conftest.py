"""What every test shares: shape checks at run time, 64-bit JAX, two neurons."""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

from jaxtyping import install_import_hook

install_import_hook("neuroloom", "beartype.beartype")

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

settings.register_profile(
    "neuroloom", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("neuroloom")


@pytest.fixture(autouse=True, scope="module")
def _forget_programs():
    """Compiled programs of one file are of no use to another, and thousands exhaust the kernel's
    memory maps (65,530 a process)."""
    yield
    jax.clear_caches()


@pytest.fixture
def key():
    return jax.random.key(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def a_to_b():
    """Two neurons, a -> b, excitatory: what catches a transpose."""
    from neuroloom.connectome import Connectome

    return Connectome(
        neuron_id=np.array(["a", "b"]),
        pre=np.array([0]),
        post=np.array([1]),
        kind=np.array([0]),
        count=np.array([2]),
        sign=np.array([1]),
    )
