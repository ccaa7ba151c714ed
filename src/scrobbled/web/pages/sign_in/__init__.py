"""The pages on which people, and programs, are let in."""
