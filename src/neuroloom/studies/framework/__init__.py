"""The framework of studies, in the order in which to read it.

* `study`: `Study`, `Arm`, `Cell`, `grid`, `Row`, `Measured`, `NoDataError`: what an author writes.
* `claims` and `results`: `Claim`, `Verdict`, and `Results`, which a judge reads.
* `cells`: `Context`, and how a cell is computed, retried and kept.
* `cluster`: cells over Dask.
* `run`: `run`, which does it all and leaves a run folder.

An arm in full, in a file of its own:

    def cells(config):
        return grid("students", n_neurons=config.sizes, seed=range(config.n_seeds))

    def measure(cell, config, context):
        parts = (cell["n_neurons"], cell["seed"])
        teacher = context.cached("teacher", parts, lambda: train(*parts))
        error = {m: ... for m in config.n_recorded}            # one stacked fit, many students
        return Measured([
            Row("unrecorded", "mse", error[m], "rate^2", at={"n_recorded": m}) for m in error
        ])

    def judge(results, config):
        errors = results.values("students", "unrecorded", "mse", n_recorded=40, n_neurons=300)
        return Verdict.of(np.median(errors) < 1e-3, np.median(errors))
"""

from neuroloom.studies.framework.cells import Context
from neuroloom.studies.framework.claims import Claim, NotTestedError, Verdict
from neuroloom.studies.framework.results import Results, mean_interval, median_interval
from neuroloom.studies.framework.run import BrokenRunError, run
from neuroloom.studies.framework.study import Arm, Cell, Measured, NoDataError, Row, Study, grid

__all__ = [
    "Arm",
    "BrokenRunError",
    "Cell",
    "Claim",
    "Context",
    "Measured",
    "NoDataError",
    "NotTestedError",
    "Results",
    "Row",
    "Study",
    "Verdict",
    "grid",
    "mean_interval",
    "median_interval",
    "run",
]
