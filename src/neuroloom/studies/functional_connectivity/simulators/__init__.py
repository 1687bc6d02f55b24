"""Benchmark systems S1 to S8: activity whose connectivity is known. `systems` draws any of them."""
