"""scrobbled: every viewing becomes one play, delivered exactly once to each tracker of the person who watched."""

__version__ = "0.5.0"
