"""Corrections as they stand on the page. Pure."""
