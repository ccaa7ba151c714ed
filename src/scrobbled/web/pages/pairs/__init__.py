"""The pages of pairs and their runs."""
