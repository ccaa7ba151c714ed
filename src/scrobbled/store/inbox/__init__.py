"""What media servers sent, and the viewings it adds up to.

Nothing here knows a tracker.
"""
