"""Functional connectome: can a network stand in for a circuit, in places it has never seen?"""
