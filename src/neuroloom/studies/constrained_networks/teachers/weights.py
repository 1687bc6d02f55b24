"""Matrices of weights as connectomes, and connectomes as weights of a given size."""

import numpy as np
from jaxtyping import Float

from neuroloom.connectome import Connectome
from neuroloom.connectome.connectome import ELECTRICAL
from neuroloom.errors import InputError

__all__ = ["checked_wiring", "connectome_of", "matrix_of", "root_mean_square_input", "with_radius"]


def connectome_of(
    weight: Float[np.ndarray, "post pre"], *, name: str, like: Connectome | None = None
) -> Connectome:
    """The connectome whose sign times count is each nonzero weight, in `mean_synapses`.

    Args:
        weight: W[post, pre]. An entry of 0 is no connection.
        name: What to call it.
        like: Whose ids and columns the neurons have; default: numbered, without columns.
    """
    post, pre = np.nonzero(weight)
    values = weight[post, pre]
    return Connectome(
        neuron_id=np.arange(len(weight)) if like is None else like.neuron_id,
        pre=pre,
        post=post,
        kind=np.zeros(pre.size, int),
        count=np.abs(values),
        sign=np.sign(values).astype(int),
        count_unit="mean_synapses",
        neurons={} if like is None else like.neurons,
        name=name,
        audit=(f"made, not measured: counts are the sizes of the weights of a {name}",),
    )


def matrix_of(connectome: Connectome) -> Float[np.ndarray, "post pre"]:
    """W[post, pre] of sign times count."""
    weight = np.zeros((connectome.n_neurons, connectome.n_neurons))
    np.add.at(weight, (connectome.post, connectome.pre), connectome.sign * connectome.count)
    return weight


def checked_wiring(connectome: Connectome, n_neurons: int) -> Connectome:
    """The connectome, if every connection of it can be a weight of a rate network.

    Raises:
        InputError: If it has another number of nodes than the config, electrical connections, or
            signs that are not known.
    """
    if connectome.n_neurons != n_neurons:
        raise InputError(
            f"`n_neurons` must be that of the connectome, {connectome.n_neurons}; the teacher's "
            f"config says {n_neurons}. Set it with `dataclasses.replace`, or select neurons."
        )
    electrical = connectome.kind == ELECTRICAL
    if electrical.any():
        raise InputError(
            "A teacher's wiring must have directed connections only; "
            f"{electrical.sum()} of {electrical.size} are electrical. Leave them out with "
            "`connectome.of_kind('chemical')`, and say so."
        )
    unknown = connectome.sign == 0
    if unknown.any() or not (connectome.count > 0).any():
        raise InputError(
            "A teacher's wiring must have connections, each with a known sign; "
            f"{unknown.sum()} of {unknown.size} have none. Apply a rule first, such as "
            "`TransmitterSigns(glutamate=-1, otherwise=1)`."
        )
    return connectome


def with_radius(weight: Float[np.ndarray, "post pre"], radius: float) -> np.ndarray:
    """The weights, scaled to a spectral radius.

    Raises:
        InputError: If they have none, as those of a feed-forward graph.
    """
    found = float(np.abs(np.linalg.eigvals(weight)).max())
    if not found > 1e-9 * np.linalg.norm(weight):
        raise InputError(
            "The wiring must have loops to be scaled to a spectral radius; its own is "
            f"{found:.3g}. A feed-forward circuit cannot make this teacher's activity: take one "
            "with recurrent connections, or the cycling teacher."
        )
    return weight * (radius / found)


def root_mean_square_input(weight: Float[np.ndarray, "post pre"]) -> float:
    """Root of the summed squared input weights, averaged over neurons.

    Of independent random weights it is the radius of the circle that their eigenvalues fill.
    """
    return float(np.sqrt((weight**2).sum() / len(weight)))
