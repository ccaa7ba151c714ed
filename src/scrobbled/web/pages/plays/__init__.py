"""The pages of what was watched."""
