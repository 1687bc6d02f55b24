"""CSV files: a column `time` and one column a neuron; gzip or not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from neuroloom.disk import MOST_TIMES, speaking_of, written_whole
from neuroloom.errors import InputError, nearest
from neuroloom.recording.assemble import assemble
from neuroloom.recording.checks import agreed, as_ids
from neuroloom.recording.files import unpacked
from neuroloom.recording.recording import Recording

__all__ = ["read_csv", "write_csv"]

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", " ": "space"}
STATED = ("kind", "dt", "unit", "name", "licence", "citation")
MISSING = ("", "NA")  # and nan, in any case
FLOAT_ID = re.compile(r"^[+-]?(\d+\.\d*|\.\d+|\d+\.?\d*[eE][+-]?\d+)$")
NO_HEADER = re.compile(r"^(trial|time|#.*|)$|[,\t;\"\s\x00]")
WHOLE_ID = re.compile(r"^(0|-?[1-9]\d{0,17})$")


def read_csv(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    time_column: str = "time",
) -> Recording:
    """The recording in a text table with a header: time, optionally trial, and the neurons.

    Every column but `time_column` and `trial` is a neuron, and its header is the neuron's id:
    whole numbers if all are, text if not. An empty cell or NaN is a missing sample. With a column
    `trial`, rows of a trial stand together and all trials have the same sample times. The separator
    (comma, tab, semicolon or space) is found in the header. Lines `# name: value` on top may state
    kind, dt, unit, name, licence and citation.

    Args:
        path: The file; gzip is recognized by content.
        kind: What the activity is, if the file does not say; see `ACTIVITY_KINDS`.
        dt: Sampling interval, in seconds; must agree with the times.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        time_column: Header of the column with the sample times, in seconds.

    Raises:
        InputError: If the file is broken, the header lacks the time or repeats a neuron, a row has
            another length, a cell is no number, or the times do not make a clock.
    """
    path = Path(path)
    stated, lines, top = _lines(path, _text(path))
    kind = agreed("kind", stated.get("kind"), kind)
    if not kind:
        raise InputError(
            f"A recording must say what its activity is; {path} does not. Pass `kind=`: `rate`, "
            "`calcium`, `spike_count` or `response`."
        )
    separator, header = _header(path, lines[0], time_column)
    ids, audit = _ids(path, [h for h in header if h not in (time_column, "trial")])
    values = _body(path, lines[1:], separator, header, top)
    place = {name: n for n, name in enumerate(header)}
    neurons = [n for name, n in place.items() if name not in (time_column, "trial")]
    time, activity, trial = _trials(path, values, place, neurons, time_column)
    return assemble(
        activity=activity,
        neuron_id=ids,
        kind=kind,
        time=time,
        dt=agreed("dt", _stated_dt(path, stated), dt),
        resample_to=resample,
        trials={} if trial is None else {"trial": trial},
        audit=audit,
        unit=stated.get("unit", ""),
        name=stated.get("name", ""),
        licence=stated.get("licence", ""),
        citation=stated.get("citation", ""),
    )


def write_csv(path: Path, recording: Recording) -> None:
    """Writes activity, times and ids; `read_csv` gives them back, to the last digit.

    More than one trial gets a column `trial`, numbered from 0 unless the recording numbers them.

    Raises:
        InputError: If the recording has more than a CSV can hold.
    """
    number = recording.trials.get("trial", np.arange(recording.n_trials))
    numbered = number.dtype.kind in "iu" and np.unique(number).size == number.size
    more = {
        "inputs": recording.inputs is not None,
        "stimuli": bool(recording.stimuli),
        "behavior": bool(recording.behavior),
        "trials": bool(set(recording.trials) - {"trial"}) or not numbered,
        "n_observations": recording.n_observations is not None,
        "annotations": bool(recording.annotations),
    }
    if any(more.values()):
        raise InputError(
            "A CSV must hold activity only; this recording also has "
            f"{', '.join(name for name, there in more.items() if there)}. Write NPZ or NetCDF, or "
            "drop them first."
        )
    names = [str(i) for i in recording.neuron_id.tolist()]
    text = recording.neuron_id.dtype.kind == "U"
    odd = [n for n in names if text and (NO_HEADER.search(n) or FLOAT_ID.match(n))]
    if text and all(WHOLE_ID.match(name) for name in names):
        odd = names
    if odd:
        raise InputError(
            "Neuron ids must be plain words to come back from a CSV as they are; "
            f"{odd[0]!r} is not ({len(odd)} such). Write NPZ or NetCDF."
        )
    column = "trial" in recording.trials or recording.n_trials > 1
    with written_whole(path) as to, to.open("w", encoding="utf-8", newline="\n") as file:
        for name in STATED:
            value = "" if getattr(recording, name) is None else str(getattr(recording, name))
            file.write(f"# {name}: {' '.join(value.split())}\n" if value else "")
        file.write(",".join([*(["trial"] if column else []), "time", *names]) + "\n")
        for trial, block in zip(number.tolist(), recording.activity, strict=True):
            for moment, row in zip(recording.time.tolist(), block.tolist(), strict=True):
                cells = [repr(moment), *("" if np.isnan(value) else repr(value) for value in row)]
                file.write(",".join([*([str(trial)] if column else []), *cells]) + "\n")


def _stated_dt(path: Path, stated: dict[str, str]) -> float | None:
    if "dt" not in stated:
        return None
    try:
        return float(stated["dt"])
    except ValueError as error:
        raise InputError(
            f"The line `# dt:` must be a number of seconds; {path} says `{stated['dt']}`. Correct "
            "or remove it."
        ) from error


def _text(path: Path) -> str:
    data = unpacked(path, max(2**30, MOST_TIMES * path.stat().st_size if path.is_file() else 0))
    with speaking_of(path):
        if b"\x00" in data:
            raise InputError(
                f"A CSV must be text; {path} holds NUL bytes ({data.count(0):,}). Save it as UTF-8 "
                "text, or pass the format it really has."
            )
        return data.decode("utf-8-sig")


def _lines(path: Path, text: str) -> tuple[dict[str, str], list[str], int]:
    """What the lines on top state, then header and rows, and the number of lines before them."""
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    stated, top = {}, 0
    for line in lines:
        if not line.startswith("#"):
            break
        name, _, value = line.lstrip("# ").partition(":")
        if name.strip() in STATED:
            stated[name.strip()] = value.strip()
        top += 1
    lines = lines[top:]
    if len(lines) < 2:
        raise InputError(
            f"A CSV must have a header and at least one row; {path} has {len(lines)} lines of "
            "them. Export it again with its header."
        )
    return stated, lines, top


def _header(path: Path, line: str, time_column: str) -> tuple[str, list[str]]:
    splits = {mark: _cells(line, mark) for mark in SEPARATORS}
    fitting = {m: cells for m, cells in splits.items() if time_column in cells and len(cells) > 1}
    if not fitting:
        cells = max(splits.values(), key=len)
        known = ", ".join(cells[:6])
        raise InputError(
            f"The header must name the column `{time_column}` and at least one neuron, separated "
            f"by comma, tab, semicolon or space; {path} has {len(cells)} columns: {known[:200]}. "
            f"{nearest(time_column, [*cells[:6], '-'])} Pass `time_column=` if it has another name "
            "(times are in seconds)."
        )
    separator = max(fitting, key=lambda mark: len(fitting[mark]))
    header = fitting[separator]
    repeated = (
        sorted({h for h in header if header.count(h) > 1}) if len(set(header)) < len(header) else []
    )
    if repeated:
        raise InputError(
            f"Each column must occur once; `{repeated[0]}` occurs {header.count(repeated[0])} "
            f"times in {path} ({len(repeated)} names repeat). Rename or merge those neurons."
        )
    return separator, header


def _cells(line: str, separator: str) -> list[str]:
    cells = line.split() if separator == " " else line.split(separator)
    return [cell.strip().strip('"').strip() for cell in cells]


def _ids(path: Path, names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    floats = [name for name in names if FLOAT_ID.match(name)]
    if floats:
        raise InputError(
            f"Neuron ids must be whole numbers or names; {path} has {floats[0]} ({len(floats)} "
            "such), which went through a float and may have lost digits. Export the ids as text."
        )
    if not names:
        raise InputError(
            f"A recording must have a neuron; {path} has only time. Add a column a neuron."
        )
    if all(WHOLE_ID.match(name) for name in names):
        return np.array([int(name) for name in names], np.int64), ()
    return as_ids(np.array(names)), ()


def _body(path: Path, rows: list[str], separator: str, header: list[str], top: int) -> np.ndarray:
    """All cells as float64, NaN where empty; every row as long as the header."""
    values = np.empty((len(rows), len(header)))
    for n, row in enumerate(rows):
        cells = row.split() if separator == " " else row.split(separator)
        if len(cells) != len(header):
            raise InputError(
                f"Each row must have as many cells as the header, {len(header)}; line "
                f"{n + top + 2} of {path} has {len(cells)}. Check the separator "
                f"({SEPARATORS[separator]}) and whether the file was cut off."
            )
        try:
            values[n] = [float(cell) for cell in cells]
        except ValueError:  # an empty cell, or one that is no number
            values[n] = [
                _number(path, cell, f"line {n + top + 2}, column `{name}`")
                for name, cell in zip(header, cells, strict=True)
            ]
        if "_" in row:  # Python reads 1_000 as a number; no other program does
            bad = next(cell for cell in cells if "_" in cell)
            raise InputError(_no_number(path, bad, f"line {n + top + 2}"))
    return values


def _number(path: Path, cell: str, where: str) -> float:
    plain = cell.strip().strip('"').strip()
    try:
        return float("nan" if plain in MISSING else plain)
    except ValueError as error:
        raise InputError(_no_number(path, plain, where)) from error


def _no_number(path: Path, cell: str, where: str) -> str:
    return (
        f"Cells must be numbers with a decimal point, or empty; {path} has {cell[:60]!r} in "
        f"{where}. Write missing samples as an empty cell or NaN, and remove columns that are no "
        "neurons."
    )


def _trials(
    path: Path,
    values: np.ndarray,
    place: dict[str, int],
    neurons: list[int],
    time_column: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    time, activity = values[:, place[time_column]], values[:, neurons]
    if "trial" not in place:
        return time, activity[None], None
    trial = values[:, place["trial"]]
    starts = np.flatnonzero(np.diff(trial, prepend=np.nan) != 0)
    names, n_steps = trial[starts], len(trial) / len(starts)
    times = time.reshape(len(starts), -1) if n_steps == int(n_steps) else time[None, :0]
    even = (
        (trial == np.round(trial)).all()
        and np.unique(names).size == names.size
        and (np.diff(starts, append=len(trial)) == n_steps).all()
        and np.array_equal(times, np.broadcast_to(times[0], times.shape), equal_nan=True)
    )
    if not even:
        raise InputError(
            f"Trials must be whole numbers, stand together and share their sample times; {path} "
            f"has {len(starts)} runs of {np.unique(trial).size} trials in {len(trial)} rows. Sort "
            "by trial and time, or put each trial on its own clock and start at 0."
        )
    return times[0], activity.reshape(len(starts), -1, len(neurons)), names.astype(np.int64)
