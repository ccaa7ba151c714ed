"""From a webhook to plays in the queue: whose it is, what it adds to a viewing, and whether it counts.

No tracker is asked here, and nothing is sent.
"""
