"""A task network that is silenced, stimulated, clamped or scaled while it runs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.analysis.perturbation import Clamp, Pulse
from neuroloom.errors import InputError
from neuroloom.networks import RateNoise, TaskNetwork
from neuroloom.simulation import Performance, perform

__all__ = ["Scale", "perturbed", "scaled", "stimulate"]


@dataclass(frozen=True)
class Scale:
    """What neurons send, multiplied by a factor.

    Unlike a clamp or a current, this is another network: a clamp says what rate is sent whatever
    drives the neuron, and a scaled neuron goes on listening. With rate r sent over weights w, a
    rate of f r is the same as weights of f w, so every connection that leaves these neurons, and
    with `outputs` what the outputs read of them, is multiplied. Gap junctions are not.

    Attributes:
        neurons: Positions of the neurons.
        factor: At least 0; 0 sends nothing, as `silence` does, and 1 is a sham.
        start: First step, from 0.
        n_steps: For how many steps; None until the end.
        outputs: Whether the outputs hear it: True scales the rates, False only the weights to
            other neurons.
    """

    neurons: tuple[int, ...]
    factor: float
    start: int = 0
    n_steps: int | None = None
    outputs: bool = True

    def __post_init__(self) -> None:
        Clamp(self.neurons, self.factor, self.start, self.n_steps)  # the same rules
        if self.factor < 0:
            raise InputError(
                f"`factor` must be at least 0; got {self.factor}. Use 0 to silence: below 0 "
                "excitation would turn into inhibition."
            )


def stimulate(
    neurons: tuple[int, ...], current: float, *, start: int = 0, n_steps: int | None = None
) -> Pulse:
    """A current into neurons, from a step on.

    Args:
        neurons: Positions of the neurons.
        current: Added to their input, in the unit of the state; below 0 it inhibits.
        start: First step, from 0.
        n_steps: For how many steps; None until the end.

    Example:
        >>> stimulate((3,), 0.2, start=50).n_steps is None
        True
    """
    return Pulse(neurons, current, start, n_steps)


def scaled(
    network: TaskNetwork, neurons: Sequence[int], factor: float, *, outputs: bool = True
) -> TaskNetwork:
    """The same network with what these neurons send multiplied by a factor.

    Args:
        network: Stays as it is.
        neurons: Positions of the neurons.
        factor: At least 0.
        outputs: As in `Scale`.
    """
    chosen = np.zeros(network.n_neurons, bool)
    chosen[list(neurons)] = True
    inner = network.network
    by_neuron = jnp.where(jnp.asarray(chosen), factor, 1.0).astype(inner.strength.dtype)
    changed = eqx.tree_at(
        lambda n: n.network.strength, network, inner.strength * by_neuron[inner.pre]
    )
    if not outputs:
        return changed
    return eqx.tree_at(
        lambda n: n.output_weight, changed, network.output_weight * by_neuron[None, :]
    )


def perturbed(
    network: TaskNetwork,
    inputs: Float[Array, "trial time input"],
    perturbations: Sequence[Clamp | Pulse | Scale] = (),
    *,
    dt: float,
    initial: Float[Array, "trial neuron"] | None = None,
    noise: RateNoise | None = None,
    key: PRNGKeyArray | None = None,
) -> Performance:
    """States, rates and outputs under perturbations; without any, the sham.

    A clamped neuron sends its level and keeps a state of its own. Later clamps win over earlier
    ones; currents add up. At the ends of a `Scale` the run is cut and goes on in another network
    from the states it had.

    Args:
        network: Trained or not.
        inputs: Of the task.
        perturbations: `Clamp` and `silence` of rates, `Pulse` and `stimulate` of input currents,
            `Scale` of what is sent. All trials have the same.
        dt: Step, in seconds.
        initial: States before the first step; default the network's own.
        noise: On rates; needs `key`. The same key gives a perturbed run and its sham the same
            noise, but for runs that a `Scale` cuts: there use a sham of factor 1.
        key: Randomness of the noise.

    Raises:
        InputError: If a perturbation names a neuron that is not there or begins after the end.
    """
    n_trials, n_steps, _ = inputs.shape
    _check(perturbations, network.n_neurons, n_steps)
    clamp, current = (
        jnp.broadcast_to(jnp.asarray(one, inputs.dtype)[None], (n_trials, *one.shape))
        for one in _held(perturbations, (n_steps, network.n_neurons))
    )
    scales = [one for one in perturbations if isinstance(one, Scale)]
    edges = sorted({0, n_steps} | {edge for one in scales for edge in _window(one, n_steps)})
    parts: list[Performance] = []
    for place, (start, stop) in enumerate(itertools.pairwise(edges)):
        now, sent = network, np.ones(network.n_neurons)
        for one in scales:
            first, last = _window(one, n_steps)
            if first <= start and stop <= last:
                now = scaled(now, one.neurons, one.factor, outputs=one.outputs)
                sent[list(one.neurons)] *= one.factor if one.outputs else 1.0
        part = perform(
            now,
            inputs[:, start:stop],
            dt=dt,
            noise=noise,
            key=key if key is None or len(edges) == 2 else jax.random.fold_in(key, place),
            clamp=clamp[:, start:stop],
            current=current[:, start:stop],
            initial=parts[-1].states[:, -1] if parts else initial,
        )
        parts.append(part._replace(rates=part.rates * jnp.asarray(sent)[None, None, :]))
    if len(parts) == 1:
        return parts[0]
    return Performance(*(jnp.concatenate(one, axis=1) for one in zip(*parts, strict=True)))


def _window(one: Clamp | Pulse | Scale, n_steps: int) -> tuple[int, int]:
    """First step, and the step after the last."""
    return one.start, n_steps if one.n_steps is None else min(n_steps, one.start + one.n_steps)


def _held(
    perturbations: Sequence[Clamp | Pulse | Scale], shape: tuple[int, int]
) -> tuple[Float[np.ndarray, "time neuron"], Float[np.ndarray, "time neuron"]]:
    """Clamped rates, NaN where free, and added currents.

    Given even where there are none, so that a sham and every perturbation are one program.
    """
    clamp, current = np.full(shape, np.nan), np.zeros(shape)
    for one in perturbations:
        steps, neurons = slice(*_window(one, shape[0])), list(one.neurons)
        if isinstance(one, Clamp):
            clamp[steps, neurons] = one.level
        elif isinstance(one, Pulse):
            current[steps, neurons] += one.size
    return clamp, current


def _check(perturbations: Sequence[Clamp | Pulse | Scale], n_neurons: int, n_steps: int) -> None:
    for one in perturbations:
        last = max(one.neurons)
        if last >= n_neurons:
            raise InputError(
                f"A perturbation must name neurons of the network, 0 to {n_neurons - 1}; got "
                f"{last}. Use positions, not ids."
            )
        if one.start >= n_steps:
            raise InputError(
                f"A perturbation must begin within the {n_steps} steps of the trials; one begins "
                f"at step {one.start}. Lengthen the trials or begin earlier."
            )
