"""Figures of the report, one concept a file. Each takes `ax=None` and returns the axes it drew on."""
