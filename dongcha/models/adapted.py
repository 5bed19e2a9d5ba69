"""Hold a model made ready to learn: which of its parameters train, and which of those are new."""

from dataclasses import dataclass

from dongcha.models.model import Model


@dataclass(frozen=True)
class Adapted:
    """A model with its parameters marked; `trained` names those that train, `head` those of them in the head."""

    model: Model
    trained: tuple[str, ...]
    head: frozenset[str]
