"""nemos answering in its own environment; `poisson_coupling.py` starts this file with its Python.

Arguments: a file with predictors `z`, spikes `y` and `strengths`; where to put the answer; and, if
it is to be tighter than by default, the tolerance. The answer holds `coefficient` (predictor,
neuron), `intercept`, `strength` and `seconds` of the second run, when everything is compiled.
"""

import sys
import time

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import nemos as nmo  # noqa: E402

VALIDATION = 0.2


def fitted(z: np.ndarray, y: np.ndarray, strength: float) -> nmo.glm.PopulationGLM:
    """Settings of the solver are those of nemos, unless a tolerance is given."""
    settings = {"tol": float(sys.argv[3]), "maxiter": 2000} if len(sys.argv) > 3 else {}
    model = nmo.glm.PopulationGLM(
        regularizer="Ridge",
        regularizer_strength=strength,
        solver_name="LBFGS",
        solver_kwargs=settings,
    )
    return model.fit(z, y)


def chosen(z: np.ndarray, y: np.ndarray, strengths: np.ndarray) -> nmo.glm.PopulationGLM:
    """The strength with the best likelihood at the end, fitted again; one alone as it is."""
    best = float(strengths[0])
    if len(strengths) > 1:
        cut = len(y) - round(VALIDATION * len(y))
        losses = []
        for strength in strengths:
            rate = np.asarray(fitted(z[:cut], y[:cut], float(strength)).predict(z[cut:]))
            losses.append((rate - y[cut:] * np.log(rate)).sum())
        best = float(strengths[int(np.argmin(losses))])
    return fitted(z, y, best)


def main() -> None:
    with np.load(sys.argv[1]) as file:
        given = dict(file)
    for _ in range(2):
        start = time.perf_counter()
        model = chosen(given["z"], given["y"], given["strengths"])
        seconds = time.perf_counter() - start
    np.savez(
        sys.argv[2],
        coefficient=np.asarray(model.coef_),
        intercept=np.asarray(model.intercept_),
        strength=model.regularizer_strength,
        seconds=seconds,
    )


if __name__ == "__main__":
    main()
