"""Which part of a recording forecasts are scored on: its end, and never what was learned from."""

__all__ = ["FEW_TRIALS", "learned_and_held_out"]

FEW_TRIALS = 5
"""With at least as many trials, whole trials are held out, else the end of each."""

Part = tuple[slice, slice]


def learned_and_held_out(n_trials: int, n_steps: int, fraction: float) -> tuple[Part, Part]:
    """Slices of trials and frames to learn from, and those to forecast.

    Args:
        n_trials: Of the recording.
        n_steps: Of each trial.
        fraction: Of trials or frames to hold out, above 0 and below 1.

    Example:
        >>> learned_and_held_out(1, 100, 0.2)
        ((slice(None, None, None), slice(None, 80, None)),
         (slice(None, None, None), slice(80, None, None)))
    """
    every = slice(None)
    if n_trials >= FEW_TRIALS:
        cut = n_trials - max(1, round(fraction * n_trials))
        return (slice(cut), every), (slice(cut, None), every)
    cut = n_steps - max(1, round(fraction * n_steps))
    return (every, slice(cut)), (every, slice(cut, None))
