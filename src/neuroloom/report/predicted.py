"""What a run predicted, as a recording that any other program can open."""

from pathlib import Path

import numpy as np

from neuroloom.recording import Recording
from neuroloom.recording.clock import step_of
from neuroloom.report.contents import read_run
from neuroloom.report.heldout import ensemble_mean, ensemble_spread

__all__ = ["predicted_recording"]


def predicted_recording(run: Path) -> Recording:
    """The mean prediction over members, with what was measured and the intervals beside it.

    The annotations are `measured`, `sd` (over members), `low` and `high` (of the intervals), and
    `held_out`, 1 where the fit had not seen the entry. Expected spike counts are no whole numbers
    and become the kind `rate`.

    Args:
        run: A finished run of `neuroloom predict`.

    Raises:
        StudyError: If the folder is no such run, or damaged.
        InputError: If the times in it are no even clock.
    """
    contents = read_run(Path(run))
    data, title = contents.predictions, str(contents.about.get("name") or "a run")
    kind = str(data.attrs.get("kind") or contents.about.get("job", "")).replace(
        "responses", "response"
    )
    audit = [
        f"predictions of {title}: mean over the {data.sizes['member']} members of the ensemble"
    ]
    if kind not in ("rate", "calcium", "response"):
        audit.append(f"expected values of kind `{kind or 'not stated'}` are written as a rate")
        kind = "rate"
    notes = {"sd": ensemble_spread(data)}
    for name in ("measured", "low", "high", "held_out"):
        if name in data:
            notes[name] = data[name].transpose("trial", "time", "neuron").to_numpy().astype(float)
    for name, values in notes.items():
        endless = np.isinf(values)
        if endless.any():
            notes[name] = np.where(endless, np.nan, values)
            audit.append(f"`{name}` is infinite for {endless.sum():,} entries, written as NaN")
    time = data["time"].to_numpy().astype(float)
    trial = data["trial"].to_numpy()
    return Recording(
        activity=ensemble_mean(data),
        neuron_id=data["neuron"].to_numpy().astype(str),
        kind=kind,
        dt=None if kind == "response" else step_of(time),
        start=float(time[0]),
        trials={"stimulated": trial.astype(str)} if trial.dtype.kind in "OUT" else {},
        annotations=notes,
        unit=str(data.attrs.get("unit") or contents.about.get("unit") or ""),
        name=f"predictions of {title}",
        citation="; ".join(map(str, contents.about.get("citations", ()))),
        audit=(*audit, *map(str, contents.about.get("methods", ()))),
    )
