r"""The compass as a rate network: E-PG held at what was seen, all else left to the wiring.

Ten numbers are fitted: a gain, a bias and a time constant for each of E-PG, P-EN1 and Delta7, and
how strongly turning pushes P-EN1, up in one half of the bridge and down in the other. The wiring
has neither the ring neurons nor the neurons that bring turning to P-EN1 (in the noduli), hence that
push; which half it favors is fitted too.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.fitting import fit, squared_error
from neuroloom.networks import ExponentialEuler, RateNetwork, Softplus
from neuroloom.networks.constraints import Bounded, Exponential
from neuroloom.networks.observation import PooledRoi
from neuroloom.networks.parameters import per_group
from neuroloom.simulation import simulate
from neuroloom.studies.constrained_networks.heading.config import HeadingConfig
from neuroloom.studies.constrained_networks.heading.rois import wedge_of

__all__ = ["Compass", "Drive", "bridge_only", "crossed", "fit_compasses", "signed_weights"]

START_TAU = 0.2  # s


class Drive(NamedTuple):
    """What the network is given, and what it is to show.

    Attributes:
        epg: Rates that hold the E-PG, NaN for all other neurons.
        turning: Between -1 and 1: angular velocity, squashed.
        target: What was measured of the regions, in their order.
    """

    epg: Float[Array, "trial time neuron"]
    turning: Float[Array, "trial time"]
    target: Float[Array, "trial time roi"]


class Compass(eqx.Module):
    r"""$$\tau \dot x = -x + W r + k\, s\, v(t)$$, where r of E-PG is what was seen of them.

    Attributes:
        network: The wiring, scaled, with a gain, a bias and a time constant for each cell type.
        push: k, in units of the state at the fastest turns, v = 1.
        half: s: +1 for P-EN1 of the right half of the bridge, -1 for the left, 0 for others.
        n_burn: Steps at the start of a trial that count for nothing.
        dt: Step, in seconds.
    """

    network: RateNetwork
    push: Float[Array, ""]
    half: Float[Array, " neuron"]
    n_burn: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    @classmethod
    def from_connectome(cls, connectome: Connectome, config: HeadingConfig) -> "Compass":
        """Before any fit: gains 1, biases 0, no push.

        Args:
            connectome: Signed, with the columns of `fly_cx_fafb`.
            config: Numbers.
        """
        cell_type, glomerulus = connectome.column("cell_type"), connectome.column("glomerulus")
        right = np.array([name.endswith("R") for name in glomerulus])
        largest = np.linalg.eigvals(_matrix(connectome)).real.max()
        shared = partial(per_group, label=cell_type)
        network = RateNetwork.from_connectome(
            connectome,
            count_scale=float(largest) / config.abscissa,
            tau=shared(START_TAU, unit="s", constraint=Bounded(*config.tau_bounds)),
            gain=shared(1.0, unit="1", constraint=Exponential()),
            bias=shared(0.0, unit="state"),
            activation=Softplus(config.smoothness),
        )
        half = np.where(cell_type == "PEN1", np.where(right, 1.0, -1.0), 0.0)
        return cls(network, jnp.zeros(()), jnp.asarray(half), config.n_burn, config.dt)

    def rates(
        self, epg: Float[Array, "trial time neuron"], turning: Float[Array, "trial time"]
    ) -> Float[Array, "trial time neuron"]:
        """Rates after each step; those of E-PG are what the others make of them, not what is held.

        Args:
            epg: Rates that hold the E-PG during each step, NaN for all other neurons.
            turning: Between -1 and 1, during each step.
        """
        inputs = self.push * turning[..., None] * self.half[None, None, :]
        states = simulate(
            self.network, inputs, dt=self.dt, clamp=epg, integrator=ExponentialEuler()
        )
        return self.network.rate(states)


class _Shown(eqx.Module):
    """A compass and the regions through which it is seen."""

    compass: Compass
    regions: PooledRoi


def fit_compasses(
    starts: Sequence[Compass],
    drive: Drive,
    regions: PooledRoi,
    config: HeadingConfig,
    *,
    horizon: int,
) -> list[Compass]:
    """Fit ten numbers of each wiring to one population, all as one program.

    Adam on the squared error of the regions about their mean in each trial.

    Args:
        starts: Each from `Compass.from_connectome`, of wirings with as many connections.
        drive: Training trials; its target is of the population that `regions` sees.
        regions: From rates to what is measured.
        config: Numbers.
        horizon: Steps between the E-PG that are held and what is foretold; turning is that of the
            moment foretold.
    """
    stop = drive.epg.shape[1] - horizon
    shifted = Drive(drive.epg[:, :stop], drive.turning[:, horizon:], drive.target[:, horizon:])
    shown = [_Shown(start, regions) for start in starts]
    fitted = fit(
        shown[0],
        shifted,
        _loss,
        trainable=_trained,
        own=_wiring,
        starts=shown,
        key=jax.random.key(config.seed),
        optimizer=_adam(config.learning_rate),
        n_steps=config.n_fit_steps,
        check_every=config.n_fit_steps,
        progress=False,
    )
    if not fitted.finished:
        raise KeyboardInterrupt
    return [fitted.member(i).compass for i in range(len(starts))]


def _loss(
    shown: _Shown, batch: Drive, weight: Float[Array, " trial"], key: PRNGKeyArray
) -> Float[Array, ""]:
    del key
    n_burn = shown.compass.n_burn
    seen = shown.regions(shown.compass.rates(batch.epg, batch.turning))[:, n_burn:]
    target = batch.target[:, n_burn:]
    return squared_error(
        seen - seen.mean(axis=1, keepdims=True),
        target - target.mean(axis=1, keepdims=True),
        jnp.broadcast_to(weight[:, None, None], target.shape),
    )


def _trained(shown: Any) -> tuple[Any, ...]:  # a `_Shown` of arrays, or of marks
    network = shown.compass.network
    return network.gain.value, network.bias.value, network.tau.value, shown.compass.push


def _wiring(shown: Any) -> tuple[Any, ...]:
    network = shown.compass.network
    return network.sign, network.strength, network.wiring.pre, network.wiring.post


def crossed(connectome: Connectome) -> Connectome:
    """Each P-EN1 sends where that of the other half for the same tile does: shifts are reversed.

    A P-EN1 and its partner hear E-PG of one tile and send one tile on, in opposite senses.

    Args:
        connectome: With the columns of `fly_cx_fafb`; P-EN1 of glomeruli 2 to 9 of both halves.
    """
    glomerulus, cell_type = connectome.column("glomerulus"), connectome.column("cell_type")
    pen1 = {str(glomerulus[i]): i for i in np.flatnonzero(cell_type == "PEN1")}
    hears = {name: wedge_of(name) // 2 for name in pen1}
    partner = np.arange(connectome.n_neurons)
    for name, i in pen1.items():
        (other,) = [o for o in pen1 if o[1] != name[1] and hears[o] == hears[name]]
        partner[i] = pen1[other]
    why = "null wiring: each P-EN1 sends where that of the other half for the same tile does"
    return replace(connectome, pre=partner[connectome.pre], audit=(*connectome.audit, why))


def bridge_only(connectome: Connectome) -> Connectome:
    """E-PG reach P-EN1 in the bridge only, that is, in their own glomerulus.

    Of the extrapolated wiring, nine in ten synapses from E-PG to P-EN1 lie in the ellipsoid body,
    between other glomeruli; their counts are set to 0 here.

    Args:
        connectome: With the columns of `fly_cx_fafb`.
    """
    glomerulus, cell_type = connectome.column("glomerulus"), connectome.column("cell_type")
    pre, post = connectome.pre, connectome.post
    between = (cell_type[pre] == "EPG") & (cell_type[post] == "PEN1")
    elsewhere = between & (glomerulus[pre] != glomerulus[post])
    lost = connectome.count[elsewhere].sum() / connectome.count[between].sum()
    why = f"E-PG to P-EN1 in the bridge only: {lost:.0%} of their synapses set to 0"
    return replace(
        connectome,
        count=np.where(elsewhere, 0, connectome.count),
        audit=(*connectome.audit, why),
    )


def signed_weights(connectome: Connectome, abscissa: float) -> Float[np.ndarray, "neuron neuron"]:
    """W[post, pre] as in the network: the largest real part of an eigenvalue is `abscissa`."""
    weights = _matrix(connectome)
    return weights * abscissa / np.linalg.eigvals(weights).real.max()


def _matrix(connectome: Connectome) -> Float[np.ndarray, "neuron neuron"]:
    weights = np.zeros((connectome.n_neurons,) * 2)
    weights[connectome.post, connectome.pre] = connectome.count * connectome.sign
    return weights


@cache
def _adam(learning_rate: float) -> optax.GradientTransformation:
    return optax.adam(learning_rate)
