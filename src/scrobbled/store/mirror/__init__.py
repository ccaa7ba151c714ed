"""What trackers hold, as it was last read, and what the two of a pair are known to agree on.

Written from reads only, never because something was sent.
"""
