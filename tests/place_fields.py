"""Simulated place cells: Gaussian fields on a grid, a smooth walk, Poisson counts."""

import numpy as np

from neuroloom.analysis.decoding import SpatialBins, given_maps


def box(size=0.05):
    """Bins of a box of 1 m."""
    n = round(1 / size)
    return SpatialBins((0.0, 0.0), size, (n, n))


def fields(bins, n_cells, rng, *, peak=20.0, width=0.12):
    """Rates in Hz at the bins, and the function of positions that gives them."""
    span = np.array(bins.shape) * bins.size
    middle = np.array(bins.low) + rng.random((n_cells, len(bins.shape))) * span

    def rate(position):
        square = ((position[:, None] - middle) ** 2).sum(axis=2)
        return peak * np.exp(-square / (2 * width**2)) + 0.1

    return given_maps(rate(bins.center).T, bins), rate


def walk(n_steps, dt, rng, *, speed=0.2, tau=1.0, n_axes=2):
    """A path in a box of 1 m with closed walls; velocity is an Ornstein-Uhlenbeck process."""
    kick = rng.normal(size=(n_steps, n_axes)) * speed * np.sqrt(2 * dt / tau)
    velocity, position = np.zeros(n_axes), np.full(n_axes, 0.5)
    path = np.empty((n_steps, n_axes))
    for n in range(n_steps):
        velocity = velocity * (1 - dt / tau) + kick[n]
        position = position + velocity * dt
        outside = (position < 0) | (position > 1)
        velocity = np.where(outside, -velocity, velocity)
        position = np.where(position < 0, -position, np.where(position > 1, 2 - position, position))
        path[n] = position
    return path


def session(n_cells, n_steps, rng, *, dt=0.1, bins=None, peak=20.0):
    """Maps, counts and the true path."""
    maps, rate = fields(bins or box(), n_cells, rng, peak=peak)
    path = walk(n_steps, dt, rng)
    return maps, rng.poisson(rate(path) * dt).astype(float), path
