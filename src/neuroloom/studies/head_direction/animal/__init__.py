"""The fly's compass beside trained networks: its wiring, its wiring trained, its activity."""
