"""The libraries that a person's media servers have, and which of them count."""
