"""Connectome-constrained networks: what wiring determines, and what to record next."""
