"""A made compass: wiring by published rules, and flies whose P-EN1 obey it."""

from dataclasses import replace

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.datasets.fly_heading_rules import fly_heading_rules
from neuroloom.recording import Recording
from neuroloom.studies.constrained_networks.heading.config import HeadingConfig
from neuroloom.studies.constrained_networks.heading.network import signed_weights

CONFIG = HeadingConfig(
    dt=0.1,
    n_steps=100,
    n_burn=10,
    n_folds=2,
    n_alignment_trials=2,
    n_scored_trials=1,
    nulls=("rewire_within_type",),
    n_null_draws=1,
    n_fit_steps=30,
    decays=(0.0, 0.3),
)


def compass() -> Connectome:
    """16 E-PG, 16 P-EN1 and 8 Delta7 with names in the form of fly-cx-fafb."""
    rules = fly_heading_rules()
    old_type, old_glomerulus = rules.column("cell_type"), rules.column("glomerulus")
    kept = ~np.isin(old_type, ["PEG"]) & ~(
        (old_type == "EPG") & np.isin(old_glomerulus, ["L9", "R9"])
    )
    place = np.cumsum(kept) - 1
    both = kept[rules.pre] & kept[rules.post]
    types = {"EPG": "EPG", "PEN": "PEN1", "Delta7": "D7"}
    glomerulus = ["".join(g[i + 1] + g[i] for i in range(0, len(g), 2)) for g in old_glomerulus]
    names = [f"{types.get(t, t)}-{g}" for t, g in zip(old_type, glomerulus, strict=True)]
    return replace(
        rules,
        neuron_id=np.array(names)[kept],
        pre=place[rules.pre[both]],
        post=place[rules.post[both]],
        kind=rules.kind[both],
        count=rules.count[both],
        sign=rules.sign[both],
        neurons={
            "cell_type": np.array([types.get(t, t) for t in old_type])[kept],
            "glomerulus": np.array(glomerulus)[kept],
        },
    )


def turns(rng: np.random.Generator, n_steps: int, dt: float) -> np.ndarray:
    """Heading of a fly that turns both ways, in radians."""
    drive = rng.normal(size=n_steps)
    speed = np.zeros(n_steps)
    for i in range(1, n_steps):
        speed[i] = 0.9 * speed[i - 1] + 0.6 * drive[i]
    return np.cumsum(speed) * dt


def bump(angle: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """E-PG of each region: a bump that moves with the heading."""
    return np.exp(2 * (np.cos(angle[None, :] - heading[:, None]) - 1))


def shaken(rois, rng, n_steps):
    """E-PG of the wiring at rest under noise; noise alone at the ends of the bridge."""
    weights = signed_weights(compass(), 0.9)
    noise = rng.normal(size=(len(weights), n_steps))
    seen = rois.epg @ np.linalg.solve(np.eye(len(weights)) - weights, noise)
    seen[~rois.epg.any(axis=1)] = rng.normal(size=n_steps)
    return seen.T


def recording(
    fly: str,
    condition: str,
    epg: np.ndarray,
    pen1: np.ndarray,
    heading: np.ndarray,
    dt: float,
    *,
    green: str = "6f:EPG",
    red: str = "jRGECO1a:PEN1",
) -> Recording:
    """In the form of `fly_heading`."""
    n = epg.shape[1]
    return Recording(
        activity=np.concatenate([epg, pen1], axis=1)[None] + 1.0,
        neuron_id=np.array([f"{p}_{i}" for p in ("EPG", "PEN1") for i in range(n)]),
        kind="calcium",
        dt=dt,
        start=3.1,
        behavior={"heading_rad": heading[None]},
        trials={
            name: np.array([value])
            for name, value in (
                ("fly", fly),
                ("condition", condition),
                ("green", green),
                ("red", red),
            )
        },
        unit="F/F0",
        name=f"made/{fly}",
    )
