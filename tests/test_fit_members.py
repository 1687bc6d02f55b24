"""Members that the caller tells apart: their own starts, and arrays of their own."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuroloom.errors import InputError
from neuroloom.fitting import Fit, fit


class Shown(eqx.Module):
    """Numbers to fit, and which of them the loss sees."""

    w: jax.Array
    seen: jax.Array


def distance(shown, targets, weight, key):
    """Squared distance of the seen numbers to the target."""
    return jnp.sum(weight[:, None] * shown.seen[None, :] * (shown.w[None, :] - targets) ** 2)


STARTS = [
    Shown(jnp.full(3, float(i)), jnp.asarray(seen))
    for i, seen in enumerate([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
]
TARGETS = jnp.array([[5.0, 6.0, 7.0]])
HALF = optax.sgd(0.25)
SETTINGS = {
    "trainable": lambda s: s.w,
    "own": lambda s: s.seen,
    "key": jax.random.key(0),
    "optimizer": HALF,
    "n_steps": 30,
    "check_every": 5,
    "progress": False,
}


def run(starts=STARTS, **change):
    return fit(starts[0], TARGETS, distance, starts=starts, **(SETTINGS | change))


def test_every_member_has_its_own_start_and_sees_its_own_part():
    found = run()
    expected = [[5, 0, 0], [1, 6, 7], [5, 6, 7]]
    np.testing.assert_allclose(found.parameters.w, expected, atol=1e-6)
    for i, start in enumerate(STARTS):
        np.testing.assert_array_equal(found.member(i).seen, start.seen)


def test_a_saved_fit_keeps_what_was_a_members_own(tmp_path):
    found = run()
    found.save(tmp_path / "fit.eqx")
    again = Fit.load(tmp_path / "fit.eqx", STARTS[0], lambda s: (s.w, s.seen))
    for i in range(3):
        np.testing.assert_array_equal(again.member(i).w, found.member(i).w)
        np.testing.assert_array_equal(again.member(i).seen, STARTS[i].seen)


def test_a_member_alone_ends_where_it_ends_among_others():
    np.testing.assert_array_equal(run(STARTS[1:2]).parameters.w[0], run().parameters.w[1])


def test_a_diverged_member_takes_its_own_arrays_with_it():
    broken = eqx.tree_at(lambda s: s.w, STARTS[0], jnp.full(3, jnp.nan))
    found = run([broken, *STARTS[1:]])
    assert found.kept == (1, 2)
    np.testing.assert_array_equal(found.member(0).seen, STARTS[1].seen)


def test_a_member_stops_at_the_noise_floor_and_the_others_go_on():
    near = eqx.tree_at(lambda s: s.w, STARTS[0], jnp.array([5.0, 0.0, 0.0]))
    found = run([near, *STARTS[1:]], stop_below=1e-9, n_steps=10)
    assert found.status == ("stopped early", "finished", "finished")
    assert np.isnan(found.history[1, 0])


def test_starts_of_other_shapes_are_refused():
    wide = Shown(jnp.zeros(4), jnp.zeros(4))
    with pytest.raises(InputError, match="Build them all from one network"):
        run([*STARTS, wide])


def test_an_array_cannot_be_trained_and_a_members_own():
    with pytest.raises(InputError, match="leave it out of `own`"):
        run(own=lambda s: s.w)
