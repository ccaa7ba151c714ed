"""Answers and marks that are kept: caches, alerts that were told, troubles that are open.

Everything here could be found out again.
"""
