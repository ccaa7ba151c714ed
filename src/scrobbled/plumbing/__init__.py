"""What everything stands on: the clock, HTTP, logs, metrics, pacing, and the redactor.

Nothing here knows what a play is.
"""
