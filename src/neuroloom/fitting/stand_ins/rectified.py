"""Students of one rectified layer with known connections: least squares instead of descent."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError
from neuroloom.fitting.stand_ins.lesson import StandInLesson
from neuroloom.networks.stand_ins import StandInScaling, WiredForm, WiredStandIn

__all__ = ["fit_rectified"]

Vector = Float[np.ndarray, " term"]


def fit_rectified(
    lesson: StandInLesson,
    connected: Bool[np.ndarray, "post pre"],
    *,
    rows: Int[np.ndarray, "_"] | None = None,
    penalty: float = 1e-10,
    n_steps: int = 30,
) -> WiredStandIn:
    r"""The student $$y_i = [\sum_{e} w_e u_{\mathrm{pre}(e)} - T_i]_+$$ with known connections.

    Where an output is above 0 the equation is linear, so that weights and threshold follow from as
    many vectors as there are unknowns. Gauss-Newton steps on all vectors then count those as well
    where the output is 0 and the linear part is not below it.

    Descent from a random start seldom gets there: a unit that is silent at the start, or is driven
    below its threshold on the way, gets no gradient.

    Args:
        lesson: What the circuit did, such as boundary cells and place cells; outputs at least 0,
            NaN where not observed.
        connected: Which input each output hears, such as `PlaceCells.connected`; all True for a
            student that does not know the wiring.
        rows: Which rows it may see; default all.
        penalty: Of a ridge, as part of the mean square of the inputs, above 0; larger where
            recordings are noisy.
        n_steps: Gauss-Newton steps at most.

    Returns:
        A wired student, to be used as any other. An output that is nowhere above 0 stays silent.

    Raises:
        InputError: If an output is below 0, the penalty is not above 0, or shapes do not fit.

    Source:
        Ours. Rectified place cells: Hartley et al., Hippocampus 10:369 (2000).
    """
    lesson = StandInLesson(*map(np.asarray, lesson)).checked()
    inputs, outputs = (v if rows is None else v[rows] for v in lesson)
    if connected.shape != (outputs.shape[-1], inputs.shape[-1]):
        raise InputError(
            "`connected` must be (output, input), "
            f"{(outputs.shape[-1], inputs.shape[-1])}; got {connected.shape}. Transpose it, if it "
            "says whom each input reaches."
        )
    if (outputs < 0).any():
        raise InputError(
            f"Outputs must be at least 0; {int((outputs < 0).sum())} are below. Rectified units "
            "cannot stand in for them: use `MlpForm`."
        )
    if not penalty > 0:
        raise InputError(f"`penalty` must be above 0; got {penalty}. Leave it out for the default.")
    scaling = StandInScaling.learned(inputs, outputs, centered=False)
    u, y = (
        v.reshape(-1, v.shape[-1]).astype(np.float64) / np.asarray(sd, np.float64)
        for v, sd in ((inputs, scaling.input_sd), (outputs, scaling.output_sd))
    )
    weight, bias = np.zeros(connected.shape), np.zeros(len(connected))
    for i, heard in enumerate(connected):
        known = np.isfinite(y[:, i])
        design = np.column_stack([u[known][:, heard], np.ones(known.sum())])
        if (y[known, i] > 0).any():
            found = _one(design, y[known, i], penalty, n_steps)
            weight[i, heard], bias[i] = found[:-1], found[-1]
    form = WiredForm.from_mask(connected)
    student = form.draw(
        n_inputs=connected.shape[1], n_outputs=len(connected), key=jax.random.key(0)
    )
    return eqx.tree_at(
        lambda s: (s.weight, s.bias, s.scaling),
        student,
        ((jnp.asarray(weight, float),), (jnp.asarray(bias, float),), scaling),
    )


def _one(
    design: Float[np.ndarray, "vector term"],
    y: Float[np.ndarray, " vector"],
    penalty: float,
    n_steps: int,
) -> Vector:
    """Weights and minus the threshold of one unit."""

    def solved(rows: np.ndarray, target: np.ndarray) -> Vector:
        moments = rows.T @ rows
        ridge = penalty * np.trace(moments) / len(moments)
        return np.linalg.solve(moments + ridge * np.eye(len(moments)), rows.T @ target)

    def error(a: Vector) -> float:
        return float(((np.maximum(design @ a, 0) - y) ** 2).sum())

    found = solved(design[y > 0], y[y > 0])
    lowest = error(found)
    for _ in range(n_steps):
        drive = design @ found
        on = drive > 0
        if not on.any():
            break
        step = solved(design[on], y[on] - drive[on])
        sizes = [found + step / 2**k for k in range(6)]
        errors = [error(a) for a in sizes]
        best = int(np.argmin(errors))
        if not errors[best] < lowest * (1 - 1e-12):
            break
        found, lowest = sizes[best], errors[best]
    return found
