"""Prove that a stopped run would have ended in the same bits: the last two steps were taken again from a copy.

The loop itself takes them (`loop.proof`), by the way that a resume from disk goes; this check tells what came of it.
"""

from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.types import Check


def check(evidence: Evidence) -> Check:
    """Tell whether weights and optimiser ended in the same bits; skipped, with the reason, where it was not tried."""
    found = None if evidence.fitted is None else evidence.fitted.resume
    if evidence.fitted is not None and evidence.fitted.total_steps == 0:
        return Check("resume_exact", "skipped", say("checks.untrained"))
    if found is None or found.outcome not in ("same", "differs"):
        outcome, size = ("absent", 0.0) if found is None else (found.outcome, found.megabytes)
        reason = say(f"checks.resume_{outcome}", megabytes=size)
        return Check("resume_exact", "skipped", say("checks.resume_untried", reason=reason))
    figures = {"from_step": found.from_step, "steps": found.steps, "megabytes": round(found.megabytes, 1)}
    if found.outcome == "same":
        return Check("resume_exact", "passed", say("checks.resume_passed", steps=found.steps), figures=figures)
    message = say("checks.resume_failed", steps=found.steps)
    return Check("resume_exact", "failed", message, 1, fix=say("checks.resume_fix"), figures=figures)
