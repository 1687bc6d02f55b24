"""What fitting returns: an ensemble, its history, and what became of every member."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

from neuroloom.errors import InputError, StudyError
from neuroloom.fitting.checkpoints import read_header, read_leaves, write_leaves
from neuroloom.fitting.devices import map_members, one_blas_thread
from neuroloom.fitting.trainable import trainable_mask

__all__ = ["DIVERGED", "RUNNING", "STOPPED", "Fit", "mean_loss"]

RUNNING, STOPPED, DIVERGED = range(3)


def mean_loss(losses: Float[np.ndarray, " member"]) -> float:
    """Mean over the members that ran; NaN if none did."""
    ran = losses[~np.isnan(losses)]
    return float(ran.mean()) if ran.size else float("nan")


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """An ensemble of fitted networks.

    Attributes:
        network: The network that was given; everything not trained is as it is here.
        parameters: What was trained, and what was a member's own, with a leading axis over the
            members that did not diverge.
        mask: Which leaves those are.
        status: What became of each member: `finished`, `stopped early` or `diverged`.
        history: Mean training loss between checks.
        validation_history: Loss on the trials set aside, at each check (0 without validation).
        check_every: Steps between checks.
        finished: False if it was interrupted and holds what there was.
    """

    network: Any
    parameters: PyTree
    mask: PyTree
    status: tuple[str, ...]
    history: Float[np.ndarray, "check member"]
    validation_history: Float[np.ndarray, "check member"]
    check_every: int
    finished: bool = True

    @property
    def n_members(self) -> int:
        """How many members did not diverge."""
        return jax.tree.leaves(self.parameters)[0].shape[0]

    @property
    def kept(self) -> tuple[int, ...]:
        """Which of the members that were fitted did not diverge; `member(i)` is `kept[i]`."""
        return tuple(i for i, status in enumerate(self.status) if status != "diverged")

    @property
    def notes(self) -> tuple[str, ...]:
        """Members that were left out, by name."""
        return tuple(
            f"member {i} diverged and was left out"
            for i, status in enumerate(self.status)
            if status == "diverged"
        )

    def member(self, i: int) -> Any:
        """The i-th network that did not diverge.

        Raises:
            InputError: If there is none.
        """
        if not 0 <= i < self.n_members:
            raise InputError(
                f"A member must be 0 to {self.n_members - 1}; got {i}. {len(self.status)} were "
                f"fitted, {len(self.notes)} diverged."
            )
        one = jax.tree.map(lambda p: p[i], self.parameters)
        return eqx.combine(one, self.network)

    def apply(self, function: Callable[[Any], PyTree]) -> PyTree:
        """`function(network)` of every member, stacked along a leading member axis.

        Args:
            function: Pure. Compiled once for a function of module level or an Equinox module with
                the same arrays' shapes; a new lambda is compiled anew.
        """
        frozen, form = eqx.partition(
            eqx.filter(self.network, self.mask, inverse=True), eqx.is_array
        )
        with one_blas_thread():
            return jax.block_until_ready(_apply(function, self.parameters, frozen, form))

    def save(self, path: Path) -> None:
        """Write the members and their history; the frozen part is not repeated.

        Raises:
            StudyError: If it cannot be written.
        """
        header = {
            "trained": _names(self.mask),
            "status": self.status,
            "check_every": self.check_every,
            "finished": self.finished,
            "n_members": self.n_members,
            "n_checks": len(self.history),
        }
        write_leaves(path, "fit", header, (self.history, self.validation_history, self.parameters))

    @staticmethod
    def load(path: Path, network: Any, trainable: Callable[[Any], Any]) -> "Fit":
        """Read what `save` wrote.

        Args:
            path: The file.
            network: The network that was fitted, for the frozen part and the shapes.
            trainable: Picks what the fit trained, and what `own` picked.

        Raises:
            StudyError: If the file is damaged or of another form.
        """
        header = read_header(path, "fit")
        mask = trainable_mask(network, trainable)
        if header["trained"] != _names(mask):
            raise StudyError(
                f"{path.name} must be a fit of what `trainable` picks, {', '.join(_names(mask))}; "
                f"it is one of {', '.join(header['trained'])}. Pick those."
            )
        n = header["n_members"]

        def room(leaf: Array) -> np.ndarray:
            return np.zeros((n, *leaf.shape), leaf.dtype)

        like = jax.tree.map(room, eqx.filter(network, mask))
        blank = np.zeros((header["n_checks"], len(header["status"])))
        (history, validation, parameters) = read_leaves(path, "fit", (blank, blank, like))
        return Fit(
            network=network,
            parameters=jax.tree.map(jax.numpy.asarray, parameters),
            mask=mask,
            status=tuple(header["status"]),
            history=history,
            validation_history=validation,
            check_every=header["check_every"],
            finished=header["finished"],
        )

    def __repr__(self) -> str:
        """Sizes and outcome."""
        n_values = sum(leaf[0].size for leaf in jax.tree.leaves(self.parameters))
        last = self.history[-1] if len(self.history) else np.array([])
        return (
            f"Fit({self.n_members} of {len(self.status)} members, {n_values:,} trained values "
            f"each, {len(self.history) * self.check_every:,} steps, loss {mean_loss(last):.4g})"
        )


def _names(mask: PyTree) -> list[str]:
    """Where in the network the trained leaves are."""
    leaves = jax.tree_util.tree_leaves_with_path(mask)
    return [jax.tree_util.keystr(path).lstrip(".") for path, picked in leaves if picked]


@eqx.filter_jit
def _apply(
    function: Callable[[Any], PyTree], parameters: PyTree, frozen: PyTree, form: PyTree
) -> PyTree:
    arrays, rest = eqx.partition(function, eqx.is_array)

    def one(member: PyTree, shared: tuple[PyTree, PyTree]) -> PyTree:
        network = eqx.combine(member, shared[0], form)
        return eqx.combine(shared[1], rest)(network)

    return map_members(one, parameters, (frozen, arrays))
