"""A second estimate from deconvolved activity, as a section of the page of a connectivity."""

import numpy as np

from neuroloom.report.figures.connectivity import color_limit
from neuroloom.report.layout import Fact, Matrix, Section
from neuroloom.report.wording import number, signed
from neuroloom.studies.connectivity import Connectivity
from neuroloom.studies.connectivity_forecasts import OURS
from neuroloom.studies.deconvolved import DECONVOLVED, Deconvolved
from neuroloom.studies.twins import SURE

__all__ = ["deconvolved_section"]


def deconvolved_section(found: Connectivity, again: Deconvolved, order: np.ndarray) -> Section:
    """What deconvolution changes: the decay, what is sure in both, and the matrix.

    Args:
        found: The answer from the activity itself.
        again: The second estimate.
        order: Of the neurons, as the first matrix has them.
    """
    sure, also = (one.probability >= SURE for one in (found.edges, again.edges))
    both = int((sure & also).sum())
    left = again.decay.slowest
    rows = found.forecasts.scores.query("measure == 'r'").to_dict("records")
    r = {str(row["arm"]): float(row["value"]) for row in rows}
    facts = (
        Fact(
            "decay of the sensor",
            f"{-found.dt / np.log(left):.3g} s",
            f"{left:.0%} is left after a frame of {found.dt:.3g} s",
        ),
        Fact("sure connections", f"{int(also.sum()):,}", f"{both:,} of them sure without, too"),
        Fact(
            "common drive",
            f"{again.edges.factors.n:,} factors",
            f"{again.edges.n_lags:,} lags",
        ),
        Fact(
            "agreement",
            number(again.correlation),
            "correlation of all effects with those without deconvolution",
        ),
        Fact(
            "next-step r",
            number(r[DECONVOLVED]),
            f"{signed(r[DECONVOLVED] - r[OURS])} against without",
        ),
    )
    gamma = ", ".join(f"{one:.3f}" for one in again.decay.coefficient)
    return Section(
        "deconvolved",
        "After deconvolution",
        "The same estimate from what goes into the sensor: activity less what is left of the "
        "frames before.",
        facts=facts,
        matrices=(
            Matrix(
                "deconvolved",
                "Every pair, after deconvolution",
                "As the matrix above, from deconvolved activity.",
                found.neuron_id,
                again.edges.connectivity,
                again.edges.probability,
                color_limit(again.edges.connectivity),
                {"as the first matrix": order, "as recorded": np.arange(len(order))},
            ),
        ),
        sentences=(
            f"The decay is that of all neurons together, from autocovariances that noise does not "
            f"touch: {gamma} a frame. Slow drive is taken for a slow sensor.",
            "Noise of the sensor stays in, with opposite signs in neighboring frames. On simulated "
            "calcium both estimates find connections about equally well; where they disagree, "
            "neither is known to be right.",
        ),
    )
