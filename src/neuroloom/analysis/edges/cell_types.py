"""Scores at the level of neurons and cell types: who excites, and which types are connected."""

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.analysis.edges.pairs import Pairs
from neuroloom.analysis.scores import auroc

__all__ = ["class_means", "excitation_score"]


def excitation_score(pairs: Pairs) -> float:
    """Does what a neuron sends say whether it excites? AUROC over presynaptic neurons, 0 to 1.

    A neuron excites if the true weights that it sends sum to more than 0; its score is the mean of
    the estimated ones. Neurons that send nothing, or as much of both, are left out.

    Args:
        pairs: As `scored_pairs` gives them.

    Returns:
        0.5 is chance; NaN where neurons of one kind only are left.
    """
    neuron, at = np.unique(pairs.pre, return_inverse=True)
    sent = np.bincount(at, pairs.truth, neuron.size)
    estimated = np.bincount(at, pairs.estimate, neuron.size) / np.bincount(at)
    kept = sent != 0
    if not kept.any():
        return float("nan")
    return float(auroc(estimated[kept], sent[kept] > 0)[0])


def class_means(
    pairs: Pairs, cell_type: Shaped[np.ndarray, " neuron"]
) -> tuple[Float[np.ndarray, "post pre"], Float[np.ndarray, "post pre"]]:
    """Mean estimated and mean true weight of each pair of types [post, pre], in their units.

    Means are over all pairs of different neurons, connected or not: a mean over true edges alone
    would give an estimate knowledge that it does not have.

    Args:
        pairs: As `scored_pairs` gives them.
        cell_type: Label of each neuron.

    Returns:
        Types in sorted order; NaN where a pair of types has no pair of different neurons.
    """
    names, at = np.unique(cell_type, return_inverse=True)
    block = at[pairs.post] * names.size + at[pairs.pre]
    n = np.bincount(block, minlength=names.size**2)

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.bincount(block, values, names.size**2)
        with np.errstate(invalid="ignore"):
            return (total / n).reshape(names.size, names.size)

    return mean(pairs.estimate), mean(pairs.truth)
