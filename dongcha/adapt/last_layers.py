"""Train the last layers and the head; what lies below stays as it is."""

from pydantic import BaseModel, ConfigDict, Field

from dongcha.models.anatomy import Anatomy


class Options(BaseModel):
    """How many layers train."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layers: int = Field(2, ge=1, description="how many of the last layers train")


def trained(anatomy: Anatomy, options: Options) -> tuple[str, ...]:
    """Name the backbone's parameters that train; the head always does."""
    return (*(n for layer in anatomy.layers[-options.layers :] for n in layer), *anatomy.rest)
