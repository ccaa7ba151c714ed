"""The pages of media servers."""
