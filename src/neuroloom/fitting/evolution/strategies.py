"""Searches without gradients in one form: ask for a population, tell what it earned."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float

from neuroloom.errors import InputError

__all__ = ["CmaEs", "Genetic", "OpenAiEs", "Search", "Strategy"]


class Search(abc.ABC):
    """A search that goes on. `ask` and `tell` take turns; more is better."""

    @abc.abstractmethod
    def ask(self) -> Float[np.ndarray, "member parameter"]:
        """The population to try next."""

    @abc.abstractmethod
    def tell(self, returns: Float[np.ndarray, " member"]) -> None:
        """Learns from what the last population earned.

        Args:
            returns: Finite, one a member.
        """

    @property
    @abc.abstractmethod
    def mean(self) -> Float[np.ndarray, " parameter"]:
        """The parameters that the search stands for."""


class Strategy(abc.ABC):
    """Numbers of a search, before it begins. Subclasses are frozen dataclasses.

    Attributes:
        population: Members of a generation.
    """

    population: int

    @abc.abstractmethod
    def start(self, vector: Float[np.ndarray, " parameter"], rng: np.random.Generator) -> Search:
        """A search from these parameters.

        Args:
            vector: Where it begins.
            rng: Randomness, of this search alone.
        """


@dataclass(frozen=True)
class OpenAiEs(Strategy):
    r"""Steps up an estimated gradient, with mirrored noise.

    $\theta \mathrel{+}= \frac{\eta}{n \sigma} \sum_i u_i \epsilon_i$, of ranks $u$ between -0.5
    and 0.5. Ranks have no scale and both numbers decay alike, so that steps keep their length,
    $\eta / (2 \sqrt{\pi} \sigma)$ where returns are linear: near the best point the search wanders
    within about that, divided by the root of the population.

    Attributes:
        population: Members of a generation; even.
        sigma: SD of the noise.
        learning_rate: Step.
        decay: Of both, a generation.

    Raises:
        InputError: If a number is out of its range.

    Source:
        Salimans et al., arXiv 1703.03864 (2017), without its optimizer; numbers of Schmidgall et
        al., arXiv 2209.14406 (2022).
    """

    population: int = 200
    sigma: float = 0.1
    learning_rate: float = 0.1
    decay: float = 0.999

    def __post_init__(self) -> None:
        """Refuses what cannot be mirrored."""
        if self.population < 2 or self.population % 2:
            raise InputError(
                f"`population` must be even, for noise is mirrored; got {self.population}. Take "
                f"{max(2, self.population + 1)}."
            )
        _check_positive(sigma=self.sigma, learning_rate=self.learning_rate, decay=self.decay)

    def start(self, vector: Float[np.ndarray, " parameter"], rng: np.random.Generator) -> Search:
        """A search from these parameters.

        Args:
            vector: Where it begins.
            rng: Randomness, of this search alone.
        """
        return _OpenAiEs(self, np.array(vector, float), rng)


class _OpenAiEs(Search):
    def __init__(self, numbers: OpenAiEs, vector: np.ndarray, rng: np.random.Generator) -> None:
        self._numbers, self._mean, self._rng = numbers, vector, rng
        self._scale = 1.0
        self._noise = np.zeros((0, vector.size))

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        half = self._rng.normal(size=(self._numbers.population // 2, self._mean.size))
        self._noise = np.concatenate([half, -half])
        return self._mean + self._numbers.sigma * self._scale * self._noise

    def tell(self, returns: Float[np.ndarray, " member"]) -> None:
        rank = _ranks(returns) / (len(returns) - 1) - 0.5
        sigma = self._numbers.sigma * self._scale
        step = self._numbers.learning_rate * self._scale
        self._mean = self._mean + step / (len(returns) * sigma) * rank @ self._noise
        self._scale *= self._numbers.decay

    @property
    def mean(self) -> Float[np.ndarray, " parameter"]:
        return self._mean.copy()


@dataclass(frozen=True)
class Genetic(Strategy):
    """The best few survive as they are; all others are their copies with Gaussian mutations.

    Attributes:
        population: Members of a generation, survivors among them.
        elites: Survivors.
        sigma: SD of mutations; of log-weights it is a part of the weight.
        decay: Of it, a generation.

    Raises:
        InputError: If a number is out of its range.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022): 750, 8, .01 and .997; asexual, without
        crossover. That parents are drawn evenly from the elites is our reading.
    """

    population: int = 750
    elites: int = 8
    sigma: float = 0.01
    decay: float = 0.997

    def __post_init__(self) -> None:
        """Refuses a population of survivors alone."""
        if not 1 <= self.elites < self.population:
            raise InputError(
                f"`elites` must be at least 1 and fewer than the {self.population} of "
                f"`population`; got {self.elites}. The published numbers are 8 of 750."
            )
        _check_positive(sigma=self.sigma, decay=self.decay)

    def start(self, vector: Float[np.ndarray, " parameter"], rng: np.random.Generator) -> Search:
        """A search from these parameters; the first generation are its mutants.

        Args:
            vector: Where it begins.
            rng: Randomness, of this search alone.
        """
        return _Genetic(self, np.array(vector, float), rng)


class _Genetic(Search):
    def __init__(self, numbers: Genetic, vector: np.ndarray, rng: np.random.Generator) -> None:
        self._numbers, self._rng, self._sigma = numbers, rng, numbers.sigma
        self._elites = vector[None]
        self._population = self._elites

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        n = self._numbers.population - len(self._elites)
        parents = self._elites[self._rng.integers(len(self._elites), size=n)]
        children = parents + self._sigma * self._rng.normal(size=parents.shape)
        self._population = np.concatenate([self._elites, children])
        return self._population.copy()

    def tell(self, returns: Float[np.ndarray, " member"]) -> None:
        best = np.argsort(-returns, kind="stable")[: self._numbers.elites]
        self._elites = self._population[best]
        self._sigma *= self._numbers.decay

    @property
    def mean(self) -> Float[np.ndarray, " parameter"]:
        """The best of the last generation: a mean of elites need not be a good member."""
        return self._elites[0].copy()


@dataclass(frozen=True)
class CmaEs(Strategy):
    """Covariance matrix adaptation, by the package `cma` (extra `control`).

    Attributes:
        population: Members of a generation.
        sigma: First SD in every direction.

    Raises:
        InputError: If a number is out of its range.

    Source:
        Hansen, arXiv 1604.00772 (2016).
    """

    population: int = 16
    sigma: float = 0.5

    def __post_init__(self) -> None:
        """Refuses a population that has no better half."""
        if self.population < 4:
            raise InputError(f"`population` must be at least 4; got {self.population}. Take 16.")
        _check_positive(sigma=self.sigma)

    def start(self, vector: Float[np.ndarray, " parameter"], rng: np.random.Generator) -> Search:
        """A search from these parameters.

        Args:
            vector: Where it begins; at least two parameters.
            rng: Randomness, of this search alone.

        Raises:
            InputError: If `cma` is not installed, or there is a single parameter.
        """
        if vector.size < 2:
            raise InputError(
                f"CMA-ES needs at least 2 parameters; got {vector.size}. Take `OpenAiEs`."
            )
        try:
            cma = import_module("cma")
        except ImportError as error:
            raise InputError(
                "`cma` must be installed for CMA-ES; it is not. Install `neuroloom[control]`, or "
                "take `OpenAiEs`."
            ) from error
        options = {
            "popsize": self.population,
            "verbose": -9,
            "seed": np.nan,  # nothing global is seeded: all randomness is ours
            "randn": lambda *shape: rng.standard_normal(shape),
            "maxiter": np.inf,
            "maxfevals": np.inf,
            "CMA_diagonal": False,
        }
        return _CmaEs(cma.CMAEvolutionStrategy(np.array(vector, float), self.sigma, options))


class _CmaEs(Search):
    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._asked: list[np.ndarray] = []

    def ask(self) -> Float[np.ndarray, "member parameter"]:
        self._asked = self._inner.ask()
        return np.array(self._asked)

    def tell(self, returns: Float[np.ndarray, " member"]) -> None:
        self._inner.tell(self._asked, (-returns).tolist())

    @property
    def mean(self) -> Float[np.ndarray, " parameter"]:
        return np.array(self._inner.mean)


def _ranks(values: np.ndarray) -> np.ndarray:
    """0 for the least; equal values share the mean of their ranks."""
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values))
    rank[order] = np.arange(len(values))
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.bincount(group, rank) / count)[group]


def _check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not value > 0 or not np.isfinite(value):
            raise InputError(
                f"`{name}` must be finite and above 0; got {value}. Leave it out for the default."
            )
