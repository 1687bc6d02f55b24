"""Every score of an estimated connectivity at once, by name and with its unit."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.analysis.edges.calibration import calibration_table
from neuroloom.analysis.edges.cell_types import class_means, excitation_score
from neuroloom.analysis.edges.pairs import Pairs, scored_pairs
from neuroloom.analysis.edges.ranking import precision_at, sign_accuracy, spearman
from neuroloom.analysis.scores import auroc, average_precision, correlation
from neuroloom.errors import InputError

__all__ = ["EdgeScore", "edge_scores"]


class EdgeScore(NamedTuple):
    """One number.

    Attributes:
        value: NaN where it is not defined, for example without a single edge.
        unit: Empty for a number without one.
    """

    value: float
    unit: str = ""


@no_type_check  # shapes are checked here, in words, also where a run-time checker is at work
def edge_scores(
    estimate: Float[np.ndarray, "post pre"],
    truth: Float[np.ndarray, "post pre"],
    *,
    probability: Float[np.ndarray, "post pre"] | None = None,
    cell_type: Shaped[np.ndarray, " neuron"] | None = None,
    seen: Bool[np.ndarray, " neuron"] | None = None,
) -> dict[str, EdgeScore]:
    """Scores by name. The diagonal and pairs whose truth is NaN do not count.

    | name | what | chance |
    |---|---|---|
    | `n_pairs`, `n_edges`, `prevalence` | what is scored | |
    | `auroc`, `auprc` | of abs(estimate), against truth != 0 | 0.5, prevalence |
    | `precision_at_k` | k = number of edges | prevalence |
    | `pearson`, `spearman` | with the signed truth, over all pairs | 0 |
    | `sign_accuracy` | of all edges; an estimate of 0 is wrong | 0.5 if none is 0 |
    | `sign_accuracy_nonzero` | of edges not estimated as 0 | 0.5 |
    | `ei_separation` | AUROC over presynaptic neurons | 0.5 |
    | `class_pearson`, `n_class_pairs` | of means by pair of types; with `cell_type` | 0 |
    | `probability_auroc`, `probability_auprc` | of `probability` | 0.5, prevalence |
    | `calibration_error`, `largest_calibration_gap` | of `probability` | |

    The largest gap is that of deciles of probability with 200 pairs or more. Never read one of
    these as accuracy: in sparse networks "no edge" is nearly always right.

    Args:
        estimate: Estimated W[post, pre]. Any unit; 0 where no edge is claimed.
        truth: True W[post, pre] of the same neurons.
        probability: That there is an edge, 0 to 1.
        cell_type: Label of each neuron.
        seen: Which neurons were recorded. Default: all.

    Raises:
        InputError: As `scored_pairs` and `calibration_table`, or if `probability` or `cell_type`
            are for other neurons.

    Example:
        >>> truth = np.array([[0.0, -1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
        >>> found = edge_scores(0.1 * truth, truth)
        >>> found["auroc"].value, round(found["prevalence"].value, 3), found["n_edges"]
        (1.0, 0.333, EdgeScore(value=2.0, unit='pairs'))
    """
    pairs = scored_pairs(estimate, truth, seen=seen)
    size = np.abs(pairs.estimate)
    n_edges = int(pairs.edge.sum())
    of_all, of_given = sign_accuracy(pairs.estimate, pairs.truth)
    found = {
        "n_pairs": EdgeScore(float(size.size), "pairs"),
        "n_edges": EdgeScore(float(n_edges), "pairs"),
        "prevalence": EdgeScore(n_edges / size.size),
        "auroc": EdgeScore(float(auroc(size, pairs.edge)[0])),
        "auprc": EdgeScore(float(average_precision(size, pairs.edge)[0])),
        "precision_at_k": EdgeScore(
            precision_at(size, pairs.edge, n_edges) if n_edges else float("nan")
        ),
        "pearson": EdgeScore(float(correlation(pairs.estimate, pairs.truth)[0])),
        "spearman": EdgeScore(spearman(pairs.estimate, pairs.truth)),
        "sign_accuracy": EdgeScore(of_all),
        "sign_accuracy_nonzero": EdgeScore(of_given),
        "ei_separation": EdgeScore(excitation_score(pairs)),
    }
    if cell_type is not None:
        found |= _of_types(pairs, cell_type, len(truth))
    if probability is not None:
        found |= _of_probability(pairs, probability, truth.shape)
    return found


def _of_types(pairs: Pairs, cell_type: np.ndarray, n_neurons: int) -> dict[str, EdgeScore]:
    if cell_type.shape != (n_neurons,):
        raise InputError(
            f"`cell_type` must have a label for each of the {n_neurons} neurons; its shape is "
            f"{cell_type.shape}. Restrict it to the neurons of the estimate."
        )
    estimated, true = class_means(pairs, cell_type)
    there = ~np.isnan(true)
    return {
        "class_pearson": EdgeScore(float(correlation(estimated[there], true[there])[0])),
        "n_class_pairs": EdgeScore(float(there.sum()), "pairs of types"),
    }


def _of_probability(
    pairs: Pairs, probability: np.ndarray, shape: tuple[int, int]
) -> dict[str, EdgeScore]:
    if probability.shape != shape:
        raise InputError(
            f"`probability` must be [post, pre] of the same neurons, {shape}; its shape is "
            f"{probability.shape}. Restrict it to the neurons of the estimate."
        )
    likely = probability[pairs.post, pairs.pre].astype(np.float64)
    table = calibration_table(likely, pairs.edge)
    return {
        "probability_auroc": EdgeScore(float(auroc(likely, pairs.edge)[0])),
        "probability_auprc": EdgeScore(float(average_precision(likely, pairs.edge)[0])),
        "calibration_error": EdgeScore(table.expected_error),
        "largest_calibration_gap": EdgeScore(table.largest_gap()),
    }
