"""Posters for titles that do not exist.

Drawn here, so that nothing is shipped and nothing fetched.
"""
