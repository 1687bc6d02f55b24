"""Made turning and units that obey a rule: what tuning is tested on without a network."""

import numpy as np
from scipy.signal import lfilter


def made_turns(rng, n_trials=40, n_steps=400, *, sd=0.03, momentum=0.8, still=True):
    """Heading (rad) and angular velocity (rad/step); every other trial rests for a while."""
    velocity = lfilter([sd], [1, -momentum], rng.normal(size=(n_trials, n_steps)), axis=1)
    velocity[:, :10] = 0
    for trial in velocity[:: 2 if still else n_trials + 1]:
        start = rng.integers(n_steps // 3)
        trial[start : start + rng.integers(2 * n_steps // 3)] = 0
    heading = rng.uniform(0, 2 * np.pi, (n_trials, 1)) + np.cumsum(velocity, axis=1)
    return heading, velocity


def made_units(heading, velocity, preferred, gain, *, base=0.5, sharpness=3.0):
    """A bump of heading times a line in velocity (per rad/step), cut off at 0."""
    bump = np.exp(sharpness * (np.cos(heading[..., None] - preferred) - 1))
    return bump * np.clip(base + gain * velocity[..., None], 0.0, None)
