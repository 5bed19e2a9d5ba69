"""Model -> the same model, ready to learn: which of its parameters train. One file a method."""

from dongcha.adapt.adapt import adapt, finish, release

__all__ = ["adapt", "finish", "release"]
