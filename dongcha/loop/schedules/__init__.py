"""Learning-rate schedules by name. Each file: `Options`, and `factor(progress, options)` after the warm-up.

`progress` runs from 0 (first step after the warm-up) to 1 (end of the run); the factor multiplies the base rate.
"""

import math
from collections.abc import Mapping
from typing import Any

from dongcha.registry import find


def rate_factor(name: str, options: Mapping[str, Any], step: int, total: int, warmup: float) -> float:
    """Return the factor of the 0-based `step`: a linear rise over the first `warmup` share, then the schedule."""
    rising = math.ceil(warmup * total)
    if step < rising:
        return (step + 1) / rising
    module = find("loop.schedules", name)
    value: float = module.factor((step - rising) / max(1, total - rising), module.Options(**options))
    return value
