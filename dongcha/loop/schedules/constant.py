"""Stay at the base rate."""

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Nothing to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def factor(progress: float, options: Options) -> float:
    """Return the factor at `progress` in [0, 1]."""
    return 1.0
