"""What every fold of one region shares: the wiring, its regions, and the flies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neuroloom.connectome import Connectome
from neuroloom.datasets.fly_cx_fafb import CompassSigns, fly_cx_fafb
from neuroloom.errors import InputError
from neuroloom.studies.constrained_networks.heading.alignment import expected_correlation
from neuroloom.studies.constrained_networks.heading.config import DEVELOPMENT_FLIES, HeadingConfig
from neuroloom.studies.constrained_networks.heading.data import (
    FlyData,
    flies_of,
    fly_data,
    read_trials,
)
from neuroloom.studies.constrained_networks.heading.network import signed_weights
from neuroloom.studies.constrained_networks.heading.rois import RoiMap, roi_map

__all__ = ["Setup"]


@dataclass(frozen=True, eq=False)
class Setup:
    """One region.

    Attributes:
        connectome: Signed.
        rois: Its regions of interest.
        flies: Aligned, all of them.
        config: Numbers.
    """

    connectome: Connectome
    rois: RoiMap
    flies: tuple[FlyData, ...]
    config: HeadingConfig

    @classmethod
    def read(
        cls, region: Literal["EB", "PB"], config: HeadingConfig, *, data: Path | None = None
    ) -> "Setup":
        """From the datasets `fly-cx-fafb` and `fly-heading`.

        Raises:
            InputError: If their files are not there.
        """
        connectome = CompassSigns()(fly_cx_fafb(config.matrix, data=data))
        rois = roi_map(connectome, region)
        expected = expected_correlation(signed_weights(connectome, config.abscissa), rois)
        flies = tuple(
            fly_data(read_trials(fly, data=data), rois, expected, config)
            for fly in flies_of(region, data=data)
        )
        return cls(connectome, rois, flies, config)

    def split(self, fold: int) -> tuple[Sequence[FlyData], Sequence[FlyData]]:
        """Flies to train on, and flies held out, whole.

        Flies are dealt to folds in turn, those of one color of P-EN1 after the other, so that both
        colors are left to train on. The flies looked at during development only train.

        Raises:
            InputError: If a fold is without flies.
        """
        scored = sorted(
            (fly for fly in self.flies if fly.fly not in DEVELOPMENT_FLIES),
            key=lambda fly: (fly.pen1_color, fly.fly),
        )
        held_out = scored[fold :: self.config.n_folds]
        names = {fly.fly for fly in held_out}
        training = [fly for fly in self.flies if fly.fly not in names]
        lacking = {fly.pen1_color for fly in held_out} - {fly.pen1_color for fly in training}
        if not held_out or lacking:
            raise InputError(
                "Every fold must have flies, and leave some of each color of P-EN1; fold "
                f"{fold} of {self.config.n_folds} has {len(held_out)} of {len(scored)} and leaves "
                f"{len(training)}. Choose another `n_folds`, at least 2."
            )
        return training, held_out
