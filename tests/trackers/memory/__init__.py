"""A tracker without a service."""
