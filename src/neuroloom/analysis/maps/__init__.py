"""Firing-rate maps: how alike two are, where fields lie, what they say about place."""

from neuroloom.analysis.maps.fields import center_error, field_centers, spatial_information
from neuroloom.analysis.maps.similarity import (
    global_ssim,
    map_correlation,
    map_r2,
    windowed_ssim,
)

__all__ = [
    "center_error",
    "field_centers",
    "global_ssim",
    "map_correlation",
    "map_r2",
    "spatial_information",
    "windowed_ssim",
]
