"""`dongcha init DATA`: look at a file and write a recipe for it."""


def init() -> None:
    """Write a commented recipe for a file of texts."""
