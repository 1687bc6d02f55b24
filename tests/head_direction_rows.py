"""Made-up rows of the head-direction study, for its judges."""

from neuroloom.studies.framework import Results


def results(*rows):
    """Results of rows (arm, split, measure, value, coordinates)."""
    records = [
        {"arm": arm, "split": split, "measure": measure, "unit": "", "value": float(value)} | at
        for arm, split, measure, value, at in rows
    ]
    names = dict.fromkeys(name for _, _, _, _, at in rows for name in at)
    return Results(tuple(records), tuple(names), ("seed",))
