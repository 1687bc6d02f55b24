"""The zebrafish's oculomotor integrator: students, and cell classes against recordings."""
