"""Arenas: walls, rays to them, and the cells that tell where an animal is."""

from neuroloom.arena.arena import Arena
from neuroloom.arena.boundary_cells import BoundaryCells, published_boundary_rates
from neuroloom.arena.place_cells import PlaceCells
from neuroloom.arena.rays import boundary_distance, ray_lengths
from neuroloom.arena.shapes import circle, polygon, rectangle, rooms

__all__ = [
    "Arena",
    "BoundaryCells",
    "PlaceCells",
    "boundary_distance",
    "circle",
    "polygon",
    "published_boundary_rates",
    "ray_lengths",
    "rectangle",
    "rooms",
]
