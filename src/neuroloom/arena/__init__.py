"""Arenas: walls, rays to them, and the cells that tell where an animal is."""

from neuroloom.arena.arena import Arena
from neuroloom.arena.shapes import circle, polygon, rectangle, rooms

__all__ = ["Arena", "circle", "polygon", "rectangle", "rooms"]
