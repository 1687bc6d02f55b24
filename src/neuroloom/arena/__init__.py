"""Arenas: walls, rays to them, and the cells that tell where an animal is."""

from neuroloom.arena.arena import Arena
from neuroloom.arena.boundary_cells import BoundaryCells, published_boundary_rates
from neuroloom.arena.distance import arena_distance
from neuroloom.arena.files import read_arena, write_arena
from neuroloom.arena.gallery import arena_names, load_arena, novel_arenas
from neuroloom.arena.place_cells import PlaceCells
from neuroloom.arena.rays import boundary_distance, ray_lengths
from neuroloom.arena.shapes import circle, polygon, rectangle, rooms

__all__ = [
    "Arena",
    "BoundaryCells",
    "PlaceCells",
    "arena_distance",
    "arena_names",
    "boundary_distance",
    "circle",
    "load_arena",
    "novel_arenas",
    "polygon",
    "published_boundary_rates",
    "ray_lengths",
    "read_arena",
    "rectangle",
    "rooms",
    "write_arena",
]
