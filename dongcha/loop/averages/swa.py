"""Average the weights of the last steps equally (Izmailov et al. 2018, algorithm 1, with c = 1)."""

import math

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Where the average begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: float = Field(0.75, ge=0, lt=1, description="share of all steps before the first that is averaged")


def share(done: int, total: int, options: Options) -> float:
    """Return 1 up to the start, then 1 over the steps since."""
    return 1 / max(1, done - math.ceil(options.start * total))
