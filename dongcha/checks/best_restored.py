"""Prove that the weights at the end are the best ones that validation saw: score them again."""

from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.types import Check

TOLERANCE = 1e-6


def check(evidence: Evidence) -> Check:
    """Compare the best score of the run with the score of the weights that were kept."""
    fitted, rescored = evidence.fitted, evidence.rescored
    if fitted is not None and fitted.total_steps == 0:
        return Check("best_restored", "skipped", say("checks.untrained"))
    if fitted is None or fitted.state.best_score is None or rescored is None:
        has_rows = evidence.pretrained is not None and "validation" in evidence.splits.by_name
        return Check("best_restored", "skipped", say("checks.best_unjudged" if has_rows else "checks.best_skipped"))
    best = fitted.state.best_score
    figures = {"best": best, "kept": rescored, "step": fitted.state.best_step}
    if abs(best - rescored) <= TOLERANCE:
        message = say("checks.best_passed", score=best, step=fitted.state.best_step)
        return Check("best_restored", "passed", message, figures=figures)
    message = say("checks.best_failed", best=best, kept=rescored)
    return Check("best_restored", "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)
