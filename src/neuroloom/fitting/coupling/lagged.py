"""A population and its own past: the frames of a forecast, and their second moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError

__all__ = ["LaggedFrames", "LaggedMoments", "merged_moments"]


@dataclass(frozen=True, eq=False)
class LaggedMoments:
    """Weighted means and covariances of the present and of its predictors.

    Predictors are ordered lag by lag: all neurons one step back, two steps back, ..., then all
    channels of behavior one step back, two steps back, ...

    Attributes:
        now: Covariance of the present, in the square of the unit of activity.
        past: Covariance of the predictors.
        cross: Covariance of predictors and present.
        now_mean: Mean of the present.
        past_mean: Mean of the predictors.
        n_frames: Sum of the frames' weights: with weights of mean 1, the number of frames.
        n_lags: Steps of the past among the predictors.
    """

    now: Float[np.ndarray, "neuron neuron"]
    past: Float[np.ndarray, "predictor predictor"]
    cross: Float[np.ndarray, "predictor neuron"]
    now_mean: Float[np.ndarray, " neuron"]
    past_mean: Float[np.ndarray, " predictor"]
    n_frames: float
    n_lags: int

    @property
    def n_neurons(self) -> int:
        """Neurons, each of them predicted and, `n_lags` times over, a predictor."""
        return len(self.now_mean)

    def own(self) -> Bool[np.ndarray, "predictor neuron"]:
        """Which predictors are a neuron's own past."""
        same = np.tile(np.eye(self.n_neurons, dtype=bool), (self.n_lags, 1))
        n_other = len(self.past_mean) - len(same)
        return np.concatenate([same, np.zeros((n_other, self.n_neurons), bool)])


def merged_moments(parts: Sequence[LaggedMoments]) -> LaggedMoments:
    """Moments of all frames, from those of parts of them.

    Args:
        parts: Of the same neurons and lags; at least one.
    """
    share = np.array([part.n_frames for part in parts])
    total = float(share.sum())
    share = share / total
    now_mean = np.average([part.now_mean for part in parts], axis=0, weights=share)
    past_mean = np.average([part.past_mean for part in parts], axis=0, weights=share)
    now, past, cross = (np.zeros_like(getattr(parts[0], k)) for k in ("now", "past", "cross"))
    for w, part in zip(share, parts, strict=True):
        moved, shifted = part.now_mean - now_mean, part.past_mean - past_mean
        now += w * (part.now + np.outer(moved, moved))
        past += w * (part.past + np.outer(shifted, shifted))
        cross += w * (part.cross + np.outer(shifted, moved))
    return LaggedMoments(now, past, cross, now_mean, past_mean, total, parts[0].n_lags)


class LaggedFrames:
    """Every frame of a recording that has a whole past, ready for `moments`.

    A frame counts if all neurons are observed in it, and all neurons and channels in the `n_lags`
    steps before; a past never reaches into another trial.
    """

    def __init__(
        self,
        activity: Float[np.ndarray, "trial time neuron"],
        n_lags: int,
        behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    ) -> None:
        """Find the frames that count.

        Args:
            activity: What was measured; NaN where nothing was.
            n_lags: Steps of the past that predict, at least 1.
            behavior: Variables of the animal on the same clock; NaN where not observed. Their past
                predicts as that of neurons does.

        Raises:
            InputError: If `n_lags` is out of range, clocks differ, a neuron is constant or never
                observed, or no frame counts.
        """
        if not 1 <= n_lags < activity.shape[1]:
            raise InputError(
                f"`n_lags` must be at least 1 and below the {activity.shape[1]} steps of a trial; "
                f"got {n_lags}. Use fewer lags."
            )
        if behavior is not None and behavior.shape[:2] != activity.shape[:2]:
            raise InputError(
                "`behavior` must have the trials and steps of `activity`, "
                f"{activity.shape[:2]}; got {behavior.shape[:2]}. Put both on one clock."
            )
        if np.isinf(activity).any():
            raise InputError(
                f"`activity` must be finite or NaN; {np.isinf(activity).sum()} entries are "
                "infinite. Mark what was not observed as NaN."
            )
        seen = np.asarray(np.isfinite(activity))
        never = np.asarray(~seen.any(axis=(0, 1)))
        if never.any():
            raise InputError(
                f"Every neuron must be observed; {never.sum()} of {len(never)} never are, the "
                f"first at place {np.flatnonzero(never)[0]}. Leave them out."
            )
        center = np.nanmean(activity, axis=(0, 1))
        whole = np.asarray(seen.all(axis=2))
        past = whole
        moved = np.where(seen, activity - center, 0.0)
        still = np.asarray(~(moved != 0).any(axis=(0, 1)))
        if still.any():
            raise InputError(
                f"Every neuron must vary; {still.sum()} of {len(still)} never do, the first at "
                f"place {np.flatnonzero(still)[0]}. Leave them out."
            )
        self._activity, self._center = moved, center
        self._behavior, self._behavior_center = None, np.zeros(0)
        if behavior is not None and behavior.shape[2]:
            known = np.asarray(np.isfinite(behavior))
            past = np.asarray(whole & known.all(axis=2))
            self._behavior_center = np.nanmean(behavior, axis=(0, 1))
            self._behavior = np.where(known, behavior - self._behavior_center, 0.0)
        self.n_lags = n_lags
        self.counts: Bool[np.ndarray, "trial time"] = _whole_past(whole, past, n_lags)
        if not self.counts.any():
            raise InputError(
                "At least one frame must have everything observed in it and in the "
                f"{n_lags} steps before; none of {whole.size} has. Leave out neurons that are "
                "seldom observed, or use fewer lags."
            )

    @property
    def n_frames(self) -> int:
        """Frames that count."""
        return int(self.counts.sum())

    @property
    def n_predictors(self) -> int:
        """Lags of all neurons and channels."""
        return self.n_lags * (len(self._center) + len(self._behavior_center))

    def blocks(self, n: int) -> Int[np.ndarray, "trial time"]:
        """The block of each frame that counts, 0 to n - 1, in order of trial and time; else -1.

        Raises:
            InputError: If there are fewer frames than blocks.
        """
        if not 1 <= n <= self.n_frames:
            raise InputError(
                f"Blocks must be 1 to {self.n_frames}, the frames that count; got {n}. Use fewer."
            )
        block = np.full(self.counts.shape, -1)
        block[self.counts] = np.arange(self.n_frames) * n // self.n_frames
        return block

    def folds(self, n: int) -> Iterator[tuple[LaggedMoments, LaggedMoments]]:
        """Moments of all blocks but one, and of that one, for each of `n` blocks of time."""
        block = self.blocks(n)
        parts = [self.moments((block == one).astype(float)) for one in range(n)]
        for one in range(n):
            yield merged_moments(parts[:one] + parts[one + 1 :]), parts[one]

    def moments(self, weight: Float[np.ndarray, "trial time"] | None = None) -> LaggedMoments:
        """Means and covariances over the frames that count.

        Args:
            weight: How much each frame counts, at least 0; default 1 each. Of a block bootstrap:
                how often its block was drawn.

        Raises:
            InputError: If no frame is left.
        """
        given = self.counts.astype(float) if weight is None else np.where(self.counts, weight, 0.0)
        w = given[:, self.n_lags :]
        total = float(w.sum())
        if not total > 0:
            raise InputError(
                "At least one frame must have a weight above 0; none has. Check the weights."
            )
        now = self._activity[:, self.n_lags :].reshape(-1, self._activity.shape[2])
        past = [
            part
            for source in (self._activity, self._behavior)
            if source is not None
            for part in self._lags(source)
        ]
        w = w.reshape(-1)
        if not (w > 0).all():
            used = w > 0
            w, now, past = w[used], now[used], [part[used] for part in past]
        widths = np.cumsum([0, *(part.shape[1] for part in past)])
        past_mean = np.concatenate([w @ part for part in past]) / total
        now_mean = w @ now / total
        if (w != 1).any():  # roots on both sides: products of a matrix with itself cost half
            root = np.sqrt(w)[:, None]
            now, past = now * root, [part * root for part in past]
        n_past, n = int(widths[-1]), now.shape[1]
        square, cross = np.empty((n_past, n_past)), np.empty((n_past, n))
        for i, left in enumerate(past):
            rows = slice(widths[i], widths[i + 1])
            cross[rows] = left.T @ now
            for j in range(i, len(past)):
                columns = slice(widths[j], widths[j + 1])
                square[rows, columns] = left.T @ past[j]
                square[columns, rows] = square[rows, columns].T
        offset = np.concatenate(
            [np.tile(self._center, self.n_lags), np.tile(self._behavior_center, self.n_lags)]
        )
        return LaggedMoments(
            now=now.T @ now / total - np.outer(now_mean, now_mean),
            past=square / total - np.outer(past_mean, past_mean),
            cross=cross / total - np.outer(past_mean, now_mean),
            now_mean=now_mean + self._center,
            past_mean=past_mean + offset,
            n_frames=total,
            n_lags=self.n_lags,
        )

    def _lags(self, source: Float[np.ndarray, "trial time column"]) -> list[np.ndarray]:
        """Source one step back, two steps back, ..., for every frame from `n_lags` on."""
        n = source.shape[1]
        return [
            source[:, self.n_lags - lag : n - lag].reshape(-1, source.shape[2])
            for lag in range(1, self.n_lags + 1)
        ]


def _whole_past(
    now: Bool[np.ndarray, "trial time"], past: Bool[np.ndarray, "trial time"], n_lags: int
) -> np.ndarray:
    counts = np.zeros_like(now)
    n = now.shape[1]
    counts[:, n_lags:] = now[:, n_lags:]
    for lag in range(1, n_lags + 1):
        counts[:, n_lags:] &= past[:, n_lags - lag : n - lag]
    return counts
