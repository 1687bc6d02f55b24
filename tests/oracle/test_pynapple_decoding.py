"""Rate maps and Bayesian decoding against pynapple: equal where equal is meant, no worse on a rat.

Needs the extra `nwb`.
"""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroloom.analysis.decoding import (
    Bayesian,
    DecodingConfig,
    MaximumLikelihood,
    SpatialBins,
    decode_counts,
    decode_recording,
    path_errors,
    rate_maps,
    running_steps,
    spread_over,
)
from neuroloom.datasets.rat_place_cells import rat_place_cells
from place_fields import box, session

nap = pytest.importorskip("pynapple", reason="the extra `nwb` is not installed")
if not hasattr(nap, "decode_bayes"):
    pytest.skip("this pynapple has no `decode_bayes`", allow_module_level=True)

DATA = Path(__file__).resolve().parents[3] / "shared/data"
needs_rat = pytest.mark.skipif(
    not (DATA / "rat_place_cells_nelpy").is_dir(), reason="../shared/data is absent"
)


def edges(bins):
    return [low + bins.size * np.arange(n + 1) for low, n in zip(bins.low, bins.shape, strict=True)]


def theirs(counts, path, new, bins, *, dt, uniform, time=None, new_time=None):
    """Positions by pynapple's tuning curves and Bayes; the curves, in Hz."""
    time = dt * np.arange(len(counts)) if time is None else time
    new_time = dt * np.arange(len(new)) if new_time is None else new_time
    names = ["x", "y"]
    curves = nap.compute_tuning_curves(
        nap.TsdFrame(t=time, d=counts),
        nap.TsdFrame(t=time, d=path, columns=names),
        bins=edges(bins),
        feature_names=names,
    )
    rates = curves / dt
    rates.attrs = curves.attrs
    with warnings.catch_warnings():
        # Running steps have gaps; unvisited bins have a prior of 0.
        warnings.filterwarnings("ignore", message="passed bin_size is different")
        warnings.filterwarnings("ignore", message="divide by zero")
        decoded, posterior = nap.decode_bayes(
            rates,
            nap.TsdFrame(t=new_time, d=new),
            nap.IntervalSet(new_time[0] - dt, new_time[-1] + dt),
            bin_size=dt,
            uniform_prior=uniform,
        )
    return decoded.values, posterior.values, rates.values


@pytest.mark.parametrize(("decoder", "uniform"), [(MaximumLikelihood(), True), (Bayesian(), False)])
def test_maps_posteriors_and_positions_equal_those_of_pynapple(rng, decoder, uniform):
    truth, counts, path = session(12, 3000, rng, bins=box(0.25))
    bins = truth.bins
    if not uniform:
        # To a corner nobody goes to. (With a uniform prior, pynapple 0.11 answers with it: a bin
        # without a rate gets the log-likelihood 0.)
        kept = ~((path[:, 0] < 0.25) & (path[:, 1] < 0.25))
        counts, path = counts[kept], path[kept]
    counts += rng.poisson(0.3, counts.shape)  # no rate is 0, where the two differ by design
    positions, posterior, rates = theirs(counts, path, counts[:300], bins, dt=0.1, uniform=uniform)
    maps = rate_maps(counts, path, bins, dt=0.1, smooth=spread_over(bins, 0.0))
    assert maps.visited.all() == uniform
    np.testing.assert_allclose(maps.rate, rates.reshape(12, -1), atol=1e-9)
    assert np.nanmin(maps.rate) > 0.01  # our floor changes nothing here
    ours = decode_counts(counts[:300], maps, decoder, dt=0.1)
    np.testing.assert_allclose(ours.position, positions, atol=1e-9)
    posterior = np.nan_to_num(posterior.reshape(300, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -np.nansum(posterior * np.log2(posterior), axis=1)
    np.testing.assert_allclose(ours.entropy, bits, atol=1e-6)


@needs_rat
@pytest.mark.parametrize("maze", ["linear-track", pytest.param("w-maze", marks=pytest.mark.slow)])
def test_a_rat_is_decoded_no_worse_than_by_pynapple_on_the_same_folds(maze):
    recording = rat_place_cells(maze, dt=0.25, data=DATA)
    config = DecodingConfig(("x_pixel", "y_pixel"), "pixel", 10.0, 10.0, 20.0)
    ours = decode_recording(recording, replace(config, n_shifts=0, n_shuffles=0))
    running = running_steps(recording, config.position, least_speed=20.0, speed_window=0.5)
    bins = SpatialBins.covering(running.position, config.bin_size)
    clock = running.clock * running.dt
    path = np.full(running.position.shape, np.nan)
    for training, block in running.folds(config.n_folds, config.gap):
        path[block], *_ = theirs(
            running.counts[training],
            running.position[training],
            running.counts[block],
            bins,
            dt=running.dt,
            uniform=False,
            time=clock[training],
            new_time=clock[block],
        )
    median = np.median(path_errors(path, running.position))
    assert ours.median("Bayesian") <= median
    assert ours.median("motion filter") <= median
