"""Pairs, plans and runs as they stand on the page. Pure."""
