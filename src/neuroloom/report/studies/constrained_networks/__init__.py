"""Figures of the study `constrained-networks`, a module for the arms of one question.

Each has functions that give what is plotted, read from the run's folder alone, and `pictures`,
which draws it. An arm that was not run has no figure.
"""
