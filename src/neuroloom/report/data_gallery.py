"""Figures of the data themselves: wiring, responses and traces, with their titles and captions."""

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.report.contents import RunContents
from neuroloom.report.figures.matrices import natural_order, response_matrix, wiring_matrix
from neuroloom.report.figures.traces import Trace, activity_traces
from neuroloom.report.heldout import ensemble_mean, ensemble_spread, held_out_entries, over_time
from neuroloom.report.layout import Picture
from neuroloom.report.wording import number

__all__ = ["activity_pictures", "response_pictures"]

N_SHOWN = 32
N_TRACES = 8


def response_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Wiring, measured and predicted responses of the same neurons."""
    data = contents.predictions
    measured = over_time(data["measured"].to_numpy().astype(float))
    predicted = over_time(ensemble_mean(data))
    detected = (
        over_time(data["detected"].to_numpy().astype(float)) > 0 if "detected" in data else None
    )
    names = data["neuron"].to_numpy().astype(str)
    stimulated = data["trial"].to_numpy().astype(str)
    # A stimulated neuron's own response is not propagation, and not predicted.
    predicted[stimulated[:, None] == names] = np.nan
    weight = np.where(np.isfinite(measured), np.abs(measured), 0) if detected is None else detected
    rows, columns = _most(weight.astype(float), names, stimulated)
    cut = np.ix_(columns, rows)
    responders, stimulated = names[rows], stimulated[columns]
    rings = None if detected is None else detected[cut].T
    unit = contents.unit
    which = (
        f"{len(columns)} of {measured.shape[0]} stimulated neurons and {len(rows)} of "
        f"{int(np.isfinite(measured).any(0).sum())} responders, those with the "
        + ("largest responses" if detected is None else "most detected responses")
        + "; all pairs are summarized under “Are the predicted numbers right?”."
    )
    ring = "" if rings is None else " A ring marks a detected response."
    limit, predicted_limit = _limit(measured[cut]), _limit(predicted[cut])
    if predicted_limit > 0.4 * limit:
        limit = predicted_limit = max(limit, predicted_limit)
        same = "Colors mean the same as in the measured matrix."
    else:
        same = (
            f"Note the finer scale: these colors end at ±{number(predicted_limit, 2)}, the "
            f"measured ones at ±{number(limit, 2)} {unit}. A mean prediction is smaller than "
            "single noisy measurements."
        )
    found = [
        Picture(
            "wiring",
            "Wiring",
            "Contacts from the stimulated neurons (bottom) to the responders (side). Compare with "
            "the responses: color there without a connection here needs a path over other neurons.",
            wiring_matrix(contents.wiring, responders, stimulated),
            wide=True,
        ),
        Picture(
            "measured",
            "Measured responses",
            f"Shown are {which} Gray was not measured.{ring}",
            response_matrix(
                measured[cut].T,
                responders,
                stimulated,
                f"measured ({unit})",
                limit=limit,
                marked=rings,
            ),
            wide=True,
        ),
        Picture(
            "predicted",
            "Predicted responses",
            "Each column was predicted by a model that saw no response to that neuron. "
            f"{same}{ring} Look whether the patterns agree. Gray was not predicted.",
            response_matrix(
                predicted[cut].T,
                responders,
                stimulated,
                f"predicted ({unit})",
                limit=predicted_limit,
                marked=rings,
            ),
            wide=True,
        ),
    ]
    if "probability" in data:
        chance = over_time(data["probability"].to_numpy().astype(float))[cut].T
        chance[~np.isfinite(predicted[cut].T)] = np.nan
        found.append(
            Picture(
                "probability",
                "Predicted probability of detection",
                f"The probability this model gave to each response.{ring} A good model has its "
                "rings on dark cells.",
                response_matrix(
                    chance,
                    responders,
                    stimulated,
                    "predicted probability",
                    limit=_limit(chance),
                    marked=rings,
                    symmetric=False,
                ),
                wide=True,
            )
        )
    return tuple(found)


def _most(
    weight: Float[np.ndarray, "trial neuron"], names: np.ndarray, stimulated: np.ndarray
) -> tuple[Int[np.ndarray, " row"], Int[np.ndarray, " column"]]:
    """The trials and neurons with the largest sums, in the order of their names."""
    columns = np.argsort(-weight.sum(1), kind="stable")[:N_SHOWN]
    rows = np.argsort(-weight[columns].sum(0), kind="stable")[:N_SHOWN]
    return rows[natural_order(names[rows])], columns[natural_order(stimulated[columns])]


def _limit(values: np.ndarray) -> float:
    values = np.abs(values[np.isfinite(values)])
    return float(np.quantile(values, 0.98)) if values.size and values.any() else 1.0


def activity_pictures(contents: RunContents) -> tuple[Picture, ...]:
    """Traces of held-out neurons, best to worst, and their wiring."""
    data = contents.predictions
    scored = held_out_entries(data)
    found = []
    if scored.any():
        trial = int(scored.sum((1, 2)).argmax())
        chosen, quality = _chosen(contents, np.flatnonzero(scored[trial].any(0)))
        names = data["neuron"].to_numpy().astype(str)
        members = data["predicted"].to_numpy().astype(float)[trial]
        mean, spread = ensemble_mean(data)[trial], ensemble_spread(data)[trial]
        ends = {"low": mean - 2 * spread, "high": mean + 2 * spread}
        band = f"two standard deviations over {members.shape[-1]} members"
        if "low" in data and "high" in data:
            ends = {end: data[end].to_numpy().astype(float)[trial] for end in ends}
            band = "the interval around the prediction"
        measured = data["measured"].to_numpy().astype(float)[trial]
        traces = [
            Trace(
                f"{names[i]}  r {number(quality[names[i]], 2)}"
                if names[i] in quality
                else names[i],
                measured[:, i],
                mean[:, i],
                ends["low"][:, i],
                ends["high"][:, i],
            )
            for i in chosen
        ]
        of_all = f"{len(chosen)} of {int(scored[trial].any(0).sum())} held-out neurons"
        many = f" in trial {data['trial'].to_numpy()[trial]}" if data.sizes["trial"] > 1 else ""
        found.append(
            Picture(
                "traces",
                "Held-out neurons, measured and predicted",
                f"{of_all}{many}: the best, the middle and the worst, with their correlation r. "
                "The model never saw these traces. Each lane is in units of that neuron's own "
                f"standard deviation and cut at its edges; the band is {band}. Look whether the "
                "thick line follows the thin one in time and in size.",
                activity_traces(data["time"].to_numpy().astype(float), traces),
                wide=True,
            )
        )
    found += _wiring_of_held_out(contents, scored)
    return tuple(found)


def _chosen(
    contents: RunContents, candidates: Int[np.ndarray, " neuron"]
) -> tuple[list[int], dict[str, float]]:
    """Best, middle and worst of the candidates by correlation."""
    names = contents.predictions["neuron"].to_numpy().astype(str)
    quality = {
        row.neuron: row.value
        for row in contents.neurons
        if (row.role, row.measure) == ("held-out", "correlation")
    }
    order = sorted(
        candidates.tolist(), key=lambda i: -np.nan_to_num(quality.get(str(names[i]), -2.0), nan=-2)
    )
    if len(order) > N_TRACES:
        middle = len(order) // 2
        order = [*order[:3], *order[middle - 1 : middle + 1], *order[-3:]]
    return order, quality


def _wiring_of_held_out(
    contents: RunContents, scored: Bool[np.ndarray, "trial time neuron"]
) -> list[Picture]:
    wiring = contents.wiring
    recorded = contents.predictions["neuron"].to_numpy().astype(str)
    held = np.isin(wiring.neuron_id, recorded[scored.any((0, 1))])
    touches = held[wiring.pre] | held[wiring.post]
    weight = np.zeros(len(wiring.neuron_id))
    for end in (wiring.pre, wiring.post):
        np.add.at(weight, end, wiring.count * touches)
    order = np.argsort(-weight, kind="stable")
    first = order[held[order]][: N_SHOWN // 2]
    partners = order[~held[order] & (weight[order] > 0)][: N_SHOWN - first.size]
    shown = np.concatenate([first, partners]).astype(int)
    if shown.size < 2:
        return []
    names = wiring.neuron_id[shown]
    names = names[natural_order(names)]
    return [
        Picture(
            "wiring",
            "Wiring of the held-out neurons",
            f"{first.size} held-out neurons (bold, blue) and the {partners.size} neurons with the "
            "most contacts to them. A held-out neuron is predicted through its row: what it "
            "receives.",
            wiring_matrix(
                wiring,
                names,
                names,
                emphasized=frozenset(wiring.neuron_id[first].tolist()),
            ),
            wide=True,
        )
    ]
