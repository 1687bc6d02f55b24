"""Push some neurons of a wired rate network, and see who follows."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError, SimulationError
from neuroloom.networks import (
    AbstractIntegrator,
    Calcium,
    DoubleExponential,
    ForwardEuler,
    Linear,
    RateNetwork,
    SingleExponential,
    global_value,
)
from neuroloom.recording import Recording, Stimulus
from neuroloom.simulation import simulate
from neuroloom.studies.scaling import check_scaling, scaled_to, sign_rule_for

__all__ = ["push"]


def push(
    connectome: Connectome,
    stimulated: Sequence[str],
    *,
    amplitude: float = 1.0,
    duration: float = 2.0,
    onset: float = 0.2,
    width: float = 1.0,
    dt: float = 0.01,
    tau: float = 0.1,
    radius: float = 0.9,
    sign_rule: str = "transmitter",
    integrator: AbstractIntegrator | None = None,
    calcium_decay: float | None = None,
    calcium_rise: float | None = None,
) -> Recording:
    """Rates of a linear rate network while some neurons receive a constant input, or their calcium.

    Rates are deviations from rest and may be negative. Weights are counts, scaled so that the
    largest |eigenvalue| of the signed wiring is `radius` (without loops, where all are 0: so that
    the largest sum of |weights| onto a neuron is); conductances of gap junctions so that the best
    coupled neuron leaks as much through them as through its membrane.

    Args:
        connectome: Any; muscles and other nodes take part.
        stimulated: Ids of the neurons that are pushed.
        amplitude: Input while pushed, in the unit of the state.
        duration: Length of the simulation, in seconds.
        onset: Start of the input, in seconds.
        width: Length of the input, in seconds.
        dt: Step, in seconds; below half of `tau` in forward Euler.
        tau: Time constant of every neuron, in seconds.
        radius: Largest |eigenvalue| of the signed wiring, at least 0 and below 1.
        sign_rule: `transmitter`, `excitatory` or `dropped`, for connections of unknown sign; a sign
            that is known stays.
        integrator: How a step is taken; default `ForwardEuler()`.
        calcium_decay: Return calcium instead of rates, with this decay in seconds: a kernel of area
            1 times 1 dF/F per unit of rate, from 0.
        calcium_rise: Its rise, in seconds; default none, a single exponential.

    Returns:
        One trial of kind `rate`, or `calcium` in dF/F, from `dt` on, as each sample stands at the
        end of its step; the audit says what the sign rule touched,
        how steps were taken and which kernel was used.

    Raises:
        InputError: If an id is unknown, a number is out of range, or signs are unknown and so are
            the transmitters.
    """
    method = integrator or ForwardEuler()
    largest_step = 0.5 * tau if isinstance(method, ForwardEuler) else float("inf")
    _check(stimulated, duration, dt, tau, largest_step, radius, sign_rule)
    _check_push(amplitude, onset, width, duration)
    calcium = _calcium(connectome.n_neurons, calcium_decay, calcium_rise)
    rule = sign_rule_for(connectome, sign_rule)
    ids = np.array(list(stimulated))
    if connectome.neuron_id.dtype.kind == "i":
        ids = _whole(ids)
    pushed = connectome.positions(ids)
    network = RateNetwork.from_connectome(
        connectome,
        tau=global_value(tau, connectome.n_neurons, unit="s"),
        activation=Linear(),
        unknown_sign=rule,
    )
    network, scaling = scaled_to(radius, network, connectome, rule)
    n_steps = round(duration / dt)
    time = dt * np.arange(n_steps)
    inputs = np.zeros((n_steps, connectome.n_neurons))
    on = (time >= onset - 1e-9) & (time < onset + width - 1e-9)
    inputs[np.ix_(on, pushed)] = amplitude
    u = jnp.asarray(inputs, network.scale.dtype)
    states = simulate(network, u, dt=dt, integrator=method)  # and rates: the network is linear
    if not np.isfinite(states).all():
        raise SimulationError(
            f"The rates must stay finite; they did not with dt {dt} s and tau {tau} s. Use a "
            "smaller `dt`, or `--integrator exponential`: gap junctions make fast time constants."
        )
    seen = states if calcium is None else calcium(states, dt=dt, before=jnp.zeros_like(states[0]))
    return Recording(
        activity=np.asarray(seen)[None].astype(np.float64),
        neuron_id=connectome.neuron_id,
        kind="rate" if calcium is None else "calcium",
        unit="" if calcium is None else "dF/F",
        dt=dt,
        start=dt,  # a state is that at the end of its step
        stimuli=tuple(Stimulus(0, onset, width, i, "push") for i in ids.tolist()),
        name=f"simulation of {connectome.name or 'a connectome'}",
        audit=(
            *scaling,
            f"stepped by {type(method).__name__}, {dt:g} s a step",
            *(() if calcium is None else (_said(calcium_decay, calcium_rise),)),
        ),
    )


def _calcium(n: int, decay: float | None, rise: float | None) -> Calcium | None:
    """What sees the rates, if anything does."""
    if decay is None:
        if rise is not None:
            raise InputError(
                f"A rise of calcium must come with a decay; got a rise of {rise} s alone. Add "
                "`--calcium-decay`."
            )
        return None
    for name, seconds in (("calcium_decay", decay), ("calcium_rise", rise)):
        if seconds is not None and not 0 < seconds < float("inf"):
            raise InputError(
                f"`{name}` must be above 0 and finite; got {seconds} s. Give seconds, or leave it "
                "out."
            )
    falling = global_value(decay, n, unit="s")
    if rise is None:
        return Calcium.from_kernel(SingleExponential(falling))
    return Calcium.from_kernel(DoubleExponential(global_value(rise, n, unit="s"), falling))


def _said(decay: float | None, rise: float | None) -> str:
    """The kernel in a sentence."""
    shape = (
        f"single exponential with decay {decay:g} s"
        if rise is None
        else f"double exponential with rise {rise:g} s and decay {decay:g} s"
    )
    return f"calcium in dF/F: {shape}, area 1, 1 dF/F per unit of rate, from 0"


def _check(
    stimulated: Sequence[str],
    duration: float,
    dt: float,
    tau: float,
    largest_step: float,
    radius: float,
    sign_rule: str,
) -> None:
    check_scaling(tau=tau, radius=radius, sign_rule=sign_rule)
    if not stimulated:
        raise InputError(
            "At least one neuron must be pushed; got none. Name it with `--stimulate`."
        )
    if not 0 < dt < largest_step:
        raise InputError(
            f"`dt` must be above 0 and below {largest_step:g} s; got {dt} s. Forward Euler needs "
            "steps below half of `tau`: try a tenth of `tau`, or `--integrator exponential`."
        )
    if not dt <= duration < float("inf"):
        raise InputError(
            f"`duration` must be at least one step ({dt} s); got {duration} s. Give seconds."
        )


def _check_push(amplitude: float, onset: float, width: float, duration: float) -> None:
    if not np.isfinite(amplitude):
        raise InputError(f"`amplitude` must be finite; got {amplitude}. Try 1.")
    if not 0 <= onset < duration:
        raise InputError(
            f"`onset` must be at least 0 and before the end ({duration} s); got {onset} s. Nothing "
            "would be pushed otherwise."
        )
    if not 0 < width < float("inf"):
        raise InputError(
            f"`width` must be above 0 and finite; got {width} s. To push until the end, give the "
            "duration."
        )


def _whole(ids: np.ndarray) -> np.ndarray:
    try:
        return np.array([int(i) for i in ids.tolist()], np.int64)
    except ValueError as error:
        raise InputError(
            f"Ids of this connectome must be whole numbers; got {ids.tolist()}. "
            "`neuroloom inspect` shows what the file holds."
        ) from error
