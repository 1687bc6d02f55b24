"""What the activity of each step says about every place: log-likelihoods, in blocks of time."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.analysis.decoding.rate_maps import RateMaps, check_step
from neuroloom.errors import InputError

__all__ = ["AbstractEvidence", "GaussianEvidence", "PoissonEvidence"]


class AbstractEvidence(ABC):
    """Steps of activity, and how likely each is at every visited bin.

    Attributes:
        bins: Where the bins are.
        visited: The bins that may be answers.
        occupancy: Weights of the bins for a prior; not normalized.
        silent: Steps that hold no spike.
    """

    bins: SpatialBins
    visited: Bool[np.ndarray, " bin"]
    occupancy: Float[np.ndarray, " bin"]
    silent: Bool[np.ndarray, " time"]

    @abstractmethod
    def log_likelihood(self, steps: slice) -> Float[np.ndarray, "step place"]:
        """Log-likelihood in nats of these steps at each visited bin, up to a constant a step."""


class PoissonEvidence(AbstractEvidence):
    r"""Independent Poisson counts, given the place.

    $$\log p(n_t | b) = \sum_c n_{tc} \log \lambda_c(b) - dt \sum_c \lambda_c(b) + \mathrm{const}$$

    The sums run over the cells observed at that step.

    Source:
        Zhang, Ginzburg, McNaughton, Sejnowski, J. Neurophysiol. 79:1017 (1998), eq. 35. Here rates
        below `floor` count as `floor`: one stray spike must not rule a place out for ever.
    """

    def __init__(
        self,
        counts: Float[np.ndarray, "time cell"],
        maps: RateMaps,
        *,
        dt: float,
        floor: float = 0.01,
    ) -> None:
        """Prepare the logarithms once.

        Args:
            counts: Spikes per step; NaN where a cell was not observed.
            maps: Rates at the bins.
            dt: Seconds per step.
            floor: Least rate, in counts per second; above 0.

        Raises:
            InputError: If cells differ, `dt` or `floor` is not above 0, or a count is negative.
        """
        check_step(dt)
        if counts.shape[1] != len(maps.rate):
            raise InputError(
                f"`counts` must have a column for each of {len(maps.rate)} maps; got "
                f"{counts.shape[1]}. The axes are (time, cell); maps are (cell, bin)."
            )
        if not floor > 0:
            raise InputError(
                f"`floor` must be above 0 Hz; got {floor}. A rate of 0 would rule places out."
            )
        if (counts < 0).any():
            raise InputError(
                f"`counts` must be at least 0; {(counts < 0).sum()} are not. Decode rates or "
                "calcium with `decode_features`."
            )
        self.bins, self.visited, self.occupancy = maps.bins, maps.visited, maps.occupancy
        self._counts = counts
        rate = np.maximum(maps.rate[:, maps.visited], floor)
        # A cell that was never observed at a bin says nothing there.
        unknown = np.isnan(rate)
        self._expected = dt * np.where(unknown, 0.0, rate)
        self._log_rate = np.log(np.where(unknown, 1.0, rate))
        self._expected_sum = self._expected.sum(axis=0)
        self._complete = bool(np.isfinite(counts).all())
        self.silent = np.nansum(counts, axis=1) == 0

    def log_likelihood(self, steps: slice) -> Float[np.ndarray, "step place"]:
        """Log-likelihood in nats of these steps at each visited bin, up to a constant a step."""
        counts = self._counts[steps]
        if self._complete:
            return counts @ self._log_rate - self._expected_sum
        observed = np.isfinite(counts)
        spikes = np.where(observed, counts, 0.0)
        return spikes @ self._log_rate - observed.astype(float) @ self._expected


class GaussianEvidence(AbstractEvidence):
    r"""Features with Gaussian noise of one size around the template of each place.

    $$\log p(f_t | b) = -\tfrac{1}{2 s^2} \lVert f_t - m_b \rVert^2 + \mathrm{const}$$
    """

    def __init__(
        self,
        features: Float[np.ndarray, "time feature"],
        templates: Float[np.ndarray, "bin feature"],
        bins: SpatialBins,
        *,
        noise_sd: float,
        inside: Bool[np.ndarray, " bin"] | None = None,
    ) -> None:
        """Prepare the templates once.

        Args:
            features: Over time, such as rates of boundary cells. No NaN.
            templates: The same features at `bins.center`.
            bins: Where.
            noise_sd: Noise of a feature, in its unit; above 0. The nearest template does not
                depend on it; entropies and motion priors do.
            inside: Where the animal can be; default: everywhere.

        Raises:
            InputError: If shapes do not fit, a value is not finite, or the noise is not above 0.
        """
        where = np.ones(bins.n_bins, bool) if inside is None else inside
        if templates.shape != (bins.n_bins, features.shape[1]):
            raise InputError(
                f"`templates` must have the shape {(bins.n_bins, features.shape[1])}; got "
                f"{templates.shape}. Evaluate the same cells at `bins.center`."
            )
        if not np.isfinite(features).all() or not np.isfinite(templates[where]).all():
            raise InputError(
                "`features` and `templates` inside must be finite; some are not. Leave out the "
                "steps or cells that were not observed."
            )
        if not noise_sd > 0:
            raise InputError(
                f"`noise_sd` must be above 0; got {noise_sd}. Without noise, give a small one."
            )
        self.bins, self.visited, self.occupancy = bins, where, where.astype(float)
        self.silent = np.zeros(len(features), bool)
        self._features, self._weight = features, 1 / noise_sd**2
        self._templates = templates[where].T
        self._half_square = (self._templates**2).sum(axis=0) / 2

    def log_likelihood(self, steps: slice) -> Float[np.ndarray, "step place"]:
        """Log-likelihood in nats of these steps at each visited bin, up to a constant a step."""
        return self._weight * (self._features[steps] @ self._templates - self._half_square)
