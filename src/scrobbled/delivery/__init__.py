"""From the queue to the trackers: every change is looked up, judged, booked, sent and settled.

The only room that writes to a tracker; it never asks where a change came from.
"""
