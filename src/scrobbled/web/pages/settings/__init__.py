"""The pages of settings, backups and tools."""
