"""Serializd: TV diary and ratings; an unofficial API, so every answer is read with suspicion."""
