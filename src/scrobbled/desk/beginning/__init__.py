"""The first start: five steps from nothing to the first event.

What is asked for is written by ``desk.settings``; nothing is delivered here.
"""
