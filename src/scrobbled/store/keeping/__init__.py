"""Backups, restoring, and letting go of what is old.

The only place that deletes by age.
"""
