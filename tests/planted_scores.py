"""Scores planted in a run of a study, for tests of its figures."""

import csv
import json

import numpy as np

from neuroloom.report.study_contents import read_study

NAN = float("nan")


HEAD = ("arm", "split", "measure", "unit", "value")


def planted_in(tmp_path):
    """A run folder of given rows and arrays: `planted(rows, arrays)` gives its contents."""

    def plant(rows, arrays=()):
        names = list(dict.fromkeys(name for *_, at in rows for name in at))
        (tmp_path / "cells").mkdir(exist_ok=True)
        with (tmp_path / "measurements.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, (*HEAD, *names))
            table.writeheader()
            for arm, split, measure, value, at in rows:
                table.writerow(dict(zip(HEAD, (arm, split, measure, "", value), strict=True)) | at)
        (tmp_path / "scores.csv").write_text("arm,split,measure,unit,value,low,high,n\n")
        (tmp_path / "claims.json").write_text("[]")
        for i, (arm, at, named) in enumerate(arrays):
            path = tmp_path / "cells" / f"{arm}-{i}.json"
            path.write_text(json.dumps({"arm": arm, "coordinates": at}))
            np.savez(path.with_suffix(".npz"), **named)
        return read_study(tmp_path, {"name": "constrained-networks"})

    return plant


def sweep(arm, split, measure, values, **at):
    """Rows of `values[m][seed]`."""
    return [
        (arm, split, measure, value, {"n_recorded": m, "seed": seed} | at)
        for m, own in values.items()
        for seed, value in enumerate(own)
    ]


def by_name(parts):
    return {part.name: part for part in parts}
