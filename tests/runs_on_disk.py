"""Run folders like those of the two jobs, of planted wiring and responses; small by default."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from neuroloom.analysis import scores

CLASSES = re.findall(
    r"\w+",
    """
    ADA ADE ADF ADL AFD AIA AIB AIM AIN AIY AIZ ALA ALM ALN AQR ASE ASG ASH ASI ASJ ASK AUA AVA AVB
    AVD AVE AVF AVG AVH AVJ AVK AVL AVM AWA AWB AWC BAG BDU CEP DVA DVB DVC FLP HSN IL1 IL2 LUA OLL
    OLQ PDA PDB PDE PHA PHB PHC PLM PLN PQR PVC PVD PVM PVN PVP PVQ PVR PVT PVW RIA RIB RIC RID RIF
    RIG RIH RIM RIP RIR RIS RIV RMD RME RMF RMG RMH SAA SAB SDQ SIA SIB SMB SMD URA URB URX URY
    """,
)
POOLED = "held-out stimulated, pooled"
STRATA = {"1-3 trials": (1, 3), "4-7 trials": (4, 7), "8 or more trials": (8, 10_000)}


def neuron_names(n):
    names = [f"{stem}{side}" for stem in CLASSES for side in ("L", "R")]
    names += [
        f"{kind}{i}" for kind in ("VB", "DB", "VD", "DD", "VA", "DA", "AS") for i in range(1, 20)
    ]
    return names[:n]


def response_run(folder, *, n_neurons=24, n_stimulated=18, names=None, n_members=3, seed=0):
    """A folder of the job `responses`: detected where a planted wiring says so, and noise."""
    rng = np.random.default_rng(seed)
    names = np.array(neuron_names(n_neurons) if names is None else names)
    n, m = len(names), n_stimulated
    wiring = _wiring(n, rng)
    drive = np.zeros((m, n))
    for pre, post, kind, count, sign in zip(*wiring, strict=True):
        if pre < m:
            drive[pre, post] += (sign or 1) * np.log1p(count) * (1 if kind == 0 else 0.7)
        if kind == 1 and post < m:
            drive[post, pre] += 0.7 * np.log1p(count)
    effect = 0.12 * drive + 0.05 * rng.normal(size=(m, n))
    trials = rng.integers(0, 14, (m, n))
    seen = (trials > 0) & (np.arange(m)[:, None] != np.arange(n))
    measured = np.where(
        seen, effect + rng.normal(size=(m, n)) * 0.2 / np.sqrt(trials.clip(1)), np.nan
    )
    chance = 1 / (1 + np.exp(3.6 - 14 * np.abs(effect) - 0.08 * trials))
    detected = np.where(seen, rng.random((m, n)) < chance, np.nan)
    guess = 1 / (1 + np.exp(3.6 - 10 * np.abs(0.12 * drive) - 0.08 * trials))
    probability = np.clip(guess * np.exp(0.35 * rng.normal(size=(m, n))), 0, 1)
    predicted = 0.6 * 0.12 * drive[..., None] + 0.03 * rng.normal(size=(m, n, n_members))
    half = 0.5 / np.sqrt(trials.clip(1))
    others = {
        "baseline: synapse count": np.abs(drive) + 0.6 * rng.random((m, n)),
        "baseline: responder mean": np.broadcast_to(np.abs(effect).mean(0), (m, n)),
        "baseline: trial count alone": trials.astype(float),
        "baseline: linear propagation (I - gW)^-1, g = 0.5": np.abs(drive) + rng.random((m, n)),
        "baseline: boosted trees without wiring": np.abs(effect).mean(0)
        + 0.05 * rng.random((m, n)),
        "null: rewire": rng.random((m, n)) + 0.3 * np.abs(effect),
    }

    def entry(values):
        return ("trial", "time", "neuron"), np.asarray(values, float)[:, None, :]

    data = xr.Dataset(
        {
            "predicted": (
                ("trial", "time", "neuron", "member"),
                predicted[:, None].astype(np.float32),
            ),
            "measured": entry(measured),
            "probability": entry(probability),
            "detected": entry(detected),
            "n_observations": (("trial", "time", "neuron"), trials[:, None, :]),
            "low": entry(predicted.mean(-1) - half),
            "high": entry(predicted.mean(-1) + half),
            "held_out": (("trial", "time", "neuron"), np.ones((m, 1, n), np.int8)),
            "baseline_score": (
                ("baseline", "trial", "time", "neuron"),
                np.stack([np.broadcast_to(v, (m, n))[:, None] for v in others.values()]),
            ),
        },
        coords={"trial": names[:m], "time": [0.0], "neuron": names, "baseline": list(others)},
        attrs={"unit": "dF/F", "kind": "response"},
    )
    hit, count, mean = detected[seen] > 0, trials[seen], predicted.mean(-1)[seen]
    arms = {"default": probability[seen]} | {
        arm: np.broadcast_to(v, (m, n))[seen] for arm, v in others.items()
    }
    arms["variant: without trial count"] = arms["default"] + 0.02 * rng.normal(size=hit.size)
    arms["null: shuffle_weights"] = arms["null: rewire"] + 0.1 * rng.random(hit.size)
    arms["ceiling: half of the trials, pairs with 2 or more"] = chance[seen]
    arms["transfer: unc-31"] = arms["default"] + 0.1 * rng.normal(size=hit.size)
    rows = []
    for arm, score in arms.items():
        many = arm.startswith("null: ")
        value = float(scores.auroc(score, hit)[0])
        rows.append(
            (arm, POOLED, "auroc", "", value, value - 0.02, value + 0.02, 2 if many else hit.size)
        )
        found = float(scores.average_precision(score, hit)[0])
        rows.append((arm, POOLED, "auprc", "", found, found - 0.03, found + 0.03, hit.size))
        parts = []
        for title, (low, high) in STRATA.items():
            inside = (count >= low) & (count <= high)
            part = float(scores.auroc(score[inside], hit[inside])[0])
            parts.append(part)
            split = f"held-out stimulated, {title}"
            rows.append(
                (arm, split, "auroc", "", part, part - 0.04, part + 0.04, int(inside.sum()))
            )
        split = "held-out stimulated, mean over trial counts"
        rows.append((arm, split, "auroc", "", np.mean(parts), np.nan, np.nan, hit.size))
    y = measured[seen]
    r, mse = float(scores.correlation(mean, y)[0]), float(((mean - y) ** 2).mean())
    rows.append(("default", POOLED, "correlation", "", r, r - 0.03, r + 0.03, y.size))
    rows.append(("null: rewire", POOLED, "correlation", "", r - 0.2, r - 0.24, r - 0.15, 2))
    rows.append(("default", POOLED, "mse", "(dF/F)^2", mse, np.nan, np.nan, y.size))
    rows.append(("default", POOLED, "prevalence", "", hit.mean(), np.nan, np.nan, y.size))
    neurons = []
    for role, of, axis in (("responder", names, 1), ("stimulated", names[:m], 0)):
        for i, name in enumerate(of):
            use = np.take(seen, i, axis)
            labels = np.take(detected, i, axis)[use] > 0
            if labels.any() and not labels.all():
                value = float(scores.auroc(np.take(probability, i, axis)[use], labels)[0])
                neurons.append((name, role, "auroc", value, int(use.sum())))
            x, y = np.take(predicted.mean(-1), i, axis)[use], np.take(measured, i, axis)[use]
            if use.sum() > 3:
                value = float(scores.correlation(x, y)[0])
                neurons.append((name, role, "correlation", value, int(use.sum())))
    inside = float((np.abs(measured - predicted.mean(-1))[seen] <= half[seen]).mean())
    about = _about(
        "worm-responses",
        "responses",
        question="Does the wiring say which neurons respond when a new one is stimulated?",
        answer=(
            "Yes: the ranking of pairs is better than on any null wiring. It explains a part of it."
        ),
        coverage={
            "nominal": 0.95,
            "interval_achieved": inside,
            "ensemble_achieved": 0.41,
            "n": hit.size,
        },
        unit="dF/F",
    )
    return _write(folder, about, rows, neurons, data, names, wiring)


def activity_run(folder, *, n_neurons=20, n_steps=160, n_trials=2, names=None, seed=0):
    """A folder of the job `activity`: every fourth neuron held out, sums of slow waves."""
    rng = np.random.default_rng(seed)
    names = np.array(neuron_names(n_neurons) if names is None else names)
    n = len(names)
    time = 0.5 * np.arange(n_steps)
    waves = np.stack([np.sin(2 * np.pi * time / period) for period in (61, 23, 11)], -1)
    measured = np.stack([waves @ rng.normal(size=(3, n)) for _ in range(n_trials)])
    held = np.arange(n) % 4 == 1
    error = np.where(held, np.linspace(0.1, 2.5, n), 0.1)
    predicted = measured[..., None] + error[:, None] * rng.normal(size=(n_trials, 1, n, 3))
    measured = measured + 0.3 * rng.normal(size=measured.shape)
    measured[:, 20:30, 2] = np.nan
    entry = ("trial", "time", "neuron")
    mean = predicted.mean(-1)
    data = xr.Dataset(
        {
            "predicted": ((*entry, "member"), predicted),
            "measured": (entry, measured),
            "low": (entry, mean - 1.0),
            "high": (entry, mean + 1.0),
            "held_out": (entry, np.broadcast_to(held, measured.shape).astype(np.int8)),
            "baseline_score": (("baseline", *entry), np.zeros((1, *measured.shape))),
        },
        coords={
            "trial": np.arange(n_trials),
            "time": time,
            "neuron": names,
            "baseline": ["baseline: mean"],
        },
        attrs={"unit": "dF/F", "kind": "calcium"},
    )
    rows = []
    for arm, value in (("default", 0.62), ("null: rewire", 0.41), ("baseline: mean", 0.0)):
        for split, better in (("held-out neurons", 0.0), ("observed neurons", 0.2)):
            for measure, unit, less in (("correlation", "", 0), ("identity_r2", "", 0.2)):
                at = value + better - less
                rows.append((arm, split, measure, unit, at, at - 0.05, at + 0.05, n // 4))
            rows.append((arm, split, "mse", "(dF/F)^2", 1 - value, np.nan, np.nan, n // 4))
    neurons = []
    for i, name in enumerate(names):
        use = np.isfinite(measured[:, :, i])
        r = float(scores.correlation(mean[:, :, i][use], measured[:, :, i][use])[0])
        neurons.append(
            (name, "held-out" if held[i] else "observed", "correlation", r, int(use.sum()))
        )
    about = _about(
        "my-recording",
        "activity",
        question="Do the wiring and the recorded neurons say what the unrecorded ones do?",
        answer=(
            "Identified: what is known of the observed neurons carries over. It beats its nulls."
        ),
        coverage={"nominal": 0.95, "interval_achieved": 0.93, "n": 1000},
        unit="dF/F",
    )
    return _write(folder, about, rows, neurons, data, names, _wiring(n, rng))


def _wiring(n, rng):
    pairs = np.argwhere((rng.random((n, n)) < min(0.2, 14 / n)) & ~np.eye(n, dtype=bool))
    kind = (rng.random(len(pairs)) < 0.15).astype(np.int64)
    pairs[kind == 1] = np.sort(pairs[kind == 1], axis=1)
    pairs, first = np.unique(np.column_stack([pairs, kind]), axis=0, return_index=True)
    kind = kind[first]
    sign = np.where(kind == 1, 0, rng.choice([1, 1, 1, -1, 0], size=len(pairs)))
    return pairs[:, 0], pairs[:, 1], kind, rng.geometric(0.2, len(pairs)), sign


def _about(name, job, **more):
    return {
        "name": name,
        "job": job,
        "config": {"n_members": 3, "nulls": ["rewire", "shuffle_weights"], "seed": 0},
        "versions": {"python": "3.11.9", "neuroloom": "0.1.0", "jax": "0.6.0"},
        "machine": "Linux x86_64, 2 cores",
        "created": "2026-11-25T10:00:00Z",
        "data": [
            {
                "name": "worm",
                "checksum": "ab" * 32,
                "licence": "CC BY 4.0",
                "citation": "Cook et al. Whole-animal connectomes. Nature 571:63 (2019)",
            }
        ],
        "audit": ["kept 2,895 of 3,000 connections, because 105 end outside of the animal"],
        "methods": ["sizes: 3 members, 2 null wirings x 2 draws", "signs: from transmitters"],
        "citations": ["Randi et al. Neural signal propagation atlas. Nature 623:406 (2023)"],
        "elapsed_seconds": 201.4,
        "peak_memory_gb": 1.7,
        **more,
    }


def _write(folder, about, rows, neurons, data, names, wiring):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
    columns = ["arm", "split", "measure", "unit", "value", "low", "high", "n"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "scores.csv", index=False)
    columns = ["neuron", "role", "measure", "value", "n"]
    pd.DataFrame(neurons, columns=columns).to_csv(folder / "scores_per_neuron.csv", index=False)
    data.to_netcdf(folder / "predictions.nc", engine="h5netcdf")
    pre, post, kind, count, sign = wiring
    np.savez(
        folder / "wiring.npz",
        neuron_id=names,
        pre=pre,
        post=post,
        kind=kind,
        count=count,
        sign=sign,
    )
    return folder
