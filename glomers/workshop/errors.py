"""What can go wrong in the workshop that is no node's fault."""


class WorkshopError(Exception):
    """Something that was asked for cannot be done; one sentence says why (exit status 254)."""
