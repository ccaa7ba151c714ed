"""What only a person can move on, as questions with their answers.

What waits by itself asks nothing.
"""
