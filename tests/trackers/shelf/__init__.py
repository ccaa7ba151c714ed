"""A library without a service: the reference of a side that keeps no plays."""
