"""Who connects to whom, by preferred direction, and the attractor that this makes."""
