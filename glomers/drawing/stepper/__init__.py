"""A run as one page to step through: what it tells, how that is packed, and the page itself."""
