"""Numbers and drawings as they stand on the page. Pure."""
