"""One table from the tables of several recordings: means, with intervals over recordings."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from neuroloom.errors import InputError

__all__ = ["over_recordings"]

VALUES = ("value", "low", "high", "n")


def over_recordings(tables: Mapping[str, pd.DataFrame], *, level: float = 0.95) -> pd.DataFrame:
    r"""Mean over recordings of every row, and the interval of that mean.

    $$\bar s \pm t_{n-1,\,(1+\ell)/2}\; \mathrm{SD}(s) / \sqrt n$$

    A recording counts once, however many neurons or samples it has. For a coupling gain, give its
    tables: their differences are paired within each recording.

    Args:
        tables: Tables of `forecast_scores`, `coupling_gain` or `horizon_scores`, by recording.
        level: Of the interval, between 0 and 1.

    Returns:
        The same columns; `value` is the mean, `n` the number of recordings that have a value. With
        one of them, `low` and `high` are NaN.

    Raises:
        InputError: If there is no table, or a row is not in every recording.
    """
    if not tables:
        raise InputError("Tables must be of at least one recording; got none. Score one first.")
    every = pd.concat(list(tables.values()), ignore_index=True)
    keys = [name for name in every.columns if name not in VALUES]
    rows: dict[tuple, list[float]] = {}
    for row in every.to_dict("records"):
        rows.setdefault(tuple(row[name] for name in keys), []).append(row["value"])
    found = []
    for key, values in rows.items():
        if len(values) != len(tables):
            raise InputError(
                f"Every row must be in every recording; {dict(zip(keys, key, strict=True))} is in "
                f"{len(values)} of {len(tables)}. Score the same arms and measures in all."
            )
        found.append([*key, *_mean_and_interval(np.array(values, float), level)])
    return pd.DataFrame(found, columns=[*keys, *VALUES])


def _mean_and_interval(values: np.ndarray, level: float) -> tuple[float, float, float, int]:
    values = values[np.isfinite(values)]
    n = values.size
    if n == 0:
        return np.nan, np.nan, np.nan, 0
    mean, half = float(values.mean()), np.nan
    if n > 1:
        half = float(stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half, n
