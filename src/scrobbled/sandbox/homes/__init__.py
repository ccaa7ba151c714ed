"""Whole homes in which the stand-ins of a library and of a tracker know of the same things: one with every oddity of a
real library, and large ones. For tests, benchmarks and rehearsals.
"""
