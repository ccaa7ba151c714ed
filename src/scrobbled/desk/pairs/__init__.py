"""Pairs as people ask for them: runs, plans, previews and what is left to decide.

When a pair runs, and what it does, is ``reconcile``'s.
"""
