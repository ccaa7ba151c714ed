"""Saying what a title really is: looking for it, seeing what that would do, and setting it.

What a correction means is decided in ``core.naming``.
"""
