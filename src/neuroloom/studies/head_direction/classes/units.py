"""What each unit of a network is tuned to and which class it is of, by two rules; kept for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.analysis.tuning import (
    HeadDirectionTuning,
    head_direction_tuning,
    mixture_classes,
    published_classes,
    tuning_null,
)
from neuroloom.networks import TaskNetwork
from neuroloom.simulation import perform
from neuroloom.studies.head_direction.classes.config import ClassesConfig
from neuroloom.studies.head_direction.trained.config import Setting, TrainedConfig
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    held_out_trials,
    task_of,
    trained_networks,
    untrained_network,
    what_trains,
)

if TYPE_CHECKING:
    from neuroloom.studies.framework import Context
    from neuroloom.studies.head_direction.config import HeadDirectionConfig

__all__ = ["MIXTURE", "PUBLISHED", "RULES", "Activity", "Units", "activity_of", "units_of"]

PUBLISHED = "published bounds"
MIXTURE = "mixture"
RULES = (PUBLISHED, MIXTURE)


class Activity(NamedTuple):
    """What a network does on held-out trials, without noise.

    Attributes:
        heading: True heading, in rad.
        decoded: What the outputs say, in rad.
        angular_velocity: In rad/step.
        rates: Of every unit.
    """

    heading: Float[np.ndarray, "trial time"]
    decoded: Float[np.ndarray, "trial time"]
    angular_velocity: Float[np.ndarray, "trial time"]
    rates: Float[np.ndarray, "trial time neuron"]


class Units(NamedTuple):
    """Tuning of every unit, and its class.

    Attributes:
        tuning: To the true heading.
        preferred_decoded: Preferred direction by the decoded heading, in rad; NaN where flat.
        classes: By rule, one of `RULES`.
        slope: Change of the rate over one SD of angular velocity, as a part of the strength; NaN
            for units that the mixture leaves out.
        noise: SD of that slope where turning is that of other trials.
    """

    tuning: HeadDirectionTuning
    preferred_decoded: Float[np.ndarray, " neuron"]
    classes: Mapping[str, Shaped[np.ndarray, " neuron"]]
    slope: Float[np.ndarray, " neuron"]
    noise: Float[np.ndarray, " neuron"]


def activity_of(
    network: TaskNetwork, setting: Setting, seed: int, trained: TrainedConfig, config: ClassesConfig
) -> Activity:
    """What the network does on trials that are neither those of training nor of a score.

    Args:
        network: Trained at the setting, or not.
        setting: Its range of angular velocity and its code.
        seed: Of the network; decides the trials.
        trained: Numbers of training.
        config: Numbers of the part.
    """
    trials = held_out_trials(
        setting, seed, trained, n_steps=config.n_steps, part="tuning", n=config.n_trials
    )
    task = task_of(setting, trained, config.n_steps)
    done = perform(network, trials.inputs, dt=DT)
    parts = (
        task.heading(trials),
        task.decoded(done.outputs),
        task.angular_velocity(trials),
        done.rates,
    )
    return Activity(*(np.asarray(part) for part in parts))


def units_of(
    setting: Setting,
    seed: int,
    config: HeadDirectionConfig,
    context: Context,
    *,
    trained: bool = True,
) -> Units:
    """Tuning and classes of a network, made once and kept.

    Args:
        setting: Of the ensemble.
        seed: Of the network.
        config: Of the study.
        context: Of the cell; its cache keeps them.
        trained: Or before training.
    """
    parts = (setting, what_trains(config.trained), seed, config.classes, str(trained))

    def make() -> dict[str, np.ndarray]:
        if trained:
            (network,) = trained_networks(setting, [seed], config, context)
        else:
            network = untrained_network(setting, seed, config.trained)
        activity = activity_of(network, setting, seed, config.trained, config.classes)
        return _as_arrays(sorted_units(activity, config.classes, rng=np.random.default_rng(seed)))

    return _from_arrays(context.cached("head-direction-units", parts, make))


def sorted_units(activity: Activity, config: ClassesConfig, *, rng: np.random.Generator) -> Units:
    """Tuning of units and their classes by both rules.

    Args:
        activity: On held-out trials.
        config: Numbers of the part.
        rng: Exchanges trials.
    """
    heading, decoded, velocity, rates = activity
    tuning = head_direction_tuning(heading, velocity, rates)
    null = tuning_null(heading, velocity, rates, tuning, rng=rng, n_draws=config.n_draws)
    mixture = mixture_classes(tuning, null)
    return Units(
        tuning=tuning,
        preferred_decoded=_preferred(decoded, velocity, rates),
        classes={PUBLISHED: published_classes(tuning), MIXTURE: mixture.classes},
        slope=mixture.slope,
        noise=mixture.noise,
    )


def _preferred(decoded: np.ndarray, velocity: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Preferred directions, in rad; NaN if always the same heading is decoded."""
    if np.ptp(decoded) == 0:
        return np.full(rates.shape[-1], np.nan)
    return head_direction_tuning(decoded, velocity, rates).preferred


def _as_arrays(units: Units) -> dict[str, np.ndarray]:
    tuning = {
        f.name: np.asarray(getattr(units.tuning, f.name)) for f in fields(HeadDirectionTuning)
    }
    classes = {f"class {rule}": classes for rule, classes in units.classes.items()}
    own = {name: getattr(units, name) for name in ("preferred_decoded", "slope", "noise")}
    return (
        {f"tuning {name}": array for name, array in tuning.items()}
        | classes
        | {f"unit {name}": array for name, array in own.items()}
    )


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> Units:
    tuning: dict[str, Any] = {}
    for field in fields(HeadDirectionTuning):
        array = arrays[f"tuning {field.name}"]
        tuning[field.name] = array if array.ndim else array.item()
    return Units(
        tuning=HeadDirectionTuning(**tuning),
        preferred_decoded=arrays["unit preferred_decoded"],
        classes={rule: arrays[f"class {rule}"] for rule in RULES},
        slope=arrays["unit slope"],
        noise=arrays["unit noise"],
    )
