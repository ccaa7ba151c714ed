"""Who is signed in: accounts at services, programs with our own tokens, and sessions of the page.

What a sign-in may do is decided elsewhere.
"""
