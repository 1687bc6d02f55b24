"""Where a network is still: fixed points, their stability, and the ring that they may form."""

from neuroloom.analysis.fixed_points.find import (
    FixedPoints,
    find_fixed_points,
    find_rest,
    starts_along,
)
from neuroloom.analysis.fixed_points.ring import Ring, decoded_angle, drift_along, ring_of
from neuroloom.analysis.fixed_points.vector_field import VectorField

__all__ = [
    "FixedPoints",
    "Ring",
    "VectorField",
    "decoded_angle",
    "drift_along",
    "find_fixed_points",
    "find_rest",
    "ring_of",
    "starts_along",
]
