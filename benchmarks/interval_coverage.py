"""Do the intervals of `predict` hold what they promise for neurons that were never recorded?

Teachers are softplus rate networks of random wiring, 100 neurons of 10 types, 20 of them driven. A
random 60 are recorded; the job sees those and the wiring. Then the other 40 are looked up in the
teacher. Three cases: everything as the model assumes;
neurons that depart from their type while the model shares parameters within types; the same with
a free gain and bias for every neuron, which nothing tells of unrecorded ones.

`python benchmarks/interval_coverage.py --first 100 --last 110` (about half a minute a teacher and
case on two cores). The scales were chosen on teachers 0 to 4.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from make_activity_files import Teacher, connectome_of, recording_of
from neuroloom.studies.activity.job import predict_activity
from neuroloom.studies.config import PredictConfig
from neuroloom.studies.outcome import Outcome
from neuroloom.studies.placement import place

CASES = {
    "as assumed": (0.0, "cell_type"),
    "types not alike": (0.25, "cell_type"),
    "every neuron free": (0.25, "neuron"),
}


def run_teacher(
    seed: int, *, jitter: float, sharing: str, n_recorded: int = 60, **numbers: object
) -> tuple[Outcome, np.ndarray, np.ndarray]:
    """The job on one teacher; also its true activity and which neurons were recorded."""
    teacher = Teacher(
        n_neurons=100, n_types=10, n_partners=12, n_driven=20, jitter=jitter, seed=seed
    )
    connectome = connectome_of(teacher)
    whole = recording_of(teacher, connectome)
    recorded = np.zeros(100, bool)
    recorded[np.random.default_rng([seed, 7]).permutation(100)[:n_recorded]] = True
    seen = replace(whole, activity=np.where(recorded, whole.activity, np.nan))
    config = PredictConfig(
        sharing=sharing,  # pyright: ignore[reportArgumentType]
        n_null_draws=0,
        n_resamples=10,
        seed=seed,
        **numbers,  # pyright: ignore[reportArgumentType]
    )
    outcome = predict_activity(place(connectome, seen), config, progress=False)
    return outcome, whole.activity, recorded


def measured(outcome: Outcome, true: np.ndarray, recorded: np.ndarray) -> dict[str, float]:
    """Coverage of unrecorded neurons, and how wide their intervals are, in SD of activity."""
    low, high = (outcome.predictions[end].to_numpy() for end in ("low", "high"))
    inside = ((true >= low) & (true <= high))[..., ~recorded].mean(axis=(0, 1))
    width = (high - low)[..., ~recorded].mean(axis=(0, 1)) / true.std(axis=(0, 1)).mean()
    error = outcome.predictions["predicted"].to_numpy().mean(axis=-1) - true
    return {
        "reported": outcome.coverage["interval_achieved"],
        "unrecorded": inside.mean(),
        "worst tenth": np.quantile(inside, 0.1),
        "width": np.median(width),
        "follows": float(np.corrcoef(width, np.sqrt((error**2)[..., ~recorded].mean((0, 1))))[0, 1])
        if np.ptp(width) > 1e-6
        else np.nan,
        "ensemble": outcome.coverage.get("ensemble_achieved", np.nan),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--last", type=int, default=105)
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--members", type=int, default=4)
    given = parser.parse_args()
    rows = []
    for name, (jitter, sharing) in CASES.items():
        for seed in range(given.first, given.last):
            outcome, true, recorded = run_teacher(
                seed, jitter=jitter, sharing=sharing, level=given.level, n_members=given.members
            )
            rows.append({"case": name, "teacher": seed, **measured(outcome, true, recorded)})
            print(pd.DataFrame(rows[-1:]).round(3).to_string(header=len(rows) == 1), flush=True)
    table = pd.DataFrame(rows).drop(columns="teacher").groupby("case", sort=False)
    shown = table[["reported", "unrecorded", "width", "ensemble"]].agg(["mean", "min", "max"])
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main()
