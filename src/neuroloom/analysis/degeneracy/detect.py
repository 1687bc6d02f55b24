"""Name what a recorded set cannot tell of a rate network."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree, Shaped
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from neuroloom.analysis.degeneracy.directions import Direction, proposed_directions
from neuroloom.analysis.degeneracy.kinds import (
    AbstractDegeneracy,
    Combination,
    Exchangeable,
    Silent,
    Undetermined,
    Unseen,
)
from neuroloom.analysis.degeneracy.layout import Layout
from neuroloom.analysis.degeneracy.symmetries import Symmetry, exchanges, turned_signs
from neuroloom.analysis.identifiability import Linearization, linearize, modes
from neuroloom.analysis.identifiability.posterior import check_mask
from neuroloom.analysis.identifiability.sensitivity import LARGEST
from neuroloom.errors import InputError
from neuroloom.networks import RateNetwork

__all__ = ["degeneracies", "unseen_neurons"]

_MOST_SYMMETRIES = 500  # simulations of proposals


def degeneracies(
    network: RateNetwork,
    states: Callable[[RateNetwork], Float[Array, "trial time neuron"]],
    recorded: Bool[np.ndarray, " neuron"],
    *,
    neuron_id: Shaped[np.ndarray, " neuron"],
    trainable: Callable[[Any], Any],
    prior_sd: PyTree,
    of_rates: bool = True,
    tolerance: float = 1e-4,
    every: int = 1,
) -> tuple[AbstractDegeneracy, ...]:
    """What the recorded neurons cannot tell of the unknown parameters, around this network.

    The wiring and the equation propose; each proposal is believed only if it holds in these trials:
    directions by forward sensitivities of what is recorded, symmetries by simulating both sides.
    What is left of the null space of the Gauss-Newton matrix is named by its parameters.

    Args:
        network: The point in question, such as a fitted network.
        states: Its states, by forward mode: `lambda n: simulate(n, u, dt=0.01, adjoint=False)`.
        recorded: Which neurons are recorded.
        neuron_id: Names of the neurons.
        trainable: Picks the unknown parameters.
        prior_sd: How far off each may be, as of `linearize`.
        of_rates: Whether rates are recorded, or else states.
        tolerance: A change of recorded activity below this part of what its parts make alone, and
            a stiffness below its square times the largest, count as none.
        every: Keeps every n-th sample of each trial, for directions and the null space.

    Returns:
        Values, each with a `sentence`; empty where everything can be known to first order. More
        than 500 symmetries, and null spaces of more than 10^8 entries, are not looked at.

    Raises:
        InputError: If masks, names or tolerances do not fit.

    Source:
        Ours. Autapse and time constant: constrained-networks notes of this project.
    """
    n = network.n_neurons
    check_mask(recorded, n)
    _check(neuron_id, n, recorded, tolerance)
    layout = Layout.of(network, neuron_id, trainable)

    def outputs(net: RateNetwork) -> Array:
        seen = states(net)
        return net.rate(seen) if of_rates else seen

    around = linearize(network, outputs, trainable=trainable, prior_sd=prior_sd, every=every)
    unseen = unseen_neurons(network, recorded)
    silent, linear = _regimes(network, states)
    named: list[AbstractDegeneracy] = []
    ids = neuron_id.tolist()
    if unseen.any():
        named.append(Unseen(tuple(ids[i] for i in np.flatnonzero(unseen))))
    if (silent & ~unseen).any():
        named.append(Silent(tuple(ids[i] for i in np.flatnonzero(silent & ~unseen))))
    held = _holding(around, recorded, proposed_directions(layout, linear), tolerance)
    named += [direction.means for direction in held]
    named += _symmetries(around, outputs, layout, recorded, unseen | silent, tolerance)
    named += _null_space(around, layout, recorded, unseen | silent, held, tolerance)
    return tuple(named)


def unseen_neurons(
    network: RateNetwork, recorded: Bool[np.ndarray, " neuron"]
) -> Bool[np.ndarray, " neuron"]:
    """Neurons from which no path of connections leads to a recorded neuron.

    Args:
        network: Chemical connections lead from pre to post, electrical ones both ways.
        recorded: Which neurons are recorded.
    """
    n = network.n_neurons
    pre = np.r_[np.asarray(network.pre), np.asarray(network.gap_wiring.pre)]
    post = np.r_[np.asarray(network.post), np.asarray(network.gap_wiring.post)]
    roots = np.flatnonzero(recorded)
    # Backwards, from one more node that stands behind all recorded ones.
    ends = np.r_[post, np.full(len(roots), n)], np.r_[pre, roots]
    graph = csr_array((np.ones(len(ends[0])), ends), shape=(n + 1, n + 1))
    reached = breadth_first_order(graph, n, return_predecessors=False)
    return ~np.isin(np.arange(n), reached)


def _check(ids: np.ndarray, n: int, recorded: np.ndarray, tolerance: float) -> None:
    if len(ids) != n:
        raise InputError(
            f"`neuron_id` must name the {n} neurons of the network; it names {len(ids)}. Give ids "
            "in the order of the connectome."
        )
    if not recorded.any():
        raise InputError(
            "At least one neuron must be recorded, or nothing can be known; none is. Name some."
        )
    if not 0 < tolerance < 1:
        raise InputError(
            f"`tolerance` must be between 0 and 1; got {tolerance}. 1e-4 suits single precision."
        )


def _regimes(
    network: RateNetwork, states: Callable[[RateNetwork], Array]
) -> tuple[Bool[np.ndarray, " neuron"], Bool[np.ndarray, " neuron"]]:
    """Which neurons never send anything, and whose activation is linear in every sample."""
    x = states(network)
    inside = network.inside(x, network.prepare())
    rate, slope = (np.asarray(a, np.float64) for a in network.activation.with_slope(inside))
    over = (0, 1)
    silent = (np.abs(rate).max(over) == 0) & (np.abs(slope).max(over) == 0)
    size = np.abs(rate).max(over) + 1e-12
    straight = np.abs(rate - slope * np.asarray(inside, np.float64)).max(over) <= 1e-5 * size
    even = np.ptp(slope, axis=over) <= 1e-5 * (np.abs(slope).max(over) + 1e-12)
    return silent, straight & even & ~silent


def _holding(
    around: Linearization,
    recorded: np.ndarray,
    proposals: Any,
    tolerance: float,
) -> list[Direction]:
    """Proposals along which nothing recorded changes, though each part alone changes something."""
    found = []
    for direction in proposals:
        parts = np.stack(direction.parts, axis=1) / around.prior_sd[:, None]
        moved = around.apply(parts)[recorded].reshape(-1, parts.shape[1])
        alone = np.linalg.norm(moved, axis=0)
        if alone.min() > 0 and np.linalg.norm(moved.sum(axis=1)) <= tolerance * alone.max():
            found.append(direction)
    return found


def _symmetries(
    around: Linearization,
    outputs: Callable[[Any], Array],
    layout: Layout,
    recorded: np.ndarray,
    mute: np.ndarray,
    tolerance: float,
) -> list[AbstractDegeneracy]:
    hidden = ~recorded & ~mute
    theta = around.parameters
    seen = jax.jit(lambda t: outputs(around.unravel(t))[:, :, np.flatnonzero(recorded)])
    rng = np.random.default_rng(0)
    proposals: list[Symmetry] = list(
        islice(turned_signs(layout, theta, hidden), _MOST_SYMMETRIES)
    ) + list(islice(exchanges(layout, theta, hidden, rng), _MOST_SYMMETRIES))
    found: list[AbstractDegeneracy] = []
    twins: dict[Any, tuple] = {}
    for proposal in proposals:
        one, other = (
            np.asarray(seen(jnp.asarray(t, around.prior_dtype)), np.float64)
            for t in (proposal.one, proposal.other)
        )
        size = np.abs(one - one.mean()).max() + 1e-12
        if not np.abs(one - other).max() <= tolerance * size:
            continue
        if isinstance(proposal.means, Exchangeable):
            first, twin = proposal.means.neurons
            twins[first] = (*twins.get(first, (first,)), twin)
        else:
            found.append(proposal.means)
    return found + [Exchangeable(group) for group in twins.values()]


def _null_space(
    around: Linearization,
    layout: Layout,
    recorded: np.ndarray,
    mute: np.ndarray,
    held: list[Direction],
    tolerance: float,
) -> list[AbstractDegeneracy]:
    if around.activity.size * around.n_parameters > LARGEST:
        return []
    sensitivity = around.sensitivity()
    column = np.linalg.norm(sensitivity.rows(recorded), axis=0)
    unheard = column <= tolerance**2 * column.max(initial=0.0)
    names = np.array(layout.names(), dtype=object)
    found: list[AbstractDegeneracy] = []
    beyond = unheard & ~_of_mute(layout, mute)
    if beyond.any():
        found.append(Undetermined(tuple(names[beyond].tolist())))
    spectrum = modes(sensitivity, recorded)
    largest = spectrum.stiffness.max(initial=0.0)
    null = spectrum.direction[:, spectrum.stiffness <= tolerance**2 * largest]
    # What is named already is taken out: single parameters, and directions that hold.
    named = [np.eye(layout.size)[:, unheard]]
    named += [np.stack(d.parts).sum(axis=0)[:, None] / around.prior_sd[:, None] for d in held]
    spanned = np.linalg.qr(np.concatenate(named, axis=1))[0]
    rest = null - spanned @ (spanned.T @ null)
    u, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    basis = u[:, sizes > 0.1]
    return found + _clusters(basis, names, layout)


def _of_mute(layout: Layout, mute: np.ndarray) -> np.ndarray:
    """Unknowns that belong to unseen or silent neurons alone, or to what these send."""
    belongs = np.zeros(layout.size, bool)
    for field in ("tau", "gain", "bias"):
        path = f".{field}.value"
        if path in layout.leaves:
            group = np.asarray(layout.shared(field).group)
            heard = np.bincount(group[~mute], minlength=len(layout.leaves[path])) > 0
            belongs[layout.leaves[path]] = ~heard
    if layout.strength is not None:
        pre, post = np.asarray(layout.network.pre), np.asarray(layout.network.post)
        belongs[layout.strength] = mute[pre] | mute[post]
    return belongs


def _clusters(basis: np.ndarray, names: np.ndarray, layout: Layout) -> list[AbstractDegeneracy]:
    """Parameters that move together along null directions, each group by itself."""
    if not basis.shape[1]:
        return []
    projector = basis @ basis.T
    weight = np.diag(projector)
    inside = np.flatnonzero(weight > 1e-3)
    _, label = connected_components(np.abs(projector[np.ix_(inside, inside)]) > 1e-3)
    found: list[AbstractDegeneracy] = []
    for one in range(label.max(initial=-1) + 1):
        members = inside[label == one]
        members = members[np.argsort(-weight[members], kind="stable")]
        n_free = round(float(weight[members].sum()))
        if n_free:
            gains = set(members.tolist()) <= set(layout.leaves.get(".gain.value", []))
            rank = _rank(layout.network) if gains else None
            found.append(Combination(tuple(names[members].tolist()), n_free, rank))
    return found


def _rank(network: RateNetwork) -> int | None:
    """Rank of the wiring, where that is below the number of neurons and cheap to find."""
    if network.n_neurons > 2_000:
        return None
    rank = int(np.linalg.matrix_rank(np.asarray(network.wiring.matrix(network.weight))))
    return rank if rank < network.n_neurons else None
