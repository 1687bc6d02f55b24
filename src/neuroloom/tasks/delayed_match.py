"""Is the test stimulus the sample that was shown before the delay?"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.tasks.trials import Trials

__all__ = ["DelayedMatch"]


@dataclass(frozen=True)
class DelayedMatch:
    r"""Delayed match to sample: fixate, see a sample, wait, see a test, and say if they are equal.

    $$u_k = \tfrac12 \big(1 + \cos(\theta - 2 \pi k / n)\big) + \sigma \eta / \sqrt{dt}$$

    Input 0 is 1 as long as the animal must fixate (all but the decision); the n others are units
    tuned to the stimulus, one of n directions, with white noise while a stimulus is on. Outputs are
    [fixate, match, no match]: the right one is 1, the others 0, and every target counts. Half the
    trials match (each by a coin); a test that does not is any other stimulus, equally likely.

    Attributes:
        dt: Step, in seconds.
        fixation: Before the sample, in seconds.
        sample: For which the sample is shown, in seconds.
        delay: Shortest and longest delay, in seconds; uniform, on the grid of steps.
        test: For which the test is shown, in seconds.
        decision: In which to answer, in seconds.
        n_stimuli: n, stimuli and units tuned to them; at least 2.
        noise: sigma, SD of the white noise per square root of a second.

    Example:
        >>> import jax
        >>> task = DelayedMatch()
        >>> trials = task(jax.random.key(0), 6)
        >>> trials.inputs.shape, trials.targets.shape, task.is_match(trials).shape
        ((6, 128, 3), (6, 128, 3), (6,))

    Source:
        Miller, Erickson and Desimone, J. Neurosci. 16:5154 (1996), in the form and with the numbers
        of neurogym's DelayMatchSample (0.3, 0.5, 1, 0.5 and 0.9 s, noise 0.1 a step of 0.1 s).
        Ours: smaller steps, delays that may vary, and more than two stimuli, among which theirs
        takes the opposite one as a test that does not match.
    """

    dt: float = 0.025
    fixation: float = 0.3
    sample: float = 0.5
    delay: tuple[float, float] = (1.0, 1.0)
    test: float = 0.5
    decision: float = 0.9
    n_stimuli: int = 2
    noise: float = 0.0316

    def __post_init__(self) -> None:
        if not (self.dt > 0 and self.noise >= 0 and self.n_stimuli >= 2):
            raise InputError(
                "`dt` must be above 0, `noise` at least 0 and `n_stimuli` at least 2; got "
                f"{self.dt}, {self.noise} and {self.n_stimuli}. Use 0.025, 0.0316 and 2."
            )
        shortest = min(self.sample, self.test, self.decision)
        if not (self.fixation >= 0 and 0 <= self.delay[0] <= self.delay[1] and shortest > 0):
            raise InputError(
                "Periods must last: `sample`, `test` and `decision` above 0 s, `fixation` and "
                f"`delay` at least 0 s, shortest delay first; got {self.sample}, {self.test}, "
                f"{self.decision}, {self.fixation} and {self.delay}. Give seconds."
            )

    @property
    def n_inputs(self) -> int:
        """Inputs: fixation and the units tuned to stimuli."""
        return 1 + self.n_stimuli

    @property
    def n_outputs(self) -> int:
        """Outputs: fixate, match, no match."""
        return 3

    @property
    def n_steps(self) -> int:
        """Steps in a trial, of the longest delay; after a shorter one the decision lasts longer."""
        periods = (self.fixation, self.sample, self.delay[1], self.test, self.decision)
        return sum(round(period / self.dt) for period in periods)

    def __call__(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw n trials."""
        return _drawn(self, key, n)

    def is_match(self, trials: Trials) -> Bool[Array, " trial"]:
        """Whether the test is the sample, by the targets.

        Args:
            trials: Of this task.
        """
        return trials.targets[:, -1, 1] == 1

    def correct(
        self, trials: Trials, outputs: Float[Array, "trial time output"]
    ) -> Bool[Array, " trial"]:
        """Whether the larger of match and no match, on average over the decision, is right.

        Args:
            trials: Of this task.
            outputs: Of a network in these trials.
        """
        deciding = trials.targets[:, :, :1] == 0
        said = jnp.sum(jnp.where(deciding, outputs, 0.0), axis=1)
        return (said[:, 1] > said[:, 2]) == self.is_match(trials)

    def _draw(self, key: PRNGKeyArray, n: int) -> Trials:
        sample_key, match_key, other_key, delay_key, noise_key = jax.random.split(key, 5)
        sample = jax.random.randint(sample_key, (n, 1), 0, self.n_stimuli)
        match = jax.random.bernoulli(match_key, 0.5, (n, 1))
        other = sample + jax.random.randint(other_key, (n, 1), 1, self.n_stimuli)
        test = jnp.where(match, sample, other % self.n_stimuli)
        low, high = (round(delay / self.dt) for delay in self.delay)
        waited = jax.random.randint(delay_key, (n, 1), low, high + 1)
        start = round(self.fixation / self.dt)
        gone = start + round(self.sample / self.dt)
        again = gone + waited
        asked = again + round(self.test / self.dt)
        steps = jnp.arange(self.n_steps)[None, :]
        first = (steps >= start) & (steps < gone)
        second = (steps >= again) & (steps < asked)
        shown = jnp.where(first, sample, test)[:, :, None]
        away = 2 * np.pi * (shown - jnp.arange(self.n_stimuli)[None, None, :]) / self.n_stimuli
        noise = jax.random.normal(noise_key, away.shape) * self.noise / self.dt**0.5
        on = (first | second)[:, :, None]
        stimulus = jnp.where(on, 0.5 * (1 + jnp.cos(away)) + noise, 0.0)
        fixate = steps < asked
        inputs = jnp.concatenate([fixate[:, :, None].astype(noise.dtype), stimulus], axis=-1)
        answers = jnp.stack([fixate, ~fixate & match, ~fixate & ~match], axis=-1)
        return Trials(inputs, answers.astype(noise.dtype), jnp.ones(answers.shape, bool))


@partial(jax.jit, static_argnames=("task", "n"))
def _drawn(task: DelayedMatch, key: PRNGKeyArray, n: int) -> Trials:
    return task._draw(key, n)
