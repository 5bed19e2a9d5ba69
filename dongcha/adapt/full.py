"""Train all parameters."""

from pydantic import BaseModel, ConfigDict

from dongcha.models.anatomy import Anatomy


class Options(BaseModel):
    """Nothing to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def trained(anatomy: Anatomy, options: Options) -> tuple[str, ...]:
    """Name the backbone's parameters that train; the head always does."""
    return (*anatomy.embeddings, *(n for layer in anatomy.layers for n in layer), *anatomy.rest)
