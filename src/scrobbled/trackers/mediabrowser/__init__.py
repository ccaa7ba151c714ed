"""What libraries of Jellyfin and Emby have in common as trackers; their paths differ, and how they call things."""
