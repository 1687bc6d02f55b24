"""What units of trained networks are for: they are silenced, stimulated, weakened and pushed."""
