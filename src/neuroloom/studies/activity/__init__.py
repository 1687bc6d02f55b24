"""Predict the activity over time of neurons that were held out, from wiring and the others."""
