"""Real rat paths: read by path, interpolated, fitted into an arena or refused."""

import numpy as np
import pytest

from neuroloom.arena import fit_into, load_arena, rat_path, rectangle
from neuroloom.arena.rat_paths import find_paths
from neuroloom.errors import InputError


@pytest.fixture
def folder(tmp_path):
    t = np.concatenate([np.arange(0, 2, 0.04), np.arange(3, 5, 0.04)]) + 7
    pos = np.stack([0.1 * (t - 7), 0.8 - 0.05 * (t - 7)], axis=1)
    np.savez(tmp_path / "sargolini.npz", t=t, pos=pos)
    return tmp_path


def test_a_path_is_interpolated_and_its_gaps_are_not_observed(folder):
    path = rat_path(dt=0.05, folder=folder)
    time = 0.05 * np.arange(len(path.position))
    gap = np.isnan(path.position).any(axis=1)
    assert ((time[gap] > 1.96) & (time[gap] < 2.99)).all()
    assert gap.sum() == 20
    want = np.stack([0.1 * time, 0.8 - 0.05 * time], axis=1)
    np.testing.assert_allclose(path.position[~gap], want[~gap])
    assert "20 in gaps" in path.audit[0]


def test_a_fitted_path_keeps_its_shape_and_stays_inside(folder):
    path = fit_into(rat_path(folder=folder), rectangle(2.0, 3.0), margin=0.1)
    seen = path.position[np.isfinite(path.position).all(axis=1)]
    np.testing.assert_allclose(seen.min(axis=0)[0], 0.1)
    np.testing.assert_allclose(seen.max(axis=0)[0], 1.9)
    np.testing.assert_allclose(np.ptp(seen[:, 1]) / np.ptp(seen[:, 0]), 0.5)
    np.testing.assert_allclose((seen.min(axis=0) + seen.max(axis=0)) / 2, [1.0, 1.5])


def test_what_cannot_be_read_or_fitted_is_said(folder, tmp_path):
    with pytest.raises(InputError, match=r"`tanni` must be installed; .*neuroloom\[spatial\]"):
        rat_path("tanni", folder=folder)
    with pytest.raises(InputError, match=r"Did you mean `sargolini`"):
        rat_path("sargolin")
    with pytest.raises(InputError, match=r"`dt` must be above 0 s; got 0.0"):
        rat_path(dt=0.0, folder=folder)
    with pytest.raises(InputError, match=r"steps cross a wall. Take a rectangle"):
        fit_into(rat_path(folder=folder), load_arena("box-two-barriers"))
    (tmp_path / "tanni.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"tanni.npz of ratinabox must hold .* Reinstall it"):
        rat_path("tanni", folder=folder)


@pytest.mark.skipif(find_paths() is None, reason="ratinabox (extra `spatial`) is not installed")
def test_the_real_path_has_the_published_extent():
    path = rat_path("sargolini", dt=0.02)
    assert len(path.position) * path.dt == pytest.approx(600, abs=1)
    assert np.nanmin(path.position) > 0
    assert np.nanmax(path.position) < 1
