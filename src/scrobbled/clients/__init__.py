"""One client for each service that several rooms ask: its address and token, its headers, its pages, its refusals.

A client asks and checks the shape of what comes back. What it means is for those who ask.
"""
