"""What ``scrobbled demo`` plays: an evening of one household, through real webhooks, against the sandbox.

What it shows is the service as it is; nothing of the service is written again here.
"""
