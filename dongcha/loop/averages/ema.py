"""Average exponentially: each step's weights fade by `decay` a step (Polyak and Juditsky 1992).

In the first steps the decay is no more than (1 + t) / (10 + t), so that the start is forgotten soon.
"""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """How long a memory the average has."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    decay: float = Field(0.99, gt=0, lt=1, description="what is left of the average after a step")


def share(done: int, total: int, options: Options) -> float:
    """Return 1 - decay, and more in the first steps."""
    return 1 - min(options.decay, (1 + done) / (10 + done))
