"""What can go wrong with an exploration itself."""


class ExploreError(Exception):
    """The exploration cannot be done as asked for; one sentence says why."""
