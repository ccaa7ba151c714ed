"""Media servers that are asked, instead of being waited for: what was watched there, and what is on."""
