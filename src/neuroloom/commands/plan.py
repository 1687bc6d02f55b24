"""`neuroloom plan`: its options, and what it does with them. Imports its work when called."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from neuroloom.commands.options import Progress, name_of
from neuroloom.errors import InputError
from neuroloom.studies.planning_config import PlanConfig
from neuroloom.studies.reading import Reading

__all__ = ["PlanCommand", "costs_in", "ids_in", "run_plan"]

Ids = Annotated[tuple[str, ...], tyro.conf.arg(metavar="[IDS|FILE ...]")]


@dataclass(frozen=True)
class PlanCommand:
    """Say which neurons to record next, so that the others are predicted best.

    Uses the wiring and the stated model alone; `neuroloom predict` makes a plan from a model that
    was fitted to your recording. The plan is always shown beside random orders and the worst one.

    For example `neuroloom plan --connectome worm -k 10`, or with what you have already:
    `neuroloom plan --connectome edges.csv --recorded recorded.txt --forbid AVAL AVAR
    --cost costs.csv --budget 20`.
    """

    connectome: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")] = "worm"
    """A dataset's name (see `neuroloom datasets`) or a file."""
    reading: Annotated[Reading, tyro.conf.arg(name="")] = Reading()  # noqa: RUF009
    """How the file of a connectome is read."""
    k: Annotated[int, tyro.conf.arg(aliases=["-k"])] = 10
    """How many neurons to choose."""
    recorded: Ids = ()
    """Neurons recorded already: ids, or files with one id a line."""
    forbid: Ids = ()
    """Neurons that cannot be recorded: ids, or files with one id a line."""
    stimulate: Ids = ()
    """Neurons that receive input, as ids or files; default every neuron."""
    cost: Path | None = None
    """CSV with columns `neuron` and `cost`, above 0; 1 for neurons that it does not name."""
    budget: float = float("inf")
    """What all chosen neurons may cost together."""
    config: Annotated[PlanConfig, tyro.conf.arg(name="")] = PlanConfig()  # noqa: RUF009
    """The numbers of the model and of the plan."""
    out: Annotated[Path, tyro.conf.arg(help="Folder that receives plan-NAME.html and .csv.")] = (
        Path("runs")
    )
    progress: Progress = True


def run_plan(command: PlanCommand) -> None:
    """Plan, print, and write the page and the table of neurons."""
    from neuroloom.report.plan_page import write_plan
    from neuroloom.report.plan_terminal import print_plan
    from neuroloom.runs import atomic_write
    from neuroloom.studies.planning import plan
    from neuroloom.studies.sources import load_connectome

    found = plan(
        load_connectome(command.connectome, **command.reading.options()),
        command.k,
        command.config,
        recorded=ids_in(command.recorded),
        forbidden=ids_in(command.forbid),
        stimulated=ids_in(command.stimulate),
        cost=costs_in(command.cost),
        budget=command.budget,
        progress=command.progress,
    )
    name = name_of(command.connectome)
    page = command.out / f"plan-{name}.html"
    write_plan(found, page, name=name)
    with atomic_write(page.with_suffix(".csv")) as file:
        file.write(found.table.to_csv(index=False).encode())
    print_plan(found)
    print(f"table: {page.with_suffix('.csv')}")
    print(f"report: {page}")


def ids_in(words: tuple[str, ...]) -> list[str]:
    """The ids themselves, and those in the files among them, one a line.

    Raises:
        InputError: If a file is empty or no text.
    """
    ids: list[str] = []
    for word in words:
        path = Path(word)
        if not path.is_file():
            ids.append(word)
            continue
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
        except UnicodeDecodeError as error:
            raise InputError(
                f"A file of ids must be text, one id a line; {path.name} is not UTF-8 (byte "
                f"{error.start}). Save it as UTF-8."
            ) from error
        if not any(lines):
            raise InputError(
                f"A file of ids must hold one id a line; {path.name} is empty. Write the ids into "
                "it, or leave it out."
            )
        ids += [line for line in lines if line]
    return ids


def costs_in(path: Path | None) -> list[tuple[str, float]]:
    """The neurons and costs in a CSV with columns `neuron` and `cost`."""
    if path is None:
        return []
    import csv

    if not path.is_file():
        raise InputError(
            f"`--cost` must be a CSV file with columns `neuron` and `cost`; {path} is no file. "
            "Check the path."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            columns = list(rows[0]) if rows else []
    except UnicodeDecodeError as error:
        raise InputError(
            f"`--cost` must be UTF-8 text; {path.name} is not (byte {error.start}). Save it as "
            "UTF-8."
        ) from error
    if not {"neuron", "cost"} <= set(columns):
        raise InputError(
            f"`--cost` must be a CSV file with columns `neuron` and `cost` and at least one row; "
            f"{path.name} has {', '.join(map(str, columns)) or 'no row'}. Name its columns so."
        )
    found = []
    for line, row in enumerate(rows, start=2):
        try:
            price = float(row["cost"])
        except (TypeError, ValueError):
            price = float("nan")
        if not 0 < price < float("inf"):
            raise InputError(
                f"A cost must be a number above 0; line {line} of {path.name} has "
                f"`{row['cost']}`. To forbid a neuron use `--forbid`."
            )
        found.append(((row["neuron"] or "").strip(), price))
    return found
