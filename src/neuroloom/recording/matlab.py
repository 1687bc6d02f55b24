"""MATLAB files, version 5 to 7.3, by an explicit layout: which variable is what, and which axis."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from neuroloom.errors import InputError, nearest
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import LARGEST_EXACT, as_ids, require
from neuroloom.recording.files import is_hdf5, require_format
from neuroloom.recording.matlab_v5 import V5Node, v5_variables
from neuroloom.recording.matlab_v73 import LEAVES, V73Node, v73_variables
from neuroloom.recording.recording import Recording

__all__ = ["MatlabLayout", "matlab_variables", "read_matlab"]

AXES = ("trial", "time", "neuron")
STEP = re.compile(r"\.([A-Za-z]\w*)|([{(])\s*(\d{1,9}(?:\s*,\s*\d{1,9})*)\s*([})])")
MOST_CELLS = 20  # listed one by one
Node = V5Node | V73Node


@dataclass(frozen=True)
class MatlabLayout:
    """Which variable of a MATLAB file is what.

    A path is written as in MATLAB, counted from 1: `STA.left`, `spikes{1}{3}.time`,
    `session(2).dff`.

    Attributes:
        activity: Path of the activity.
        axes: What its axes are, in MATLAB's order: `trial`, `time` and `neuron`, each at most once.
            `trial` and `neuron` may be absent, for a single one.
        neuron_id: Path of the ids: numbers, a cell of texts, or rows of letters. None numbers the
            neurons from 1.
        time: Path of the sample times.
        seconds: Of one unit of `time` and `dt`; 0.001 for milliseconds.
        behavior: From our name to the path, over time, or over trial and time.
        trials: From our name to the path, one entry a trial.
        unit: Unit of the activity.

    Raises:
        InputError: If the axes are others, or `seconds` is not above 0.
    """

    __no_type_check__ = True  # wrong input must raise our own error

    activity: str
    axes: tuple[str, ...]
    neuron_id: str | None = None
    time: str | None = None
    seconds: float = 1.0
    behavior: Mapping[str, str] = field(default_factory=dict)
    trials: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""

    def __post_init__(self) -> None:
        axes = (self.axes,) if isinstance(self.axes, str) else tuple(self.axes)
        require(
            "time" in axes and set(axes) <= set(AXES) and len(set(axes)) == len(axes),
            f"`axes` must name each axis of the activity, among {', '.join(AXES)}, with `time`; "
            f'got {axes}. For MATLAB\'s size [time, cell] write `("time", "neuron")`.',
        )
        require(
            bool(np.isfinite(self.seconds)) and self.seconds > 0,
            f"`seconds` must be a number above 0; got {self.seconds}. Give the length of one unit "
            "of time.",
        )
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "behavior", MappingProxyType(dict(self.behavior)))
        object.__setattr__(self, "trials", MappingProxyType(dict(self.trials)))


def matlab_variables(path: Path) -> dict[str, str]:
    """Every variable and field of a MATLAB file with its class and size, for writing a layout.

    Raises:
        InputError: If the file is broken or of another format.

    Returns:
        Such as `{"STA": "struct 1 x 1", "STA.left": "double 181 x 635"}`.
    """
    with _variables(Path(path)) as variables:
        return dict(_listed(variables))


def read_matlab(
    path: Path,
    layout: MatlabLayout | None = None,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
) -> Recording:
    """The recording in a MATLAB file.

    Args:
        path: The file, written by `save -v6`, `-v7` or `-v7.3`.
        layout: Which variable is what. None is refused with a list of the variables.
        kind: What the activity is; see `ACTIVITY_KINDS`.
        dt: Sampling interval, in seconds, if the layout has no times.
        resample: New interval, in seconds, onto which uneven samples are interpolated.

    Raises:
        InputError: If the file is broken, a path leads nowhere or to code, or the parts do not make
            a recording.
    """
    path = Path(path)
    with _variables(path) as variables:
        if layout is None:
            raise InputError(
                f"A MATLAB file must be read with a layout, because nothing in it says which "
                f"variable is what; {path} holds {_summary(variables)}. Call `read_matlab(path, "
                'MatlabLayout(activity="...", axes=("time", "neuron"), time="..."))`.'
            )
        if kind is None:
            raise InputError(
                f"A recording must say what its activity is; {path} does not. Pass `kind=`: "
                "`rate`, `calcium`, `spike_count` or `response`."
            )
        activity = _arranged(path, layout, _numbers(path, variables, layout.activity))
        ids, audit = _ids(path, variables, layout, activity.shape[2])
        time = None
        if layout.time is not None:
            with np.errstate(all="ignore"):  # what is not finite is refused below
                time = layout.seconds * _vector(path, variables, layout.time)
        behavior = {
            name: _over_time(path, where, _numbers(path, variables, where), activity.shape[:2])
            for name, where in layout.behavior.items()
        }
        trials = {
            name: _column(path, variables, where, activity.shape[0])
            for name, where in layout.trials.items()
        }
    return assemble(
        activity=activity,
        neuron_id=ids,
        kind=kind,
        time=time,
        dt=dt,
        resample_to=resample,
        behavior=behavior,
        trials=trials,
        unit=layout.unit,
        name=path.stem,
        audit=(f"read {layout.activity} as {' x '.join(layout.axes)}", *audit),
    )


@contextmanager
def _variables(path: Path) -> Iterator[Mapping[str, Node]]:
    require_format(path, "matlab")
    if is_hdf5(path):
        with v73_variables(path) as found:
            yield found
    else:
        yield v5_variables(path)


def _listed(variables: Mapping[str, Node], depth: int = 3) -> Iterator[tuple[str, str]]:
    for name, node in variables.items():
        yield name, _what(node)
        if depth and node.kind == "struct" and math.prod(node.shape) == 1:
            inside = {f"{name}.{field}": node.child(field) for field in node.names()}
            yield from _listed(inside, depth - 1)
        elif depth and node.kind == "cell" and math.prod(node.shape) <= MOST_CELLS:
            cells = range(math.prod(node.shape))
            yield from _listed({f"{name}{{{i + 1}}}": node.element(i) for i in cells}, depth - 1)


def _what(node: Node) -> str:
    return f"{node.kind} {' x '.join(map(str, node.shape))}".strip()


def _summary(variables: Mapping[str, Node]) -> str:
    found = [f"{name} ({what})" for name, what in _listed(variables)]
    more = f" and {len(found) - 30} more" if len(found) > 30 else ""
    return (", ".join(found[:30]) + more) or "no variables"


def _at(path: Path, variables: Mapping[str, Node], where: str) -> Node:
    """The node that a path leads to."""
    name = re.match(r"[A-Za-z]\w*", where)
    if name is None or name[0] not in variables:
        known = nearest(where, list(variables)) if variables else ""
        raise InputError(
            f"A path must begin with a variable of the file; got `{where}`, and {path} holds "
            f"{_summary(variables)}. {known}"
        )
    node, done = variables[name[0]], name[0]
    while len(done) < len(where):
        step = STEP.match(where, len(done))
        if step is None or (step[2] and step[2] + step[4] not in ("{}", "()")):
            raise InputError(
                f"A path must go on with `.field`, `{{i}}` or `(i)`; `{where}` has "
                f"`{where[len(done) :]}` after `{done}`. Write it as in MATLAB, counted from 1."
            )
        if step[1] is not None:
            node = _field(path, node, done, step[1])
        else:
            place = [int(n) for n in step[3].split(",")]
            node = _element(path, node, done, step[2], place)
        done = where[: step.end()]
    return node


def _field(path: Path, node: Node, done: str, name: str) -> Node:
    if node.kind != "struct" or math.prod(node.shape) != 1:
        raise InputError(
            f"`.{name}` must follow a single struct; `{done}` in {path} is {_what(node)}. Choose "
            f"one element first, as in `{done}(1).{name}`, or another path."
        )
    if name not in node.names():
        raise InputError(
            f"A struct must have the field that a path names; `{done}` in {path} has "
            f"{', '.join(node.names()) or 'none'}, and not `{name}`. "
            f"{nearest(name, [*node.names(), '-'])}"
        )
    return node.child(name)


def _element(path: Path, node: Node, done: str, bracket: str, place: list[int]) -> Node:
    wanted = "cell" if bracket == "{" else "struct"
    if node.kind != wanted:
        raise InputError(
            f"`{bracket}...` must follow a {wanted} array; `{done}` in {path} is {_what(node)}. "
            "Braces open cells, parentheses choose a struct."
        )
    sizes = node.shape if len(place) > 1 else (math.prod(node.shape),)
    if len(place) != len(sizes) or not all(1 <= i <= n for i, n in zip(place, sizes, strict=True)):
        raise InputError(
            f"An index must lie within the array, counted from 1; `{done}` in {path} is "
            f"{_what(node)}, and the path asks for {tuple(place)}. Choose another."
        )
    flat = sum((i - 1) * math.prod(sizes[:axis]) for axis, i in enumerate(place))
    return node.element(flat)


def _values(path: Path, variables: Mapping[str, Node], where: str) -> np.ndarray:
    node = _at(path, variables, where)
    if node.kind not in LEAVES:
        never = node.kind in ("function", "function_handle", "object", "opaque")
        raise InputError(
            f"A path must lead to numbers or text; `{where}` in {path} is {_what(node)}. "
            + (
                "Objects and functions are never opened: save their numbers as plain arrays."
                if never
                else "Go on to a field or a cell of it, or save it as a plain full array."
            )
        )
    return node.values(path)


def _numbers(path: Path, variables: Mapping[str, Node], where: str) -> np.ndarray:
    values = _values(path, variables, where)
    if values.dtype.kind not in "iuf":
        raise InputError(
            f"`{where}` must be numbers; {path} has {_what(_at(path, variables, where))} there. "
            "Convert it in MATLAB with `double(...)`."
        )
    return values


def _arranged(path: Path, layout: MatlabLayout, values: np.ndarray) -> np.ndarray:
    """As (trial, time, neuron)."""
    n = len(layout.axes)
    sizes = list(values.shape)
    while len(sizes) > n and 1 in sizes:
        sizes.remove(1)
    sizes += [1] * (n - len(sizes))  # MATLAB drops axes of length 1 at the end
    if len(sizes) != n or (values.ndim > n and values.shape.count(1) != values.ndim - n):
        raise InputError(
            f"The axes must fit the activity; `{layout.activity}` of {path} has the size "
            f"{values.shape} and `axes` names {', '.join(layout.axes)}. Name one axis for each."
        )
    array = values.reshape(sizes)
    absent = [axis for axis in AXES if axis not in layout.axes]
    array = array.reshape([*sizes, *[1] * len(absent)])
    order = [[*layout.axes, *absent].index(axis) for axis in AXES]
    return np.ascontiguousarray(array.transpose(order))


def _vector(path: Path, variables: Mapping[str, Node], where: str) -> np.ndarray:
    values = _numbers(path, variables, where)
    if values.size != max(values.shape, default=0):
        raise InputError(
            f"`{where}` must be a row or a column; {path} has the size {values.shape}. Choose "
            "another path."
        )
    return values.ravel().astype(np.float64)


def _over_time(path: Path, where: str, values: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    if sizes[0] == 1 and values.size == sizes[1] == max(values.shape, default=0):
        return values.reshape(1, -1)
    if values.shape != sizes:
        raise InputError(
            f"Behavior must have one value a sample, or be trial by time {sizes}; `{where}` of "
            f"{path} has the size {values.shape}. Choose another path, or transpose it in MATLAB."
        )
    return values


def _texts(path: Path, variables: Mapping[str, Node], where: str) -> list[str] | None:
    """Texts of a cell array, or of rows of letters; None if these are numbers."""
    node = _at(path, variables, where)
    if node.kind == "cell":
        cells = [node.element(place) for place in range(math.prod(node.shape))]
        if not all(cell.kind == "char" for cell in cells):
            odd = next(cell for cell in cells if cell.kind != "char")
            raise InputError(
                f"Each cell of `{where}` must hold one text; {path} holds {_what(odd)} in one. "
                "Use `cellstr` in MATLAB."
            )
        return ["".join(cell.values(path).ravel().tolist()) for cell in cells]
    if node.kind == "char":
        rows = node.values(path)
        if rows.size == 0:
            return [""]
        return ["".join(row).rstrip() for row in rows.reshape(-1, rows.shape[-1]).tolist()]
    return None


def _column(path: Path, variables: Mapping[str, Node], where: str, n: int) -> np.ndarray:
    texts = _texts(path, variables, where)
    if texts is not None:
        return np.array(texts, str)
    values = _values(path, variables, where)
    if values.size != n or n != max(values.shape, default=0):
        raise InputError(
            f"`{where}` must hold one entry a trial, {n}; {path} has the size {values.shape}. "
            "Choose another path."
        )
    return values.ravel()


def _ids(
    path: Path, variables: Mapping[str, Node], layout: MatlabLayout, n: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    where = layout.neuron_id
    if where is None:
        return np.arange(1, n + 1), (
            f"numbered the {n:,} neurons from 1 in the order of the file, as the layout names no "
            "ids",
        )
    texts = _texts(path, variables, where)
    if texts is not None:
        return as_ids(np.array(texts, str)), (f"took neuron ids from {where}",)
    values = _numbers(path, variables, where).ravel()
    if values.dtype.kind == "f":
        exact = (values == np.round(values)) & (np.abs(values) < LARGEST_EXACT)
        if not exact.all():
            raise InputError(
                f"Neuron ids must be whole numbers below 2^53 where they are doubles; `{where}` of "
                f"{path} holds {values[~exact][0]!r} ({(~exact).sum()} such). Save them as int64, "
                "or as text."
            )
        values = values.astype(np.int64)
        return as_ids(values), (f"took neuron ids from the whole doubles of {where}",)
    return as_ids(values), (f"took neuron ids from {where}",)
