"""Wires and runs the service: couriers, chores, watches, and taking up a new configuration.

Nothing is decided here that a test could not wire otherwise.
"""
