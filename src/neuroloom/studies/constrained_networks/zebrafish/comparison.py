"""Arm `zebrafish-classes`: is the wiring's distribution by class nearer to the recorded one?

Fixed before any result was seen: what is scaled, what is left out, which distance decides.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.datasets.zebrafish_oculomotor import FILES, NAME, zebrafish_wiring
from neuroloom.errors import NeuroloomError
from neuroloom.studies.constrained_networks.real_circuits_config import IntegratorConfig
from neuroloom.studies.constrained_networks.zebrafish.classes import (
    CLASSES,
    Population,
    recorded_population,
    wired_population,
)
from neuroloom.studies.constrained_networks.zebrafish.distributions import (
    kolmogorov_smirnov,
    mean_distance,
    rank_among,
    resampled_distance,
    wasserstein,
)
from neuroloom.studies.constrained_networks.zebrafish.wiring import (
    integrator_network,
    oculomotor_circuit,
    per_total_input,
)
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NoDataError,
    Results,
    Row,
    Verdict,
)

__all__ = ["ARM", "CLAIMS", "compared_values"]

DECIDING = ("rewire", "rewire_within_type", "shuffle_weights")
"""The null wirings that the claims are held against; other kinds are reported beside them."""
QUANTITIES = ("sensitivity", "persistence")


def compared_values(
    recorded: Population, other: Population, quantity: str, *, selected: bool = True
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """What is compared: values by class, recorded and of the other population, and how many left.

    Persistence is compared as it is. Sensitivity is compared in logarithms, after one factor has
    given the abducens cells of the other population the recorded median; so the integrator's level
    is a prediction, and the spread of both classes. Recorded cells were chosen for coding the
    position of the eye: with `selected`, cells below the smallest recorded sensitivity are left
    out, as they would not have been recorded. Without it all cells stay, not in logarithms.

    Args:
        recorded: The recorded cells.
        other: Cells of a network.
        quantity: `sensitivity` or `persistence`.
        selected: Whether to leave out cells that would not have been recorded.
    """
    truth = {name: recorded.of(quantity, name) for name in CLASSES}
    found = {name: other.of(quantity, name) for name in CLASSES}
    if quantity == "persistence":
        return truth, found, 0
    factor = np.median(truth["abducens"]) / np.median(found["abducens"])
    found = {name: factor * values for name, values in found.items()}
    if not selected:
        return truth, found, 0
    least = min(values.min() for values in truth.values())
    kept = {name: values[values >= least] for name, values in found.items()}
    n_left_out = sum(found[name].size - kept[name].size for name in CLASSES)
    return (
        {name: np.log(values) for name, values in truth.items()},
        {name: np.log(values) for name, values in kept.items()},
        n_left_out,
    )


def _cells(config: Any) -> Sequence[Cell]:
    del config
    return [Cell.of("zebrafish-classes")]


def _measure(cell: Cell, config: Any, context: Context) -> Measured:
    del cell
    settings: IntegratorConfig = config.integrator
    if not FILES.are_present(context.data):
        raise NoDataError(f"`{NAME}` is absent. {FILES.where}")
    circuit = oculomotor_circuit(zebrafish_wiring(data=context.data))
    recorded = recorded_population(data=context.data)
    rng = np.random.default_rng(0)
    wired = _population(circuit, settings, settings.abscissa)
    rows = _distances(recorded, wired, "wiring", 0)
    rows += _intervals(recorded, wired, settings, rng)
    rows += _medians(recorded, "recorded") + _medians(wired, "wiring")
    untrained = _population(circuit, settings, None)
    rows += _distances(recorded, untrained, "untrained", 0) + _medians(untrained, "untrained")
    failures = []
    for name in settings.nulls:
        for draw in range(settings.n_null_draws):
            try:
                null = NULLS[name](circuit, rng=rng)
                population = _population(null, settings, settings.abscissa)
                rows += _distances(recorded, population, name, draw)
                rows += _medians(population, name, draw)
            except NeuroloomError as error:
                failures.append(f"{name}, draw {draw}: {error}")
    arrays = {
        f"{who}_{quantity}_{label}": population.of(quantity, label)
        for who, population in (("recorded", recorded), ("wiring", wired))
        for quantity in QUANTITIES
        for label in CLASSES
    }
    shares = per_total_input(circuit)
    return Measured(
        rows=rows,
        arrays=arrays,
        notes=(*shares.audit, *recorded.audit, *wired.audit, *_NOTES),
        failures=failures,
    )


_NOTES = (
    "scaled, not predicted: the slowest mode (every wiring and null wiring to the same abscissa) "
    "and the abducens cells' median sensitivity (one factor a wiring)",
    "predicted: the integrator's level and the spread of sensitivity in both classes; of "
    "persistence its spread and the difference between classes, at the scaled slowest mode",
    "recorded activity is fluorescence, and its indicator's decay lengthens persistence; networks "
    "are compared without it",
    "the untrained network is the wiring with its shares as they are, unscaled, all gains 1",
)


def _population(
    circuit: Connectome, settings: IntegratorConfig, abscissa: float | None
) -> Population:
    shares = per_total_input(circuit)
    network = integrator_network(shares, abscissa=abscissa, tau=settings.tau)
    return wired_population(network, shares, dt=settings.dt, burst=settings.burst)


def _distances(recorded: Population, other: Population, wiring: str, draw: int) -> list[Row]:
    rows = []
    for quantity in QUANTITIES:
        truth, found, n_left_out = compared_values(recorded, other, quantity)
        at = {"wiring": wiring, "draw": draw}
        unit = "log" if quantity == "sensitivity" else ""
        for measure, distance in (("wasserstein", wasserstein), ("ks", kolmogorov_smirnov)):
            here = unit if measure == "wasserstein" else ""
            value = mean_distance(truth, found, distance)
            rows.append(Row(quantity, measure, value, here, {**at, "cell_class": "both"}))
            rows += [
                Row(
                    quantity,
                    measure,
                    distance(truth[label], found[label]),
                    here,
                    {**at, "cell_class": label},
                )
                for label in CLASSES
            ]
        if quantity == "sensitivity":
            rows.append(Row(quantity, "cells left out", float(n_left_out), "cells", at))
            truth, found, _ = compared_values(recorded, other, quantity, selected=False)
            value = mean_distance(truth, found, kolmogorov_smirnov)
            rows.append(Row("sensitivity, all cells", "ks", value, "", at))
    return rows


def _intervals(
    recorded: Population, wired: Population, settings: IntegratorConfig, rng: np.random.Generator
) -> list[Row]:
    rows = []
    for quantity in QUANTITIES:
        truth, found, _ = compared_values(recorded, wired, quantity)
        low, high = resampled_distance(
            truth, found, wasserstein, rng=rng, n_resamples=settings.n_resamples
        )
        at = {"wiring": "wiring"}
        unit = "log" if quantity == "sensitivity" else ""
        rows.append(Row(quantity, "wasserstein, low", low, unit, at))
        rows.append(Row(quantity, "wasserstein, high", high, unit, at))
    return rows


def _medians(population: Population, wiring: str, draw: int = 0) -> list[Row]:
    """Median persistence by class; the integrator's median sensitivity over the abducens's."""
    at = {"wiring": wiring, "draw": draw}
    abducens, integrator = (np.median(population.of("sensitivity", c)) for c in CLASSES)
    return [
        Row("sensitivity", "integrator over abducens", float(integrator / abducens), "", at),
        *(
            Row(
                "persistence",
                "median",
                float(np.median(population.of("persistence", label))),
                "",
                {**at, "cell_class": label},
            )
            for label in CLASSES
        ),
    ]


ARM = Arm(
    name="zebrafish-classes",
    sentence="the wiring's position sensitivity and persistence by class, beside recorded cells'",
    control="null wirings scaled in the same way, and the unscaled network",
    cells=_cells,
    measure=_measure,
    seconds=lambda cell, config: (
        5 + 0.5 * len(config.integrator.nulls) * config.integrator.n_null_draws
    ),
    needs=(NAME,),
)


def _closer(quantity: str) -> Any:
    def judge(results: Results, config: Any) -> Verdict:
        del config
        arm, measure = ARM.name, "wasserstein"
        (value,) = results.values(
            arm, quantity, measure, wiring="wiring", draw=0, cell_class="both"
        )
        worst, told = 0.0, []
        for null in DECIDING:
            rows = results.rows(arm, quantity, measure, wiring=null, cell_class="both")
            draws = np.array([row["value"] for row in rows])
            rank = rank_among(value, draws)
            worst = max(worst, rank)
            told.append(f"{null} {np.median(draws):.3g} (p {rank:.2g}, {len(draws)} draws)")
        return Verdict.of(worst <= 0.05, worst, reason=f"wiring {value:.3g}; {'; '.join(told)}")

    return judge


def _closer_than_untrained(results: Results, config: Any) -> Verdict:
    del config
    ratios = {}
    for quantity in QUANTITIES:
        one, other = (
            results.values(
                ARM.name, quantity, "wasserstein", wiring=wiring, draw=0, cell_class="both"
            )[0]
            for wiring in ("wiring", "untrained")
        )
        ratios[quantity] = float(one / other)
    worst = max(ratios.values())
    told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return Verdict.of(worst < 1, worst, reason=f"distance over the untrained network's: {told}")


CLAIMS = (
    *(
        Claim(
            id=f"zebrafish-{quantity}",
            sentence=f"The wiring's {what} by class is nearer to the recorded cells' than null "
            "wirings' are.",
            source="ours, after Vishwanathan et al. 2024 and Beiran & Litwin-Kumar 2025, Fig. 5 "
            "g-i",
            measure=f"largest p over null wirings, of the Wasserstein distance of {how} (mean of "
            "abducens and integrator)",
            criterion="one-sided p at most 0.05 among the draws of each of: " + ", ".join(DECIDING),
            control="null wirings, scaled in the same way",
            arms=(ARM.name,),
            judge=_closer(quantity),
        )
        for quantity, what, how in (
            ("sensitivity", "position sensitivity", "log sensitivity"),
            ("persistence", "persistence", "late over early response"),
        )
    ),
    Claim(
        id="zebrafish-scaled",
        sentence="With its slowest mode scaled, the wiring is nearer to the recorded cells than "
        "unscaled.",
        source="ours",
        measure="Wasserstein distance, scaled over unscaled, the larger of the two quantities",
        criterion="below 1",
        control="the untrained network: shares of synapses as they are",
        arms=(ARM.name,),
        judge=_closer_than_untrained,
    ),
)
