"""Rules that a model keeps while it writes: one file a rule, `control.py` puts them together."""

from dongcha.models.controls.control import controlled

__all__ = ["controlled"]
