"""Arenas: walls, rays to them, walkers between them, and the cells that tell where one is."""

from neuroloom.arena.arena import Arena
from neuroloom.arena.boundary_cells import BoundaryCells, published_boundary_rates
from neuroloom.arena.distance import arena_distance
from neuroloom.arena.files import read_arena, write_arena
from neuroloom.arena.gallery import arena_names, load_arena, novel_arenas
from neuroloom.arena.grid_cells import GridCells
from neuroloom.arena.head_direction_cells import HeadDirectionCells
from neuroloom.arena.motion import AbstractMotion
from neuroloom.arena.ornstein_uhlenbeck_motion import OrnsteinUhlenbeckMotion
from neuroloom.arena.place_cells import PlaceCells
from neuroloom.arena.published_motion import PublishedMotion
from neuroloom.arena.rat_paths import RatPath, fit_into, rat_path
from neuroloom.arena.rays import boundary_distance, ray_lengths
from neuroloom.arena.shapes import circle, polygon, rectangle, rooms
from neuroloom.arena.walkers import Walk, draw_starts, walk, wall_distance

__all__ = [
    "AbstractMotion",
    "Arena",
    "BoundaryCells",
    "GridCells",
    "HeadDirectionCells",
    "OrnsteinUhlenbeckMotion",
    "PlaceCells",
    "PublishedMotion",
    "RatPath",
    "Walk",
    "arena_distance",
    "arena_names",
    "boundary_distance",
    "circle",
    "draw_starts",
    "fit_into",
    "load_arena",
    "novel_arenas",
    "polygon",
    "published_boundary_rates",
    "rat_path",
    "ray_lengths",
    "read_arena",
    "rectangle",
    "rooms",
    "walk",
    "wall_distance",
    "write_arena",
]
