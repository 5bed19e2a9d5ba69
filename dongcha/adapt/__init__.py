"""Model -> the same model, ready to learn: which of its parameters train. One file a method."""

from dongcha.adapt.adapt import adapt

__all__ = ["adapt"]
