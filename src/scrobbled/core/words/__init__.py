"""The words that command, API, page, log and metric share: outcomes, troubles, and plain text.

No decision is made here.
"""
