"""Second-order steps for sums of squares: Gauss-Newton with damping, and no matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from neuroloom.errors import InputError
from neuroloom.networks import Rectified, Shared

__all__ = ["LevenbergMarquardt", "Residuals", "SumOfSquares", "Trust"]

MOST_LOST = 0.8

Residuals = Callable[[Any, Any, Float[Array, " trial"], PRNGKeyArray], PyTree]


@dataclass(frozen=True)
class SumOfSquares:
    r"""A loss that shows its residuals: $$L = \sum_k r_k^2$$, as `LevenbergMarquardt` needs.

    Attributes:
        residuals: `residuals(network, batch, weight, key)`: arrays in any tree, scaled so that the
            sum of their squares is the loss; 0 where nothing was measured.
    """

    residuals: Residuals

    def __call__(
        self, network: Any, batch: Any, weight: Float[Array, " trial"], key: PRNGKeyArray
    ) -> Float[Array, ""]:
        """The sum of squares."""
        found = self.residuals(network, batch, weight, key)
        return sum((jnp.sum(leaf**2) for leaf in jax.tree.leaves(found)), jnp.asarray(0.0))


class Trust(NamedTuple):
    """How far a member may step.

    Attributes:
        damping: lambda, in units of the loss per squared unit of the raw parameters.
    """

    damping: Float[Array, ""]


@dataclass(frozen=True)
class LevenbergMarquardt:
    r"""Steps to the minimum of the linearized problem, held back by a damping that adapts.

    $$(J^\top J + \lambda I)\, p = -J^\top r, \qquad J = \partial r / \partial \theta$$

    The equation is solved by conjugate gradients on products with J and its transpose, so that no
    matrix is made: an inner iteration costs a forward and a backward derivative. A step that lowers
    the loss is taken. Where the linear problem foretold the gain well, damping falls fourfold; a
    step that would not lower the loss is not taken, and damping rises eightfold.

    Directions that the residuals do not determine are left where they started, as by gradient
    descent: conjugate gradients start from 0 and never enter the null space of J.

    A `Rectified` parameter loses at most four fifths of its value in one step: at 0 its gradient
    is gone, and it would never come back.

    Attributes:
        damping: lambda of the first step, above 0.
        n_inner: Conjugate gradient iterations a step, at least 1.
        least_damping: lambda never falls below.

    Source:
        Marquardt, J. SIAM 11:431 (1963); the inexact solve as in Nocedal and Wright, Numerical
        Optimization (2006), section 10.3.
    """

    damping: float = 1e-2
    n_inner: int = 40
    least_damping: float = 1e-9

    def __post_init__(self) -> None:
        if not (self.damping > 0 and self.least_damping > 0 and self.n_inner >= 1):
            raise InputError(
                "`damping` and `least_damping` must be above 0 and `n_inner` at least 1; got "
                f"{self.damping}, {self.least_damping} and {self.n_inner}. Leave them out for the "
                "defaults."
            )

    def init(self, parameters: PyTree) -> Trust:
        """The state before the first step of one member."""
        dtype = jnp.result_type(*jax.tree.leaves(parameters))
        return Trust(jnp.asarray(self.damping, dtype))

    def step(
        self, residuals: Callable[[PyTree], PyTree], parameters: PyTree, trust: Trust
    ) -> tuple[PyTree, Trust, Float[Array, ""]]:
        """Parameters after a step, how far the next may go, and the loss where it ended.

        Args:
            residuals: Of the parameters.
            parameters: Where to step from.
            trust: From `init` or the step before.
        """
        theta, unravel = ravel_pytree(parameters)
        above_zero = ravel_pytree(_rectified(parameters))[0] & (theta > 0)

        def flat(at: Array) -> Array:
            return ravel_pytree(residuals(unravel(at)))[0]

        r, forward = jax.linearize(flat, theta)
        backward = jax.linear_transpose(forward, theta)
        loss, gradient = r @ r, backward(r)[0]

        def curvature(p: Array) -> Array:
            return backward(forward(p))[0] + trust.damping * p

        p = conjugate_gradients(curvature, -gradient, self.n_inner)
        p = jnp.where(above_zero, jnp.maximum(p, -MOST_LOST * theta), p)
        ahead = flat(theta + p)
        reached = ahead @ ahead
        along = forward(p)
        foretold = -(2 * gradient @ p + along @ along)
        better = jnp.isfinite(reached) & (reached < loss)
        well = loss - reached > 0.5 * foretold
        damping = jnp.where(
            better, jnp.where(well, trust.damping / 4, trust.damping), trust.damping * 8
        )
        moved = jnp.where(better, theta + p, theta)
        kept = jnp.clip(damping, self.least_damping, 1 / self.least_damping)
        return unravel(moved), Trust(kept), jnp.where(better, reached, loss)


def _rectified(parameters: PyTree) -> PyTree:
    """True for each raw value of a `Rectified` parameter."""

    def mark(node: PyTree) -> PyTree:
        marked = isinstance(node, Shared) and isinstance(node.constraint, Rectified)
        return jax.tree.map(lambda leaf: jnp.full(leaf.shape, marked), node)

    return jax.tree.map(mark, parameters, is_leaf=lambda node: isinstance(node, Shared))


def conjugate_gradients(
    product: Callable[[Array], Array], right: Float[Array, " parameter"], n_steps: int
) -> Float[Array, " parameter"]:
    """Approximate x with product(x) = right, from 0, for a positive definite product.

    Args:
        product: Linear and symmetric.
        right: The right-hand side.
        n_steps: Iterations; exact arithmetic needs one a distinct eigenvalue.
    """
    tiny = jnp.finfo(right.dtype).tiny

    def again(carry: tuple, _: None) -> tuple[tuple, None]:
        x, left, direction, size = carry
        image = product(direction)
        length = size / jnp.maximum(direction @ image, tiny)
        x, left = x + length * direction, left - length * image
        smaller = left @ left
        direction = left + smaller / jnp.maximum(size, tiny) * direction
        return (x, left, direction, smaller), None

    start = (jnp.zeros_like(right), right, right, right @ right)
    return jax.lax.scan(again, start, None, length=n_steps)[0][0]
