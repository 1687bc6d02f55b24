"""Figures of the report, one concept a file; each takes `ax=None` and returns the axes drawn on."""
