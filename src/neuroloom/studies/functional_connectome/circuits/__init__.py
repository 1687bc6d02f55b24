"""Students of synthetic circuits: how much they explain, of what size, and with how much data."""
