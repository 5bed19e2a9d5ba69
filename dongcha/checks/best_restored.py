"""Prove that the weights at the end are the best ones that validation saw: score them again."""

from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.train.train import LOSS, looked_at
from dongcha.types import Check

TOLERANCE = 1e-6


def check(evidence: Evidence) -> Check:
    """Compare the best score of the run with the score of the weights that were kept, both as the metric reads."""
    fitted, rescored = evidence.fitted, evidence.rescored
    if fitted is not None and fitted.total_steps == 0:
        return Check("best_restored", "skipped", say("checks.untrained"))
    if fitted is None or fitted.state.best_score is None or rescored is None:
        has_rows = evidence.pretrained is not None and "validation" in evidence.splits.by_name
        return Check("best_restored", "skipped", say("checks.best_unjudged" if has_rows else "checks.best_skipped"))
    best = fitted.state.best_score
    metric, sign = LOSS if evidence.pretrained is not None else looked_at(evidence.task)
    figures = {"best": sign * best, "kept": sign * rescored, "step": fitted.state.best_step}
    told = {"metric": term("metric", metric)} | figures
    if abs(best - rescored) <= TOLERANCE:
        return Check("best_restored", "passed", say("checks.best_passed", **told), figures=figures)
    message = say("checks.best_failed", **told)
    return Check("best_restored", "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)
