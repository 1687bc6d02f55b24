"""`run`: a study from its first cell to scores, claims and what a report needs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neuroloom import datasets
from neuroloom.errors import InputError, StudyError
from neuroloom.runs import (
    atomic_write,
    locked,
    mark_finished,
    progress_bar,
    run_folder,
)
from neuroloom.studies.framework.cells import Place, compute, read_cell
from neuroloom.studies.framework.session_files import time_text, write_session
from neuroloom.studies.framework.study import Cell, Study
from neuroloom.studies.registry import load_study

__all__ = ["BrokenRunError", "Session", "run"]


class BrokenRunError(StudyError):
    """Some cells failed, or a judge did. The rest is done, and lies in `run`."""

    def __init__(self, message: str, run: Path) -> None:
        super().__init__(message)
        self.run = run


def run(
    study: Study | str,
    config: Any = None,
    *,
    arms: Sequence[str] = (),
    out: Path = Path("runs"),
    cluster: str | None = None,
    data: Path | None = None,
    progress: bool = True,
) -> Path:
    """Run a study, or what is left of it, and judge its claims.

    Each cell is kept as it finishes, so the same call carries on where a killed one was, to the
    same numbers. The folder is that of study, config and version: arms run one by one gather in it.

    Args:
        study: Or the name of one that ships.
        config: Its numbers, or the name of a preset; by default the first preset.
        arms: Only these; by default all.
        out: Folder that receives the run's folder, and `cache/`, which runs share.
        cluster: `local:N` for N worker processes, or the address of a Dask scheduler whose workers
            see the run's folder. Without it, cells run here one after another.
        data: Folder of the datasets that may not ship; default: the variable NEUROLOOM_DATA.
        progress: Whether to show the predicted time and progress bars.

    Returns:
        The run's folder: config.json, measurements.csv, scores.csv, claims.json, cells/.
        `write_report` adds figures and the page.

    Raises:
        InputError: If study, arm, preset or cluster are not known, or `data` is no folder.
        BrokenRunError: At the end, if a cell or a judge failed; all others are done and written.
        StudyError: If the folder cannot be written, or another process is at work in it.
    """
    study = load_study(study) if isinstance(study, str) else study
    config = next(iter(study.presets.values())) if config is None else config
    config = study.preset(config) if isinstance(config, str) else config
    asked = [study.arm(name).name for name in arms] or [arm.name for arm in study.arms]
    if data is not None and not data.is_dir():
        raise InputError(
            f"The data folder must be a folder; {data} is none. Check the path, or leave it out to "
            "run without data that may not ship."
        )
    folder = run_folder(out, study.name, config, {})
    cache, data = (out / "cache").resolve(), data.resolve() if data else None
    place = Place(folder.resolve(), cache, data, progress and not cluster)
    with locked(folder):
        session = Session(study, config, place, asked)
        (folder / "finished").unlink(missing_ok=True)
        write_session(session)
        try:
            session.compute(cluster, progress)
        except KeyboardInterrupt:
            write_session(session)
            told = f"{session.progress_text}; what there is lies in {folder}."
            raise KeyboardInterrupt(told) from None
        except StudyError:
            write_session(session)
            raise
        broken = write_session(session)
        if broken:
            raise BrokenRunError(
                f"Every cell and every judge must come to an end; {len(broken)} did not: "
                f"{'; '.join(broken[:3])}{', ...' if len(broken) > 3 else ''}. The tracebacks are "
                f"in {folder / 'cells'}. All else is done and kept: mend it, and give the same "
                "command.",
                folder,
            )
        mark_finished(folder)
    return folder


class Session:
    """What of a run is there, what is left to do, and why some of it could not be done.

    Attributes:
        asked: Arms of this call and of earlier ones, by name.
        file: Where each cell of the study is kept.
        kept: What each left; None where it is not done.
        failed: Why, where a cell could not be done, in this call or an earlier one.
        todo: Cells of this call.
        no_data: Why, where the data of an arm are not there, by its name.
    """

    def __init__(self, study: Study, config: Any, place: Place, asked: Sequence[str]) -> None:
        self.study, self.config, self.place = study, config, place
        before = _arms_before(place.run)
        self.asked = [arm.name for arm in study.arms if arm.name in before | set(asked)]
        self.file = {cell: place.file(study, cell, config) for cell in study.cells(config)}
        self.kept = {cell: read_cell(file) for cell, file in self.file.items()}
        self.no_data = _without_data(study, self.asked, place.data)
        missing = [cell for cell, kept in self.kept.items() if kept is None]
        self.todo = [c for c in missing if c.arm in asked and c.arm not in self.no_data]
        self.failed = {
            cell: _failure(self.file[cell]).read_text(encoding="utf-8").splitlines()[0]
            for cell in missing
            if cell not in self.todo and _failure(self.file[cell]).exists()
        }

    @property
    def progress_text(self) -> str:
        """How far it is."""
        cells = [kept for cell, kept in self.kept.items() if cell.arm in self.asked]
        return f"{len(cells) - cells.count(None)} of {len(cells)} cells are done"

    @property
    def broken(self) -> list[str]:
        """What went wrong, a line a cell; absent data are not wrong."""
        lines = self.failed.items()
        return [f"{cell}: {line}" for cell, line in lines if not line.startswith("no data")]

    def compute(self, cluster: str | None, progress: bool) -> None:
        """Do what is left, cell by cell."""
        if not self.todo:
            return
        study, config = self.study, self.config
        guess = {cell: study.arm(cell.arm).seconds(cell, config) for cell in self.todo}
        if progress:
            where = f"on {cluster}, " if cluster else ""
            print(
                f"{study.name}: {len(self.todo)} cells to compute ({self.progress_text}), {where}"
                f"about {time_text(sum(guess.values()))} predicted on two cores. Ctrl-C stops; the "
                "same command carries on.",
                file=sys.stderr,
            )
        started, done = time.perf_counter(), 0.0
        with progress_bar(study.name, total=len(self.todo), enabled=progress) as bar:
            bar.advance(0, left=sum(guess.values()))
            for cell, failure, running in self._finished(cluster):
                if cell is not None:
                    done += guess[cell]
                    self._note(cell, failure)
                pace = (time.perf_counter() - started) / done if done else 1.0
                others = f" and {len(running) - 2} more" if len(running) > 2 else ""
                bar.advance(
                    int(cell is not None),
                    note="; ".join(running[:2]) + others,
                    left=(sum(guess.values()) - done) * pace,
                )

    def _finished(self, cluster: str | None) -> Iterator[tuple[Cell | None, str, tuple[str, ...]]]:
        """Cells as they are done, failures, and what is running; None when one has begun."""
        if cluster:
            from neuroloom.studies.framework.cluster import on_cluster

            yield from on_cluster(cluster, self.study, self.todo, self.config, self.place)
            return
        for cell in self.todo:
            yield None, "", (str(cell),)
            yield cell, compute(self.study, cell, self.config, self.place), (str(cell),)

    def _note(self, cell: Cell, failure: str) -> None:
        self.kept[cell] = read_cell(self.file[cell])
        if failure:
            self.failed[cell] = failure.splitlines()[0]
            with atomic_write(_failure(self.file[cell])) as file:
                file.write(failure.encode(errors="replace"))
        else:
            _failure(self.file[cell]).unlink(missing_ok=True)

    def lacking(self) -> dict[str, str]:
        """Why an arm cannot be judged, by name."""
        reasons = {}
        for arm in self.study.arms:
            cells = [cell for cell in self.kept if cell.arm == arm.name]
            n_left = sum(self.kept[cell] is None for cell in cells)
            failed = [self.failed[cell] for cell in cells if cell in self.failed]
            without = [line for line in failed if line.startswith("no data")]
            if arm.name in self.no_data or without:
                reasons[arm.name] = self.no_data.get(arm.name) or without[0]
            elif not cells:
                reasons[arm.name] = f"at this size: it leaves out {arm.name}"
            elif failed:
                reasons[arm.name] = f"{len(failed)} of {len(cells)} cells of {arm.name} failed"
            elif n_left and arm.name not in self.asked:
                reasons[arm.name] = f"{arm.name} was not run (`--arm {arm.name}`)"
            elif n_left:
                reasons[arm.name] = f"{n_left} of {len(cells)} cells of {arm.name} are not done"
        return reasons


def _failure(file: Path) -> Path:
    """Where it stands why a cell could not be done."""
    return file.with_suffix(".failure.txt")


def _arms_before(run: Path) -> set[str]:
    """What earlier calls were asked for."""
    path = run / "config.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"arms": []}
        return {arm["name"] for arm in about["arms"] if arm["asked"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StudyError(
            f"`config.json` of a run must be readable; in {run} it is not ({error}). Remove that "
            "file; the same command writes it again."
        ) from error


def _without_data(study: Study, arms: Sequence[str], data: Path | None) -> dict[str, str]:
    """Why an arm has no data, by name."""
    known = {info.name: info for info in datasets.available(data)}
    reasons = {}
    for name in arms:
        absent = [need for need in study.arm(name).needs if not known[need].present]
        if absent:
            reasons[name] = f"no data: {absent[0]}: {known[absent[0]].where}"
    return reasons
