"""A small real study for the tests of the framework: is a mean or a median closer to the truth?"""
