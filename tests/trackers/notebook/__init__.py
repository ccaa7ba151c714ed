"""A service that exists only here: what a new tracker takes, and nothing beyond it."""
