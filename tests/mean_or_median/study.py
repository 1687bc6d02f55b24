"""Arms and claims: one passes, one fails, one needs a larger size, one needs absent data."""

import os
import time

import numpy as np

from mean_or_median.config import PRESETS, QUESTION
from neuroloom.studies.framework import (
    Arm,
    Claim,
    Measured,
    NoDataError,
    Row,
    Study,
    Verdict,
    grid,
    mean_interval,
)


def mean_cells(config):
    return grid("mean", size=config.sizes, seed=range(config.n_seeds))


def median_cells(config):
    return grid("median", size=config.sizes, seed=range(config.n_seeds))


def measure(cell, config, context):
    place = context.checkpoint.parent
    with (place / f"{cell.arm}.begun").open("a") as file:
        file.write(f"{time.monotonic_ns()} {os.getpid()} {cell}\n")
    if cell["seed"] == config.broken_seed:
        raise ZeroDivisionError("this seed is broken")
    noise = context.cached("noise", (cell["seed"], max(config.sizes)), lambda: draw(cell, config))
    time.sleep(config.seconds)
    if config.patient and cell == mean_cells(config)[0]:
        wait_for_others(place / "mean.begun", len(mean_cells(config)))
    drawn = noise["drawn"][:, : cell["size"]]
    found = {"mean": np.mean, "median": np.median}[cell.arm](drawn, axis=1)
    return Measured(
        [
            Row("normal", "mse", np.mean(found**2), "1", at={"half": half})
            for half, found in (("first", found[:100]), ("second", found[100:]))
        ],
        arrays={"found": found},
        notes=("numbers are drawn from a normal distribution of mean 0",),
    )


def wait_for_others(begun, n):
    until = time.monotonic() + 60
    while len(begun.read_text().splitlines()) < n:
        if time.monotonic() > until:
            raise TimeoutError("other cells wait for this one")
        time.sleep(0.02)


def draw(cell, config):
    rng = np.random.default_rng(cell["seed"])
    return {"drawn": rng.normal(size=(200, max(config.sizes)))}


def fly_cells(config):
    return grid("flies", size=config.sizes)


def heading_cells(config):
    return grid("heading", size=config.sizes)


def fly_measure(cell, config, context):
    raise NoDataError("nobody counted flies")


def seconds(cell, config):
    return 0.01 + config.seconds


def falls(results, config):
    by_size = results.along("size", "mean", "normal", "mse", half="first", at_least=4)
    few, many = (by_size[n] for n in (min(by_size), max(by_size)))
    return Verdict.of(many.mean() < few.mean() / 4, many.mean() / few.mean())


def median_is_closer(results, config):
    mean = results.values("mean", "normal", "mse", size=64, half="second")
    median = results.values("median", "normal", "mse", size=64, half="second")
    value, low, high = mean_interval(median - mean)
    return Verdict.of(high < 0, value, low=low, high=high)


def at_a_thousand(results, config):
    values = results.values("mean", "normal", "mse", size=1000, half="first")
    return Verdict.of(values.mean() < 1e-3, values.mean())


def claim(name, arms, judge, **said):
    texts = {n: f"{n} of {name}" for n in ("sentence", "source", "measure", "criterion", "control")}
    return Claim(id=name, arms=arms, judge=judge, **(texts | said))


STUDY = Study(
    name="mean-or-median",
    question=QUESTION,
    presets=PRESETS,
    arms=(
        Arm("mean", "The mean.", "the median", mean_cells, measure, seconds),
        Arm("median", "The median.", "the mean", median_cells, measure, seconds),
        Arm("flies", "Flies.", "no flies", fly_cells, fly_measure, seconds),
        Arm(
            "heading", "Real flies.", "null", heading_cells, fly_measure, seconds, ("fly-heading",)
        ),
    ),
    claims=(
        claim("falls", ("mean",), falls, sentence="The error falls with the number of draws"),
        claim("median", ("mean", "median"), median_is_closer, sentence="The median is closer"),
        claim("thousand", ("mean",), at_a_thousand),
        claim("flies", ("flies",), at_a_thousand),
    ),
    methods=("Numbers are drawn, and averaged.",),
)
