"""Average nothing: validate and keep the weights as the last step left them."""

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Nothing to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def share(done: int, total: int, options: Options) -> float:
    """Return 1: the newest weights alone."""
    return 1.0
