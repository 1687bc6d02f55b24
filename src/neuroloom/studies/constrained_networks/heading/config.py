"""Every number of the fly's heading arm, and what it claims, fixed before held-out flies are seen.

The claims were written down when P-EN1 had been looked at in two flies only, the first of each
region in sorted order. Those two (`DEVELOPMENT_FLIES`) help to train and are never scored.
"""

from dataclasses import dataclass

__all__ = ["CRITERIA", "DEVELOPMENT_FLIES", "FAST", "PAPER", "HeadingConfig"]

DEVELOPMENT_FLIES = ("PEN1-EB_20160423_Fly1", "PEN1-PB_20160621_Fly1")

CRITERIA = {
    "wiring over nulls": (
        "In each region (EB, PB), over held-out flies, the correlation with P-EN1 of the wiring "
        "fitted to E-PG only is above the mean over draws of each kind of null wiring, fitted in "
        "the same way: Wilcoxon signed-rank, one-sided, p < 0.05 for every kind."
    ),
    "wiring over copy": (
        "In each region, over held-out flies, the correlation with P-EN1 of the wiring fitted to "
        "E-PG only is above that of copying E-PG from the same place: Wilcoxon signed-rank, "
        "one-sided, p < 0.05."
    ),
    "turning": (
        "The wiring fitted to E-PG only foretells which way P-EN1 go in a turn (EB: the bump of "
        "P-EN1 ahead of that of E-PG; PB: one half above the other): its sign, turns one way minus "
        "turns the other, is the measured one in held-out flies, binomial, one-sided, p < 0.05 in "
        "each region; and not so for the wiring whose P-EN1 halves are crossed."
    ),
    "bridge over copy": (
        "As `wiring over copy`, for the variant in which E-PG reach P-EN1 in the bridge only; "
        "added after the first fly of the bridge was looked at, before any held-out fly."
    ),
    "bridge turning": ("As `turning`, for that variant; added at the same moment."),
}


@dataclass(frozen=True)
class HeadingConfig:
    """Numbers of the arm: which flies and trials are used, and how networks are fitted.

    The defaults decide the claims; `FAST` looks at fewer trials and one kind of null wiring.
    """

    matrix: str = "extrapolated"
    abscissa: float = 0.9  # largest real part of the signed wiring's eigenvalues, after scaling
    tau_bounds: tuple[float, float] = (0.05, 2.0)  # s; published as 0.2 to 5, without unit
    n_burn: int = 10  # steps at the start of a trial that count for nothing
    turn_scale: float = 1.0  # rad/s; turns count as tanh(v / this): fast ones do not drown the rest
    smoothness: float = 5.0  # of the softplus, in the published central complex
    dt: float = 0.16  # s, of all trials; the slowest flies were imaged every 0.163 s
    n_steps: int = 250  # of a trial, 40 s; longer trials are cut
    floor_percentile: float = 10.0  # of a region's E-PG: its zero
    turn_smoothing: float = 0.3  # s, SD of the Gaussian that smooths turning velocity
    turn_threshold: float = 0.5  # rad/s, from which on the fly turns
    horizon: int = 3  # steps by which E-PG is foretold where the network is fitted to it
    n_alignment_trials: int = 1  # of each condition and fly, the first ones; never scored
    n_scored_trials: int = 2  # of each condition and fly, the next ones
    n_training_trials: int = 1  # of these, how many a network is fitted to where the fly trains
    n_folds: int = 3  # of flies
    # Kinds of null wiring.
    nulls: tuple[str, ...] = ("rewire_within_type", "shuffle_weights")
    n_null_draws: int = 3  # of each kind
    n_fit_steps: int = 80  # of Adam, a network
    learning_rate: float = 0.1  # of Adam
    ridge: float = 10.0  # penalty per standardized input, times the number of samples over 1,000
    decays: tuple[float, ...] = (0.0, 0.1, 0.2, 0.4, 0.8)  # s, of the indicator of P-EN1
    seed: int = 0  # of folds and null wirings


FAST = HeadingConfig(
    n_steps=190, n_scored_trials=1, nulls=("rewire_within_type",), n_null_draws=1, n_fit_steps=40
)
PAPER = HeadingConfig(
    n_steps=375, n_scored_trials=4, n_training_trials=2, n_null_draws=10, n_fit_steps=200
)
