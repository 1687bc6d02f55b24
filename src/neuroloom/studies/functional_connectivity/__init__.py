"""Functional connectivity: who drives whom, and how sure we are."""
