"""What each recorded neuron is tuned to: a row a neuron."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.analysis.decoding import RateMaps
from neuroloom.analysis.heading_recording.decode import heading_maps
from neuroloom.analysis.heading_recording.heading import turning_of
from neuroloom.analysis.heading_recording.settings import HeadingSettings
from neuroloom.analysis.heading_recording.steps import heading_steps
from neuroloom.analysis.tuning import TimeShift, head_direction_tuning, tuning_null
from neuroloom.recording import Recording

__all__ = ["heading_table"]

NEAR = float(np.cos(np.deg2rad(45)))


def heading_table(
    recording: Recording,
    settings: HeadingSettings = HeadingSettings(),  # noqa: B008
    *,
    n_draws: int = 100,
) -> pd.DataFrame:
    r"""A row for each kept neuron: how, how much and how surely it is tuned.

    Columns: `neuron`; `preferred_deg`, direction of $\sum_b \lambda(b) e^{i b}$ over the smoothed
    curve; `vector_length`, $|\sum_b \lambda(b) e^{i b}| / \sum_b \lambda(b)$, 0 (even) to 1, where
    the curve is at least 0 throughout; `lowest` and `highest` of the curve, in `unit` (Hz for spike
    counts); `explained`, part of the variance that lies between headings; `p_heading`, its chance
    under the null of any neuron (corrected for their number); `turning_slope`, change of the
    activity from its curve a deg/s, counter-clockwise positive, within 45 deg of the preferred
    heading, nearer ones counting more; `p_turning`, its chance, of the neuron alone.

    The null shifts heading and turning in time against activity, by at least `least_shift`. The
    published classes are not given: their bounds are of trained networks' rates, and their slope
    is of the steps within 1.5 deg of the preferred heading, of which a recording has too few.

    Args:
        recording: Rates, calcium or spike counts with the heading in its behavior.
        settings: Numbers.
        n_draws: Of the null.

    Raises:
        InputError: As `decode_heading`, or if a trial is too short for `least_shift`.
    """
    steps = heading_steps(recording, settings)
    dt = steps.running.dt
    spikes = recording.kind == "spike_count"
    maps = heading_maps(steps.activity, steps.heading, settings, dt=dt if spikes else 1.0)
    curve = np.where(maps.visited, maps.rate, 0.0)
    vector = curve @ np.exp(1j * maps.bins.center[:, 0])
    total = curve.sum(axis=1)
    positive = (curve.min(axis=1) >= 0) & (total > 0)

    heading = np.full(recording.activity.shape[:2], np.nan)
    heading.ravel()[steps.place] = steps.heading
    turning = turning_of(heading, smoothing=settings.turn_smoothing / dt)
    rates = recording.activity[:, :, steps.kept] / (dt if spikes else 1.0)
    shift = TimeShift(min(0.49, max(settings.least_shift / (dt * recording.n_steps), 1e-6)))
    rng = np.random.default_rng(settings.seed)
    null = tuning_null(
        heading,
        turning,
        rates,
        head_direction_tuning(heading, turning, rates),
        rng=rng,
        n_draws=n_draws,
        shuffle=shift,
    )
    preferred = np.mod(np.angle(vector), 2 * np.pi)
    left = rates.reshape(-1, rates.shape[2])[steps.place] - curve[:, _bin(steps.heading, maps)].T
    near = np.maximum(np.cos(steps.heading[:, None] - preferred[None, :]) - NEAR, 0.0)

    def slope(velocity: np.ndarray) -> np.ndarray:
        return _slope(left, np.rad2deg(velocity.ravel()[steps.place]) / dt, near)

    measured = slope(turning)
    others = np.array([slope(shift(turning, rng=rng)) for _ in range(n_draws)])
    reached = (np.abs(others) >= np.abs(measured)).sum(axis=0)
    return pd.DataFrame(
        {
            "neuron": recording.neuron_id[steps.kept],
            "preferred_deg": np.rad2deg(preferred),
            "vector_length": np.where(
                positive, np.abs(vector) / np.where(positive, total, 1.0), np.nan
            ),
            "lowest": np.nanmin(maps.rate, axis=1),
            "highest": np.nanmax(maps.rate, axis=1),
            "unit": "Hz" if spikes else recording.unit,
            "explained": null.measured_explained,
            "p_heading": null.p_explained,
            "turning_slope": measured,
            "p_turning": (1 + reached) / (1 + n_draws),
        }
    )


def _bin(heading: np.ndarray, maps: RateMaps) -> np.ndarray:
    return np.minimum((heading / maps.bins.size).astype(int), maps.bins.n_bins - 1)


def _slope(
    left: Float[np.ndarray, "time neuron"],
    velocity: Float[np.ndarray, " time"],
    weight: Float[np.ndarray, "time neuron"],
) -> Float[np.ndarray, " neuron"]:
    """Weighted least squares of what curves leave, over steps with a known velocity."""
    known = np.isfinite(velocity)
    v, w, y = velocity[known][:, None], weight[known], left[known]
    total = np.maximum(w.sum(axis=0), 1e-300)
    v = v - (w * v).sum(axis=0) / total
    spread = (w * v**2).sum(axis=0)
    return (w * v * y).sum(axis=0) / np.where(spread > 0, spread, np.nan)
