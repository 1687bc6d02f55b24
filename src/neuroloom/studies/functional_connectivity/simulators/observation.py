"""S3 and S4: what a microscope makes of a system, some of its neurons, blurred and slow."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy import signal

from neuroloom.errors import InputError
from neuroloom.studies.functional_connectivity.simulators.cell_types import simulate_cell_types
from neuroloom.studies.functional_connectivity.simulators.config import CalciumConfig
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated

__all__ = ["frames_of", "partly_seen", "simulate_calcium"]

FORGOTTEN = 1e-6  # what may be left of the start of the calcium when the recording begins


def partly_seen(whole: Simulated, fraction: float, *, rng: np.random.Generator) -> Simulated:
    """The same activity of some neurons, drawn at random, and the connectivity among them.

    What the others send is still in the activity, and in nothing that an estimator may look at.

    Args:
        whole: Any system.
        fraction: Of its neurons, in (0, 1]; rounded to a whole number, at least 1.
        rng: Randomness.
    """
    n = whole.activity.shape[-1]
    kept = np.sort(rng.permutation(n)[: max(1, round(fraction * n))])
    seen = np.zeros(whole.seen.size, bool)
    seen[np.flatnonzero(whole.seen)[kept]] = True
    return replace(
        whole,
        activity=whole.activity[..., kept],
        weight=whole.weight[np.ix_(kept, kept)],
        seen=seen,
        cell_type=None if whole.cell_type is None else whole.cell_type[kept],
        drive=None if whole.drive is None else whole.drive[..., kept],
        notes=(*whole.notes, f"{kept.size} of {n} neurons are seen, drawn at random"),
    )


def simulate_calcium(
    config: CalciumConfig,
    *,
    rng: np.random.Generator,
    weight: Float[np.ndarray, "post pre"] | None = None,
) -> Simulated:
    r"""Noisy frames of calcium, in units of the activity of S1.

    $$c_t = \alpha c_{t-1} + x_t, \qquad
    y_f = \frac1k \sum_{t \in f} c_t + \sigma \epsilon_f, \qquad \epsilon_f \sim N(0, 1)$$

    x is S1 or S2, which runs before the recording starts until nothing is left of the calcium's own
    start. The noise is that of a frame: it is not in c, so that $y_f - \alpha y_{f-1}$ has noise of
    a moving average. `latent` is averaged over frames as well, and is not filtered; `drive` is not
    kept, because it is heard through the filter.

    Args:
        config: The system, decay, noise and frames.
        rng: Randomness.
        weight: As in `simulate_cell_types`.

    Raises:
        InputError: As `simulate_cell_types`.

    Source:
        Our spec, section 6: "c_t = .9 c_t-1 + x_t, + N(0,1)".
    """
    lead = int(np.ceil(np.log(FORGOTTEN) / np.log(config.decay))) if config.decay > 0 else 0
    system = replace(config.system, n_steps=config.system.n_steps + lead)
    x = simulate_cell_types(system, rng=rng, weight=weight)
    calcium = np.asarray(signal.lfilter([1.0], [1.0, -config.decay], x.activity, axis=1))
    k = config.steps_per_frame
    frames = frames_of(calcium[:, lead:], k)
    return replace(
        x,
        activity=frames + config.noise_sd * rng.normal(size=frames.shape),
        kind="calcium",
        dt=k * x.dt,
        latent=None if x.latent is None else frames_of(x.latent[:, lead:], k),
        drive=None,
        notes=(
            *x.notes,
            f"seen through calcium that decays to {config.decay:g} a step, in frames of {k} steps "
            f"with noise of SD {config.noise_sd:g}",
        ),
    )


def frames_of(
    values: Float[np.ndarray, "trial time channel"], steps_per_frame: int
) -> Float[np.ndarray, "trial frame channel"]:
    """Means over `steps_per_frame` steps, in the unit of the values; what is left over is cut off.

    Raises:
        InputError: If there are fewer steps than one frame needs.

    Example:
        >>> frames_of(np.arange(5.0)[None, :, None], 2).ravel()
        array([0.5, 2.5])
    """
    trial, time, channel = values.shape
    n_frames = time // steps_per_frame
    if n_frames < 1:
        raise InputError(
            f"`steps_per_frame` must be at most the {time} steps there are; got {steps_per_frame}. "
            "Record longer, or average over fewer."
        )
    whole = values[:, : n_frames * steps_per_frame]
    return whole.reshape(trial, n_frames, steps_per_frame, channel).mean(2)
