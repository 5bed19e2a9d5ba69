"""Compare what the run took with what was forecast before its first step; a miss is a warning, never a failure.

A run that ended early is compared with the forecast of the steps it took. Shared machines are noisy, so the load
average stands beside the figures.
"""

import os

from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.types import Check

TOLERANCE = 0.2  # of the forecast
FEW_SECONDS = 3.0  # a difference that no one plans by


def check(evidence: Evidence) -> Check:
    """Pass when the fact lies within a fifth of the forecast, or within a few seconds."""
    clock = evidence.clock()
    if not clock:
        return Check("forecast_kept", "skipped", say("checks.load_unknown"))
    figures = {name: value for name, value in clock.items() if name != "attempts"}
    if clock["attempts"] > 1:
        return Check("forecast_kept", "skipped", say("checks.forecast_attempts"), figures=figures)
    forecast, fact = clock["forecast_seconds"], clock["seconds"]
    if abs(fact - forecast) <= max(TOLERANCE * forecast, FEW_SECONDS):
        message = say("checks.forecast_passed", forecast=forecast, seconds=fact)
        return Check("forecast_kept", "passed", message, figures=figures)
    cores = os.cpu_count() or 1
    load = say("checks.load", load=clock["load"][0], cores=cores) if clock["load"] else say("checks.load_unknown")
    message = say("checks.forecast_missed", forecast=forecast, seconds=fact, load=load)
    return Check("forecast_kept", "warned", message, 1, fix=say("checks.forecast_fix"), figures=figures)
