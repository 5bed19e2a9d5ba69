"""Fall along half a cosine to zero (Loshchilov and Hutter 2017, equation 5, one cycle)."""

import math

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Nothing to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def factor(progress: float, options: Options) -> float:
    """Return the factor at `progress` in [0, 1]."""
    return 0.5 * (1 + math.cos(math.pi * progress))
