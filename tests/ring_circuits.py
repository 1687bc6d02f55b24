"""Circuits whose shifts are planted: a compass ring and two rings that push it either way."""

import numpy as np

from neuroloom.analysis.anatomy import MOTIF, Circuit, preferred_difference

SHIFT = {"compass": 0.0, "shifter+": 45.0, "shifter-": -45.0}  # deg, by who sends


def planted(n=36, *, sharpness=2.0, floor=0.3, noise=0.0, rng=None, shift=SHIFT):
    """What each class sends peaks at its shift; `n` neurons a class tile the circle."""
    classes = np.repeat(np.array(MOTIF), n)
    preferred = np.tile(np.deg2rad(np.arange(n) * 360.0 / n), 3)
    d = preferred_difference(preferred, preferred)
    sent = np.array([shift[c] for c in classes])
    weight = np.exp(sharpness * (np.cos(np.deg2rad(d - sent[None, :])) - 1)) - floor
    if noise:
        weight = weight + noise * rng.normal(size=weight.shape)
    return Circuit(weight, preferred, classes, name="planted")
