"""From evidence to a path: maximum likelihood, Bayes, and Bayes with a motion prior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.analysis.decoding.evidence import AbstractEvidence, GaussianEvidence, PoissonEvidence
from neuroloom.analysis.decoding.paths import DecodedPath, PathWriter
from neuroloom.analysis.decoding.rate_maps import RateMaps
from neuroloom.analysis.decoding.spreading import Spread, spread_over
from neuroloom.errors import InputError, SimulationError

__all__ = [
    "AbstractDecoder",
    "Bayesian",
    "MaximumLikelihood",
    "MotionFilter",
    "MotionSmoother",
    "decode_counts",
    "decode_features",
]

_BLOCK = 2_000_000  # numbers in a block of posteriors


class AbstractDecoder(ABC):
    """How a path is read out of evidence; each says whether it uses activity of later steps."""

    is_causal: bool = True

    @abstractmethod
    def decode(
        self, evidence: AbstractEvidence, *, starts: Bool[np.ndarray, " step"] | None = None
    ) -> DecodedPath:
        """The path, in the unit of the bins.

        Args:
            evidence: Of every step.
            starts: Steps that do not follow the one before, where a motion prior begins anew. The
                first always does.
        """


@dataclass(frozen=True)
class MaximumLikelihood(AbstractDecoder):
    """The most likely visited bin of each step alone.

    A step without a spike is answered too, with the quietest bin, and counted as silent.
    """

    def decode(
        self, evidence: AbstractEvidence, *, starts: Bool[np.ndarray, " step"] | None = None
    ) -> DecodedPath:
        """The path; `starts` changes nothing."""
        del starts
        return _each_step(evidence, np.ones(evidence.visited.sum()))


@dataclass(frozen=True)
class Bayesian(AbstractDecoder):
    """The most probable bin of each step alone, when bins are as frequent as they were occupied."""

    def decode(
        self, evidence: AbstractEvidence, *, starts: Bool[np.ndarray, " step"] | None = None
    ) -> DecodedPath:
        """The path; `starts` changes nothing."""
        del starts
        return _each_step(evidence, evidence.occupancy[evidence.visited])


@dataclass(frozen=True, eq=False)
class MotionFilter(AbstractDecoder):
    r"""Forward filter: the animal moves a little from step to step. Causal.

    $$p_t(b) \propto p(n_t | b) \Big[ (1 - j) \sum_a K_{ba}\, p_{t-1}(a) + j\, \pi_b \Big]$$

    with $K$ from `spread_over`, $\pi$ the occupancy, and $j$ the chance of a jump to anywhere,
    which lets the filter recover once it is lost.

    Attributes:
        step_sd: Standard deviation of the displacement in one step along each axis, in the unit of
            positions; above 0.
        jump: Chance of a jump at each step, from 0 to below 1.
        walls: Walls that the animal does not cross; see `spread_over`.

    Source:
        Brown, Frank, Tang, Quirk, Wilson, J. Neurosci. 18:7411 (1998), whose prior is a random
        walk with Gaussian posteriors. Here the posterior is on the bins, any shape, with walls
        and jumps.
    """

    step_sd: float
    jump: float = 0.001
    walls: Float[np.ndarray, "wall 2 2"] | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.step_sd) and self.step_sd > 0):
            raise InputError(
                f"`step_sd` must be a finite distance above 0; got {self.step_sd}. Take it from "
                "the steps of the training path."
            )
        if not 0 <= self.jump < 1:
            raise InputError(
                f"`jump` must be at least 0 and below 1; got {self.jump}. For 1 in 1000 steps "
                "write 0.001."
            )

    def decode(
        self, evidence: AbstractEvidence, *, starts: Bool[np.ndarray, " step"] | None = None
    ) -> DecodedPath:
        """The path; at each step it knows the activity up to that step."""
        prior, spread = self._motion(evidence)
        begins = _begins(evidence, starts)
        path = PathWriter(evidence)
        before = prior
        for block in _blocks(evidence):
            posterior = self._forward(evidence, block, before, prior, spread, begins)
            before = posterior[-1]
            path.write(block, posterior)
        return path.done()

    def _motion(self, evidence: AbstractEvidence) -> tuple[Float[np.ndarray, " place"], Spread]:
        spread = spread_over(
            evidence.bins, self.step_sd, inside=evidence.visited, walls=self.walls
        ).among(evidence.visited)
        prior = evidence.occupancy[evidence.visited].astype(float)
        # An answer that smoothing alone made possible keeps a small chance.
        prior = np.maximum(prior, 1e-3 * prior.mean())
        return prior / prior.sum(), spread

    def _forward(
        self,
        evidence: AbstractEvidence,
        block: slice,
        before: Float[np.ndarray, " place"],
        prior: Float[np.ndarray, " place"],
        spread: Spread,
        begins: Bool[np.ndarray, " time"],
    ) -> Float[np.ndarray, "step place"]:
        """Filtered probabilities in a block, given those of the step before it."""
        log_likelihood = evidence.log_likelihood(block)
        posterior = np.empty_like(log_likelihood)
        for n, seen in enumerate(log_likelihood):
            if begins[block.start + n]:
                expected = prior
            else:
                expected = (1 - self.jump) * spread(before) + self.jump * prior
            before = _weighed(expected, seen)
            posterior[n] = before
        return posterior


@dataclass(frozen=True, eq=False)
class MotionSmoother(MotionFilter):
    r"""Forward-backward smoother: the same motion, with activity before and after. Not causal.

    $$g_t(b) \propto p_t(b)\, \beta_t(b), \qquad
    \beta_t(a) = \sum_b \big[(1 - j) K_{ba} + j \pi_b\big]\, p(n_{t+1} | b)\, \beta_{t+1}(b)$$

    Forward probabilities are kept at the start of each block of time and computed again on the way
    back, so memory grows with blocks, not with steps.

    Raises:
        SimulationError: On decoding, if without jumps no path leads from one step to the next.
    """

    is_causal = False

    def decode(
        self, evidence: AbstractEvidence, *, starts: Bool[np.ndarray, " step"] | None = None
    ) -> DecodedPath:
        """The path; at each step it knows the activity of all steps."""
        prior, spread = self._motion(evidence)
        begins = _begins(evidence, starts)
        path = PathWriter(evidence)
        blocks = list(_blocks(evidence))
        kept = [prior]
        for block in blocks[:-1]:
            kept.append(self._forward(evidence, block, kept[-1], prior, spread, begins)[-1])
        after = np.ones_like(prior)
        for block, before in zip(reversed(blocks), reversed(kept), strict=True):
            posterior = self._forward(evidence, block, before, prior, spread, begins)
            log_likelihood = evidence.log_likelihood(block)
            for n in reversed(range(len(posterior))):
                posterior[n] *= after
                total = posterior[n].sum()
                if not total > 0:
                    raise SimulationError(
                        f"The motion prior must allow the decoded path; no path leads from step "
                        f"{block.start + n} to the next. Give `jump` a value above 0, or a larger "
                        "`step_sd`."
                    )
                posterior[n] /= total
                message = _weighed(after, log_likelihood[n])
                if begins[block.start + n]:
                    after = np.ones_like(prior)
                else:
                    after = (1 - self.jump) * spread(message) + self.jump * (prior @ message)
                    after /= after.max()
            path.write(block, posterior)
        return path.done()


def decode_counts(
    counts: Float[np.ndarray, "time cell"],
    maps: RateMaps,
    decoder: AbstractDecoder,
    *,
    dt: float,
    starts: Bool[np.ndarray, " step"] | None = None,
) -> DecodedPath:
    """The path in spike counts, in the unit of the bins.

    Args:
        counts: Spikes per step; NaN where a cell was not observed.
        maps: Rates in counts per second; only visited bins are answers.
        decoder: Such as `Bayesian()`.
        dt: Seconds per step.
        starts: Steps that do not follow the one before.

    Raises:
        InputError: If cells differ, `dt` is not above 0, or a count is negative.
    """
    return decoder.decode(PoissonEvidence(counts, maps, dt=dt), starts=starts)


def decode_features(
    features: Float[np.ndarray, "time feature"],
    templates: Float[np.ndarray, "bin feature"],
    bins: SpatialBins,
    decoder: AbstractDecoder,
    *,
    noise_sd: float,
    inside: Bool[np.ndarray, " bin"] | None = None,
) -> DecodedPath:
    """The path in features, by the templates of each place; in the unit of the bins.

    With `MaximumLikelihood()` it is the nearest template.

    Args:
        features: Over time, such as rates of boundary cells. No NaN.
        templates: The same features at `bins.center`.
        bins: Where.
        decoder: Such as `MaximumLikelihood()`.
        noise_sd: Noise of a feature, in its unit; above 0.
        inside: Where the animal can be; default: everywhere.

    Raises:
        InputError: If shapes do not fit, a value is not finite, or the noise is not above 0.
    """
    evidence = GaussianEvidence(features, templates, bins, noise_sd=noise_sd, inside=inside)
    return decoder.decode(evidence)


def _each_step(evidence: AbstractEvidence, weight: Float[np.ndarray, " place"]) -> DecodedPath:
    """Posteriors of each step alone."""
    path = PathWriter(evidence)
    for block in _blocks(evidence):
        path.write(block, _weighed(weight, evidence.log_likelihood(block)))
    return path.done()


def _weighed(
    weight: Float[np.ndarray, " place"], log_likelihood: Float[np.ndarray, "*step place"]
) -> Float[np.ndarray, "*step place"]:
    """Weight times likelihood, divided by its sum; in logarithms, so that nothing underflows."""
    with np.errstate(divide="ignore"):
        exponent = log_likelihood + np.log(weight)
    exponent -= exponent.max(axis=-1, keepdims=True)
    np.exp(exponent, out=exponent)
    exponent /= exponent.sum(axis=-1, keepdims=True)
    return exponent


def _blocks(evidence: AbstractEvidence) -> Iterator[slice]:
    """Time in blocks, in order, each of at most `_BLOCK` numbers."""
    n_steps = len(evidence.silent)
    width = max(1, _BLOCK // int(evidence.visited.sum()))
    for start in range(0, n_steps, width):
        yield slice(start, min(start + width, n_steps))


def _begins(
    evidence: AbstractEvidence, starts: Bool[np.ndarray, " step"] | None
) -> Bool[np.ndarray, " time"]:
    begins = np.zeros(len(evidence.silent), bool) if starts is None else starts.copy()
    if begins.shape != evidence.silent.shape:
        raise InputError(
            f"`starts` must have one entry a step ({evidence.silent.size}); got {begins.size}. "
            "Leave it out if no step is missing."
        )
    begins[:1] = True
    return begins
