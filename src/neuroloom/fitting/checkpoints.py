"""Arrays of a fit on disk: a JSON line, then the arrays. No pickle anywhere."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from neuroloom.errors import StudyError
from neuroloom.runs import atomic_write

__all__ = ["read_checkpoint", "read_header", "read_leaves", "write_checkpoint", "write_leaves"]

Tree = TypeVar("Tree", bound=PyTree)


def write_leaves(path: Path, kind: str, header: dict[str, Any], tree: PyTree) -> None:
    """Write a header and the arrays of a tree, atomically.

    Args:
        path: The file.
        kind: What it holds; `read_leaves` refuses another kind.
        header: What JSON can hold.
        tree: Arrays.

    Raises:
        StudyError: If it cannot be written; the file that was there stays.
    """
    arrays = io.BytesIO()
    eqx.tree_serialise_leaves(arrays, tree)
    content = arrays.getvalue()
    header = header | {"kind": kind, "sha256": hashlib.sha256(content).hexdigest()}
    with atomic_write(path) as file:
        file.write((json.dumps(header) + "\n").encode())
        file.write(content)


def read_header(path: Path, kind: str) -> dict[str, Any]:
    """What `write_leaves` wrote beside the arrays.

    Raises:
        StudyError: As `read_leaves`.
    """
    return _read(path, kind)[0]


def read_leaves(path: Path, kind: str, like: Tree) -> Tree:
    """Arrays in the tree, types and shapes of `like`.

    Raises:
        StudyError: If the file is cut short, damaged, or holds something else.
    """
    arrays = io.BytesIO(_read(path, kind)[1])
    try:
        tree = eqx.tree_deserialise_leaves(arrays, like)
        if arrays.read(1):
            raise ValueError("it holds more arrays than were asked for")
    except (OSError, ValueError, EOFError, RuntimeError, TypeError) as error:
        raise _not_whole(path, kind, error) from error
    return tree


def _read(path: Path, kind: str) -> tuple[dict[str, Any], bytes]:
    try:
        with path.open("rb") as file:
            header, content = json.loads(file.readline()), file.read()
        if not isinstance(header, dict) or header.get("kind") != kind:
            raise ValueError(f"not a {kind}")
        if hashlib.sha256(content).hexdigest() != header.get("sha256"):
            raise ValueError("damaged")
    except (OSError, ValueError) as error:
        raise _not_whole(path, kind, error) from error
    return header, content


def _not_whole(path: Path, kind: str, error: Exception) -> StudyError:
    reason = (str(error).splitlines() or ["no reason"])[0]
    return StudyError(
        f"{path.name} must hold a whole {kind} of this form; reading it failed "
        f"({type(error).__name__}: {reason}). Remove it to start again."
    )


def write_checkpoint(
    path: Path, fingerprint: str, n_done: int, history: np.ndarray, members: PyTree
) -> None:
    """Keep a fit after `n_done` checks."""
    header = {"fingerprint": fingerprint, "n_done": n_done}
    write_leaves(path, "checkpoint", header, (history, members))


def read_checkpoint(
    path: Path, fingerprint: str, history: np.ndarray, members: Tree
) -> tuple[int, np.ndarray, Tree]:
    """Number of checks done, history and members, as they were kept.

    Raises:
        StudyError: If the file is damaged or belongs to another fit.
    """
    header = read_header(path, "checkpoint")
    if header.get("fingerprint") != fingerprint:
        raise StudyError(
            f"A checkpoint must belong to the fit that resumes from it; {path.name} was made from "
            "other data, numbers or starting values. Remove it, or name another file."
        )
    history, members = read_leaves(path, "checkpoint", (history, members))
    return header["n_done"], np.array(history), jax.tree.map(jax.numpy.asarray, members)
